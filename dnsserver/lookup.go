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
		c := q.collect(buffer)
		for _, server := range q.nameServers(q.zone) {
			c.add(entry{address: server.address, port: noPort})
		}
		c.exists = true
		return c.find
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
	c := q.collect(buffer)
	c.add(entry{address: address})
	return c.find
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
	c := q.collect(buffer)
	forEachPort(s.Ports, r, func(port int32) {
		c.exists = true
		for _, address := range s.ClusterIPs {
			c.add(entry{address: address.Unmap(), port: port})
		}
	})
	return c.find
}

func (q *query) anyReady(r request) (any bool) {
	q.eachGroup(r.namespace, r.service, "", func(group EndpointGroup) bool {
		for i := range group.Endpoints {
			any = any || group.Endpoints[i].Ready && len(group.Endpoints[i].Addresses) > 0
		}
		return !any
	})
	return any
}

func (q *query) lookupEndpoints(r request, buffer []entry) find {
	c := q.collect(buffer)
	q.eachGroup(r.namespace, r.service, r.endpoint, func(group EndpointGroup) bool {
		if c.exists && c.needsNoneOf(group) {
			return true
		}
		for i := range group.Endpoints {
			endpoint := &group.Endpoints[i]
			if !endpoint.Ready {
				continue
			}
			for _, address := range endpoint.Addresses {
				address = address.Unmap()
				if r.endpoint != "" && !endpointMatches(r.endpoint, endpoint.Hostname, address) {
					continue
				}
				forEachPort(endpoint.Ports, r, func(port int32) {
					c.add(entry{address, port, true, endpoint.Hostname})
				})
			}
			if c.full() {
				return false
			}
		}
		return true
	})
	return c.find
}

// eachGroup goes through the endpoints of a service, as one group if the source knows no parts.
func (q *query) eachGroup(namespace, service, label string, visit func(EndpointGroup) bool) {
	if source, is := q.source.(GroupSource); is {
		source.EachGroup(namespace, service, label, visit)
		return
	}
	visit(EndpointGroup{Endpoints: q.source.Endpoints(namespace, service)})
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
