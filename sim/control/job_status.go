package control

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/stsim/stsim/sim/api"
)

// writeStatus counts the Pods that have ended, lets them go, and ends the Job when there is nothing left to wait for. Upstream notes
// the uids of Pods that it is about to count in the status, lest it count them twice when it is interrupted; a Plan is not
// (upstream: trackJobStatusAndRemoveFinalizers).
func (s *jobSync) writeStatus(before *batchv1.Job) {
	status := &s.job.Status
	counted := s.track()
	ready := int32(0)
	for _, pod := range s.active {
		if podReady(pod) {
			ready++
		}
	}
	status.Active, status.Ready = int32(len(s.active))+s.created, &ready
	if s.Settings.Release.AtLeast(29) {
		status.Terminating = &s.terminating
	}
	if status.UncountedTerminatedPods == nil {
		status.UncountedTerminatedPods = &batchv1.UncountedTerminatedPods{}
	}
	delayed := s.Settings.Release.AtLeast(31)
	if s.end != nil && delayed {
		s.announceEnd()
	}
	written := s.job.DeepCopy()
	s.write(Write{Verb: UpdateStatus, Always: true, After: func(problem error) api.Object {
		if problem != nil {
			written.Status.Active -= s.created // upstream counts those that it could create; they wake the loop
		}
		if apiequality.Semantic.DeepEqual(before.Status, written.Status) {
			return nil
		}
		return written
	}})
	for _, pod := range counted {
		free := withoutFinalizer(pod, batchv1.JobTrackingFinalizer)
		free.Always, free.Tolerate = true, []string{"NotFound"}
		s.write(free)
	}
	for part, pod := range s.condemned {
		s.deletePod(pod, 1, part)
	}
	if s.end != nil && !(delayed && s.terminating > 0) {
		s.finish()
	}
	if s.end != nil {
		s.plan.Requeue = time.Time{} // what is left to come wakes the loop
	}
}

// track counts the Pods that have ended, and all of a Job that fails, and gives those that need no longer be kept.
func (s *jobSync) track() (counted []*corev1.Pod) {
	fails := s.end != nil && s.end.Type == batchv1.JobFailed
	for _, pod := range s.pods {
		if !hasFinalizer(pod, batchv1.JobTrackingFinalizer) || s.dismissed[pod.UID] {
			continue
		}
		succeeded := pod.Status.Phase == corev1.PodSucceeded
		failed := s.podFailed(pod)
		if !succeeded && !failed && s.end == nil && s.job.DeletionTimestamp == nil {
			continue
		}
		counted = append(counted, pod)
		switch {
		case succeeded && !s.indexed():
			s.job.Status.Succeeded++
		case succeeded || !s.counts(pod):
		case failed || fails:
			s.job.Status.Failed++
		}
	}
	if s.indexed() {
		s.job.Status.Succeeded, s.job.Status.CompletedIndexes = int32(len(s.done)), writeIndexes(s.done)
	}
	return counted
}

// announceEnd adds the condition that comes before Complete or Failed, which wait until all Pods are gone.
func (s *jobSync) announceEnd() {
	kind := batchv1.JobSuccessCriteriaMet
	if s.end.Type == batchv1.JobFailed {
		kind = batchv1.JobFailureTarget
	}
	if jobCondition(s.job, kind) == nil {
		s.job.Status.Conditions = append(s.job.Status.Conditions, *s.condition(kind, s.end.Reason, s.end.Message))
	}
}

// finish writes the last condition, with the event that tells of it (upstream: enactJobFinished and recordJobFinished).
func (s *jobSync) finish() {
	s.job.Status.Conditions = append(s.job.Status.Conditions, *s.end)
	done := s.newEvent(corev1.EventTypeWarning, s.end.Reason, s.end.Message)
	if s.end.Type == batchv1.JobComplete {
		s.job.Status.CompletionTime = &s.end.LastTransitionTime
		done = s.newEvent(corev1.EventTypeNormal, "Completed", "Job completed")
		if completions := s.job.Spec.Completions; completions != nil && s.job.Status.Succeeded > *completions {
			s.plan.Events = append(s.plan.Events, s.newEvent(corev1.EventTypeWarning, "TooManySucceededPods",
				"Too many succeeded pods running after completion count reached"))
		}
	}
	s.write(Write{Verb: UpdateStatus, Object: afterWrite(s.job), Success: &done})
}

// noteSuspension notes that the Job is suspended, or that it goes on. A Job that goes on starts anew.
func (s *jobSync) noteSuspension() {
	current := jobCondition(s.job, batchv1.JobSuspended)
	noted := current != nil && current.Status == corev1.ConditionTrue
	if s.suspended() == noted {
		return
	}
	condition := s.condition(batchv1.JobSuspended, "JobSuspended", "Job suspended")
	event := s.newEvent(corev1.EventTypeNormal, "Suspended", "Job suspended")
	if noted {
		condition.Status, condition.Reason, condition.Message = corev1.ConditionFalse, "JobResumed", "Job resumed"
		event.Reason, event.Message = "Resumed", "Job resumed"
		s.job.Status.StartTime = new(api.Timestamp(s.Now))
	} else if s.Settings.Release.AtLeast(36) {
		s.job.Status.StartTime = nil
	}
	if current != nil {
		*current = *condition
	} else {
		s.job.Status.Conditions = append(s.job.Status.Conditions, *condition)
	}
	s.plan.Events = append(s.plan.Events, event)
}

func (s *jobSync) condition(kind batchv1.JobConditionType, reason, message string) *batchv1.JobCondition {
	now := api.Timestamp(s.Now)
	return &batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue, LastProbeTime: now, LastTransitionTime: now, Reason: reason, Message: message}
}

func jobCondition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i := range job.Status.Conditions {
		if job.Status.Conditions[i].Type == kind {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}
