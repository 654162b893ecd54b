package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Evict deletes a Pod if its disruption budget allows (upstream: pkg/registry/core/pod/storage/eviction.go). A refusal is
// "429 Too Many Requests" with the cause DisruptionBudget.
func (r *Registry) Evict(name api.Name, options metav1.DeleteOptions) error {
	kind := api.KindNamed("Pod")
	object, err := r.Get(kind, name)
	if err != nil {
		return err
	}
	pod := object.(*corev1.Pod)
	if counted(pod) {
		budget, err := r.budgetOf(pod)
		if err != nil {
			return err
		}
		if budget != nil && (podReady(pod) || !unhealthyMayGo(budget)) {
			if err := r.spend(budget, pod); err != nil {
				return err
			}
		}
	}
	_, _, err = r.Delete(kind, name, options)
	return err
}

// counted says whether the loss of the Pod would be a disruption at all.
func counted(pod *corev1.Pod) bool {
	switch pod.Status.Phase {
	case corev1.PodSucceeded, corev1.PodFailed, corev1.PodPending:
		return false
	}
	return pod.DeletionTimestamp == nil
}

func (r *Registry) budgetOf(pod *corev1.Pod) (*policyv1.PodDisruptionBudget, error) {
	var matching []*policyv1.PodDisruptionBudget
	for budget := range store.List[*policyv1.PodDisruptionBudget](r.Tx.View, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err == nil && budget.Spec.Selector != nil && selector.Matches(labels.Set(pod.Labels)) {
			matching = append(matching, budget)
		}
	}
	switch len(matching) {
	case 0:
		return nil, nil
	case 1:
		return matching[0], nil
	}
	return nil, apierrors.NewInternalError(fmt.Errorf("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."))
}

// unhealthyMayGo is upstream's rule for Pods that are not Ready: they go while enough others are healthy, or always.
func unhealthyMayGo(budget *policyv1.PodDisruptionBudget) bool {
	if policy := budget.Spec.UnhealthyPodEvictionPolicy; policy != nil && *policy == policyv1.AlwaysAllow {
		return true
	}
	return budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0
}

// spend takes one disruption from the budget.
func (r *Registry) spend(budget *policyv1.PodDisruptionBudget, pod *corev1.Pod) error {
	if budget.Status.ObservedGeneration < budget.Generation {
		problem := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 10)
		problem.ErrStatus.Details.Causes = append(problem.ErrStatus.Details.Causes, metav1.StatusCause{
			Type: policyv1.DisruptionBudgetCause, Message: fmt.Sprintf("The disruption budget %s is still being processed by the server.", budget.Name)})
		return problem
	}
	if budget.Status.DisruptionsAllowed <= 0 {
		problem := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
		problem.ErrStatus.Details.Causes = append(problem.ErrStatus.Details.Causes, metav1.StatusCause{
			Type: policyv1.DisruptionBudgetCause,
			Message: fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently",
				budget.Name, budget.Status.DesiredHealthy, budget.Status.CurrentHealthy)})
		return problem
	}
	changed := budget.DeepCopy()
	changed.Status.DisruptionsAllowed--
	if changed.Status.DisruptedPods == nil {
		changed.Status.DisruptedPods = map[string]metav1.Time{}
	}
	changed.Status.DisruptedPods[pod.Name] = r.timestamp()
	r.Tx.Put(changed)
	return nil
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
