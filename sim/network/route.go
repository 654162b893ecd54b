package network

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/store"
)

// Where is what has the target address of a connection.
type Where struct {
	Target   netip.AddrPort
	Loopback bool     // the machine the connection started on
	Node     string   // it is an address of this node (its own programs, or Pods with hostNetwork)
	Pod      api.Name // it is the address of this Pod; both are empty for an address that belongs to a range of the cluster but to nothing else
	Service  api.Name // the service it went through, if any
}

// Route decides where a TCP connection from source to destination ends. choose picks among endpoints, under the label
// "endpoint NAMESPACE/NAME". The transaction is written to only when a service has session affinity.
// Source is the zero Addr for a client outside of the cluster.
//
// Upstream: pkg/proxy/iptables/proxier.go and pkg/proxy/topology.go.
func Route(tx *store.Tx, settings *api.Settings, choose func(label string, n int) int, source netip.Addr, destination netip.AddrPort) (Where, *applet.NetworkError) {
	r := &router{tx: tx, settings: settings, choose: choose, source: source, destination: destination}
	address := destination.Addr().Unmap()
	if address.IsLoopback() && !settings.Owns(address) || address.IsUnspecified() {
		return Where{Target: destination, Loopback: true}, nil
	}
	if where, failure, found := r.service(address); found {
		return where, failure
	}
	if pod, found := podWith(tx.View, address); found {
		return Where{Target: destination, Pod: pod}, nil
	}
	if node, found := nodeWith(tx.View, address); found {
		if where, failure, found := r.nodePort(node); found {
			return where, failure
		}
		return Where{Target: destination, Node: node.Name}, nil
	}
	if settings.PodCIDR.IsValid() && settings.PodCIDR.Contains(address) {
		return Where{}, r.fails(applet.NoRoute)
	}
	return Where{}, r.fails(applet.TimedOut)
}

type router struct {
	tx          *store.Tx
	settings    *api.Settings
	choose      func(label string, n int) int
	source      netip.Addr
	destination netip.AddrPort
}

type candidate struct {
	target netip.AddrPort
	node   string
	pod    api.Name
}

func (r *router) fails(reason applet.NetworkReason) *applet.NetworkError {
	return &applet.NetworkError{Reason: reason, Address: r.destination}
}

// service answers for the addresses of services. An address in the service range that no service has leads nowhere.
func (r *router) service(address netip.Addr) (Where, *applet.NetworkError, bool) {
	for service := range store.List[*corev1.Service](r.tx.View, "") {
		external, found := addressOf(service, address)
		if !found {
			continue
		}
		for i := range service.Spec.Ports {
			port := &service.Spec.Ports[i]
			if protocol(port.Protocol) == string(corev1.ProtocolTCP) && uint16(port.Port) == r.destination.Port() {
				local := r.isLocal(service, external)
				where, failure := r.pick(service, port, local, r.clientNode())
				return where, failure, true
			}
		}
		// In its iptables mode kube-proxy has no rule for other ports of a cluster IP, so they time out; its nftables mode refuses them.
		return Where{}, r.fails(applet.TimedOut), true
	}
	if r.settings.ServiceCIDR.IsValid() && r.settings.ServiceCIDR.Contains(address) {
		return Where{}, r.fails(applet.TimedOut), true
	}
	return Where{}, nil, false
}

// addressOf says whether a service has an address, and whether it is one for clients from outside.
func addressOf(service *corev1.Service, address netip.Addr) (external, found bool) {
	for _, ip := range clusterIPs(service) {
		if ip == address {
			return false, true
		}
	}
	for _, text := range service.Spec.ExternalIPs {
		if ip, ok := parse(text); ok && ip == address {
			return true, true
		}
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ip, ok := parse(ingress.IP); ok && ip == address {
			return true, true
		}
	}
	return false, false
}

// nodePort answers for a port of a node's address that a service has taken.
func (r *router) nodePort(node *corev1.Node) (Where, *applet.NetworkError, bool) {
	for service := range store.List[*corev1.Service](r.tx.View, "") {
		for i := range service.Spec.Ports {
			port := &service.Spec.Ports[i]
			if port.NodePort != 0 && uint16(port.NodePort) == r.destination.Port() && protocol(port.Protocol) == string(corev1.ProtocolTCP) {
				where, failure := r.pick(service, port, r.isLocal(service, true), node.Name)
				return where, failure, true
			}
		}
	}
	return Where{}, nil, false
}

