package api

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilnet "k8s.io/utils/net"
)

// validatePodStatusUpdate checks what the kubelet writes, upstream's ValidatePodStatusUpdate.
func validatePodStatusUpdate(pod, old *corev1.Pod) field.ErrorList {
	errs := validateMetaUpdate(&pod.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, checkMirrorAnnotation(pod, old)...)
	path := field.NewPath("status")
	for i, condition := range pod.Status.Conditions {
		path := path.Child("conditions").Index(i)
		errs = append(errs, checkGeneration(condition.ObservedGeneration, path)...)
		switch condition.Type {
		case corev1.PodScheduled, corev1.PodReady, corev1.PodInitialized:
		default:
			errs = append(errs, checkQualifiedName(string(condition.Type), path.Child("Type"))...)
		}
	}
	if pod.Spec.NodeName != old.Spec.NodeName {
		errs = append(errs, field.Forbidden(path.Child("nodeName"), "may not be changed directly"))
	}
	if node := pod.Status.NominatedNodeName; node != "" && node != old.Status.NominatedNodeName {
		errs = append(errs, invalids(path.Child("nominatedNodeName"), node, nameIsSubdomain(node, false))...)
		if old.Spec.NodeName != "" {
			errs = append(errs, field.Forbidden(path.Child("nominatedNodeName"), "may not be set on pods that are already bound to a node"))
		}
	}
	errs = append(errs, checkGeneration(pod.Status.ObservedGeneration, path)...)
	errs = append(errs, checkImmutable(pod.Status.QOSClass, old.Status.QOSClass, path.Child("qosClass"))...)
	if !allMayRestart(&old.Spec) {
		errs = append(errs, checkStayTerminated(pod.Status.ContainerStatuses, old.Status.ContainerStatuses, path.Child("containerStatuses"), old.Spec.Containers, &old.Spec)...)
		errs = append(errs, checkStayTerminated(pod.Status.InitContainerStatuses, old.Status.InitContainerStatuses, path.Child("initContainerStatuses"), old.Spec.InitContainers, &old.Spec)...)
	}
	errs = append(errs, checkStayTerminated(pod.Status.EphemeralContainerStatuses, old.Status.EphemeralContainerStatuses, path.Child("ephemeralContainerStatuses"), nil, &old.Spec)...)
	errs = append(errs, validateStatusIPs(&pod.Status, &old.Status, path)...)
	for _, one := range []struct {
		name       string
		statuses   []corev1.ContainerStatus
		containers []corev1.Container
	}{{"containerStatuses", pod.Status.ContainerStatuses, pod.Spec.Containers}, {"initContainerStatuses", pod.Status.InitContainerStatuses, pod.Spec.InitContainers}} {
		for i := range one.statuses {
			errs = append(errs, validateAllocated(&one.statuses[i], one.containers, path.Child(one.name).Index(i).Child("allocatedResourcesStatus"))...)
		}
	}
	for i := range pod.Status.EphemeralContainerStatuses {
		if pod.Status.EphemeralContainerStatuses[i].AllocatedResourcesStatus != nil {
			errs = append(errs, field.Forbidden(path.Child("ephemeralContainerStatuses").Index(i).Child("allocatedResourcesStatus"), "must not be specified in container status"))
		}
	}
	return errs
}

func checkGeneration(generation int64, at *field.Path) field.ErrorList {
	if generation >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at.Child("observedGeneration"), generation, "must be a non-negative integer")}
}

// checkStayTerminated: a container that has ended and may not be restarted does not run again.
func checkStayTerminated(statuses, old []corev1.ContainerStatus, at *field.Path, containers []corev1.Container, spec *corev1.PodSpec) (errs field.ErrorList) {
	for i, before := range old {
		if before.State.Terminated == nil {
			continue
		}
		for _, now := range statuses {
			if now.Name != before.Name || now.State.Terminated != nil {
				continue
			}
			if at := slices.IndexFunc(containers, func(container corev1.Container) bool { return container.Name == now.Name }); at >= 0 &&
				mayRestart(&containers[at], spec, before.State.Terminated.ExitCode) {
				break
			}
			errs = append(errs, field.Forbidden(at.Index(i).Child("state"), "may not be transitioned to non-terminated state"))
			if containers != nil {
				break
			}
		}
	}
	return errs
}

