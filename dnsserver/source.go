package dnsserver

import "net/netip"

// Source is what the server knows about a cluster, as plain values. Names are lower case, as Kubernetes stores
// them. Implementations must be cheap and free of side effects: one question may call a method several times.
// The server never changes a slice it was given, and does not keep it.
type Source interface {
	// Service returns the service of that name, and whether there is one.
	Service(namespace, name string) (Service, bool)
	// Endpoints returns the endpoints in the EndpointSlices of a service, ready or not, in a stable order
	// that becomes the order of the records.
	Endpoints(namespace, service string) []Endpoint
	// NamespaceExists tells whether a namespace exists; names in others are NXDOMAIN.
	NamespaceExists(name string) bool
	// ServicesByIP returns the services that have this cluster IP (in a sound cluster at most one).
	ServicesByIP(ip netip.Addr) []Service
	// EndpointsByIP returns the endpoints with this address, ready or not, each with its service.
	EndpointsByIP(ip netip.Addr) []NamedEndpoint
	// PodByIP tells whether a live Pod of the namespace has this address.
	PodByIP(namespace string, ip netip.Addr) bool
	// Serial is the serial of the SOA records. It grows with every change of the cluster.
	Serial() uint32
}

// Versioned is a Source that says itself when it has changed. Packed answers are kept while its version is the same, and those
// of any other source while its serial is.
type Versioned interface {
	Source
	// Version is another number after every change, whatever the serial is.
	Version() uint64
}

// GroupSource is a Source that shows the endpoints of a service in parts, so that a question about a large service
// need not go through all of it. Answer uses it where a source has it; the replies are the same without.
type GroupSource interface {
	Source
	// EachGroup calls visit with the endpoints that Endpoints returns, in its order and in parts of any size, until
	// visit returns false. If label is not empty, endpoints that are not known by that label (their hostname or an
	// address with dashes, in lower case) may be left out.
	EachGroup(namespace, service, label string, visit func(EndpointGroup) bool)
}

// EndpointGroup is a part of the endpoints of a service.
type EndpointGroup struct {
	Endpoints []Endpoint
	// Lacks4 and Lacks6 promise that no endpoint of the group has an address of that family.
	Lacks4, Lacks6 bool
}

// typeExternalName is the one Service.Type that matters here; every other type is answered by its cluster IPs.
const typeExternalName = "ExternalName"

// Service is a Kubernetes Service as far as DNS is concerned.
type Service struct {
	Namespace, Name string
	// Type is spec.type: ClusterIP, NodePort, LoadBalancer or ExternalName.
	Type string
	// ClusterIPs are the allocated addresses, none for a headless service.
	ClusterIPs []netip.Addr
	// Headless is true when spec.clusterIP is None.
	Headless bool
	// ExternalName is spec.externalName, with or without the final dot.
	ExternalName string
	Ports        []Port
	// PublishNotReady is spec.publishNotReadyAddresses. Answer does not read it: like CoreDNS it trusts
	// Endpoint.Ready, into which the flag has been folded. It is here for callers that explain an answer.
	PublishNotReady bool
}

// Port is a port of a service or an endpoint. Name may be empty; Protocol is TCP, UDP or SCTP in any case.
type Port struct {
	Name, Protocol string
	Port           uint16
}

// Endpoint is one endpoint of an EndpointSlice.
type Endpoint struct {
	Addresses []netip.Addr
	// Hostname is set when the Pod has a hostname and its subdomain is the name of the service;
	// without it the endpoint is known by its address with dashes.
	Hostname string
	// Ready tells whether DNS answers with this endpoint: publishNotReadyAddresses, or the Pod is ready and
	// not terminating.
	Ready bool
	Ports []Port
}

// NamedEndpoint is an endpoint together with the service it belongs to.
type NamedEndpoint struct {
	Namespace, Service string
	Endpoint           Endpoint
}
