package api

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

var (
	pullPolicies    = []corev1.PullPolicy{corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever}
	portProtocols   = []corev1.Protocol{corev1.ProtocolSCTP, corev1.ProtocolTCP, corev1.ProtocolUDP}
	messagePolicies = []corev1.TerminationMessagePolicy{corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError}
	restartPolicies = []corev1.ContainerRestartPolicy{
		corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever, corev1.ContainerRestartPolicyOnFailure,
	}
)

// validateContainers checks the containers of a Pod that run for its whole life.
func validateContainers(spec *corev1.PodSpec, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	if len(spec.Containers) == 0 {
		return field.ErrorList{field.Required(at, "")}
	}
	for i := range spec.Containers {
		container, path := &spec.Containers[i], at.Index(i)
		errs = append(errs, validateContainer(container, spec, volumes, path)...)
		if containerNamed(spec.Containers[:i], container.Name) {
			errs = append(errs, field.Duplicate(path.Child("name"), container.Name))
		}
		if container.Lifecycle != nil {
			errs = append(errs, validateLifecycle(container.Lifecycle, spec.TerminationGracePeriodSeconds, spec.OS, path.Child("lifecycle"))...)
		}
		errs = append(errs, validateProbes(container, spec.TerminationGracePeriodSeconds, path)...)
		errs = append(errs, validateContainerRestart(container, path)...)
	}
	return append(errs, checkHostPorts(spec.Containers, at)...)
}

func validateInitContainers(spec *corev1.PodSpec, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	for i := range spec.InitContainers {
		container, path := &spec.InitContainers[i], at.Index(i)
		errs = append(errs, validateContainer(container, spec, volumes, path)...)
		if container.RestartPolicy != nil {
			errs = append(errs, validateContainerRestart(container, path)...)
		} else if len(container.RestartPolicyRules) > 0 {
			errs = append(errs, field.Required(path.Child("restartPolicy"), "must specify restartPolicy when restart rules are used"))
		}
		if containerNamed(spec.Containers, container.Name) || container.Name != "" && containerNamed(spec.InitContainers[:i], container.Name) {
			errs = append(errs, field.Duplicate(path.Child("name"), container.Name))
		}
		errs = append(errs, checkHostPorts(spec.InitContainers[i:i+1], at)...)
		if isSidecar(container) {
			if container.Lifecycle != nil {
				errs = append(errs, validateLifecycle(container.Lifecycle, spec.TerminationGracePeriodSeconds, spec.OS, path.Child("lifecycle"))...)
			}
			errs = append(errs, validateProbes(container, spec.TerminationGracePeriodSeconds, path)...)
			continue
		}
		const sidecarsOnly = "may not be set for init containers without restartPolicy=Always"
		for _, one := range []struct {
			name string
			set  bool
		}{
			{"lifecycle", container.Lifecycle != nil}, {"livenessProbe", container.LivenessProbe != nil},
			{"readinessProbe", container.ReadinessProbe != nil}, {"startupProbe", container.StartupProbe != nil},
		} {
			if one.set {
				errs = append(errs, field.Forbidden(path.Child(one.name), sidecarsOnly))
			}
		}
		for j, policy := range container.ResizePolicy {
			if policy.RestartPolicy == corev1.RestartContainer {
				errs = append(errs, field.Invalid(path.Child("resizePolicy").Index(j).Child("restartPolicy"), policy.RestartPolicy,
					"must not be set to 'RestartContainer' for non-sidecar initContainers"))
			}
		}
	}
	return errs
}

