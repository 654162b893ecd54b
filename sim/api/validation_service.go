package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	utilnet "k8s.io/utils/net"

	"github.com/stsim/stsim/sim/api/field"
)

const setOnce = "may not change once set"

// validateService checks a new Service. Since 1.36 its name may begin with a digit.
func validateService(service *corev1.Service, r Release) field.ErrorList {
	name := nameIsLabel1035
	if r.AtLeast(36) {
		name = nameIsLabel
	}
	errs := validateMeta(&service.ObjectMeta, true, name)
	return append(errs, validateServiceSpec(service, nil)...)
}

func validateServiceUpdate(service, old *corev1.Service, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&service.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		return append(errs, validateLoadBalancerStatus(service, old)...)
	}
	errs = append(errs, checkAddressesKept(service, old)...)
	errs = append(errs, checkFamiliesKept(service, old)...)
	if isLoadBalancer(service) && isLoadBalancer(old) && !sameMeaning(service.Spec.LoadBalancerClass, old.Spec.LoadBalancerClass) {
		errs = append(errs, field.Invalid(specPath.Child("loadBalancerClass"), service.Spec.LoadBalancerClass, setOnce))
	}
	if needsHealthCheck(service) && needsHealthCheck(old) && service.Spec.HealthCheckNodePort != old.Spec.HealthCheckNodePort {
		errs = append(errs, field.Forbidden(specPath.Child("healthCheckNodePort"), immutable))
	}
	return append(errs, validateServiceSpec(service, old)...)
}

