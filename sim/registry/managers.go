package registry

import (
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// Who set which field of an object (metadata.managedFields) costs a comparison of the whole object at every write, and hardly anybody asks. So a write only notes
// who makes it, and when it is another manager than the one before, the version before is kept in the table [Managers]. What
// the fields are follows from these versions, and is worked out by whoever serves the API to somebody who asks. A server-side apply, which has to work them out, leaves
// them in the object; what came before is then of no more interest.

// Managers is the table of the versions in which the managers of objects have taken turns.
const Managers store.Table = "managers"

// maxTurns is how many versions are kept of one object. When managers have taken turns more often, the oldest but the first are forgotten, and what was done in them
// counts as done by the manager that came next.
const maxTurns = 32

// The managers of requests that do not say who makes them.
const (
	ControllerManager = "kube-controller-manager"
	apiServer         = "kube-apiserver"
	anybody           = "stsim" // somebody who uses the cluster as a library
)

// Writer is who made a version of an object.
type Writer struct {
	Manager     string
	APIVersion  string // of the request; empty: that in which the object is stored
	Subresource string
	Time        time.Time // when the turn's newest write was
}

func (w Writer) same(other Writer) bool {
	return w.Manager == other.Manager && w.APIVersion == other.APIVersion && w.Subresource == other.Subresource
}

// Turn is the last version of an object before somebody else wrote it.
type Turn struct {
	Object api.Object
	By     Writer
}

// turns is the row of an object that is not, or not only, as a component made it.
type turns struct {
	uid     string
	by      Writer // of the present version
	earlier []Turn // oldest first
}

// RowKey implements [store.Row].
func (t *turns) RowKey() string { return t.uid }

// Turns are the versions that the managed fields of an object follow from, oldest first; the last is the object.
func Turns(view store.View, object api.Object) []Turn {
	last := Turn{Object: object, By: madeBy(object)}
	row, found := store.GetRow[*turns](view, Managers, string(object.GetUID()))
	if !found {
		return []Turn{last}
	}
	last.By = row.by
	revision, end := revisionOf(object), 0
	for end < len(row.earlier) && revisionOf(row.earlier[end].Object) < revision {
		end++
	}
	if end < len(row.earlier) {
		last.By = row.earlier[end].By
	}
	return append(slices.Clip(row.earlier[:end]), last)
}

func revisionOf(object api.Object) uint64 {
	revision, _ := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	return revision
}

// By is the note of a request: who makes it, in which version of the API. Put into the object of a create or an update (or into a Scale) it is
// who will be noted.
func By(manager, apiVersion string) []metav1.ManagedFieldsEntry {
	return []metav1.ManagedFieldsEntry{{Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: apiVersion}}
}

// Explicit says whether the object itself tells who set which field, with entries that have fields or by having none on purpose.
func Explicit(object api.Object) bool { return hasFields(object.GetManagedFields()) }

func hasFields(entries []metav1.ManagedFieldsEntry) bool {
	return len(entries) > 0 && entries[0].FieldsV1 != nil
}

// Emptied are the entries of an object whose managers were taken away: one that is nobody's.
func Emptied() []metav1.ManagedFieldsEntry {
	return []metav1.ManagedFieldsEntry{{Operation: metav1.ManagedFieldsOperationUpdate, FieldsV1: metav1.NewFieldsV1("{}")}}
}

// Fields are the entries of an explicit object.
func Fields(object api.Object) []metav1.ManagedFieldsEntry {
	entries := object.GetManagedFields()
	if len(entries) == 1 && api.Equal(entries, Emptied()) {
		return nil
	}
	return entries
}

// madeBy is who makes an object such as this one when nobody asks for it.
func madeBy(object api.Object) Writer {
	made := object.GetCreationTimestamp().Time
	if event, is := object.(*corev1.Event); is {
		made = event.LastTimestamp.Time
	}
	return Writer{Manager: maker(object), Time: made}
}

// maker is the component that makes an object such as this one when nobody asks for it.
func maker(object api.Object) string {
	switch object := object.(type) {
	case *corev1.Event:
		return componentOf(object.Source.Component)
	case *corev1.Node:
		return "kubelet"
	case *corev1.PersistentVolume:
		if object.Annotations[storage.AnnotationProvisionedBy] == storage.LocalPathProvisioner {
			return "local-path-provisioner"
		}
		return "csi-provisioner"
	case *corev1.Namespace, *corev1.Service:
		return apiServer
	case *discoveryv1.EndpointSlice, *corev1.Endpoints:
		if object.GetNamespace() == metav1.NamespaceDefault && object.GetName() == "kubernetes" {
			return apiServer
		}
	}
	return ControllerManager
}

// componentOf is the program that a reporter of Events is part of.
func componentOf(reporter string) string {
	switch reporter {
	case "kubelet":
		return "kubelet"
	case "default-scheduler":
		return "kube-scheduler"
	case storage.LocalPathProvisioner:
		return "local-path-provisioner"
	}
	return ControllerManager
}

// noteCreate notes who makes an object. Of what components make nothing is noted: it is known what they make.
func (r *Registry) noteCreate(object api.Object) {
	asked := object.GetManagedFields()
	if !hasFields(asked) {
		object.SetManagedFields(nil)
	}
	if _, is := object.(*corev1.Event); r.Manager == "" && !is {
		r.Tx.PutRow(Managers, &turns{uid: string(object.GetUID()), by: r.writer(asked, "")})
	}
}

// noteUpdate notes who changes an object. asked is what the request said about that.
func (r *Registry) noteUpdate(object, old api.Object, asked []metav1.ManagedFieldsEntry, subresource string) {
	by := r.writer(asked, subresource)
	uid := string(old.GetUID())
	if r.tells(asked, old) {
		object.SetManagedFields(asked)
		r.Tx.PutRow(Managers, &turns{uid: uid, by: by})
		return
	}
	object.SetManagedFields(nil)
	before, found := store.GetRow[*turns](r.Tx.View, Managers, uid)
	if !found {
		before = &turns{uid: uid, by: madeBy(old)}
	}
	if !Explicit(old) && by.same(before.by) {
		if by.Time.Sub(before.by.Time) >= time.Second || !found { // times of managers are told in seconds
			r.Tx.PutRow(Managers, &turns{uid: before.uid, by: by, earlier: before.earlier})
		}
		return
	}
	earlier := before.earlier
	if len(earlier) == maxTurns {
		earlier = append(slices.Clip(earlier[:1]), earlier[2:]...)
	}
	r.Tx.PutRow(Managers, &turns{uid: uid, by: by, earlier: append(slices.Clip(earlier), Turn{Object: old, By: before.by})})
}

// tells says whether a request tells anew who set which field.
func (r *Registry) tells(asked []metav1.ManagedFieldsEntry, old api.Object) bool {
	return r.Manager == "" && hasFields(asked) && !api.Equal(asked, old.GetManagedFields())
}

// writer is who makes this request.
func (r *Registry) writer(asked []metav1.ManagedFieldsEntry, subresource string) Writer {
	by := Writer{Manager: r.Manager, Subresource: subresource, Time: r.timestamp().Time}
	switch {
	case r.Manager != "":
	case len(asked) == 1 && asked[0].Time == nil && !hasFields(asked):
		by.Manager, by.APIVersion = asked[0].Manager, asked[0].APIVersion
	default:
		by.Manager = anybody
	}
	return by
}

// forget is called when an object goes.
func (r *Registry) forget(object api.Object) {
	if _, is := object.(*corev1.Event); !is {
		r.Tx.DeleteRow(Managers, string(object.GetUID()))
	}
}
