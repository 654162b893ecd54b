package container

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// createSandbox begins to set up a Pod's network and volumes. One that failed is tried again; one that is there stays.
func (w *World) createSandbox(command Command) {
	pod, found := store.Get[*corev1.Pod](w.Tx.View, command.Pod.Namespace, command.Pod.Name)
	if !found || pod.UID != command.UID {
		return
	}
	if old, found := w.sandbox(command.UID); found {
		if old.Failure == "" && !old.Lost {
			return
		}
		w.release(old)
	}
	node := command.Node
	if node == "" {
		node = pod.Spec.NodeName
	}
	w.Tx.PutRow(Sandboxes, &Sandbox{UID: command.UID, Pod: pod, Node: node, CreatedAt: w.now()})
	w.schedule(w.now().Add(w.Settings.Timings.PodSandbox), sandboxReady, string(command.UID))
}

func (w *World) sandboxReady(uid api.UID) {
	old, found := w.sandbox(uid)
	if !found || old.Ready || old.Failure != "" || old.Lost {
		return
	}
	row := *old
	if failure := w.setUpVolumes(&row); failure != "" {
		row.Failure = failure
		w.Tx.PutRow(Sandboxes, &row)
		return
	}
	if row.Pod.Spec.HostNetwork {
		row.IPs = nodeAddresses(w.Tx.View, row.Node)
	} else if address, ok := w.lease(row.Node); ok {
		row.IPs = []netip.Addr{address}
		w.Tx.PutRow(Addresses, &Address{IP: address, UID: uid})
	} else {
		row.Failure = "failed to set up sandbox: no IP addresses available in the Pod network of node " + row.Node
	}
	row.Ready = row.Failure == ""
	w.Tx.PutRow(Sandboxes, &row)
}

// lease hands out the next free address of a node's range: its spec.podCIDR or, where that is not set, the cluster's range.
func (w *World) lease(node string) (netip.Addr, bool) {
	prefix := w.Settings.PodCIDR
	if object, found := store.Get[*corev1.Node](w.Tx.View, "", node); found && object.Spec.PodCIDR != "" {
		if own, err := netip.ParsePrefix(object.Spec.PodCIDR); err == nil {
			prefix = own
		}
	}
	if !prefix.IsValid() {
		return netip.Addr{}, false
	}
	prefix = prefix.Masked()
	owner := node
	if prefix == w.Settings.PodCIDR.Masked() {
		owner = "" // a range that nodes share
	}
	first := prefix.Addr().Next().Next() // the network itself and its bridge are taken
	within := func(address netip.Addr) netip.Addr {
		if !prefix.Contains(address) || (address.Is4() && !prefix.Contains(address.Next())) {
			return first // and the broadcast address is not used
		}
		return address
	}
	start := first
	if last, found := store.GetRow[*Lease](w.Tx.View, Leases, owner); found {
		start = within(last.Last.Next())
	}
	for next := start; prefix.Contains(next); {
		if _, taken := store.GetRow[*Address](w.Tx.View, Addresses, next.String()); !taken {
			w.Tx.PutRow(Leases, &Lease{Node: owner, Last: next})
			return next, true
		}
		if next = within(next.Next()); next == start {
			break
		}
	}
	return netip.Addr{}, false
}

// release gives back the addresses of a sandbox.
func (w *World) release(sandbox *Sandbox) {
	for _, address := range sandbox.IPs {
		if row, found := store.GetRow[*Address](w.Tx.View, Addresses, address.String()); found && row.UID == sandbox.UID {
			w.Tx.DeleteRow(Addresses, row.RowKey())
		}
	}
}

// removeSandbox forgets a Pod: containers that still run are killed, and the volumes that belong to it alone go.
func (w *World) removeSandbox(uid api.UID) {
	sandbox, found := w.sandbox(uid)
	if !found {
		return
	}
	w.release(sandbox)
	var keys []string
	for c := range store.Rows[*Container](w.Tx.View, Containers, string(uid)+"/") {
		keys = append(keys, c.RowKey())
	}
	for _, key := range keys {
		w.removeContainer(key)
	}
	var volumes []string
	for v := range store.Rows[*Volume](w.Tx.View, Volumes, podVolume(uid, "")) {
		volumes = append(volumes, v.Key)
	}
	for _, key := range volumes {
		w.Tx.DeleteRow(Volumes, key)
	}
	w.Tx.DeleteRow(Sandboxes, string(uid))
}

// removeContainer forgets a run of a container, which it kills if need be. What an exec has said stays until its door closes it.
func (w *World) removeContainer(key string) {
	w.kill(key)
	c, found := w.container(key)
	if !found {
		return
	}
	for p := range w.processesOf(c) {
		if p.Role == Main {
			w.Tx.DeleteRow(Processes, p.RowKey())
		}
	}
	w.Tx.DeleteRow(Containers, key)
}
