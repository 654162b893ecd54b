package control

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// A Job with completionMode Indexed wants each index from 0 to completions-1 to succeed once (upstream: pkg/controller/job/indexed_job_utils.go).

// indexVariable tells the programs of a Pod its index.
const indexVariable = "JOB_COMPLETION_INDEX"

func (s *jobSync) indexed() bool {
	mode := s.job.Spec.CompletionMode
	return mode != nil && *mode == batchv1.IndexedCompletion
}

// maxIndexes is how many indexes the simulator keeps account of.
const maxIndexes = 1_000_000

// counts says whether a Pod counts at all: one without a valid index does not.
func (s *jobSync) counts(pod *corev1.Pod) bool {
	if !s.indexed() {
		return true
	}
	_, is := s.completionIndex(pod)
	return is
}

// completionIndex is the index in a Pod's annotation; false when there is none, or one beyond the Job's completions.
func (s *jobSync) completionIndex(pod *corev1.Pod) (int, bool) {
	index, err := strconv.Atoi(pod.Annotations[batchv1.JobCompletionIndexAnnotation])
	return index, err == nil && index >= 0 && index < int(*s.job.Spec.Completions)
}

// countIndexes finds the indexes that have succeeded: those noted in the status, and those of Pods that have ended since.
func (s *jobSync) countIndexes() {
	s.done = readIndexes(s.job.Status.CompletedIndexes, int(*s.job.Spec.Completions))
	for _, pod := range s.pods {
		if index, is := s.completionIndex(pod); is && pod.Status.Phase == corev1.PodSucceeded && hasFinalizer(pod, batchv1.JobTrackingFinalizer) {
			s.done[index] = true
		}
	}
	s.succeeded = int32(len(s.done))
}

// missingIndexes are the lowest ones that have neither succeeded nor a Pod that works on them.
func (s *jobSync) missingIndexes(count int) (list []int) {
	taken := map[int]bool{}
	for _, pod := range s.pods {
		if index, is := s.completionIndex(pod); is && (slices.Contains(s.active, pod) || s.replacesOnlyFailed() && pod.DeletionTimestamp != nil && !podEnded(pod)) {
			taken[index] = true
		}
	}
	for index := 0; index < int(*s.job.Spec.Completions) && len(list) < count; index++ {
		if !s.done[index] && !taken[index] {
			list = append(list, index)
		}
	}
	return list
}

// surplusIndexes are the active Pods that no index needs: without a valid one, or with one that another Pod works on.
func (s *jobSync) surplusIndexes() (surplus []*corev1.Pod) {
	taken := map[int]bool{}
	for _, pod := range slices.Backward(s.rankedActive()) { // the one that is farthest stays
		index, is := s.completionIndex(pod)
		if !is || taken[index] {
			surplus = append(surplus, pod)
		}
		taken[index] = true
	}
	return surplus
}

// withIndex gives a new Pod its index: in its name, its hostname, an annotation, from 1.28 on a label, and a variable of every container.
func (s *jobSync) withIndex(pod *corev1.Pod, index int) {
	text := strconv.Itoa(index)
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[batchv1.JobCompletionIndexAnnotation] = text
	from := "metadata.annotations['" + batchv1.JobCompletionIndexAnnotation + "']"
	if s.Settings.Release.AtLeast(28) {
		if pod.Labels == nil {
			pod.Labels = map[string]string{}
		}
		pod.Labels[batchv1.JobCompletionIndexAnnotation] = text
		from = "metadata.labels['" + batchv1.JobCompletionIndexAnnotation + "']"
	}
	pod.Spec.Hostname = s.job.Name + "-" + text
	const longest = 58 // of a name before which a suffix is generated
	before, behind := s.job.Name, "-"+text+"-"
	pod.GenerateName = before[:min(len(before), longest-len(behind))] + behind
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if !slices.ContainsFunc(list[i].Env, func(variable corev1.EnvVar) bool { return variable.Name == indexVariable }) {
				list[i].Env = append(list[i].Env, corev1.EnvVar{Name: indexVariable, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: from}}})
			}
		}
	}
}

// readIndexes reads the status's form of a set of indexes: "0,2-4".
func readIndexes(text string, completions int) map[int]bool {
	set := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		to := from
		if isRange {
			if to, err = strconv.Atoi(last); err != nil {
				continue
			}
		}
		for index := from; index <= min(to, completions-1); index++ {
			set[index] = true
		}
	}
	return set
}

// writeIndexes writes that form. Two that follow each other are no range yet.
func writeIndexes(set map[int]bool) string {
	var parts []string
	for _, first := range slices.Sorted(maps.Keys(set)) {
		if set[first-1] {
			continue
		}
		last := first
		for set[last+1] {
			last++
		}
		part := strconv.Itoa(first)
		switch {
		case last == first+1:
			part += "," + strconv.Itoa(last)
		case last > first:
			part += "-" + strconv.Itoa(last)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}
