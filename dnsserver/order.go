package dnsserver

import "github.com/miekg/dns"

// arrange shuffles the addresses in the answer and in the additional section, as the chooser says. Everything
// else keeps its place, and so CNAME records stay before the addresses they lead to (CoreDNS:
// plugin/loadbalance/loadbalance.go, which leaves SRV records alone as well).
func arrange(reply *dns.Msg, choose func(n int) int) {
	if choose == nil {
		return
	}
	for _, section := range [][]dns.RR{reply.Answer, reply.Extra} {
		var places []int
		for place, record := range section {
			switch record.(type) {
			case *dns.A, *dns.AAAA:
				places = append(places, place)
			}
		}
		for last := len(places) - 1; last > 0; last-- {
			// The remainder keeps a chooser that breaks its bounds from breaking the reply.
			if other := choose(last+1) % (last + 1); other >= 0 {
				section[places[last]], section[places[other]] = section[places[other]], section[places[last]]
			}
		}
	}
}
