package network

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

var settings = &api.Settings{
	Zone: "cluster.local", ServiceCIDR: netip.MustParsePrefix("10.96.0.0/12"), PodCIDR: netip.MustParsePrefix("10.244.0.0/16"),
	DNSAddress: netip.MustParseAddr("10.96.0.10"),
}

func to[T any](value T) *T { return &value }

// cluster has two nodes, two Pods behind services of several kinds, and one Pod that is not ready.
func cluster() *store.DB {
	db := store.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Tables()...)
	tx := db.Begin()
	tx.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}})
	for i, name := range []string{"node-1", "node-2"} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("192.168.49.%d", i+2)}}
		tx.Put(node)
	}
	pod := func(name, ip, node string) {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: corev1.PodSpec{NodeName: node}}
		p.Status.Phase, p.Status.PodIPs = corev1.PodRunning, []corev1.PodIP{{IP: ip}}
		tx.Put(p)
	}
	pod("web-0", "10.244.1.2", "node-1")
	pod("web-1", "10.244.1.3", "node-1")
	pod("web-2", "10.244.2.2", "node-2")
	service := func(name, ip string, change func(*corev1.Service)) {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		s.Spec = corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, ClusterIP: ip, Ports: []corev1.ServicePort{{Name: "web", Port: 80}}}
		if change != nil {
			change(s)
		}
		tx.Put(s)
	}
	slice := func(service string, endpoints ...discoveryv1.Endpoint) {
		s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: service + "-x", Labels: map[string]string{discoveryv1.LabelServiceName: service}}}
		s.Ports = []discoveryv1.EndpointPort{{Name: to("web"), Port: to(int32(8080))}}
		s.Endpoints = endpoints
		tx.Put(s)
	}
	endpoint := func(name, ip, node string, ready *bool) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{
			Addresses: []string{ip}, Hostname: &name, NodeName: &node, Conditions: discoveryv1.EndpointConditions{Ready: ready},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "default", Name: name},
		}
	}
	all := []discoveryv1.Endpoint{
		endpoint("web-0", "10.244.1.2", "node-1", nil),
		endpoint("web-1", "10.244.1.3", "node-1", to(true)),
		endpoint("web-2", "10.244.2.2", "node-2", to(false)),
	}
	service("plain", "10.96.0.20", nil)
	slice("plain", all...)
	service("headless", corev1.ClusterIPNone, nil)
	slice("headless", all...)
	service("nobody", "10.96.0.21", nil)
	slice("nobody", all[2])
	service("sticky", "10.96.0.22", func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP })
	slice("sticky", all...)
	service("door", "10.96.0.23", func(s *corev1.Service) {
		s.Spec.Type, s.Spec.Ports[0].NodePort = corev1.ServiceTypeNodePort, 30080
	})
	slice("door", all...)
	service("local", "10.96.0.24", func(s *corev1.Service) {
		s.Spec.Type, s.Spec.Ports[0].NodePort = corev1.ServiceTypeNodePort, 30081
		s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	})
	slice("local", all...)
	service("leaving", "10.96.0.25", nil)
	leaving := endpoint("web-2", "10.244.2.2", "node-2", to(false))
	leaving.Conditions.Serving, leaving.Conditions.Terminating = to(true), to(true)
	slice("leaving", leaving)
	tx.Commit()
	return db
}

