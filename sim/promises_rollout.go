package sim

import (
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// revisionOfNewPods looks at the Pods that the StatefulSet controller created.
func revisionOfNewPods(e *evidence) string {
	for pod, set := range e.born() {
		update := newestRevision(e.view, set)
		current := set.Status.CurrentRevision
		if _, found := store.Get[*appsv1.ControllerRevision](e.view, set.Namespace, current); !found {
			current = update
		}
		below := set.Spec.UpdateStrategy.RollingUpdate != nil && ordinalOf(set, pod) < startOf(set)+partitionOf(set)
		switch is := revisionOf(pod); {
		case update == "" && e.revisionThere(set.Namespace, is):
			// A set that was deleted and made again finds the revision of its predecessor, and uses it until that is collected as well
			// (upstream: controller/history/controller_history.go, CreateControllerRevision).
		case is != current && is != update:
			return fmt.Sprintf("%s is at revision %s, neither %s nor %s", api.NameOf(pod), is, current, update)
		case below && is != current:
			return fmt.Sprintf("%s is below the partition and at revision %s instead of %s", api.NameOf(pod), is, current)
		}
	}
	return ""
}

func (e *evidence) revisionThere(namespace, name string) bool {
	_, found := store.Get[*appsv1.ControllerRevision](e.view, namespace, name)
	return found
}

// templateOfRevision looks at the same Pods: at what of them the API does not change.
func templateOfRevision(e *evidence) string {
	for pod, set := range e.born() {
		template := &set.Spec.Template
		if status := &set.Status; status.UpdateRevision != revisionOf(pod) || status.ObservedGeneration != set.Generation {
			revision, found := store.Get[*appsv1.ControllerRevision](e.view, set.Namespace, revisionOf(pod))
			if !found {
				continue // revisionOfNewPods says so
			}
			restored, err := api.ApplyRevision(set, revision)
			if err != nil {
				continue // the controller cannot have read it either
			}
			template = &restored.Spec.Template
		}
		name := api.NameOf(pod)
		if !maps.Equal(pod.Annotations, template.Annotations) {
			return fmt.Sprintf("%s is at revision %s and has other annotations", name, revisionOf(pod))
		}
		for i := range template.Spec.Containers {
			if image := template.Spec.Containers[i].Image; i >= len(pod.Spec.Containers) || pod.Spec.Containers[i].Image != image {
				return fmt.Sprintf("%s is at revision %s and does not run its image %s", name, revisionOf(pod), image)
			}
		}
	}
	return ""
}

// partitionRespected looks at the wanted Pods that the StatefulSet controller deleted.
func partitionRespected(e *evidence) string {
	for pod, set := range e.taken() {
		if !wants(set, pod) {
			continue
		}
		switch first := startOf(set) + partitionOf(set); {
		case set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType:
			return fmt.Sprintf("%s was deleted although the strategy is OnDelete", api.NameOf(pod))
		case ordinalOf(set, pod) < first:
			return fmt.Sprintf("%s was deleted although the rollout ends at ordinal %d", api.NameOf(pod), first)
		case revisionOf(pod) == newestRevision(e.view, set):
			return fmt.Sprintf("%s was deleted although it is at the update revision %s", api.NameOf(pod), revisionOf(pod))
		}
	}
	return ""
}

// rolloutGentle looks at the same Pods together.
func rolloutGentle(e *evidence) string {
	taken := 0
	for pod, set := range e.taken() {
		if !wants(set, pod) {
			continue
		}
		taken++
		if e.settings.Release.Enabled(api.MaxUnavailableStatefulSet) {
			if found := e.tooManyDown(set, taken); found != "" {
				return found
			}
			continue
		}
		if taken > 1 {
			return fmt.Sprintf("%s is the second Pod of StatefulSet %s that was deleted at once", pod.Name, set.Name)
		}
		update := newestRevision(e.view, set)
		for above := ordinalOf(set, pod) + 1; above < startOf(set)+replicasOf(set); above++ {
			other, found := store.Get[*corev1.Pod](e.before, pod.Namespace, podNamed(set, above))
			if !found || revisionOf(other) != update || e.down(set, other) {
				return fmt.Sprintf("%s was deleted while %s is not yet updated and available", pod.Name, podNamed(set, above))
			}
		}
	}
	return ""
}

// rolloutInOrder looks at the same Pods, and at all others.
func rolloutInOrder(e *evidence) string {
	for pod, set := range e.taken() {
		if set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || !wants(set, pod) {
			continue
		}
		for ordinal := startOf(set); ordinal < startOf(set)+replicasOf(set); ordinal++ {
			if other, found := store.Get[*corev1.Pod](e.before, set.Namespace, podNamed(set, ordinal)); !found || !e.settled(set, other) {
				return fmt.Sprintf("%s was deleted while %s is not Running and Ready", api.NameOf(pod), podNamed(set, ordinal))
			}
		}
		for other := range store.Owned[*corev1.Pod](e.before, set.UID) {
			if !wants(set, other) && ordinalOf(set, other) >= 0 {
				return fmt.Sprintf("%s was deleted while %s is still there", api.NameOf(pod), other.Name)
			}
		}
	}
	return ""
}

// tooManyDown counts the wanted Pods that were unavailable already, and those that were taken down now.
func (e *evidence) tooManyDown(set *appsv1.StatefulSet, taken int) string {
	down := 0
	for ordinal := startOf(set); ordinal < startOf(set)+replicasOf(set); ordinal++ {
		if pod, found := store.Get[*corev1.Pod](e.before, set.Namespace, podNamed(set, ordinal)); !found || e.down(set, pod) {
			down++
		}
	}
	allowed := 1
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.MaxUnavailable != nil {
		number, err := intstr.GetScaledValueFromIntOrPercent(rolling.MaxUnavailable, replicasOf(set), false)
		if err == nil {
			allowed = max(number, 1)
		}
	}
	if down+taken <= allowed {
		return ""
	}
	return fmt.Sprintf("StatefulSet %s has %d Pods deleted with %d unavailable, and may have %d", set.Name, taken, down, allowed)
}

// down says whether a Pod counts as unavailable in a rollout. Until 1.33 minReadySeconds did not matter there.
func (e *evidence) down(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	switch {
	case pod.DeletionTimestamp != nil:
		return true
	case e.settings.Release.AtLeast(34):
		return !e.available(pod, set.Spec.MinReadySeconds)
	}
	return pod.Status.Phase != corev1.PodRunning || !podReady(pod)
}

// rolloutComplete looks at the statuses that the StatefulSet controller wrote. A set whose current revision is gone goes on with the update revision.
func rolloutComplete(e *evidence) string {
	for _, set := range e.sets {
		if !e.bySet() || set.old == nil || set.new == nil || set.old.Status.CurrentRevision == set.new.Status.CurrentRevision {
			continue
		}
		status, wanted := &set.new.Status, int32(replicasOf(set.new))
		if complete := status.UpdatedReplicas == wanted && status.ReadyReplicas == wanted && status.Replicas == wanted; complete {
			continue
		}
		if _, found := store.Get[*appsv1.ControllerRevision](e.before, set.old.Namespace, set.old.Status.CurrentRevision); found {
			return fmt.Sprintf("%s is now at %s, with %d of %d Pods updated and %d Ready", set.new.Name, status.CurrentRevision, status.UpdatedReplicas, wanted, status.ReadyReplicas)
		}
	}
	return ""
}

// newestRevision is the name of the set's revision with the highest number, to which it goes.
func newestRevision(view store.View, set *appsv1.StatefulSet) string {
	var newest *appsv1.ControllerRevision
	for revision := range store.Owned[*appsv1.ControllerRevision](view, set.UID) {
		if newest == nil || api.CompareRevisions(newest, revision) < 0 {
			newest = revision
		}
	}
	if newest == nil {
		return ""
	}
	return newest.Name
}

func revisionOf(pod *corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }

func partitionOf(set *appsv1.StatefulSet) int {
	rolling := set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil || rolling.Partition == nil {
		return 0
	}
	return int(*rolling.Partition)
}
