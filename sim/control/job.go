package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	jobController = "job-controller"
	// jobLatency lets the changes of one instant be seen together. Upstream waits a second after a change of a Pod.
	jobLatency = 10 * time.Millisecond
	// maxPodsPerSync is how many Pods one look at a Job creates at most (upstream: MaxPodCreateDeletePerSync).
	maxPodsPerSync = 500
)

var jobKind = batchv1.SchemeGroupVersion.WithKind("Job")

// jobLoop runs Pods until enough of them have succeeded (upstream: pkg/controller/job):
//
//	job.go         what wakes it, which Pods are the Job's, and whether it has ended
//	job_pods.go    creating and deleting Pods, and the wait after one has failed
//	job_indexed.go Jobs whose Pods have an index each
//	job_status.go  counting Pods that have ended, and the conditions
//	job_ttl.go     a loop of its own: Jobs that ended some time ago are deleted
//
// Pods carry a finalizer until they have been counted. Keys are those of Jobs, and of Pods that still carry it though their Job is gone
// (see podKeyPrefix). What the simulator does not do for Jobs is listed in [unsupportedInJob]; such a Job is left alone.
func jobLoop() Loop {
	return Loop{Name: "job", Latency: jobLatency, Wakes: wakeJob, Sync: syncJobs}
}

func syncJobs(in Input) Plan {
	if pod, isPod := strings.CutPrefix(in.Key.Name, podKeyPrefix); isPod {
		return freeOrphan(in, pod)
	}
	return syncJob(in)
}

func wakeJob(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *batchv1.Job:
		if change.New != nil {
			wake(api.NameOf(object))
			return
		}
		for pod := range store.Owned[*corev1.Pod](view, object.UID) {
			if hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
				wake(Key{Namespace: pod.Namespace, Name: podKeyPrefix + pod.Name})
			}
		}
	case *corev1.Pod:
		wakeJobOfPod(view, change, object, wake)
	}
}

// wakeJobOfPod wakes the Job that controls the Pod, the one that did before, and for an orphan those that might adopt it. A Pod whose
// Job is gone is woken itself.
func wakeJobOfPod(view store.View, change store.Change, pod *corev1.Pod, wake func(Key)) {
	current := metav1.GetControllerOfNoCopy(pod)
	before, updated := change.Old.(*corev1.Pod)
	if updated {
		if old := metav1.GetControllerOfNoCopy(before); old != nil && (current == nil || old.UID != current.UID) {
			if job, found := jobOf(view, pod.Namespace, old); found {
				wake(api.NameOf(job))
			}
		}
	}
	if job, found := jobOf(view, pod.Namespace, current); found {
		wake(api.NameOf(job))
		return
	}
	if change.New == nil {
		return
	}
	if hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
		wake(Key{Namespace: pod.Namespace, Name: podKeyPrefix + pod.Name})
	}
	if current != nil || len(pod.Labels) == 0 || updated && metav1.GetControllerOfNoCopy(before) == nil && maps.Equal(before.Labels, pod.Labels) {
		return
	}
	for job := range store.List[*batchv1.Job](view, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(job.Spec.Selector)
		if err == nil && selector.Matches(labels.Set(pod.Labels)) {
			wake(api.NameOf(job))
		}
	}
}

func jobOf(view store.View, namespace string, reference *metav1.OwnerReference) (*batchv1.Job, bool) {
	if reference == nil || reference.Kind != jobKind.Kind {
		return nil, false
	}
	job, found := store.Get[*batchv1.Job](view, namespace, reference.Name)
	return job, found && job.UID == reference.UID
}

// freeOrphan takes the finalizer from a Pod whose Job is gone (upstream: syncOrphanPod).
func freeOrphan(in Input, name string) Plan {
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found || !hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
		return Plan{}
	}
	owner := metav1.GetControllerOfNoCopy(pod)
	if _, found := jobOf(in.View, pod.Namespace, owner); found || owner != nil && owner.Kind != jobKind.Kind {
		return Plan{}
	}
	return Plan{Writes: []Write{withoutFinalizer(pod, batchv1.JobTrackingFinalizer)}}
}

