package registry

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// maxGeneratedBase is how much of generateName is kept, so that name and suffix fit in 63 characters
// (upstream: apiserver/pkg/storage/names).
const maxGeneratedBase = 58

// Create makes an object. The object is taken over: it is completed in place and belongs to the store afterwards.
func (r *Registry) Create(object api.Object) (api.Object, error) {
	kind := api.KindOf(object)
	if object.GetName() == "" && object.GetGenerateName() != "" {
		base := object.GetGenerateName()
		if len(base) > maxGeneratedBase {
			base = base[:maxGeneratedBase]
		}
		object.SetName(base + r.nameSuffix())
	}
	if err := r.checkNamespace(kind, object); err != nil {
		return nil, err
	}
	api.Stamp(object)
	object.SetSelfLink("")
	object.SetDeletionTimestamp(nil)
	object.SetDeletionGracePeriodSeconds(nil)
	object.SetUID(r.NewUID())
	object.SetCreationTimestamp(r.timestamp())
	object.SetGeneration(0)
	r.Settings.Release.PrepareForCreate(object)
	r.Settings.Release.Default(object)
	if err := r.admit(object); err != nil {
		return nil, err
	}
	if problems := r.Settings.Release.Validate(object); len(problems) > 0 {
		return nil, apierrors.NewInvalid(kind.GroupVersionKind().GroupKind(), object.GetName(), problems)
	}
	if existing, found := r.Tx.Object(kind, object.GetNamespace(), object.GetName()); found {
		return nil, alreadyExists(kind, existing)
	}
	r.Tx.Put(object)
	return object, nil
}

// checkNamespace is upstream's NamespaceLifecycle admission.
func (r *Registry) checkNamespace(kind *api.Kind, object api.Object) error {
	if !kind.Namespaced {
		if object.GetNamespace() != "" {
			return apierrors.NewBadRequest("namespace may not be set on a cluster-scoped object")
		}
		return nil
	}
	if object.GetNamespace() == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("namespace is required for %s", kind.Resource))
	}
	namespace, found := store.Get[*corev1.Namespace](r.Tx.View, "", object.GetNamespace())
	if !found {
		return apierrors.NewNotFound(corev1.Resource("namespaces"), object.GetNamespace())
	}
	if namespace.DeletionTimestamp != nil || namespace.Status.Phase == corev1.NamespaceTerminating {
		problem := apierrors.NewForbidden(kind.GroupResource(), object.GetName(),
			fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace.Name))
		problem.ErrStatus.Details.Causes = append(problem.ErrStatus.Details.Causes, namespaceTerminatingCause(namespace.Name))
		return problem
	}
	return nil
}

func alreadyExists(kind *api.Kind, existing api.Object) error {
	problem := apierrors.NewAlreadyExists(kind.GroupResource(), existing.GetName())
	if existing.GetDeletionTimestamp() != nil {
		problem.ErrStatus.Message = "object is being deleted: " + strings.TrimPrefix(problem.ErrStatus.Message, "object is being deleted: ")
	}
	return problem
}
