package dnsserver

import "github.com/miekg/dns"

// maxAliases is the longest chain of CNAME records that is followed (CoreDNS: maxCnameChainLength in
// plugin/backend_lookup.go, which counts the records before the one at hand).
const maxAliases = 11

// alias is the CNAME record of an ExternalName service, alone in a section; nil if no message can carry it.
func (q *query) alias(owner, target string) []dns.RR {
	target = dns.Fqdn(target)
	if !q.packable(target) {
		return nil
	}
	return []dns.RR{&dns.CNAME{Hdr: header(owner, dns.TypeCNAME, q.config.ttl()), Target: target}}
}

// resolve returns the addresses of a find, and for an ExternalName service the chain of CNAME records that
// leads to them. A chain in the zone that ends without an address - no such type, no such name, a loop, or too
// long - gives nothing at all; a target outside of the zone keeps its CNAME, followed by what Forward knows.
func (q *query) resolve(owner string, found find) []dns.RR {
	var chain []dns.RR
	seen := newSet[string](0)
	seen.add(lower(owner))
	for found.external != "" {
		if len(chain) == maxAliases {
			return nil
		}
		link := q.alias(owner, found.external)
		if link == nil {
			return nil
		}
		chain = append(chain, link...)
		owner = dns.Fqdn(found.external)
		target := lower(owner)
		if !seen.add(target) {
			return nil
		}
		l := splitLabels(target)
		before, inside := l.cut(q.forward)
		if !inside {
			return append(chain, q.forwarded(owner)...)
		}
		found = q.lookup(parseName(&l, before), nil)
	}
	addresses := q.addresses(owner, found.entries)
	if len(addresses) == 0 || chain == nil {
		return addresses
	}
	return append(chain, addresses...)
}

// forwarded asks Forward for the target of a CNAME and takes over its answer and its TC flag.
func (q *query) forwarded(name string) []dns.RR {
	if q.config.Forward == nil {
		return nil
	}
	message := q.config.Forward(dns.Question{Name: name, Qtype: q.qtype, Qclass: dns.ClassINET})
	if message == nil {
		return nil
	}
	q.reply.Truncated = q.reply.Truncated || message.Truncated
	return message.Answer
}
