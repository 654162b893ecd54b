package network

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/store"
)

// Names shows a cluster to its DNS server. It implements [dnsserver.Source].
type Names struct{ View store.View }

var _ dnsserver.Source = Names{}

// Service implements [dnsserver.Source].
func (n Names) Service(namespace, name string) (dnsserver.Service, bool) {
	service, found := store.Get[*corev1.Service](n.View, namespace, name)
	if !found {
		return dnsserver.Service{}, false
	}
	return plain(service), true
}

// Endpoints implements [dnsserver.Source].
func (n Names) Endpoints(namespace, service string) []dnsserver.Endpoint {
	var endpoints []dnsserver.Endpoint
	for slice := range store.List[*discoveryv1.EndpointSlice](n.View, namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			endpoints = append(endpoints, endpointsOf(slice)...)
		}
	}
	return endpoints
}

// NamespaceExists implements [dnsserver.Source].
func (n Names) NamespaceExists(name string) bool {
	_, found := store.Get[*corev1.Namespace](n.View, "", name)
	return found
}

// ServicesByIP implements [dnsserver.Source].
func (n Names) ServicesByIP(ip netip.Addr) []dnsserver.Service {
	var services []dnsserver.Service
	for service := range store.List[*corev1.Service](n.View, "") {
		for _, address := range clusterIPs(service) {
			if address == ip {
				services = append(services, plain(service))
				break
			}
		}
	}
	return services
}

// EndpointsByIP implements [dnsserver.Source].
func (n Names) EndpointsByIP(ip netip.Addr) []dnsserver.NamedEndpoint {
	var named []dnsserver.NamedEndpoint
	for slice := range store.List[*discoveryv1.EndpointSlice](n.View, "") {
		service := slice.Labels[discoveryv1.LabelServiceName]
		if service == "" || !holds(slice, ip) {
			continue
		}
		for _, endpoint := range endpointsOf(slice) {
			for _, address := range endpoint.Addresses {
				if address == ip {
					named = append(named, dnsserver.NamedEndpoint{Namespace: slice.Namespace, Service: service, Endpoint: endpoint})
					break
				}
			}
		}
	}
	return named
}

// PodByIP implements [dnsserver.Source].
func (n Names) PodByIP(namespace string, ip netip.Addr) bool {
	for pod := range store.List[*corev1.Pod](n.View, namespace) {
		if slices.Contains(podAddresses(pod), ip) {
			return true
		}
	}
	return false
}

// Serial implements [dnsserver.Source].
func (n Names) Serial() uint32 { return uint32(n.View.Meta().Revision) }

func plain(service *corev1.Service) dnsserver.Service {
	result := dnsserver.Service{
		Namespace: service.Namespace, Name: service.Name,
		Type:            string(service.Spec.Type),
		ClusterIPs:      clusterIPs(service),
		Headless:        service.Spec.ClusterIP == corev1.ClusterIPNone,
		ExternalName:    service.Spec.ExternalName,
		PublishNotReady: service.Spec.PublishNotReadyAddresses,
	}
	for _, port := range service.Spec.Ports {
		result.Ports = append(result.Ports, dnsserver.Port{Name: port.Name, Protocol: strings.ToUpper(protocol(port.Protocol)), Port: uint16(port.Port)})
	}
	return result
}

// clusterIPs are the addresses of a service; none when it is headless.
func clusterIPs(service *corev1.Service) []netip.Addr {
	texts := service.Spec.ClusterIPs
	if len(texts) == 0 {
		texts = []string{service.Spec.ClusterIP}
	}
	var addresses []netip.Addr
	for _, text := range texts {
		if address, ok := parse(text); ok {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// endpointsOf are a slice's endpoints in its own order, which is the order of the records.
func endpointsOf(slice *discoveryv1.EndpointSlice) []dnsserver.Endpoint {
	var ports []dnsserver.Port
	for _, port := range slice.Ports {
		if port.Port == nil {
			continue
		}
		plain := dnsserver.Port{Protocol: "TCP", Port: uint16(*port.Port)}
		if port.Name != nil {
			plain.Name = *port.Name
		}
		if port.Protocol != nil {
			plain.Protocol = string(*port.Protocol)
		}
		ports = append(ports, plain)
	}
	endpoints := make([]dnsserver.Endpoint, 0, len(slice.Endpoints))
	for i := range slice.Endpoints {
		from := &slice.Endpoints[i]
		endpoint := dnsserver.Endpoint{Ready: isReady(from), Ports: ports}
		if from.Hostname != nil {
			endpoint.Hostname = *from.Hostname
		}
		for _, text := range from.Addresses {
			if address, ok := parse(text); ok {
				endpoint.Addresses = append(endpoint.Addresses, address)
			}
		}
		endpoints = append(endpoints, endpoint)
	}
	return endpoints
}

// holds says whether a slice has the address, without building anything.
func holds(slice *discoveryv1.EndpointSlice, ip netip.Addr) bool {
	for i := range slice.Endpoints {
		for _, text := range slice.Endpoints[i].Addresses {
			if address, ok := parse(text); ok && address == ip {
				return true
			}
		}
	}
	return false
}

// isReady: a condition that nobody has set counts as true, as the API says.
func isReady(endpoint *discoveryv1.Endpoint) bool {
	return endpoint.Conditions.Ready == nil || *endpoint.Conditions.Ready
}

func parse(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	return address.Unmap(), err == nil
}

func protocol(named corev1.Protocol) string {
	if named == "" {
		return string(corev1.ProtocolTCP)
	}
	return string(named)
}
