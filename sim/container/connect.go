package container

import (
	"net/netip"
	"slices"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

// maxDepth bounds connections that are made while another is being answered.
const maxDepth = 32

// origin is where a connection starts; the zero value is outside of the cluster.
type origin struct {
	sandbox *Sandbox
	node    string
	address netip.Addr
}

// connect opens a connection, sends the request and gives back the answer.
func (w *World) connect(from origin, to netip.AddrPort, request []byte) ([]byte, *applet.NetworkError) {
	if w.depth >= maxDepth {
		return nil, &applet.NetworkError{Reason: applet.ConnectionReset, Address: to}
	}
	w.depth++
	defer func() { w.depth-- }()
	l, failure := w.listener(from, to)
	if failure != nil {
		return nil, failure
	}
	if l.client = from.address; from.sandbox != nil && to.Addr().IsLoopback() {
		l.client = to.Addr()
	}
	return w.serve(l, request), nil
}

// listener finds the server at the other end of a connection.
func (w *World) listener(from origin, to netip.AddrPort) (listener, *applet.NetworkError) {
	address, port := to.Addr().Unmap(), to.Port()
	var place []*Sandbox
	cut := func(node string) bool { return w.Cut != nil && node != from.node && w.Cut(w.Tx.View, from.node, node) }
	if own, found := w.sandboxWith(address); found {
		place = w.neighbours(own)
	} else if node := w.lostNodeAt(address); node != "" && cut(node) { // then its node ports do not answer either
		return listener{}, &applet.NetworkError{Reason: applet.TimedOut, Address: to}
	} else {
		where, failure := network.Route(w.Tx, w.Settings, w.Choose, from.address, to)
		if failure != nil {
			return listener{}, failure
		}
		port = where.Target.Port()
		switch target, found := w.sandboxWith(where.Target.Addr().Unmap()); {
		case where.Loopback && from.sandbox != nil:
			place = w.neighbours(from.sandbox)
		case where.Loopback:
		case found:
			place = w.neighbours(target)
		case where.Node != "":
			place = w.onHostNetwork(where.Node)
		default: // the API knows the address, but nothing has it any more
			return listener{}, &applet.NetworkError{Reason: applet.NoRoute, Address: to}
		}
	}
	if len(place) > 0 && cut(place[0].Node) {
		return listener{}, &applet.NetworkError{Reason: applet.TimedOut, Address: to}
	}
	for _, l := range w.listeners(place) {
		if l.port == port {
			return l, nil
		}
	}
	return listener{}, &applet.NetworkError{Reason: applet.ConnectionRefused, Address: to}
}

// sandboxWith finds the sandbox that has an address of its own.
func (w *World) sandboxWith(address netip.Addr) (*Sandbox, bool) {
	for s := range store.Rows[*Sandbox](w.Tx.View, Sandboxes, "") {
		if !s.Pod.Spec.HostNetwork && slices.Contains(s.IPs, address) {
			return s, true
		}
	}
	return nil, false
}

// neighbours are the sandboxes that share a network with this one, itself included.
func (w *World) neighbours(s *Sandbox) []*Sandbox {
	if s.Pod.Spec.HostNetwork {
		return w.onHostNetwork(s.Node)
	}
	return []*Sandbox{s}
}

func (w *World) onHostNetwork(node string) []*Sandbox {
	var list []*Sandbox
	for s := range store.Rows[*Sandbox](w.Tx.View, Sandboxes, "") {
		if s.Node == node && s.Pod.Spec.HostNetwork {
			list = append(list, s)
		}
	}
	return list
}

// listener is a server that listens on a port.
type listener struct {
	process int
	server  int
	port    uint16
	client  netip.Addr // who asks; zero for somebody outside of the cluster
}

// listeners are all servers in sandboxes of one network, in a stable order.
func (w *World) listeners(sandboxes []*Sandbox) []listener {
	var list []listener
	for _, s := range sandboxes {
		for c := range store.Rows[*Container](w.Tx.View, Containers, string(s.UID)+"/") {
			if c.State != Running {
				continue
			}
			for _, number := range c.Processes {
				for _, server := range w.servers(number) {
					for _, port := range server.Ports {
						list = append(list, listener{process: number, server: server.ID, port: port})
					}
				}
			}
		}
	}
	return list
}

// servers are the servers of a process as they are at this moment.
func (w *World) servers(number int) []*app.Instance {
	if a := w.active[number]; a != nil {
		return a.servers
	}
	if p, found := w.process(number); found && !p.Ended {
		return p.Servers
	}
	return nil
}

// serve lets a server answer.
func (w *World) serve(l listener, request []byte) (response []byte) {
	w.inside(l, func(r *app.Run) { response = r.Server.Serve(r, l.port, request) })
	return response
}

// inside runs a callback of a server, in the run of its process if that is under way.
func (w *World) inside(l listener, callback func(*app.Run)) {
	a, nested := w.active[l.process]
	if !nested {
		p, found := w.process(l.process)
		if !found || p.Ended {
			return
		}
		a = w.activate(p)
	}
	a.call(l.server, l.client, callback)
	if !nested {
		a.settle()
	}
}
