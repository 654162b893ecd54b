package dnsserver

import (
	"net/netip"
	"strings"
)

// noPort is the port of an entry whose service or endpoint declares none: it has addresses but no SRV record.
const noPort = -1

// entry is one address and port that a name leads to.
type entry struct {
	address netip.Addr
	port    int32
	// endpoint is true if the entry is an endpoint of the service, false if it is the service or Pod asked for.
	endpoint bool
	// hostname of the endpoint; empty if it is known by its address.
	hostname string
}

// label is the name of an endpoint below its service.
func (e entry) label() string {
	return endpointLabel(e.hostname, e.address)
}

// find is what the source has under a name.
type find struct {
	// exists decides between NODATA and NXDOMAIN when there is no record to give.
	exists  bool
	entries []entry
	// external is the target of an ExternalName service.
	external string
}

// lookup finds what a name denotes (CoreDNS: findServices and findPods in plugin/kubernetes/kubernetes.go).
// Entries are appended to the buffer.
func (q *query) lookup(r request, buffer []entry) find {
	switch r.subject {
	case apex, subtree:
		return find{exists: true}
	case namespace:
		return find{exists: q.source.NamespaceExists(r.namespace) && (!r.pods || q.answersPods())}
	case pod:
		return q.lookupPod(r, buffer)
	case service:
		return q.lookupService(r, buffer)
	case server:
		entries := buffer
		for _, server := range q.nameServers(q.zone) {
			entries = append(entries, entry{address: server.address, port: noPort})
		}
		return find{exists: true, entries: entries}
	}
	return find{}
}

func (q *query) answersPods() bool {
	return q.config.Pods == PodsInsecure || q.config.Pods == PodsVerified
}

// lookupPod reads the address out of the name. A Pod's own name is never answered.
func (q *query) lookupPod(r request, buffer []entry) find {
	if !q.answersPods() || !q.source.NamespaceExists(r.namespace) {
		return find{}
	}
	address, valid := parseDashed(r.pod)
	if !valid || q.config.Pods == PodsVerified && !q.source.PodByIP(r.namespace, address) {
		return find{}
	}
	return find{exists: true, entries: append(buffer, entry{address: address})}
}

func (q *query) lookupService(r request, buffer []entry) find {
	if !q.source.NamespaceExists(r.namespace) {
		return find{}
	}
	s, known := q.source.Service(r.namespace, r.service)
	if !known {
		return find{}
	}
	switch {
	case s.Type == typeExternalName:
		if r.endpoint != "" || r.port != "" || r.protocol != "" {
			return find{}
		}
		if _, err := netip.ParseAddr(s.ExternalName); err == nil || s.ExternalName == "" {
			return find{}
		}
		return find{exists: true, external: s.ExternalName}
	case q.config.IgnoreEmptyService && !s.Headless && !q.anyReady(r):
		return find{}
	case s.Headless || r.endpoint != "":
		// The endpoint path does not ask whether the service is headless: hostnames are also answered below
		// a service with a cluster IP.
		return q.lookupEndpoints(r, buffer)
	}
	found := find{entries: buffer}
	forEachPort(s.Ports, r, func(port int32) {
		found.exists = true
		for _, address := range s.ClusterIPs {
			found.entries = append(found.entries, entry{address: address.Unmap(), port: port})
		}
	})
	return found
}

func (q *query) anyReady(r request) bool {
	for _, endpoint := range q.source.Endpoints(r.namespace, r.service) {
		if endpoint.Ready && len(endpoint.Addresses) > 0 {
			return true
		}
	}
	return false
}

func (q *query) lookupEndpoints(r request, buffer []entry) find {
	found := find{entries: buffer}
	for _, endpoint := range q.source.Endpoints(r.namespace, r.service) {
		if !endpoint.Ready {
			continue
		}
		for _, address := range endpoint.Addresses {
			address = address.Unmap()
			if r.endpoint != "" && !endpointMatches(r.endpoint, endpoint.Hostname, address) {
				continue
			}
			forEachPort(endpoint.Ports, r, func(port int32) {
				found.entries = append(found.entries, entry{address, port, true, endpoint.Hostname})
			})
		}
	}
	found.exists = len(found.entries) > len(buffer)
	return found
}

// forEachPort calls visit for every port that fits the request; without ports there is one, noPort, which fits
// a request that names neither port nor protocol.
func forEachPort(ports []Port, r request, visit func(port int32)) {
	if len(ports) == 0 && r.port == "" && r.protocol == "" {
		visit(noPort)
	}
	for _, port := range ports {
		if (r.port == "" || strings.EqualFold(r.port, port.Name)) &&
			(r.protocol == "" || strings.EqualFold(r.protocol, port.Protocol)) {
			visit(int32(port.Port))
		}
	}
}
