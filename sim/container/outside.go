package container

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/store"
)

// Connection is a connection from outside of the cluster once it stands: whatever becomes of the Service that it went through, it stays with the server that
// it found. It is a plain value.
type Connection struct {
	Process int // of the server
	Server  int // which of the servers of that process
	Port    uint16
	Client  netip.Addr // as the server sees it; zero for an address beyond the cluster, which shows as the node
}

// String is the connection as [ParseConnection] reads it: PROCESS/APP/PORT/CLIENT.
func (c Connection) String() string {
	client := ""
	if c.Client.IsValid() {
		client = c.Client.String()
	}
	return fmt.Sprintf("%d/%d/%d/%s", c.Process, c.Server, c.Port, client)
}

// ParseConnection reads what String has written.
func ParseConnection(text string) (c Connection, err error) {
	parts := strings.Split(text, "/")
	if len(parts) != 4 {
		return c, fmt.Errorf("expected a connection such as 12/1/80/, found %q", text)
	}
	var numbers [3]int
	for i := range numbers {
		if numbers[i], err = strconv.Atoi(parts[i]); err != nil || numbers[i] < 0 {
			return c, fmt.Errorf("expected a connection such as 12/1/80/, found %q", text)
		}
	}
	c = Connection{Process: numbers[0], Server: numbers[1], Port: uint16(numbers[2])}
	if parts[3] != "" {
		c.Client, err = netip.ParseAddr(parts[3])
	}
	return c, err
}

// Dial opens a connection from outside of the Pods. The client's address counts for session affinity only, unless it is one of the cluster's own.
//
// Errors: an *applet.NetworkError.
func Dial(w *World, client netip.Addr, to netip.AddrPort) (Connection, error) {
	found, failure := w.listener(origin{address: client}, to)
	if failure != nil {
		return Connection{}, failure
	}
	c := Connection{Process: found.process, Server: found.server, Port: found.port}
	if w.Settings.Owns(client) {
		c.Client = client
	}
	return c, nil
}

// Say sends what a client has said over a connection, and gives back all that the server answers; nothing means that it closes the connection.
//
// Errors: an *applet.NetworkError, ConnectionReset when the server is gone.
func Say(w *World, c Connection, payload []byte) ([]byte, error) {
	if !Connected(w.Tx.View, c) {
		return nil, &applet.NetworkError{Reason: applet.ConnectionReset}
	}
	p, _ := w.process(c.Process)
	if sandbox, found := w.sandbox(p.UID); found && w.Cut != nil && w.Cut(w.Tx.View, "", sandbox.Node) {
		return nil, &applet.NetworkError{Reason: applet.TimedOut}
	}
	answer := w.serve(listener{process: c.Process, server: c.Server, port: c.Port, client: c.Client}, payload)
	w.wakeWatchers()
	return answer, nil
}

// Connected says whether the server of a connection is still there.
func Connected(view store.View, c Connection) bool {
	p, found := store.GetRow[*Process](view, Processes, processKey(c.Process))
	return found && !p.Ended && slices.ContainsFunc(p.Servers, func(server *app.Instance) bool { return server.ID == c.Server && slices.Contains(server.Ports, c.Port) })
}

// Listening are the TCP ports at which the programs of a Pod can be reached, each at the Pod's addresses (with hostNetwork: its node's), in order.
func Listening(view store.View, pod api.UID) []netip.AddrPort {
	sandbox, found := store.GetRow[*Sandbox](view, Sandboxes, string(pod))
	if !found || len(sandbox.IPs) == 0 {
		return nil
	}
	var places []netip.AddrPort
	for c := range store.Rows[*Container](view, Containers, string(pod)+"/") {
		if c.State != Running {
			continue
		}
		for _, number := range c.Processes {
			p, found := store.GetRow[*Process](view, Processes, processKey(number))
			if !found || p.Ended {
				continue
			}
			for _, server := range p.Servers {
				for _, port := range server.Ports {
					for _, ip := range sandbox.IPs {
						places = append(places, netip.AddrPortFrom(ip, port))
					}
				}
			}
		}
	}
	slices.SortFunc(places, func(a, b netip.AddrPort) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Port(), b.Port()))
	})
	return slices.Compact(places)
}

// Unanswered are the ports of a Pod on a node that is out of reach: what is sent there is lost. They are those that listened and those that the Pod declares.
func Unanswered(view store.View, pod *corev1.Pod) []netip.AddrPort {
	places := Listening(view, pod.UID)
	for i := range pod.Spec.Containers {
		for _, port := range pod.Spec.Containers[i].Ports {
			for _, ip := range pod.Status.PodIPs {
				if address, err := netip.ParseAddr(ip.IP); err == nil && (port.Protocol == "" || port.Protocol == corev1.ProtocolTCP) {
					places = append(places, netip.AddrPortFrom(address, uint16(port.ContainerPort)))
				}
			}
		}
	}
	return places
}

// Lost are the names of the nodes whose machines are out of reach, in order.
func Lost(view store.View) (nodes []string) {
	for machine := range store.Rows[*Machine](view, Troubled, "") {
		if !machine.Runs() {
			nodes = append(nodes, machine.Node)
		}
	}
	return nodes
}
