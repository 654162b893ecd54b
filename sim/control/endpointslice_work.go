package control

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/sim/api"
)

// sliceWork are the slices of a Service that have to be written (upstream: k8s.io/endpointslice reconciler.go).
type sliceWork struct {
	create, update, remove []*discoveryv1.EndpointSlice
	strangers              []*discoveryv1.EndpointSlice // have the Service's name, but another owner or none: they are removed, and not used again
}

// reconcile writes as few slices as it can: endpoints stay in the slice they are in, new ones fill up slices that change anyway, then one
// slice that has room for all that are left, and otherwise go into new slices.
func (w *sliceWork) reconcile(service *corev1.Service, group *portGroup, existing []*discoveryv1.EndpointSlice) {
	wanted := make(map[string]*discoveryv1.Endpoint, len(group.endpoints))
	for i := range group.endpoints {
		wanted[endpointKey(group.endpoints[i])] = &group.endpoints[i]
	}
	var changed, unchanged []*discoveryv1.EndpointSlice
	labels := sliceLabels(service)
	for _, slice := range existing {
		kept := make([]discoveryv1.Endpoint, 0, len(slice.Endpoints))
		for _, endpoint := range slice.Endpoints {
			key := endpointKey(endpoint)
			if now := wanted[key]; now != nil {
				kept = append(kept, *now)
				delete(wanted, key)
			}
		}
		switch same := len(kept) == len(slice.Endpoints) && api.Equal(kept, slice.Endpoints); {
		case same && maps.Equal(labels, slice.Labels):
			unchanged = append(unchanged, slice)
		case !same && len(kept) == 0:
			w.remove = append(w.remove, slice)
		default:
			changed = append(changed, withEndpoints(slice, kept, labels))
		}
	}
	left := slices.DeleteFunc(slices.Clone(group.endpoints), func(endpoint discoveryv1.Endpoint) bool { return wanted[endpointKey(endpoint)] == nil })
	fill := func(slice *discoveryv1.EndpointSlice) {
		count := min(len(left), max(0, maxEndpointsPerSlice-len(slice.Endpoints)))
		slice.Endpoints = append(slice.Endpoints, left[:count]...)
		left = left[count:]
	}
	slices.SortStableFunc(changed, func(a, b *discoveryv1.EndpointSlice) int { return len(b.Endpoints) - len(a.Endpoints) })
	for _, slice := range changed {
		fill(slice)
	}
	if roomy := fullest(unchanged, len(left)); roomy != nil {
		roomy = withEndpoints(roomy, slices.Clone(roomy.Endpoints), labels)
		fill(roomy)
		changed = append(changed, roomy)
	}
	for len(left) > 0 {
		slice := newSlice(service, group.ports, nil)
		fill(slice)
		w.create = append(w.create, slice)
	}
	w.update = append(w.update, changed...)
}

// fullest is the slice with the least room among those with room for so many endpoints; nil when there is none.
func fullest(all []*discoveryv1.EndpointSlice, endpoints int) (found *discoveryv1.EndpointSlice) {
	if endpoints == 0 {
		return nil
	}
	for _, slice := range all {
		if len(slice.Endpoints)+endpoints <= maxEndpointsPerSlice && (found == nil || len(slice.Endpoints) > len(found.Endpoints)) {
			found = slice
		}
	}
	return found
}

func withEndpoints(slice *discoveryv1.EndpointSlice, endpoints []discoveryv1.Endpoint, labels map[string]string) *discoveryv1.EndpointSlice {
	changed := *slice // the ports are shared, and never changed in place
	changed.Endpoints, changed.Labels = endpoints, labels
	return &changed
}

// keepOne makes the placeholder: a Service has at least one slice, if need be without endpoints and ports.
func (w *sliceWork) keepOne(service *corev1.Service, existing int) {
	if len(w.remove) < existing || len(w.create) > 0 {
		return
	}
	if existing == 1 && len(w.strangers) == 0 && len(w.remove[0].Endpoints) == 0 && len(w.remove[0].Ports) == 0 && maps.Equal(w.remove[0].Labels, sliceLabels(service)) {
		w.remove = nil
		return
	}
	w.create = append(w.create, newSlice(service, nil, nil))
}

// writes are the requests. A slice that is to be removed is used again for one that is to be made.
func (w *sliceWork) writes() (writes []Write) {
	for len(w.remove) > 0 && len(w.create) > 0 {
		last := len(w.create) - 1
		reused, made := *w.remove[0], w.create[last]
		reused.Endpoints, reused.Ports, reused.Labels = made.Endpoints, made.Ports, made.Labels
		w.update = append(w.update, &reused)
		w.remove, w.create = w.remove[1:], w.create[:last]
	}
	for _, slice := range w.create {
		writes = append(writes, Write{Verb: Create, Object: slice})
	}
	for _, slice := range w.update {
		writes = append(writes, Write{Verb: Update, Object: slice})
	}
	for _, slice := range append(w.strangers, w.remove...) {
		writes = append(writes, Write{Verb: Delete, Object: slice, Tolerate: []string{"NotFound"}})
	}
	return writes
}
