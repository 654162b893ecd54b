package api

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Upstream: pkg/registry/core/pod/strategy.go.

func preparePod(pod *corev1.Pod) {
	endAtOnce(pod)
	pod.Generation = 1
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending}
	pod.Status.QOSClass = qualityOfService(pod)
	if len(pod.Spec.SchedulingGates) > 0 {
		pod.Status.Conditions = []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonSchedulingGated,
			Message: "Scheduling is blocked due to non-empty scheduling gates",
		}}
	}
	applyLabelKeys(pod)
}

// applyLabelKeys makes matchLabelKeys and mismatchLabelKeys part of the selectors they stand beside.
func applyLabelKeys(pod *corev1.Pod) {
	extend := func(selector *metav1.LabelSelector, keys []string, operator metav1.LabelSelectorOperator) {
		for _, key := range keys {
			if value, exists := pod.Labels[key]; exists && selector != nil {
				selector.MatchExpressions = append(selector.MatchExpressions,
					metav1.LabelSelectorRequirement{Key: key, Operator: operator, Values: []string{value}})
			}
		}
	}
	term := func(term *corev1.PodAffinityTerm) {
		extend(term.LabelSelector, term.MatchLabelKeys, metav1.LabelSelectorOpIn)
		extend(term.LabelSelector, term.MismatchLabelKeys, metav1.LabelSelectorOpNotIn)
	}
	terms := func(preferred []corev1.WeightedPodAffinityTerm, required []corev1.PodAffinityTerm) {
		for i := range preferred {
			term(&preferred[i].PodAffinityTerm)
		}
		for i := range required {
			term(&required[i])
		}
	}
	if affinity := pod.Spec.Affinity; affinity != nil {
		if pods := affinity.PodAffinity; pods != nil {
			terms(pods.PreferredDuringSchedulingIgnoredDuringExecution, pods.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if pods := affinity.PodAntiAffinity; pods != nil {
			terms(pods.PreferredDuringSchedulingIgnoredDuringExecution, pods.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for i := range pod.Spec.TopologySpreadConstraints {
		constraint := &pod.Spec.TopologySpreadConstraints[i]
		extend(constraint.LabelSelector, constraint.MatchLabelKeys, metav1.LabelSelectorOpIn)
	}
}

// endAtOnce: a Pod whose time to end is negative gets a second. Templates keep what they say.
func endAtOnce(pod *corev1.Pod) {
	if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil && *seconds < 0 {
		second := int64(1)
		pod.Spec.TerminationGracePeriodSeconds = &second
	}
}

func preparePodUpdate(pod, old *corev1.Pod, subresource string) {
	endAtOnce(pod)
	switch subresource {
	case "status":
		preparePodStatus(pod, old)
		return
	case "ephemeralcontainers":
		added := pod.Spec.EphemeralContainers
		pod.Spec = old.Spec
		pod.Spec.EphemeralContainers = added
		metav1.ResetObjectMetaForStatus(pod, old)
	case "resize":
		keepAllButSizes(pod, old)
	}
	pod.Status = old.Status
	// The priority admission plugin keeps what it gave at creation.
	if pod.Spec.Priority == nil {
		pod.Spec.Priority = old.Spec.Priority
	}
	if pod.Spec.PreemptionPolicy == nil {
		pod.Spec.PreemptionPolicy = old.Spec.PreemptionPolicy
	}
	if !sameMeaning(pod.Spec, old.Spec) {
		pod.Generation = old.Generation + 1
	}
}

func preparePodStatus(pod, old *corev1.Pod) {
	pod.Spec = old.Spec
	pod.DeletionTimestamp = old.DeletionTimestamp
	pod.OwnerReferences = old.OwnerReferences
	status := &pod.Status
	if status.QOSClass == "" {
		status.QOSClass = old.Status.QOSClass
	}
	if status.ObservedGeneration == 0 {
		status.ObservedGeneration = old.Status.ObservedGeneration
	}
	for i := range status.Conditions {
		for j := range old.Status.Conditions {
			if status.Conditions[i].ObservedGeneration == 0 && status.Conditions[i].Type == old.Status.Conditions[j].Type {
				status.Conditions[i].ObservedGeneration = old.Status.Conditions[j].ObservedGeneration
			}
		}
	}
	// The two ways of telling the address are one for upstream.
	switch {
	case status.PodIP != "" && (len(status.PodIPs) == 0 || status.PodIPs[0].IP != status.PodIP):
		status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	case len(status.PodIPs) > 0:
		status.PodIP = status.PodIPs[0].IP
	}
}

// keepAllButSizes lets a resize change the resources of containers only; containers added or renamed are left
// for validation to refuse.
func keepAllButSizes(pod, old *corev1.Pod) {
	given := pod.Spec
	if len(given.Containers) != len(old.Spec.Containers) || len(given.InitContainers) != len(old.Spec.InitContainers) {
		return
	}
	pod.Spec = *old.Spec.DeepCopy()
	pod.Spec.Resources = given.Resources
	pod.Spec.Containers = resized(pod.Spec.Containers, given.Containers)
	pod.Spec.InitContainers = resized(pod.Spec.InitContainers, given.InitContainers)
	metav1.ResetObjectMetaForStatus(pod, old)
}

func resized(containers, given []corev1.Container) []corev1.Container {
	for i := range containers {
		if containers[i].Name != given[i].Name {
			return given
		}
		containers[i].Resources, containers[i].ResizePolicy = given[i].Resources, given[i].ResizePolicy
	}
	return containers
}

// TerminationGracePeriod is how many seconds a Pod gets when it is deleted: as wished, else as its spec says;
// none when it runs nowhere or has ended. Upstream: CheckGracefulDelete.
func TerminationGracePeriod(pod *corev1.Pod, wished *int64) int64 {
	seconds := int64(0)
	if wished != nil {
		seconds = *wished
	} else if pod.Spec.TerminationGracePeriodSeconds != nil {
		seconds = *pod.Spec.TerminationGracePeriodSeconds
	}
	if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded {
		seconds = 0
	}
	if seconds < 0 {
		seconds = 1
	}
	return seconds
}
