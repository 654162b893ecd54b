package control

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
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

// wakeEndpoints wakes the Services that a change of a Service, a Pod or a slice concerns.
func wakeEndpoints(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Service:
		wake(Key{Namespace: object.Namespace, Name: object.Name})
	case *discoveryv1.EndpointSlice:
		if service := object.Labels[discoveryv1.LabelServiceName]; service != "" && change.New == nil {
			wake(Key{Namespace: object.Namespace, Name: service})
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
	selector := labels.SelectorFromSet(service.Spec.Selector)
	for pod := range store.List[*corev1.Pod](in.View, service.Namespace) {
		if !selector.Matches(labels.Set(pod.Labels)) || podEnded(pod) || pod.Status.PodIP == "" {
			continue
		}
		ports := slicePorts(service, pod)
		key := portsKey(ports)
		if wanted[key] == nil {
			wanted[key] = &portGroup{ports: ports}
		}
		wanted[key].endpoints = append(wanted[key].endpoints, endpointOf(service, pod))
	}
	if len(wanted) == 0 {
		ports := slicePorts(service, nil)
		wanted[portsKey(ports)] = &portGroup{ports: ports} // upstream's placeholder: a Service has at least one slice
	}
	existing := map[string][]*discoveryv1.EndpointSlice{}
	for slice := range store.Owned[*discoveryv1.EndpointSlice](in.View, service.UID) {
		if slice.Labels[discoveryv1.LabelManagedBy] == endpointSliceManager && slice.DeletionTimestamp == nil {
			key := portsKey(slice.Ports)
			existing[key] = append(existing[key], slice)
		}
	}
	var plan Plan
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		plan.Writes = append(plan.Writes, reconcileSlices(service, wanted[key], existing[key])...)
		delete(existing, key)
	}
	for _, key := range slices.Sorted(maps.Keys(existing)) {
		for _, slice := range existing[key] {
			plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: slice, Tolerate: []string{"NotFound"}})
		}
	}
	return plan
}

// portGroup are the endpoints whose ports are the same, which share slices.
type portGroup struct {
	ports     []discoveryv1.EndpointPort
	endpoints []discoveryv1.Endpoint
}

// reconcileSlices changes as few slices as it can: endpoints stay in the slice they are in, new ones fill up slices that
// change anyway or have room, and only what is left over gets new slices.
func reconcileSlices(service *corev1.Service, group *portGroup, existing []*discoveryv1.EndpointSlice) []Write {
	left := make(map[string]discoveryv1.Endpoint, len(group.endpoints))
	order := make([]string, 0, len(group.endpoints))
	for _, endpoint := range group.endpoints {
		key := endpointKey(endpoint)
		left[key] = endpoint
		order = append(order, key)
	}
	kept := make([][]discoveryv1.Endpoint, len(existing))
	for i, slice := range existing {
		for _, endpoint := range slice.Endpoints {
			key := endpointKey(endpoint)
			if now, wanted := left[key]; wanted {
				kept[i] = append(kept[i], now)
				delete(left, key)
			}
		}
	}
	order = slices.DeleteFunc(order, func(key string) bool { _, open := left[key]; return !open })
	next := func(room int) (taken []discoveryv1.Endpoint) {
		for len(order) > 0 && len(taken) < room {
			taken = append(taken, left[order[0]])
			order = order[1:]
		}
		return taken
	}
	var writes []Write
	remaining := len(existing)
	for i, slice := range existing {
		kept[i] = append(kept[i], next(maxEndpointsPerSlice-len(kept[i]))...)
		if len(kept[i]) == 0 && remaining > 1 {
			remaining--
			writes = append(writes, Write{Verb: Delete, Object: slice, Tolerate: []string{"NotFound"}})
			continue
		}
		changed := newSlice(service, group.ports, kept[i])
		if sameSlice(slice, changed) {
			continue
		}
		updated := slice.DeepCopy()
		updated.Labels, updated.Endpoints, updated.Ports = changed.Labels, changed.Endpoints, changed.Ports
		writes = append(writes, Write{Verb: Update, Object: updated})
	}
	for first := len(existing) == 0; first || len(order) > 0; first = false {
		writes = append(writes, Write{Verb: Create, Object: newSlice(service, group.ports, next(maxEndpointsPerSlice))})
	}
	return writes
}

func sameSlice(a, b *discoveryv1.EndpointSlice) bool {
	return maps.Equal(a.Labels, b.Labels) && len(a.Endpoints) == len(b.Endpoints) && apiequality.Semantic.DeepEqual(a.Endpoints, b.Endpoints)
}

func newSlice(service *corev1.Service, ports []discoveryv1.EndpointPort, endpoints []discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	sliceLabels := maps.Clone(service.Labels)
	if sliceLabels == nil {
		sliceLabels = map[string]string{}
	}
	sliceLabels[discoveryv1.LabelServiceName] = service.Name
	sliceLabels[discoveryv1.LabelManagedBy] = endpointSliceManager
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		sliceLabels[corev1.IsHeadlessService] = ""
	}
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: service.Namespace, GenerateName: service.Name + "-", Labels: sliceLabels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(service, corev1.SchemeGroupVersion.WithKind("Service"))},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   endpoints,
		Ports:       ports,
	}
}

// endpointOf is a Pod as the Service's endpoint. A Pod that is terminating is not ready, whatever it says
// (upstream: k8s.io/endpointslice utils.go podToEndpoint).
func endpointOf(service *corev1.Service, pod *corev1.Pod) discoveryv1.Endpoint {
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
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
		endpoint.Hostname = ptr.To(pod.Spec.Hostname)
	}
	return endpoint
}

func endpointKey(endpoint discoveryv1.Endpoint) string {
	if endpoint.TargetRef != nil {
		return string(endpoint.TargetRef.UID)
	}
	return strings.Join(endpoint.Addresses, ",")
}

// slicePorts are the Service's ports as the Pod has them; a named target port that the Pod does not declare is left out. Without
// a Pod, ports with a number are given.
func slicePorts(service *corev1.Service, pod *corev1.Pod) []discoveryv1.EndpointPort {
	var ports []discoveryv1.EndpointPort
	for i := range service.Spec.Ports {
		port := &service.Spec.Ports[i]
		number, found := targetPort(port, pod)
		if !found {
			continue
		}
		ports = append(ports, discoveryv1.EndpointPort{
			Name: ptr.To(port.Name), Protocol: ptr.To(port.Protocol), Port: ptr.To(number), AppProtocol: port.AppProtocol,
		})
	}
	return ports
}

// targetPort resolves the target of a Service's port in a Pod (upstream: k8s.io/endpointslice FindPort). A headless Service's port
// has a target as well: clients learn it from SRV records.
func targetPort(port *corev1.ServicePort, pod *corev1.Pod) (int32, bool) {
	if port.TargetPort.StrVal == "" {
		if port.TargetPort.IntVal == 0 {
			return port.Port, true
		}
		return port.TargetPort.IntVal, true
	}
	if pod == nil {
		return 0, false
	}
	for _, container := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		for _, declared := range container.Ports {
			if declared.Name == port.TargetPort.StrVal && declared.Protocol == port.Protocol {
				return declared.ContainerPort, true
			}
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
