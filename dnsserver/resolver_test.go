package dnsserver

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

func podResolver(t testing.TB, cluster string) Resolver {
	return Resolver{
		Source: readCluster(t, cluster), Config: DefaultConfig(),
		Search: SearchList("default", "", nil), Ndots: ClusterNdots,
	}
}

func TestLookupTriesTheSearchList(t *testing.T) {
	const (
		first  = ".default.svc.cluster.local."
		second = ".svc.cluster.local."
		third  = ".cluster.local."
	)
	for _, test := range []struct {
		name   string
		search bool
		tried  []string
		rcode  int
	}{
		{"web-0.nginx", true, []string{"web-0.nginx" + first}, dns.RcodeSuccess},
		{"web-0.nginx", false, []string{"web-0.nginx."}, dns.RcodeNameError},
		{"kube-dns.kube-system", true, []string{"kube-dns.kube-system" + first, "kube-dns.kube-system" + second}, dns.RcodeSuccess},
		{"nginx.default.svc", true, []string{"nginx.default.svc" + first, "nginx.default.svc" + second, "nginx.default.svc" + third}, dns.RcodeSuccess},
		// Four dots are fewer than five: three names that do not exist come first.
		{"nginx.default.svc.cluster.local", true, []string{
			"nginx.default.svc.cluster.local" + first, "nginx.default.svc.cluster.local" + second,
			"nginx.default.svc.cluster.local" + third, "nginx.default.svc.cluster.local.",
		}, dns.RcodeSuccess},
		{"nginx.default.svc.cluster.local.", true, []string{"nginx.default.svc.cluster.local."}, dns.RcodeSuccess},
		{"web-0.nginx.default.svc.cluster.local", true, []string{
			"web-0.nginx.default.svc.cluster.local" + first, "web-0.nginx.default.svc.cluster.local" + second,
			"web-0.nginx.default.svc.cluster.local" + third, "web-0.nginx.default.svc.cluster.local.",
		}[3:], dns.RcodeSuccess},
		{"web-9.nginx", true, []string{"web-9.nginx" + first, "web-9.nginx" + second, "web-9.nginx" + third, "web-9.nginx."}, dns.RcodeNameError},
		// A name of the right family only: NODATA ends a lookup.
		{"six", true, []string{"six" + first}, dns.RcodeSuccess},
		// What is no domain name is never sent.
		{"", true, nil, dns.RcodeFormatError},
		{"a..b", false, nil, dns.RcodeFormatError},
		{strings.Repeat("x", 64), false, nil, dns.RcodeFormatError},
		// Names of the search list that are too long are left out.
		{strings.Repeat("x.", 120) + "x", true, []string{strings.Repeat("x.", 121)}, dns.RcodeNameError},
	} {
		t.Run(test.name, func(t *testing.T) {
			tried, final := podResolver(t, "web").Lookup(test.name, dns.TypeA, test.search)
			var names []string
			for _, exchange := range tried {
				names = append(names, exchange.Question.Name)
			}
			if !slices.Equal(names, test.tried) {
				t.Errorf("expected the names %v, found %v", test.tried, names)
			}
			if final.Response.Rcode != test.rcode {
				t.Errorf("expected %s, found %s", dns.RcodeToString[test.rcode], dns.RcodeToString[final.Response.Rcode])
			}
		})
	}
}

func TestLookupRepeatsATruncatedReplyOverTCP(t *testing.T) {
	r := podResolver(t, "many")
	for _, size := range []uint16{0, 1232} {
		r.UDPSize = size
		tried, final := r.Lookup("three-hundred", dns.TypeA, true)
		if len(tried) != 2 || tried[0].Transport != UDP || !tried[0].Response.Truncated || final.Transport != TCP {
			t.Fatalf("expected a truncated reply over UDP and one over TCP, found %v", tried)
		}
		if found := len(final.Response.Answer); found != 300 {
			t.Errorf("expected 300 records over TCP, found %d", found)
		}
		if offered := final.Response.IsEdns0() != nil; offered != (size > 0) {
			t.Errorf("expected an OPT record iff one was sent, size %d", size)
		}
	}
}

func TestResolveHost(t *testing.T) {
	r := podResolver(t, "web")
	for name, expected := range map[string]string{
		"web-0.nginx":          "[10.244.1.2]",
		"nginx":                "[10.244.1.2 10.244.2.2]",
		"dual":                 "[10.96.0.22 fd00:96::22]",
		"six":                  "[fd00:10::6]",
		"alias":                "[10.96.0.20]",
		"web-2.nginx":          "[]",
		"example.org":          "[]",
		"192.0.2.1":            "[192.0.2.1]",
		"fd00::1":              "[fd00::1]",
		"kube-dns.kube-system": "[10.96.0.10]",
		"":                     "[]",
	} {
		if found := fmt.Sprint(r.ResolveHost(name)); found != expected {
			t.Errorf("%s: expected %s, found %s", name, expected, found)
		}
	}
	if found := len(podResolver(t, "many").ResolveHost("three-hundred")); found != 300 {
		t.Errorf("expected all 300 addresses, found %d", found)
	}
}

func TestResolvConf(t *testing.T) {
	found := ResolvConf("default", "", netip.MustParseAddr("10.96.0.10"), []string{"lan.example", "cluster.local"})
	expected := `search default.svc.cluster.local svc.cluster.local cluster.local lan.example
nameserver 10.96.0.10
options ndots:5
`
	if found != expected {
		t.Errorf("expected:\n%s\nfound:\n%s", expected, found)
	}
}

func TestSearchListKeepsTheLimits(t *testing.T) {
	var many, long []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("d%d.example", i))
		long = append(long, fmt.Sprintf("d%d.%s.example", i, strings.Repeat("x.", 60)))
	}
	if found := SearchList("default", "cluster.local.", many); len(found) != 32 || found[31] != "d28.example" {
		t.Errorf("expected 32 paths, found %d: %v", len(found), found)
	}
	if found := strings.Join(SearchList("default", "", long), " "); len(found) > 2048 || len(found) < 1900 {
		t.Errorf("expected at most 2048 characters and little less, found %d", len(found))
	}
	if found := SearchList("default", "", []string{strings.Repeat("x", 254), "ok.example"}); len(found) != 4 || found[3] != "ok.example" {
		t.Errorf("expected the path of 254 characters to be left out, found %v", found)
	}
}
