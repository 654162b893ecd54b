package control

import (
	"cmp"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// After a Pod has failed no other is created for ten seconds, after the second twenty, up to ten minutes
// (upstream: DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff).
const (
	firstJobBackoff = 10 * time.Second
	lastJobBackoff  = 10 * time.Minute
)

// converge creates or deletes Pods, and finds out whether enough have succeeded (upstream: manageJob and the end of syncJob).
func (s *jobSync) converge() {
	active := int32(len(s.active))
	if s.job.DeletionTimestamp == nil {
		active = s.manage()
	}
	completions := s.job.Spec.Completions
	if active == 0 && (completions == nil && s.succeeded > 0 || completions != nil && s.succeeded >= *completions) {
		s.end = s.condition(batchv1.JobComplete, "", "")
		if s.Settings.Release.AtLeast(33) {
			s.end.Reason, s.end.Message = batchv1.JobReasonCompletionsReached, "Reached expected number of succeeded pods"
		}
	} else if s.job.DeletionTimestamp == nil {
		s.noteSuspension()
	}
}

// manage gives the number of active Pods that there then are.
func (s *jobSync) manage() int32 {
	active := int32(len(s.active))
	if s.suspended() {
		s.dismiss(s.leastActive(len(s.active)))
		return 0
	}
	wanted := *s.job.Spec.Parallelism
	if completions := s.job.Spec.Completions; completions != nil {
		wanted = max(min(wanted, *completions-s.succeeded), 0)
	} else if s.succeeded > 0 {
		wanted = active
	}
	if surplus := max(active-wanted, 0); surplus > 0 || s.indexed() {
		if condemned := s.leastActive(int(surplus)); len(condemned) > 0 {
			condemned = condemned[:min(len(condemned), maxPodsPerSync)]
			s.dismiss(condemned)
			return active - int32(len(condemned))
		}
	}
	missing := wanted - active
	if s.replacesOnlyFailed() {
		missing -= s.terminating
	}
	if missing <= 0 || namespaceEnds(s.View, s.job.Namespace) {
		return active
	}
	if next := s.nextStart(); next.After(s.Now) {
		s.lookAgain(next)
		return active
	}
	s.created = min(missing, maxPodsPerSync)
	var indexes []int
	if s.indexed() {
		indexes = s.missingIndexes(int(s.created))
		s.created = int32(len(indexes))
	}
	next := 0
	slowStart(int(s.created), func(batch, part int) {
		pod := podFromTemplate(&s.job.Spec.Template, s.job, jobKind)
		if !hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
			pod.Finalizers = append(pod.Finalizers, batchv1.JobTrackingFinalizer)
		}
		if s.indexed() {
			s.withIndex(pod, indexes[next])
			next++
		}
		done := s.newEvent(corev1.EventTypeNormal, "SuccessfulCreate", "Created pod: {name}")
		s.write(Write{Verb: Create, Object: pod, Success: &done, Batch: batch, Part: part,
			Failure: failing(s.newEvent(corev1.EventTypeWarning, "FailedCreate", "Error creating: {error}"))})
	})
	return active + s.created
}

// leastActive are so many of the active Pods whose loss is least (upstream: activePodsForRemoval, which orders like a ReplicaSet's but
// does not look at costs, at nodes, or roughly at times).
func (s *jobSync) leastActive(count int) []*corev1.Pod {
	ranked := s.rankedActive()
	if s.indexed() {
		surplus := s.surplusIndexes()
		rest := slices.DeleteFunc(ranked, func(pod *corev1.Pod) bool { return slices.Contains(surplus, pod) })
		return append(surplus, rest[:max(count-len(surplus), 0)]...)
	}
	return ranked[:count]
}

