package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// Promises are the guarantees of a StatefulSet that are checked after every event.
func Promises() []Promise {
	return []Promise{
		{"at most one container of a name runs per Pod identity", oneProcessPerIdentity},
		{"with OrderedReady a Pod is created only when all Pods before it are Running and Ready", createdInOrder},
		{"with OrderedReady a Pod is deleted by scaling only when all Pods after it are gone", condemnedInOrder},
		{"a claim survives the Pods that use it under the retention policy Retain", claimsRetained},
		{"the status of a StatefulSet never counts more ready Pods than it counts Pods", statusAddsUp},
	}
}

// oneProcessPerIdentity counts, per Pod name and container, the runs that are alive. What was found says which of them are ghosts: then
// it was not the cluster that broke the promise, but a forced deletion or a partition.
func oneProcessPerIdentity(view store.View, _ Record) string {
	alive := map[string]int{}
	forced := map[string][]Ghost{}
	for run := range store.Rows[*container.Container](view, container.Containers, "") {
		if run.State != container.Running {
			continue
		}
		sandbox, found := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(run.UID))
		if !found {
			continue
		}
		who := api.NameOf(sandbox.Pod).String() + " " + run.Name
		alive[who]++
		if ghost, is := asGhost(view, run); is {
			forced[who] = append(forced[who], ghost)
		}
	}
	for _, who := range slices.Sorted(maps.Keys(alive)) {
		if alive[who] <= 1 {
			continue
		}
		found := fmt.Sprintf("%s runs %d times", who, alive[who])
		for _, ghost := range forced[who] {
			found += fmt.Sprintf("; the one on %s is a ghost (%s)", ghost.Node, ghost.Why())
		}
		return found
	}
	return ""
}

// createdInOrder looks at the Pods that the event created.
func createdInOrder(view store.View, record Record) string {
	for _, change := range record.Changes {
		pod, ok := change.New.(*corev1.Pod)
		if !ok || change.Old != nil {
			continue
		}
		set, ordinal, found := setOf(view, pod)
		if !found || set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement {
			continue
		}
		for before := startOf(set); before < ordinal; before++ {
			earlier, found := store.Get[*corev1.Pod](view, pod.Namespace, fmt.Sprintf("%s-%d", set.Name, before))
			if !found || !podReady(earlier) || earlier.DeletionTimestamp != nil {
				return fmt.Sprintf("%s was created while %s-%d is not Running and Ready", pod.Name, set.Name, before)
			}
		}
	}
	return ""
}

// condemnedInOrder looks at the condemned Pods that the StatefulSet loop marked for deletion in this event.
func condemnedInOrder(view store.View, record Record) string {
	if record.Who != "statefulset" {
		return ""
	}
	for _, change := range record.Changes {
		pod, ok := change.New.(*corev1.Pod)
		if !ok || pod.DeletionTimestamp == nil || change.Old == nil || change.Old.GetDeletionTimestamp() != nil {
			continue
		}
		set, ordinal, found := setOf(view, pod)
		if !found || set.Spec.PodManagementPolicy == appsv1.ParallelPodManagement || ordinal < startOf(set)+replicasOf(set) {
			continue
		}
		for other := range store.Owned[*corev1.Pod](view, set.UID) {
			if _, later, found := setOf(view, other); found && later > ordinal {
				return fmt.Sprintf("%s is being deleted while %s is still there", pod.Name, other.Name)
			}
		}
	}
	return ""
}

// claimsRetained looks at the claims that a loop deleted.
func claimsRetained(view store.View, record Record) string {
	for _, written := range record.Writes {
		if written.Verb != "delete" || written.Kind != "PersistentVolumeClaim" || written.Error != nil {
			continue
		}
		for set := range store.List[*appsv1.StatefulSet](view, written.Name.Namespace) {
			policy := set.Spec.PersistentVolumeClaimRetentionPolicy
			retained := policy == nil || policy.WhenDeleted != appsv1.DeletePersistentVolumeClaimRetentionPolicyType && policy.WhenScaled != appsv1.DeletePersistentVolumeClaimRetentionPolicyType
			for _, template := range set.Spec.VolumeClaimTemplates {
				if retained && strings.HasPrefix(written.Name.Name, template.Name+"-"+set.Name+"-") {
					return fmt.Sprintf("%s deleted claim %s of StatefulSet %s", record.Who, written.Name, set.Name)
				}
			}
		}
	}
	return ""
}

func statusAddsUp(_ store.View, record Record) string {
	for _, change := range record.Changes {
		if set, ok := change.New.(*appsv1.StatefulSet); ok && set.Status.ReadyReplicas > set.Status.Replicas {
			return fmt.Sprintf("%s: %d ready of %d", set.Name, set.Status.ReadyReplicas, set.Status.Replicas)
		}
	}
	return ""
}

// setOf finds the StatefulSet that controls a Pod, and the Pod's ordinal in it.
func setOf(view store.View, pod *corev1.Pod) (set *appsv1.StatefulSet, ordinal int, found bool) {
	for _, owner := range pod.OwnerReferences {
		if owner.Controller == nil || !*owner.Controller || owner.Kind != "StatefulSet" {
			continue
		}
		set, found = store.Get[*appsv1.StatefulSet](view, pod.Namespace, owner.Name)
		if !found || set.UID != owner.UID {
			return nil, 0, false
		}
		_, err := fmt.Sscanf(strings.TrimPrefix(pod.Name, set.Name+"-"), "%d", &ordinal)
		return set, ordinal, err == nil
	}
	return nil, 0, false
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