// isLocal says whether only endpoints on the node where the rules apply may be used.
func (r *router) isLocal(service *corev1.Service, external bool) bool {
	if external {
		// A client in a Pod takes the short cut that kube-proxy gives to traffic from the cluster.
		return service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal && r.clientNode() == ""
	}
	return service.Spec.InternalTrafficPolicy != nil && *service.Spec.InternalTrafficPolicy == corev1.ServiceInternalTrafficPolicyLocal && r.clientNode() != ""
}

// pick chooses an endpoint of a service port.
func (r *router) pick(service *corev1.Service, port *corev1.ServicePort, local bool, node string) (Where, *applet.NetworkError) {
	name := api.NameOf(service)
	candidates := r.candidates(service, port)
	if len(candidates) == 0 {
		return Where{}, r.fails(applet.ConnectionRefused)
	}
	if local {
		here := candidates[:0:0]
		for _, c := range candidates {
			if c.node == node {
				here = append(here, c)
			}
		}
		if candidates = here; len(candidates) == 0 {
			return Where{}, r.fails(applet.TimedOut)
		}
	}
	key := name.String() + "/" + port.Name
	timeout := affinityTimeout(service)
	chosen, pinned := candidate{}, false
	if timeout > 0 {
		chosen, pinned = r.remembered(key, timeout, candidates)
	}
	if !pinned {
		chosen = candidates[r.choose("endpoint "+name.String(), len(candidates))]
	}
	if timeout > 0 {
		r.remember(key, chosen.target)
	}
	where := Where{Target: chosen.target, Pod: chosen.pod, Service: name}
	if chosen.pod == (api.Name{}) {
		if pod, found := podWith(r.tx.View, chosen.target.Addr()); found {
			where.Pod = pod
		} else if node, found := nodeWith(r.tx.View, chosen.target.Addr()); found {
			where.Node = node.Name
		}
	}
	return where, nil
}

// candidates are the endpoints that take connections: the ready ones or, when there are none, those that serve while they terminate.
func (r *router) candidates(service *corev1.Service, port *corev1.ServicePort) []candidate {
	var ready, terminating []candidate
	for slice := range store.List[*discoveryv1.EndpointSlice](r.tx.View, service.Namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] != service.Name {
			continue
		}
		target, found := portNamed(slice, port.Name)
		if !found {
			continue
		}
		for i := range slice.Endpoints {
			endpoint := &slice.Endpoints[i]
			if len(endpoint.Addresses) == 0 {
				continue
			}
			address, ok := parse(endpoint.Addresses[0])
			if !ok {
				continue
			}
			c := candidate{target: netip.AddrPortFrom(address, target)}
			if endpoint.NodeName != nil {
				c.node = *endpoint.NodeName
			}
			if ref := endpoint.TargetRef; ref != nil && ref.Kind == "Pod" {
				c.pod = api.Name{Namespace: ref.Namespace, Name: ref.Name}
			}
			switch conditions := endpoint.Conditions; {
			case isReady(endpoint):
				ready = append(ready, c)
			case conditions.Serving != nil && *conditions.Serving && conditions.Terminating != nil && *conditions.Terminating:
				terminating = append(terminating, c)
			}
		}
	}
	if len(ready) > 0 {
		return ready
	}
	return terminating
}

func portNamed(slice *discoveryv1.EndpointSlice, name string) (uint16, bool) {
	for _, port := range slice.Ports {
		has := ""
		if port.Name != nil {
			has = *port.Name
		}
		if has == name && port.Port != nil {
			return uint16(*port.Port), true
		}
	}
	return 0, false
}

// clientNode is the node a client inside of the cluster is on.
func (r *router) clientNode() string {
	if !r.source.IsValid() {
		return ""
	}
	for pod := range store.List[*corev1.Pod](r.tx.View, "") {
		if hasAddress(pod, r.source) {
			return pod.Spec.NodeName
		}
	}
	if node, found := nodeWith(r.tx.View, r.source); found {
		return node.Name
	}
	return ""
}

// podWith finds the live Pod that has an address of its own.
func podWith(view store.View, address netip.Addr) (api.Name, bool) {
	for pod := range store.List[*corev1.Pod](view, "") {
		if pod.Spec.HostNetwork || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		if hasAddress(pod, address) {
			return api.NameOf(pod), true
		}
	}
	return api.Name{}, false
}

func hasAddress(pod *corev1.Pod, address netip.Addr) bool {
	for _, ip := range pod.Status.PodIPs {
		if parsed, ok := parse(ip.IP); ok && parsed == address {
			return true
		}
	}
	return false
}

func nodeWith(view store.View, address netip.Addr) (*corev1.Node, bool) {
	for node := range store.List[*corev1.Node](view, "") {
		for _, has := range node.Status.Addresses {
			if parsed, ok := parse(has.Address); ok && parsed == address {
				return node, true
			}
		}
	}
	return nil, false
}
