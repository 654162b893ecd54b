package api

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Upstream: pkg/registry/core/service/strategy.go and storage/storage.go.

func prepareService(service *corev1.Service) {
	service.Status = corev1.ServiceStatus{}
	if service.Spec.ClusterIP != "" && len(service.Spec.ClusterIPs) == 0 {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	}
}

func prepareServiceUpdate(service, old *corev1.Service, subresource string) {
	if subresource == "status" {
		service.Spec = old.Spec
		return
	}
	service.Status = old.Status
	keepAllocated(&service.Spec, &old.Spec)
	alignClusterIPs(&service.Spec, &old.Spec)
	dropOfOtherType(service, old)
}

// keepAllocated fills in the addresses and ports that were handed out and that the update does not mention.
func keepAllocated(spec, old *corev1.ServiceSpec) {
	hasAddress := func(spec *corev1.ServiceSpec) bool { return spec.Type != corev1.ServiceTypeExternalName }
	if hasAddress(spec) && hasAddress(old) {
		if spec.ClusterIP == "" {
			spec.ClusterIP = old.ClusterIP
		}
		if len(spec.ClusterIPs) == 0 {
			spec.ClusterIPs = old.ClusterIPs
		}
		if len(spec.IPFamilies) == 0 {
			spec.IPFamilies = old.IPFamilies
		}
		if spec.IPFamilyPolicy == nil {
			spec.IPFamilyPolicy = old.IPFamilyPolicy
		}
	}
	if hasNodePorts(spec) && hasNodePorts(old) {
		keepNodePorts(spec, old)
	}
	if spec.Type == corev1.ServiceTypeLoadBalancer && old.Type == spec.Type && spec.HealthCheckNodePort == 0 &&
		spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		spec.HealthCheckNodePort = old.HealthCheckNodePort
	}
}

func hasNodePorts(spec *corev1.ServiceSpec) bool {
	return spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer
}

// keepNodePorts gives ports without a node port the one that the port of their name had, unless another one has taken it.
func keepNodePorts(spec, old *corev1.ServiceSpec) {
	has := func(ports []corev1.ServicePort, number int32) bool {
		return slices.ContainsFunc(ports, func(port corev1.ServicePort) bool { return port.NodePort == number })
	}
	given := slices.Clone(spec.Ports)
	for i := range spec.Ports {
		if spec.Ports[i].NodePort != 0 {
			continue
		}
		for _, before := range slices.Backward(old.Ports) {
			if before.Name == spec.Ports[i].Name {
				if !has(given, before.NodePort) {
					spec.Ports[i].NodePort = before.NodePort
				}
				break
			}
		}
	}
}

// alignClusterIPs lets a client that knows only clusterIP, or only clusterIPs, change it.
func alignClusterIPs(spec, old *corev1.ServiceSpec) {
	samePlural, sameSingular := slices.Equal(spec.ClusterIPs, old.ClusterIPs), spec.ClusterIP == old.ClusterIP
	switch {
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		spec.ClusterIPs = []string{spec.ClusterIP}
	case !sameSingular && samePlural && spec.ClusterIP == "":
		spec.ClusterIPs = nil
	case !sameSingular && samePlural:
		spec.ClusterIPs = slices.Clone(spec.ClusterIPs)
		spec.ClusterIPs[0] = spec.ClusterIP
	case sameSingular && !samePlural && len(spec.ClusterIPs) == 0:
		spec.ClusterIP = ""
	}
}

// dropOfOtherType removes what the old type needed and the new one may not have, when the client left it as it was.
func dropOfOtherType(service, old *corev1.Service) {
	spec, before := &service.Spec, &old.Spec
	if before.Type != corev1.ServiceTypeExternalName && spec.Type == corev1.ServiceTypeExternalName {
		if spec.ClusterIP == before.ClusterIP && slices.Equal(spec.ClusterIPs, before.ClusterIPs) {
			spec.ClusterIP, spec.ClusterIPs = "", nil
		}
		if sameMeaning(spec.IPFamilies, before.IPFamilies) {
			spec.IPFamilies = nil
		}
		if sameMeaning(spec.IPFamilyPolicy, before.IPFamilyPolicy) {
			spec.IPFamilyPolicy = nil
		}
	}
	if hasNodePorts(before) && !hasNodePorts(spec) && !slices.ContainsFunc(spec.Ports, func(port corev1.ServicePort) bool {
		return port.NodePort != 0 && !slices.ContainsFunc(before.Ports, func(other corev1.ServicePort) bool { return other.NodePort == port.NodePort })
	}) {
		for i := range spec.Ports {
			spec.Ports[i].NodePort = 0
		}
	}
	if needsHealthCheck(old) && !needsHealthCheck(service) && spec.HealthCheckNodePort == before.HealthCheckNodePort {
		spec.HealthCheckNodePort = 0
	}
	if isLoadBalancer(old) && !isLoadBalancer(service) {
		if sameMeaning(spec.AllocateLoadBalancerNodePorts, before.AllocateLoadBalancerNodePorts) {
			spec.AllocateLoadBalancerNodePorts = nil
		}
		if sameMeaning(spec.LoadBalancerClass, before.LoadBalancerClass) {
			spec.LoadBalancerClass = nil
		}
	}
	if externallyAccessible(old) && !externallyAccessible(service) && spec.ExternalTrafficPolicy == before.ExternalTrafficPolicy {
		spec.ExternalTrafficPolicy = ""
	}
	if !isLoadBalancer(service) {
		service.Status.LoadBalancer = corev1.LoadBalancerStatus{}
	}
}
