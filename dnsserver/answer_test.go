package dnsserver

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func TestMalformedQuestions(t *testing.T) {
	cluster := readCluster(t, "web")
	question := func(change func(*dns.Msg)) *dns.Msg {
		m := new(dns.Msg)
		m.SetQuestion("vip.default.svc.cluster.local.", dns.TypeA)
		change(m)
		return m
	}
	opt := func() *dns.OPT { return &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}} }
	for name, test := range map[string]struct {
		message *dns.Msg
		rcode   int
	}{
		"nil":            {nil, dns.RcodeFormatError},
		"empty":          {new(dns.Msg), dns.RcodeFormatError},
		"a reply":        {question(func(m *dns.Msg) { m.Response = true }), dns.RcodeFormatError},
		"two questions":  {question(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), dns.RcodeFormatError},
		"two OPT":        {question(func(m *dns.Msg) { m.Extra = []dns.RR{opt(), opt()} }), dns.RcodeFormatError},
		"empty label":    {question(func(m *dns.Msg) { m.Question[0].Name = "a..b." }), dns.RcodeFormatError},
		"long label":     {question(func(m *dns.Msg) { m.Question[0].Name = strings.Repeat("x", 64) }), dns.RcodeFormatError},
		"long name":      {question(func(m *dns.Msg) { m.Question[0].Name = strings.Repeat("x.", 200) }), dns.RcodeFormatError},
		"no final dot":   {question(func(m *dns.Msg) { m.Question[0].Name = "vip.default.svc.cluster.local" }), dns.RcodeSuccess},
		"nil records":    {question(func(m *dns.Msg) { m.Extra = []dns.RR{nil, (*dns.OPT)(nil)} }), dns.RcodeSuccess},
		"opcode too big": {question(func(m *dns.Msg) { m.Opcode = 77 }), dns.RcodeNotImplemented},
		"bad cookie": {question(func(m *dns.Msg) {
			o := opt()
			o.Option = []dns.EDNS0{nil, &dns.EDNS0_COOKIE{Cookie: "no hex"}, &dns.EDNS0_COOKIE{Cookie: strings.Repeat("00", 41)}}
			m.Extra = []dns.RR{o}
		}), dns.RcodeSuccess},
	} {
		t.Run(name, func(t *testing.T) {
			for _, transport := range []Transport{UDP, TCP} {
				reply := Answer(cluster, Config{}, test.message, transport)
				if reply.Rcode != test.rcode {
					t.Errorf("expected %s, found %s", dns.RcodeToString[test.rcode], dns.RcodeToString[reply.Rcode])
				}
				if _, err := reply.Pack(); err != nil {
					t.Errorf("the reply does not pack: %v", err)
				}
			}
		})
	}
}

func TestAliasChainEnds(t *testing.T) {
	// Service 0 is an alias of service 1, and so on; service 12 has an address. Eleven aliases are followed.
	c := &textCluster{namespaces: []string{"default"}}
	name := func(i int) string { return "s" + string(rune('a'+i)) }
	for i := range 12 {
		c.services = append(c.services, Service{Namespace: "default", Name: name(i), Type: typeExternalName, ExternalName: name(i+1) + ".default.svc.cluster.local"})
	}
	c.services = append(c.services, Service{Namespace: "default", Name: name(12), Ports: []Port{{"", "TCP", 80}}, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}})
	for start, expected := range map[int]int{0: 0, 1: 12, 11: 2, 12: 1} {
		m := new(dns.Msg)
		m.SetQuestion(name(start)+".default.svc.cluster.local.", dns.TypeA)
		if found := len(Answer(c, Config{}, m, TCP).Answer); found != expected {
			t.Errorf("chain of %d aliases: expected %d records, found %d", 12-start, expected, found)
		}
	}
}

func TestTargetTooLongForAMessage(t *testing.T) {
	label, zone := strings.Repeat("x", 63), strings.Repeat("z.", 60)+"example."
	c := &textCluster{namespaces: []string{"default"}}
	c.services = []Service{{Namespace: "default", Name: label, Headless: true}}
	c.endpoints = []NamedEndpoint{{"default", label, Endpoint{
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Hostname: label, Ready: true, Ports: []Port{{"", "TCP", 80}},
	}}}
	for _, question := range []struct {
		name  string
		qtype uint16
	}{
		{"1.0.0.10.in-addr.arpa.", dns.TypePTR},
		{label + ".default.svc." + zone, dns.TypeSRV},
	} {
		m := new(dns.Msg)
		m.SetQuestion(question.name, question.qtype)
		reply := Answer(c, Config{Zone: zone}, m, UDP)
		if reply.Rcode != dns.RcodeServerFailure {
			t.Errorf("%s: expected SERVFAIL, found %s", question.name, dns.RcodeToString[reply.Rcode])
		}
		if _, err := reply.Pack(); err != nil {
			t.Errorf("%s: %v", question.name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, config := range []Config{{}, DefaultConfig(), {Zone: "K.example"}, {Pods: PodsVerified, ReverseZones: []string{}}} {
		if err := config.Validate(); err != nil {
			t.Errorf("%+v: %v", config, err)
		}
	}
	for _, config := range []Config{{Zone: "."}, {Zone: "a..b"}, {Zone: strings.Repeat("x.", 125)}, {Pods: "all"}, {ReverseZones: []string{"10..arpa"}}} {
		if err := config.Validate(); err == nil {
			t.Errorf("%+v: expected an error", config)
		}
	}
}

func TestSet(t *testing.T) {
	for _, size := range []int{0, 3, 100} {
		s := newSet[int](size)
		for round := range 2 {
			for member := range 20 {
				if s.add(member) != (round == 0) {
					t.Errorf("size %d: member %d, round %d", size, member, round)
				}
			}
		}
	}
}