func validateLoadBalancerStatus(service, old *corev1.Service) (errs field.ErrorList) {
	path, ingress := field.NewPath("status", "loadBalancer", "ingress"), service.Status.LoadBalancer.Ingress
	if !isLoadBalancer(service) && len(ingress) > 0 {
		return field.ErrorList{field.Forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")}
	}
	var before []string
	for _, one := range old.Status.LoadBalancer.Ingress {
		before = append(before, one.IP)
	}
	for i, one := range ingress {
		path := path.Index(i)
		if one.IP != "" {
			errs = append(errs, checkIP(path.Child("ip"), one.IP, before)...)
		}
		switch {
		case one.IPMode == nil && one.IP != "":
			errs = append(errs, field.Required(path.Child("ipMode"), "must be specified when `ip` is set"))
		case one.IPMode != nil && one.IP == "":
			errs = append(errs, field.Forbidden(path.Child("ipMode"), "may not be specified when `ip` is not set"))
		case one.IPMode != nil:
			errs = append(errs, checkAmong(*one.IPMode, path.Child("ipMode"), corev1.LoadBalancerIPModeProxy, corev1.LoadBalancerIPModeVIP)...)
		}
		if one.Hostname != "" {
			errs = append(errs, checkSubdomain(one.Hostname, path.Child("hostname"))...)
			if utilnet.ParseIPSloppy(one.Hostname) != nil {
				errs = append(errs, field.Invalid(path.Child("hostname"), one.Hostname, "must be a DNS name, not an IP address"))
			}
		}
	}
	return errs
}

func isLoadBalancer(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer
}

// IsHeadless says whether a Service has no address of its own, so that its name stands for its Pods.
func IsHeadless(service *corev1.Service) bool {
	return len(service.Spec.ClusterIPs) == 1 && service.Spec.ClusterIPs[0] == corev1.ClusterIPNone ||
		len(service.Spec.ClusterIPs) == 0 && service.Spec.ClusterIP == corev1.ClusterIPNone
}

func needsHealthCheck(service *corev1.Service) bool {
	return isLoadBalancer(service) && service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

func validateServiceSpec(service, old *corev1.Service) (errs field.ErrorList) {
	spec := &service.Spec
	if len(spec.Ports) == 0 && !IsHeadless(service) && spec.Type != corev1.ServiceTypeExternalName {
		errs = append(errs, field.Required(specPath.Child("ports"), ""))
	}
	switch spec.Type {
	case corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort:
		if IsHeadless(service) {
			errs = append(errs, field.Invalid(specPath.Child("clusterIPs").Index(0), corev1.ClusterIPNone, fmt.Sprintf("may not be set to 'None' for %s services", spec.Type)))
		}
	case corev1.ServiceTypeExternalName:
		errs = append(errs, validateExternalName(spec)...)
	}
	errs = append(errs, validateServicePorts(service)...)
	if spec.Selector != nil {
		errs = append(errs, checkLabels(spec.Selector, specPath, "selector")...)
	}
	errs = append(errs, checkOneOf(spec.SessionAffinity, specPath.Child("sessionAffinity"), corev1.ServiceAffinityClientIP, corev1.ServiceAffinityNone)...)
	errs = append(errs, validateAffinityConfig(spec)...)
	errs = append(errs, validateClusterIPs(service, old)...)
	for i, address := range spec.ExternalIPs {
		path := specPath.Child("externalIPs").Index(i)
		if problems := checkIP(path, address, oldExternalIPs(old)); len(problems) > 0 {
			errs = append(errs, problems...)
		} else {
			errs = append(errs, checkEndpointIP(address, path)...)
		}
	}
	errs = append(errs, checkOneOf(spec.Type, specPath.Child("type"),
		corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeNodePort)...)
	errs = append(errs, checkPortsUnique(spec)...)
	return append(errs, validateTraffic(service)...)
}

func oldExternalIPs(old *corev1.Service) []string {
	if old == nil {
		return nil
	}
	return old.Spec.ExternalIPs
}

func validateExternalName(spec *corev1.ServiceSpec) (errs field.ErrorList) {
	const notSet = "may not be set for ExternalName services"
	if len(spec.ClusterIPs) > 0 {
		errs = append(errs, field.Forbidden(specPath.Child("clusterIPs"), notSet))
	}
	if len(spec.IPFamilies) > 0 {
		errs = append(errs, field.Forbidden(specPath.Child("ipFamilies"), notSet))
	}
	if spec.IPFamilyPolicy != nil {
		errs = append(errs, field.Forbidden(specPath.Child("ipFamilyPolicy"), notSet))
	}
	name := strings.TrimSuffix(spec.ExternalName, ".")
	if name == "" {
		return append(errs, field.Required(specPath.Child("externalName"), ""))
	}
	return append(errs, checkSubdomain(name, specPath.Child("externalName"))...)
}

func validateServicePorts(service *corev1.Service) (errs field.ErrorList) {
	names := map[string]bool{}
	for i := range service.Spec.Ports {
		port, path := &service.Spec.Ports[i], specPath.Child("ports").Index(i)
		switch {
		case port.Name == "" && len(service.Spec.Ports) > 1:
			errs = append(errs, field.Required(path.Child("name"), ""))
		case port.Name != "":
			errs = append(errs, checkLabel(port.Name, path.Child("name"))...)
			if names[port.Name] {
				errs = append(errs, field.Duplicate(path.Child("name"), port.Name))
			}
			names[port.Name] = true
		}
		errs = append(errs, invalids(path.Child("port"), port.Port, validation.IsValidPortNum(int(port.Port)))...)
		errs = append(errs, checkOneOf(port.Protocol, path.Child("protocol"), portProtocols...)...)
		errs = append(errs, checkPort(port.TargetPort, path.Child("targetPort"))...)
		if port.AppProtocol != nil {
			errs = append(errs, checkQualifiedName(*port.AppProtocol, path.Child("appProtocol"))...)
		}
	}
	return errs
}

func checkPortsUnique(spec *corev1.ServiceSpec) (errs field.ErrorList) {
	type key struct {
		protocol corev1.Protocol
		number   int32
	}
	path := specPath.Child("ports")
	if spec.Type == corev1.ServiceTypeClusterIP {
		for i := range spec.Ports {
			if spec.Ports[i].NodePort != 0 {
				errs = append(errs, field.Forbidden(path.Index(i).Child("nodePort"), "may not be used when `type` is 'ClusterIP'"))
			}
		}
	}
	nodePorts, ports := map[key]bool{}, map[key]bool{}
	for i, port := range spec.Ports {
		if one := (key{port.Protocol, port.NodePort}); port.NodePort != 0 {
			if nodePorts[one] {
				errs = append(errs, field.Duplicate(path.Index(i).Child("nodePort"), port.NodePort))
			}
			nodePorts[one] = true
		}
	}
	for i, port := range spec.Ports {
		one := key{port.Protocol, port.Port}
		if ports[one] {
			errs = append(errs, field.Duplicate(path.Index(i), internal{corev1.ServicePort{Protocol: port.Protocol, Port: port.Port}}))
		}
		ports[one] = true
	}
	return errs
}

func validateAffinityConfig(spec *corev1.ServiceSpec) field.ErrorList {
	path, config := specPath.Child("sessionAffinityConfig"), spec.SessionAffinityConfig
	switch spec.SessionAffinity {
	case corev1.ServiceAffinityNone:
		if config != nil {
			return field.ErrorList{field.Forbidden(path, "must not be set when session affinity is None")}
		}
	case corev1.ServiceAffinityClientIP:
		const when = "when session affinity type is ClientIP"
		timeout := path.Child("clientIP", "timeoutSeconds")
		switch {
		case config == nil:
			return field.ErrorList{field.Required(path, when)}
		case config.ClientIP == nil:
			return field.ErrorList{field.Required(path.Child("clientIP"), when)}
		case config.ClientIP.TimeoutSeconds == nil:
			return field.ErrorList{field.Required(timeout, when)}
		case *config.ClientIP.TimeoutSeconds <= 0 || *config.ClientIP.TimeoutSeconds > 86400:
			return field.ErrorList{field.Invalid(timeout, config.ClientIP.TimeoutSeconds, "must be greater than 0 and less than 86400")}
		}
	}
	return nil
}

func validateTraffic(service *corev1.Service) (errs field.ErrorList) {
	spec := &service.Spec
	const balancersOnly = "may only be used when `type` is 'LoadBalancer'"
	if len(spec.LoadBalancerSourceRanges) > 0 {
		path := specPath.Child("LoadBalancerSourceRanges")
		if !isLoadBalancer(service) {
			errs = append(errs, field.Forbidden(path, balancersOnly))
		}
		for i, value := range spec.LoadBalancerSourceRanges {
			errs = append(errs, validation.IsValidCIDRForLegacyField(path.Index(i).Upstream(), strings.TrimSpace(value), true, nil)...)
		}
	}
	switch allocate := spec.AllocateLoadBalancerNodePorts; {
	case allocate != nil && !isLoadBalancer(service):
		errs = append(errs, field.Forbidden(specPath.Child("allocateLoadBalancerNodePorts"), balancersOnly))
	case allocate == nil && isLoadBalancer(service):
		errs = append(errs, field.Required(field.NewPath("allocateLoadBalancerNodePorts"), ""))
	}
	if class := spec.LoadBalancerClass; class != nil {
		if isLoadBalancer(service) {
			errs = append(errs, checkQualifiedName(*class, specPath.Child("loadBalancerClass"))...)
		} else {
			errs = append(errs, field.Forbidden(specPath.Child("loadBalancerClass"), balancersOnly))
		}
	}
	if path := specPath.Child("externalTrafficPolicy"); externallyAccessible(service) {
		errs = append(errs, checkOneOf(spec.ExternalTrafficPolicy, path, corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)...)
	} else if spec.ExternalTrafficPolicy != "" {
		errs = append(errs, field.Invalid(path, spec.ExternalTrafficPolicy, "may only be set for externally-accessible services"))
	}
	switch path := specPath.Child("healthCheckNodePort"); {
	case !needsHealthCheck(service) && spec.HealthCheckNodePort != 0:
		errs = append(errs, field.Invalid(path, spec.HealthCheckNodePort, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"))
	case needsHealthCheck(service) && spec.HealthCheckNodePort != 0:
		errs = append(errs, invalids(path, spec.HealthCheckNodePort, validation.IsValidPortNum(int(spec.HealthCheckNodePort)))...)
	}
	if path, policy := specPath.Child("internalTrafficPolicy"), spec.InternalTrafficPolicy; policy != nil {
		errs = append(errs, checkAmong(*policy, path, corev1.ServiceInternalTrafficPolicyCluster, corev1.ServiceInternalTrafficPolicyLocal)...)
	} else if needsClusterIP(service) {
		errs = append(errs, field.Required(path, ""))
	}
	if spread := spec.TrafficDistribution; spread != nil {
		errs = append(errs, checkAmong(*spread, specPath.Child("trafficDistribution"),
			corev1.ServiceTrafficDistributionPreferClose, corev1.ServiceTrafficDistributionPreferSameZone, corev1.ServiceTrafficDistributionPreferSameNode)...)
	}
	return errs
}

func validateClusterIPs(service, old *corev1.Service) (errs field.ErrorList) {
	spec := &service.Spec
	if spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	path := specPath.Child("clusterIPs")
	switch {
	case spec.ClusterIP == "" && len(spec.ClusterIPs) > 0:
		errs = append(errs, field.Invalid(path, spec.ClusterIPs, "must be empty when `clusterIP` is not specified"))
	case spec.ClusterIP != "" && len(spec.ClusterIPs) == 0:
		errs = append(errs, field.Required(path, ""))
	case spec.ClusterIP != "" && spec.ClusterIPs[0] != spec.ClusterIP:
		errs = append(errs, field.Invalid(path, spec.ClusterIPs, "first value must match `clusterIP`"))
	}
	for i, family := range spec.IPFamilies {
		errs = append(errs, checkAmong(family, specPath.Child("ipFamilies").Index(i), corev1.IPv4Protocol, corev1.IPv6Protocol)...)
		if slices.Contains(spec.IPFamilies[:i], family) {
			errs = append(errs, field.Duplicate(specPath.Child("ipFamilies").Index(i), family))
		}
	}
	if policy := spec.IPFamilyPolicy; policy != nil {
		errs = append(errs, checkAmong(*policy, specPath.Child("ipFamilyPolicy"),
			corev1.IPFamilyPolicyPreferDualStack, corev1.IPFamilyPolicyRequireDualStack, corev1.IPFamilyPolicySingleStack)...)
	}
	var before []string
	if old != nil {
		before = old.Spec.ClusterIPs
	}
	bad := false
	for i, address := range spec.ClusterIPs {
		if i == 0 && address == corev1.ClusterIPNone {
			if len(spec.ClusterIPs) > 1 {
				bad = true
				errs = append(errs, field.Invalid(path, spec.ClusterIPs, "'None' must be the first and only value"))
			}
			continue
		}
		problems := checkIP(path.Index(i), address, before)
		bad = bad || len(problems) > 0
		errs = append(errs, problems...)
	}
	if len(spec.ClusterIPs) > 2 {
		errs = append(errs, field.Invalid(path, spec.ClusterIPs, "may only hold up to 2 values"))
	}
	if bad || IsHeadless(service) {
		return errs
	}
	if len(spec.ClusterIPs) > 1 && isIPv6(spec.ClusterIPs[0]) == isIPv6(spec.ClusterIPs[1]) {
		errs = append(errs, field.Invalid(path, spec.ClusterIPs, "may specify no more than one IP for each IP family"))
	}
	for i := range min(len(spec.ClusterIPs), len(spec.IPFamilies)) {
		if want := spec.IPFamilies[i]; (want == corev1.IPv6Protocol) != isIPv6(spec.ClusterIPs[i]) {
			errs = append(errs, field.Invalid(path.Index(i), spec.ClusterIPs[i], fmt.Sprintf("expected an %s value as indicated by `ipFamilies[%v]`", want, i)))
		}
	}
	return errs
}

func isIPv6(address string) bool {
	parsed, err := netip.ParseAddr(address)
	return err == nil && parsed.Is6()
}

// LoopbackAddress is what validation says of an endpoint's address on the machine itself.
const LoopbackAddress = "may not be in the loopback range (127.0.0.0/8, ::1/128)"

// checkEndpointIP refuses addresses that no endpoint can have.
func checkEndpointIP(address string, at field.Path) (errs field.ErrorList) {
	parsed, ok := netip.AddrFromSlice(utilnet.ParseIPSloppy(address))
	switch parsed = parsed.Unmap(); {
	case !ok:
		return field.ErrorList{field.Invalid(at, address, "must be a valid IP address")}
	case parsed.IsUnspecified():
		return field.ErrorList{field.Invalid(at, address, fmt.Sprintf("may not be unspecified (%v)", address))}
	case parsed.IsLoopback():
		return field.ErrorList{field.Invalid(at, address, LoopbackAddress)}
	case parsed.IsLinkLocalUnicast():
		return field.ErrorList{field.Invalid(at, address, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")}
	case parsed.IsLinkLocalMulticast():
		return field.ErrorList{field.Invalid(at, address, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")}
	}
	return nil
}