// allMayRestart says whether some container's end may restart all of them.
func allMayRestart(spec *corev1.PodSpec) bool {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			for _, rule := range containers[i].RestartPolicyRules {
				if rule.Action == corev1.ContainerRestartRuleActionRestartAllContainers {
					return true
				}
			}
		}
	}
	return false
}

// mayRestart is upstream's ContainerShouldRestart (pkg/api/v1/pod/util.go).
func mayRestart(container *corev1.Container, spec *corev1.PodSpec, exitCode int32) bool {
	policy := string(spec.RestartPolicy)
	if container.RestartPolicy != nil {
		for _, rule := range container.RestartPolicyRules {
			if rule.ExitCodes != nil && slices.Contains(rule.ExitCodes.Values, exitCode) == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn) {
				if rule.Action == corev1.ContainerRestartRuleActionRestart {
					return true
				}
				break
			}
		}
		policy = string(*container.RestartPolicy)
	}
	return policy != string(corev1.RestartPolicyNever) && (policy != string(corev1.RestartPolicyOnFailure) || exitCode != 0)
}

// validateStatusIPs checks the addresses of the Pod and its node: those that were there already may stay as they are.
func validateStatusIPs(status, old *corev1.PodStatus, at *field.Path) (errs field.ErrorList) {
	var now, before []string
	for _, one := range status.PodIPs {
		now = append(now, one.IP)
	}
	for _, one := range old.PodIPs {
		before = append(before, one.IP)
	}
	errs = checkFamilies(now, before, status.PodIPs, at.Child("podIPs"))
	if len(status.HostIPs) == 0 {
		return errs
	}
	if first := status.HostIPs[0].IP; first != status.HostIP {
		errs = append(errs, field.Invalid(at.Child("hostIPs").Index(0).Child("ip"), first, "must be equal to `hostIP`"))
	}
	now, before = nil, nil
	for _, one := range status.HostIPs {
		now = append(now, one.IP)
	}
	for _, one := range old.HostIPs {
		before = append(before, one.IP)
	}
	return append(errs, checkFamilies(now, before, status.HostIPs, at.Child("hostIPs"))...)
}

func checkFamilies(now, before []string, value any, at *field.Path) (errs field.ErrorList) {
	for i, address := range now {
		errs = append(errs, validation.IsValidIPForLegacyField(at.Index(i), address, true, before)...)
	}
	if len(now) < 2 {
		return errs
	}
	both, err := utilnet.IsDualStackIPStrings(now)
	if err != nil {
		errs = append(errs, field.InternalError(at, fmt.Errorf("failed to check for dual stack with error:%w", err)))
	}
	if !both || len(now) > 2 {
		errs = append(errs, field.Invalid(at, internal{value}, "may specify no more than one IP for each IP family"))
	}
	return errs
}

// validateAllocated checks what is told of the health of devices.
func validateAllocated(status *corev1.ContainerStatus, containers []corev1.Container, at *field.Path) (errs field.ErrorList) {
	for i, allocated := range status.AllocatedResourcesStatus {
		for _, container := range containers {
			if container.Name != status.Name {
				continue
			}
			if _, asked := container.Resources.Requests[allocated.Name]; !asked {
				errs = append(errs, field.Invalid(at.Index(i).Child("name"), allocated.Name, "must match one of the container's resource requests"))
			}
			break
		}
		for j, device := range allocated.Resources {
			errs = append(errs, checkAmong(device.Health, at.Index(i).Child("resources").Index(j).Child("health"),
				corev1.ResourceHealthStatusHealthy, corev1.ResourceHealthStatusUnhealthy, corev1.ResourceHealthStatusUnknown)...)
		}
	}
	return errs
}
