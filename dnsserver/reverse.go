package dnsserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// answerReverse answers a name in a reverse zone: PTR records for an address the cluster knows (CoreDNS:
// plugin/kubernetes/reverse.go).
func (q *query) answerReverse(l *labels, before int) {
	q.reply.Authoritative = true
	if q.isTransfer() {
		return
	}
	if before == 0 {
		q.answerApex()
		return
	}
	address, valid := parseReverse(l)
	var names []string
	if valid {
		names = q.pointers(address)
	}
	if len(names) == 0 && q.answerFromForward() {
		return
	}
	if q.qtype == dns.TypePTR {
		for _, name := range names {
			if !q.packable(name) {
				return
			}
			q.reply.Answer = append(q.reply.Answer, &dns.PTR{Hdr: header(q.name, dns.TypePTR, q.config.ttl()), Ptr: name})
		}
	}
	if len(q.reply.Answer) == 0 {
		q.negative(len(names) > 0)
	}
}

// pointers returns the names of an address without duplicates: the service with that cluster IP if there is
// one, else every ready endpoint, else the name of this server.
func (q *query) pointers(address netip.Addr) []string {
	if services := q.source.ServicesByIP(address); len(services) > 0 {
		return []string{services[0].Name + "." + services[0].Namespace + ".svc." + q.forward}
	}
	var names []string
	seen := newSet[string](0)
	for _, named := range q.source.EndpointsByIP(address) {
		if !named.Endpoint.Ready {
			continue
		}
		label := endpointLabel(named.Endpoint.Hostname, address)
		name := label + "." + named.Service + "." + named.Namespace + ".svc." + q.forward
		if seen.add(name) {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		return names
	}
	switch address {
	case q.config.ServerAddress.Unmap():
		return []string{"ns.dns." + q.forward}
	case q.config.ListenAddress.Unmap():
		if servers := q.nameServers(q.forward); len(servers) > 0 {
			return []string{servers[0].name}
		}
		return []string{"ns.dns." + q.forward}
	}
	return names
}

// parseReverse reads the address out of a lower-case name below in-addr.arpa (four decimal labels) or ip6.arpa
// (32 hexadecimal digits); anything shorter or longer is not an address.
func parseReverse(l *labels) (netip.Addr, bool) {
	if before, inside := l.cut("in-addr.arpa."); inside && before == 4 {
		var octets [4]byte
		for i := range octets {
			octet, valid := parseOctet(l.label(3 - i))
			if !valid {
				return netip.Addr{}, false
			}
			octets[i] = octet
		}
		return netip.AddrFrom4(octets), true
	}
	if before, inside := l.cut("ip6.arpa."); inside && before == 32 {
		var octets [16]byte
		for i := range octets {
			high, validHigh := parseNibble(l.label(31 - 2*i))
			low, validLow := parseNibble(l.label(30 - 2*i))
			if !validHigh || !validLow {
				return netip.Addr{}, false
			}
			octets[i] = high<<4 | low
		}
		return netip.AddrFrom16(octets).Unmap(), true
	}
	return netip.Addr{}, false
}

// parseOctet reads 0 to 255 without leading zeros.
func parseOctet(label string) (byte, bool) {
	if len(label) == 0 || len(label) > 3 || len(label) > 1 && label[0] == '0' {
		return 0, false
	}
	value := 0
	for _, digit := range []byte(label) {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		value = value*10 + int(digit-'0')
	}
	return byte(value), value <= 255
}

func parseNibble(label string) (byte, bool) {
	if len(label) != 1 {
		return 0, false
	}
	switch digit := label[0]; {
	case digit >= '0' && digit <= '9':
		return digit - '0', true
	case digit >= 'a' && digit <= 'f':
		return digit - 'a' + 10, true
	}
	return 0, false
}
