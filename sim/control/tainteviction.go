package control

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	taintEviction        = "tainteviction"
	taintEvictionLatency = 10 * time.Millisecond
	deletedByTaint       = "DeletionByTaintManager"
)

// taintEvictionLoop deletes Pods from nodes with NoExecute taints that they do not tolerate, or not for longer
// (upstream: pkg/controller/tainteviction). Its keys are those of [startKey]: the start is when the Pod's toleration began to run.
func taintEvictionLoop() Loop {
	return Loop{Name: taintEviction, Latency: taintEvictionLatency, Wakes: wakeTaintEviction, Sync: syncTaintEviction}
}

func wakeTaintEviction(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Node:
		before, _ := change.Old.(*corev1.Node)
		after, _ := change.New.(*corev1.Node)
		if after == nil || api.Equal(noExecute(before), noExecute(after)) { // of a node that is gone nothing is cancelled
			return
		}
		pending := pendingStarts(view, taintEviction)
		for pod := range store.OnNode(view, after.Name) {
			wakeEviction(view, pod, after, pending, wake)
		}
	case *corev1.Pod:
		before, _ := change.Old.(*corev1.Pod)
		after, _ := change.New.(*corev1.Pod)
		if object.Spec.NodeName == "" || before != nil && after != nil && before.Spec.NodeName == after.Spec.NodeName &&
			len(before.Spec.Tolerations) == len(after.Spec.Tolerations) && api.Equal(&before.Spec.Tolerations, &after.Spec.Tolerations) {
			return
		}
		if node, found := store.Get[*corev1.Node](view, "", object.Spec.NodeName); found && len(noExecute(node)) > 0 {
			wakeEviction(view, object, node, pendingStarts(view, taintEviction), wake)
		}
	}
}

// wakeEviction looks again at what is pending for a Pod, or begins.
func wakeEviction(view store.View, pod *corev1.Pod, node *corev1.Node, pending map[Key][]Key, wake func(Key)) {
	keys := pending[partKey(pod)]
	for _, key := range keys {
		wake(key)
	}
	if len(keys) == 0 && len(noExecute(node)) > 0 {
		wake(startKey(view, pod))
	}
}

func noExecute(node *corev1.Node) []corev1.Taint {
	if node == nil {
		return nil
	}
	var taints []corev1.Taint
	for _, taint := range node.Spec.Taints {
		if taint.Effect == corev1.TaintEffectNoExecute {
			taints = append(taints, taint)
		}
	}
	return taints
}

func syncTaintEviction(in Input) Plan {
	name, uid, start, ok := parseStart(in.Key)
	if !ok {
		return Plan{}
	}
	var plan Plan
	scheduled := in.Now.After(start.Add(taintEvictionLatency))
	cancel := func() {
		if scheduled {
			plan.Events = append(plan.Events, evictionEvent(in, in.Key.Namespace, name, "Cancelling deletion of Pod "))
		}
	}
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found || pod.UID != uid {
		cancel()
		return plan
	}
	if node, found := store.Get[*corev1.Node](in.View, "", pod.Spec.NodeName); found {
		taints := noExecute(node)
		patience, all := toleratedFor(pod, taints)
		switch {
		case len(taints) == 0:
			cancel()
			return plan
		case !all:
			cancel()
		case patience < 0:
			cancel()
			return plan
		case in.Now.Before(start.Add(patience)):
			plan.Requeue = start.Add(patience)
			return plan
		}
	}
	evictTainted(in, &plan, pod)
	return plan
}

// toleratedFor says whether a Pod tolerates all the taints, and for how long: negative for ever. The shortest of the tolerations used counts.
func toleratedFor(pod *corev1.Pod, taints []corev1.Taint) (patience time.Duration, all bool) {
	patience = -1
	for i := range taints {
		used := slices.IndexFunc(pod.Spec.Tolerations, func(toleration corev1.Toleration) bool {
			return tolerates([]corev1.Toleration{toleration}, &taints[i])
		})
		if used < 0 {
			return 0, false
		}
		if seconds := pod.Spec.Tolerations[used].TolerationSeconds; seconds != nil {
			if lasts := time.Duration(max(*seconds, 0)) * time.Second; patience < 0 || lasts < patience {
				patience = lasts
			}
		}
	}
	return patience, true
}

func evictTainted(in Input, plan *Plan, pod *corev1.Pod) {
	if condition := podCondition(pod, corev1.DisruptionTarget); pod.DeletionTimestamp != nil && condition != nil && condition.Reason == deletedByTaint {
		return
	}
	if node, found := store.Get[*corev1.Node](in.View, "", pod.Spec.NodeName); found && executes(node) && !in.Settings.Release.AtLeast(13) {
		evictLost(plan, pod)
		return
	}
	plan.Events = append(plan.Events, evictionEvent(in, pod.Namespace, pod.Name, "Marking for deletion Pod "))
	if changed, disrupted := disrupt(in, pod, deletedByTaint, "Taint manager: deleting due to NoExecute taint"); disrupted {
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed, Tolerate: []string{"NotFound"}})
	}
	plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: pod, Tolerate: []string{"NotFound"}})
}

// evictLost is how Pods were deleted from nodes that failed before there were taints for that
// (upstream: util/node DeletePods and SetPodTerminationReason).
func evictLost(plan *Plan, pod *corev1.Pod) {
	if pod.DeletionTimestamp == nil {
		plan.Events = append(plan.Events, Event{
			Regarding: pod, Type: corev1.EventTypeNormal, Reason: "NodeControllerEviction",
			Message: fmt.Sprintf("Marking for deletion Pod %s from Node %s", pod.Name, pod.Spec.NodeName), Source: nodeController,
		})
	}
	lost := pod.DeepCopy()
	lost.Status.Reason = "NodeLost"
	lost.Status.Message = fmt.Sprintf("Node %s which was running pod %s is unresponsive", pod.Spec.NodeName, pod.Name)
	plan.Writes = append(plan.Writes,
		Write{Verb: UpdateStatus, Object: lost, Tolerate: []string{"NotFound"}},
		Write{Verb: Delete, Object: pod, Tolerate: []string{"NotFound"}})
}

// evictionEvent is about a Pod of that name: upstream gives no uid.
func evictionEvent(in Input, namespace, name, message string) Event {
	source := "taint-controller"
	if in.Settings.Release.AtLeast(29) {
		source = "taint-eviction-controller"
	}
	return Event{
		Regarding: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}},
		Type:      corev1.EventTypeNormal, Reason: "TaintManagerEviction", Message: message + namespace + "/" + name, Source: source,
	}
}

// disrupt gives a copy of the Pod whose status says why it is deleted, since 1.26 (KEP-3329), and whether that is something new.
func disrupt(in Input, pod *corev1.Pod, reason, message string) (changed *corev1.Pod, disrupted bool) {
	changed = pod.DeepCopy()
	if !in.Settings.Release.AtLeast(26) {
		return changed, false
	}
	condition := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason, Message: message, LastTransitionTime: api.Timestamp(in.Now),
	}
	if in.Settings.Release.AtLeast(34) {
		condition.ObservedGeneration = pod.Generation
	}
	before := podCondition(changed, corev1.DisruptionTarget)
	if before == nil {
		changed.Status.Conditions = append(changed.Status.Conditions, condition)
		return changed, true
	}
	if before.Status == condition.Status {
		condition.LastTransitionTime = before.LastTransitionTime
	}
	disrupted = *before != condition
	*before = condition
	return changed, disrupted
}
