package registry

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// The finalizers by which upstream keeps volumes that are in use (admission plug-in StorageObjectInUseProtection).
const (
	claimProtection  = "kubernetes.io/pvc-protection"
	volumeProtection = "kubernetes.io/pv-protection"
)

// admit adds what upstream's admission plug-ins and allocators add to a new object.
func (r *Registry) admit(object api.Object) error {
	switch object := object.(type) {
	case *corev1.Namespace:
		if object.Labels == nil {
			object.Labels = map[string]string{}
		}
		object.Labels[corev1.LabelMetadataName] = object.Name
		object.Spec.Finalizers = []corev1.FinalizerName{corev1.FinalizerKubernetes}
		object.Status.Phase = corev1.NamespaceActive
	case *corev1.Pod:
		return r.admitPod(object)
	case *corev1.PersistentVolumeClaim:
		object.Finalizers = appendOnce(object.Finalizers, claimProtection)
		r.defaultClass(object)
	case *corev1.PersistentVolume:
		object.Finalizers = appendOnce(object.Finalizers, volumeProtection)
	case *corev1.Service:
		return r.allocateService(object, nil)
	}
	return nil
}

// admitPod hands the Pod's service account and priority class to the rules that need them.
func (r *Registry) admitPod(pod *corev1.Pod) error {
	admission := api.Admission{TokenSuffix: r.nameSuffix()}
	if account, found := store.Get[*corev1.ServiceAccount](r.Tx.View, pod.Namespace, api.ServiceAccountOf(pod)); found {
		admission.ServiceAccount = account
	}
	for class := range store.List[*schedulingv1.PriorityClass](r.Tx.View, "") {
		if class.Name == pod.Spec.PriorityClassName || pod.Spec.PriorityClassName == "" && class.GlobalDefault {
			admission.PriorityClass = class
		}
	}
	if err := api.AdmitPod(pod, admission); err != nil {
		return apierrors.NewForbidden(corev1.Resource("pods"), pod.Name, err)
	}
	return nil
}

func (r *Registry) admitUpdate(object, old api.Object) error {
	if service, ok := object.(*corev1.Service); ok {
		return r.allocateService(service, old.(*corev1.Service))
	}
	return nil
}

// defaultClass gives a claim that names no class the default one (admission plug-in DefaultStorageClass).
func (r *Registry) defaultClass(claim *corev1.PersistentVolumeClaim) {
	if _, beta := claim.Annotations[corev1.BetaStorageClassAnnotation]; beta || claim.Spec.StorageClassName != nil {
		return
	}
	classes := slices.Collect(store.List[*storagev1.StorageClass](r.Tx.View, ""))
	if class := storage.DefaultClass(classes); class != nil {
		claim.Spec.StorageClassName = &class.Name
	}
}

// allocateService gives a Service its virtual addresses and node ports, or takes over those it has
// (upstream: pkg/registry/core/service/storage/alloc.go).
func (r *Registry) allocateService(service, old *corev1.Service) error {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		service.Spec.ClusterIP, service.Spec.ClusterIPs = "", nil
		return nil
	}
	single := corev1.IPFamilyPolicySingleStack
	if service.Spec.IPFamilyPolicy == nil {
		service.Spec.IPFamilyPolicy = &single
	}
	if len(service.Spec.IPFamilies) == 0 {
		service.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	}
	if old != nil && old.Spec.Type != corev1.ServiceTypeExternalName && service.Spec.ClusterIP == "" {
		service.Spec.ClusterIP, service.Spec.ClusterIPs = old.Spec.ClusterIP, old.Spec.ClusterIPs
	}
	used := r.usedByServices(service)
	if err := r.allocateAddress(service, old, used); err != nil {
		return err
	}
	return r.allocateNodePorts(service, old, used)
}

type usage struct {
	addresses map[string]bool
	nodePorts map[int32]bool
}

func (r *Registry) usedByServices(except *corev1.Service) usage {
	used := usage{addresses: map[string]bool{r.Settings.DNSAddress.String(): true}, nodePorts: map[int32]bool{}}
	for other := range store.List[*corev1.Service](r.Tx.View, "") {
		if other.Namespace == except.Namespace && other.Name == except.Name {
			continue
		}
		used.addresses[other.Spec.ClusterIP] = true
		for _, port := range other.Spec.Ports {
			used.nodePorts[port.NodePort] = true
		}
	}
	return used
}

