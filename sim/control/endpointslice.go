package control

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/store"
)

const (
	endpointSliceManager = "endpointslice-controller.k8s.io"
	maxEndpointsPerSlice = 100 // upstream's --max-endpoints-per-slice
)

// endpointSliceLoop keeps the EndpointSlices of every Service that has a selector (upstream: pkg/controller/endpointslice). A slice
// holds at most 100 endpoints, and a change of one Pod writes the one slice it is in.
func endpointSliceLoop() Loop {
	return Loop{Name: "endpointslice", Latency: endpointsLatency, Wakes: wakeEndpoints, Sync: syncEndpointSlices}
}

// wakeEndpoints wakes the Services that a change of a Service or a Pod concerns, or the loss of what the loops made.
func wakeEndpoints(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Service:
		wake(Key{Namespace: object.Namespace, Name: object.Name})
	case *discoveryv1.EndpointSlice:
		if service := object.Labels[discoveryv1.LabelServiceName]; service != "" && change.New == nil {
			wake(Key{Namespace: object.Namespace, Name: service})
		}
	case *corev1.Endpoints:
		if change.New == nil {
			wake(Key{Namespace: object.Namespace, Name: object.Name})
		}
	case *corev1.Pod:
		before, _ := change.Old.(*corev1.Pod)
		after, _ := change.New.(*corev1.Pod)
		if before != nil && after != nil && !endpointChanged(before, after) {
			return
		}
		for service := range store.List[*corev1.Service](view, object.Namespace) {
			if selectsPod(service, before) || selectsPod(service, after) {
				wake(Key{Namespace: service.Namespace, Name: service.Name})
			}
		}
	}
}

// endpointChanged says whether the change of a Pod can show in an endpoint.
func endpointChanged(before, after *corev1.Pod) bool {
	return before.Status.Phase != after.Status.Phase || podReady(before) != podReady(after) ||
		before.Spec.NodeName != after.Spec.NodeName || !slices.Equal(before.Status.PodIPs, after.Status.PodIPs) ||
		(before.DeletionTimestamp == nil) != (after.DeletionTimestamp == nil) || !maps.Equal(before.Labels, after.Labels)
}

func selectsPod(service *corev1.Service, pod *corev1.Pod) bool {
	if pod == nil || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName {
		return false
	}
	for key, value := range service.Spec.Selector {
		if found, ok := pod.Labels[key]; !ok || found != value {
			return false
		}
	}
	return true
}

func syncEndpointSlices(in Input) Plan {
	service, found := store.Get[*corev1.Service](in.View, in.Key.Namespace, in.Key.Name)
	if !found || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName || service.DeletionTimestamp != nil {
		return Plan{} // slices without their Service are the garbage collector's
	}
	wanted := map[string]*portGroup{}
	for pod := range store.List[*corev1.Pod](in.View, service.Namespace) {
		if !selectsPod(service, pod) || podEnded(pod) || pod.Status.PodIP == "" {
			continue
		}
		node, found := store.Get[*corev1.Node](in.View, "", pod.Spec.NodeName)
		if !found && !service.Spec.PublishNotReadyAddresses {
			continue
		}
		ports := slicePorts(service, pod)
		key := portsKey(ports)
		if wanted[key] == nil {
			wanted[key] = &portGroup{ports: ports}
		}
		wanted[key].endpoints = append(wanted[key].endpoints, endpointOf(service, pod, node))
	}
	existing := map[string][]*discoveryv1.EndpointSlice{}
	count := 0
	var work sliceWork
	for slice := range store.List[*discoveryv1.EndpointSlice](in.View, service.Namespace) {
		switch {
		case slice.Labels[discoveryv1.LabelServiceName] != service.Name || slice.Labels[discoveryv1.LabelManagedBy] != endpointSliceManager || slice.DeletionTimestamp != nil:
		case ownedByService(slice, service):
			key := portsKey(slice.Ports)
			existing[key] = append(existing[key], slice)
			count++
		default:
			work.strangers = append(work.strangers, slice)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		work.reconcile(service, wanted[key], existing[key])
		delete(existing, key)
	}
	for _, key := range slices.Sorted(maps.Keys(existing)) {
		work.remove = append(work.remove, existing[key]...)
	}
	work.keepOne(service, count)
	return Plan{Writes: work.writes()}
}

// ownedByService says whether a slice belongs to this Service, and not to one that had its name before and left it behind
// (upstream: k8s.io/endpointslice utils.go ownedBy).
func ownedByService(slice *discoveryv1.EndpointSlice, service *corev1.Service) bool {
	return slices.ContainsFunc(slice.OwnerReferences, func(owner metav1.OwnerReference) bool {
		return owner.UID == service.UID && owner.Kind == "Service" && owner.APIVersion == "v1"
	})
}

// portGroup are the endpoints whose ports are the same, which share slices.
type portGroup struct {
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
}

// sliceLabels are the Service's, but for the three that have a meaning of their own.
func sliceLabels(service *corev1.Service) map[string]string {
	marks := maps.Clone(service.Labels)
	if marks == nil {
		marks = map[string]string{}
	}
	delete(marks, corev1.IsHeadlessService)
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		marks[corev1.IsHeadlessService] = ""
	}
	marks[discoveryv1.LabelServiceName] = service.Name
	marks[discoveryv1.LabelManagedBy] = endpointSliceManager
	return marks
}

