package loopback

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/store"
)

var (
	deleteNow        = metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	deleteGracefully = metav1.DeleteOptions{}
)

// world is a cluster on loopback addresses, with its sockets.
type world struct {
	t        *testing.T
	door     *door.Door
	network  *Network
	claimed  *Claimed
	mu       sync.Mutex
	problems []string
}

func newWorld(t *testing.T, manifest string, limit int) *world {
	t.Helper()
	claimed, err := Claim()
	if errors.Is(err, ErrNoAddresses) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(claimed.Close)
	cluster, err := sim.Make(sim.Options{PodCIDR: claimed.Pods.String(), ServiceCIDR: claimed.Services.String(), NodeCIDR: claimed.Nodes.String()})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, door: door.New(cluster), claimed: claimed}
	w.network = listen(w.door, func(problem string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.problems = append(w.problems, problem)
	}, limit, nil)
	t.Cleanup(w.network.Close)
	w.do(func(cluster *sim.Cluster) error { return cluster.Apply([]byte(manifest)) })
	w.pass(time.Minute)
	return w
}

func (w *world) do(change func(cluster *sim.Cluster) error) {
	w.t.Helper()
	var err error
	w.door.Do(func(cluster *sim.Cluster) { err = change(cluster) })
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets virtual time go by.
func (w *world) pass(duration time.Duration) {
	w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(duration) })
}

func (w *world) pod(name string) (pod *corev1.Pod) {
	w.t.Helper()
	w.door.Do(func(cluster *sim.Cluster) { pod, _ = store.Get[*corev1.Pod](cluster.View(), "default", name) })
	if pod == nil {
		w.t.Fatalf("there is no Pod %s", name)
	}
	return pod
}

func (w *world) service(name string) (service *corev1.Service) {
	w.t.Helper()
	w.door.Do(func(cluster *sim.Cluster) { service, _ = store.Get[*corev1.Service](cluster.View(), "default", name) })
	if service == nil {
		w.t.Fatalf("there is no Service %s", name)
	}
	return service
}

func (w *world) delete(kind, name string, patient bool) {
	w.t.Helper()
	options := deleteNow
	if patient {
		options = deleteGracefully
	}
	w.do(func(cluster *sim.Cluster) error {
		_, _, err := cluster.Delete(api.KindNamed(kind), api.Name{Namespace: "default", Name: name}, options)
		return err
	})
}

// get asks a server over a connection of its own. Errors come back as text.
func get(address string, port int32) string {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	response, err := client.Get(fmt.Sprintf("http://%s:%d/hostname", address, port)) //nolint:noctx // it has a timeout
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	case err != nil:
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(response.Body)
	return string(body)
}

