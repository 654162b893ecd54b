package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/store"
)

// endpointSlices is the control loop that writes what DNS answers from.
const endpointSlices = "endpointslice"

// endpointsWereReady looks at the endpoints that the control loop wrote, and at the Pods as it saw them.
func endpointsWereReady(e *evidence) string {
	if e.record.Who != endpointSlices {
		return ""
	}
	for _, change := range e.record.Changes {
		slice, ok := change.New.(*discoveryv1.EndpointSlice)
		if !ok {
			continue
		}
		service, found := store.Get[*corev1.Service](e.before, slice.Namespace, slice.Labels[discoveryv1.LabelServiceName])
		if !found {
			continue
		}
		for i := range slice.Endpoints {
			if found := e.answered(service, &slice.Endpoints[i]); found != "" {
				return found
			}
		}
	}
	return ""
}

func (e *evidence) answered(service *corev1.Service, endpoint *discoveryv1.Endpoint) string {
	if endpoint.TargetRef == nil || !ptr.Deref(endpoint.Conditions.Ready, true) {
		return ""
	}
	pod, found := store.Get[*corev1.Pod](e.before, service.Namespace, endpoint.TargetRef.Name)
	who := fmt.Sprintf("%s answers with %s, and Pod %s", service.Name, endpoint.Addresses, endpoint.TargetRef.Name)
	switch {
	case !found || pod.UID != endpoint.TargetRef.UID:
		return who + " is gone"
	case len(endpoint.Addresses) != 1 || endpoint.Addresses[0] != pod.Status.PodIP:
		return who + " is at " + pod.Status.PodIP
	case !service.Spec.PublishNotReadyAddresses && (!podReady(pod) || pod.DeletionTimestamp != nil):
		return who + " is not Ready"
	case endpoint.Hostname != nil && (*endpoint.Hostname != pod.Spec.Hostname || pod.Spec.Subdomain != service.Name):
		return who + " has another name than " + *endpoint.Hostname
	}
	return ""
}

// endpointsOfPods compares all endpoints of a Service with its Pods when the control loop has looked at it.
func endpointsOfPods(e *evidence) string {
	if e.record.Who != endpointSlices || e.record.Error != nil {
		return ""
	}
	key := parseKey(e.record.Key)
	service, found := store.Get[*corev1.Service](e.before, key.Namespace, key.Name)
	if !found || !selects(service) || service.DeletionTimestamp != nil {
		return ""
	}
	endpoints := map[string]bool{} // Pod: ready
	for slice := range store.Owned[*discoveryv1.EndpointSlice](e.view, service.UID) {
		for i := range slice.Endpoints {
			endpoint := &slice.Endpoints[i]
			if endpoint.TargetRef == nil {
				continue
			}
			if _, twice := endpoints[endpoint.TargetRef.Name]; twice && slice.AddressType == discoveryv1.AddressTypeIPv4 {
				return fmt.Sprintf("Pod %s is two endpoints of Service %s", endpoint.TargetRef.Name, key)
			}
			endpoints[endpoint.TargetRef.Name] = ptr.Deref(endpoint.Conditions.Ready, true)
		}
	}
	for pod := range store.List[*corev1.Pod](e.before, service.Namespace) {
		if !selected(service, pod) || pod.Status.PodIP == "" || hasEnded(pod) {
			continue
		}
		if _, found := store.Get[*corev1.Node](e.before, "", pod.Spec.NodeName); !found && !service.Spec.PublishNotReadyAddresses {
			continue
		}
		ready, found := endpoints[pod.Name]
		switch want := service.Spec.PublishNotReadyAddresses || podReady(pod) && pod.DeletionTimestamp == nil; {
		case !found:
			return fmt.Sprintf("Pod %s is no endpoint of Service %s", pod.Name, key)
		case ready != want:
			return fmt.Sprintf("Pod %s is an endpoint of Service %s with ready=%t", pod.Name, key, ready)
		}
		delete(endpoints, pod.Name)
	}
	if len(endpoints) > 0 {
		return fmt.Sprintf("Service %s has endpoints that are none of its Pods: %s", key, slices.Sorted(maps.Keys(endpoints)))
	}
	return ""
}

// endpointsFollow looks at the Pods that the event changed: the control loop is about to look at their Services.
func endpointsFollow(e *evidence) string {
	if _, runs := e.loops[endpointSlices]; !runs {
		return ""
	}
	for _, pod := range e.pods {
		if !showsInEndpoints(pod) {
			continue
		}
		subject := pod.new
		if subject == nil {
			subject = pod.old
		}
		for service := range store.List[*corev1.Service](e.view, subject.Namespace) {
			if !selected(service, subject) || service.DeletionTimestamp != nil {
				continue
			}
			due, pending := e.view.Pending(endpointSlices, formatKey(control.Key{Namespace: service.Namespace, Name: service.Name}))
			if !pending || due.When.After(e.record.At.Add(time.Second)) {
				return fmt.Sprintf("nobody is about to tell Service %s of the change of Pod %s", service.Name, api.NameOf(subject))
			}
		}
	}
	return ""
}

// showsInEndpoints says whether the change of a Pod is one of its address, its readiness, or its presence.
func showsInEndpoints(pod changed[*corev1.Pod]) bool {
	switch {
	case pod.new == nil:
		return pod.old.Status.PodIP != ""
	case pod.old == nil:
		return pod.new.Status.PodIP != ""
	}
	return pod.old.Status.PodIP != pod.new.Status.PodIP || pod.new.Status.PodIP != "" &&
		(podReady(pod.old) != podReady(pod.new) || (pod.old.DeletionTimestamp == nil) != (pod.new.DeletionTimestamp == nil) || hasEnded(pod.old) != hasEnded(pod.new))
}

func selects(service *corev1.Service) bool {
	return len(service.Spec.Selector) > 0 && service.Spec.Type != corev1.ServiceTypeExternalName
}

func selected(service *corev1.Service, pod *corev1.Pod) bool {
	if !selects(service) {
		return false
	}
	for key, value := range service.Spec.Selector {
		if is, found := pod.Labels[key]; !found || is != value {
			return false
		}
	}
	return true
}