func TestRoute(t *testing.T) {
	for _, c := range []struct{ what, destination, want string }{
		{"a cluster IP leads to a ready endpoint at its target port", "10.96.0.20:80", "10.244.1.3:8080 pod default/web-1"},
		{"another port of it leads nowhere", "10.96.0.20:81", "10.96.0.20:81: Connection timed out"},
		{"no ready endpoint", "10.96.0.21:80", "10.96.0.21:80: Connection refused"},
		{"endpoints that leave still serve when there are no others", "10.96.0.25:80", "10.244.2.2:8080 pod default/web-2"},
		{"a service address that nobody has", "10.96.9.9:80", "10.96.9.9:80: Connection timed out"},
		{"a Pod", "10.244.2.2:80", "10.244.2.2:80 pod default/web-2"},
		{"a Pod address that nobody has", "10.244.7.7:80", "10.244.7.7:80: No route to host"},
		{"the world outside", "93.184.216.34:80", "93.184.216.34:80: Connection timed out"},
		{"a node port on a node", "192.168.49.2:30080", "10.244.1.3:8080 pod default/web-1"},
		{"a node port on a node without endpoints", "192.168.49.3:30080", "10.244.1.3:8080 pod default/web-1"},
		{"the same with the policy Local", "192.168.49.3:30081", "192.168.49.3:30081: Connection timed out"},
		{"a node", "192.168.49.2:22", "192.168.49.2:22 node node-1"},
		{"oneself", "127.0.0.1:80", "127.0.0.1:80 loopback"},
	} {
		tx := cluster().Begin()
		where, failure := Route(tx, settings, func(_ string, n int) int { return n - 1 }, netip.Addr{}, netip.MustParseAddrPort(c.destination))
		got := ""
		switch {
		case failure != nil:
			got = failure.Error()
		case where.Loopback:
			got = where.Target.String() + " loopback"
		case where.Node != "":
			got = where.Target.String() + " node " + where.Node
		default:
			got = where.Target.String() + " pod " + where.Pod.String()
		}
		if got != c.want {
			t.Errorf("%s: %s leads to %q, want %q", c.what, c.destination, got, c.want)
		}
	}
}

// A client stays with its endpoint for three hours after its last connection, unless the endpoint goes.
func TestSessionAffinity(t *testing.T) {
	db := cluster()
	ask := func(client string, chosen int) string {
		tx := db.Begin()
		defer tx.Commit()
		where, failure := Route(tx, settings, func(string, int) int { return chosen }, netip.MustParseAddr(client), netip.MustParseAddrPort("10.96.0.22:80"))
		if failure != nil {
			t.Fatal(failure)
		}
		return where.Pod.Name
	}
	for _, c := range []struct {
		what, client string
		chosen       int
		wait         time.Duration
		want         string
	}{
		{"the first connection chooses", "10.244.9.9", 1, 0, "web-1"},
		{"the second does not", "10.244.9.9", 0, 2 * time.Hour, "web-1"},
		{"the time counts from the last connection", "10.244.9.9", 0, 2 * time.Hour, "web-1"},
		{"another client chooses anew", "10.244.9.8", 0, 0, "web-0"},
		{"after three hours of silence too", "10.244.9.9", 0, 3*time.Hour + time.Second, "web-0"},
	} {
		tx := db.Begin()
		tx.AdvanceTo(tx.Now().Add(c.wait))
		tx.Commit()
		if got := ask(c.client, c.chosen); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	tx := cluster().Begin()
	view := tx.View
	resolver := Resolver(tx, settings, nil, []string{"default.svc.cluster.local", "svc.cluster.local", "cluster.local"}, 5)
	for _, c := range []struct{ name, want string }{
		{"plain", "[10.96.0.20]"},
		{"headless", "[10.244.1.2 10.244.1.3]"},
		{"web-1.headless", "[10.244.1.3]"},
		{"web-2.headless", "[]"}, // not ready
		{"nothing", "[]"},
	} {
		if got := fmt.Sprint(resolver.ResolveHost(c.name)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	names := Names{View: view}
	if got := names.EndpointsByIP(netip.MustParseAddr("10.244.2.2")); len(got) != 7 {
		t.Errorf("services of web-2: %d, want 7", len(got))
	}
	if !names.PodByIP("default", netip.MustParseAddr("10.244.1.2")) || names.PodByIP("other", netip.MustParseAddr("10.244.1.2")) {
		t.Error("PodByIP")
	}
	if got := names.ServicesByIP(netip.MustParseAddr("10.96.0.23")); len(got) != 1 || got[0].Name != "door" {
		t.Errorf("%v", got)
	}
}
