package dnsserver

import (
	"net/netip"
	"slices"
	"strings"
)

// Index is a Source that is kept up to date change by change. A change costs as much as the object that changed,
// not as much as the service it belongs to: of a headless service with 10,000 endpoints only the EndpointSlice at
// hand is looked at. The zero value is not usable; see NewIndex.
//
// It is not safe for concurrent use: whoever changes it holds the guard of the server that reads it.
type Index struct {
	serial     uint32
	version    uint64 // grows with every change
	namespaces map[string]struct{}
	services   map[objectName]Service
	byIP       map[netip.Addr][]objectName // of services, sorted
	slices     map[objectName]*indexedSlice
	parts      map[objectName]*serviceParts
	byAddress  map[netip.Addr][]place
	pods       map[objectName][]netip.Addr
	podCounts  map[podAddress]int
}

type objectName struct{ namespace, name string }

func (n objectName) compare(other objectName) int {
	if order := strings.Compare(n.namespace, other.namespace); order != 0 {
		return order
	}
	return strings.Compare(n.name, other.name)
}

type podAddress struct {
	namespace string
	address   netip.Addr
}

var (
	_ GroupSource = (*Index)(nil)
	_ Versioned   = (*Index)(nil)
)

// NewIndex returns an index of nothing.
func NewIndex() *Index {
	x := new(Index)
	x.Reset()
	return x
}

// Reset makes it an index of nothing again. The serial stays.
func (x *Index) Reset() {
	*x = Index{
		serial:     x.serial,
		version:    x.version + 1,
		namespaces: map[string]struct{}{},
		services:   map[objectName]Service{},
		byIP:       map[netip.Addr][]objectName{},
		slices:     map[objectName]*indexedSlice{},
		parts:      map[objectName]*serviceParts{},
		byAddress:  map[netip.Addr][]place{},
		pods:       map[objectName][]netip.Addr{},
		podCounts:  map[podAddress]int{},
	}
}

// SetSerial sets the serial of the SOA records.
func (x *Index) SetSerial(serial uint32) {
	if serial != x.serial {
		x.version++
	}
	x.serial = serial
}

// SetNamespace adds a namespace.
func (x *Index) SetNamespace(name string) {
	x.version++
	x.namespaces[name] = struct{}{}
}

// RemoveNamespace removes a namespace. What is in it stays in the index and is no longer answered.
func (x *Index) RemoveNamespace(name string) {
	x.version++
	delete(x.namespaces, name)
}

// SetService adds a service or replaces the one of that name. The index keeps its slices.
func (x *Index) SetService(service Service) {
	x.RemoveService(service.Namespace, service.Name)
	name := objectName{service.Namespace, service.Name}
	x.services[name] = service
	for _, address := range service.ClusterIPs {
		x.byIP[address] = insert(x.byIP[address], name, objectName.compare)
	}
}

// RemoveService removes a service; its EndpointSlices stay. An unknown one is left alone.
func (x *Index) RemoveService(namespace, name string) {
	x.version++
	gone := objectName{namespace, name}
	for _, address := range x.services[gone].ClusterIPs {
		remove(x.byIP, address, gone, objectName.compare)
	}
	delete(x.services, gone)
}

// SetPod sets the addresses of a live Pod; a Pod without any, or one that has ended, is not known.
func (x *Index) SetPod(namespace, name string, addresses []netip.Addr) {
	x.version++
	pod := objectName{namespace, name}
	for _, address := range x.pods[pod] {
		key := podAddress{namespace, address}
		if x.podCounts[key]--; x.podCounts[key] == 0 {
			delete(x.podCounts, key)
		}
	}
	delete(x.pods, pod)
	if len(addresses) == 0 {
		return
	}
	x.pods[pod] = addresses
	for _, address := range addresses {
		x.podCounts[podAddress{namespace, address}]++
	}
}

// Service implements [Source].
func (x *Index) Service(namespace, name string) (Service, bool) {
	service, found := x.services[objectName{namespace, name}]
	return service, found
}

// NamespaceExists implements [Source].
func (x *Index) NamespaceExists(name string) bool {
	_, exists := x.namespaces[name]
	return exists
}

// ServicesByIP implements [Source].
func (x *Index) ServicesByIP(ip netip.Addr) []Service {
	var services []Service
	for _, name := range x.byIP[ip] {
		services = append(services, x.services[name])
	}
	return services
}

// PodByIP implements [Source].
func (x *Index) PodByIP(namespace string, ip netip.Addr) bool {
	return x.podCounts[podAddress{namespace, ip}] > 0
}

// Serial implements [Source].
func (x *Index) Serial() uint32 { return x.serial }

// Version implements [Versioned].
func (x *Index) Version() uint64 { return x.version }

// insert puts a member into a sorted list that does not hold it yet.
func insert[T any](list []T, member T, compare func(a, b T) int) []T {
	at, present := slices.BinarySearchFunc(list, member, compare)
	if present {
		return list
	}
	return slices.Insert(list, at, member)
}

// remove takes a member out of a sorted list of a map, and an empty list out of the map.
func remove[K comparable, T any](lists map[K][]T, key K, member T, compare func(a, b T) int) {
	list := lists[key]
	at, present := slices.BinarySearchFunc(list, member, compare)
	switch {
	case !present:
	case len(list) == 1:
		delete(lists, key)
	default:
		lists[key] = slices.Delete(list, at, at+1)
	}
}
