package dnsserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// answerApex answers the zone itself: SOA and NS, nothing else (CoreDNS: SOA and NS in plugin/backend_lookup.go).
func (q *query) answerApex() {
	switch q.qtype {
	case dns.TypeSOA:
		q.reply.Answer = []dns.RR{q.startOfAuthority()}
	case dns.TypeNS:
		q.answerNameServers()
	}
	if len(q.reply.Answer) == 0 {
		q.negative(true)
	}
}

func (q *query) answerNameServers() {
	// The name server lives in the cluster domain, also for a reverse zone.
	zone := q.zone
	if !dns.IsSubDomain(q.forward, zone) {
		zone = q.forward
	}
	names := newSet[string](0)
	for _, server := range q.nameServers(zone) {
		if names.add(server.name) {
			q.reply.Answer = append(q.reply.Answer, &dns.NS{Hdr: header(q.name, dns.TypeNS, q.config.ttl()), Ns: server.name})
		}
		q.reply.Extra = append(q.reply.Extra, addressRecord(server.name, server.address, q.config.ttl()))
	}
}

// nameServer is a name and one of the addresses of this server.
type nameServer struct {
	name    string
	address netip.Addr
}

// nameServers finds the service this server stands behind, by its address: the service's cluster IPs, or the
// endpoints of a headless one. A server outside of the cluster is ns.dns.Z (CoreDNS: plugin/kubernetes/ns.go,
// which looks at its own Pod's address; here the address may also be the cluster IP itself).
func (q *query) nameServers(zone string) []nameServer {
	own := q.config.ServerAddress.Unmap()
	if !own.IsValid() {
		return nil
	}
	var servers []nameServer
	addService := func(s Service) {
		for _, address := range s.ClusterIPs {
			servers = append(servers, nameServer{s.Name + "." + s.Namespace + ".svc." + zone, address.Unmap()})
		}
	}
	for _, s := range q.source.ServicesByIP(own) {
		addService(s)
	}
	if len(servers) > 0 {
		return servers
	}
	for _, named := range q.source.EndpointsByIP(own) {
		s, known := q.source.Service(named.Namespace, named.Service)
		if !known || !named.Endpoint.Ready {
			continue
		}
		addService(s)
		if s.Headless {
			for _, address := range named.Endpoint.Addresses {
				label := endpointLabel(named.Endpoint.Hostname, address.Unmap())
				servers = append(servers, nameServer{label + "." + s.Name + "." + s.Namespace + ".svc." + zone, address.Unmap()})
			}
		}
	}
	if len(servers) > 0 {
		return servers
	}
	return []nameServer{{"ns.dns." + zone, own}}
}
