package control

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

const (
	endpointsLatency = 10 * time.Millisecond
	maxEndpoints     = 1000 // upstream's maxCapacity
)

// endpointsLoop keeps the Endpoints object of every Service that has a selector (upstream: pkg/controller/endpoint): the older form of
// what EndpointSlices say, with at most 1000 addresses.
func endpointsLoop() Loop {
	return Loop{Name: "endpoints", Latency: endpointsLatency, Wakes: wakeEndpoints, Sync: syncEndpoints}
}

func syncEndpoints(in Input) Plan {
	current, exists := store.Get[*corev1.Endpoints](in.View, in.Key.Namespace, in.Key.Name) //nolint:staticcheck // the older form is what is kept here
	service, found := store.Get[*corev1.Service](in.View, in.Key.Namespace, in.Key.Name)
	switch {
	case !found && exists && current.Labels[managedByEndpoints] == "endpoint-controller":
		return Plan{Writes: []Write{{Verb: Delete, Object: current, Tolerate: []string{"NotFound"}}}}
	case !found || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName:
		return Plan{}
	}
	wanted := endpointsOf(in.View, service)
	if !exists {
		return Plan{Writes: []Write{{Verb: Create, Object: wanted, Tolerate: []string{"AlreadyExists"}}}}
	}
	if maps.Equal(current.Labels, wanted.Labels) && apiequality.Semantic.DeepEqual(current.Subsets, wanted.Subsets) {
		return Plan{}
	}
	changed := current.DeepCopy()
	changed.Labels, changed.Subsets = wanted.Labels, wanted.Subsets
	return Plan{Writes: []Write{{Verb: Update, Object: changed}}}
}

// managedByEndpoints marks the objects that this loop made, since 1.33.
const managedByEndpoints = "endpoints.kubernetes.io/managed-by"

func endpointsOf(view store.View, service *corev1.Service) *corev1.Endpoints { //nolint:staticcheck // see syncEndpoints
	marks := maps.Clone(service.Labels)
	if marks == nil {
		marks = map[string]string{}
	}
	marks[managedByEndpoints] = "endpoint-controller"
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		marks[corev1.IsHeadlessService] = ""
	}
	endpoints := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name, Labels: marks}} //nolint:staticcheck // see syncEndpoints
	selector := labels.SelectorFromSet(service.Spec.Selector)
	subsets := map[string]*corev1.EndpointSubset{} //nolint:staticcheck // see syncEndpoints
	count := 0
	for pod := range store.List[*corev1.Pod](view, service.Namespace) {
		if !selector.Matches(labels.Set(pod.Labels)) || podEnded(pod) || pod.Status.PodIP == "" || count == maxEndpoints {
			continue
		}
		if pod.DeletionTimestamp != nil && !service.Spec.PublishNotReadyAddresses {
			continue
		}
		count++
		addSubset(subsets, service, pod)
	}
	for _, key := range slices.Sorted(maps.Keys(subsets)) {
		endpoints.Subsets = append(endpoints.Subsets, *subsets[key])
	}
	return endpoints
}

func addSubset(subsets map[string]*corev1.EndpointSubset, service *corev1.Service, pod *corev1.Pod) { //nolint:staticcheck // see syncEndpoints
	ports := slicePorts(service, pod)
	key := portsKey(ports)
	subset := subsets[key]
	if subset == nil {
		subset = &corev1.EndpointSubset{} //nolint:staticcheck // see syncEndpoints
		for _, port := range ports {
			subset.Ports = append(subset.Ports, corev1.EndpointPort{Name: *port.Name, Port: *port.Port, Protocol: *port.Protocol, AppProtocol: port.AppProtocol}) //nolint:staticcheck // see syncEndpoints
		}
		subsets[key] = subset
	}
	address := corev1.EndpointAddress{ //nolint:staticcheck // see syncEndpoints
		IP: pod.Status.PodIP, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	if pod.Spec.NodeName != "" {
		address.NodeName = &pod.Spec.NodeName
	}
	if pod.Spec.Hostname != "" && pod.Spec.Subdomain == service.Name {
		address.Hostname = pod.Spec.Hostname
	}
	if service.Spec.PublishNotReadyAddresses || podReady(pod) {
		subset.Addresses = append(subset.Addresses, address)
	} else {
		subset.NotReadyAddresses = append(subset.NotReadyAddresses, address)
	}
}
