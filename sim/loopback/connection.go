package loopback

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/wire"
)

// port is a listening socket.
type port struct {
	listener *net.TCPListener
	at       netip.AddrPort
	silent   bool // as the socket was told last
	mute     atomic.Bool
}

// set makes a port silent, or not. Where the system cannot do that, connections are taken and never answered.
func (p *port) set(as opening) {
	if p.silent != as.silent {
		p.silent = as.silent
		p.mute.Store(as.silent && !silence(p.listener, true))
		if !as.silent {
			silence(p.listener, false)
		}
	}
}

func (p *port) close() { _ = p.listener.Close() }

// connection is a client that is connected.
type connection struct {
	*net.TCPConn
	linked bool                 // guarded by the network's lock, as link is
	link   container.Connection // with whom
}

// end breaks a connection off: its server is gone.
func (c *connection) end() { _ = c.Close() }

// reset ends a connection as one that is refused.
func (c *connection) reset() {
	_ = c.SetLinger(0) // closing it then sends a reset
	_ = c.Close()
}

// The waits of a connection that is not answered.
const (
	silenceLimit = 5 * time.Minute // a client that is still there by then is cut off
	acceptPause  = 50 * time.Millisecond
	lastWords    = time.Second // for a client to notice that the server has closed
	lastOctets   = 1 << 20
)

// accept takes connections until the port is closed.
func (n *Network) accept(p *port) {
	for {
		accepted, err := p.listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many files are open, say
			time.Sleep(acceptPause)
			continue
		}
		c := &connection{TCPConn: accepted}
		if !n.admit(c) {
			c.reset()
			continue
		}
		go func() {
			defer n.leave(c)
			n.serve(p, c)
		}()
	}
}

func (n *Network) admit(c *connection) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.connections) >= MaxConnections {
		return false
	}
	n.connections[c] = struct{}{}
	return true
}

func (n *Network) leave(c *connection) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.connections, c)
}

// serve lets a client talk with the server that its connection leads to.
func (n *Network) serve(p *port, c *connection) {
	if p.mute.Load() {
		c.swallow()
		return
	}
	err := n.dial(p, c)
	if err == nil {
		err = wire.Serve(c, func(payload []byte) (answer []byte, err error) {
			n.door.Do(func(cluster *sim.Cluster) { answer, err = cluster.Say(c.link, payload) })
			return answer, err
		})
	}
	var failure *applet.NetworkError
	switch {
	case err == nil:
		c.hangUp()
	case errors.As(err, &failure) && failure.Reason == applet.TimedOut:
		c.swallow()
	default:
		c.reset()
	}
}

// dial finds the server for a connection.
func (n *Network) dial(p *port, c *connection) (err error) {
	client := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	n.door.Do(func(cluster *sim.Cluster) {
		to := p.at
		if to.Addr() == host {
			to = netip.AddrPortFrom(n.front(cluster), to.Port())
		}
		var link container.Connection
		if link, err = cluster.Dial(client, to); err == nil {
			n.mu.Lock()
			c.linked, c.link = true, link
			n.mu.Unlock()
		}
	})
	return err
}

// front is an address of the node that 127.0.0.1 stands for.
func (n *Network) front(cluster *sim.Cluster) netip.Addr {
	view := cluster.View()
	planner := newPlanner(view, n.settings, container.Lost(view))
	for _, node := range planner.nodes {
		if node.Name == planner.front() {
			for _, has := range node.Status.Addresses {
				if address, err := netip.ParseAddr(has.Address); err == nil {
					return address
				}
			}
		}
	}
	return host // nobody is there
}

// swallow lets a client talk to nobody.
func (c *connection) swallow() {
	_ = c.SetDeadline(time.Now().Add(silenceLimit)) // of a closed connection: the next read says so
	_, _ = io.Copy(io.Discard, c)                   // until the client gives up
	_ = c.Close()
}

// hangUp closes a connection after the last answer. What is still under way is read first: closing a connection with unread data resets it, and the
// client might lose the answer.
func (c *connection) hangUp() {
	_ = c.CloseWrite() // each of these fails on a connection that is broken, which then needs no more
	_ = c.SetReadDeadline(time.Now().Add(lastWords))
	_, _ = io.CopyN(io.Discard, c, lastOctets)
	_ = c.Close()
}
