package container

import (
	"net"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/store"
)

// Machine is the machine behind a Node object, which comes and goes independently of it. A Node that somebody made through the API has
// no row before something befalls it; its machine runs.
type Machine struct {
	Node      string
	Powered   bool         // without power nothing runs on it
	Connected bool         // without network its processes run on, out of everybody's reach
	Since     time.Time    // when it last stopped or came back; zero if never
	Registers *corev1.Node // what its kubelet registers when it starts and there is no such object
}

// RowKey implements [store.Row].
func (m *Machine) RowKey() string { return m.Node }

// Runs says whether the machine's kubelet does its work.
func (m *Machine) Runs() bool { return m.Powered && m.Connected }

// Cut says, for [World].Cut, between which nodes no packet gets through.
func Cut(view store.View, from, to string) bool {
	return from != to && (isLost(view, from) || isLost(view, to))
}

func isLost(view store.View, node string) bool {
	machine, found := store.GetRow[*Machine](view, Troubled, node)
	return found && !machine.Runs()
}

// How containerd reports what ended while it was not there to see it (internal/cri/server/restart.go).
const (
	unknownExitCode = 255
	unknownExit     = "Unknown"
)

// PowerOff takes a machine its power: all that runs on it ends at once, without signals and hooks, and the places of its Pods are lost. Their
// volumes and the node's disk stay, and so do the images that were pulled.
func PowerOff(w *World, node string) {
	machine := w.machine(node)
	if !machine.Powered {
		return
	}
	w.changeMachine(machine, func(m *Machine) { m.Powered = false })
	var lost []*Sandbox
	for sandbox := range store.Rows[*Sandbox](w.Tx.View, Sandboxes, "") {
		if sandbox.Node == node {
			lost = append(lost, sandbox)
		}
	}
	for _, sandbox := range lost {
		w.loseContainers(sandbox)
		changed := *sandbox
		changed.Ready, changed.Failure, changed.Lost = false, "", true
		w.Tx.PutRow(Sandboxes, &changed)
	}
	var pulls []*Image
	for image := range store.Rows[*Image](w.Tx.View, Images, node+"/") {
		if image.Pulling {
			pulls = append(pulls, image)
		}
	}
	for _, image := range pulls {
		changed := *image
		changed.Pulling = false
		w.Tx.PutRow(Images, &changed)
	}
}

// loseContainers ends the containers of a Pod as a power failure does.
func (w *World) loseContainers(sandbox *Sandbox) {
	var keys []string
	for c := range store.Rows[*Container](w.Tx.View, Containers, string(sandbox.UID)+"/") {
		if c.State != Exited {
			keys = append(keys, c.RowKey())
		}
	}
	for _, key := range keys {
		w.kill(key)
		w.changeContainer(key, func(c *Container) {
			c.ExitCode, c.Signal, c.Reason, c.Message = unknownExitCode, 0, unknownExit, ""
			c.Backoff = 0 // the kubelet that starts anew remembers none
		})
	}
}

// CutOff takes a machine its network. What runs on it runs on.
func CutOff(w *World, node string) {
	if machine := w.machine(node); machine.Connected {
		w.changeMachine(machine, func(m *Machine) { m.Connected = false })
	}
}

// Return gives a machine back power and network, and starts its kubelet anew.
func Return(w *World, node string) {
	w.changeMachine(w.machine(node), func(m *Machine) { m.Powered, m.Connected = true, true })
}

func (w *World) machine(node string) *Machine {
	if machine, found := store.GetRow[*Machine](w.Tx.View, Machines, node); found {
		return machine
	}
	machine := &Machine{Node: node, Powered: true, Connected: true}
	if object, found := store.Get[*corev1.Node](w.Tx.View, "", node); found {
		machine.Registers = object.DeepCopy()
		machine.Registers.ObjectMeta = metav1.ObjectMeta{Name: node, Labels: machine.Registers.Labels}
	}
	return machine
}

// changeMachine puts a changed copy of a machine's row, and notes when it stopped or came back.
func (w *World) changeMachine(machine *Machine, change func(*Machine)) {
	changed := *machine
	change(&changed)
	if machine.Runs() || changed.Runs() {
		changed.Since = w.now()
	}
	w.Tx.PutRow(Machines, &changed)
	w.Tx.PutRow(Troubled, &changed)
}

// unreachable says at which address the API server does not reach the kubelet of a node, and why; empty when it does.
func unreachable(view store.View, node string) (address, problem string) {
	machine, found := store.GetRow[*Machine](view, Machines, node)
	if !found || machine.Runs() {
		return "", ""
	}
	address = node
	if addresses := nodeAddresses(view, node); len(addresses) > 0 {
		address = addresses[0].String()
	}
	address = net.JoinHostPort(address, kubeletPort)
	return address, "dial tcp " + address + ": i/o timeout"
}

const kubeletPort = "10250"

// lostNodeAt is the node that has an address and whose machine does not run; "" when there is none.
func (w *World) lostNodeAt(address netip.Addr) string {
	for machine := range store.Rows[*Machine](w.Tx.View, Troubled, "") {
		if !machine.Runs() && slices.Contains(nodeAddresses(w.Tx.View, machine.Node), address) {
			return machine.Node
		}
	}
	return ""
}
