package dnsserver

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// indexedSlice is one EndpointSlice of a service.
type indexedSlice struct {
	name    objectName
	service string
	group   EndpointGroup
}

// serviceParts are the EndpointSlices of a service, sorted by name, and where the endpoints of each label are.
type serviceParts struct {
	slices []*indexedSlice
	labels map[string][]place
}

// place is an endpoint in a slice. Places are sorted as the endpoints of the whole cluster are: by namespace, name
// of the slice, and position in it.
type place struct {
	slice    *indexedSlice
	position int
}

func (p place) compare(other place) int {
	return cmp.Or(p.slice.name.compare(other.slice.name), cmp.Compare(p.position, other.position))
}

func compareSlices(a, b *indexedSlice) int { return a.name.compare(b.name) }

// SetSlice adds an EndpointSlice or replaces the one of that name. The index keeps the endpoints. A slice of no
// service is not answered.
func (x *Index) SetSlice(namespace, name, service string, endpoints []Endpoint) {
	key := objectName{namespace, name}
	slice, known := x.slices[key]
	if known && slice.service != service || service == "" {
		x.RemoveSlice(namespace, name)
		known = false
	}
	if service == "" {
		return
	}
	if !known {
		slice = &indexedSlice{name: key, service: service}
		x.slices[key] = slice
		parts := x.parts[slice.serviceName()]
		if parts == nil {
			parts = &serviceParts{labels: map[string][]place{}}
			x.parts[slice.serviceName()] = parts
		}
		parts.slices = insert(parts.slices, slice, compareSlices)
	}
	x.replace(slice, endpoints)
}

// RemoveSlice removes an EndpointSlice; an unknown one is left alone.
func (x *Index) RemoveSlice(namespace, name string) {
	key := objectName{namespace, name}
	slice, known := x.slices[key]
	if !known {
		return
	}
	x.replace(slice, nil)
	delete(x.slices, key)
	parts := x.parts[slice.serviceName()]
	at, _ := slices.BinarySearchFunc(parts.slices, slice, compareSlices)
	parts.slices = slices.Delete(parts.slices, at, at+1)
	if len(parts.slices) == 0 {
		delete(x.parts, slice.serviceName())
	}
}

func (s *indexedSlice) serviceName() objectName { return objectName{s.name.namespace, s.service} }

// replace gives a slice other endpoints. Where an endpoint is known by the same names as the one before it at that
// position - a Pod has become ready - the lists of places stay as they are.
func (x *Index) replace(slice *indexedSlice, endpoints []Endpoint) {
	x.version++
	before, parts := slice.group.Endpoints, x.parts[slice.serviceName()]
	for i := range max(len(before), len(endpoints)) {
		if i < min(len(before), len(endpoints)) && sameNames(before[i], endpoints[i]) {
			continue
		}
		here := place{slice, i}
		if i < len(before) {
			eachName(before[i], func(label string, address netip.Addr) {
				remove(parts.labels, label, here, place.compare)
				remove(x.byAddress, address, here, place.compare)
			})
		}
		if i < len(endpoints) {
			eachName(endpoints[i], func(label string, address netip.Addr) {
				parts.labels[label] = insert(parts.labels[label], here, place.compare)
				x.byAddress[address] = insert(x.byAddress[address], here, place.compare)
			})
		}
	}
	slice.group = EndpointGroup{Endpoints: endpoints, Lacks4: true, Lacks6: true}
	for i := range endpoints {
		for _, address := range endpoints[i].Addresses {
			if address.Unmap().Is4() {
				slice.group.Lacks4 = false
			} else {
				slice.group.Lacks6 = false
			}
		}
	}
}

func sameNames(a, b Endpoint) bool {
	return a.Hostname == b.Hostname && slices.Equal(a.Addresses, b.Addresses)
}

// eachName visits the labels and addresses an endpoint is known by; some may come more than once.
func eachName(endpoint Endpoint, visit func(label string, address netip.Addr)) {
	for _, address := range endpoint.Addresses {
		visit(strings.ToLower(endpointLabel(endpoint.Hostname, address.Unmap())), address)
	}
}

// Endpoints implements [Source]. It costs as much as the service is large; Answer uses EachGroup.
func (x *Index) Endpoints(namespace, service string) []Endpoint {
	var endpoints []Endpoint
	x.EachGroup(namespace, service, "", func(group EndpointGroup) bool {
		endpoints = append(endpoints, group.Endpoints...)
		return true
	})
	return endpoints
}

// EachGroup implements [GroupSource].
func (x *Index) EachGroup(namespace, service, label string, visit func(EndpointGroup) bool) {
	parts := x.parts[objectName{namespace, service}]
	if parts == nil {
		return
	}
	if label != "" {
		for _, at := range parts.labels[label] {
			group := at.slice.group
			group.Endpoints = group.Endpoints[at.position : at.position+1]
			if !visit(group) {
				return
			}
		}
		return
	}
	for _, slice := range parts.slices {
		if !visit(slice.group) {
			return
		}
	}
}

// EndpointsByIP implements [Source].
func (x *Index) EndpointsByIP(ip netip.Addr) []NamedEndpoint {
	var named []NamedEndpoint
	for _, at := range x.byAddress[ip] {
		named = append(named, NamedEndpoint{at.slice.name.namespace, at.slice.service, at.slice.group.Endpoints[at.position]})
	}
	return named
}
