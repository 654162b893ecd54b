package api

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// defaultPod is upstream's SetObjectDefaults_Pod (pkg/apis/core/v1/defaults.go): what a Pod gets beyond what
// a Pod template gets comes first.
func defaultPod(pod *corev1.Pod) {
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			defaultRequestsToLimits(&containers[i].Resources)
		}
	}
	defaultPodResources(&pod.Spec)
	if pod.Spec.EnableServiceLinks == nil {
		pod.Spec.EnableServiceLinks = ptr.To(corev1.DefaultEnableServiceLinks)
	}
	if pod.Spec.HostNetwork {
		defaultHostPorts(pod.Spec.Containers)
		defaultHostPorts(pod.Spec.InitContainers)
	}
	defaultPodSpec(&pod.Spec)
}

func defaultRequestsToLimits(resources *corev1.ResourceRequirements) {
	if resources.Limits == nil {
		return
	}
	if resources.Requests == nil {
		resources.Requests = make(corev1.ResourceList, len(resources.Limits))
	}
	for name, limit := range resources.Limits {
		if _, exists := resources.Requests[name]; !exists {
			resources.Requests[name] = limit.DeepCopy()
		}
	}
}

// With host networking every container port is a host port.
func defaultHostPorts(containers []corev1.Container) {
	for i := range containers {
		for j := range containers[i].Ports {
			if port := &containers[i].Ports[j]; port.HostPort == 0 {
				port.HostPort = port.ContainerPort
			}
		}
	}
}

