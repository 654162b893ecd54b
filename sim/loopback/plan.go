package loopback

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

// host is the address at which node ports are on any system.
var host = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// rank orders what is opened when not everything can be.
type rank uint8

const (
	hostPort    rank = iota // a node port at 127.0.0.1
	servicePort             // a port of a cluster IP
	podPort
	nodePort // a node port at a node's address
)

// opening is a port that has to be open.
type opening struct {
	at     netip.AddrPort
	rank   rank
	silent bool // what comes to it is lost
}

// owner is what an opening is for: the UID of a Pod or of a Service.
type owner = types.UID

// planner works out what a cluster offers. It is made anew for every look at the cluster.
type planner struct {
	view     store.View
	settings *api.Settings
	lost     []string
	nodes    []*corev1.Node
}

func newPlanner(view store.View, settings *api.Settings, lost []string) *planner {
	return &planner{view: view, settings: settings, lost: lost, nodes: slices.Collect(store.List[*corev1.Node](view, ""))}
}

// reachable says whether programs of this machine can use an address of the cluster.
func (p *planner) reachable(address netip.Addr) bool {
	return address.IsLoopback() && p.settings.Owns(address)
}

// pod is what the Pod with an UID offers; the object may be gone while its processes still run.
func (p *planner) pod(uid owner) (openings []opening) {
	sandbox, found := store.GetRow[*container.Sandbox](p.view, container.Sandboxes, string(uid))
	if !found {
		return nil
	}
	silent := slices.Contains(p.lost, sandbox.Node)
	places := container.Listening(p.view, uid)
	if silent {
		pod := sandbox.Pod
		if now, found := store.Get[*corev1.Pod](p.view, pod.Namespace, pod.Name); found && now.UID == uid {
			pod = now
		}
		places = container.Unanswered(p.view, pod)
	}
	for _, place := range places {
		if p.reachable(place.Addr()) {
			openings = append(openings, opening{place, podPort, silent})
		}
	}
	return openings
}

// service is what a Service offers.
func (p *planner) service(service *corev1.Service) (openings []opening) {
	seen := map[uint16]bool{}
	for _, offer := range network.Offers(p.view, service, p.nodes) {
		lost := slices.Contains(p.lost, offer.Node) || offer.Fails == applet.TimedOut ||
			len(offer.Nodes) > 0 && !slices.ContainsFunc(offer.Nodes, func(node string) bool { return !slices.Contains(p.lost, node) })
		if offer.Fails == applet.ConnectionRefused && !lost {
			continue
		}
		at := opening{offer.At, servicePort, lost}
		if offer.Node != "" {
			at.rank = nodePort
			if offer.Node == p.front() && !seen[offer.At.Port()] {
				seen[offer.At.Port()] = true
				openings = append(openings, opening{netip.AddrPortFrom(host, offer.At.Port()), hostPort, lost})
			}
		}
		if p.reachable(offer.At.Addr()) {
			openings = append(openings, at)
		}
	}
	return openings
}

// front is the node that 127.0.0.1 stands for: the first that is up.
func (p *planner) front() string {
	for _, node := range p.nodes {
		if !slices.Contains(p.lost, node.Name) {
			return node.Name
		}
	}
	return ""
}

// all is what everything in the cluster offers.
func (p *planner) all() map[owner][]opening {
	openings := map[owner][]opening{}
	for sandbox := range store.Rows[*container.Sandbox](p.view, container.Sandboxes, "") {
		if found := p.pod(sandbox.UID); len(found) > 0 {
			openings[sandbox.UID] = found
		}
	}
	for service := range store.List[*corev1.Service](p.view, "") {
		if found := p.service(service); len(found) > 0 {
			openings[service.UID] = found
		}
	}
	return openings
}

// chosen are the openings that fit within a limit, each port once. Where two want the same port the more important one has it; a node port goes before a
// program on the node, as the rules of kube-proxy do.
func chosen(plan map[owner][]opening, limit int) (ports map[netip.AddrPort]opening, left int) {
	var all []opening
	for _, openings := range plan {
		all = append(all, openings...)
	}
	slices.SortFunc(all, func(a, b opening) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), a.at.Addr().Compare(b.at.Addr()), cmp.Compare(a.at.Port(), b.at.Port()))
	})
	ports = map[netip.AddrPort]opening{}
	for _, one := range all {
		before, taken := ports[one.at]
		switch {
		case taken && (before.rank != podPort || one.rank != nodePort):
		case taken, len(ports) < limit:
			ports[one.at] = one
		default:
			left++
		}
	}
	return ports, left
}