func newSlice(service *corev1.Service, ports []discoveryv1.EndpointPort, endpoints []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace, GenerateName: service.Name + "-", Labels: sliceLabels(service),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(service, corev1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   endpoints,
		Ports:       ports,
	}
}

// endpointOf is a Pod as the Service's endpoint. A Pod that is terminating is not ready, whatever it says
// (upstream: k8s.io/endpointslice utils.go podToEndpoint).
func endpointOf(service *corev1.Service, pod *corev1.Pod, node *corev1.Node) discoveryv1.Endpoint {
	terminating := pod.DeletionTimestamp != nil
	serving := podReady(pod)
	endpoint := discoveryv1.Endpoint{
		Addresses: []string{pod.Status.PodIP},
		Conditions: discoveryv1.EndpointConditions{
			Ready:       ptr.To(service.Spec.PublishNotReadyAddresses || serving && !terminating),
			Serving:     ptr.To(serving),
			Terminating: ptr.To(terminating),
		},
		TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		endpoint.NodeName = ptr.To(pod.Spec.NodeName)
	}
	if node != nil && node.Labels[corev1.LabelTopologyZone] != "" {
		endpoint.Zone = ptr.To(node.Labels[corev1.LabelTopologyZone])
	}
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
		endpoint.Hostname = ptr.To(pod.Spec.Hostname)
	}
	return endpoint
}

// endpointKey is what makes an endpoint the same one: address, name, and whose it is (upstream: hashEndpoint).
func endpointKey(endpoint discoveryv1.Endpoint) string {
	key := strings.Join(endpoint.Addresses, ",") + "/" + ptr.Deref(endpoint.Hostname, "")
	if endpoint.TargetRef != nil {
		key += "/" + endpoint.TargetRef.Namespace + "/" + endpoint.TargetRef.Name
	}
	return key
}

// slicePorts are the Service's ports as the Pod has them; a named target port that the Pod does not declare is left out.
func slicePorts(service *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	var ports []discoveryv1.EndpointPort
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		if number, found := targetPort(port, pod); found {
			ports = append(ports, discoveryv1.EndpointPort{
				Name: ptr.To(port.Name), Protocol: ptr.To(port.Protocol), Port: ptr.To(number), AppProtocol: port.AppProtocol,
			})
		}
	}
	return ports
}

// targetPort resolves the target of a Service's port in a Pod (upstream: k8s.io/endpointslice FindPort). A headless Service's port
// has a target as well: clients learn it from SRV records.
func targetPort(port *corev1.ServicePort, pod *corev1.Pod) (int32, bool) {
	if port.TargetPort.Type == intstr.Int {
		return port.TargetPort.IntVal, true
	}
	declared := func(container *corev1.Container) (int32, bool) {
		for _, declared := range container.Ports {
			if declared.Name == port.TargetPort.StrVal && declared.Protocol == port.Protocol {
				return declared.ContainerPort, true
			}
		}
		return 0, false
	}
	for i := range pod.Spec.Containers {
		if number, found := declared(&pod.Spec.Containers[i]); found {
			return number, true
		}
	}
	for i := range pod.Spec.InitContainers {
		sidecar := &pod.Spec.InitContainers[i]
		if number, found := declared(sidecar); found && ptr.Deref(sidecar.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways {
			return number, true
		}
	}
	return 0, false
}

func portsKey(ports []discoveryv1.EndpointPort) string {
	var key strings.Builder
	for _, port := range ports {
		key.WriteString(ptr.Deref(port.Name, ""))
		key.WriteByte('/')
		key.WriteString(string(ptr.Deref(port.Protocol, corev1.ProtocolTCP)))
		key.WriteByte('/')
		for number := ptr.Deref(port.Port, 0); number > 0; number /= 10 {
			key.WriteByte(byte('0' + number%10))
		}
		key.WriteByte(',')
	}
	return key.String()
}
