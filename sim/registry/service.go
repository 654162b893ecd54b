package registry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// This file gives Services their virtual addresses and node ports (upstream: pkg/registry/core/service/storage/alloc.go and the
// allocators ipallocator and portallocator). Which are taken is read off the Services there are, so nothing can leak.

var errRangeFull = errors.New("range is full")

// allocateService completes a Service. What an update leaves out has been taken over from the old one already.
func (r *Registry) allocateService(service, old *corev1.Service) error {
	if service.Spec.Type != corev1.ServiceTypeExternalName {
		if service.Spec.ClusterIP != "" && len(service.Spec.ClusterIPs) == 0 {
			service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
		}
		if problems := completeFamilies(service); len(problems) > 0 {
			return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), service.Name, problems)
		}
		if err := r.allocateAddress(service, old); err != nil {
			return err
		}
	}
	service.Spec.Ports = slices.Clone(service.Spec.Ports) // an update may share them with the old Service
	return r.allocateNodePorts(service, old)
}

// completeFamilies is what a cluster with IPv4 alone makes of the IP families.
func completeFamilies(service *corev1.Service) (problems field.ErrorList) {
	spec := &service.Spec
	path := field.NewPath("spec")
	anyFamily := spec.ClusterIP == corev1.ClusterIPNone && len(spec.Selector) == 0 // its endpoints are whatever somebody writes
	if spec.IPFamilyPolicy == nil {
		policy := corev1.IPFamilyPolicySingleStack
		if anyFamily {
			policy = corev1.IPFamilyPolicyRequireDualStack
		}
		spec.IPFamilyPolicy = &policy
	}
	for i, ip := range spec.ClusterIPs {
		if address, err := netip.ParseAddr(ip); err == nil && address.Is6() && i >= len(spec.IPFamilies) {
			problems = append(problems, field.Invalid(path.Child("clusterIPs").Index(i), spec.ClusterIPs, "IPv6 is not configured on this cluster"))
		}
	}
	if len(problems) > 0 {
		return problems
	}
	if anyFamily {
		if len(spec.IPFamilies) == 0 {
			spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
		}
		if len(spec.IPFamilies) == 1 && *spec.IPFamilyPolicy != corev1.IPFamilyPolicySingleStack {
			other := corev1.IPv6Protocol
			if spec.IPFamilies[0] == other {
				other = corev1.IPv4Protocol
			}
			spec.IPFamilies = []corev1.IPFamily{spec.IPFamilies[0], other}
		}
		return nil
	}
	if *spec.IPFamilyPolicy == corev1.IPFamilyPolicyRequireDualStack {
		problems = append(problems, field.Invalid(path.Child("ipFamilyPolicy"), spec.IPFamilyPolicy, "this cluster is not configured for dual-stack services"))
	}
	for i, family := range spec.IPFamilies {
		if family != corev1.IPv4Protocol {
			problems = append(problems, field.Invalid(path.Child("ipFamilies").Index(i), family, "not configured on this cluster"))
		}
	}
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	return problems
}

func (r *Registry) allocateAddress(service, old *corev1.Service) error {
	ip := service.Spec.ClusterIP
	if old != nil && old.Spec.Type != corev1.ServiceTypeExternalName && (old.Spec.ClusterIP == corev1.ClusterIPNone || ip != "") {
		return nil // an address is for life: whether it may change is a question of validation
	}
	if ip == corev1.ClusterIPNone {
		return nil
	}
	taken := map[string]bool{}
	for other := range store.List[*corev1.Service](r.Tx.View, "") {
		if api.NameOf(other) != api.NameOf(service) {
			taken[other.Spec.ClusterIP] = true
		}
	}
	if ip == "" {
		free, err := r.freeAddress(taken)
		if err != nil {
			return apierrors.NewInternalError(fmt.Errorf("failed to allocate a serviceIP for Service %q: %w", service.Name, err))
		}
		service.Spec.ClusterIP, service.Spec.ClusterIPs = free, []string{free}
		return nil
	}
	reason := ""
	switch address, err := netip.ParseAddr(ip); {
	case err != nil: // validation finds the words
	case !r.Settings.ServiceCIDR.Contains(address):
		reason = fmt.Sprintf("the provided IP (%v) is not in the valid range. The range of valid IPs is %s", ip, r.Settings.ServiceCIDR)
	case taken[address.String()]:
		reason = "provided IP is already allocated"
	}
	if reason != "" {
		return invalidService(service, field.NewPath("spec", "clusterIPs"), service.Spec.ClusterIPs, fmt.Sprintf("failed to allocate IP %v: %s", ip, reason))
	}
	return nil
}

// freeAddress draws a place in the service range and takes the first free address from there. The beginning of the range is kept
// for addresses that people choose.
func (r *Registry) freeAddress(taken map[string]bool) (string, error) {
	size := 1 << (32 - r.Settings.ServiceCIDR.Bits())
	base := r.Settings.ServiceCIDR.Masked().Addr().As4()
	first := binary.BigEndian.Uint32(base[:])
	number, err := r.draw("cluster IP", 1, size-2, min(max(16, size/16), 256), func(offset int) bool {
		return taken[addressAt(first, offset)]
	})
	return addressAt(first, number), err
}

