package registry

import (
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
)

// optimisticLockMessage is upstream's registry.OptimisticLockErrorMsg.
const optimisticLockMessage = "the object has been modified; please apply your changes to the latest version and try again"

// Update replaces an object or one of its subresources ("" for the main resource). The object is taken over. An empty
// resource version means: whatever is there now. An update that changes nothing writes nothing, and gives back what is there.
func (r *Registry) Update(object api.Object, subresource string) (api.Object, error) {
	kind := api.KindOf(object)
	old, err := r.Get(kind, api.NameOf(object))
	if err != nil {
		return nil, err
	}
	if version := object.GetResourceVersion(); version != "" && version != "0" && version != old.GetResourceVersion() {
		return nil, apierrors.NewConflict(kind.GroupResource(), object.GetName(), fmt.Errorf(optimisticLockMessage))
	}
	if uid := object.GetUID(); uid != "" && uid != old.GetUID() {
		return nil, apierrors.NewConflict(kind.GroupResource(), object.GetName(), fmt.Errorf(
			"Precondition failed: UID in precondition: %v, UID in object meta: %v", uid, old.GetUID()))
	}
	api.Stamp(object)
	object.SetResourceVersion(old.GetResourceVersion())
	object.SetUID(old.GetUID())
	object.SetCreationTimestamp(old.GetCreationTimestamp())
	object.SetDeletionTimestamp(old.GetDeletionTimestamp())
	object.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
	object.SetGenerateName(old.GetGenerateName())
	object.SetSelfLink("")
	object.SetGeneration(old.GetGeneration())
	r.Settings.Release.PrepareForUpdate(object, old, subresource)
	r.Settings.Release.Default(object)
	if err := r.admitUpdate(object, old); err != nil {
		return nil, err
	}
	if problems := r.Settings.Release.ValidateUpdate(object, old, subresource); len(problems) > 0 {
		return nil, apierrors.NewInvalid(kind.GroupVersionKind().GroupKind(), object.GetName(), problems)
	}
	if r.finished(object) {
		r.Tx.Put(object) // watchers see the last finalizer go before the object does
		r.Tx.Delete(object)
		return object, nil
	}
	if apiequality.Semantic.DeepEqual(object, old) {
		return old, nil
	}
	r.Tx.Put(object)
	return object, nil
}

// finished says whether a terminating object has nothing left that holds it.
func (r *Registry) finished(object api.Object) bool {
	if object.GetDeletionTimestamp() == nil || len(object.GetFinalizers()) > 0 || len(namespaceFinalizers(object)) > 0 {
		return false
	}
	grace := object.GetDeletionGracePeriodSeconds()
	return grace == nil || *grace == 0
}
