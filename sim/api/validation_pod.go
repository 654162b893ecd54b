package api

import (
	"fmt"
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// Upstream: pkg/apis/core/validation/validation.go, with the feature gates of v1.36.

var (
	podRestartPolicies = []corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}
	dnsPolicies        = []corev1.DNSPolicy{corev1.DNSClusterFirstWithHostNet, corev1.DNSClusterFirst, corev1.DNSDefault, corev1.DNSNone}
)

// validatePod checks a new Pod, upstream's ValidatePodCreate.
func validatePod(pod *corev1.Pod) field.ErrorList {
	errs := validatePodBody(pod)
	if len(pod.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(specPath.Child("ephemeralContainers"), "cannot be set on create"))
	}
	if pod.Spec.NodeName != "" && len(pod.Spec.SchedulingGates) > 0 {
		errs = append(errs, field.Forbidden(specPath.Child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
	}
	return errs
}

// validatePodBody checks what must hold for a Pod at any time.
func validatePodBody(pod *corev1.Pod) field.ErrorList {
	errs := validateMeta(&pod.ObjectMeta, true, nameIsSubdomain)
	errs = append(errs, validatePodAnnotations(pod.Annotations, &pod.Spec, metaPath.Child("annotations"))...)
	errs = append(errs, validatePodSpec(&pod.Spec, &pod.ObjectMeta, specPath)...)
	if pod.Spec.ServiceAccountName == "" {
		for i := range pod.Spec.Volumes {
			projected := pod.Spec.Volumes[i].Projected
			for j := 0; projected != nil && j < len(projected.Sources); j++ {
				if projected.Sources[j].ServiceAccountToken != nil {
					errs = append(errs, field.Forbidden(specPath.Child("volumes").Index(i).Child("projected", "sources").Index(j).Child("serviceAccountToken"),
						"must not be specified when serviceAccountName is not set"))
				}
			}
		}
	}
	for i := range pod.Spec.Containers {
		errs = append(errs, checkImageSpaces(&pod.Spec.Containers[i], specPath.Child("containers").Index(i))...)
	}
	for i := range pod.Spec.InitContainers {
		errs = append(errs, checkImageSpaces(&pod.Spec.InitContainers[i], specPath.Child("initContainers").Index(i))...)
	}
	return errs
}

func validatePodAnnotations(annotations map[string]string, spec *corev1.PodSpec, at field.Path) (errs field.ErrorList) {
	if value, mirror := annotations[corev1.MirrorPodAnnotationKey]; mirror && spec.NodeName == "" {
		errs = append(errs, field.Invalid(at.Key(corev1.MirrorPodAnnotationKey), value, "must set spec.nodeName if mirror pod annotation is set"))
	}
	return append(errs, checkDeletionCost(annotations, at)...)
}

// validatePodTemplate checks the template of a workload.
func validatePodTemplate(template *corev1.PodTemplateSpec, at field.Path) field.ErrorList {
	errs := checkLabels(template.Labels, at, "labels")
	errs = append(errs, checkAnnotations(template.Annotations, at)...)
	errs = append(errs, validatePodAnnotations(template.Annotations, &template.Spec, at.Child("annotations"))...)
	errs = append(errs, validatePodSpec(&template.Spec, nil, at.Child("spec"))...)
	if len(template.Spec.EphemeralContainers) > 0 {
		errs = append(errs, field.Forbidden(at.Child("spec", "ephemeralContainers"), "ephemeral containers not allowed in pod template"))
	}
	return errs
}

// validateTemplateMeta checks the metadata of a template that may have labels and annotations only.
func validateTemplateMeta(meta *metav1.ObjectMeta, at field.Path) field.ErrorList {
	errs := checkAnnotations(meta.Annotations, at)
	errs = append(errs, checkLabels(meta.Labels, at, "labels")...)
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"name", meta.Name != ""}, {"generateName", meta.GenerateName != ""}, {"namespace", meta.Namespace != ""},
		{"uID", meta.UID != ""}, {"ownerReferences", len(meta.OwnerReferences) > 0}, {"finalizers", len(meta.Finalizers) > 0},
		{"selfLink", meta.SelfLink != ""}, {"resourceVersion", meta.ResourceVersion != ""}, {"generation", meta.Generation != 0},
		{"creationTimestamp", !meta.CreationTimestamp.IsZero()}, {"deletionTimestamp", meta.DeletionTimestamp != nil},
		{"deletionGracePeriodSeconds", meta.DeletionGracePeriodSeconds != nil}, {"managedFields", len(meta.ManagedFields) > 0},
	} {
		if one.set {
			errs = append(errs, field.Forbidden(at.Child(one.name), "cannot be set"))
		}
	}
	return errs
}

