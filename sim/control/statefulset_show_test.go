package control

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

func claimTemplate(name string) corev1.PersistentVolumeClaim {
	return corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeClaimSpec{
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
	}}
}

// show prints what there is.
func (s *setScript) show(what string) (lines []string) {
	view := s.db.View()
	s.learn()
	switch what {
	case "pods":
		for _, pod := range s.pods() {
			line := fmt.Sprintf("%s %s %s %s", pod.Name, s.revisions[revisionOf(pod)], pod.Spec.Containers[0].Image, pod.Status.Phase)
			if podReady(pod) {
				line += " ready"
			}
			if pod.DeletionTimestamp != nil {
				line += " terminating"
			}
			lines = append(lines, line+owners(pod.OwnerReferences))
		}
	case "claims":
		for claim := range store.List[*corev1.PersistentVolumeClaim](view, "default") {
			line := claim.Name
			if claim.DeletionTimestamp != nil {
				line += " terminating"
			}
			lines = append(lines, line+owners(claim.OwnerReferences))
		}
	case "revisions":
		for revision := range store.List[*appsv1.ControllerRevision](view, "default") {
			lines = append(lines, fmt.Sprintf("%s number %d%s", s.revisions[revision.Name], revision.Revision, owners(revision.OwnerReferences)))
		}
	case "status":
		for set := range store.List[*appsv1.StatefulSet](view, "default") {
			status := &set.Status
			lines = append(lines, fmt.Sprintf("%s: %d replicas, %d ready, %d available, %d current of %s, %d updated of %s, generation %d of %d", set.Name,
				status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, s.revisions[status.CurrentRevision],
				status.UpdatedReplicas, s.revisions[status.UpdateRevision], status.ObservedGeneration, set.Generation))
		}
	case "events":
		lines, s.events = s.events, nil
	case "failures":
		lines = append(lines, fmt.Sprint(s.failures))
		s.failures = 0
	}
	return lines
}

func owners(references []metav1.OwnerReference) string {
	var all []string
	for _, reference := range references {
		all = append(all, strings.ToLower(reference.Kind)+"/"+reference.Name)
	}
	if len(all) == 0 {
		return ""
	}
	return " of " + strings.Join(all, ", ")
}

// checkInvariants is upstream's assertMonotonicInvariants and assertBurstInvariants, told of what one look of the loop changed.
func (s *setScript) checkInvariants(changes []store.Change) {
	view := s.db.View()
	for set := range store.List[*appsv1.StatefulSet](view, "default") {
		if status := set.Status; status.ReadyReplicas > status.Replicas || status.AvailableReplicas > status.ReadyReplicas ||
			status.CurrentReplicas > status.Replicas || status.UpdatedReplicas > status.Replicas || status.ObservedGeneration > set.Generation {
			s.t.Errorf("the status does not add up: %+v", status)
		}
		if set.DeletionTimestamp != nil {
			continue
		}
		pods := ordered(view, set)
		for _, change := range changes {
			if pod, ok := change.New.(*corev1.Pod); ok && set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
				s.checkOrder(set, pods, change.Old, pod)
			}
		}
		for _, pod := range pods {
			if !identityMatches(set, pod) || !storageMatches(set, pod) {
				s.t.Errorf("identity or storage of %s do not match", pod.Name)
			}
			s.checkClaims(view, set, pod)
		}
	}
}

// checkOrder: a Pod is created when all before it are Running and Ready; a condemned one is deleted when all after it are gone.
func (s *setScript) checkOrder(set *appsv1.StatefulSet, pods []*corev1.Pod, old api.Object, pod *corev1.Pod) {
	for _, other := range pods {
		switch before := ordinalOf(other) < ordinalOf(pod); {
		case old == nil && before && inRange(set, other) && (!runningAndReady(other) || other.DeletionTimestamp != nil):
			s.t.Errorf("%s was created while %s is not ready", pod.Name, other.Name)
		case old != nil && old.GetDeletionTimestamp() == nil && pod.DeletionTimestamp != nil && !inRange(set, pod) && !inRange(set, other) && ordinalOf(other) > ordinalOf(pod):
			s.t.Errorf("%s was condemned while %s is there", pod.Name, other.Name)
		}
	}
}

func ordered(view store.View, set *appsv1.StatefulSet) []*corev1.Pod {
	sync := &setSync{Input: Input{View: view}, set: set}
	selector, _ := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	sync.claimPods(selector)
	return sync.pods
}

// checkClaims is upstream's checkClaimInvarients: the owners of a ready Pod's claims follow from the retention policy.
func (s *setScript) checkClaims(view store.View, set *appsv1.StatefulSet, pod *corev1.Pod) {
	deleteWithSet, deleteWhenScaled := retentionOf(set)
	for i := range set.Spec.VolumeClaimTemplates {
		name := claimName(set, &set.Spec.VolumeClaimTemplates[i], ordinalOf(pod))
		claim, found := store.Get[*corev1.PersistentVolumeClaim](view, "default", name)
		if !found || !runningAndReady(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		if ownedByPod := ownedBy(claim, pod); ownedByPod && (!deleteWhenScaled || inRange(set, pod)) {
			s.t.Errorf("%s belongs to %s, which stays", name, pod.Name)
		}
		if ownedBySet := ownedBy(claim, set); ownedBySet && !deleteWithSet {
			s.t.Errorf("%s belongs to the set, and shall be retained", name)
		}
	}
}
