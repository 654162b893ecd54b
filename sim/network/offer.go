package network

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/store"
)

// Offer is what a client outside of the cluster finds at a TCP port of a Service.
type Offer struct {
	At    netip.AddrPort // where: an address of the Service, or one of a node and the node port
	Node  string         // whose node port it is; empty for an address of the Service
	Nodes []string       // on which nodes the endpoints are, one each; "" where it is not known
	Fails applet.NetworkReason
}

// Offers are those of a Service at its cluster IPs, and at the node ports of the given nodes: exactly where [Route] leads somewhere, or fails otherwise than
// at a port that nobody has. Headless Services and ports of other protocols offer nothing.
func Offers(view store.View, service *corev1.Service, nodes []*corev1.Node) []Offer {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	r := &router{tx: &store.Tx{View: view}}
	var offers []Offer
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		if protocol(port.Protocol) != string(corev1.ProtocolTCP) {
			continue
		}
		candidates := r.candidates(service, port)
		for _, address := range clusterIPs(service) {
			offers = append(offers, offer(candidates, netip.AddrPortFrom(address, uint16(port.Port)), "", false))
		}
		if port.NodePort == 0 {
			continue
		}
		for _, node := range nodes {
			for _, has := range node.Status.Addresses {
				if address, ok := parse(has.Address); ok {
					local := service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
					offers = append(offers, offer(candidates, netip.AddrPortFrom(address, uint16(port.NodePort)), node.Name, local))
				}
			}
		}
	}
	return offers
}

func offer(candidates []candidate, at netip.AddrPort, node string, local bool) Offer {
	found := Offer{At: at, Node: node}
	for _, c := range candidates {
		if !local || c.node == node {
			found.Nodes = append(found.Nodes, c.node)
		}
	}
	switch {
	case len(candidates) == 0:
		found.Fails = applet.ConnectionRefused
	case len(found.Nodes) == 0:
		found.Fails = applet.TimedOut
	}
	return found
}
