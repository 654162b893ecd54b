package registry

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// Update replaces an object or one of its subresources ("" for the main resource). The object is taken over. An empty
// resource version means: whatever is there now; an empty uid likewise. An update that changes nothing writes nothing,
// and gives back what is there. One that takes the last finalizer from a terminating object ends it
// (upstream: apiserver/pkg/registry/generic/registry/store.go Update).
func (r *Registry) Update(object api.Object, subresource string) (api.Object, error) {
	return r.update(object, subresource, subresource)
}

// update is Update for a request that came in through a door: the subresource that is noted with who made it.
func (r *Registry) update(object api.Object, subresource, door string) (api.Object, error) {
	kind, name := api.KindOf(object), api.NameOf(object)
	old, found := r.Tx.Object(kind, name.Namespace, name.Name)
	switch uid := object.GetUID(); {
	case !found && uid != "":
		return nil, preconditionFailed(kind, name, uid, "")
	case !found:
		return nil, kind.NotFound(name.Name)
	case uid != "" && uid != old.GetUID():
		return nil, preconditionFailed(kind, name, uid, old.GetUID())
	}
	if version := object.GetResourceVersion(); version != "" && version != "0" && version != old.GetResourceVersion() {
		return nil, kind.Conflict(name.Name)
	}
	api.Stamp(object)
	asked := object.GetManagedFields()
	object.SetManagedFields(old.GetManagedFields())
	object.SetResourceVersion(old.GetResourceVersion())
	object.SetSelfLink("")
	r.Settings.Release.Default(object)
	r.Settings.Release.PrepareForUpdate(object, old, subresource)
	if err := r.completeUpdate(object, old, subresource); err != nil {
		return nil, err
	}
	if problems := r.ownAddresses(r.Settings.Release.ValidateUpdate(object, old, subresource)); len(problems) > 0 {
		return nil, apierrors.NewInvalid(kind.GroupVersionKind().GroupKind(), name.Name, problems)
	}
	if finished(object, old) {
		r.forget(old)
		r.Tx.Delete(old)
		return object, nil
	}
	if api.Equal(object, old) && !r.tells(asked, old) {
		return old, nil
	}
	r.noteUpdate(object, old, asked, door)
	r.Tx.Put(object)
	return object, nil
}

// completeUpdate is what takes more than the object: other objects, or the time.
func (r *Registry) completeUpdate(object, old api.Object, subresource string) error {
	switch object := object.(type) {
	case *corev1.Service:
		if subresource == "" {
			return r.allocateService(object, old.(*corev1.Service))
		}
	case *corev1.PersistentVolumeClaim:
		if subresource == "" {
			return r.admitExpansion(object, old.(*corev1.PersistentVolumeClaim))
		}
	case *corev1.PersistentVolume:
		r.notePhase(object, old.(*corev1.PersistentVolume))
	}
	return nil
}

// admitExpansion lets a claim ask for more where its class allows it (upstream: plugin/pkg/admission/storage/persistentvolume/resize).
func (r *Registry) admitExpansion(claim, old *corev1.PersistentVolumeClaim) error {
	wanted, before := claim.Spec.Resources.Requests[corev1.ResourceStorage], old.Spec.Resources.Requests[corev1.ResourceStorage]
	if wanted.Cmp(before) <= 0 {
		return nil
	}
	if old.Status.Phase != corev1.ClaimBound {
		return api.KindOf(claim).Forbidden(claim.Name, errors.New("Only bound persistent volume claims can be expanded"))
	}
	class, found := store.Get[*storagev1.StorageClass](r.Tx.View, "", storage.ClassOf(claim))
	if !found || storage.ClassOf(old) != class.Name || class.AllowVolumeExpansion == nil || !*class.AllowVolumeExpansion {
		return api.KindOf(claim).Forbidden(claim.Name, errors.New("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
	}
	return nil
}

// finished says whether a terminating object has nothing left that holds it (upstream: ShouldDeleteDuringUpdate).
func finished(object, old api.Object) bool {
	if old.GetDeletionTimestamp() == nil || len(object.GetFinalizers()) > 0 || len(namespaceFinalizers(object)) > 0 {
		return false
	}
	grace := old.GetDeletionGracePeriodSeconds()
	return grace == nil || *grace == 0
}
