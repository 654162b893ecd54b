package control

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// count fills in the counters from the Pods (upstream: computeReplicaStatus).
func (s *setSync) count(status *appsv1.StatefulSetStatus, lists ...[]*corev1.Pod) {
	status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas = 0, 0, 0, 0, 0
	for _, pods := range lists {
		for _, pod := range pods {
			if !created(pod) {
				continue
			}
			status.Replicas++
			if runningAndReady(pod) {
				status.ReadyReplicas++
				if podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now) {
					status.AvailableReplicas++
				}
			}
			if pod.DeletionTimestamp != nil {
				continue
			}
			if revisionOf(pod) == status.CurrentRevision {
				status.CurrentReplicas++
			}
			if revisionOf(pod) == status.UpdateRevision {
				status.UpdatedReplicas++
			}
		}
	}
}

// writeStatus plans the status if it says something new. A rollout in which all Pods are at the update revision and ready
// is complete: the update revision becomes the current one. The first settled writes of the Plan are those without which there is no
// status; those after the first scaled ones are the Pods that the rollout takes from the current revision: those that could be deleted count.
func (s *setSync) writeStatus(status *appsv1.StatefulSetStatus, settled, scaled int) {
	s.write(Write{Verb: UpdateStatus, Always: true, Tries: statusTries, Tally: func(_ error, made int) api.Object {
		if made < settled {
			return nil
		}
		// Not a DeepCopy: a status write changes nothing else, and the template can be large.
		changed := *s.set
		changed.Status = *status
		changed.Status.CurrentReplicas -= int32(max(made-scaled, 0))
		if complete(s.set, &changed.Status) {
			changed.Status.CurrentReplicas, changed.Status.CurrentRevision = changed.Status.UpdatedReplicas, changed.Status.UpdateRevision
		}
		if !newsIn(&changed.Status, &s.set.Status) {
			return nil
		}
		return &changed
	}})
}

// complete says whether a rollout has come to its end (upstream: completeRollingUpdate).
func complete(set *appsv1.StatefulSet, status *appsv1.StatefulSetStatus) bool {
	wanted := int32(replicasOf(set))
	return set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType &&
		status.UpdatedReplicas == wanted && status.ReadyReplicas == wanted && status.Replicas == wanted
}

// newsIn says whether the status says something that was not told (upstream: inconsistentStatus).
func newsIn(status, told *appsv1.StatefulSetStatus) bool {
	return status.ObservedGeneration > told.ObservedGeneration || status.Replicas != told.Replicas || status.CurrentReplicas != told.CurrentReplicas ||
		status.ReadyReplicas != told.ReadyReplicas || status.UpdatedReplicas != told.UpdatedReplicas || status.CurrentRevision != told.CurrentRevision ||
		status.AvailableReplicas != told.AvailableReplicas || status.UpdateRevision != told.UpdateRevision
}

// nextAvailability is when the next ready Pod will have been ready for minReadySeconds.
func (s *setSync) nextAvailability() time.Time {
	period := time.Duration(s.set.Spec.MinReadySeconds) * time.Second
	next := s.Now.Add(period)
	for _, pod := range s.pods {
		condition := podCondition(pod, corev1.PodReady)
		if condition == nil || condition.Status != corev1.ConditionTrue {
			continue
		}
		if at := condition.LastTransitionTime.Add(period); at.After(s.Now) && at.Before(next) {
			next = at
		}
	}
	return next
}
