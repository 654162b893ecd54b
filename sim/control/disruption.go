package control

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	disruptionController = "controllermanager" // upstream gives this controller's events no name of their own
	// disruptionLatency lets the changes of one instant be seen together.
	disruptionLatency = 10 * time.Millisecond
	// disruptionTimeout is how long an evicted Pod counts as gone before it is: if it has not been deleted by then, it never will be
	// (upstream: DeletionTimeout and stalePodDisruptionTimeout).
	disruptionTimeout = 2 * time.Minute
)

// disruptionLoop keeps the status of PodDisruptionBudgets, which the eviction of Pods goes by (upstream: pkg/controller/disruption):
//
//	disruption.go        what wakes it, Pods that were evicted and did not go, and the status
//	disruption_scale.go  how many Pods are expected and how many must be healthy
//
// Keys are those of budgets, and of Pods (see podKeyPrefix).
func disruptionLoop() Loop {
	return Loop{Name: "disruption", Latency: disruptionLatency, Wakes: wakeDisruption, Sync: syncDisruption}
}

func syncDisruption(in Input) Plan {
	if pod, isPod := strings.CutPrefix(in.Key.Name, podKeyPrefix); isPod {
		return syncDisruptedPod(in, pod)
	}
	return syncBudget(in)
}

func wakeDisruption(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *policyv1.PodDisruptionBudget:
		if change.New != nil {
			wake(Key{Namespace: object.Namespace, Name: object.Name})
		}
	case *corev1.Pod:
		// Upstream refreshes one of several budgets, whichever its cache lists first; here all of them are.
		budgets := budgetsOf(view, object)
		for _, budget := range budgets {
			wake(Key{Namespace: budget.Namespace, Name: budget.Name})
		}
		if change.New != nil && (len(budgets) > 1 || evictedButHere(object)) {
			wake(Key{Namespace: object.Namespace, Name: podKeyPrefix + object.Name})
		}
	}
}

// budgetsOf are the budgets that select the Pod. An empty selector selects all Pods of the namespace.
func budgetsOf(view store.View, pod *corev1.Pod) (budgets []*policyv1.PodDisruptionBudget) {
	for budget := range store.List[*policyv1.PodDisruptionBudget](view, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			budgets = append(budgets, budget)
		}
	}
	return budgets
}

// evictedButHere says whether the Pod is marked as about to be disrupted and is not being deleted. What kubelets mark they end themselves
// (upstream: nonTerminatingPodHasStaleDisruptionCondition).
func evictedButHere(pod *corev1.Pod) bool {
	condition := podCondition(pod, corev1.DisruptionTarget)
	return pod.DeletionTimestamp == nil && !podEnded(pod) && condition != nil && condition.Status == corev1.ConditionTrue &&
		condition.Reason != corev1.PodReasonTerminationByKubelet
}

// syncDisruptedPod tells a Pod of several budgets that it has them, and takes back a mark that came to nothing.
func syncDisruptedPod(in Input, name string) (plan Plan) {
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found {
		return plan
	}
	if budgets := budgetsOf(in.View, pod); len(budgets) > 1 {
		plan.Events = append(plan.Events, disruptionEvent(pod, corev1.EventTypeWarning, "MultiplePodDisruptionBudgets", fmt.Sprintf(
			"Pod %q/%q matches multiple PodDisruptionBudgets.  Chose %q arbitrarily.", pod.Namespace, pod.Name, budgets[0].Name)))
	}
	if !evictedButHere(pod) {
		return plan
	}
	if stale := podCondition(pod, corev1.DisruptionTarget).LastTransitionTime.Add(disruptionTimeout); stale.After(in.Now) {
		plan.Requeue = stale
		return plan
	}
	changed := pod.DeepCopy()
	*podCondition(changed, corev1.DisruptionTarget) = corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionFalse, LastTransitionTime: api.Timestamp(in.Now),
		ObservedGeneration: observedBy(in, pod),
	}
	plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed})
	return plan
}

