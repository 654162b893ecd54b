package api

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// defaultPodResources fills in the resources of the Pod as a whole when they are partly given: limits of huge
// pages from the containers, then requests from the containers, then requests from the limits.
func defaultPodResources(spec *corev1.PodSpec) {
	whole := spec.Resources
	if whole == nil || len(whole.Limits) == 0 && len(whole.Requests) == 0 {
		return
	}
	for name, total := range sumOfContainers(spec, limitsOf) {
		if !isHugePage(name) {
			continue
		}
		if _, requested := whole.Requests[name]; requested {
			continue
		}
		if _, exists := whole.Limits[name]; !exists {
			if whole.Limits == nil {
				whole.Limits = corev1.ResourceList{}
			}
			whole.Limits[name] = total
		}
	}
	if len(whole.Limits) == 0 {
		return
	}
	requests := whole.Requests.DeepCopy()
	if requests == nil {
		requests = corev1.ResourceList{}
	}
	for name, total := range sumOfContainers(spec, requestsOf) {
		if _, exists := requests[name]; !exists && (name == corev1.ResourceCPU || name == corev1.ResourceMemory) {
			requests[name] = total
		}
	}
	for name, limit := range whole.Limits {
		if _, exists := requests[name]; !exists && hasPodLevel(name) {
			requests[name] = limit.DeepCopy()
		}
	}
	if len(requests) > 0 {
		whole.Requests = requests
	}
}

func limitsOf(container *corev1.Container) corev1.ResourceList   { return container.Resources.Limits }
func requestsOf(container *corev1.Container) corev1.ResourceList { return container.Resources.Requests }

// sumOfContainers is what a Pod needs at once: its containers and sidecars together, or at an earlier moment
// one init container with the sidecars started before it, whichever is more.
func sumOfContainers(spec *corev1.PodSpec, of func(*corev1.Container) corev1.ResourceList) corev1.ResourceList {
	total, sidecars, peak := corev1.ResourceList{}, corev1.ResourceList{}, corev1.ResourceList{}
	for i := range spec.Containers {
		addResources(total, of(&spec.Containers[i]))
	}
	for i := range spec.InitContainers {
		container := &spec.InitContainers[i]
		if isSidecar(container) {
			addResources(total, of(container))
			addResources(sidecars, of(container))
			maxResources(peak, sidecars)
			continue
		}
		moment := sidecars.DeepCopy()
		addResources(moment, of(container))
		maxResources(peak, moment)
	}
	maxResources(total, peak)
	return total
}

func isSidecar(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func addResources(sum, list corev1.ResourceList) {
	// In any order: each is added to its own sum.
	for name, quantity := range list {
		value, exists := sum[name]
		if !exists {
			sum[name] = quantity.DeepCopy()
			continue
		}
		value.Add(quantity)
		sum[name] = value
	}
}

func maxResources(most, list corev1.ResourceList) {
	for name, quantity := range list {
		if value, exists := most[name]; !exists || quantity.Cmp(value) > 0 {
			most[name] = quantity.DeepCopy()
		}
	}
}

func isHugePage(name corev1.ResourceName) bool {
	return strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

func hasPodLevel(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || isHugePage(name)
}

// qualityOfService is the QoS class of a Pod, upstream's ComputePodQOS (pkg/apis/core/v1/helper/qos/qos.go):
// BestEffort without any request or limit of CPU and memory, Guaranteed when all have both limits and equal
// requests, else Burstable.
func qualityOfService(pod *corev1.Pod) corev1.PodQOSClass {
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	guaranteed := true
	count := func(wanted corev1.ResourceRequirements) {
		addResources(requests, computeOnly(wanted.Requests))
		bounded := computeOnly(wanted.Limits)
		addResources(limits, bounded)
		if len(bounded) != 2 {
			guaranteed = false
		}
	}
	if whole := pod.Spec.Resources; whole != nil {
		addResources(requests, computeOnly(whole.Requests))
		if len(whole.Limits) > 0 {
			count(corev1.ResourceRequirements{Limits: whole.Limits})
		}
	} else {
		for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
			for i := range containers {
				count(containers[i].Resources)
			}
		}
	}
	if len(requests) == 0 && len(limits) == 0 {
		return corev1.PodQOSBestEffort
	}
	for name, request := range requests {
		if limit, exists := limits[name]; !exists || limit.Cmp(request) != 0 {
			guaranteed = false
		}
	}
	if guaranteed && len(requests) == len(limits) {
		return corev1.PodQOSGuaranteed
	}
	return corev1.PodQOSBurstable
}

func computeOnly(list corev1.ResourceList) map[corev1.ResourceName]resource.Quantity {
	var kept corev1.ResourceList
	for _, name := range [...]corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		if quantity, exists := list[name]; exists && quantity.Sign() == 1 {
			if kept == nil {
				kept = corev1.ResourceList{}
			}
			kept[name] = quantity
		}
	}
	return kept
}
