package dnsserver

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// addressesIn returns the addresses of a reply in their order, and the reply with its addresses sorted.
func addressesIn(t *testing.T, packed []byte) (addresses []string, sorted string) {
	t.Helper()
	reply := new(dns.Msg)
	if err := reply.Unpack(packed); err != nil {
		t.Fatal(err)
	}
	var records []dns.RR
	for _, record := range reply.Answer {
		switch record := record.(type) {
		case *dns.A:
			addresses, records = append(addresses, record.A.String()), append(records, record)
		case *dns.AAAA:
			addresses, records = append(addresses, record.AAAA.String()), append(records, record)
		}
	}
	slices.SortFunc(records, func(a, b dns.RR) int { return slices.Compare([]byte(a.String()), []byte(b.String())) })
	next := 0
	for i, record := range reply.Answer {
		if kind := record.Header().Rrtype; kind == dns.TypeA || kind == dns.TypeAAAA {
			reply.Answer[i], next = records[next], next+1
		}
	}
	return addresses, reply.String()
}

// TestShuffledRepliesHoldTheSame compares replies of every sort, made and remembered, with those that are not shuffled.
func TestShuffledRepliesHoldTheSame(t *testing.T) {
	for _, cluster := range []string{"web", "many"} {
		shuffling := &responder{source: readCluster(t, cluster), config: DefaultConfig(), shuffler: new(shuffler)}
		plain := &responder{source: shuffling.source, config: shuffling.config}
		for _, packet := range packetsOfEverySort(t) {
			for _, transport := range []Transport{UDP, TCP} {
				for range 3 {
					found, _ := shuffling.respond(packet, transport, noTime, nil)
					expected, _ := plain.respond(packet, transport, noTime, nil)
					if len(found) < headerSize || binary.BigEndian.Uint16(found[6:]) == 0 {
						if string(found) != string(expected) {
							t.Errorf("expected %x, found %x", expected, found)
						}
						continue
					}
					_, sorted := addressesIn(t, found)
					if _, same := addressesIn(t, expected); sorted != same {
						t.Fatalf("%s: expected the records of\n%s\nfound\n%s", transport, same, sorted)
					}
				}
			}
		}
	}
}

// TestEveryOrderIsAsUsual counts in which orders the three addresses of a service come.
func TestEveryOrderIsAsUsual(t *testing.T) {
	r := &responder{source: speedCluster(), config: DefaultConfig(), shuffler: new(shuffler)}
	question, other := packQuestion("nginx.default.svc.cluster.local.", dns.TypeA), packQuestion("nginx.default.svc.cluster.local.", dns.TypeAAAA)
	const asked = 6000
	orders := map[string]int{}
	for range asked {
		reply, _ := r.respond(question, UDP, noTime, nil)
		addresses, _ := addressesIn(t, reply)
		orders[addresses[0]+addresses[1]+addresses[2]]++
		r.respond(other, UDP, noTime, nil) // as libc asks for both families
	}
	if len(orders) != 6 {
		t.Errorf("expected 6 orders, found %v", orders)
	}
	for order, count := range orders {
		if count < asked/6*8/10 || count > asked/6*12/10 {
			t.Errorf("%s: expected about %d of %d, found %d", order, asked/6, asked, count)
		}
	}
}
