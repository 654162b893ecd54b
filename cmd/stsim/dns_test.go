package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const dnsManifest = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: default}, status: {phase: Active}}
- apiVersion: v1
  kind: Service
  metadata: {name: nginx, namespace: default}
  spec: {clusterIP: None, ports: [{name: web, port: 80}], aFieldOfTheFuture: true}
- apiVersion: v1
  kind: Endpoints
  metadata: {name: nginx, namespace: default}
---
# A slice that somebody has written by hand, in a version of the past.
apiVersion: discovery.k8s.io/v1beta1
kind: EndpointSlice
metadata: {name: nginx-1, labels: {kubernetes.io/service-name: nginx}}
addressType: IPv4
ports: [{name: web, port: 80}]
endpoints:
- {addresses: [10.244.1.2], hostname: web-0, conditions: {ready: true}}
- {addresses: [10.244.1.3], hostname: web-1, conditions: {ready: false}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
---
`

const dnsPods = `{"kind": "PodList", "apiVersion": "v1", "items": [
	{"metadata": {"name": "web-0", "namespace": "default"}, "status": {"phase": "Running", "podIP": "10.244.1.2", "podIPs": [{"ip": "10.244.1.2"}]}},
	{"metadata": {"name": "old", "namespace": "default"}, "status": {"phase": "Failed", "podIPs": [{"ip": "10.244.1.9"}]}}]}
{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "kube-dns", "namespace": "kube-system"}, "spec": {"clusterIP": "10.96.0.10"}}`

// running is stsim dns at work. What it prints can be read while it goes on.
type running struct {
	mutex  sync.Mutex
	out    bytes.Buffer
	errors bytes.Buffer
	stop   context.CancelFunc
	code   chan int
}

func (r *running) text(buffer *bytes.Buffer) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return buffer.String()
}

type guardedWriter struct {
	r  *running
	to *bytes.Buffer
}

func (w guardedWriter) Write(data []byte) (int, error) {
	w.r.mutex.Lock()
	defer w.r.mutex.Unlock()
	return w.to.Write(data)
}

var listening = regexp.MustCompile(`listening on (\S+) \(UDP and TCP\)`)

// startDNS runs the command until it listens, and gives the address.
func startDNS(t *testing.T, stdin io.Reader, args ...string) (*running, string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{stop: stop, code: make(chan int, 1)}
	go func() {
		r.code <- execute(ctx, append([]string{"dns", "--dns-addr", "127.0.0.1:0"}, args...), stdin, guardedWriter{r, &r.out}, guardedWriter{r, &r.errors})
	}()
	t.Cleanup(stop)
	for range 500 {
		if found := listening.FindStringSubmatch(r.text(&r.out)); found != nil {
			return r, found[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not listen: %s%s", r.text(&r.out), r.text(&r.errors))
	return nil, ""
}

func askDNS(t *testing.T, address, name string, qtype uint16) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	client := dns.Client{Timeout: 5 * time.Second}
	reply, _, err := client.Exchange(m, address)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDNSAnswersFromFiles(t *testing.T) {
	server, address := startDNS(t, strings.NewReader(dnsPods), "-f", writeFile(t, "cluster.yaml", dnsManifest), "-f", "-", "--ttl", "7", "--pods", "verified", "--zone", "example.internal")
	for _, question := range []struct {
		name   string
		qtype  uint16
		answer string // the data of the records
		rcode  int
	}{
		{"web-0.nginx.default.svc", dns.TypeA, "10.244.1.2", dns.RcodeSuccess},
		{"web-1.nginx.default.svc", dns.TypeA, "", dns.RcodeNameError}, // not ready: the status is as it is in the file
		{"_web._tcp.nginx.default.svc", dns.TypeSRV, "0 100 80 web-0.nginx.default.svc.example.internal.", dns.RcodeSuccess},
		{"10-244-1-2.default.pod", dns.TypeA, "10.244.1.2", dns.RcodeSuccess},
		{"10-244-1-9.default.pod", dns.TypeA, "", dns.RcodeNameError},
		{"kube-dns.kube-system.svc", dns.TypeA, "", dns.RcodeNameError}, // no such Namespace, although there are others
	} {
		reply := askDNS(t, address, question.name+".example.internal.", question.qtype)
		var found []string
		for _, record := range reply.Answer {
			if record.Header().Ttl != 7 {
				t.Errorf("%s: expected a TTL of 7, found %v", question.name, record)
			}
			found = append(found, strings.TrimPrefix(record.String(), record.Header().String()))
		}
		if strings.Join(found, " ") != question.answer || reply.Rcode != question.rcode {
			t.Errorf("%s: expected %s %q, found %v", question.name, dns.RcodeToString[question.rcode], question.answer, reply)
		}
	}
	server.stop()
	if code := <-server.code; code != 0 {
		t.Errorf("expected exit status 0 after Ctrl-C, found %d", code)
	}
	for _, text := range []string{"dns: 6 queries (NOERROR 3, NXDOMAIN 3), 0 dropped\n"} {
		if !strings.Contains(server.text(&server.out), text) {
			t.Errorf("expected %q, found %s", text, server.text(&server.out))
		}
	}
	for _, text := range []string{"1 Endpoints ignored", "StatefulSet 1", "do not exist: kube-system", "read 2 services, 1 EndpointSlices, 2 Pods, 1 namespaces",
		"dig @127.0.0.1 -p ", " nginx.default.svc.example.internal"} {
		if !strings.Contains(server.text(&server.errors), text) {
			t.Errorf("expected %q, found %s", text, server.text(&server.errors))
		}
	}
}

func TestDNSWithoutNamespacesInTheFiles(t *testing.T) {
	_, address := startDNS(t, nil, "-f", writeFile(t, "pods.json", dnsPods), "--dns-cache", "30s", "--ttl", "0")
	for name, rcode := range map[string]int{
		"kube-dns.kube-system.svc.cluster.local.": dns.RcodeSuccess,
		"default.svc.cluster.local.":              dns.RcodeSuccess,
		"other.svc.cluster.local.":                dns.RcodeNameError,
	} {
		if reply := askDNS(t, address, name, dns.TypeA); reply.Rcode != rcode {
			t.Errorf("expected %s, found %v", dns.RcodeToString[rcode], reply)
		}
	}
	// The service that the cluster's DNS is behind answers for the address that we listen on.
	if reply := askDNS(t, address, "1.0.0.127.in-addr.arpa.", dns.TypePTR); len(reply.Answer) != 1 || reply.Answer[0].(*dns.PTR).Ptr != "kube-dns.kube-system.svc.cluster.local." {
		t.Errorf("expected the name of the cluster's DNS service, found %v", reply)
	}
}

func TestDNSForwards(t *testing.T) {
	_, world := startDNS(t, nil, "-f", writeFile(t, "pods.json", dnsPods), "--zone", "world.example")
	_, address := startDNS(t, nil, "-f", writeFile(t, "cluster.yaml", dnsManifest), "--dns-forward="+world)
	if reply := askDNS(t, address, "kube-dns.kube-system.svc.world.example.", dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected the other server's answer, found %v", reply)
	}
}

func TestDNSSaysWhatIsWrong(t *testing.T) {
	good := writeFile(t, "cluster.yaml", dnsManifest)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for _, name := range "bcdefghi" {
		bomb += string(name) + ": &" + string(name) + " [" + strings.Repeat("*"+string(name-1)+",", 9) + "]\n"
	}
	for name, test := range map[string]struct {
		args     []string
		code     int
		contains string
	}{
		"no file":          {nil, exitUsage, "hint: stsim dns -f"},
		"a missing file":   {[]string{"-f", "missing.yaml"}, exitFailed, "missing.yaml: no such file"},
		"no YAML":          {[]string{"-f", writeFile(t, "x.yaml", "a: [")}, exitFailed, "document 1"},
		"no object":        {[]string{"-f", writeFile(t, "x.yaml", "just text")}, exitFailed, "expected an object with apiVersion and kind"},
		"no kind":          {[]string{"-f", writeFile(t, "x.yaml", "a: 1")}, exitFailed, "found no kind"},
		"no name":          {[]string{"-f", writeFile(t, "x.yaml", dnsManifest+"{apiVersion: v1, kind: Service}")}, exitFailed, "document 4: expected a Service with a name"},
		"a wrong type":     {[]string{"-f", writeFile(t, "x.yaml", "{apiVersion: v1, kind: Pod, metadata: 7}")}, exitFailed, "expected a Pod"},
		"a bomb":           {[]string{"-f", writeFile(t, "x.yaml", bomb)}, exitFailed, "excessive aliasing"},
		"a bad zone":       {[]string{"-f", good, "--zone", "a..b"}, exitUsage, "DNS zone"},
		"a bad mode":       {[]string{"-f", good, "--pods", "all"}, exitUsage, "expected disabled, insecure or verified"},
		"a bad TTL":        {[]string{"-f", good, "--ttl", "3601"}, exitUsage, "0 to 3600"},
		"a bad cache":      {[]string{"-f", good, "--dns-cache", "1.5s"}, exitUsage, "whole seconds"},
		"a public address": {[]string{"-f", good, "--dns-addr", "0.0.0.0:0"}, exitUsage, "loopback"},
		"no port":          {[]string{"-f", good, "--dns-addr", "127.0.0.1"}, exitUsage, "loopback address and a port"},
		"a taken port":     {[]string{"-f", good, "--dns-addr", taken.Addr().String()}, exitFailed, "another program listens there\nhint: "},
		"a bad upstream":   {[]string{"-f", good, "--dns-forward=nobody"}, exitUsage, "expected ADDRESS:PORT"},
		"words":            {[]string{"-f", good, "more"}, exitUsage, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
			defer stop()
			var out, errors bytes.Buffer
			if code := execute(ctx, append([]string{"dns"}, test.args...), nil, &out, &errors); code != test.code || !strings.Contains(errors.String(), test.contains) {
				t.Errorf("expected exit status %d and %q, found %d and %s", test.code, test.contains, code, errors.String())
			}
		})
	}
}

// A page that is played with --dns-cache remembers that somebody has asked too early.
func TestRunRemembersNames(t *testing.T) {
	const page = "```console\n$ dig +short web.default.svc.cluster.local\n$ kubectl create service clusterip web --tcp=80 > /dev/null\n" +
		"$ dig +short web.default.svc.cluster.local | wc -l\n%s\n```\n"
	for _, c := range []struct {
		args    []string
		records string
		code    int
	}{
		{nil, "1", 0},
		{[]string{"--dns-cache", "30s"}, "0", 0},
		{[]string{"--dns-cache", "30s"}, "1", exitFailed},
		{[]string{"--dns-cache", "30"}, "1", exitUsage},
		{[]string{"--dns-cache", "2h"}, "1", exitUsage},
	} {
		var out, problems bytes.Buffer
		args := append([]string{"run", writeFile(t, "page.md", fmt.Sprintf(page, c.records))}, c.args...)
		if code := execute(t.Context(), args, nil, &out, &problems); code != c.code {
			t.Errorf("%v: expected exit status %d, found %d\n%s%s", c, c.code, code, out.String(), problems.String())
		}
	}
}