// defaultPodSpec fills in what Pods and Pod templates have in common.
func defaultPodSpec(spec *corev1.PodSpec) {
	if spec.DNSPolicy == "" {
		spec.DNSPolicy = corev1.DNSClusterFirst
	}
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	if spec.SecurityContext == nil {
		spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	if spec.TerminationGracePeriodSeconds == nil {
		spec.TerminationGracePeriodSeconds = ptr.To[int64](corev1.DefaultTerminationGracePeriodSeconds)
	}
	if spec.SchedulerName == "" {
		spec.SchedulerName = corev1.DefaultSchedulerName
	}
	// The deprecated alias is kept equal, as upstream's conversion to v1 does.
	if spec.ServiceAccountName == "" {
		spec.ServiceAccountName = spec.DeprecatedServiceAccount
	}
	spec.DeprecatedServiceAccount = spec.ServiceAccountName

	for i := range spec.Volumes {
		defaultVolume(&spec.Volumes[i].VolumeSource)
	}
	for i := range spec.InitContainers {
		defaultContainer(&spec.InitContainers[i])
	}
	for i := range spec.Containers {
		defaultContainer(&spec.Containers[i])
	}
	for i := range spec.EphemeralContainers {
		defaultContainer((*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon))
	}
	roundResources(spec.Overhead)
	if spec.Resources != nil {
		roundResources(spec.Resources.Limits)
		roundResources(spec.Resources.Requests)
	}
}

func defaultContainer(container *corev1.Container) {
	if container.ImagePullPolicy == "" {
		container.ImagePullPolicy = pullPolicyFor(container.Image)
	}
	if container.TerminationMessagePath == "" {
		container.TerminationMessagePath = corev1.TerminationMessagePathDefault
	}
	if container.TerminationMessagePolicy == "" {
		container.TerminationMessagePolicy = corev1.TerminationMessageReadFile
	}
	for i := range container.Ports {
		if container.Ports[i].Protocol == "" {
			container.Ports[i].Protocol = corev1.ProtocolTCP
		}
	}
	for i := range container.Env {
		if from := container.Env[i].ValueFrom; from != nil {
			defaultFieldRef(from.FieldRef)
			if from.FileKeyRef != nil && from.FileKeyRef.Optional == nil {
				from.FileKeyRef.Optional = ptr.To(false)
			}
		}
	}
	roundResources(container.Resources.Limits)
	roundResources(container.Resources.Requests)
	defaultProbe(container.LivenessProbe)
	defaultProbe(container.ReadinessProbe)
	defaultProbe(container.StartupProbe)
	if hooks := container.Lifecycle; hooks != nil {
		for _, handler := range []*corev1.LifecycleHandler{hooks.PostStart, hooks.PreStop} {
			if handler != nil {
				defaultHTTPGet(handler.HTTPGet)
			}
		}
	}
}

func defaultProbe(probe *corev1.Probe) {
	if probe == nil {
		return
	}
	if probe.TimeoutSeconds == 0 {
		probe.TimeoutSeconds = 1
	}
	if probe.PeriodSeconds == 0 {
		probe.PeriodSeconds = 10
	}
	if probe.SuccessThreshold == 0 {
		probe.SuccessThreshold = 1
	}
	if probe.FailureThreshold == 0 {
		probe.FailureThreshold = 3
	}
	defaultHTTPGet(probe.HTTPGet)
	if probe.GRPC != nil && probe.GRPC.Service == nil {
		probe.GRPC.Service = ptr.To("")
	}
}

func defaultHTTPGet(action *corev1.HTTPGetAction) {
	if action == nil {
		return
	}
	if action.Path == "" {
		action.Path = "/"
	}
	if action.Scheme == "" {
		action.Scheme = corev1.URISchemeHTTP
	}
}

func defaultFieldRef(ref *corev1.ObjectFieldSelector) {
	if ref != nil && ref.APIVersion == "" {
		ref.APIVersion = "v1"
	}
}

// pullPolicyFor is Always for an image without a tag or with the tag latest, else IfNotPresent. A name that
// no registry would accept has no tag, hence IfNotPresent, as upstream has it.
func pullPolicyFor(image string) corev1.PullPolicy {
	if imageTag(image) == "latest" {
		return corev1.PullAlways
	}
	return corev1.PullIfNotPresent
}

// imageTag is the tag of an image reference: "latest" when there is neither tag nor digest, empty when there
// is only a digest or the name is malformed.
func imageTag(image string) string {
	name, digest, _ := strings.Cut(image, "@")
	tag := ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
		if tag == "" {
			return ""
		}
	}
	host, path, found := strings.Cut(name, "/")
	if !found || !strings.ContainsAny(host, ".:") && host != "localhost" && host == strings.ToLower(host) {
		path = name
	}
	const longest = 255
	if path == name && !strings.Contains(path, "/") {
		path = "library/" + path // where images without a repository are
		if hexadecimal(name) {
			return "" // an image's identifier
		}
	}
	if len(path) > longest {
		return ""
	}
	for part := range strings.SplitSeq(path, "/") {
		if !validImagePart(part) {
			return ""
		}
	}
	if tag == "" && digest == "" {
		return "latest"
	}
	return tag
}

// hexadecimal says whether a name is what a digest of 256 bits looks like.
func hexadecimal(name string) bool {
	return len(name) == 64 && !strings.ContainsFunc(name, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// validImagePart: lower case letters and digits, and between them a dot, one or two underscores, or dashes
// (upstream: github.com/distribution/reference).
func validImagePart(part string) bool {
	word := func(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
	if part == "" || !word(part[0]) || !word(part[len(part)-1]) {
		return false
	}
	for i := 0; i < len(part); {
		start := i
		for i < len(part) && !word(part[i]) {
			i++
		}
		switch between := part[start:i]; {
		case between == "", between == ".", between == "_", between == "__", strings.Trim(between, "-") == "":
		default:
			return false
		}
		i++
	}
	return true
}

// roundResources rounds up to a thousandth, the finest step that the API keeps. A list that needs no rounding is not touched: it may be shared with
// objects that are stored.
func roundResources(list corev1.ResourceList) {
	const milliScale = -3
	// In any order: each is rounded by itself.
	for name, quantity := range list {
		if exact := quantity.RoundUp(milliScale); !exact {
			list[name] = quantity
		}
	}
}
