package control

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// podReady says whether the Pod's condition Ready is True.
func podReady(pod *corev1.Pod) bool {
	condition := podCondition(pod, corev1.PodReady)
	return condition != nil && condition.Status == corev1.ConditionTrue
}

// podCondition finds a condition by its type; nil when the Pod has none.
func podCondition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// runningAndReady is upstream's isRunningAndReady.
func runningAndReady(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && podReady(pod)
}

// podAvailable says whether the Pod has been Ready for the given time (upstream: pkg/api/v1/pod IsPodAvailable).
func podAvailable(pod *corev1.Pod, minReadySeconds int32, now time.Time) bool {
	condition := podCondition(pod, corev1.PodReady)
	if condition == nil || condition.Status != corev1.ConditionTrue {
		return false
	}
	since := condition.LastTransitionTime.Time
	return minReadySeconds == 0 || !since.IsZero() && !since.Add(time.Duration(minReadySeconds)*time.Second).After(now)
}

// podEnded says whether the Pod has reached a phase it never leaves.
func podEnded(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}
