package control

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/stsim/stsim/sim/api"
)

// count is the status as the sets give it, as they were before this look scaled them (upstream: calculateStatus).
func (s *deploymentSync) count() appsv1.DeploymentStatus {
	status := appsv1.DeploymentStatus{
		ObservedGeneration: s.d.Generation, CollisionCount: s.d.Status.CollisionCount, Conditions: slices.Clone(s.d.Status.Conditions),
	}
	all := s.allSets()
	for _, set := range all {
		status.Replicas += set.Status.Replicas
		status.ReadyReplicas += set.Status.ReadyReplicas
		status.AvailableReplicas += set.Status.AvailableReplicas
	}
	if s.fresh != nil {
		status.UpdatedReplicas = s.fresh.Status.Replicas
	}
	status.UnavailableReplicas = max(wantedBySets(all)-status.AvailableReplicas, 0)
	if s.Settings.Release.Enabled(api.DeploymentReplicaSetTerminatingReplicas) {
		status.TerminatingReplicas = terminatingOf(all)
	}
	if status.AvailableReplicas >= *s.d.Spec.Replicas-s.maxUnavailable() {
		s.setCondition(&status, appsv1.DeploymentAvailable, corev1.ConditionTrue, "MinimumReplicasAvailable", "Deployment has minimum availability.")
	} else {
		s.setCondition(&status, appsv1.DeploymentAvailable, corev1.ConditionFalse, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	return status
}

// terminatingOf counts the terminating Pods; nil when a set that was looked at does not say how many it has.
func terminatingOf(sets []*appsv1.ReplicaSet) *int32 {
	count := int32(0)
	for _, set := range sets {
		switch {
		case set.Status.TerminatingReplicas != nil:
			count += *set.Status.TerminatingReplicas
		case set.Status.ObservedGeneration != 0:
			return nil
		}
	}
	return &count
}

// writeStatus writes a status that is another one, and says whether it is.
func (s *deploymentSync) writeStatus(status appsv1.DeploymentStatus) bool {
	if apiequality.Semantic.DeepEqual(s.d.Status, status) {
		return false
	}
	if !s.told {
		changed := s.d.DeepCopy()
		changed.Status = status
		s.write(Write{Verb: UpdateStatus, Object: changed})
	}
	return true
}

// writeProgress is writeStatus during a rollout: it says, too, whether there is progress (upstream: syncRolloutStatus).
func (s *deploymentSync) writeProgress(status appsv1.DeploymentStatus) {
	about := fmt.Sprintf("Deployment %q", s.d.Name)
	if s.fresh != nil {
		about = fmt.Sprintf("ReplicaSet %q", s.fresh.Name)
	}
	current := deploymentCondition(&s.d.Status, appsv1.DeploymentProgressing)
	done := status.Replicas == status.UpdatedReplicas && current != nil && current.Reason == "NewReplicaSetAvailable"
	switch {
	case !s.hasDeadline():
		dropCondition(&status, appsv1.DeploymentProgressing)
	case done:
	case s.complete(&status):
		s.setCondition(&status, appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetAvailable", about+" has successfully progressed.")
	case s.progressing(&status):
		dropCondition(&status, appsv1.DeploymentProgressing)
		s.setCondition(&status, appsv1.DeploymentProgressing, corev1.ConditionTrue, "ReplicaSetUpdated", about+" is progressing.")
		if current != nil && current.Status == corev1.ConditionTrue {
			status.Conditions[len(status.Conditions)-1].LastTransitionTime = current.LastTransitionTime
		}
	case s.timedOut(current):
		s.setCondition(&status, appsv1.DeploymentProgressing, corev1.ConditionFalse, "ProgressDeadlineExceeded", about+" has timed out progressing.")
	}
	if failure := s.setFailure(); failure != nil {
		setDeploymentCondition(&status, *failure)
	} else {
		dropCondition(&status, appsv1.DeploymentReplicaFailure)
	}
	if !s.writeStatus(status) && s.hasDeadline() && current != nil && current.Reason != "ProgressDeadlineExceeded" && !s.complete(&status) {
		s.plan.Requeue = s.deadline(current).Add(time.Second) // upstream's margin
	}
}

// complete says whether all Pods are new and available (upstream: DeploymentComplete).
func (s *deploymentSync) complete(status *appsv1.DeploymentStatus) bool {
	wanted := *s.d.Spec.Replicas
	return status.UpdatedReplicas == wanted && status.Replicas == wanted && status.AvailableReplicas == wanted && status.ObservedGeneration >= s.d.Generation
}

// progressing says whether there are more new Pods than before, fewer old ones, or more that are Ready or available (upstream: DeploymentProgressing).
func (s *deploymentSync) progressing(status *appsv1.DeploymentStatus) bool {
	before := &s.d.Status
	return status.UpdatedReplicas > before.UpdatedReplicas || status.Replicas-status.UpdatedReplicas < before.Replicas-before.UpdatedReplicas ||
		status.ReadyReplicas > before.ReadyReplicas || status.AvailableReplicas > before.AvailableReplicas
}

func (s *deploymentSync) timedOut(progress *appsv1.DeploymentCondition) bool {
	if progress == nil || progress.Reason == "NewReplicaSetAvailable" {
		return false
	}
	return progress.Reason == "ProgressDeadlineExceeded" || s.deadline(progress).Before(s.Now)
}

func (s *deploymentSync) deadline(progress *appsv1.DeploymentCondition) time.Time {
	return progress.LastUpdateTime.Add(time.Duration(*s.d.Spec.ProgressDeadlineSeconds) * time.Second)
}

// setFailure is the failure of a set to create or delete Pods: the fresh one's, otherwise the first (upstream: getReplicaFailures).
func (s *deploymentSync) setFailure() *appsv1.DeploymentCondition {
	sets := s.allSets()
	if s.fresh != nil {
		sets = append([]*appsv1.ReplicaSet{s.fresh}, sets...)
	}
	for _, set := range sets {
		for _, condition := range set.Status.Conditions {
			if condition.Type == appsv1.ReplicaSetReplicaFailure {
				return &appsv1.DeploymentCondition{
					Type: appsv1.DeploymentReplicaFailure, Status: condition.Status, Reason: condition.Reason, Message: condition.Message,
					LastTransitionTime: condition.LastTransitionTime, LastUpdateTime: condition.LastTransitionTime,
				}
			}
		}
	}
	return nil
}

// notePause notes that the Deployment is paused, or is so no longer, so that the pause does not count as lack of progress
// (upstream: checkPausedConditions).
func (s *deploymentSync) notePause() {
	if !s.hasDeadline() {
		return
	}
	current := deploymentCondition(&s.d.Status, appsv1.DeploymentProgressing)
	if current != nil && current.Reason == "ProgressDeadlineExceeded" {
		return
	}
	noted := current != nil && current.Reason == "DeploymentPaused"
	switch {
	case s.d.Spec.Paused && !noted:
		s.setCondition(&s.d.Status, appsv1.DeploymentProgressing, corev1.ConditionUnknown, "DeploymentPaused", "Deployment is paused")
	case !s.d.Spec.Paused && noted:
		s.setCondition(&s.d.Status, appsv1.DeploymentProgressing, corev1.ConditionUnknown, "DeploymentResumed", "Deployment is resumed")
	default:
		return
	}
	s.tell()
}

func deploymentCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) *appsv1.DeploymentCondition {
	for i := range status.Conditions {
		if status.Conditions[i].Type == kind {
			return &status.Conditions[i]
		}
	}
	return nil
}

func (s *deploymentSync) setCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType, truth corev1.ConditionStatus, reason, message string) {
	now := api.Timestamp(s.Now)
	setDeploymentCondition(status, appsv1.DeploymentCondition{Type: kind, Status: truth, Reason: reason, Message: message, LastUpdateTime: now, LastTransitionTime: now})
}

// setDeploymentCondition puts a condition at the end, unless it is there with the same status and reason (upstream: SetDeploymentCondition).
func setDeploymentCondition(status *appsv1.DeploymentStatus, condition appsv1.DeploymentCondition) {
	if current := deploymentCondition(status, condition.Type); current != nil && current.Status == condition.Status {
		if current.Reason == condition.Reason {
			return
		}
		condition.LastTransitionTime = current.LastTransitionTime
	}
	dropCondition(status, condition.Type)
	status.Conditions = append(status.Conditions, condition)
}

func dropCondition(status *appsv1.DeploymentStatus, kind appsv1.DeploymentConditionType) {
	status.Conditions = slices.DeleteFunc(slices.Clone(status.Conditions), func(condition appsv1.DeploymentCondition) bool { return condition.Type == kind })
}