// validatePodSpec checks a Pod's spec; meta is nil for a template.
func validatePodSpec(spec *corev1.PodSpec, meta *metav1.ObjectMeta, at field.Path) (errs field.ErrorList) {
	if spec.TerminationGracePeriodSeconds == nil {
		errs = append(errs, field.Required(at.Child("terminationGracePeriodSeconds"), ""))
	}
	volumes, problems := validateVolumes(spec.Volumes, meta, at.Child("volumes"))
	errs = append(errs, problems...)
	errs = append(errs, validateContainers(spec, volumes, at.Child("containers"))...)
	errs = append(errs, validateInitContainers(spec, volumes, at.Child("initContainers"))...)
	errs = append(errs, validateEphemeralContainers(spec, volumes, at.Child("ephemeralContainers"))...)
	errs = append(errs, checkFileVolumes(spec, at)...)
	errs = append(errs, validatePodResources(spec, at)...)
	errs = append(errs, checkHostNetworkPorts(spec, meta != nil, at.Child("containers"))...)
	errs = append(errs, checkOneOf(spec.RestartPolicy, at.Child("restartPolicy"), podRestartPolicies...)...)
	errs = append(errs, checkOneOf(spec.DNSPolicy, at.Child("dnsPolicy"), dnsPolicies...)...)
	if len(spec.NodeSelector) > 0 {
		errs = append(errs, checkLabels(spec.NodeSelector, at, "nodeSelector")...)
	}
	errs = append(errs, validatePodSecurity(spec, at)...)
	errs = append(errs, validateAffinity(spec.Affinity, at.Child("affinity"))...)
	errs = append(errs, validateDNSConfig(spec, at.Child("dnsConfig"))...)
	for i, gate := range spec.ReadinessGates {
		errs = append(errs, checkQualifiedName(string(gate.ConditionType), at.Child("readinessGates").Index(i).Child("conditionType"))...)
	}
	for i, gate := range spec.SchedulingGates {
		path := at.Child("schedulingGates").Index(i)
		errs = append(errs, checkQualifiedName(gate.Name, path)...)
		for j := range i {
			if spec.SchedulingGates[j].Name == gate.Name {
				errs = append(errs, field.Duplicate(path, gate.Name))
				break
			}
		}
	}
	errs = append(errs, validateSpread(spec.TopologySpreadConstraints, at.Child("topologySpreadConstraints"))...)
	errs = append(errs, validatePodNames(spec, at)...)
	errs = append(errs, validateTolerations(spec.Tolerations, at.Child("tolerations"))...)
	for i, alias := range spec.HostAliases {
		path := at.Child("hostAliases").Index(i)
		errs = append(errs, validation.IsValidIP(path.Child("ip").Upstream(), alias.IP)...)
		for j, name := range alias.Hostnames {
			errs = append(errs, checkSubdomain(name, path.Child("hostnames").Index(j))...)
		}
	}
	return append(errs, validatePodClasses(spec, at)...)
}

func validatePodSecurity(spec *corev1.PodSpec, at field.Path) field.ErrorList {
	errs := validatePodSecurityContext(spec.SecurityContext, spec.HostPID, spec.ShareProcessNamespace, at.Child("securityContext"))
	if spec.HostUsers != nil && !*spec.HostUsers {
		if spec.HostNetwork {
			errs = append(errs, field.Forbidden(at.Child("hostNetwork"), "when `hostUsers` is false"))
		}
		if spec.HostPID {
			errs = append(errs, field.Forbidden(at.Child("HostPID"), "when `hostUsers` is false"))
		}
		if spec.HostIPC {
			errs = append(errs, field.Forbidden(at.Child("HostIPC"), "when `hostUsers` is false"))
		}
		eachContainer(spec, func(container *corev1.Container, list string, i int) {
			if len(container.VolumeDevices) > 0 {
				errs = append(errs, field.Forbidden(at.Child(list).Index(i).Child("volumeDevices"), "when `hostUsers` is false"))
			}
		})
	}
	return errs
}

// eachContainer visits the containers of all kinds: field and i say where each is.
func eachContainer(spec *corev1.PodSpec, visit func(container *corev1.Container, field string, i int)) {
	for i := range spec.InitContainers {
		visit(&spec.InitContainers[i], "initContainers", i)
	}
	for i := range spec.Containers {
		visit(&spec.Containers[i], "containers", i)
	}
	for i := range spec.EphemeralContainers {
		visit((*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon), "ephemeralContainers", i)
	}
}

