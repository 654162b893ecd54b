package api

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Upstream's pkg/apis/core/v1/defaults.go.

// defaultService leaves clusterIPs, ipFamilies and ipFamilyPolicy to whoever hands out addresses.
func defaultService(service *corev1.Service) {
	spec := &service.Spec
	if spec.SessionAffinity == "" {
		spec.SessionAffinity = corev1.ServiceAffinityNone
	}
	switch spec.SessionAffinity {
	case corev1.ServiceAffinityNone:
		spec.SessionAffinityConfig = nil
	case corev1.ServiceAffinityClientIP:
		if config := spec.SessionAffinityConfig; config == nil || config.ClientIP == nil || config.ClientIP.TimeoutSeconds == nil {
			spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{
				ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: ptr.To(corev1.DefaultClientIPServiceAffinitySeconds)},
			}
		}
	}
	if spec.Type == "" {
		spec.Type = corev1.ServiceTypeClusterIP
	}
	for i := range spec.Ports {
		port := &spec.Ports[i]
		if port.Protocol == "" {
			port.Protocol = corev1.ProtocolTCP
		}
		if port.TargetPort == intstr.FromInt32(0) || port.TargetPort == intstr.FromString("") {
			port.TargetPort = intstr.FromInt32(port.Port)
		}
	}
	if externallyAccessible(service) && spec.ExternalTrafficPolicy == "" {
		spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyCluster
	}
	if spec.InternalTrafficPolicy == nil && needsClusterIP(service) {
		spec.InternalTrafficPolicy = ptr.To(corev1.ServiceInternalTrafficPolicyCluster)
	}
	if spec.Type != corev1.ServiceTypeLoadBalancer {
		return
	}
	if spec.AllocateLoadBalancerNodePorts == nil {
		spec.AllocateLoadBalancerNodePorts = ptr.To(true)
	}
	for i := range service.Status.LoadBalancer.Ingress {
		if ingress := &service.Status.LoadBalancer.Ingress[i]; ingress.IP != "" && ingress.IPMode == nil {
			ingress.IPMode = ptr.To(corev1.LoadBalancerIPModeVIP)
		}
	}
}

func externallyAccessible(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer ||
		service.Spec.Type == corev1.ServiceTypeNodePort ||
		service.Spec.Type == corev1.ServiceTypeClusterIP && len(service.Spec.ExternalIPs) > 0
}

func needsClusterIP(service *corev1.Service) bool {
	switch service.Spec.Type {
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer:
		return true
	}
	return false
}

func defaultEndpoints(endpoints *corev1.Endpoints) {
	for i := range endpoints.Subsets {
		ports := endpoints.Subsets[i].Ports
		for j := range ports {
			if ports[j].Protocol == "" {
				ports[j].Protocol = corev1.ProtocolTCP
			}
		}
	}
}

func defaultEndpointSlice(slice *discoveryv1.EndpointSlice) {
	for i := range slice.Ports {
		if slice.Ports[i].Name == nil {
			slice.Ports[i].Name = ptr.To("")
		}
		if slice.Ports[i].Protocol == nil {
			slice.Ports[i].Protocol = ptr.To(corev1.ProtocolTCP)
		}
	}
}

// defaultNamespace labels every namespace with its name, once it has one.
func defaultNamespace(namespace *corev1.Namespace) {
	if namespace.Name != "" {
		if namespace.Labels == nil {
			namespace.Labels = map[string]string{}
		}
		namespace.Labels[corev1.LabelMetadataName] = namespace.Name
	}
	if namespace.Status.Phase == "" {
		namespace.Status.Phase = corev1.NamespaceActive
	}
}

func defaultNode(node *corev1.Node) {
	if node.Status.Allocatable == nil && node.Status.Capacity != nil {
		node.Status.Allocatable = node.Status.Capacity.DeepCopy()
	}
	roundResources(node.Status.Capacity)
	roundResources(node.Status.Allocatable)
}

func defaultClaim(claim *corev1.PersistentVolumeClaim) {
	if claim.Status.Phase == "" {
		claim.Status.Phase = corev1.ClaimPending
	}
	defaultClaimSpec(&claim.Spec)
	roundResources(claim.Status.Capacity)
	roundResources(claim.Status.AllocatedResources)
}

