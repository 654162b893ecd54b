package control

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/store"
)

// Upstream: pkg/controller/podgc gcCheckPeriod and quarantineTime.
const (
	podGCPeriod   = 20 * time.Second
	podQuarantine = 40 * time.Second
)

// podGCLoop removes Pods that no kubelet will ever remove: those of nodes that are gone, those that terminate on nodes out of service, and those that
// terminate without ever having had a node (upstream: pkg/controller/podgc). It looks every 20 s; its looks at nothing are left out. Not simulated: that
// it deletes the oldest Pods that have ended when there are more than 12500.
//
// Its keys are those of Pods, and "NODE/TIME" without a namespace for a node that was missed at a time.
func podGCLoop() Loop { return Loop{Name: "podgc", Wakes: wakePodGC, Sync: syncPodGC} }

func wakePodGC(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Node:
		before, _ := change.Old.(*corev1.Node)
		after, _ := change.New.(*corev1.Node)
		switch {
		case after == nil:
			wake(missedKey(view, object.Name))
		case outOfService(after) && !outOfService(before):
			for pod := range store.OnNode(view, after.Name) {
				if pod.DeletionTimestamp != nil {
					wake(Key{Namespace: pod.Namespace, Name: pod.Name})
				}
			}
		}
	case *corev1.Pod:
		before, _ := change.Old.(*corev1.Pod)
		after, _ := change.New.(*corev1.Pod)
		if after == nil {
			return
		}
		if after.DeletionTimestamp != nil && (before == nil || before.DeletionTimestamp == nil) && beyondKubelets(view, after) {
			wake(Key{Namespace: after.Namespace, Name: after.Name})
		}
		if after.Spec.NodeName != "" && (before == nil || before.Spec.NodeName == "") {
			if _, found := store.Get[*corev1.Node](view, "", after.Spec.NodeName); !found {
				wake(missedKey(view, after.Spec.NodeName))
			}
		}
	}
}

func missedKey(view store.View, node string) Key {
	return Key{Name: fmt.Sprintf("%s/%d", node, view.Meta().Now.UnixNano())}
}

// outOfService says whether somebody has declared that nothing runs on a node any more, which does not count for a node that is ready.
func outOfService(node *corev1.Node) bool {
	return node != nil && !nodeReady(node) && hasOutOfServiceTaint(node)
}

func hasOutOfServiceTaint(node *corev1.Node) bool {
	for i := range node.Spec.Taints {
		if node.Spec.Taints[i].Key == corev1.TaintNodeOutOfService {
			return true
		}
	}
	return false
}

// beyondKubelets says whether a terminating Pod has no kubelet that would end it.
func beyondKubelets(view store.View, pod *corev1.Pod) bool {
	if pod.Spec.NodeName == "" {
		return true
	}
	node, found := store.Get[*corev1.Node](view, "", pod.Spec.NodeName)
	return found && outOfService(node)
}

func syncPodGC(in Input) Plan {
	if in.Key.Namespace == "" {
		return collectPodsOf(in)
	}
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, in.Key.Name)
	if !found || pod.DeletionTimestamp == nil || !beyondKubelets(in.View, pod) || podEnded(pod) && ptr.Deref(pod.DeletionGracePeriodSeconds, 0) == 0 {
		return Plan{} // what ended and is kept by finalizers goes with them
	}
	if pod.Spec.NodeName != "" && !in.Settings.Release.AtLeast(26) {
		return Plan{} // the taint out-of-service means nothing before 1.26
	}
	if look := nextLook(in.Now); in.Now.Before(look) {
		return Plan{Requeue: look}
	}
	var plan Plan
	failAndDelete(in, &plan, pod, pod.DeepCopy())
	return plan
}

// nextLook is when the collector looks next: now, if its time is now.
func nextLook(now time.Time) time.Time {
	if last := now.Truncate(podGCPeriod); last.Before(now) {
		return last.Add(podGCPeriod)
	}
	return now
}

// collectPodsOf deletes the Pods of a node that was missed for long enough.
func collectPodsOf(in Input) Plan {
	name, text, _ := strings.Cut(in.Key.Name, "/")
	nanos, err := strconv.ParseInt(text, 10, 64)
	if _, found := store.Get[*corev1.Node](in.View, "", name); found || err != nil {
		return Plan{}
	}
	due := nextLook(time.Unix(0, nanos).UTC()).Add(podQuarantine)
	if in.Now.Before(due) {
		return Plan{Requeue: due}
	}
	var plan Plan
	for pod := range store.OnNode(in.View, name) {
		changed, _ := disrupt(in, pod, "DeletionByPodGC", "PodGC: node no longer exists")
		failAndDelete(in, &plan, pod, changed)
	}
	return plan
}

// failAndDelete ends a Pod in the API; since 1.26 it fails before it goes.
func failAndDelete(in Input, plan *Plan, pod, changed *corev1.Pod) {
	if !podEnded(pod) && in.Settings.Release.AtLeast(26) {
		changed.Status.Phase = corev1.PodFailed
		if in.Settings.Release.AtLeast(34) {
			changed.Status.ObservedGeneration = pod.Generation
		}
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed, Always: true, Tolerate: []string{"NotFound"}})
	}
	plan.Writes = append(plan.Writes, Write{
		Verb: Delete, Object: pod, Always: true, Tolerate: []string{"NotFound"}, DeleteOptions: &DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)},
	})
}
