package container

import (
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/container/app"
)

func TestEnvironment(t *testing.T) {
	b := newBench(t)
	b.put(`
kind: ConfigMap
metadata: {name: config}
data: {COLOR: red, SIZE: big}
---
kind: Secret
metadata: {name: key}
data: {password: c2VjcmV0}
---
kind: Service
metadata: {name: kubernetes}
spec: {clusterIP: 10.96.0.1, ports: [{name: https, port: 443}]}
---
kind: Service
metadata: {name: my-db}
spec: {clusterIP: 10.96.0.9, ports: [{port: 3306}]}`)
	b.pod("p", `
serviceAccountName: default
containers:
- name: main
  image: busybox
  command: [sleep, infinity]
  resources: {limits: {cpu: 1500m, memory: 64Mi}}
  envFrom: [{configMapRef: {name: config}, prefix: C_}, {secretRef: {name: none, optional: true}}]
  env:
  - {name: PLAIN, value: "one"}
  - {name: REFERS, value: "$(PLAIN) $(C_SIZE) $(MY_DB_SERVICE_PORT) $(UNKNOWN) $$(PLAIN)"}
  - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  - {name: NODE, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
  - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
  - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
  - {name: PASSWORD, valueFrom: {secretKeyRef: {name: key, key: password}}}
  - {name: COLOR, valueFrom: {configMapKeyRef: {name: config, key: COLOR}}}
  - {name: ABSENT, valueFrom: {configMapKeyRef: {name: config, key: NONE, optional: true}}}`)
	b.start("p", "main")
	env := "\n" + b.exec("p", "env")
	for _, want := range []string{
		"C_COLOR=red", "PLAIN=one", "REFERS=one big 3306 $(UNKNOWN) $(PLAIN)", "NAME=p", "IP=10.244.1.2", "NODE=192.168.49.2", "CPU=2", "MEMORY=64",
		"PASSWORD=secret", "COLOR=red", "HOSTNAME=p", "HOME=/root", "KUBERNETES_SERVICE_HOST=10.96.0.1", "KUBERNETES_PORT_443_TCP_PROTO=tcp",
		"KUBERNETES_SERVICE_PORT_HTTPS=443", "MY_DB_PORT=tcp://10.96.0.9:3306",
	} {
		b.wantContains("env", env, "\n"+want+"\n")
	}
	if strings.Contains(env, "ABSENT") {
		t.Error("ABSENT is set")
	}
	b.pod("alone", "enableServiceLinks: false\ncontainers: [{name: main, image: busybox, command: [env]}]")
	b.start("alone", "main")
	b.wantContains("without links", b.logs("alone"), "KUBERNETES_SERVICE_HOST=10.96.0.1\n")
	if strings.Contains(b.logs("alone"), "MY_DB") {
		t.Error("service links in spite of enableServiceLinks: false")
	}
	for _, c := range []struct{ env, want string }{
		{"env: [{name: A, valueFrom: {configMapKeyRef: {name: config, key: NONE}}}]", "couldn't find key NONE in ConfigMap default/config"},
		{"env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: x}}}]", `secret "none" not found`},
		{"envFrom: [{configMapRef: {name: none}}]", `configmap "none" not found`},
	} {
		b := newBench(t)
		b.put("kind: ConfigMap\nmetadata: {name: config}")
		b.pod("bad", "containers: [{name: main, image: busybox, "+c.env+"}]")
		b.start("bad", "main")
		got := b.container("bad", "main")
		b.want(c.env, got.Reason+": "+got.Message, "CreateContainerConfigError: "+c.want)
	}
}

