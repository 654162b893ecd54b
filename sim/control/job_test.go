package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// newJob is a cluster in which everything runs, with one Job whose Pods do what the script says.
func newJob(t *testing.T, release, spec, script string) *town {
	t.Helper()
	w := &town{t, sim.New(sim.Options{History: -1, Kubernetes: release})}
	if !strings.Contains(spec, "restartPolicy") {
		spec += " restartPolicy: Never"
	}
	own, restart, _ := strings.Cut(spec, "restartPolicy")
	w.apply(`{apiVersion: batch/v1, kind: Job, metadata: {name: work}, spec: {` + own + ` template: {spec: {terminationGracePeriodSeconds: 1, restartPolicy` + restart + `,
		containers: [{name: main, image: busybox, command: [sh, -c, "` + script + `"]}]}}}}`)
	return w
}

// state is the Job's status in one line.
func (w *town) state() string {
	job := object[*batchv1.Job](w, "work")
	status := &job.Status
	line := fmt.Sprintf("%d active %d succeeded %d failed", status.Active, status.Succeeded, status.Failed)
	if status.Terminating != nil && *status.Terminating > 0 {
		line += fmt.Sprintf(" %d terminating", *status.Terminating)
	}
	for _, condition := range status.Conditions {
		line += fmt.Sprintf("; %s=%s %s", condition.Type, condition.Status, condition.Reason)
	}
	return line
}

// story are the Job's events, without the names of Pods.
func (w *town) story() []string {
	var lines []string
	for _, line := range w.events("Job", "work") {
		if before, _, named := strings.Cut(line, "pod: "); named {
			line = before + "pod"
		}
		lines = append(lines, strings.TrimPrefix(line, "Normal "))
	}
	return lines
}