func validateEphemeralContainers(spec *corev1.PodSpec, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	for i := range spec.EphemeralContainers {
		path := at.Index(i)
		container := (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon)
		errs = append(errs, validateContainer(container, spec, volumes, path)...)
		errs = append(errs, checkImageSpaces(container, path)...)
		taken := containerNamed(spec.Containers, container.Name) || containerNamed(spec.InitContainers, container.Name)
		for j := range i {
			taken = taken || spec.EphemeralContainers[j].Name == container.Name
		}
		if taken {
			errs = append(errs, field.Duplicate(path.Child("name"), container.Name))
		}
		target := spec.EphemeralContainers[i].TargetContainerName
		if target != "" && !containerNamed(spec.Containers, target) && !containerNamed(spec.InitContainers, target) {
			errs = append(errs, field.NotFound(path.Child("targetContainerName"), target))
		}
		const notEphemeral = "cannot be set for an Ephemeral Container"
		for _, one := range []struct {
			name string
			set  bool
		}{
			{"ports", len(container.Ports) > 0},
			{"resources", len(container.Resources.Limits)+len(container.Resources.Requests)+len(container.Resources.Claims) > 0},
			{"livenessProbe", container.LivenessProbe != nil}, {"readinessProbe", container.ReadinessProbe != nil},
			{"startupProbe", container.StartupProbe != nil}, {"lifecycle", container.Lifecycle != nil},
			{"resizePolicy", container.ResizePolicy != nil}, {"restartPolicy", container.RestartPolicy != nil},
			{"restartPolicyRules", container.RestartPolicyRules != nil},
		} {
			if one.set {
				errs = append(errs, field.Forbidden(path.Child(one.name), notEphemeral))
			}
		}
		for j := range container.VolumeMounts {
			if container.VolumeMounts[j].SubPath != "" {
				errs = append(errs, field.Forbidden(path.Child("volumeMounts").Index(j).Child("subPath"), notEphemeral))
			}
			if container.VolumeMounts[j].SubPathExpr != "" {
				errs = append(errs, field.Forbidden(path.Child("volumeMounts").Index(j).Child("subPathExpr"), notEphemeral))
			}
		}
	}
	return errs
}

func containerNamed(containers []corev1.Container, name string) bool {
	for i := range containers {
		if containers[i].Name == name {
			return true
		}
	}
	return false
}

// validateContainer checks what is the same for containers of every kind.
func validateContainer(container *corev1.Container, spec *corev1.PodSpec, volumes volumeNames, at field.Path) (errs field.ErrorList) {
	if container.Name == "" {
		errs = append(errs, field.Required(at.Child("name"), ""))
	} else {
		errs = append(errs, checkLabel(container.Name, at.Child("name"))...)
	}
	if container.Image == "" {
		errs = append(errs, field.Required(at.Child("image"), ""))
	}
	errs = append(errs, checkOneOf(container.TerminationMessagePolicy, at.Child("terminationMessagePolicy"), messagePolicies...)...)
	errs = append(errs, validateContainerPorts(container.Ports, at.Child("ports"))...)
	errs = append(errs, validateEnv(container.Env, at.Child("env"))...)
	errs = append(errs, validateEnvFrom(container.EnvFrom, at.Child("envFrom"))...)
	errs = append(errs, validateMounts(container, volumes, at.Child("volumeMounts"))...)
	errs = append(errs, validateDevices(container, volumes, at.Child("volumeDevices"))...)
	errs = append(errs, checkOneOf(container.ImagePullPolicy, at.Child("imagePullPolicy"), pullPolicies...)...)
	errs = append(errs, validateResources(&container.Resources, spec.ResourceClaims, at.Child("resources"), false)...)
	errs = append(errs, validateResizePolicy(container.ResizePolicy, spec.RestartPolicy, at.Child("resizePolicy"))...)
	return append(errs, validateSecurityContext(container.SecurityContext, spec.HostUsers == nil || *spec.HostUsers, at.Child("securityContext"))...)
}

func checkImageSpaces(container *corev1.Container, at field.Path) field.ErrorList {
	if len(container.Image) == len(strings.TrimSpace(container.Image)) {
		return nil
	}
	return field.ErrorList{field.Invalid(at.Child("image"), container.Image, "must not have leading or trailing whitespace")}
}

