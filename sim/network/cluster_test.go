package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

const services = `
{apiVersion: v1, kind: Service, metadata: {name: members}, spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: web}, ports: [{name: web, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: ready}, spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: vip}, spec: {selector: {app: web}, ports: [{name: web, port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: alias}, spec: {type: ExternalName, externalName: ready.default.svc.cluster.local}}
---
{apiVersion: v1, kind: Service, metadata: {name: world}, spec: {type: ExternalName, externalName: www.example.org}}
---
{apiVersion: v1, kind: Service, metadata: {name: byhand}, spec: {clusterIP: None, ports: [{name: db, port: 5432}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: byhand-4, labels: {kubernetes.io/service-name: byhand}}
addressType: IPv4
ports: [{name: db, port: 5432}]
endpoints: [{addresses: [192.0.2.7], hostname: old}, {addresses: [192.0.2.8], conditions: {ready: false}}, {addresses: [192.0.2.9]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: byhand-6, labels: {kubernetes.io/service-name: byhand}}
addressType: IPv6
ports: [{name: db, port: 5432}]
endpoints: [{addresses: ["2001:db8::7"], hostname: old}]
---
`

// The first is never Ready, and takes 20 seconds to end.
const set = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: members
  podManagementPolicy: Parallel
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: nginx
        image: nginx
        readinessProbe: {exec: {command: [sh, -c, "test $(hostname) != web-0"]}, periodSeconds: 1, failureThreshold: 1}
        lifecycle: {preStop: {exec: {command: [sleep, "20"]}}}
`

// records are the data of an answer in order, with the addresses of Pods as their names; or the status.
func records(t *testing.T, c *sim.Cluster, name, qtype string) string {
	t.Helper()
	question := new(dns.Msg)
	question.SetQuestion(name+".default.svc.cluster.local.", dns.StringToType[qtype])
	reply := dnsserver.Answer(network.Names{View: c.View()}, network.DNSConfig(c.Settings(), nil), question, dnsserver.TCP)
	var found []string
	for _, record := range reply.Answer {
		data := strings.TrimPrefix(record.String(), record.Header().String())
		for pod := range store.List[*corev1.Pod](c.View(), "default") {
			if pod.Status.PodIP == data {
				data = pod.Name
			}
		}
		found = append(found, data)
	}
	slices.Sort(found)
	if len(found) == 0 {
		return dns.RcodeToString[reply.Rcode]
	}
	return strings.Join(found, " ")
}

func TestNamesOfALivingCluster(t *testing.T) {
	c := sim.New(sim.Options{})
	if err := c.Apply([]byte(services + fmt.Sprintf(set, 3))); err != nil {
		t.Fatal(err)
	}
	c.RunFor(time.Minute)
	expect := func(when string, table ...[3]string) {
		t.Helper()
		for _, row := range table {
			if found := records(t, c, row[0], row[1]); found != row[2] {
				t.Errorf("%s: %s %s: expected %s, found %s", when, row[0], row[1], row[2], found)
			}
		}
	}
	expect("running",
		[3]string{"members", "A", "web-0 web-1 web-2"},
		[3]string{"web-0.members", "A", "web-0"}, // published although it is not ready
		[3]string{"ready", "A", "web-1 web-2"},
		[3]string{"web-1.ready", "A", "NXDOMAIN"}, // its subdomain is another
		[3]string{"web-0.members", "AAAA", "NOERROR"},
		[3]string{"_web._tcp.members", "SRV", "0 33 80 web-0.members.default.svc.cluster.local. 0 33 80 web-1.members.default.svc.cluster.local. 0 33 80 web-2.members.default.svc.cluster.local."},
		[3]string{"_web._udp.members", "SRV", "NXDOMAIN"},
		[3]string{"_web._tcp.vip", "SRV", "0 100 80 vip.default.svc.cluster.local."},
		[3]string{"alias", "A", "ready.default.svc.cluster.local. web-1 web-2"},
		[3]string{"alias", "CNAME", "ready.default.svc.cluster.local."},
		[3]string{"world", "A", "www.example.org."},
		[3]string{"byhand", "A", "192.0.2.7 192.0.2.9"}, // a condition that nobody has set counts as ready
		[3]string{"old.byhand", "A", "192.0.2.7"},
		[3]string{"old.byhand", "AAAA", "2001:db8::7"},
		[3]string{"192-0-2-9.byhand", "A", "192.0.2.9"},
		[3]string{"192-0-2-9.byhand", "AAAA", "NOERROR"},
		[3]string{"_db._tcp.byhand", "SRV", "0 33 5432 192-0-2-9.byhand.default.svc.cluster.local. 0 33 5432 old.byhand.default.svc.cluster.local."},
	)
	if err := c.DeleteObject("Pod", "default", "web-1"); err != nil {
		t.Fatal(err)
	}
	c.RunFor(10 * time.Second)
	expect("web-1 is leaving", [3]string{"members", "A", "web-0 web-1 web-2"}, [3]string{"ready", "A", "web-2"}, [3]string{"web-1.members", "A", "web-1"})
	if err := c.Apply([]byte(fmt.Sprintf(set, 0))); err != nil {
		t.Fatal(err)
	}
	c.RunFor(2 * time.Minute)
	expect("all are gone", [3]string{"members", "A", "NXDOMAIN"}, [3]string{"ready", "A", "NXDOMAIN"}, [3]string{"alias", "A", "NOERROR"}, [3]string{"_web._tcp.vip", "SRV", "0 100 80 vip.default.svc.cluster.local."})
}

// An index that follows a cluster event by event says what the cluster says, whatever happens in it.
func TestAnIndexFollowsEveryEvent(t *testing.T) {
	c := sim.New(sim.Options{})
	index := network.NewIndex()
	config := network.DNSConfig(c.Settings(), nil)
	compared := 0
	compare := func() {
		t.Helper()
		before := index.Version()
		index.Advance(c)
		if index.Version() == before {
			return
		}
		compared++
		for _, name := range []string{"members", "web-0.members", "web-2.members", "ready", "alias", "_web._tcp.ready", "byhand"} {
			for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV} {
				question := new(dns.Msg)
				question.SetQuestion(name+".default.svc.cluster.local.", qtype)
				question.Id = 0
				found, expected := dnsserver.Answer(index, config, question, dnsserver.UDP), dnsserver.Answer(network.Names{View: c.View()}, config, question, dnsserver.UDP)
				if found.String() != expected.String() {
					t.Fatalf("the index says\n%v\nexpected\n%v", found, expected)
				}
			}
		}
	}
	for _, manifest := range []string{services, fmt.Sprintf(set, 3), fmt.Sprintf(set, 1), fmt.Sprintf(set, 2)} {
		if err := c.Apply([]byte(manifest)); err != nil {
			t.Fatal(err)
		}
		for until := c.Now().Add(time.Minute); c.Now().Before(until) && c.Step(); {
			compare()
		}
	}
	if compared < 50 {
		t.Errorf("expected many changes, found %d", compared)
	}
}
