package dnsserver

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"github.com/miekg/dns"
	"pgregory.net/rapid"
)

// naive is the same cluster without any index.
type naive struct {
	*textCluster
	slices map[[2]string]naiveSlice
}

type naiveSlice struct {
	service   string
	endpoints []Endpoint
}

func (n naive) each(visit func(namespace, service string, endpoint Endpoint)) {
	var names [][2]string
	for name := range n.slices {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, name := range names {
		for _, endpoint := range n.slices[name].endpoints {
			visit(name[0], n.slices[name].service, endpoint)
		}
	}
}

func (n naive) Endpoints(namespace, service string) (endpoints []Endpoint) {
	n.each(func(ns, s string, endpoint Endpoint) {
		if ns == namespace && s == service {
			endpoints = append(endpoints, endpoint)
		}
	})
	return endpoints
}

func (n naive) EndpointsByIP(ip netip.Addr) (named []NamedEndpoint) {
	n.each(func(ns, s string, endpoint Endpoint) {
		if s != "" && slices.Contains(endpoint.Addresses, ip) {
			named = append(named, NamedEndpoint{ns, s, endpoint})
		}
	})
	return named
}

func (n naive) ServicesByIP(ip netip.Addr) []Service {
	services := n.textCluster.ServicesByIP(ip)
	slices.SortFunc(services, func(a, b Service) int {
		return objectName{a.Namespace, a.Name}.compare(objectName{b.Namespace, b.Name})
	})
	return services
}

// TestIndexIsTheCluster changes an index and a plain list of the same things at random, and asks both.
func TestIndexIsTheCluster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, plain := NewIndex(), naive{&textCluster{namespaces: []string{"a"}, pods: map[string][]netip.Addr{}}, map[[2]string]naiveSlice{}}
		x.SetNamespace("a")
		draw := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
		addresses := func(most int) []netip.Addr {
			return rapid.SliceOfN(rapid.Map(rapid.SampledFrom([]string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"}), netip.MustParseAddr), 0, most).Draw(t, "addresses")
		}
		ports := []Port{{"web", "TCP", 80}, {"", "UDP", 53}}
		pods := map[string][]netip.Addr{}
		for range rapid.IntRange(1, 20).Draw(t, "changes") {
			switch namespace := draw("namespace", "a", "b"); draw("change", "slice", "slice", "slice", "remove slice", "service", "remove service", "pod") {
			case "slice":
				name, service := draw("slice", "s1", "s2", "s3"), draw("service", "web", "db", "")
				var endpoints []Endpoint
				for range rapid.IntRange(0, 4).Draw(t, "endpoints") {
					endpoints = append(endpoints, Endpoint{
						Addresses: addresses(2), Hostname: draw("hostname", "", "web-0", "web-1"), Ready: rapid.Bool().Draw(t, "ready"),
						Ports: ports[:rapid.IntRange(0, 2).Draw(t, "ports")],
					})
				}
				x.SetSlice(namespace, name, service, endpoints)
				plain.slices[[2]string{namespace, name}] = naiveSlice{service, endpoints}
			case "remove slice":
				name := draw("slice", "s1", "s2", "s3")
				x.RemoveSlice(namespace, name)
				delete(plain.slices, [2]string{namespace, name})
			case "service", "remove service":
				service := Service{Namespace: namespace, Name: draw("service", "web", "db"), Headless: rapid.Bool().Draw(t, "headless"), ClusterIPs: addresses(2), Ports: ports}
				plain.services = slices.DeleteFunc(plain.services, func(s Service) bool { return s.Namespace == service.Namespace && s.Name == service.Name })
				x.RemoveService(service.Namespace, service.Name)
				if rapid.Bool().Draw(t, "again") {
					x.SetService(service)
					plain.services = append(plain.services, service)
				}
			case "pod":
				name := draw("pod", "p1", "p2")
				pods[namespace+"/"+name] = addresses(2)
				x.SetPod(namespace, name, pods[namespace+"/"+name])
				plain.pods[namespace] = append(slices.Clone(pods[namespace+"/p1"]), pods[namespace+"/p2"]...)
			}
		}
		config := Config{Pods: PodsVerified, ServerAddress: netip.MustParseAddr("10.0.0.3")}
		for _, name := range []string{"web.a.svc", "db.a.svc", "web.b.svc", "web-0.web.a.svc", "WEB-1.db.a.svc", "10-0-0-1.web.a.svc", "fd00--1.web.a.svc",
			"_web._tcp.web.a.svc", "10-0-0-1.a.pod", "10-0-0-2.b.pod", "a.svc", "b.svc", ""} {
			for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypeNS} {
				compareSources(t, x, plain, config, dns.Fqdn(name)+"cluster.local.", qtype)
			}
		}
		for _, name := range []string{"1.0.0.10.in-addr.arpa.", "2.0.0.10.in-addr.arpa.", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa."} {
			compareSources(t, x, plain, config, name, dns.TypePTR)
		}
	})
}

