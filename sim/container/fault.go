package container

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Faults is what is wrong in the world behind the API just now, beside machines: a row each, none when all is well.
const Faults store.Table = "fault" // *Fault

// Fault is one thing that is wrong until it heals. Which fields count follows from the Kind; there is at most one for what it is about.
type Fault struct {
	Kind      FaultKind
	Pod       api.Name      // FailingProbe: whoever has this name
	Container string        // FailingProbe
	Probe     string        // FailingProbe
	Node      string        // PoorPulls, NodePressure
	Until     time.Time     // NodePressure: when it is over by itself
	Delay     time.Duration // PoorPulls: how long a pull takes; 0: it fails
	Volume    string        // BadVolume: key of its row
	Claim     api.Name      // BadVolume: by which it was found
	Taken     int64         // BadVolume: bytes that something else has filled; 0: reads and writes fail
}

// FaultKind is what is wrong.
type FaultKind string

// What can be wrong.
const (
	FailingProbe FaultKind = "probe"    // a probe fails whatever its container does
	PoorPulls    FaultKind = "pulls"    // the registries are out of reach of a node, or slow
	BadVolume    FaultKind = "volume"   // a volume is full or broken
	APIDown      FaultKind = "api"      // the API server answers nobody
	NodePressure FaultKind = "pressure" // the memory of a node runs short
)

// RowKey implements [store.Row].
func (f *Fault) RowKey() string {
	switch f.Kind {
	case FailingProbe:
		return strings.Join([]string{string(f.Kind), f.Pod.Namespace, f.Pod.Name, f.Container, f.Probe}, "/")
	case PoorPulls, NodePressure:
		return string(f.Kind) + "/" + f.Node
	case BadVolume:
		return string(f.Kind) + "/" + f.Volume
	}
	return string(f.Kind)
}

// faultOf finds what is wrong with something; nil when nothing is. With nothing wrong anywhere it costs next to nothing.
func faultOf(view store.View, about Fault) *Fault {
	if !store.AnyRow(view, Faults) {
		return nil
	}
	fault, _ := store.GetRow[*Fault](view, Faults, about.RowKey())
	return fault
}

// OOMKilled is what the runtime says of a container that the kernel killed for its use of memory.
const OOMKilled = "OOMKilled"

// Crash kills the main process of a container that runs. Reason is what the runtime says of it; empty for what it says of a process that was
// killed.
func Crash(w *World, c *Container, reason string) {
	w.kill(c.RowKey())
	if reason != "" {
		w.changeContainer(c.RowKey(), func(c *Container) { c.Reason = reason })
	}
	w.wakeWatchers()
}

// FailProbe makes a probe of a Pod's container fail, and of whoever has the Pod's name after it.
func FailProbe(w *World, pod api.Name, name, probe string) {
	w.Tx.PutRow(Faults, &Fault{Kind: FailingProbe, Pod: pod, Container: name, Probe: probe})
}

// HealProbe ends what FailProbe did, for one container or, without a name, for all of the Pod's, and says whether there was something to end.
func HealProbe(w *World, pod api.Name, name, probe string) (healed bool) {
	var keys []string
	for fault := range store.Rows[*Fault](w.Tx.View, Faults, probesOfPod(pod)) {
		if fault.Probe == probe && (name == "" || fault.Container == name) {
			keys = append(keys, fault.RowKey())
		}
	}
	for _, key := range keys {
		w.Tx.DeleteRow(Faults, key)
	}
	return len(keys) > 0
}

// probesOfPod is what the keys of all failing probes of a Pod begin with.
func probesOfPod(pod api.Name) string {
	return strings.TrimSuffix((&Fault{Kind: FailingProbe, Pod: pod}).RowKey(), "/")
}

// MadeToFail says whether a probe fails because somebody wanted it to.
func MadeToFail(view store.View, pod api.Name, name, probe string) bool {
	return faultOf(view, Fault{Kind: FailingProbe, Pod: pod, Container: name, Probe: probe}) != nil
}

func (w *World) madeToFail(c *Container, probe string) bool {
	if !store.AnyRow(w.Tx.View, Faults) {
		return false
	}
	sandbox, found := w.sandbox(c.UID)
	return found && MadeToFail(w.Tx.View, api.NameOf(sandbox.Pod), c.Name, probe)
}

// failureOf is what a probe that is made to fail says: what one usually sees of a server that is not well.
func (w *World) failureOf(c *Container, spec *corev1.Container, probe *corev1.Probe) string {
	switch {
	case probe.HTTPGet != nil:
		return "HTTP probe failed with statuscode: 500"
	case probe.TCPSocket != nil:
		port, err := containerPort(probe.TCPSocket.Port, spec)
		if err != nil {
			return err.Error()
		}
		return "dial tcp " + net.JoinHostPort(w.hostOf(c, probe.TCPSocket.Host), strconv.Itoa(port)) + ": connect: connection refused"
	case probe.GRPC != nil:
		return fmt.Sprintf("service unhealthy (responded with %q)", "NOT_SERVING")
	}
	return "" // a command that ends with 1 and says nothing
}

// SpecOf finds a container of a Pod by its name, init and ephemeral containers included.
func SpecOf(pod *corev1.Pod, name string) (*corev1.Container, bool) { return specOf(pod, name) }

// NamesOf are the names of a Pod's containers: its own first, then init and ephemeral ones.
func NamesOf(pod *corev1.Pod) (names []string) {
	for _, spec := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		names = append(names, spec.Name)
	}
	for i := range pod.Spec.EphemeralContainers {
		names = append(names, pod.Spec.EphemeralContainers[i].Name)
	}
	return names
}

// ProbesOf are the probes a container has.
func ProbesOf(spec *corev1.Container) (has []string) {
	for _, name := range []string{ReadinessProbe, LivenessProbe, StartupProbe} {
		if probeOf(spec, name) != nil {
			has = append(has, name)
		}
	}
	return has
}