func defaultClaimSpec(spec *corev1.PersistentVolumeClaimSpec) {
	if spec.VolumeMode == nil {
		spec.VolumeMode = ptr.To(corev1.PersistentVolumeFilesystem)
	}
	roundResources(spec.Resources.Limits)
	roundResources(spec.Resources.Requests)
}

func defaultPersistentVolume(volume *corev1.PersistentVolume) {
	if volume.Status.Phase == "" {
		volume.Status.Phase = corev1.VolumePending
	}
	if volume.Spec.PersistentVolumeReclaimPolicy == "" {
		volume.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
	}
	if volume.Spec.VolumeMode == nil {
		volume.Spec.VolumeMode = ptr.To(corev1.PersistentVolumeFilesystem)
	}
	defaultVolumeSource(&volume.Spec)
}

// defaultVolumeSource fills in what a volume has in common with the inline one of a VolumeAttachment.
func defaultVolumeSource(spec *corev1.PersistentVolumeSpec) {
	roundResources(spec.Capacity)
	if path := spec.HostPath; path != nil && path.Type == nil {
		path.Type = ptr.To(corev1.HostPathUnset)
	}
	if rbd := spec.RBD; rbd != nil {
		defaultText(&rbd.RBDPool, "rbd")
		defaultText(&rbd.RadosUser, "admin")
		defaultText(&rbd.Keyring, "/etc/ceph/keyring")
	}
	if spec.ISCSI != nil {
		defaultText(&spec.ISCSI.ISCSIInterface, "default")
	}
	if spec.ScaleIO != nil {
		defaultText(&spec.ScaleIO.StorageMode, "ThinProvisioned")
		defaultText(&spec.ScaleIO.FSType, "xfs")
	}
	defaultAzureDisk(spec.AzureDisk)
}

// defaultSecret also moves stringData into data, which upstream does when it converts.
func defaultSecret(secret *corev1.Secret) {
	if secret.Type == "" {
		secret.Type = corev1.SecretTypeOpaque
	}
	if len(secret.StringData) > 0 && secret.Data == nil {
		secret.Data = make(map[string][]byte, len(secret.StringData))
	}
	for key, text := range secret.StringData {
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}

func defaultLimitRange(limits *corev1.LimitRange) {
	for i := range limits.Spec.Limits {
		item := &limits.Spec.Limits[i]
		if item.Type == corev1.LimitTypeContainer {
			if item.Default == nil {
				item.Default = corev1.ResourceList{}
			}
			if item.DefaultRequest == nil {
				item.DefaultRequest = corev1.ResourceList{}
			}
			addMissing(item.Default, item.Max)
			addMissing(item.DefaultRequest, item.Default)
			addMissing(item.DefaultRequest, item.Min)
		}
		for _, list := range []corev1.ResourceList{item.Max, item.Min, item.Default, item.DefaultRequest, item.MaxLimitRequestRatio} {
			roundResources(list)
		}
	}
}

func addMissing(list, from corev1.ResourceList) {
	for name, quantity := range from {
		if _, exists := list[name]; !exists {
			list[name] = quantity.DeepCopy()
		}
	}
}

func defaultResourceQuota(quota *corev1.ResourceQuota) {
	roundResources(quota.Spec.Hard)
	roundResources(quota.Status.Hard)
	roundResources(quota.Status.Used)
}

func defaultReplicationController(controller *corev1.ReplicationController) {
	if template := controller.Spec.Template; template != nil {
		if template.Labels != nil {
			if len(controller.Spec.Selector) == 0 {
				controller.Spec.Selector = maps.Clone(template.Labels)
			}
			if len(controller.Labels) == 0 {
				controller.Labels = maps.Clone(template.Labels)
			}
		}
		defaultPodSpec(&template.Spec)
	}
	if controller.Spec.Replicas == nil {
		controller.Spec.Replicas = ptr.To[int32](1)
	}
}

func defaultPodTemplate(template *corev1.PodTemplate) { defaultPodSpec(&template.Template.Spec) }