// jobSync is one look at one Job.
type jobSync struct {
	Input
	job  *batchv1.Job // a copy, whose status changes as it is to be
	plan Plan
	// pods are all that the Job controls; active those that have not ended and are not being deleted.
	pods, active           []*corev1.Pod
	terminating, succeeded int32
	failed                 int32
	// created says how many Pods this look creates; condemned are those that go when they have been counted, because the Job ends.
	created   int32
	condemned []*corev1.Pod
	done      map[int]bool     // of an Indexed Job: the indexes that have succeeded
	dismissed map[api.UID]bool // Pods that go without being counted
	// end is the condition with which the Job ends, nil while it goes on.
	end *batchv1.JobCondition
}

func syncJob(in Input) Plan {
	job, found := store.Get[*batchv1.Job](in.View, in.Key.Namespace, in.Key.Name)
	if !found || jobEnded(job) != nil || job.Spec.ManagedBy != nil && *job.Spec.ManagedBy != batchv1.JobControllerName || unsupportedInJob(job) != "" {
		return Plan{}
	}
	selector, err := metav1.LabelSelectorAsSelector(job.Spec.Selector)
	if err != nil {
		return Plan{} // validation lets no such Job in; trying again would not help
	}
	s := &jobSync{Input: in, job: job.DeepCopy(), dismissed: map[api.UID]bool{}}
	s.claimPods(selector)
	s.count()
	if s.job.Status.StartTime == nil && !s.suspended() {
		s.job.Status.StartTime = new(api.Timestamp(in.Now))
	}
	s.decide()
	if s.end != nil {
		s.condemned, s.active = s.active, nil
		s.terminating += int32(len(s.condemned))
	} else {
		s.converge()
	}
	s.writeStatus(job)
	return s.plan
}

// jobEnded is the condition Complete or Failed of a Job that has ended.
func jobEnded(job *batchv1.Job) *batchv1.JobCondition {
	for _, kind := range []batchv1.JobConditionType{batchv1.JobComplete, batchv1.JobFailed} {
		if condition := jobCondition(job, kind); condition != nil && condition.Status == corev1.ConditionTrue {
			return condition
		}
	}
	return nil
}

// unsupportedInJob names the field for whose sake the simulator leaves a Job alone; empty for a Job that it runs.
func unsupportedInJob(job *batchv1.Job) string {
	spec := &job.Spec
	switch {
	case spec.CompletionMode != nil && *spec.CompletionMode == batchv1.IndexedCompletion && *spec.Completions > maxIndexes:
		return fmt.Sprintf("spec.completions above %d with spec.completionMode Indexed", maxIndexes)
	case spec.PodFailurePolicy != nil:
		return "spec.podFailurePolicy"
	case spec.BackoffLimitPerIndex != nil:
		return "spec.backoffLimitPerIndex"
	case spec.SuccessPolicy != nil:
		return "spec.successPolicy"
	}
	return ""
}

func (s *jobSync) suspended() bool { return s.job.Spec.Suspend != nil && *s.job.Spec.Suspend }

// claimPods finds the Job's Pods, adopts orphans that its selector matches and releases those that it no longer matches
// (upstream: getPodsForJob).
func (s *jobSync) claimPods(selector labels.Selector) {
	for pod := range store.List[*corev1.Pod](s.View, s.job.Namespace) {
		owner := metav1.GetControllerOfNoCopy(pod)
		if owner != nil && owner.UID != s.job.UID {
			continue
		}
		matches := selector.Matches(labels.Set(pod.Labels))
		switch {
		case owner != nil && matches:
			s.pods = append(s.pods, pod)
		case owner != nil && s.job.DeletionTimestamp == nil:
			released := pod.DeepCopy()
			released.OwnerReferences = slices.DeleteFunc(released.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == s.job.UID })
			released.Finalizers = slices.DeleteFunc(released.Finalizers, func(name string) bool { return name == batchv1.JobTrackingFinalizer })
			s.write(Write{Verb: Update, Object: released, Tolerate: []string{"NotFound", "Invalid"}})
		case owner == nil && matches && s.job.DeletionTimestamp == nil && pod.DeletionTimestamp == nil:
			adopted := pod.DeepCopy()
			adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.job, jobKind))
			if !hasFinalizer(adopted, batchv1.JobTrackingFinalizer) {
				adopted.Finalizers = append(adopted.Finalizers, batchv1.JobTrackingFinalizer)
			}
			s.write(Write{Verb: Update, Object: adopted})
			s.pods = append(s.pods, afterWrite(adopted))
		}
	}
}

