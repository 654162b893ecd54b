package api

import (
	"fmt"
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
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
func checkMoreChoosy(affinity, old *corev1.NodeAffinity, at *field.Path) (errs field.ErrorList) {
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

func checkImages(containers, old []corev1.Container, at *field.Path) (errs field.ErrorList, countChanged bool) {
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
	before := old.Status.QOSClass
	if before == "" {
		before = qualityOfService(old)
	}
	if qualityOfService(pod) != before {
		errs = append(errs, field.Invalid(specPath, pod.Status.QOSClass, "Pod QOS Class may not change as a result of resizing"))
	}
	if len(pod.Spec.Containers) != len(old.Spec.Containers) || len(pod.Spec.InitContainers) != len(old.Spec.InitContainers) {
		return append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
	}
	rest := pod.Spec.DeepCopy()
	for i := range rest.Containers {
		rest.Containers[i].Resources, rest.Containers[i].ResizePolicy = old.Spec.Containers[i].Resources, old.Spec.Containers[i].ResizePolicy
	}
	for i := range rest.InitContainers {
		rest.InitContainers[i].Resources, rest.InitContainers[i].ResizePolicy = old.Spec.InitContainers[i].Resources, old.Spec.InitContainers[i].ResizePolicy
	}
	rest.Resources = old.Spec.Resources
	if !sameMeaning(*rest, old.Spec) {
		errs = append(errs, field.Forbidden(specPath, "only cpu and memory resources are mutable"))
	}
	return errs
}
