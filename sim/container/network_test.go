package container

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/store"
)

func podNamed(name string) api.Name { return api.Name{Namespace: "default", Name: name} }

// A service in front of two Pods: DNS, cluster IP, node port, and the Pods by name.
func TestServices(t *testing.T) {
	b := newBench(t)
	b.put(`
kind: Service
metadata: {name: web}
spec: {type: NodePort, clusterIP: 10.96.0.20, ports: [{name: web, port: 80, nodePort: 30080, targetPort: 80}], selector: {app: web}}
---
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, ports: [{name: web, port: 80}], selector: {app: web}}`)
	for _, pod := range []string{"web-0", "web-1"} {
		b.pod(pod, strings.ReplaceAll(nginxPod, "web-0", pod))
		b.start(pod, "nginx")
		b.exec(pod, "hostname > /usr/share/nginx/html/index.html")
	}
	for _, service := range []string{"web", "nginx"} {
		b.put(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: ` + service + `-1, labels: {kubernetes.io/service-name: ` + service + `}}
addressType: IPv4
ports: [{name: web, port: 80, protocol: TCP}]
endpoints:
- {addresses: [10.244.1.2], hostname: web-0, nodeName: node-1, conditions: {ready: true}}
- {addresses: [10.244.1.3], hostname: web-1, nodeName: node-1, conditions: {ready: true}}`)
	}
	b.pod("client", "containers: [{name: main, image: busybox, command: [sleep, infinity]}]")
	b.start("client", "main")
	b.want("by name", b.exec("client", "wget -qO- web-1.nginx"), "web-1\n")
	b.want("spread", b.exec("client", "for i in 1 2 3 4; do wget -qO- web; done | sort | uniq -c | wc -l"), "2\n")
	b.wantContains("environment", b.exec("client", "env"), "WEB_SERVICE_HOST=10.96.0.20\n")
	b.want("resolv.conf", b.exec("client", "cat /etc/resolv.conf"), "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n")
	b.wantContains("hosts", b.exec("web-0", "cat /etc/hosts"), "\n10.244.1.2\tweb-0.nginx.default.svc.cluster.local\tweb-0\n")
	b.do(func(w *World) {
		answer, err := Request(w, netip.Addr{}, netip.MustParseAddrPort("192.168.49.2:30080"), []byte("GET / HTTP/1.0\r\n\r\n"))
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\nServer: nginx/1.11.1\r\n") {
			t.Errorf("node port: %q %v", answer, err)
		}
	})
	b.wantContains("nobody listens", b.exec("client", "wget -qO- 10.244.1.2:81"), "Connection refused")

	host := func(line string) string {
		var text output
		b.do(func(w *World) {
			g := Host(w)
			shell.Start(shell.Spec{Args: []string{"sh", "-c", line}}).Run(g, &text)
			g.Flush()
		})
		return string(text)
	}
	b.want("host", host("curl -s 10.244.1.3; curl -s web-0.nginx.default.svc.cluster.local; hostname; echo x > /tmp/f"), "web-1\nweb-0\nstsim\n")
	b.want("host's files stay", host("cat /tmp/f"), "x\n")

	b.do(func(w *World) { Execute(w, Command{Action: RemoveSandbox, UID: uid("web-1")}) })
	b.wantContains("gone", b.exec("client", "wget -qO- 10.244.1.3"), "No route to host")
}

type output []byte

func (o *output) Write(_ int, data []byte) { *o = append(*o, data...) }

// What nginx answers.
func TestNginx(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: 'nginx:1.25'}]")
	b.start("p", "main")
	b.exec("p", "cd /usr/share/nginx/html; mkdir empty full; echo sub > full/index.html; echo '{}' > data.json; echo p > private; chmod 600 private")
	for _, c := range []struct{ request, status, contains string }{
		{"GET / HTTP/1.1", "200 OK", "<h1>Welcome to nginx!</h1>"},
		{"GET /nope HTTP/1.1", "404 Not Found", "<hr><center>nginx/1.25.5</center>"},
		{"GET /empty/ HTTP/1.1", "403 Forbidden", "<center><h1>403 Forbidden</h1></center>"},
		{"GET /full HTTP/1.1", "301 Moved Permanently", "Location: http://localhost/full/\r\n"},
		{"GET /full/ HTTP/1.1", "200 OK", "\r\n\r\nsub\n"},
		{"GET /full/../data.json HTTP/1.1", "200 OK", "Content-Type: application/json\r\n"},
		{"HEAD / HTTP/1.1", "200 OK", "Accept-Ranges: bytes\r\n\r\n"},
		{"GET / HTTP/1.1\r\nIf-Modified-Since: Tue, 16 Apr 2024 14:29:59 GMT", "304 Not Modified", "ETag: "},
		{"POST / HTTP/1.1", "405 Not Allowed", ""},
		{"nonsense", "400 Bad Request", "Connection: close"},
	} {
		b.do(func(w *World) {
			answer, err := Request(w, netip.Addr{}, netip.MustParseAddrPort("10.244.1.2:80"), []byte(c.request+"\r\n\r\n"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.status+"\r\n") || !strings.Contains(string(answer), c.contains) {
				t.Errorf("%s:\n got %q\nwant %s and %q", c.request, answer, c.status, c.contains)
			}
		})
	}
	b.want("version", b.exec("p", "nginx -v"), "nginx version: nginx/1.25.5\n")
	b.wantContains("second", b.exec("p", "nginx"), "bind() to 0.0.0.0:80 failed (98: Address already in use)")
	b.exec("p", "nginx -s quit")
	b.run(time.Second)
	if c := b.container("p", "main"); c.State != Exited || c.ExitCode != 0 {
		t.Errorf("after quit: %s %d", c.State, c.ExitCode)
	}
}

// A server that a script starts serves like one that is the main process, and hears SIGTERM when the script has become it.
func TestServerInScript(t *testing.T) {
	b := newBench(t)
	b.pod("p", `containers: [{name: main, image: nginx, command: [sh, -c, "echo hi > /usr/share/nginx/html/index.html; exec nginx -g 'daemon off;'"]}]`)
	b.pod("q", `containers: [{name: main, image: nginx, command: [sh, -c, "nginx; sleep infinity"]}]`)
	for _, pod := range []string{"p", "q"} {
		b.start(pod, "main")
	}
	b.want("served", b.exec("p", "curl -s localhost"), "hi\n")
	b.wantContains("daemon", b.exec("q", "curl -s localhost"), "Welcome to nginx!")
	b.do(func(w *World) {
		Execute(w, Command{Action: StopContainer, UID: uid("p"), Container: "main", Grace: 30 * time.Second})
	})
	b.run(time.Second)
	if c := b.container("p", "main"); c.State != Exited {
		t.Errorf("%s: exec nginx did not hear SIGTERM", c.State)
	}
}

// A configuration of one's own is not read, and the log says so.
func TestNginxConfigurationIsNotRead(t *testing.T) {
	b := newBench(t)
	b.put("kind: ConfigMap\nmetadata: {name: c}\ndata: {default.conf: 'server { listen 8080; }'}")
	b.pod("p", "containers: [{name: main, image: nginx, volumeMounts: [{name: c, mountPath: /etc/nginx/conf.d}]}]\nvolumes: [{name: c, configMap: {name: c}}]")
	b.start("p", "main")
	b.want("log", b.logs("p"), "stsim: nginx's configuration in /etc/nginx is not simulated: it serves /usr/share/nginx/html on port 80\n")
}

// A node that is cut off does not answer, but its own Pods still reach each other.
func TestCut(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: nginx}]")
	b.start("p", "main")
	b.do(func(w *World) {
		w.Cut = func(_ store.View, from, to string) bool { return to == "node-1" }
		pod := netip.MustParseAddrPort("10.244.1.2:80")
		if _, err := Request(w, netip.Addr{}, pod, nil); err == nil || err.Error() != "10.244.1.2:80: Connection timed out" {
			t.Errorf("from outside: %v", err)
		}
		number, _ := Exec(w, podNamed("p"), "", []string{"curl", "-s", "-o", "/dev/null", "10.244.1.2"}, false, false)
		if _, _, ended, code := Output(w.Tx.View, number, 0); !ended || code != 0 {
			t.Errorf("from inside: %v %d", ended, code)
		}
	})
}

// An image that nobody knows runs what the usual commands can, and otherwise stays up and listens on what it declares.
func TestUnknownImages(t *testing.T) {
	b := newBench(t)
	b.pod("quiet", "containers: [{name: main, image: 'quay.io/example/ledger:v3', command: [/usr/local/bin/ledger, --name, ledger0], ports: [{containerPort: 2379}]}]")
	b.pod("shell", `containers: [{name: main, image: 'quay.io/example/scribe:5.7', command: [bash, -c, "[[ $(hostname) =~ -?([0-9]*)$ ]] && echo hello"]}]`)
	for _, pod := range []string{"quiet", "shell"} {
		b.start(pod, "main")
	}
	b.want("open", b.exec("quiet", "nc -z localhost 2379 && echo open; nc -z localhost 2380 2>/dev/null || echo closed"), "open\nclosed\n")
	b.want("runs", b.logs("shell"), "hello\n")
	b.pod("agnhost", "containers: [{name: main, image: 'registry.k8s.io/e2e-test-images/agnhost:2.47', args: [netexec]}]")
	b.start("agnhost", "main")
	b.want("agnhost", b.exec("agnhost", "curl -s localhost:8080/hostname"), "agnhost")
	b.pod("pause", "containers: [{name: main, image: 'registry.k8s.io/pause:3.10'}]")
	b.start("pause", "main")
	b.wantContains("pause has no shell", b.execArgs("pause", "sh"), `exec: "sh": executable file not found in $PATH`)
	b.pod("old", "containers: [{name: main, image: 'busybox:1.28', command: [sleep, infinity]}]")
	b.start("old", "main")
	b.wantContains("old nslookup", b.exec("old", "nslookup nope"), "nslookup: can't resolve 'nope'")
}