func (r *Registry) allocateAddress(service, old *corev1.Service, used usage) error {
	ip := service.Spec.ClusterIP
	unchanged := old != nil && old.Spec.ClusterIP == ip
	switch {
	case ip == corev1.ClusterIPNone:
	case ip == "":
		free, err := r.freeAddress(used)
		if err != nil {
			return apierrors.NewInternalError(err)
		}
		service.Spec.ClusterIP = free
	case unchanged || ip == r.Settings.DNSAddress.String() && service.Namespace == "kube-system":
	case used.addresses[ip]:
		return invalidService(service, field.Invalid(field.NewPath("spec", "clusterIPs"), []string{ip},
			"failed to allocate IP "+ip+": provided IP is already allocated"))
	default:
		address, err := netip.ParseAddr(ip)
		if err == nil && !r.Settings.ServiceCIDR.Contains(address) {
			return invalidService(service, field.Invalid(field.NewPath("spec", "clusterIPs"), []string{ip}, fmt.Sprintf(
				"failed to allocate IP %s: the provided IP (%s) is not in the valid range. The range of valid IPs is %s", ip, ip, r.Settings.ServiceCIDR)))
		}
	}
	service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	return nil
}

// freeAddress draws addresses of the service range until one is free; the first of them stay free for fixed uses.
func (r *Registry) freeAddress(used usage) (string, error) {
	const reserved, tries = 16, 256
	size := 1 << min(24, 32-r.Settings.ServiceCIDR.Bits())
	base := r.Settings.ServiceCIDR.Masked().Addr().As4()
	first := binary.BigEndian.Uint32(base[:])
	for range tries {
		var drawn [4]byte
		binary.BigEndian.PutUint32(drawn[:], first+uint32(reserved+r.Choose("cluster IP", size-reserved-1)))
		if text := netip.AddrFrom4(drawn).String(); !used.addresses[text] {
			return text, nil
		}
	}
	return "", fmt.Errorf("failed to allocate a serviceIP: range is full")
}

func (r *Registry) allocateNodePorts(service, old *corev1.Service, used usage) error {
	wanted := service.Spec.Type == corev1.ServiceTypeNodePort || service.Spec.Type == corev1.ServiceTypeLoadBalancer &&
		(service.Spec.AllocateLoadBalancerNodePorts == nil || *service.Spec.AllocateLoadBalancerNodePorts)
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		path := field.NewPath("spec", "ports").Index(i).Child("nodePort")
		if port.NodePort == 0 && old != nil {
			port.NodePort = nodePortOf(old, port)
		}
		switch {
		case !wanted && service.Spec.Type == corev1.ServiceTypeClusterIP:
			port.NodePort = 0
		case port.NodePort == 0 && wanted:
			for port.NodePort == 0 {
				candidate := r.Settings.NodePortFirst + int32(r.Choose("node port", int(r.Settings.NodePortLast-r.Settings.NodePortFirst)+1))
				if !used.nodePorts[candidate] {
					port.NodePort = candidate
				}
			}
		case port.NodePort == 0:
		case port.NodePort < r.Settings.NodePortFirst || port.NodePort > r.Settings.NodePortLast:
			return invalidService(service, field.Invalid(path, port.NodePort, fmt.Sprintf(
				"provided port is not in the valid range. The range of valid ports is %d-%d", r.Settings.NodePortFirst, r.Settings.NodePortLast)))
		case used.nodePorts[port.NodePort]:
			return invalidService(service, field.Invalid(path, port.NodePort, "provided port is already allocated"))
		}
		if port.NodePort != 0 {
			used.nodePorts[port.NodePort] = true
		}
	}
	return nil
}

// nodePortOf is the node port that the same port of the old Service had.
func nodePortOf(old *corev1.Service, port *corev1.ServicePort) int32 {
	for _, before := range old.Spec.Ports {
		if before.Port == port.Port && before.Protocol == port.Protocol {
			return before.NodePort
		}
	}
	return 0
}

func invalidService(service *corev1.Service, problem *field.Error) error {
	return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Service").GroupKind(), service.Name, field.ErrorList{problem})
}

func appendOnce(finalizers []string, finalizer string) []string {
	if slices.Contains(finalizers, finalizer) {
		return finalizers
	}
	return append(finalizers, finalizer)
}