func validateContainerPorts(ports []corev1.ContainerPort, at field.Path) (errs field.ErrorList) {
	names := make(map[string]bool, len(ports))
	for i := range ports {
		port, path := &ports[i], at.Index(i)
		if port.Name != "" {
			if messages := validation.IsValidPortName(port.Name); len(messages) > 0 {
				errs = append(errs, invalids(path.Child("name"), port.Name, messages)...)
			} else if names[port.Name] {
				errs = append(errs, field.Duplicate(path.Child("name"), port.Name))
			}
			names[port.Name] = true
		}
		if port.ContainerPort == 0 {
			errs = append(errs, field.Required(path.Child("containerPort"), ""))
		} else {
			errs = append(errs, invalids(path.Child("containerPort"), port.ContainerPort, validation.IsValidPortNum(int(port.ContainerPort)))...)
		}
		if port.HostPort != 0 {
			errs = append(errs, invalids(path.Child("hostPort"), port.HostPort, validation.IsValidPortNum(int(port.HostPort)))...)
		}
		errs = append(errs, checkOneOf(port.Protocol, path.Child("protocol"), portProtocols...)...)
	}
	return errs
}

func checkHostPorts(containers []corev1.Container, at field.Path) (errs field.ErrorList) {
	var taken map[string]bool
	for i := range containers {
		for j := range containers[i].Ports {
			port := &containers[i].Ports[j]
			if port.HostPort == 0 {
				continue
			}
			if taken == nil {
				taken = map[string]bool{}
			}
			key := fmt.Sprintf("%s/%s/%d", port.Protocol, port.HostIP, port.HostPort)
			if taken[key] {
				errs = append(errs, field.Duplicate(at.Index(i).Child("ports").Index(j).Child("hostPort"), key))
			}
			taken[key] = true
		}
	}
	return errs
}

func validateResizePolicy(policies []corev1.ContainerResizePolicy, restart corev1.RestartPolicy, at field.Path) (errs field.ErrorList) {
	seen := map[corev1.ResourceName]bool{}
	for i, policy := range policies {
		if seen[policy.ResourceName] {
			errs = append(errs, field.Duplicate(at.Index(i), policy.ResourceName))
		}
		seen[policy.ResourceName] = true
		errs = append(errs, checkOneOf(policy.ResourceName, at, corev1.ResourceCPU, corev1.ResourceMemory)...)
		errs = append(errs, checkOneOf(policy.RestartPolicy, at, corev1.NotRequired, corev1.RestartContainer)...)
		if restart == corev1.RestartPolicyNever && policy.RestartPolicy != corev1.NotRequired {
			errs = append(errs, field.Invalid(at, policy.RestartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"))
		}
	}
	return errs
}

func validateContainerRestart(container *corev1.Container, at field.Path) (errs field.ErrorList) {
	if container.RestartPolicy == nil {
		if len(container.RestartPolicyRules) > 0 {
			errs = append(errs, field.Required(at.Child("restartPolicy"), "must specify restartPolicy when restart rules are used"))
		}
	} else {
		errs = append(errs, checkAmong(*container.RestartPolicy, at.Child("restartPolicy"), restartPolicies...)...)
	}
	if most := 20; len(container.RestartPolicyRules) > most {
		errs = append(errs, field.TooMany(at.Child("restartPolicyRules"), len(container.RestartPolicyRules), most))
	}
	for i, rule := range container.RestartPolicyRules {
		path := at.Child("restartPolicyRules").Index(i)
		errs = append(errs, checkAmong(rule.Action, path.Child("action"), corev1.ContainerRestartRuleActionRestart, corev1.ContainerRestartRuleActionRestartAllContainers)...)
		if rule.ExitCodes == nil {
			errs = append(errs, field.Required(path.Child("exitCodes"), "must be specified"))
			continue
		}
		errs = append(errs, checkAmong(rule.ExitCodes.Operator, path.Child("exitCodes", "operator"),
			corev1.ContainerRestartRuleOnExitCodesOpIn, corev1.ContainerRestartRuleOnExitCodesOpNotIn)...)
		if most := 255; len(rule.ExitCodes.Values) > most {
			errs = append(errs, field.TooMany(path.Child("exitCodes", "values"), len(rule.ExitCodes.Values), most))
		}
	}
	return errs
}