// validatePodNames checks what the Pod is called and what it is bound to.
func validatePodNames(spec *corev1.PodSpec, at field.Path) (errs field.ErrorList) {
	if name := spec.HostnameOverride; name != nil {
		path := at.Child("hostnameOverride")
		if spec.SetHostnameAsFQDN != nil && *spec.SetHostnameAsFQDN {
			errs = append(errs, field.Forbidden(path, "may not be specified when setHostnameAsFQDN is true"))
		}
		if spec.HostNetwork {
			errs = append(errs, field.Forbidden(path, "may not be specified when hostNetwork is true"))
		}
		if most := 64; len(*name) > most {
			errs = append(errs, field.TooLong(path, "", most))
		}
		errs = append(errs, checkSubdomain(*name, path)...)
	}
	if spec.ServiceAccountName != "" {
		errs = append(errs, checkObjectName(spec.ServiceAccountName, at, "serviceAccountName")...)
	}
	if spec.NodeName != "" {
		errs = append(errs, checkObjectName(spec.NodeName, at, "nodeName")...)
	}
	if seconds := spec.ActiveDeadlineSeconds; seconds != nil && (*seconds < 1 || *seconds > math.MaxInt32) {
		errs = append(errs, field.Invalid(at.Child("activeDeadlineSeconds"), *seconds, validation.InclusiveRangeError(1, math.MaxInt32)))
	}
	if spec.Hostname != "" {
		errs = append(errs, checkLabel(spec.Hostname, at.Child("hostname"))...)
	}
	if spec.Subdomain != "" {
		errs = append(errs, checkLabel(spec.Subdomain, at.Child("subdomain"))...)
	}
	return errs
}

func validatePodClasses(spec *corev1.PodSpec, at field.Path) (errs field.ErrorList) {
	if spec.PriorityClassName != "" {
		errs = append(errs, invalids(at.Child("priorityClassName"), spec.PriorityClassName, nameIsSubdomain(spec.PriorityClassName, false))...)
	}
	if class := spec.RuntimeClassName; class != nil {
		errs = append(errs, invalids(at.Child("runtimeClassName"), *class, nameIsSubdomain(*class, false))...)
	}
	if policy := spec.PreemptionPolicy; policy != nil {
		errs = append(errs, checkOneOf(*policy, at.Child("preemptionPolicy"), corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	if len(spec.Overhead) > 0 {
		errs = append(errs, validateResources(&corev1.ResourceRequirements{Limits: spec.Overhead}, nil, at.Child("overhead"), false)...)
	}
	if spec.OS != nil {
		path := at.Child("os")
		if errs = append(errs, required(string(spec.OS.Name), path.Child("name"))...); spec.OS.Name != "" {
			errs = append(errs, checkAmong(spec.OS.Name, path, corev1.Linux, corev1.Windows)...)
		}
	}
	return errs
}

func checkHostNetworkPorts(spec *corev1.PodSpec, isPod bool, at field.Path) (errs field.ErrorList) {
	if !spec.HostNetwork {
		return nil
	}
	for i := range spec.Containers {
		for j, port := range spec.Containers[i].Ports {
			if (isPod || port.HostPort != 0) && port.HostPort != port.ContainerPort {
				errs = append(errs, field.Invalid(at.Index(i).Child("ports").Index(j).Child("hostPort"), port.HostPort, "must match `containerPort` when `hostNetwork` is true"))
			}
		}
	}
	return errs
}

func validateDNSConfig(spec *corev1.PodSpec, at field.Path) (errs field.ErrorList) {
	config := spec.DNSConfig
	if spec.DNSPolicy == corev1.DNSNone {
		if config == nil {
			return field.ErrorList{field.Required(at, "must provide `dnsConfig` when `dnsPolicy` is None")}
		}
		if len(config.Nameservers) == 0 {
			return field.ErrorList{field.Required(at.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None")}
		}
	}
	if config == nil {
		return nil
	}
	const nameservers, searches, characters = 3, 32, 2048
	if len(config.Nameservers) > nameservers {
		errs = append(errs, field.Invalid(at.Child("nameservers"), config.Nameservers, fmt.Sprintf("must not have more than %v nameservers", nameservers)))
	}
	for i, address := range config.Nameservers {
		errs = append(errs, validation.IsValidIP(at.Child("nameservers").Index(i).Upstream(), address)...)
	}
	path := at.Child("searches")
	if len(config.Searches) > searches {
		errs = append(errs, field.Invalid(path, config.Searches, fmt.Sprintf("must not have more than %v search paths", searches)))
	}
	if len(strings.Join(config.Searches, " ")) > characters {
		errs = append(errs, field.Invalid(path, config.Searches, fmt.Sprintf("must not have more than %v characters (including spaces) in the search list", characters)))
	}
	for i, search := range config.Searches {
		if search != "." {
			name := strings.TrimSuffix(search, ".")
			errs = append(errs, invalids(path.Index(i), name, validation.IsDNS1123SubdomainWithUnderscore(name))...)
		}
	}
	for i, option := range config.Options {
		if option.Name == "" {
			errs = append(errs, field.Required(at.Child("options").Index(i), "must not be empty"))
		}
	}
	return errs
}
