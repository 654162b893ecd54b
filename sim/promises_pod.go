package sim

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

func phasesFinal(e *evidence) string {
	for _, pod := range e.pods {
		if pod.old != nil && pod.new != nil && hasEnded(pod.old) && pod.new.Status.Phase != pod.old.Status.Phase {
			return fmt.Sprintf("%s went from %s to %s", api.NameOf(pod.new), pod.old.Status.Phase, pod.new.Status.Phase)
		}
	}
	return ""
}

func restartsNeverFall(e *evidence) string {
	for _, pod := range e.pods {
		if pod.old == nil || pod.new == nil {
			continue
		}
		if found := fewerRestarts(pod.old.Status.ContainerStatuses, pod.new.Status.ContainerStatuses); found != "" {
			return api.NameOf(pod.new).String() + ": " + found
		}
		if found := fewerRestarts(pod.old.Status.InitContainerStatuses, pod.new.Status.InitContainerStatuses); found != "" {
			return api.NameOf(pod.new).String() + ": " + found
		}
	}
	return ""
}

func fewerRestarts(before, after []corev1.ContainerStatus) string {
	for i := range after {
		for j := range before {
			if before[j].Name == after[i].Name && before[j].RestartCount > after[i].RestartCount {
				return fmt.Sprintf("the restarts of container %s fell from %d to %d", after[i].Name, before[j].RestartCount, after[i].RestartCount)
			}
		}
	}
	return ""
}

func nodeKept(e *evidence) string {
	for _, pod := range e.pods {
		if pod.old != nil && pod.new != nil && pod.old.Spec.NodeName != "" && pod.new.Spec.NodeName != pod.old.Spec.NodeName {
			return fmt.Sprintf("%s went from %s to %q", api.NameOf(pod.new), pod.old.Spec.NodeName, pod.new.Spec.NodeName)
		}
	}
	return ""
}

// budgetsHeld looks at the Pods that the event evicted. It goes by the status of their budgets, as the API does: what a budget does not know yet,
// such as a Pod that has just failed, no eviction can respect.
func budgetsHeld(e *evidence) string {
	for _, pod := range e.pods {
		if pod.old == nil || pod.new == nil || pod.old.DeletionTimestamp != nil || evicted(pod.old) || !evicted(pod.new) || hasEnded(pod.old) || pod.old.Status.Phase == corev1.PodPending {
			continue
		}
		for budget := range store.List[*policyv1.PodDisruptionBudget](e.before, pod.old.Namespace) {
			selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
			if err != nil || !selector.Matches(labels.Set(pod.old.Labels)) || !podReady(pod.old) && sickMayGo(budget) {
				continue
			}
			after, _ := store.Get[*policyv1.PodDisruptionBudget](e.view, budget.Namespace, budget.Name)
			switch {
			case budget.Status.DisruptionsAllowed <= 0 || budget.Status.ObservedGeneration < budget.Generation:
				return fmt.Sprintf("%s was evicted while budget %s allows no disruption", api.NameOf(pod.old), budget.Name)
			case after != nil && after.Status.DisruptionsAllowed >= budget.Status.DisruptionsAllowed:
				return fmt.Sprintf("%s was evicted and not charged to budget %s", api.NameOf(pod.old), budget.Name)
			}
		}
	}
	return ""
}

// evicted says whether the Pod is marked by the eviction API.
func evicted(pod *corev1.Pod) bool {
	for i := range pod.Status.Conditions {
		if condition := &pod.Status.Conditions[i]; condition.Type == corev1.DisruptionTarget {
			return condition.Status == corev1.ConditionTrue && condition.Reason == "EvictionByEvictionAPI"
		}
	}
	return false
}

// sickMayGo says whether a budget does not mind the eviction of a Pod that is not Ready.
func sickMayGo(budget *policyv1.PodDisruptionBudget) bool {
	if policy := budget.Spec.UnhealthyPodEvictionPolicy; policy != nil && *policy == policyv1.AlwaysAllow {
		return true
	}
	return budget.Status.CurrentHealthy >= budget.Status.DesiredHealthy && budget.Status.DesiredHealthy > 0
}
