package registry

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
)

// Delete asks for the end of an object: it goes at once, or is marked and goes when its grace period and its finalizers
// allow. The answer is the object as it last is, and whether it is gone
// (upstream: apiserver/pkg/registry/generic/registry/store.go Delete).
func (r *Registry) Delete(kind *api.Kind, name api.Name, options metav1.DeleteOptions) (object api.Object, gone bool, err error) {
	if err := checkNamespaceDeletion(kind, name); err != nil {
		return nil, false, err
	}
	old, err := r.Get(kind, name)
	if err != nil {
		return nil, false, err
	}
	if problems := metavalidation.ValidateDeleteOptions(&options); len(problems) > 0 {
		return nil, false, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "DeleteOptions"}, "", problems)
	}
	if namespace, ok := old.(*corev1.Namespace); ok {
		if done, answer, err := r.terminateNamespace(namespace, options); done {
			return answer, false, err
		}
	}
	if err := checkPreconditions(kind, old, options.Preconditions); err != nil {
		return nil, false, err
	}
	changed := api.Copy(old)
	grace, pending := r.shortenGrace(changed, options)
	if pending {
		return old, false, nil
	}
	setPropagation(changed, options)
	held := len(changed.GetFinalizers()) > 0
	if _, graceful := changed.(*corev1.Pod); held && !graceful {
		r.markDeleted(changed)
	}
	if !api.Equal(changed, old) {
		r.Tx.Put(changed) // watchers see a Pod terminating even when it goes at once
	}
	if held || grace > 0 {
		return changed, false, nil
	}
	r.forget(old)
	r.Tx.Delete(changed)
	return changed, true, nil
}

// shortenGrace gives a Pod its grace period, or a shorter one than it has: a period once begun is never lengthened, and a deletion that
// asks for no other changes nothing (pending). Other kinds have no such period
// (upstream: apiserver/pkg/registry/rest/delete.go BeforeDelete).
func (r *Registry) shortenGrace(object api.Object, options metav1.DeleteOptions) (grace int64, pending bool) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return 0, false
	}
	asked := options.GracePeriodSeconds
	if asked != nil && *asked < 0 {
		second := int64(1)
		asked = &second
	}
	if pod.DeletionTimestamp == nil {
		grace = api.TerminationGracePeriod(pod, asked)
		end := r.timestampIn(grace)
		pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &end, &grace
		if pod.Generation > 0 {
			pod.Generation++
		}
		return grace, false
	}
	current := pod.DeletionGracePeriodSeconds
	switch {
	case current == nil || *current == 0:
		return 0, false
	case asked == nil || *asked >= *current:
		return *current, true
	}
	grace = *asked
	end := metav1.NewTime(pod.DeletionTimestamp.Add(time.Duration(grace-*current) * time.Second))
	if now := r.timestamp(); end.Before(&now) {
		end = now
		if grace != 0 {
			grace = 1 // the shortest time that still leaves the end of the Pod to its kubelet
		}
	}
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &end, &grace
	return grace, false
}

// markDeleted notes that an object that finalizers hold is deleted (upstream: markAsDeleting).
func (r *Registry) markDeleted(object api.Object) {
	now := r.timestamp()
	if object.GetDeletionTimestamp() == nil {
		object.SetDeletionTimestamp(&now)
		if object.GetGeneration() > 0 {
			object.SetGeneration(object.GetGeneration() + 1)
		}
	}
	none := int64(0)
	object.SetDeletionGracePeriodSeconds(&none)
}

