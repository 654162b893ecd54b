package control

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

// scale creates the Pods that are missing or deletes those that are too many. It says what a failure would be one of: FailedCreate,
// FailedDelete, or nothing when there is nothing to do (upstream: manageReplicas).
func (s *replicaSync) scale() (failure string) {
	switch missing := int(*s.set.Spec.Replicas) - len(s.active); {
	case missing > 0:
		s.createPods(min(missing, burstReplicas))
		return "FailedCreate"
	case missing < 0:
		s.deletePods(min(-missing, burstReplicas))
		return "FailedDelete"
	}
	return ""
}

func (s *replicaSync) createPods(count int) {
	slowStart(count, func(batch, part int) {
		done := s.event(corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: {name}")
		s.plan.Writes = append(s.plan.Writes, Write{
			Verb: Create, Object: podFromTemplate(&s.set.Spec.Template, s.object, s.kind), Success: &done,
			Failure: failing(s.event(corev1.EventTypeWarning, "FailedCreate", "Error creating: {error}")), Batch: batch, Part: part,
		})
	})
}

// slowStart calls write for so many Pods, one in the first batch, two in the second, then four: when none can be created, few are tried
// (upstream: slowStartBatch).
func slowStart(count int, write func(batch, part int)) {
	batch, size := 1, 1
	for count > 0 {
		for part := range min(size, count) {
			write(batch, part)
		}
		count -= size
		batch, size = batch+1, size*2
	}
}

// deletePods deletes the Pods whose loss is least (see [rankPods]), all at a time.
func (s *replicaSync) deletePods(count int) {
	condemned := s.active
	if count < len(condemned) {
		condemned = rankPods(condemned, s.relatedPods(), s.Now)
	}
	for part, pod := range condemned[:count] {
		done := s.event(corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
		s.plan.Writes = append(s.plan.Writes, Write{
			Verb: Delete, Object: pod, Success: &done, Tolerate: []string{"NotFound"},
			Failure: failing(s.event(corev1.EventTypeWarning, "FailedDelete", "Error deleting: {error}")), Batch: 1, Part: part,
		})
	}
}

// relatedPods are those that any set of the same controller selects, such as those of a Deployment's other ReplicaSets
// (upstream: getIndirectlyRelatedPods). A set without a controller has none.
func (s *replicaSync) relatedPods() (related []*corev1.Pod) {
	owner := metav1.GetControllerOfNoCopy(s.set)
	if owner == nil {
		return nil
	}
	var selectors []labels.Selector
	for set := range store.Owned[*appsv1.ReplicaSet](s.View, owner.UID) {
		if selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector); err == nil {
			selectors = append(selectors, selector)
		}
	}
	for pod := range store.List[*corev1.Pod](s.View, s.set.Namespace) {
		for _, selector := range selectors {
			if selector.Matches(labels.Set(pod.Labels)) {
				related = append(related, pod)
				break
			}
		}
	}
	return related
}
