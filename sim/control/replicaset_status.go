package control

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
)

// writeStatus writes what was counted before Pods were created or deleted, and whether that failed; the changes wake the loop again
// (upstream: calculateStatus and updateReplicaSetStatus).
func (s *replicaSync) writeStatus(failure string) {
	status := s.count()
	s.plan.Writes = append(s.plan.Writes, Write{Verb: UpdateStatus, Always: true, After: func(problem error) api.Object {
		told := s.withFailure(status, failure, problem)
		if apiequality.Semantic.DeepEqual(s.set.Status, told) {
			return nil
		}
		return s.withStatus(s.object, told)
	}})
	if s.set.Spec.MinReadySeconds > 0 && status.ReadyReplicas != status.AvailableReplicas {
		s.plan.Requeue = nextAvailable(s.active, s.set.Spec.MinReadySeconds, s.Now)
	}
}

func (s *replicaSync) count() appsv1.ReplicaSetStatus {
	status := *s.set.Status.DeepCopy()
	status.ObservedGeneration = s.set.Generation
	status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas = int32(len(s.active)), 0, 0, 0
	template := labels.SelectorFromSet(s.set.Spec.Template.Labels)
	for _, pod := range s.active {
		if template.Matches(labels.Set(pod.Labels)) {
			status.FullyLabeledReplicas++
		}
		if podReady(pod) {
			status.ReadyReplicas++
		}
		if podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now) {
			status.AvailableReplicas++
		}
	}
	status.TerminatingReplicas = nil
	if s.leaving && s.Settings.Release.Enabled(api.DeploymentReplicaSetTerminatingReplicas) {
		status.TerminatingReplicas = &s.terminating
	}
	return status
}

// withFailure adds the condition ReplicaFailure, or takes it away. One that is there already stays as it is.
func (s *replicaSync) withFailure(status appsv1.ReplicaSetStatus, reason string, problem error) appsv1.ReplicaSetStatus {
	at := slices.IndexFunc(status.Conditions, func(condition appsv1.ReplicaSetCondition) bool {
		return condition.Type == appsv1.ReplicaSetReplicaFailure
	})
	switch {
	case problem != nil && at < 0:
		if reason == "FailedDelete" {
			problem = fmt.Errorf("unable to delete pods: %w", problem)
		}
		status.Conditions = append(slices.Clone(status.Conditions), appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetReplicaFailure, Status: corev1.ConditionTrue, LastTransitionTime: api.Timestamp(s.Now), Reason: reason, Message: problem.Error(),
		})
	case problem == nil && at >= 0:
		status.Conditions = slices.Delete(slices.Clone(status.Conditions), at, at+1)
	}
	return status
}

// nextAvailable is when the first of the Pods that are Ready, but not yet for long enough, will have been
// (upstream: FindMinNextPodAvailabilityCheck). When there is none it is that long from now.
func nextAvailable(pods []*corev1.Pod, minReadySeconds int32, now time.Time) time.Time {
	wait := time.Duration(minReadySeconds) * time.Second
	next := now.Add(wait)
	for _, pod := range pods {
		if since := readySince(pod); !since.IsZero() && since.Add(wait).After(now) && since.Add(wait).Before(next) {
			next = since.Add(wait)
		}
	}
	return next
}
