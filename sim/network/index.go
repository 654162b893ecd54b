package network

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Index is [Names] for a server that is asked often: it follows the cluster change by change, and answers without going through
// lists of objects. What it answers is the same.
//
// It is not safe for concurrent use. A [dnsserver.Server] that reads it while the cluster goes on needs a guard, which
// is to be held while the index is changed.
type Index struct {
	*dnsserver.Index
	followed History // nil: nothing yet
	revision uint64
}

// History is what an index follows: a [store.DB], or a cluster.
type History interface {
	View() store.View
	Since(revision uint64) ([]store.Change, error)
}

// NewIndex makes an index of nothing.
func NewIndex() *Index { return &Index{Index: dnsserver.NewIndex()} }

// Advance brings the index up to the state of a cluster, in the time that the changes since the last call take. It begins anew when
// the cluster's log of changes does not go back so far, and when it is another cluster than before: a fork may have come to the same
// revision in another way.
func (x *Index) Advance(cluster History) {
	view := cluster.View()
	revision := view.Meta().Revision
	known := x.followed == cluster && x.revision <= revision
	if known && x.revision == revision {
		return
	}
	changes, err := cluster.Since(x.revision)
	if err != nil || !known {
		x.Reset()
		for _, kind := range []string{"Namespace", "Service", "EndpointSlice", "Pod"} {
			for object := range view.Objects(api.KindNamed(kind), "") {
				x.Put(object)
			}
		}
		changes = nil
	}
	for _, change := range changes {
		if change.New != nil {
			x.Put(change.New)
		} else {
			x.Remove(change.Old)
		}
	}
	x.followed, x.revision = cluster, revision
	x.SetSerial(uint32(revision))
}

// Put adds an object or replaces the one of its name. Objects that have no names are let pass. The serial stays as it is.
func (x *Index) Put(object api.Object) {
	switch object := object.(type) {
	case *corev1.Namespace:
		x.SetNamespace(object.Name)
	case *corev1.Service:
		x.SetService(plain(object))
	case *discoveryv1.EndpointSlice:
		x.SetSlice(object.Namespace, object.Name, object.Labels[discoveryv1.LabelServiceName], endpointsOf(object))
	case *corev1.Pod:
		x.SetPod(object.Namespace, object.Name, podAddresses(object))
	}
}

// Remove removes an object that was put. The serial stays as it is.
func (x *Index) Remove(object api.Object) {
	switch object := object.(type) {
	case *corev1.Namespace:
		x.RemoveNamespace(object.Name)
	case *corev1.Service:
		x.RemoveService(object.Namespace, object.Name)
	case *discoveryv1.EndpointSlice:
		x.RemoveSlice(object.Namespace, object.Name)
	case *corev1.Pod:
		x.SetPod(object.Namespace, object.Name, nil)
	}
}

// podAddresses is the address of a Pod that lives, the first one only where it has two; none of a Pod that has ended or is being deleted
// (CoreDNS: ToPod in plugin/kubernetes/object/pod.go, and podListFunc in controller.go).
func podAddresses(pod *corev1.Pod) []netip.Addr {
	if pod.DeletionTimestamp != nil {
		return nil
	}
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodUnknown:
		return nil
	}
	first := pod.Status.PodIP
	if first == "" && len(pod.Status.PodIPs) > 0 {
		first = pod.Status.PodIPs[0].IP // written by hand
	}
	if address, ok := parse(first); ok {
		return []netip.Addr{address}
	}
	return nil
}
