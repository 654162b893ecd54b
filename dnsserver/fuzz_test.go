package dnsserver

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// checkReply holds for every reply whatsoever: it packs, fits, reads back, and answers the question.
func checkReply(t *testing.T, question, reply *dns.Msg, transport Transport) {
	t.Helper()
	packed, err := reply.Pack()
	if err != nil {
		t.Fatalf("the reply does not pack: %v\nquestion:\n%v\nreply:\n%v", err, question, reply)
	}
	limit := dns.MaxMsgSize
	if transport == UDP {
		limit = dns.MinMsgSize
		if offer := question.IsEdns0(); offer != nil {
			limit = max(limit, int(offer.UDPSize()))
		}
	}
	if len(packed) > limit {
		t.Fatalf("the reply has %d octets, more than %d\n%v", len(packed), limit, reply)
	}
	read := new(dns.Msg)
	if err := read.Unpack(packed); err != nil {
		t.Fatalf("the packed reply cannot be read: %v\n%v", err, reply)
	}
	if !read.Response || read.Id != question.Id {
		t.Fatalf("not a reply to the question:\n%v\n%v", question, read)
	}
	if read.Rcode == dns.RcodeNameError && (len(read.Answer) > 0 || len(read.Ns) != 1) {
		t.Fatalf("NXDOMAIN without its SOA, or with an answer:\n%v", read)
	}
}

// FuzzName asks for any name, as a tool might hand it over, in any case, through both doors.
func FuzzName(f *testing.F) {
	for _, name := range []string{
		"web-0.nginx.default.svc.cluster.local", "_web._tcp.nginx.default.svc.cluster.local.", "_._.nginx.default.svc.cluster.local.",
		"10-244-1-2.default.pod.cluster.local", "----.default.pod.cluster.local", "2.1.244.10.in-addr.arpa.", "f.f.ip6.arpa.",
		`a\.b.cluster.local.`, `\000.cluster.local.`, `\`, "..", ".", "", "alias.default.svc.cluster.local.",
	} {
		f.Add(name, dns.TypeA)
		f.Add(name, dns.TypeSRV)
	}
	f.Add("6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.0.d.f.ip6.arpa.", dns.TypePTR)
	cluster := readCluster(f, "web")
	config := DefaultConfig()
	resolver := Resolver{Source: cluster, Config: config, Search: SearchList("default", "", nil), Ndots: ClusterNdots}
	f.Fuzz(func(t *testing.T, name string, qtype uint16) {
		question := &dns.Msg{Question: []dns.Question{{Name: name, Qtype: qtype, Qclass: dns.ClassINET}}}
		reply := Answer(cluster, config, question, UDP)
		checkReply(t, question, reply, UDP)
		// Letter case never changes what is found.
		question.Question[0].Name = strings.ToUpper(name)
		if lower(question.Question[0].Name) == lower(name) {
			upper := Answer(cluster, config, question, UDP)
			if upper.Rcode != reply.Rcode || len(upper.Answer) != len(reply.Answer) {
				t.Fatalf("the case of %q matters:\n%v\n%v", name, reply, upper)
			}
		}
		for _, useSearch := range []bool{false, true} {
			tried, final := resolver.Lookup(name, qtype, useSearch)
			if final.Response == nil || len(tried) > 2*(len(resolver.Search)+1) {
				t.Fatalf("%q: %d exchanges, final %v", name, len(tried), final)
			}
		}
		resolver.ResolveHost(name)
	})
}

// FuzzPacket answers any packet, as a socket server would.
func FuzzPacket(f *testing.F) {
	add := func(change func(*dns.Msg), name string, qtype uint16) {
		m := new(dns.Msg)
		m.SetQuestion(name, qtype)
		m.Id = 1
		change(m)
		packed, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	plain := func(*dns.Msg) {}
	add(plain, "nginx.default.svc.cluster.local.", dns.TypeA)
	add(plain, "three-hundred.default.svc.cluster.local.", dns.TypeSRV)
	add(plain, "2.1.244.10.in-addr.arpa.", dns.TypePTR)
	add(plain, "cluster.local.", dns.TypeNS)
	add(func(m *dns.Msg) { m.SetEdns0(1232, true) }, "workers.default.svc.cluster.local.", dns.TypeSRV)
	add(func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }, "cluster.local.", dns.TypeSOA)
	add(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }, "version.bind.", dns.TypeTXT)
	f.Add([]byte{})
	address := netip.MustParseAddr("10.96.0.10")
	clusters := []*textCluster{readCluster(f, "web"), readCluster(f, "many")}
	f.Fuzz(func(t *testing.T, packet []byte) {
		question := new(dns.Msg)
		if question.Unpack(packet) != nil {
			return
		}
		before := question.String()
		for _, cluster := range clusters {
			config := Config{Pods: PodsInsecure, ServerAddress: address, Forward: cluster.forward}
			for _, transport := range []Transport{UDP, TCP} {
				checkReply(t, question, Answer(cluster, config, question, transport), transport)
			}
		}
		if question.String() != before {
			t.Fatal("Answer changed the question")
		}
	})
}
