package why

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

const eviction = "pkg/registry/core/pod/storage/eviction.go"

// budget is about a disruption budget that allows no eviction.
func (a *asker) budget(budget *policyv1.PodDisruptionBudget) {
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		selector = labels.Nothing()
	}
	var pods []*corev1.Pod
	for pod := range store.List[*corev1.Pod](a.view, budget.Namespace) {
		if selector.Matches(labels.Set(pod.Labels)) {
			pods = append(pods, pod)
		}
	}
	status := &budget.Status
	describe := a.kubectl(budget.Namespace, "describe pdb %s", budget.Name)
	switch {
	case status.ObservedGeneration < budget.Generation:
		a.say(fmt.Sprintf("%s was changed, and the controller has not looked at it yet", of(budget)), "", fmt.Sprintf("The disruption budget %s is still being processed by the server. (%s)", budget.Name, eviction), "")
	case len(pods) == 0:
		a.say(fmt.Sprintf("the selector of %s matches no Pod", of(budget)), of(budget), told(a.event(budget, "NoPods"), "", "pkg/controller/disruption/disruption.go"),
			a.kubectl(budget.Namespace, "get pods --show-labels"))
	case status.DisruptionsAllowed == 0:
		rule := fmt.Sprintf("%s allows no eviction: it needs %d healthy Pods and has %d of %d", of(budget), status.DesiredHealthy, status.CurrentHealthy, status.ExpectedPods)
		holds, command := of(budget), "add replicas, or change the budget: "+describe
		for _, pod := range pods {
			if !ready(pod) || pod.DeletionTimestamp != nil {
				holds = of(pod)
				break
			}
		}
		if status.DesiredHealthy >= status.ExpectedPods {
			rule += "; with these numbers it never will"
			command = "lower minAvailable, or raise maxUnavailable: " + a.kubectl(budget.Namespace, "edit pdb %s", budget.Name)
		}
		a.say(rule, holds, fmt.Sprintf("Cannot evict pod as it would violate the pod's disruption budget. The disruption budget %s needs %d healthy pods and has %d currently (%s)",
			budget.Name, status.DesiredHealthy, status.CurrentHealthy, eviction), command)
		for _, pod := range pods {
			if !ready(pod) || pod.DeletionTimestamp != nil {
				a.object(pod)
			}
		}
	}
	a.overlapping(budget, pods)
}

// overlapping is about Pods that have several budgets: they cannot be evicted at all.
func (a *asker) overlapping(budget *policyv1.PodDisruptionBudget, pods []*corev1.Pod) {
	for other := range store.List[*policyv1.PodDisruptionBudget](a.view, budget.Namespace) {
		if other.Name == budget.Name {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(other.Spec.Selector)
		if err != nil {
			continue
		}
		for _, pod := range pods {
			if selector.Matches(labels.Set(pod.Labels)) {
				a.say(fmt.Sprintf("Pod %s belongs to %s and to %s: a Pod of several budgets cannot be evicted", pod.Name, of(budget), of(other)), of(other),
					"This pod has more than one PodDisruptionBudget, which the eviction subresource does not support. ("+eviction+")", a.kubectl(budget.Namespace, "delete pdb %s", other.Name))
				return
			}
		}
	}
}