const webServers = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 8000, targetPort: 8080, nodePort: 31999}]}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec: {selector: {app: web}, sessionAffinity: ClientIP, ports: [{port: 8000, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 3
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: registry.k8s.io/e2e-test-images/agnhost:2.55, args: [netexec], ports: [{containerPort: 8080}]}]
`

func TestPodsAndServicesAreReachable(t *testing.T) {
	w := newWorld(t, webServers, MaxListeners)
	pod, web, sticky := w.pod("web-0"), w.service("web"), w.service("sticky")
	if !w.claimed.Pods.Contains(netip.MustParseAddr(pod.Status.PodIP)) || !w.claimed.Nodes.Contains(netip.MustParseAddr(pod.Status.HostIP)) {
		t.Errorf("the Pod has %s on %s", pod.Status.PodIP, pod.Status.HostIP)
	}
	if answer := get(pod.Status.PodIP, 8080); answer != "web-0" {
		t.Errorf("the Pod answers %q", answer)
	}
	if answer := get(pod.Status.PodIP, 8081); answer != "refused" {
		t.Errorf("at a port where nothing listens: %q", answer)
	}
	found := map[string]int{}
	for range 30 {
		found[get(web.Spec.ClusterIP, 8000)]++
	}
	if len(found) != 3 || found["web-0"]+found["web-1"]+found["web-2"] != 30 {
		t.Errorf("the Service answers %v", found)
	}
	first := get(sticky.Spec.ClusterIP, 8000)
	for range 10 {
		if again := get(sticky.Spec.ClusterIP, 8000); again != first {
			t.Errorf("with session affinity %q follows %q", again, first)
		}
	}
	for _, address := range []string{"127.0.0.1", pod.Status.HostIP} {
		if answer := get(address, 31999); !strings.HasPrefix(answer, "web-") {
			t.Errorf("the node port at %s answers %q", address, answer)
		}
	}
	if answer := get(web.Spec.ClusterIP, 9000); answer != "refused" {
		t.Errorf("at another port of the Service: %q", answer)
	}
}

func TestPortsFollowTheCluster(t *testing.T) {
	w := newWorld(t, webServers, MaxListeners)
	web, pod := w.service("web"), w.pod("web-0")
	w.do(func(cluster *sim.Cluster) error {
		return cluster.Apply([]byte(strings.Replace(webServers, "replicas: 3", "replicas: 0", 1)))
	})
	w.pass(time.Minute)
	for _, place := range []string{pod.Status.PodIP + ":8080", web.Spec.ClusterIP + ":8000", "127.0.0.1:31999"} {
		if connection, err := net.Dial("tcp", place); !errors.Is(err, syscall.ECONNREFUSED) { //nolint:noctx // it is refused at once
			t.Errorf("without Pods %s: %v %v", place, connection, err)
		}
	}
	w.do(func(cluster *sim.Cluster) error { return cluster.Apply([]byte(webServers)) })
	w.pass(time.Minute)
	if answer := get(web.Spec.ClusterIP, 8000); !strings.HasPrefix(answer, "web-") {
		t.Errorf("with Pods again: %q", answer)
	}
	w.delete("Service", "web", true)
	if answer := get(web.Spec.ClusterIP, 8000); answer != "refused" {
		t.Errorf("without the Service: %q", answer)
	}
}

func TestNodesOutOfReachDoNotAnswer(t *testing.T) {
	w := newWorld(t, webServers, MaxListeners)
	pod := w.pod("web-0")
	w.do(func(cluster *sim.Cluster) error {
		return cluster.Befall(sim.Fault{Verb: sim.NodeCut, Node: pod.Spec.NodeName})
	})
	for address, port := range map[string]int32{pod.Status.PodIP: 8080, pod.Status.HostIP: 31999} {
		if answer := get(address, port); answer != "timed out" {
			t.Errorf("cut off, %s answers %q", address, answer)
		}
	}
	w.do(func(cluster *sim.Cluster) error {
		return cluster.Befall(sim.Fault{Verb: sim.NodeUp, Node: pod.Spec.NodeName})
	})
	if answer := get(pod.Status.PodIP, 8080); answer != "web-0" {
		t.Errorf("back again it answers %q", answer)
	}
}

// A connection stays with the server that it found, and ends with it.
func TestConnectionsEndWithTheirServers(t *testing.T) {
	w := newWorld(t, webServers, MaxListeners)
	connection, err := net.Dial("tcp", w.service("web").Spec.ClusterIP+":8000") //nolint:noctx // it is answered at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	in := bufio.NewReader(connection)
	ask := func() string {
		_, _ = io.WriteString(connection, "GET /hostname HTTP/1.1\r\nHost: web\r\n\r\n")
		response, err := http.ReadResponse(in, nil)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		return string(body)
	}
	server := ask()
	for range 10 {
		if again := ask(); again != server {
			t.Fatalf("%q answers after %q", again, server)
		}
	}
	w.delete("Pod", server, false)
	w.pass(10 * time.Second)
	w.door.Do(w.network.Rescan)
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := in.ReadByte(); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("when the server is gone: %v", err)
	}
}

func TestPortsAreBounded(t *testing.T) {
	w := newWorld(t, webServers, 3)
	if len(w.network.ports) != 3 || len(w.problems) != 1 || !strings.Contains(w.problems[0], "more than 3 ports") {
		t.Errorf("%d ports are open: %q", len(w.network.ports), w.problems)
	}
	if answer := get("127.0.0.1", 31999); !strings.HasPrefix(answer, "web-") { // the most important of them
		t.Errorf("the node port answers %q", answer)
	}
}

func TestWhatCannotBeOpenedIsReported(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:31999") //nolint:noctx // it only listens
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = taken.Close() }()
	w := newWorld(t, webServers, MaxListeners)
	if len(w.problems) != 1 || !strings.HasPrefix(w.problems[0], "another program listens at 127.0.0.1:31999") {
		t.Errorf("%q", w.problems)
	}
}

func TestClaimsDoNotCollide(t *testing.T) {
	first, err := Claim()
	if errors.Is(err, ErrNoAddresses) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	second, err := Claim()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if first.Pods == second.Pods || first.Services.Overlaps(second.Nodes) {
		t.Errorf("%v and %v", first.Ranges, second.Ranges)
	}
	first.Close()
	again, err := Claim()
	if err != nil || again.Ranges != first.Ranges {
		t.Errorf("%v are free again, found %v (%v)", first.Ranges, again, err)
	}
	again.Close()
}

// Somebody who may not listen at ports below 1024 is told once, with what to do; the other ports are opened.
func TestReservedPortsAreSaidOnce(t *testing.T) {
	var problems []string
	n := &Network{report: func(problem string) { problems = append(problems, problem) }, told: map[string]bool{}}
	one := opening{at: netip.MustParseAddrPort("127.64.0.2:80")}
	n.cannot(one, fmt.Errorf("listen: %w", syscall.EACCES))
	if _, err := n.open(one); !errors.Is(err, syscall.EACCES) {
		t.Errorf("tried again: %v", err)
	}
	n.cannot(one, syscall.EACCES)
	if len(problems) != 1 || !strings.HasPrefix(problems[0], "port 80 of 127.64.0.2 is reserved for the administrator") || !strings.Contains(problems[0], "hint: sudo sysctl") {
		t.Errorf("found %q", problems)
	}
}