// count counts the Pods, those that have ended on top of those that were counted before.
func (s *jobSync) count() {
	s.succeeded, s.failed = s.job.Status.Succeeded, s.job.Status.Failed
	for _, pod := range s.pods {
		switch {
		case !hasFinalizer(pod, batchv1.JobTrackingFinalizer):
		case pod.Status.Phase == corev1.PodSucceeded:
			s.succeeded++
		case s.podFailed(pod) && s.counts(pod):
			s.failed++
		}
		switch {
		case podEnded(pod):
		case pod.DeletionTimestamp != nil:
			s.terminating++
		default:
			s.active = append(s.active, pod)
		}
	}
	if s.indexed() {
		s.countIndexes()
	}
}

// podFailed says whether the Pod counts as failed: one that is being deleted does, unless it is to be replaced only when it has ended.
func (s *jobSync) podFailed(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed ||
		!s.replacesOnlyFailed() && pod.DeletionTimestamp != nil && pod.Status.Phase != corev1.PodSucceeded
}

func (s *jobSync) replacesOnlyFailed() bool {
	return s.job.Spec.PodReplacementPolicy != nil && *s.job.Spec.PodReplacementPolicy == batchv1.Failed
}

// decide finds out whether the Job ends by itself or fails, before Pods are looked after.
func (s *jobSync) decide() {
	spec := &s.job.Spec
	start := s.job.Status.StartTime
	met, target := jobCondition(s.job, batchv1.JobSuccessCriteriaMet), jobCondition(s.job, batchv1.JobFailureTarget)
	switch {
	case met != nil && met.Status == corev1.ConditionTrue:
		s.end = s.condition(batchv1.JobComplete, met.Reason, met.Message)
	case target != nil && target.Status == corev1.ConditionTrue:
		s.end = s.condition(batchv1.JobFailed, target.Reason, target.Message)
	case s.failed > *spec.BackoffLimit || s.restartedTooOften():
		s.end = s.condition(batchv1.JobFailed, batchv1.JobReasonBackoffLimitExceeded, "Job has reached the specified backoff limit")
	case spec.ActiveDeadlineSeconds != nil && start != nil && !s.suspended():
		deadline := start.Add(time.Duration(*spec.ActiveDeadlineSeconds) * time.Second)
		if deadline.After(s.Now) {
			s.lookAgain(deadline)
			return
		}
		s.end = s.condition(batchv1.JobFailed, batchv1.JobReasonDeadlineExceeded, "Job was active longer than specified deadline")
	}
}

// lookAgain calls the loop again at that time, or earlier.
func (s *jobSync) lookAgain(at time.Time) {
	if s.plan.Requeue.IsZero() || at.Before(s.plan.Requeue) {
		s.plan.Requeue = at
	}
}

// restartedTooOften is the limit for Pods whose containers are restarted (upstream: pastBackoffLimitOnFailure).
func (s *jobSync) restartedTooOften() bool {
	if s.job.Spec.Template.Spec.RestartPolicy != corev1.RestartPolicyOnFailure {
		return false
	}
	restarts := int32(0)
	for _, pod := range s.pods {
		if pod.Status.Phase != corev1.PodRunning && pod.Status.Phase != corev1.PodPending {
			continue
		}
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			restarts += status.RestartCount
		}
	}
	return restarts >= max(*s.job.Spec.BackoffLimit, 1)
}

func (s *jobSync) write(write Write) { s.plan.Writes = append(s.plan.Writes, write) }

func (s *jobSync) newEvent(kind, reason, message string) Event {
	return Event{Regarding: s.job, Type: kind, Reason: reason, Message: message, Source: jobController}
}