func TestExpand(t *testing.T) {
	env := map[string]string{"A": "1", "EMPTY": ""}
	for _, c := range []struct{ text, want string }{
		{"$(A)", "1"}, {"x$(A)y", "x1y"}, {"$$(A)", "$(A)"}, {"$$$(A)", "$1"}, {"$(B)", "$(B)"}, {"$(EMPTY)", ""}, {"$A", "$A"}, {"$", "$"}, {"$(A", "$(A"}, {"$$", "$"},
	} {
		if got := expand(c.text, env); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestResolvConf(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{"", "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"},
		{"dnsPolicy: Default", "nameserver 192.0.2.53\n"},
		{"dnsPolicy: None\ndnsConfig: {nameservers: [1.2.3.4], searches: [example.org], options: [{name: ndots, value: \"2\"}, {name: edns0}]}", "search example.org\nnameserver 1.2.3.4\noptions ndots:2 edns0\n"},
		{"dnsConfig: {options: [{name: ndots, value: \"1\"}]}", "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:1\n"},
		{"hostNetwork: true", "nameserver 192.0.2.53\n"},
		{"hostNetwork: true\ndnsPolicy: ClusterFirstWithHostNet", "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"},
	} {
		b := newBench(t)
		b.pod("p", "containers: [{name: main, image: busybox, command: [sleep, infinity]}]\n"+c.spec)
		b.start("p", "main")
		b.want(c.spec, b.exec("p", "cat /etc/resolv.conf"), c.want)
	}
}

func TestReferences(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"user/app", "docker.io/user/app:latest"},
		{"gcr.io/google_containers/nginx-slim:0.8", "gcr.io/google_containers/nginx-slim:0.8"},
		{"localhost:5000/app", "localhost:5000/app:latest"},
		{"nginx@sha256:" + strings.Repeat("a", 64), "docker.io/library/nginx@sha256:" + strings.Repeat("a", 64)},
		{"Nginx", `error: Failed to apply default image tag "Nginx": couldn't parse image name "Nginx": invalid reference format: repository name (library/Nginx) must be lowercase`},
		{"nginx:", `error: Failed to apply default image tag "nginx:": couldn't parse image name "nginx:": invalid reference format`},
		{"", `error: Failed to apply default image tag "": couldn't parse image name "": invalid reference format`},
		{"a b", `error: Failed to apply default image tag "a b": couldn't parse image name "a b": invalid reference format`},
		{"a//b", `error: Failed to apply default image tag "a//b": couldn't parse image name "a//b": invalid reference format`},
		{"a__b/c---d/e.f", "docker.io/a__b/c---d/e.f:latest"},
	} {
		got := ""
		if err := CheckImageName(c.name); err != nil {
			got = "error: " + err.Error()
		} else {
			r, _ := app.ParseReference(c.name)
			got = r.String()
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.name, got, c.want)
		}
	}
}

// Logs grow without disturbing their earlier versions, also when two go on from the same one.
func TestLog(t *testing.T) {
	at := time.Unix(0, 0)
	var l Log
	l = l.Append(at, Stdout, "one\ntw").Append(at, Stderr, "err\n")
	left, right := l.Append(at, Stdout, "o left\n"), l.Append(at, Stdout, "o right\n")
	text := func(l Log) string {
		var b strings.Builder
		lines, _ := l.Lines(0)
		for _, line := range lines {
			b.WriteString(line.Text + "|")
		}
		return b.String()
	}
	for _, c := range []struct {
		log  Log
		want string
	}{{l, "one|err|"}, {left, "one|err|two left|"}, {right, "one|err|two right|"}, {l.ended(at), "one|err|tw|"}} {
		if got := text(c.log); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	_, next := left.Lines(0)
	if lines, _ := left.Append(at, Stdout, "more\n").Lines(next); len(lines) != 1 || lines[0].Text != "more" {
		t.Errorf("%v", lines)
	}
	big := l
	for range 3000 {
		big = big.Append(at, Stdout, strings.Repeat("x", 4095)+"\n")
	}
	if chunks, next := big.Chunks(0); len(chunks)*4096 > MaxLogBytes+4096 || next != 3002 {
		t.Errorf("%d chunks up to %d", len(chunks), next)
	}
}
