package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
)

// indexes are the Job's Pods: name without its end, hostname, index, phase.
func (w *town) indexes() (lines []string) {
	for pod := range store.List[*corev1.Pod](w.View(), "default") {
		line := pod.Name[:strings.LastIndexByte(pod.Name, '-')] + " " + pod.Spec.Hostname + " " + pod.Annotations[batchv1.JobCompletionIndexAnnotation] + " " + string(pod.Status.Phase)
		for _, variable := range pod.Spec.Containers[0].Env {
			line += " " + variable.Name + "=" + variable.ValueFrom.FieldRef.FieldPath
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func TestIndexedJobCompletesEachIndex(t *testing.T) {
	w := newJob(t, "", "completions: 5, parallelism: 2, completionMode: Indexed,", `sleep 5; test $JOB_COMPLETION_INDEX != 3 -o -e /tmp/x`)
	w.run(4 * time.Second)
	const from = " JOB_COMPLETION_INDEX=metadata.labels['batch.kubernetes.io/job-completion-index']"
	equalLines(t, "the first", w.indexes(), "work-0 work-0 0 Running"+from, "work-1 work-1 1 Running"+from)
	w.run(30 * time.Second)
	job := object[*batchv1.Job](w, "work")
	if job.Status.CompletedIndexes != "0-2,4" || job.Status.Succeeded != 4 || job.Status.Failed == 0 {
		t.Errorf("completed %q, %s", job.Status.CompletedIndexes, w.state())
	}
	if last := w.indexes(); !slices.ContainsFunc(last, func(line string) bool { return strings.HasPrefix(line, "work-3 work-3 3 Failed") }) {
		t.Errorf("the Pod of index 3 has not failed: %v", last)
	}
}

func TestIndexedJobBefore128(t *testing.T) {
	w := newJob(t, "1.27", "completions: 2, parallelism: 2, completionMode: Indexed,", "true")
	w.run(time.Minute)
	equalLines(t, "all", w.indexes(), "work-0 work-0 0 Succeeded JOB_COMPLETION_INDEX=metadata.annotations['batch.kubernetes.io/job-completion-index']",
		"work-1 work-1 1 Succeeded JOB_COMPLETION_INDEX=metadata.annotations['batch.kubernetes.io/job-completion-index']")
	if job := object[*batchv1.Job](w, "work"); job.Status.CompletedIndexes != "0,1" || !strings.Contains(w.state(), "Complete=True") {
		t.Errorf("%q %s", job.Status.CompletedIndexes, w.state())
	}
}
