package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
)

const dnsStatefulSet = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: nginx, readinessProbe: {exec: {command: [test, "!", -e, /tmp/broken]}, periodSeconds: 1, failureThreshold: 1}}
`

var dnsLine = regexp.MustCompile(`(?m)^DNS +(\S+) \(UDP and TCP\)$`)

// serveDNSOf runs stsim serve until it has said where its DNS is.
func serveDNSOf(t *testing.T, args ...string) (r *running, address string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r = &running{stop: stop, code: make(chan int, 1)}
	args = append([]string{"serve", "--kubeconfig", filepath.Join(t.TempDir(), "config")}, args...)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.code <- execute(ctx, args, strings.NewReader(""), guardedWriter{r, &r.out}, guardedWriter{r, &r.errors})
	}()
	t.Cleanup(func() { stop(); <-ended })
	for range 1000 {
		if found := dnsLine.FindStringSubmatch(r.text(&r.out)); found != nil {
			return r, found[1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not listen: %s%s", r.text(&r.out), r.text(&r.errors))
	return nil, ""
}

func TestServeAnswersDNS(t *testing.T) {
	manifest := writeFile(t, "web.yaml", dnsStatefulSet)
	r, address := serveDNSOf(t, "--pace", "max", "-f", manifest, "--ttl", "5", "--zone", "example.internal", "--pods", "verified")
	for deadline := time.Now().Add(20 * time.Second); len(askDNS(t, address, "nginx.default.svc.example.internal.", dns.TypeA).Answer) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the Pods do not come")
		}
	}
	reply := askDNS(t, address, "web-1.nginx.default.svc.example.internal.", dns.TypeA)
	if len(reply.Answer) != 1 || reply.Answer[0].Header().Ttl != 5 {
		t.Errorf("expected one address for 5 seconds, found %v", reply)
	}
	name := strings.ReplaceAll(dnsserver.Addresses(reply)[0].String(), ".", "-") + ".default.pod.example.internal."
	if reply := askDNS(t, address, name, dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected the Pod's address, found %v", reply)
	}
	if reply := askDNS(t, address, "1.0.0.127.in-addr.arpa.", dns.TypePTR); len(reply.Answer) != 1 || reply.Answer[0].(*dns.PTR).Ptr != "kube-dns.kube-system.svc.example.internal." {
		t.Errorf("expected the name of the cluster's DNS service, found %v", reply)
	}
	tcp := dns.Client{Net: "tcp"}
	question := new(dns.Msg).SetQuestion("_web._tcp.nginx.default.svc.example.internal.", dns.TypeSRV)
	if reply, _, err := tcp.Exchange(question, address); err != nil || len(reply.Answer) != 2 || len(reply.Extra) != 2 {
		t.Errorf("expected two SRV records and two addresses, found %v %v", reply, err)
	}
	r.stop()
	if code := <-r.code; code != 0 || !strings.Contains(r.text(&r.out), "\ndns: ") {
		t.Errorf("exit status %d, %s%s", code, r.text(&r.out), r.text(&r.errors))
	}
}

// namesOf serves the names of a cluster that the test moves on.
func namesOf(t *testing.T, options sim.Options) (d *door.Door, address string) {
	t.Helper()
	cluster, err := sim.Make(options)
	if err != nil {
		t.Fatal(err)
	}
	d = door.New(cluster)
	server, err := newClusterNames(d).listen(netip.MustParseAddrPort("127.0.0.1:0"), dnsserver.ServerOptions{CacheTTL: options.DNS.Cache})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdownDNS(server) })
	return d, server.Address().String()
}

// moves are what happens to the StatefulSet, and who is then to be found under the name of its service.
var moves = []struct {
	what  string
	do    func(c *sim.Cluster) error
	names []string
}{
	{"created", func(c *sim.Cluster) error { return c.Apply([]byte(dnsStatefulSet)) }, []string{"web-0", "web-1"}},
	{"scaled up", func(c *sim.Cluster) error { return c.Apply(scaled(3)) }, []string{"web-0", "web-1", "web-2"}},
	{"a Pod is not Ready any longer", func(c *sim.Cluster) error { return inPod(c, "web-1", "touch /tmp/broken") }, []string{"web-0", "web-2"}},
	{"it is Ready again", func(c *sim.Cluster) error { return inPod(c, "web-1", "rm /tmp/broken") }, []string{"web-0", "web-1", "web-2"}},
	{"scaled down", func(c *sim.Cluster) error { return c.Apply(scaled(1)) }, []string{"web-0"}},
	{"deleted", func(c *sim.Cluster) error {
		_, _, err := c.Delete(api.KindNamed("StatefulSet"), api.Name{Namespace: "default", Name: "web"}, metav1.DeleteOptions{})
		return err
	}, nil},
}

func scaled(replicas int) []byte {
	return []byte(strings.Replace(dnsStatefulSet, "replicas: 2", fmt.Sprintf("replicas: %d", replicas), 1))
}

func inPod(c *sim.Cluster, pod, command string) error {
	_, err := c.Exec(api.Name{Namespace: "default", Name: pod}, "nginx", []string{"sh", "-c", command}, false, false)
	return err
}

func TestServedNamesComeAndGoWithThePods(t *testing.T) {
	d, address := namesOf(t, sim.Options{})
	clients := map[string]func(name string) []string{"the library's client": func(name string) (addresses []string) {
		for _, found := range dnsserver.Addresses(askDNS(t, address, name, dns.TypeA)) {
			addresses = append(addresses, found.String())
		}
		return addresses
	}, "Go's resolver": func(name string) []string {
		resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
		addresses, _ := resolver.LookupHost(t.Context(), name)
		return addresses
	}}
	if _, err := exec.LookPath("dig"); err == nil {
		clients["dig"] = func(name string) []string { return strings.Fields(tool(t, address, "dig", "+short", name)) }
	}
	if _, err := exec.LookPath("nslookup"); err == nil {
		clients["nslookup"] = func(name string) (addresses []string) {
			for _, found := range regexp.MustCompile(`(?m)^Address: (.+)$`).FindAllStringSubmatch(tool(t, address, "nslookup", name), -1) {
				addresses = append(addresses, found[1])
			}
			return addresses
		}
	}
	for _, move := range moves {
		d.Do(func(c *sim.Cluster) {
			if err := move.do(c); err != nil {
				t.Fatalf("%s: %v", move.what, err)
			}
			c.RunFor(2 * time.Minute)
		})
		for client, ask := range clients {
			addresses := ask("nginx.default.svc.cluster.local.")
			if len(addresses) != len(move.names) {
				t.Errorf("%s, %s: expected addresses of %v, found %v", move.what, client, move.names, addresses)
			}
			for ordinal := range 4 {
				name := fmt.Sprintf("web-%d", ordinal)
				own := ask(name + ".nginx.default.svc.cluster.local.")
				if is := slices.Contains(move.names, name); is != (len(own) == 1) || is && !slices.Contains(addresses, own[0]) {
					t.Errorf("%s, %s: %s has %v, the service %v", move.what, client, name, own, addresses)
				}
			}
		}
	}
}

// tool runs a client of the host against a server.
func tool(t *testing.T, address, name string, args ...string) string {
	t.Helper()
	host, port, _ := strings.Cut(address, ":")
	switch name {
	case "dig":
		args = append([]string{"@" + host, "-p", port}, args...)
	case "nslookup":
		args = append([]string{"-port=" + port, "-type=a"}, append(args, host)...)
	}
	var out bytes.Buffer
	command := exec.CommandContext(t.Context(), name, args...)
	command.Stdout, command.Stderr, command.Env = &out, &out, append(os.Environ(), "HOME="+t.TempDir())
	_ = command.Run() // of nslookup, a name that is not there is a failure
	return out.String()
}

// Who has asked too early is told so until the cache forgets, in a Pod and outside: it is one cache, on the cluster's clock, and goes with forks.
func TestServedNamesAreRemembered(t *testing.T) {
	d, address := namesOf(t, sim.Options{DNS: api.DNS{Cache: 30 * time.Second}})
	const early = "web-2.nginx.default.svc.cluster.local."
	rcode := func(when string, expected int) {
		t.Helper()
		if reply := askDNS(t, address, early, dns.TypeA); reply.Rcode != expected {
			t.Errorf("%s: expected %s, found %v", when, dns.RcodeToString[expected], reply)
		}
	}
	inPods := func(c *sim.Cluster) string {
		process, err := c.Exec(api.Name{Namespace: "default", Name: "web-0"}, "nginx", []string{"getent", "hosts", early}, false, false)
		if err != nil {
			t.Fatal(err)
		}
		chunks, _, _, _ := c.Output(process, 0)
		var text strings.Builder
		for _, chunk := range chunks {
			text.WriteString(chunk.Data)
		}
		return text.String()
	}
	advance := func(by time.Duration) { d.Do(func(c *sim.Cluster) { c.RunFor(by) }) }
	d.Do(func(c *sim.Cluster) {
		_ = c.Apply([]byte(dnsStatefulSet))
		c.RunFor(time.Minute)
	})
	rcode("before it is there", dns.RcodeNameError)
	var fork *sim.Cluster
	d.Do(func(c *sim.Cluster) {
		fork = c.Fork()
		for _, twin := range []*sim.Cluster{c, fork} {
			_ = twin.Apply(scaled(3))
			twin.RunFor(20 * time.Second)
		}
		if found := inPods(c); found != "" {
			t.Errorf("a Pod that asks now: expected nothing, found %q", found)
		}
	})
	rcode("20 seconds after the first question", dns.RcodeNameError)
	advance(10*time.Second - time.Nanosecond)
	rcode("just before 30 seconds", dns.RcodeNameError)
	advance(time.Nanosecond)
	rcode("after 30 seconds", dns.RcodeSuccess)
	if found := inPods(fork); found != "" {
		t.Errorf("a Pod of the fork at 20 seconds: expected nothing, found %q", found)
	}
	fork.RunFor(10 * time.Second)
	if found := inPods(fork); found == "" {
		t.Error("a Pod of the fork at 30 seconds: expected an address")
	}
	advance(time.Minute)
	d.Do(func(c *sim.Cluster) {
		past, err := c.At(c.Now().Add(-75 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if found := inPods(past); found != "" {
			t.Errorf("a Pod of the past: expected nothing, found %q", found)
		}
	})
}

// Questions and the cluster's own events come at the same time.
func TestServedNamesWhileTheClusterGoesOn(t *testing.T) {
	d, address := namesOf(t, sim.Options{})
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			d.Do(func(c *sim.Cluster) {
				_ = c.Apply(scaled(1 + i%3))
				c.RunFor(5 * time.Second)
			})
		}
	}()
	for range 60 {
		if reply := askDNS(t, address, "kubernetes.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 1 {
			t.Fatalf("expected an address, found %v", reply)
		}
	}
	close(stop)
	<-done
}

// Between a question and the cluster there is one turn and nothing else, as long as nothing happens.
func TestLookingAtServedNamesCostsNothing(t *testing.T) {
	names := newClusterNames(door.New(sim.New(sim.Options{})))
	look := func() {
		names.Lock()
		defer names.Unlock()
		if !names.index.NamespaceExists("default") {
			t.Error("expected the namespace default")
		}
	}
	look()
	if allocations := testing.AllocsPerRun(100, look); allocations != 0 {
		t.Errorf("expected no allocations, found %v", allocations)
	}
}
