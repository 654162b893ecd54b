package container

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/catalogue"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// EventKind is the kind of this package's pending events; hand their keys to [Handle].
const EventKind = "container"

// World is what the runtime works in: one transaction of the cluster. It is made anew for every transaction.
type World struct {
	Tx        *store.Tx
	Settings  *api.Settings
	Choose    func(label string, n int) int // see kernel.Chooser
	Catalogue *app.Catalogue                // of images; nil for the built-in one
	// Cut says that no packet gets from one node to another; "" is the machine of the person at the keyboard. Nil: all is well.
	Cut func(view store.View, from, to string) bool

	active map[int]*activation // processes that are running just now, by number
	depth  int                 // connections within connections
	dirty  bool                // files have changed: processes that wait for files want to look
}

// Execute starts what a kubelet asks for. What becomes of it shows in the rows, at once or when time has passed. A
// command about something that is not (or no longer) there does nothing.
func Execute(w *World, command Command) {
	switch command.Action {
	case PullImage:
		w.pull(command.Node, command.Image)
	case CreateSandbox:
		w.createSandbox(command)
	case StartContainer:
		w.createContainer(command)
	case StopContainer:
		w.stop(ContainerKey(command.UID, command.Container, command.Attempt), command.Grace)
	case KillContainer:
		w.kill(ContainerKey(command.UID, command.Container, command.Attempt))
	case RunProbe:
		w.probe(command)
	case RemoveSandbox:
		w.removeSandbox(command.UID)
	case PruneContainer:
		w.removeContainer(ContainerKey(command.UID, command.Container, command.Attempt))
	case GrowVolumes:
		w.growVolumes(command.UID)
	case DetachVolumes:
		if sandbox, found := w.sandbox(command.UID); found {
			detached := *sandbox
			detached.Detached = true
			w.Tx.PutRow(Sandboxes, &detached)
		}
	case RemoveVolume:
		w.Tx.DeleteRow(Volumes, command.Volume)
	default:
		panic(fmt.Sprintf("container: Execute: unknown action %q", command.Action))
	}
	w.wakeWatchers()
}

// The pending events: the word before the first slash of a key.
const (
	pullDone     = "pull"    // NODE/IMAGE
	sandboxReady = "sandbox" // UID
	startDone    = "start"   // container key
	wake         = "wake"    // process key: something it waits for may have come
	hookSlept    = "slept"   // container key: a sleep hook is over
	graceOver    = "grace"   // container key: SIGKILL
	pressureOver = "eased"   // NODE
)

func (w *World) schedule(when time.Time, what, key string) {
	w.Tx.Schedule(when, EventKind, what+"/"+key)
}

// Handle does what a pending event of kind [EventKind] is about. An event whose reason is gone does nothing.
func Handle(w *World, key string) {
	what, rest, _ := strings.Cut(key, "/")
	switch what {
	case pullDone:
		w.pulled(rest)
	case sandboxReady:
		w.sandboxReady(api.UID(rest))
	case startDone:
		w.start(rest)
	case wake:
		if number, err := strconv.Atoi(rest); err == nil {
			w.wake(number)
		}
	case hookSlept:
		w.hookSlept(rest)
	case graceOver:
		w.graceOver(rest)
	case pressureOver:
		w.eased(rest)
	}
	w.wakeWatchers()
}

// imageOf is the model of an image.
func (w *World) imageOf(name string) *app.Image { return w.catalogue().Find(name) }

func (w *World) catalogue() *app.Catalogue {
	if w.Catalogue == nil {
		return catalogue.Builtin()
	}
	return w.Catalogue
}

func (w *World) now() time.Time { return w.Tx.Now() }

func (w *World) sandbox(uid api.UID) (*Sandbox, bool) {
	return store.GetRow[*Sandbox](w.Tx.View, Sandboxes, string(uid))
}

func (w *World) container(key string) (*Container, bool) {
	return store.GetRow[*Container](w.Tx.View, Containers, key)
}

func (w *World) process(number int) (*Process, bool) {
	return store.GetRow[*Process](w.Tx.View, Processes, processKey(number))
}

// changeContainer puts a changed copy of a container's row; a row that is gone is left alone.
func (w *World) changeContainer(key string, change func(*Container)) {
	row, found := w.container(key)
	if !found {
		return
	}
	changed := *row
	change(&changed)
	w.Tx.PutRow(Containers, &changed)
}

func (w *World) changeProcess(number int, change func(*Process)) {
	row, found := w.process(number)
	if !found {
		return
	}
	changed := *row
	change(&changed)
	w.Tx.PutRow(Processes, &changed)
}

// identifier is a number in hexadecimal digits that nothing else in this world has, for container ids and the like.
func (w *World) identifier(digits int) string {
	seed := w.Tx.Identity()
	var b strings.Builder
	for i := uint64(0); b.Len() < digits; i++ {
		fmt.Fprintf(&b, "%016x", kernel.Mix(seed<<8+i))
	}
	return b.String()[:digits]
}

// specOf is the container's part of the Pod as its sandbox knows it.
func specOf(pod *corev1.Pod, name string) (*corev1.Container, bool) {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == name {
				return &list[i], true
			}
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		if common := &pod.Spec.EphemeralContainers[i].EphemeralContainerCommon; common.Name == name {
			as := corev1.Container(*common)
			return &as, true
		}
	}
	return nil, false
}

// nodeAddresses are the internal addresses of a node.
func nodeAddresses(view store.View, name string) []netip.Addr {
	node, found := store.Get[*corev1.Node](view, "", name)
	if !found {
		return nil
	}
	var addresses []netip.Addr
	for _, has := range node.Status.Addresses {
		if address, err := netip.ParseAddr(has.Address); err == nil && has.Type == corev1.NodeInternalIP {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