func syncBudget(in Input) (plan Plan) {
	budget, found := store.Get[*policyv1.PodDisruptionBudget](in.View, in.Key.Namespace, in.Key.Name)
	if !found {
		return plan
	}
	status := policyv1.PodDisruptionBudgetStatus{ObservedGeneration: budget.Generation, Conditions: budget.DeepCopy().Status.Conditions}
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		plan.Events = append(plan.Events, disruptionEvent(budget, corev1.EventTypeWarning, "NoPods", fmt.Sprintf("Failed to get pods: %v", err)))
		allowNothing(in, &plan, budget, err)
		return plan
	}
	var pods []*corev1.Pod
	for pod := range store.List[*corev1.Pod](in.View, budget.Namespace) {
		if selector.Matches(labels.Set(pod.Labels)) {
			pods = append(pods, pod)
		}
	}
	if len(pods) == 0 {
		plan.Events = append(plan.Events, disruptionEvent(budget, corev1.EventTypeNormal, "NoPods", "No matching pods found"))
	}
	unmanaged := false
	status.ExpectedPods, status.DesiredHealthy, unmanaged, err = expectedPods(in.View, budget, pods)
	if err != nil {
		plan.Events = append(plan.Events, disruptionEvent(budget, corev1.EventTypeWarning, "CalculateExpectedPodCountFailed",
			fmt.Sprintf("Failed to calculate the number of expected pods: %v", err)))
		allowNothing(in, &plan, budget, err)
		return plan
	}
	if unmanaged {
		plan.Events = append(plan.Events, disruptionEvent(budget, corev1.EventTypeWarning, "UnmanagedPods", fmt.Sprintf(
			"Pods selected by this PodDisruptionBudget (selector: %v) were found to be unmanaged. As a result, the status of the PDB cannot be calculated "+
				"correctly, which may result in undefined behavior. To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.",
			budget.Spec.Selector)))
	}
	countPods(in, &plan, budget, pods, &status)
	if allowed := status.CurrentHealthy - status.DesiredHealthy; status.ExpectedPods > 0 && allowed > 0 {
		status.DisruptionsAllowed = allowed
	}
	setDisruptionAllowed(in, &status)
	if !apiequality.Semantic.DeepEqual(budget.Status, status) {
		changed := budget.DeepCopy()
		changed.Status = status
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed})
	}
	return plan
}

// countPods counts the healthy Pods: Ready, not being deleted, and not evicted a moment ago. It remembers the evicted ones until they are
// being deleted, or for two minutes (upstream: buildDisruptedPodMap and countHealthyPods).
func countPods(in Input, plan *Plan, budget *policyv1.PodDisruptionBudget, pods []*corev1.Pod, status *policyv1.PodDisruptionBudgetStatus) {
	status.DisruptedPods = map[string]metav1.Time{}
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil {
			continue
		}
		if at, evicted := budget.Status.DisruptedPods[pod.Name]; evicted {
			gone := at.Add(disruptionTimeout)
			if gone.After(in.Now) {
				status.DisruptedPods[pod.Name] = at
				if plan.Requeue.IsZero() || gone.Before(plan.Requeue) {
					plan.Requeue = gone
				}
				continue
			}
			plan.Events = append(plan.Events, disruptionEvent(pod, corev1.EventTypeWarning, "NotDeleted", fmt.Sprintf(
				"Pod was expected by PDB %s/%s to be deleted but it wasn't", budget.Namespace, budget.Namespace))) // the namespace twice, as upstream says it
		}
		if podReady(pod) {
			status.CurrentHealthy++
		}
	}
}

func setDisruptionAllowed(in Input, status *policyv1.PodDisruptionBudgetStatus) {
	condition := metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.InsufficientPodsReason,
		ObservedGeneration: status.ObservedGeneration, LastTransitionTime: api.Timestamp(in.Now),
	}
	if status.DisruptionsAllowed > 0 {
		condition.Status, condition.Reason = metav1.ConditionTrue, policyv1.SufficientPodsReason
	}
	meta.SetStatusCondition(&status.Conditions, condition)
}

// allowNothing is for a budget that cannot be worked out: until it can, no Pod may be evicted (upstream: failSafe).
func allowNothing(in Input, plan *Plan, budget *policyv1.PodDisruptionBudget, problem error) {
	changed := budget.DeepCopy()
	changed.Status.DisruptionsAllowed = 0
	meta.SetStatusCondition(&changed.Status.Conditions, metav1.Condition{
		Type: policyv1.DisruptionAllowedCondition, Status: metav1.ConditionFalse, Reason: policyv1.SyncFailedReason, Message: problem.Error(),
		ObservedGeneration: changed.Status.ObservedGeneration, LastTransitionTime: api.Timestamp(in.Now),
	})
	if !apiequality.Semantic.DeepEqual(budget.Status, changed.Status) {
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed})
	}
}

func disruptionEvent(regarding api.Object, kind, reason, message string) Event {
	return Event{Regarding: regarding, Type: kind, Reason: reason, Message: message, Source: disruptionController}
}

// observedBy is the generation that a new condition of a Pod is about; releases before 1.34 do not say.
func observedBy(in Input, pod *corev1.Pod) int64 {
	if !in.Settings.Release.AtLeast(34) {
		return 0
	}
	return pod.Generation
}
