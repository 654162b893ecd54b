package container

import (
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// pressureLasts is how long a kubelet tells of pressure that it has last seen (upstream: pkg/kubelet/apis/config/v1beta1/defaults.go
// EvictionPressureTransitionPeriod).
const pressureLasts = 5 * time.Minute

// Press lets the memory of a node run short: its kubelet ends a Pod, if one is named, with a message that says why, and tells of the pressure for a while.
// Memory itself is not simulated.
func Press(w *World, node string, evicted api.UID, message string) {
	until := w.now().Add(pressureLasts)
	fault := &Fault{Kind: NodePressure, Node: node, Until: until}
	w.Tx.PutRow(Faults, fault)
	w.schedule(until, pressureOver, node)
	if sandbox, found := w.sandbox(evicted); found {
		changed := *sandbox
		changed.Evicted = message
		w.Tx.PutRow(Sandboxes, &changed)
	}
}

// eased ends the pressure on a node, unless there was some again meanwhile.
func (w *World) eased(node string) {
	if fault := PressureOf(w.Tx.View, node); fault != nil && !fault.Until.After(w.now()) {
		w.Tx.DeleteRow(Faults, fault.RowKey())
	}
}

// Ease ends the pressure on a node at once, and says whether there was some.
func Ease(w *World, node string) (eased bool) {
	fault := PressureOf(w.Tx.View, node)
	if fault != nil {
		w.Tx.DeleteRow(Faults, fault.RowKey())
	}
	return fault != nil
}

// PressureOf is the pressure on a node's memory; nil when there is none.
func PressureOf(view store.View, node string) *Fault {
	return faultOf(view, Fault{Kind: NodePressure, Node: node})
}