func TestJobCompletes(t *testing.T) {
	w := newJob(t, "", "completions: 3, parallelism: 2,", "sleep 10")
	w.run(5 * time.Second)
	equal(t, "two at a time", w.state(), "2 active 0 succeeded 0 failed")
	for pod := range store.List[*corev1.Pod](w.View(), "default") {
		if !slices.Contains(pod.Finalizers, batchv1.JobTrackingFinalizer) || pod.Labels[batchv1.JobNameLabel] != "work" {
			t.Errorf("finalizers %v, labels %v", pod.Finalizers, pod.Labels)
		}
	}
	w.run(time.Minute)
	equal(t, "done", w.state(), "0 active 3 succeeded 0 failed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
	equalLines(t, "events", w.story(), "SuccessfulCreate job-controller: Created pod", "SuccessfulCreate job-controller: Created pod",
		"SuccessfulCreate job-controller: Created pod", "Completed job-controller: Job completed")
	status := object[*batchv1.Job](w, "work").Status
	if status.CompletionTime == nil || status.StartTime == nil || status.CompletionTime.Sub(status.StartTime.Time) < 20*time.Second {
		t.Errorf("from %v to %v", status.StartTime, status.CompletionTime)
	}
	for pod := range store.List[*corev1.Pod](w.View(), "default") {
		equal(t, "finalizers of "+pod.Name, pod.Finalizers, "[]")
	}
	if !w.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
}

// Failed Pods are replaced after ten seconds, twenty, and so on; beyond the limit the Job fails.
func TestJobFails(t *testing.T) {
	w := newJob(t, "", "backoffLimit: 2,", "exit 3")
	w.run(5 * time.Second)
	equal(t, "after the first", w.state(), "0 active 0 succeeded 1 failed")
	w.run(12 * time.Second)
	equal(t, "after the second", w.state(), "0 active 0 succeeded 2 failed")
	w.run(15 * time.Second)
	equal(t, "half a minute later", w.state(), "0 active 0 succeeded 2 failed")
	w.run(time.Minute)
	equal(t, "after the third", w.state(), "0 active 0 succeeded 3 failed; FailureTarget=True BackoffLimitExceeded; Failed=True BackoffLimitExceeded")
	story := w.story()
	equal(t, "last event", story[len(story)-1], "Warning BackoffLimitExceeded job-controller: Job has reached the specified backoff limit")
	if !w.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
}

// Containers that are restarted count, too; the Pod that goes on is ended.
func TestJobRestartsContainers(t *testing.T) {
	w := newJob(t, "", "backoffLimit: 2, restartPolicy: OnFailure", "exit 3")
	w.run(5 * time.Minute)
	equal(t, "state", w.state(), "0 active 0 succeeded 1 failed; FailureTarget=True BackoffLimitExceeded; Failed=True BackoffLimitExceeded")
	equalLines(t, "events", w.story(), "SuccessfulCreate job-controller: Created pod", "SuccessfulDelete job-controller: Deleted pod",
		"Warning BackoffLimitExceeded job-controller: Job has reached the specified backoff limit")
}

func TestJobDeadline(t *testing.T) {
	w := newJob(t, "", "activeDeadlineSeconds: 30, parallelism: 2, completions: 2,", "sleep 1000")
	w.run(30*time.Second + 100*time.Millisecond)
	equal(t, "while the Pods end", w.state(), "0 active 0 succeeded 2 failed 2 terminating; FailureTarget=True DeadlineExceeded")
	w.run(time.Minute)
	equal(t, "when they have", w.state(), "0 active 0 succeeded 2 failed; FailureTarget=True DeadlineExceeded; Failed=True DeadlineExceeded")
}

// Before 1.31 there was no condition in between.
func TestJobOfOlderRelease(t *testing.T) {
	w := newJob(t, "1.27", "completions: 1,", "true")
	w.run(time.Minute)
	equal(t, "state", w.state(), "0 active 1 succeeded 0 failed; Complete=True ")
}

func TestJobIsSuspended(t *testing.T) {
	w := newJob(t, "", "suspend: true, completions: 1,", "sleep 5")
	w.run(time.Minute)
	equal(t, "at first", w.state(), "0 active 0 succeeded 0 failed; Suspended=True JobSuspended")
	suspend := func(value bool) {
		changed := object[*batchv1.Job](w, "work").DeepCopy()
		changed.Spec.Suspend = &value
		if _, err := w.Update(changed, "", false); err != nil {
			t.Fatal(err)
		}
	}
	suspend(false)
	w.run(4 * time.Second)
	equal(t, "resumed", w.state(), "1 active 0 succeeded 0 failed; Suspended=False JobResumed")
	suspend(true)
	w.run(20 * time.Second)
	equal(t, "suspended again", w.state(), "0 active 0 succeeded 0 failed; Suspended=True JobSuspended")
	suspend(false)
	w.run(time.Minute)
	equal(t, "done", w.state(), "0 active 1 succeeded 0 failed; Suspended=False JobResumed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
}

// A Job without a number of completions is done when one Pod has succeeded and all have ended.
func TestJobWithWorkQueue(t *testing.T) {
	w := newJob(t, "", "parallelism: 3,", "sleep 5")
	w.run(time.Minute)
	equal(t, "state", w.state(), "0 active 3 succeeded 0 failed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
}

// The Job and its Pods go some time after its end, and go when it is deleted in the midst of its work.
func TestJobGoes(t *testing.T) {
	w := newJob(t, "", "ttlSecondsAfterFinished: 60,", "true")
	w.run(30 * time.Second)
	equal(t, "done", w.state(), "0 active 1 succeeded 0 failed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
	w.run(time.Minute)
	if left := slices.Collect(store.List[*batchv1.Job](w.View(), "")); len(left) > 0 || len(slices.Collect(store.List[*corev1.Pod](w.View(), "default"))) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, policy := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground} {
		w = newJob(t, "", "parallelism: 2,", "sleep 1000")
		w.run(10 * time.Second)
		job := object[*batchv1.Job](w, "work")
		if _, _, err := w.Delete(api.KindOf(job), api.NameOf(job), metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
			t.Fatal(err)
		}
		w.run(time.Minute)
		if left := slices.Collect(store.List[*corev1.Pod](w.View(), "default")); len(left) > 0 {
			t.Errorf("%s: %s is left with %v", policy, left[0].Name, left[0].Finalizers)
		}
	}
}

// A Pod that is deleted counts as failed, and another takes its place.
func TestJobPodIsDeleted(t *testing.T) {
	w := newJob(t, "", "completions: 1,", "sleep 60")
	w.run(10 * time.Second)
	for pod := range store.List[*corev1.Pod](w.View(), "default") {
		w.remove(pod)
	}
	w.run(5 * time.Minute)
	equal(t, "state", w.state(), "0 active 1 succeeded 1 failed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
}

// When no Pod can be created the Job says so, and its counters stay right.
func TestJobCannotCreate(t *testing.T) {
	w := newJob(t, "", "completions: 3, parallelism: 3,", "true")
	job := object[*batchv1.Job](w, "work").DeepCopy()
	w = &town{t, sim.New(sim.Options{History: -1})}
	job.ObjectMeta = metav1.ObjectMeta{Namespace: "default", Name: "work"}
	job.Spec.Selector, job.Spec.Template.Labels = nil, nil
	job.Spec.Template.Spec.ServiceAccountName = "nobody"
	w.create(job)
	w.run(50 * time.Millisecond)
	equal(t, "state", w.state(), "0 active 0 succeeded 0 failed")
	if story := w.story(); !strings.HasPrefix(story[0], `Warning FailedCreate job-controller: Error creating: pods "work-" is forbidden: error looking up service account default/nobody`) {
		t.Errorf("events %q", story)
	}
	w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "nobody"}})
	w.run(2 * time.Minute)
	equal(t, "done", w.state(), "0 active 3 succeeded 0 failed; SuccessCriteriaMet=True CompletionsReached; Complete=True CompletionsReached")
}