// rankedActive are the active Pods, those first whose loss is least.
func (s *jobSync) rankedActive() []*corev1.Pod {
	ranked := slices.Clone(s.active)
	exact := func(a, b time.Time) int {
		switch {
		case a.Equal(b):
			return 0
		case a.IsZero() || b.IsZero():
			return compareFalseFirst(!a.IsZero(), !b.IsZero())
		}
		return b.Compare(a)
	}
	slices.SortStableFunc(ranked, func(a, b *corev1.Pod) int {
		return cmp.Or(
			compareFalseFirst(a.Spec.NodeName != "", b.Spec.NodeName != ""),
			cmp.Compare(phaseRank(a), phaseRank(b)),
			compareFalseFirst(podReady(a), podReady(b)),
			exact(readySince(a), readySince(b)),
			compareRestarts(a, b),
			exact(a.CreationTimestamp.Time, b.CreationTimestamp.Time),
		)
	})
	return ranked
}

// dismiss deletes active Pods that do not count as failed, all at a time.
func (s *jobSync) dismiss(pods []*corev1.Pod) {
	for part, pod := range pods {
		s.dismissed[pod.UID] = true
		if hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
			free := withoutFinalizer(pod, batchv1.JobTrackingFinalizer)
			free.Batch, free.Part, free.Tolerate = 1, part, []string{"NotFound"}
			s.write(free)
		}
		s.deletePod(pod, 1, part)
	}
	s.active = slices.DeleteFunc(slices.Clone(s.active), func(pod *corev1.Pod) bool { return slices.Contains(pods, pod) })
	s.terminating += int32(len(pods))
}

func (s *jobSync) deletePod(pod *corev1.Pod, batch, part int) {
	done := s.newEvent(corev1.EventTypeNormal, "SuccessfulDelete", "Deleted pod: "+pod.Name)
	s.write(Write{Verb: Delete, Object: pod, Success: &done, Tolerate: []string{"NotFound"}, Batch: batch, Part: part,
		Failure: failing(s.newEvent(corev1.EventTypeWarning, "FailedDelete", "Error deleting: {error}"))})
}

// nextStart is when the next Pod may be created. Upstream keeps the number of failures since the last success in memory; here it is that
// of the Pods that are still there.
func (s *jobSync) nextStart() time.Time {
	var succeeded, failed time.Time
	for _, pod := range s.pods {
		if at := podFinished(pod); pod.Status.Phase == corev1.PodSucceeded && at.After(succeeded) {
			succeeded = at
		}
	}
	wait := time.Duration(0)
	for _, pod := range s.pods {
		at := podFinished(pod)
		if !s.podFailed(pod) || !at.After(succeeded) {
			continue
		}
		wait = min(max(2*wait, firstJobBackoff), lastJobBackoff)
		if at.After(failed) {
			failed = at
		}
	}
	return failed.Add(wait)
}

// podFinished is when the Pod ended: when its last container did, otherwise when it was no longer Ready, or was deleted
// (upstream: getFinishedTime).
func podFinished(pod *corev1.Pod) time.Time {
	if at := containersFinished(pod); !at.IsZero() {
		return at
	}
	if condition := podCondition(pod, corev1.PodReady); condition != nil && condition.Status == corev1.ConditionFalse && !condition.LastTransitionTime.IsZero() {
		return condition.LastTransitionTime.Time
	}
	if pod.DeletionTimestamp != nil {
		grace := int64(0)
		if pod.DeletionGracePeriodSeconds != nil {
			grace = *pod.DeletionGracePeriodSeconds
		}
		return pod.DeletionTimestamp.Add(-time.Duration(grace) * time.Second)
	}
	return pod.CreationTimestamp.Time
}

// containersFinished is when the last of the Pod's containers ended, and zero when one has not.
func containersFinished(pod *corev1.Pod) (last time.Time) {
	statuses := slices.Clone(pod.Status.ContainerStatuses)
	for _, status := range pod.Status.InitContainerStatuses {
		for i := range pod.Spec.InitContainers {
			if spec := &pod.Spec.InitContainers[i]; spec.Name == status.Name && isSidecar(spec) {
				statuses = append(statuses, status)
			}
		}
	}
	for _, status := range statuses {
		ended := status.State.Terminated
		if ended == nil || ended.FinishedAt.IsZero() {
			return time.Time{}
		}
		if ended.FinishedAt.After(last) {
			last = ended.FinishedAt.Time
		}
	}
	return last
}
