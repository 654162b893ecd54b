package sim

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// The order of Pods is a promise about what the controller knew: one with a stale cache goes by what it saw (evidence.before), and
// that is what it is judged by.

// createdInOrder looks at the Pods that the StatefulSet controller created.
func createdInOrder(e *evidence) string {
	for pod, set := range e.born() {
		if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement {
			continue
		}
		ordinal := ordinalOf(set, pod)
		for before := startOf(set); before < ordinal; before++ {
			earlier, found := store.Get[*corev1.Pod](e.before, pod.Namespace, podNamed(set, before))
			if !found || !e.settled(set, earlier) {
				return fmt.Sprintf("%s was created while %s is not Running and Ready", pod.Name, podNamed(set, before))
			}
		}
	}
	return ""
}

// condemnedInOrder looks at the condemned Pods that the StatefulSet controller marked for deletion.
func condemnedInOrder(e *evidence) string {
	for pod, set := range e.taken() {
		if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || wants(set, pod) {
			continue
		}
		for other := range store.Owned[*corev1.Pod](e.before, set.UID) {
			if !wants(set, other) && ordinalOf(set, other) > ordinalOf(set, pod) {
				return fmt.Sprintf("%s is being deleted while %s is still there", pod.Name, other.Name)
			}
		}
	}
	return ""
}

// condemnedWhenReady looks at the same Pods, and at those that stay. Whether other condemned Pods are Ready does not matter to the first one.
func condemnedWhenReady(e *evidence) string {
	for pod, set := range e.taken() {
		if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || wants(set, pod) {
			continue
		}
		for ordinal := startOf(set); ordinal < startOf(set)+replicasOf(set); ordinal++ {
			stays, found := store.Get[*corev1.Pod](e.before, pod.Namespace, podNamed(set, ordinal))
			if !found || !e.settled(set, stays) {
				return fmt.Sprintf("%s is being deleted while %s is not Running and Ready", pod.Name, podNamed(set, ordinal))
			}
		}
	}
	return ""
}

// condemnedFirst looks at those of them that are not Ready themselves. One that is waits for nobody but those that stay.
func condemnedFirst(e *evidence) string {
	for pod, set := range e.taken() {
		if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || wants(set, pod) || e.settled(set, pod) {
			continue
		}
		for other := range store.Owned[*corev1.Pod](e.before, set.UID) {
			if !wants(set, other) && ordinalOf(set, other) < ordinalOf(set, pod) && e.down(set, other) {
				return fmt.Sprintf("%s is being deleted while neither it nor %s is Ready", pod.Name, other.Name)
			}
		}
	}
	return ""
}

// born goes through the Pods that the StatefulSet controller created in this event, each with its set as the controller saw it.
func (e *evidence) born() iter.Seq2[*corev1.Pod, *appsv1.StatefulSet] {
	return func(yield func(*corev1.Pod, *appsv1.StatefulSet) bool) {
		if !e.bySet() {
			return
		}
		for _, pod := range e.pods {
			if pod.old != nil || pod.new == nil {
				continue
			}
			key := parseKey(e.record.Key)
			if set, found := store.Get[*appsv1.StatefulSet](e.before, key.Namespace, key.Name); found && !yield(pod.new, set) {
				return
			}
		}
	}
}

// taken goes through the Pods that the StatefulSet controller deleted in this event although they had not ended, as they were, each with its set
// as the controller saw it.
func (e *evidence) taken() iter.Seq2[*corev1.Pod, *appsv1.StatefulSet] {
	return func(yield func(*corev1.Pod, *appsv1.StatefulSet) bool) {
		if !e.bySet() {
			return
		}
		for _, pod := range e.pods {
			if pod.old == nil || pod.old.DeletionTimestamp != nil || pod.new != nil && pod.new.DeletionTimestamp == nil || hasEnded(pod.old) {
				continue
			}
			if set, found := setOf(e.before, pod.old); found && !yield(pod.old, set) {
				return
			}
		}
	}
}

// settled says whether a Pod lets those after it go on: Running and Ready, for minReadySeconds.
func (e *evidence) settled(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning && e.available(pod, set.Spec.MinReadySeconds)
}

func (e *evidence) available(pod *corev1.Pod, minReadySeconds int32) bool {
	for i := range pod.Status.Conditions {
		if condition := &pod.Status.Conditions[i]; condition.Type == corev1.PodReady {
			since := condition.LastTransitionTime.Add(time.Duration(minReadySeconds) * time.Second)
			return condition.Status == corev1.ConditionTrue && (minReadySeconds == 0 || !since.After(e.record.At))
		}
	}
	return false
}

func hasEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func podNamed(set *appsv1.StatefulSet, ordinal int) string {
	return set.Name + "-" + strconv.Itoa(ordinal)
}

// ordinalOf is -1 for a name that is none of the set's.
func ordinalOf(set *appsv1.StatefulSet, pod *corev1.Pod) int {
	number, cut := strings.CutPrefix(pod.Name, set.Name+"-")
	ordinal, err := strconv.ParseUint(number, 10, 31)
	if !cut || err != nil {
		return -1
	}
	return int(ordinal)
}

// wants says whether the Pod's ordinal is one that the set wants.
func wants(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	ordinal := ordinalOf(set, pod)
	return ordinal >= startOf(set) && ordinal < startOf(set)+replicasOf(set)
}

func startOf(set *appsv1.StatefulSet) int {
	if set.Spec.Ordinals == nil {
		return 0
	}
	return int(set.Spec.Ordinals.Start)
}

func replicasOf(set *appsv1.StatefulSet) int {
	if set.Spec.Replicas == nil {
		return 1
	}
	return int(*set.Spec.Replicas)
}

// claimNamed is <template>-<set>-<ordinal>.
func claimNamed(set *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim, ordinal int) string {
	return template.Name + "-" + podNamed(set, ordinal)
}

// named prints an object's kind and name.
func named(object api.Object) string {
	return api.KindOf(object).Kind + " " + api.NameOf(object).String()
}
