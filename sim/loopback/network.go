package loopback

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/store"
)

// The bounds of what is open at a time.
const (
	MaxListeners   = 2048
	MaxConnections = 1024
)

// Report hears, in a sentence, of what cannot be offered. It is called in a turn of the door and must not take one.
type Report func(problem string)

// Network is the sockets of a cluster.
type Network struct {
	door     *door.Door
	settings *api.Settings
	report   Report
	limit    int // of listeners
	others   []netip.AddrPort

	mu          sync.Mutex // taken within turns of the door, which are never taken while it is held
	closed      bool
	revision    uint64   // of the newest change looked at
	lost        []string // nodes that are out of reach
	plan        map[owner][]opening
	ports       map[netip.AddrPort]*port
	connections map[*connection]struct{}
	told        map[string]bool // problems that were reported
	reserved    bool            // ports below 1024 are
}

// Listen opens what the cluster behind a door offers and follows it, until Close. What somebody else serves is left out.
func Listen(d *door.Door, report Report, others ...netip.AddrPort) *Network {
	return listen(d, report, MaxListeners, others)
}

func listen(d *door.Door, report Report, limit int, others []netip.AddrPort) *Network {
	n := &Network{door: d, others: others, report: report, limit: limit, plan: map[owner][]opening{}, ports: map[netip.AddrPort]*port{}, connections: map[*connection]struct{}{}, told: map[string]bool{}}
	d.Do(func(cluster *sim.Cluster) {
		n.settings = cluster.Settings()
		n.Rescan(cluster)
	})
	d.Observe(n.follow)
	return n
}

// The pauses between two looks at everything. What the change log does not show (a server that an exec has started, one that outlives its Pod's
// object) is seen then. A look may take one part in rescanShare of the time.
const (
	rescanEvery = time.Second
	rescanShare = 50
)

// Keep looks at everything from time to time until the context ends.
func (n *Network) Keep(ctx context.Context) {
	pause := rescanEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		begun := time.Now()
		n.door.Pass(n.Rescan)
		pause = max(rescanEvery, rescanShare*time.Since(begun))
	}
}

// Rescan looks at everything, within a turn.
func (n *Network) Rescan(cluster *sim.Cluster) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lookAtAll(cluster.Present())
}

func (n *Network) lookAtAll(view store.View) {
	n.revision, n.lost = view.Meta().Revision, container.Lost(view)
	n.plan = newPlanner(view, n.settings, n.lost).all()
	n.apply(view)
}

// follow looks at what has changed.
func (n *Network) follow(cluster *sim.Cluster) {
	n.mu.Lock()
	defer n.mu.Unlock()
	view := cluster.Present()
	if n.closed {
		return
	}
	changes, err := cluster.Since(n.revision)
	if err != nil || !slices.Equal(n.lost, container.Lost(view)) {
		n.lookAtAll(view)
		return
	}
	n.revision = view.Meta().Revision
	planner, changed := newPlanner(view, n.settings, n.lost), false
	pods, services := map[owner]bool{}, map[api.Name]bool{}
	for _, change := range changes {
		switch object := change.Object().(type) {
		case *corev1.Pod:
			pods[object.UID] = true
		case *corev1.Service:
			if services[api.NameOf(object)] = true; change.New == nil {
				changed = n.replace(object.UID, nil) || changed
			}
		case *discoveryv1.EndpointSlice:
			services[api.Name{Namespace: object.Namespace, Name: object.Labels[discoveryv1.LabelServiceName]}] = true
		case *corev1.Node:
			if movedNode(change) {
				n.lookAtAll(view)
				return
			}
		}
	}
	for uid := range pods {
		changed = n.replace(uid, planner.pod(uid)) || changed
	}
	for name := range services {
		if service, found := store.Get[*corev1.Service](view, name.Namespace, name.Name); found {
			changed = n.replace(service.UID, planner.service(service)) || changed
		}
	}
	if changed {
		n.apply(view)
	}
}

// movedNode says whether a node came, went, or changed its addresses.
func movedNode(change store.Change) bool {
	if change.Old == nil || change.New == nil {
		return true
	}
	return !slices.Equal(change.Old.(*corev1.Node).Status.Addresses, change.New.(*corev1.Node).Status.Addresses)
}

// replace says whether what an owner offers has changed.
func (n *Network) replace(of owner, openings []opening) bool {
	if slices.Equal(n.plan[of], openings) {
		return false
	}
	if len(openings) == 0 {
		delete(n.plan, of)
	} else {
		n.plan[of] = openings
	}
	return true
}

// apply opens and closes sockets, and ends the connections whose servers are gone. The lock is held.
func (n *Network) apply(view store.View) {
	if n.closed {
		return
	}
	wanted, left := chosen(n.plan, n.limit)
	if left > 0 {
		n.tell("bound", fmt.Sprintf("the cluster offers more than %d ports; the others are not reachable from this machine, except with kubectl port-forward", n.limit))
	}
	for _, other := range n.others {
		delete(wanted, other)
	}
	for at, open := range n.ports {
		if _, still := wanted[at]; !still {
			open.close()
			delete(n.ports, at)
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(wanted), netip.AddrPort.Compare) {
		one := wanted[at]
		open, already := n.ports[at]
		if !already {
			var err error
			if open, err = n.open(one); err != nil {
				n.cannot(one, err)
				continue
			}
			n.ports[at] = open
		}
		open.set(one)
	}
	for c := range n.connections {
		if c.linked && !container.Connected(view, c.link) {
			c.end()
		}
	}
}

const firstFree = 1024 // ports below it may be reserved

// open opens a port.
func (n *Network) open(one opening) (*port, error) {
	if n.reserved && one.at.Port() < firstFree {
		return nil, syscall.EACCES
	}
	listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(one.at))
	if err != nil {
		return nil, err
	}
	opened := &port{listener: listener, at: one.at}
	opened.set(one) // before anybody is accepted
	go n.accept(opened)
	return opened, nil
}

// cannot reports why a port is not open.
func (n *Network) cannot(one opening, err error) {
	switch {
	case errors.Is(err, syscall.EACCES):
		n.reserved = true
		n.tell("reserved", fmt.Sprintf("port %d of %s is reserved for the administrator, as all below %d may be; node ports and kubectl port-forward work", one.at.Port(), one.at.Addr(), firstFree)+
			"\nhint: sudo sysctl net.ipv4.ip_unprivileged_port_start=53 lets everybody use it")
	case errors.Is(err, syscall.EADDRINUSE):
		n.tell(one.at.String(), fmt.Sprintf("another program listens at %s, maybe another stsim serve; kubectl port-forward works", one.at))
	default:
		n.tell(err.Error(), fmt.Sprintf("opening %s: %v", one.at, err))
	}
}

func (n *Network) tell(about, problem string) {
	if !n.told[about] && len(n.told) < MaxListeners {
		n.told[about] = true
		n.report(problem)
	}
}

// Close closes all sockets.
func (n *Network) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for at, open := range n.ports {
		open.close()
		delete(n.ports, at)
	}
	for c := range n.connections {
		c.end()
	}
}