func addressAt(first uint32, offset int) string {
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], first+uint32(offset))
	return netip.AddrFrom4(address).String()
}

// draw finds a number from first to last that is not taken: the next one after a place drawn above the reserved beginning,
// otherwise the first one in the beginning.
func (r *Registry) draw(label string, first, last, reserved int, taken func(int) bool) (int, error) {
	upper := last - first + 1 - reserved
	if upper > 0 {
		for i, start := 0, r.Choose(label, upper); i < upper; i++ {
			if number := first + reserved + (start+i)%upper; !taken(number) {
				return number, nil
			}
		}
	}
	for number := first; number < first+reserved && number <= last; number++ {
		if !taken(number) {
			return number, nil
		}
	}
	return 0, errRangeFull
}

func (r *Registry) allocateNodePorts(service, old *corev1.Service) error {
	if service.Spec.Type != corev1.ServiceTypeNodePort && service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return nil
	}
	ports := nodePorts{own: map[int32]bool{}, taken: map[int32]bool{}, byPort: map[int32]int32{}}
	for other := range store.List[*corev1.Service](r.Tx.View, "") {
		into := ports.taken
		if api.NameOf(other) == api.NameOf(service) {
			into = ports.own
		}
		collectNodePorts(other, into)
	}
	needed := service.Spec.Type == corev1.ServiceTypeNodePort || service.Spec.AllocateLoadBalancerNodePorts == nil || *service.Spec.AllocateLoadBalancerNodePorts
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		if port.NodePort == 0 && needed {
			port.NodePort = ports.ofSamePort(service, port, old)
		}
		path := field.NewPath("spec", "ports").Index(i).Child("nodePort")
		switch {
		case port.NodePort == 0 && !needed:
			continue
		case port.NodePort == 0:
			free, err := r.freeNodePort(ports)
			if err != nil {
				return apierrors.NewInternalError(fmt.Errorf("failed to allocate a nodePort: %w", err))
			}
			port.NodePort = free
		case ports.own[port.NodePort]:
		case port.NodePort < r.Settings.NodePortFirst || port.NodePort > r.Settings.NodePortLast:
			return invalidService(service, path, port.NodePort, fmt.Sprintf(
				"provided port is not in the valid range. The range of valid ports is %d-%d", r.Settings.NodePortFirst, r.Settings.NodePortLast))
		case ports.taken[port.NodePort]:
			return invalidService(service, path, port.NodePort, "provided port is already allocated")
		}
		ports.own[port.NodePort] = true
		ports.byPort[port.Port] = port.NodePort
	}
	if service.Spec.HealthCheckNodePort == 0 && needsHealthCheck(service) {
		free, err := r.freeNodePort(ports)
		if err != nil {
			return apierrors.NewInternalError(fmt.Errorf("failed to allocate a HealthCheck NodePort %v: %w", 0, err))
		}
		service.Spec.HealthCheckNodePort = free
	}
	return nil
}

// nodePorts are those in use while the ports of one Service are gone through.
type nodePorts struct {
	own, taken map[int32]bool
	byPort     map[int32]int32 // what ports of this Service got
}

// ofSamePort is the node port that the other protocols of a new Service's port use or ask for: they share it.
func (p nodePorts) ofSamePort(service *corev1.Service, port *corev1.ServicePort, old *corev1.Service) int32 {
	if old != nil {
		return 0
	}
	if shared, found := p.byPort[port.Port]; found {
		return shared
	}
	for i := range service.Spec.Ports {
		if other := &service.Spec.Ports[i]; other.Port == port.Port && other.NodePort != 0 {
			return other.NodePort
		}
	}
	return 0
}

// freeNodePort draws a node port that nobody uses; the beginning of the range is kept for ports that people choose.
func (r *Registry) freeNodePort(ports nodePorts) (int32, error) {
	first, last := int(r.Settings.NodePortFirst), int(r.Settings.NodePortLast)
	number, err := r.draw("node port", first, last, min(max(16, (last-first+1)/32), 128), func(number int) bool {
		return ports.taken[int32(number)] || ports.own[int32(number)]
	})
	return int32(number), err
}

func collectNodePorts(service *corev1.Service, into map[int32]bool) {
	for i := range service.Spec.Ports {
		if port := service.Spec.Ports[i].NodePort; port != 0 {
			into[port] = true
		}
	}
	if port := service.Spec.HealthCheckNodePort; port != 0 {
		into[port] = true
	}
}

func needsHealthCheck(service *corev1.Service) bool {
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

func invalidService(service *corev1.Service, path *field.Path, value any, reason string) error {
	return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), service.Name, field.ErrorList{field.Invalid(path, value, reason)})
}
