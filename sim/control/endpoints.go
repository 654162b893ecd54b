package control

import (
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
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
	current, exists := store.Get[*corev1.Endpoints](in.View, in.Key.Namespace, in.Key.Name)
	service, found := store.Get[*corev1.Service](in.View, in.Key.Namespace, in.Key.Name)
	switch {
	case !found && exists:
		return Plan{Writes: []Write{{Verb: Delete, Object: current, Tolerate: []string{"NotFound"}}}}
	case !found || len(service.Spec.Selector) == 0 || service.Spec.Type == corev1.ServiceTypeExternalName:
		return Plan{}
	}
	wanted := &corev1.Endpoints{ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name}}
	if exists {
		wanted = current.DeepCopy()
	}
	wanted.Labels = endpointsLabels(service, in.Settings.Release)
	wanted.Subsets = subsetsOf(in.View, service)
	delete(wanted.Annotations, corev1.EndpointsOverCapacity)
	if truncateSubsets(wanted.Subsets) {
		if wanted.Annotations == nil {
			wanted.Annotations = map[string]string{}
		}
		wanted.Annotations[corev1.EndpointsOverCapacity] = "truncated"
	}
	switch {
	case !exists:
		return Plan{Writes: []Write{{Verb: Create, Object: wanted, Tolerate: []string{"AlreadyExists"}}}}
	case maps.Equal(current.Labels, wanted.Labels) && maps.Equal(current.Annotations, wanted.Annotations) && api.Equal(current.Subsets, wanted.Subsets):
		return Plan{}
	}
	return Plan{Writes: []Write{{Verb: Update, Object: wanted}}}
}

// managedByEndpoints marks the objects that this loop made, since 1.33.
const managedByEndpoints = "endpoints.kubernetes.io/managed-by"

func endpointsLabels(service *corev1.Service, release api.Release) map[string]string {
	marks := maps.Clone(service.Labels)
	if marks == nil {
		marks = map[string]string{}
	}
	delete(marks, corev1.IsHeadlessService)
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		marks[corev1.IsHeadlessService] = ""
	}
	if release.AtLeast(33) {
		marks[managedByEndpoints] = "endpoint-controller"
	}
	return marks
}

// subsetsOf are the addresses of the Service's Pods, together where their ports are the same (upstream: RepackSubsets in
// pkg/api/v1/endpoints): each port has its addresses, and ports with the same addresses share a subset.
func subsetsOf(view store.View, service *corev1.Service) (subsets []corev1.EndpointSubset) {
	ports := service.Spec.Ports
	if len(ports) == 0 && service.Spec.ClusterIP == corev1.ClusterIPNone {
		ports = []corev1.ServicePort{{}} // the addresses alone
	}
	byPort := map[corev1.EndpointPort]*corev1.EndpointSubset{}
	var order []corev1.EndpointPort
	for _, pod := range endpointPods(view, service) {
		for i := range ports {
			number, found := targetPort(&ports[i], pod)
			if !found {
				continue
			}
			port := corev1.EndpointPort{Name: ports[i].Name, Port: number, Protocol: ports[i].Protocol, AppProtocol: ports[i].AppProtocol}
			if byPort[port] == nil {
				byPort[port] = &corev1.EndpointSubset{}
				order = append(order, port)
			}
			addAddress(byPort[port], service, pod)
		}
	}
	for _, port := range order {
		subset := byPort[port]
		at := slices.IndexFunc(subsets, func(other corev1.EndpointSubset) bool {
			return api.Equal(other.Addresses, subset.Addresses) && api.Equal(other.NotReadyAddresses, subset.NotReadyAddresses)
		})
		if at < 0 {
			subsets, at = append(subsets, *subset), len(subsets)
		}
		if port.Port != 0 {
			subsets[at].Ports = append(subsets[at].Ports, port)
		}
	}
	return subsets
}

// endpointPods are the Pods that Endpoints list, in the order of their addresses.
func endpointPods(view store.View, service *corev1.Service) (pods []*corev1.Pod) {
	for pod := range store.List[*corev1.Pod](view, service.Namespace) {
		leaving := pod.DeletionTimestamp != nil && !service.Spec.PublishNotReadyAddresses
		if selectsPod(service, pod) && !podEnded(pod) && pod.Status.PodIP != "" && !leaving {
			pods = append(pods, pod)
		}
	}
	slices.SortStableFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Status.PodIP, b.Status.PodIP) })
	return pods
}

func addAddress(subset *corev1.EndpointSubset, service *corev1.Service, pod *corev1.Pod) {
	address := corev1.EndpointAddress{
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

// truncateSubsets keeps maxEndpoints addresses, the ready ones first, and says whether there were more.
func truncateSubsets(subsets []corev1.EndpointSubset) (truncated bool) {
	room := maxEndpoints
	cut := func(addresses []corev1.EndpointAddress) []corev1.EndpointAddress {
		kept := addresses[:min(room, len(addresses))]
		truncated = truncated || len(kept) < len(addresses)
		room -= len(kept)
		return kept
	}
	for i := range subsets {
		subsets[i].Addresses = cut(subsets[i].Addresses)
	}
	for i := range subsets {
		subsets[i].NotReadyAddresses = cut(subsets[i].NotReadyAddresses)
	}
	return truncated
}