// terminateNamespace begins the end of a namespace, or waits for what finalizes it. It is done with a request unless the namespace has
// nothing left to wait for (upstream: pkg/registry/core/namespace/storage Delete).
func (r *Registry) terminateNamespace(namespace *corev1.Namespace, options metav1.DeleteOptions) (done bool, answer api.Object, err error) {
	if preconditions := options.Preconditions; preconditions != nil {
		kind := api.KindOf(namespace)
		if uid := preconditions.UID; uid != nil && *uid != namespace.UID {
			return true, nil, kind.ConflictBecause(namespace.Name, fmt.Errorf(
				"Precondition failed: UID in precondition: %v, UID in object meta: %v", *uid, namespace.UID))
		}
		if version := preconditions.ResourceVersion; version != nil && *version != namespace.ResourceVersion {
			return true, nil, kind.ConflictBecause(namespace.Name, fmt.Errorf(
				"Precondition failed: ResourceVersion in precondition: %v, ResourceVersion in object meta: %v", *version, namespace.ResourceVersion))
		}
	}
	if namespace.DeletionTimestamp != nil {
		return len(namespace.Spec.Finalizers) > 0, namespace, nil
	}
	changed := namespace.DeepCopy()
	now := r.timestamp()
	changed.DeletionTimestamp = &now
	changed.Status.Phase = corev1.NamespaceTerminating
	setPropagation(changed, options)
	r.Tx.Put(changed)
	return true, changed, nil
}

// setPropagation turns what becomes of the dependents into the finalizer that the garbage collector acts on
// (upstream: deletionFinalizersForGarbageCollection).
func setPropagation(object api.Object, options metav1.DeleteOptions) {
	before := object.GetFinalizers()
	policy := defaultPropagation(object)
	switch {
	case options.PropagationPolicy != nil:
		policy = *options.PropagationPolicy
	case options.OrphanDependents != nil && *options.OrphanDependents:
		policy = metav1.DeletePropagationOrphan
	case options.OrphanDependents != nil:
		policy = metav1.DeletePropagationBackground
	case slices.Contains(before, metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
	case slices.Contains(before, metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
	}
	finalizer := ""
	switch policy {
	case metav1.DeletePropagationOrphan:
		finalizer = metav1.FinalizerOrphanDependents
	case metav1.DeletePropagationForeground:
		finalizer = metav1.FinalizerDeleteDependents
	}
	finalizers := slices.DeleteFunc(slices.Clone(before), func(name string) bool {
		return name != finalizer && (name == metav1.FinalizerOrphanDependents || name == metav1.FinalizerDeleteDependents)
	})
	if finalizer != "" && !slices.Contains(finalizers, finalizer) {
		finalizers = append(finalizers, finalizer)
	}
	object.SetFinalizers(finalizers)
}

// defaultPropagation is what becomes of the dependents when nobody says: two old kinds leave them.
func defaultPropagation(object api.Object) metav1.DeletionPropagation {
	switch api.KindOf(object).Kind {
	case "ReplicationController", "Job":
		return metav1.DeletePropagationOrphan
	}
	return metav1.DeletePropagationBackground
}

func checkPreconditions(kind *api.Kind, object api.Object, preconditions *metav1.Preconditions) error {
	if preconditions == nil {
		return nil
	}
	conflict := func(format string, wanted, found any) error { // upstream names the kind here, not the resource
		return apierrors.NewConflict(schema.GroupResource{Group: kind.Group, Resource: kind.Kind}, object.GetName(), fmt.Errorf(format, wanted, found))
	}
	if uid := preconditions.UID; uid != nil && *uid != object.GetUID() {
		return conflict("the UID in the precondition (%s) does not match the UID in record (%s). The object might have been deleted and then recreated", *uid, object.GetUID())
	}
	if version := preconditions.ResourceVersion; version != nil && *version != object.GetResourceVersion() {
		return conflict("the ResourceVersion in the precondition (%s) does not match the ResourceVersion in record (%s). The object might have been modified", *version, object.GetResourceVersion())
	}
	return nil
}

// checkNamespaceDeletion keeps the namespaces that a cluster cannot do without.
func checkNamespaceDeletion(kind *api.Kind, name api.Name) error {
	if kind.Kind != "Namespace" {
		return nil
	}
	switch name.Name {
	case metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic:
		return kind.Forbidden(name.Name, fmt.Errorf("this namespace may not be deleted"))
	}
	return nil
}

func namespaceFinalizers(object api.Object) []corev1.FinalizerName {
	if namespace, ok := object.(*corev1.Namespace); ok {
		return namespace.Spec.Finalizers
	}
	return nil
}
