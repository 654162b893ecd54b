package dnsserver

import (
	"testing"

	"github.com/miekg/dns"
)

// BenchmarkAnswer measures Answer alone, without the wire format, on a source that is a linear scan over a
// handful of objects.
func BenchmarkAnswer(b *testing.B) {
	for _, bench := range []struct {
		name, cluster, question string
		qtype                   uint16
		edns                    bool
	}{
		{"member-A", "web", "web-0.nginx.default.svc.cluster.local.", dns.TypeA, false},
		{"clusterIP-A", "web", "vip.default.svc.cluster.local.", dns.TypeA, false},
		{"clusterIP-A-edns", "web", "vip.default.svc.cluster.local.", dns.TypeA, true},
		{"member-AAAA-nodata", "web", "web-0.nginx.default.svc.cluster.local.", dns.TypeAAAA, false},
		{"nxdomain", "web", "web-9.nginx.default.svc.cluster.local.", dns.TypeA, false},
		{"SRV", "web", "_web._tcp.nginx.default.svc.cluster.local.", dns.TypeSRV, false},
		{"PTR", "web", "2.1.244.10.in-addr.arpa.", dns.TypePTR, false},
		{"three-hundred-A-truncated", "many", "three-hundred.default.svc.cluster.local.", dns.TypeA, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			cluster, config := readCluster(b, bench.cluster), DefaultConfig()
			question := new(dns.Msg)
			question.SetQuestion(bench.question, bench.qtype)
			if bench.edns {
				question.SetEdns0(1232, false)
			}
			b.ReportAllocs()
			for b.Loop() {
				Answer(cluster, config, question, UDP)
			}
		})
	}
}
