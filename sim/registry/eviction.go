package registry

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// maxDisruptedPods is how many evicted Pods a budget remembers at most (upstream: MaxDisruptedPodSize).
const maxDisruptedPods = 2000

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
	if err := checkPreconditions(kind, pod, options.Preconditions); err != nil {
		return err
	}
	target := pod.DeepCopy()
	setCondition(target, corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, LastTransitionTime: r.timestamp(),
		Reason: "EvictionByEvictionAPI", Message: "Eviction API: evicting",
	})
	updated, err := r.Update(target, "status")
	if err != nil {
		return err
	}
	if options.Preconditions != nil && options.Preconditions.ResourceVersion != nil {
		preconditions, version := *options.Preconditions, updated.GetResourceVersion()
		preconditions.ResourceVersion = &version
		options.Preconditions = &preconditions
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
	var found *policyv1.PodDisruptionBudget
	for budget := range store.List[*policyv1.PodDisruptionBudget](r.Tx.View, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) {
			continue
		}
		if found != nil {
			return nil, unclassified("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
		}
		found = budget
	}
	return found, nil
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
	resource := policyv1.Resource("poddisruptionbudget") // upstream names it in the singular here
	switch status := &budget.Status; {
	case status.ObservedGeneration < budget.Generation:
		return disruptionRefused(fmt.Sprintf("The disruption budget %s is still being processed by the server.", budget.Name), 10)
	case status.DisruptionsAllowed < 0:
		return apierrors.NewForbidden(resource, budget.Name, fmt.Errorf("pdb disruptions allowed is negative"))
	case len(status.DisruptedPods) > maxDisruptedPods:
		return apierrors.NewForbidden(resource, budget.Name, fmt.Errorf("DisruptedPods map too big - too many evictions not confirmed by PDB controller"))
	case status.DisruptionsAllowed == 0:
		return disruptionRefused(refusalOf(budget), 0)
	}
	changed := budget.DeepCopy()
	changed.Status.DisruptionsAllowed--
	if changed.Status.DisruptionsAllowed == 0 {
		meta.SetStatusCondition(&changed.Status.Conditions, metav1.Condition{
			Type: policyv1.DisruptionAllowedCondition, Reason: policyv1.InsufficientPodsReason, Status: metav1.ConditionFalse,
			ObservedGeneration: changed.Status.ObservedGeneration, LastTransitionTime: r.timestamp(),
		})
	}
	if changed.Status.DisruptedPods == nil {
		changed.Status.DisruptedPods = map[string]metav1.Time{}
	}
	changed.Status.DisruptedPods[pod.Name] = r.timestamp()
	_, err := r.Update(changed, "status")
	return err
}

func disruptionRefused(cause string, retryAfterSeconds int) error {
	problem := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", retryAfterSeconds)
	problem.ErrStatus.Details.Causes = append(problem.ErrStatus.Details.Causes, metav1.StatusCause{Type: policyv1.DisruptionBudgetCause, Message: cause})
	return problem
}

// refusalOf says why the budget allows no disruption.
func refusalOf(budget *policyv1.PodDisruptionBudget) string {
	condition := meta.FindStatusCondition(budget.Status.Conditions, policyv1.DisruptionAllowedCondition)
	told := condition != nil && condition.Status == metav1.ConditionFalse && condition.Message != ""
	switch {
	case told && condition.Reason == policyv1.SyncFailedReason:
		return fmt.Sprintf("The disruption budget %s does not allow evicting pods currently because it failed sync: %s", budget.Name, condition.Message)
	case budget.Status.CurrentHealthy <= budget.Status.DesiredHealthy:
		return fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", budget.Name, budget.Status.DesiredHealthy, budget.Status.CurrentHealthy)
	case told:
		return fmt.Sprintf("The disruption budget %s does not allow evicting pods currently (%s): %s", budget.Name, condition.Reason, condition.Message)
	}
	return fmt.Sprintf("The disruption budget %s does not allow evicting pods currently", budget.Name)
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
