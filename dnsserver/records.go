package dnsserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

const (
	// specificationVersion is the version of the Kubernetes DNS specification that is followed.
	specificationVersion = "1.1.0"
	// versionTTL is the TTL of the version record in seconds: eight hours, as the specification's example.
	versionTTL = 28800
)

func header(owner string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func (q *query) versionRecord() dns.RR {
	return &dns.TXT{Hdr: header(q.name, dns.TypeTXT, versionTTL), Txt: []string{specificationVersion}}
}

// addresses returns the A or AAAA records of the entries of a find for that type.
func (q *query) addresses(owner string, entries []entry) []dns.RR {
	if len(entries) == 0 {
		return nil
	}
	records := newAddressRecords(len(entries), q.qtype == dns.TypeA)
	for _, entry := range entries {
		records.add(owner, entry.address, q.config.ttl())
	}
	return records.records
}

// addressRecords builds many records of one family with few allocations.
type addressRecords struct {
	records []dns.RR
	a       []dns.A
	aaaa    []dns.AAAA
	octets  []byte
}

func newAddressRecords(capacity int, want4 bool) *addressRecords {
	r := &addressRecords{records: make([]dns.RR, 0, capacity)}
	if want4 {
		r.a, r.octets = make([]dns.A, 0, capacity), make([]byte, 0, 4*capacity)
	} else {
		r.aaaa, r.octets = make([]dns.AAAA, 0, capacity), make([]byte, 0, 16*capacity)
	}
	return r
}

// add must not be called more often than the capacity says: records point into the arrays.
func (r *addressRecords) add(owner string, address netip.Addr, ttl uint32) {
	begin := len(r.octets)
	if address.Is4() {
		octets := address.As4()
		r.octets = append(r.octets, octets[:]...)
		r.a = append(r.a, dns.A{Hdr: header(owner, dns.TypeA, ttl), A: r.octets[begin:len(r.octets):len(r.octets)]})
		r.records = append(r.records, &r.a[len(r.a)-1])
		return
	}
	octets := address.As16()
	r.octets = append(r.octets, octets[:]...)
	r.aaaa = append(r.aaaa, dns.AAAA{Hdr: header(owner, dns.TypeAAAA, ttl), AAAA: r.octets[begin:len(r.octets):len(r.octets)]})
	r.records = append(r.records, &r.aaaa[len(r.aaaa)-1])
}

// addressRecord is a single A or AAAA record.
func addressRecord(owner string, address netip.Addr, ttl uint32) dns.RR {
	if address.Is4() {
		return &dns.A{Hdr: header(owner, dns.TypeA, ttl), A: address.AsSlice()}
	}
	return &dns.AAAA{Hdr: header(owner, dns.TypeAAAA, ttl), AAAA: address.AsSlice()}
}

// serviceRecords returns the SRV records of the entries and the addresses of their targets. The weight is 100
// divided by the number of entries before duplicates are dropped, and at least 1; the priority is 0 (CoreDNS:
// SRV in plugin/backend_lookup.go).
func (q *query) serviceRecords(r request, entries []entry) (answer, extra []dns.RR) {
	if len(entries) == 0 {
		return nil, nil
	}
	weight := uint16(max(1, 100/len(entries)))
	type targetPort struct {
		target string
		port   int32
	}
	type targetAddress struct {
		target  string
		address netip.Addr
	}
	base := r.service + "." + r.namespace + ".svc." + q.zone
	if r.subject == pod {
		base = r.pod + "." + r.namespace + ".pod." + q.zone
	}
	ports, addresses := newSet[targetPort](len(entries)), newSet[targetAddress](len(entries))
	for _, entry := range entries {
		if entry.port == noPort {
			continue
		}
		target := base
		if entry.endpoint {
			target = entry.label() + "." + base
		}
		if !q.packable(target) {
			return nil, nil
		}
		if ports.add(targetPort{target, entry.port}) {
			answer = append(answer, &dns.SRV{
				Hdr:    header(q.name, dns.TypeSRV, q.config.ttl()),
				Weight: weight, Port: uint16(entry.port), Target: target,
			})
		}
		if addresses.add(targetAddress{target, entry.address}) && entry.address.IsValid() {
			extra = append(extra, addressRecord(target, entry.address, q.config.ttl()))
		}
	}
	return answer, extra
}

// packable turns the reply into SERVFAIL if a name made from the source is too long for a message.
func (q *query) packable(name string) bool {
	if validName(name) {
		return true
	}
	q.reply.Answer, q.reply.Ns, q.reply.Extra = nil, nil, nil
	q.reply.Rcode = dns.RcodeServerFailure
	return false
}
