package api

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	utilnet "k8s.io/utils/net"

	"github.com/stsim/stsim/sim/api/field"
)

// validatePodStatusUpdate checks what the kubelet writes, upstream's ValidatePodStatusUpdate.
func validatePodStatusUpdate(pod, old *corev1.Pod) field.ErrorList {
	errs := validateMetaUpdate(&pod.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, checkMirrorAnnotation(pod, old)...)
	path, status, before := field.NewPath("status"), &pod.Status, &old.Status
	for i := range status.Conditions {
		errs = append(errs, validatePodCondition(&status.Conditions[i], path, i)...)
	}
	if pod.Spec.NodeName != old.Spec.NodeName {
		errs = append(errs, field.Forbidden(path.Child("nodeName"), "may not be changed directly"))
	}
	if node := status.NominatedNodeName; node != "" && node != before.NominatedNodeName {
		errs = append(errs, invalids(path.Child("nominatedNodeName"), node, nameIsSubdomain(node, false))...)
		if old.Spec.NodeName != "" {
			errs = append(errs, field.Forbidden(path.Child("nominatedNodeName"), "may not be set on pods that are already bound to a node"))
		}
	}
	if status.ObservedGeneration < 0 {
		errs = append(errs, field.Invalid(path.Child("observedGeneration"), status.ObservedGeneration, notNegativeInteger))
	}
	if status.QOSClass != before.QOSClass {
		errs = append(errs, field.Invalid(path.Child("qosClass"), status.QOSClass, immutable))
	}
	if !allMayRestart(&old.Spec) {
		errs = append(errs, checkStayTerminated(status.ContainerStatuses, before.ContainerStatuses, path.Child("containerStatuses"), old.Spec.Containers, &old.Spec)...)
		errs = append(errs, checkStayTerminated(status.InitContainerStatuses, before.InitContainerStatuses, path.Child("initContainerStatuses"), old.Spec.InitContainers, &old.Spec)...)
	}
	errs = append(errs, checkStayTerminated(status.EphemeralContainerStatuses, before.EphemeralContainerStatuses, path.Child("ephemeralContainerStatuses"), nil, &old.Spec)...)
	if !slices.Equal(status.PodIPs, before.PodIPs) || !slices.Equal(status.HostIPs, before.HostIPs) || status.HostIP != before.HostIP {
		errs = append(errs, validateStatusIPs(status, before, path)...)
	}
	errs = append(errs, validateContainerStatuses(pod, status.ContainerStatuses, pod.Spec.Containers, path, "containerStatuses")...)
	errs = append(errs, validateContainerStatuses(pod, status.InitContainerStatuses, pod.Spec.InitContainers, path, "initContainerStatuses")...)
	return append(errs, validateContainerStatuses(pod, status.EphemeralContainerStatuses, nil, path, "ephemeralContainerStatuses")...)
}

const notNegativeInteger = "must be a non-negative integer"

func validatePodCondition(condition *corev1.PodCondition, at field.Path, i int) (errs field.ErrorList) {
	if condition.ObservedGeneration < 0 {
		errs = append(errs, field.Invalid(at.Child("conditions").Index(i).Child("observedGeneration"), condition.ObservedGeneration, notNegativeInteger))
	}
	switch condition.Type {
	case corev1.PodScheduled, corev1.PodReady, corev1.PodInitialized:
		return errs
	}
	if plainWord(string(condition.Type)) {
		return errs
	}
	return append(errs, checkQualifiedName(string(condition.Type), at.Child("conditions").Index(i).Child("Type"))...)
}

// validateContainerStatuses checks what is told of the containers of one kind; ephemeral ones have no resources.
func validateContainerStatuses(pod *corev1.Pod, statuses []corev1.ContainerStatus, containers []corev1.Container, at field.Path, list string) (errs field.ErrorList) {
	for i := range statuses {
		status := &statuses[i]
		if status.User == nil && status.AllocatedResourcesStatus == nil {
			continue // most have neither
		}
		path := at.Child(list).Index(i)
		errs = append(errs, validateUser(status.User, pod.Spec.OS, path.Child("user", "linux"))...)
		path = path.Child("allocatedResourcesStatus")
		if list == "ephemeralContainerStatuses" && status.AllocatedResourcesStatus != nil {
			errs = append(errs, field.Forbidden(path, "must not be specified in container status"))
		} else {
			errs = append(errs, validateAllocated(status, containers, path)...)
		}
	}
	return errs
}

// checkStayTerminated: a container that has ended and may not be restarted does not run again.
func checkStayTerminated(statuses, old []corev1.ContainerStatus, at field.Path, containers []corev1.Container, spec *corev1.PodSpec) (errs field.ErrorList) {
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
func validateStatusIPs(status, old *corev1.PodStatus, at field.Path) (errs field.ErrorList) {
	if status.HostIP == old.HostIP && slices.Equal(status.PodIPs, old.PodIPs) && slices.Equal(status.HostIPs, old.HostIPs) {
		return nil // what is stored has been looked at
	}
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

func checkFamilies(now, before []string, value any, at field.Path) (errs field.ErrorList) {
	for i, address := range now {
		errs = append(errs, checkIP(at.Index(i), address, before)...)
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

// validateUser checks whom a container is told to run as.
func validateUser(user *corev1.ContainerUser, os *corev1.PodOS, at field.Path) (errs field.ErrorList) {
	if user == nil || user.Linux == nil {
		return nil
	}
	if os != nil && os.Name == corev1.Windows {
		return field.ErrorList{field.Forbidden(at, "cannot be set for a windows pod")}
	}
	errs = append(errs, invalids(at.Child("uid"), user.Linux.UID, validation.IsValidUserID(user.Linux.UID))...)
	errs = append(errs, invalids(at.Child("gid"), user.Linux.GID, validation.IsValidGroupID(user.Linux.GID))...)
	for i, group := range user.Linux.SupplementalGroups {
		errs = append(errs, invalids(at.Child("supplementalGroups").Index(i), group, validation.IsValidGroupID(group))...)
	}
	return errs
}

// validateAllocated checks what is told of the health of devices.
func validateAllocated(status *corev1.ContainerStatus, containers []corev1.Container, at field.Path) (errs field.ErrorList) {
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