func compareSources(t rapid.TB, one, other Source, config Config, name string, qtype uint16) {
	t.Helper()
	if name == ".cluster.local." {
		name = "cluster.local."
	}
	packet := packQuestion(name, qtype)
	a, b := AnswerPacket(one, config, packet, TCP), AnswerPacket(other, config, packet, TCP)
	if !bytes.Equal(a, b) {
		var found, expected dns.Msg
		_, _ = found.Unpack(a), expected.Unpack(b)
		t.Fatalf("the index says\n%v\nexpected\n%v", &found, &expected)
	}
}

// counted counts the endpoints that a question makes the server look at.
type counted struct {
	*Index
	groups, endpoints int
}

func (c *counted) EachGroup(namespace, service, label string, visit func(EndpointGroup) bool) {
	c.Index.EachGroup(namespace, service, label, func(group EndpointGroup) bool {
		c.groups++
		c.endpoints += len(group.Endpoints)
		return visit(group)
	})
}

// largeService is a headless service in slices of 100 endpoints, as the control loop makes them.
func largeService(endpoints int) *Index {
	x := NewIndex()
	x.SetNamespace("default")
	x.SetService(Service{Namespace: "default", Name: "large", Headless: true})
	for slice := range endpoints / 100 {
		x.SetSlice("default", fmt.Sprintf("large-%04d", slice), "large", largeSlice(slice, true))
	}
	return x
}

func largeSlice(slice int, ready bool) []Endpoint {
	endpoints := make([]Endpoint, 100)
	for i := range endpoints {
		ordinal := 100*slice + i
		endpoints[i] = Endpoint{
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, byte(ordinal >> 8), byte(ordinal)})},
			Hostname:  "large-" + strconv.Itoa(ordinal), Ready: ready || i > 0, Ports: []Port{{"web", "TCP", 80}},
		}
	}
	return endpoints
}

// TestALargeServiceIsNotGoneThrough bounds what is looked at for one question, whatever the size of the service.
func TestALargeServiceIsNotGoneThrough(t *testing.T) {
	x := &counted{Index: largeService(10_000)}
	for _, question := range []struct {
		name              string
		qtype             uint16
		size              uint16
		groups, endpoints int
		records           int
	}{
		{"large-7777.large", dns.TypeA, 0, 1, 1, 1},
		{"large-7777.large", dns.TypeAAAA, 0, 1, 1, 0},
		{"large-10000.large", dns.TypeA, 0, 0, 0, 0},
		{"large", dns.TypeA, 0, 1, 100, 28},
		{"large", dns.TypeA, 1232, 1, 100, 73},
		{"large", dns.TypeA, 4096, 3, 300, 252},
		{"large", dns.TypeAAAA, 0, 100, 10_000, 0}, // of the slices but the first only what they lack is looked at
	} {
		m := new(dns.Msg)
		m.SetQuestion(question.name+".default.svc.cluster.local.", question.qtype)
		if question.size > 0 {
			m.SetEdns0(question.size, false)
		}
		x.groups, x.endpoints = 0, 0
		reply := Answer(x, DefaultConfig(), m, UDP)
		if x.groups != question.groups || x.endpoints != question.endpoints || len(reply.Answer) != question.records {
			t.Errorf("%v: expected %d groups, %d endpoints, %d records, found %d, %d, %d", question, question.groups, question.endpoints, question.records,
				x.groups, x.endpoints, len(reply.Answer))
		}
		// Cut is what the whole answer begins with.
		whole := Answer(naive{&textCluster{namespaces: []string{"default"}, services: []Service{{Namespace: "default", Name: "large", Headless: true}}},
			map[[2]string]naiveSlice{{"default", "large"}: {"large", x.Endpoints("default", "large")}}}, Config{Choose: func(int) int { return -1 }}, m, UDP)
		if whole.Answer = whole.Answer[:len(reply.Answer)]; fmt.Sprint(whole.Answer) != fmt.Sprint(reply.Answer) {
			t.Errorf("%v: expected the beginning of the whole answer", question)
		}
	}
}

// BenchmarkChange changes one endpoint of a headless service and asks for it and for the service: the time must not
// grow with the service.
func BenchmarkChange(b *testing.B) {
	for _, size := range []int{100, 1_000, 10_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			x := largeService(size)
			r := &responder{source: x, config: DefaultConfig()}
			one := packQuestion("large-0.large.default.svc.cluster.local.", dns.TypeA)
			all := packQuestion("large.default.svc.cluster.local.", dns.TypeA)
			buffer := make([]byte, 0, dns.MaxMsgSize+1)
			endpoints := [][]Endpoint{largeSlice(0, false), largeSlice(0, true)}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.SetSlice("default", "large-0000", "large", endpoints[i%2])
				x.SetSerial(uint32(i + 1))
				for _, question := range [][]byte{one, all} {
					if reply, _ := r.respond(question, UDP, noTime, buffer); reply == nil {
						b.Fatal("no reply")
					}
				}
			}
		})
	}
}
