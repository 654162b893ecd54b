package api

import (
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// changeable lists the fields of a Pod's spec that an update may change, as upstream's message does.
var changeable = strings.Join([]string{
	"`spec.containers[*].image`",
	"`spec.initContainers[*].image`",
	"`spec.activeDeadlineSeconds`",
	"`spec.tolerations` (only additions to existing tolerations)",
	"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
}, ",")

func validatePodUpdate(pod, old *corev1.Pod, subresource string) field.ErrorList {
	switch subresource {
	case "status":
		return validatePodStatusUpdate(pod, old)
	case "ephemeralcontainers":
		return validateEphemeralUpdate(pod, old)
	case "resize":
		return validatePodResize(pod, old)
	}
	errs := validateMetaUpdate(&pod.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, validatePodBody(pod)...)
	errs = append(errs, checkMirrorAnnotation(pod, old)...)
	return append(errs, validatePodSpecUpdate(&pod.Spec, &old.Spec)...)
}

func checkMirrorAnnotation(pod, old *corev1.Pod) field.ErrorList {
	const key = corev1.MirrorPodAnnotationKey
	value, is := pod.Annotations[key]
	before, was := old.Annotations[key]
	path := metaPath.Child("annotations").Key(key)
	switch {
	case was && (!is || value != before):
		return field.ErrorList{field.Forbidden(path, "may not remove or update mirror pod annotation")}
	case is && !was:
		return field.ErrorList{field.Forbidden(path, "may not add mirror pod annotation")}
	}
	return nil
}

func validatePodSpecUpdate(spec, old *corev1.PodSpec) field.ErrorList {
	errs, countChanged := checkImages(spec.Containers, old.Containers, specPath.Child("containers"))
	if countChanged {
		return errs
	}
	more, countChanged := checkImages(spec.InitContainers, old.InitContainers, specPath.Child("initContainers"))
	if errs = append(errs, more...); countChanged {
		return errs
	}
	deadline := specPath.Child("activeDeadlineSeconds")
	switch now, before := spec.ActiveDeadlineSeconds, old.ActiveDeadlineSeconds; {
	case now == nil && before != nil:
		errs = append(errs, field.Invalid(deadline, now, "must not update from a positive integer to nil value"))
	case now != nil && (*now < 0 || *now > math.MaxInt32):
		return append(errs, field.Invalid(deadline, *now, validation.InclusiveRangeError(0, math.MaxInt32)))
	case now != nil && before != nil && *before < *now:
		return append(errs, field.Invalid(deadline, *now, "must be less than or equal to previous value"))
	}
	errs = append(errs, checkTolerationsKept(spec.Tolerations, old.Tolerations)...)
	for i, gate := range spec.SchedulingGates {
		if len(old.SchedulingGates) == 0 || !hasGate(old.SchedulingGates, gate.Name) {
			errs = append(errs, field.Forbidden(specPath.Child("schedulingGates").Index(i).Child("name"),
				fmt.Sprintf("only deletion is allowed, but found new scheduling gate '%s'", gate.Name)))
		}
	}
	if sameMeaning(*spec, *old) {
		return errs
	}
	rest := spec.DeepCopy()
	for i := range rest.Containers {
		rest.Containers[i].Image = old.Containers[i].Image
	}
	for i := range rest.InitContainers {
		rest.InitContainers[i].Image = old.InitContainers[i].Image
	}
	rest.ActiveDeadlineSeconds = old.ActiveDeadlineSeconds
	rest.SchedulingGates = old.SchedulingGates
	rest.Tolerations = old.Tolerations
	if before, now := old.TerminationGracePeriodSeconds, rest.TerminationGracePeriodSeconds; before != nil && *before < 0 && now != nil && *now == 1 {
		rest.TerminationGracePeriodSeconds = before
	}
	if len(old.SchedulingGates) > 0 {
		errs = append(errs, checkGatedSelector(rest, old)...)
	}
	if !sameMeaning(*rest, *old) {
		errs = append(errs, field.Forbidden(specPath,
			fmt.Sprintf("pod updates may not change fields other than %s\n%v", changeable, diffInternal(*old, *rest))))
	}
	return errs
}

// checkGatedSelector lets a Pod that waits at a scheduling gate become more choosy about nodes.
func checkGatedSelector(rest, old *corev1.PodSpec) (errs field.ErrorList) {
	for _, key := range sortedKeys(old.NodeSelector) {
		if now, kept := rest.NodeSelector[key]; !kept || now != old.NodeSelector[key] {
			errs = append(errs, field.Invalid(specPath.Child("nodeSelector"), rest.NodeSelector, "only additions to spec.nodeSelector are allowed (no mutations or deletions)"))
			break
		}
	}
	rest.NodeSelector = old.NodeSelector
	now, before := nodeAffinityOf(rest), nodeAffinityOf(old)
	if sameMeaning(now, before) {
		return errs
	}
	errs = append(errs, checkMoreChoosy(now, before, specPath.Child("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"))...)
	switch {
	case rest.Affinity == nil:
		rest.Affinity = &corev1.Affinity{NodeAffinity: before}
	case old.Affinity == nil && rest.Affinity.PodAffinity == nil && rest.Affinity.PodAntiAffinity == nil:
		rest.Affinity = nil
	default:
		rest.Affinity.NodeAffinity = before
	}
	return errs
}

func nodeAffinityOf(spec *corev1.PodSpec) *corev1.NodeAffinity {
	if spec.Affinity == nil {
		return nil
	}
	return spec.Affinity.NodeAffinity
}

// checkMoreChoosy: terms that are there already get more requirements at most.
func checkMoreChoosy(affinity, old *corev1.NodeAffinity, at field.Path) (errs field.ErrorList) {
	before, now := termsOf(old), termsOf(affinity)
	if len(before) > 0 && len(before) != len(now) {
		return field.ErrorList{field.Invalid(at, internal{now}, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")}
	}
	more := func(now, before []corev1.NodeSelectorRequirement) bool {
		return len(now) >= len(before) && (len(before) == 0 || sameMeaning(now[:len(before)], before))
	}
	for i := range before {
		empty := len(before[i].MatchExpressions)+len(before[i].MatchFields) == 0
		if !more(now[i].MatchExpressions, before[i].MatchExpressions) || !more(now[i].MatchFields, before[i].MatchFields) ||
			empty && len(now[i].MatchExpressions)+len(now[i].MatchFields) > 0 {
			errs = append(errs, field.Invalid(at.Index(i), internal{now[i]}, "only additions are allowed (no mutations or deletions)"))
		}
	}
	return errs
}

func termsOf(affinity *corev1.NodeAffinity) []corev1.NodeSelectorTerm {
	if affinity == nil || affinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	return affinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
}

func checkImages(containers, old []corev1.Container, at field.Path) (errs field.ErrorList, countChanged bool) {
	if len(containers) != len(old) {
		return field.ErrorList{field.Forbidden(at, "pod updates may not add or remove containers")}, true
	}
	for i := range containers {
		errs = append(errs, required(containers[i].Image, at.Index(i).Child("image"))...)
		errs = append(errs, checkImageSpaces(&containers[i], at.Index(i))...)
	}
	return errs, false
}

func checkTolerationsKept(tolerations, old []corev1.Toleration) field.ErrorList {
	path := specPath.Child("tolerations")
	for _, before := range old {
		kept := false
		for _, now := range tolerations {
			kept = kept || now.Key == before.Key && now.Operator == before.Operator && now.Value == before.Value && now.Effect == before.Effect
		}
		if !kept {
			return field.ErrorList{field.Forbidden(path, "existing toleration can not be modified except its tolerationSeconds")}
		}
	}
	return validateTolerations(tolerations, path)
}

func hasGate(gates []corev1.PodSchedulingGate, name string) bool {
	for _, gate := range gates {
		if gate.Name == name {
			return true
		}
	}
	return false
}

func validateEphemeralUpdate(pod, old *corev1.Pod) field.ErrorList {
	if _, mirror := old.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods do not support ephemeral containers")}
	}
	errs := validateMetaUpdate(&pod.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, validatePodBody(pod)...)
	path := specPath.Child("ephemeralContainers")
	for _, before := range old.Spec.EphemeralContainers {
		var now *corev1.EphemeralContainer
		for i := range pod.Spec.EphemeralContainers {
			if pod.Spec.EphemeralContainers[i].Name == before.Name {
				now = &pod.Spec.EphemeralContainers[i]
			}
		}
		switch {
		case now == nil:
			errs = append(errs, field.Forbidden(path, fmt.Sprintf("existing ephemeral containers %q may not be removed\n", before.Name)))
		case !sameMeaning(before, *now):
			errs = append(errs, field.Forbidden(path, fmt.Sprintf("existing ephemeral containers %q may not be changed\n%v", before.Name, diffInternal(before, *now))))
		}
	}
	return errs
}

// validatePodResize lets the CPU and memory of containers change, within the Pod's QoS class.
func validatePodResize(pod, old *corev1.Pod) field.ErrorList {
	errs := validateMetaUpdate(&pod.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, validatePodBody(pod)...)
	if _, mirror := old.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "static pods cannot be resized")}
	}
	if old.Spec.OS != nil && old.Spec.OS.Name == corev1.Windows {
		return field.ErrorList{field.Forbidden(field.NewPath(""), "windows pods cannot be resized")}
	}
	before := old.Status.QOSClass
	if before == "" {
		before = qualityOfService(old)
	}
	if qualityOfService(pod) != before {
		errs = append(errs, field.Invalid(specPath, pod.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	if i := slices.IndexFunc(old.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool { return status.State.Running != nil }); i >= 0 &&
		old.Status.ContainerStatuses[i].Resources == nil {
		errs = append(errs, field.Forbidden(specPath, "Pod running on node without support for resize"))
	}
	rest := pod.Spec.DeepCopy()
	errs = append(errs, checkPodSizes(rest, &old.Spec)...)
	problems := checkSameContainers(rest.Containers, old.Spec.Containers, "containers")
	problems = append(problems, checkSameContainers(rest.InitContainers, old.Spec.InitContainers, "initContainers")...)
	if errs = append(errs, problems...); len(problems) > 0 {
		return errs
	}
	errs = append(errs, checkSizes(rest.InitContainers, old.Spec.InitContainers, "initContainers")...)
	errs = append(errs, checkSizes(rest.Containers, old.Spec.Containers, "containers")...)
	if len(errs) == 0 && !sameMeaning(*rest, old.Spec) {
		errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
	}
	return errs
}

func checkSameContainers(containers, old []corev1.Container, list string) (errs field.ErrorList) {
	if len(containers) != len(old) {
		return field.ErrorList{field.Forbidden(specPath.Child(list), list+" may not be added or removed on resize")}
	}
	for i := range old {
		if containers[i].Name != old[i].Name {
			errs = append(errs, field.Forbidden(specPath.Child(list).Index(i).Child("name"), list+" may not be renamed or reordered on resize"))
		}
	}
	return errs
}

// checkPodSizes checks the resources of the Pod as a whole, and makes those that may change as they were.
func checkPodSizes(spec, old *corev1.PodSpec) (errs field.ErrorList) {
	has := func(resources *corev1.ResourceRequirements) bool {
		return resources != nil && len(resources.Requests)+len(resources.Limits) > 0
	}
	path := specPath.Child("resources")
	switch {
	case !has(spec.Resources) && !has(old.Resources):
		return nil
	case old.Resources != nil && spec.Resources == nil:
		return field.ErrorList{field.Forbidden(path, "pod-level resources cannot be removed")}
	case old.Resources != nil:
		if removed(spec.Resources.Requests, old.Resources.Requests) {
			errs = append(errs, field.Forbidden(path.Child("requests"), "pod-level resource requests cannot be removed"))
		}
		if removed(spec.Resources.Limits, old.Resources.Limits) {
			errs = append(errs, field.Forbidden(path.Child("limits"), "pod-level resource limits cannot be removed"))
		}
	}
	before := old.Resources
	if before == nil {
		before = &corev1.ResourceRequirements{}
	}
	claims := spec.Resources.Claims
	spec.Resources = withoutSizes(spec.Resources, before)
	if spec.Resources.Claims = claims; old.Resources == nil && !has(spec.Resources) && len(claims) == 0 {
		spec.Resources = nil
	}
	if !sameMeaning(spec.Resources, old.Resources) {
		errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable at pod-level"))
	}
	return errs
}

// checkSizes checks the resources of containers, and makes those that may change as they were.
func checkSizes(containers, old []corev1.Container, list string) (errs field.ErrorList) {
	for i := range old {
		now, before, path := &containers[i], &old[i], specPath.Child(list).Index(i).Child("resources")
		if removed(now.Resources.Requests, before.Resources.Requests) {
			errs = append(errs, field.Forbidden(path.Child("requests"), "resource requests cannot be removed"))
		}
		if removed(now.Resources.Limits, before.Resources.Limits) {
			errs = append(errs, field.Forbidden(path.Child("limits"), "resource limits cannot be removed"))
		}
	}
	for i := range old {
		modified := !sameMeaning(containers[i], old[i])
		containers[i].Resources = *withoutSizes(&containers[i].Resources, &old[i].Resources)
		inits := list == "initContainers"
		switch {
		case sameMeaning(containers[i], old[i]):
		case inits:
			errs = append(errs, field.Forbidden(specPath.Child(list).Index(i), "only cpu and memory resources for init or sidecar containers are mutable"))
		default:
			errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
		}
		if inits && modified && !isSidecar(&containers[i]) {
			for _, policy := range containers[i].ResizePolicy {
				if policy.RestartPolicy == corev1.RestartContainer {
					errs = append(errs, field.Forbidden(specPath.Child(list).Index(i), "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"))
				}
			}
		}
	}
	return errs
}

func removed(now, before corev1.ResourceList) bool {
	for name := range before {
		if _, kept := now[name]; !kept {
			return true
		}
	}
	return false
}

// withoutSizes are resources whose CPU and memory are as before.
func withoutSizes(now, before *corev1.ResourceRequirements) *corev1.ResourceRequirements {
	keep := func(now, before corev1.ResourceList) corev1.ResourceList {
		kept := corev1.ResourceList{}
		for name, size := range now {
			if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
				kept[name] = size
			}
		}
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			if size, exists := before[name]; exists {
				kept[name] = size
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	}
	return &corev1.ResourceRequirements{Limits: keep(now.Limits, before.Limits), Requests: keep(now.Requests, before.Requests)}
}
