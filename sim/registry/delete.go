package registry

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// Delete asks for the end of an object: it goes at once, or is marked and goes when its grace period and its finalizers
// allow. The answer is the object as it last is, and whether it is gone.
func (r *Registry) Delete(kind *api.Kind, name api.Name, options metav1.DeleteOptions) (object api.Object, gone bool, err error) {
	old, err := r.Get(kind, name)
	if err != nil {
		return nil, false, err
	}
	if err := checkPreconditions(kind, old, options.Preconditions); err != nil {
		return nil, false, err
	}
	if err := checkNamespaceDeletion(kind, name); err != nil {
		return nil, false, err
	}
	changed := old.DeepCopyObject().(api.Object)
	dirty := setPropagation(changed, options)
	grace := gracePeriod(old, options)
	held := len(changed.GetFinalizers()) > 0 || len(namespaceFinalizers(changed)) > 0
	if grace == 0 && !held {
		r.Tx.Delete(old)
		return old, true, nil
	}
	if r.markDeleted(changed, grace) || dirty {
		r.Tx.Put(changed)
		return changed, false, nil
	}
	return old, false, nil
}

// markDeleted notes when the object will be gone at the latest. A second deletion may only make that earlier
// (upstream: apiserver/pkg/registry/rest/delete.go BeforeDelete).
func (r *Registry) markDeleted(object api.Object, grace int64) (changed bool) {
	if object.GetDeletionTimestamp() != nil {
		current := object.GetDeletionGracePeriodSeconds()
		if current == nil || grace >= *current {
			return false
		}
		requested := object.GetDeletionTimestamp().Add(-time.Duration(*current) * time.Second)
		end := metav1.NewTime(requested.Add(time.Duration(grace) * time.Second))
		object.SetDeletionTimestamp(&end)
	} else {
		end := api.Timestamp(r.Tx.Now().Add(time.Duration(grace) * time.Second))
		object.SetDeletionTimestamp(&end)
		if object.GetGeneration() > 0 {
			object.SetGeneration(object.GetGeneration() + 1)
		}
	}
	object.SetDeletionGracePeriodSeconds(&grace)
	if namespace, ok := object.(*corev1.Namespace); ok {
		namespace.Status.Phase = corev1.NamespaceTerminating
	}
	return true
}

// gracePeriod is how long the object may take to end. Only Pods take time: those that a kubelet runs
// (upstream: pkg/registry/core/pod/strategy.go CheckGracefulDelete).
func gracePeriod(object api.Object, options metav1.DeleteOptions) int64 {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return 0
	}
	period := int64(corev1.DefaultTerminationGracePeriodSeconds)
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		period = *pod.Spec.TerminationGracePeriodSeconds
	}
	if options.GracePeriodSeconds != nil {
		period = *options.GracePeriodSeconds
	}
	if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		period = 0
	}
	return max(period, 0)
}

// setPropagation turns what becomes of the dependents into the finalizer that the garbage collector acts on.
func setPropagation(object api.Object, options metav1.DeleteOptions) (changed bool) {
	policy := metav1.DeletePropagationBackground
	switch {
	case options.PropagationPolicy != nil:
		policy = *options.PropagationPolicy
	case options.OrphanDependents != nil && *options.OrphanDependents: //nolint:staticcheck // clients still send it
		policy = metav1.DeletePropagationOrphan
	case options.OrphanDependents == nil && slices.Contains(object.GetFinalizers(), metav1.FinalizerOrphanDependents):
		policy = metav1.DeletePropagationOrphan
	case options.OrphanDependents == nil && slices.Contains(object.GetFinalizers(), metav1.FinalizerDeleteDependents):
		policy = metav1.DeletePropagationForeground
	}
	finalizers := slices.DeleteFunc(slices.Clone(object.GetFinalizers()), func(finalizer string) bool {
		return finalizer == metav1.FinalizerOrphanDependents || finalizer == metav1.FinalizerDeleteDependents
	})
	switch policy {
	case metav1.DeletePropagationOrphan:
		finalizers = append(finalizers, metav1.FinalizerOrphanDependents)
	case metav1.DeletePropagationForeground:
		finalizers = append(finalizers, metav1.FinalizerDeleteDependents)
	}
	if slices.Equal(finalizers, object.GetFinalizers()) {
		return false
	}
	object.SetFinalizers(finalizers)
	return true
}

func checkPreconditions(kind *api.Kind, object api.Object, preconditions *metav1.Preconditions) error {
	if preconditions == nil {
		return nil
	}
	if uid := preconditions.UID; uid != nil && *uid != object.GetUID() {
		return apierrors.NewConflict(kind.GroupResource(), object.GetName(), fmt.Errorf(
			"Precondition failed: UID in precondition: %v, UID in object meta: %v", *uid, object.GetUID()))
	}
	if version := preconditions.ResourceVersion; version != nil && *version != object.GetResourceVersion() {
		return apierrors.NewConflict(kind.GroupResource(), object.GetName(), fmt.Errorf(
			"Precondition failed: ResourceVersion in precondition: %v, ResourceVersion in object meta: %v", *version, object.GetResourceVersion()))
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
		return apierrors.NewForbidden(kind.GroupResource(), name.Name, fmt.Errorf("this namespace may not be deleted"))
	}
	return nil
}

func namespaceFinalizers(object api.Object) []corev1.FinalizerName {
	if namespace, ok := object.(*corev1.Namespace); ok {
		return namespace.Spec.Finalizers
	}
	return nil
}

func namespaceTerminatingCause(namespace string) metav1.StatusCause {
	return metav1.StatusCause{
		Type:    corev1.NamespaceTerminatingCause,
		Message: fmt.Sprintf("namespace %s is being terminated", namespace),
		Field:   "metadata.namespace",
	}
}
