package control

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// newEndpointWorld has the node node-1 and the Service web, which is headless, selects app=web, and targets the port named web.
func newEndpointWorld(t testing.TB, change func(*corev1.Service)) *loopWorld {
	t.Helper()
	w := newLoopWorld(t, endpointSliceLoop(), endpointsLoop())
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", Labels: map[string]string{"tier": "front"}},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app": "web"},
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("web")}},
		},
	}
	if change != nil {
		change(service)
	}
	w.create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: map[string]string{corev1.LabelTopologyZone: "z1"}}}, service)
	w.run(time.Second)
	return w
}

func backend(name string, port int32) *corev1.Pod {
	container := corev1.Container{Name: "c", Image: "i"}
	if port > 0 {
		container.Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: port}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{container}, Hostname: name, Subdomain: "web"},
	}
}

// slicesOf prints the slices: ports, and endpoints with what is True of their conditions (ready, serving, terminating).
func (w *loopWorld) slicesOf() (lines []string) {
	for slice := range store.List[*discoveryv1.EndpointSlice](w.db.View(), "default") {
		line := ""
		for _, port := range slice.Ports {
			line += fmt.Sprintf("%s:%d ", *port.Name, *port.Port)
		}
		for _, endpoint := range slice.Endpoints {
			line += endpoint.TargetRef.Name + ":"
			for i, condition := range []*bool{endpoint.Conditions.Ready, endpoint.Conditions.Serving, endpoint.Conditions.Terminating} {
				if ptr.Deref(condition, false) {
					line += "rst"[i : i+1]
				}
			}
			line += " "
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	slices.Sort(lines)
	return lines
}

// endpointsObject prints the Endpoints, which are in the order of addresses as text: per subset ready names, not ready ones in parentheses, ports.
func (w *loopWorld) endpointsObject() string {
	endpoints, found := store.Get[*corev1.Endpoints](w.db.View(), "default", "web")
	if !found {
		return "none"
	}
	var parts []string
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			parts = append(parts, address.TargetRef.Name)
		}
		for _, address := range subset.NotReadyAddresses {
			parts = append(parts, "("+address.TargetRef.Name+")")
		}
		for _, port := range subset.Ports {
			parts = append(parts, fmt.Sprintf("%s:%d", port.Name, port.Port))
		}
	}
	return strings.Join(parts, " ")
}

func TestEndpointLife(t *testing.T) {
	w := newEndpointWorld(t, nil)
	check := func(what, wantSlices, wantEndpoints string) {
		t.Helper()
		w.run(time.Second)
		if found := strings.Join(w.slicesOf(), " | "); found != wantSlices {
			t.Errorf("%s: slices %q, want %q", what, found, wantSlices)
		}
		if found := w.endpointsObject(); found != wantEndpoints {
			t.Errorf("%s: Endpoints %q, want %q", what, found, wantEndpoints)
		}
	}
	check("no Pods: a placeholder", "", "")
	if placeholder := slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default")); len(placeholder) != 1 ||
		labelled(placeholder[0].Labels) != "endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io kubernetes.io/service-name=web service.kubernetes.io/headless= tier=front" {
		t.Errorf("placeholder %v", placeholder)
	}
	name := slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default"))[0].Name

	w.create(backend("web-0", 8080))
	check("a Pod without an address", "", "")
	w.become("web-0", corev1.PodRunning, false)
	check("not ready", "http:8080 web-0:", "(web-0) http:8080")
	slice := slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default"))[0]
	if endpoint := slice.Endpoints[0]; slice.Name != name || *endpoint.Hostname != "web-0" || *endpoint.NodeName != "node-1" || *endpoint.Zone != "z1" {
		t.Errorf("slice %s, before %s; endpoint %+v", slice.Name, name, endpoint)
	}
	w.become("web-0", corev1.PodRunning, true)
	check("ready", "http:8080 web-0:rs", "web-0 http:8080")
	w.remove("Pod", "web-0", metav1.DeleteOptions{})
	check("terminating", "http:8080 web-0:st", "")
	w.end("web-0")
	check("gone", "", "")

	w.create(backend("web-1", 0))
	w.become("web-1", corev1.PodRunning, true)
	check("a Pod without a port of that name", "web-1:rs", "")
	w.become("web-1", corev1.PodFailed, false)
	check("failed", "", "")
}

func TestEndpointKinds(t *testing.T) {
	for _, c := range []struct {
		what              string
		service           func(*corev1.Service)
		pods              []*corev1.Pod
		ready             bool
		slices, endpoints string
	}{
		{"not ready addresses are published", func(s *corev1.Service) { s.Spec.PublishNotReadyAddresses = true }, []*corev1.Pod{backend("a", 80)}, false,
			"http:80 a:r", "a http:80"},
		{"no ports", func(s *corev1.Service) { s.Spec.Ports = nil }, []*corev1.Pod{backend("a", 80)}, true, "a:rs", "a"},
		{"a port by number", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort = intstr.FromInt32(7) }, []*corev1.Pod{backend("a", 80)}, true, "http:7 a:rs", "a http:7"},
		{"ports that differ", nil, []*corev1.Pod{backend("a", 80), backend("b", 81), backend("c", 80)}, true, "http:80 a:rs c:rs | http:81 b:rs", "b http:81 c a http:80"},
		{"two ports, of which one Pod has one", func(s *corev1.Service) {
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "admin", Port: 9, TargetPort: intstr.FromInt32(9)})
		}, []*corev1.Pod{backend("a", 80), backend("b", 0)}, true, "admin:9 b:rs | http:80 admin:9 a:rs", "b a admin:9 a http:80"},
		{"no selector", func(s *corev1.Service) { s.Spec.Selector = nil }, []*corev1.Pod{backend("a", 80)}, true, "", "none"},
		{"an external name", func(s *corev1.Service) {
			s.Spec.Type, s.Spec.ExternalName, s.Spec.ClusterIP = corev1.ServiceTypeExternalName, "example.com", ""
		}, []*corev1.Pod{backend("a", 80)}, true, "", "none"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newEndpointWorld(t, c.service)
			for _, pod := range c.pods {
				w.create(pod)
				w.become(pod.Name, corev1.PodRunning, c.ready)
			}
			w.run(time.Second)
			if found := strings.Join(w.slicesOf(), " | "); found != c.slices {
				t.Errorf("slices %q, want %q", found, c.slices)
			}
			if found := w.endpointsObject(); found != c.endpoints {
				t.Errorf("Endpoints %q, want %q", found, c.endpoints)
			}
		})
	}
}

// A name of its own is only for Pods whose subdomain is the Service.
func TestEndpointHostnames(t *testing.T) {
	w := newEndpointWorld(t, nil)
	stranger := backend("a", 80)
	stranger.Spec.Subdomain = "other"
	w.create(stranger)
	w.become("a", corev1.PodRunning, true)
	w.run(time.Second)
	slice := slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default"))[0]
	if slice.Endpoints[0].Hostname != nil {
		t.Errorf("hostname %s", *slice.Endpoints[0].Hostname)
	}
}

// A slice holds a hundred endpoints, and a change of one Pod writes one slice.
func TestManyEndpoints(t *testing.T) {
	w := newEndpointWorld(t, nil)
	const count = 250
	for i := range count {
		name := fmt.Sprintf("web-%d", i)
		w.create(backend(name, 80))
		w.become(name, corev1.PodRunning, true)
	}
	w.run(time.Second)
	sizes := func() (sizes []int) {
		for slice := range store.List[*discoveryv1.EndpointSlice](w.db.View(), "default") {
			sizes = append(sizes, len(slice.Endpoints))
		}
		slices.Sort(sizes)
		return sizes
	}
	if found := fmt.Sprint(sizes()); found != "[50 100 100]" {
		t.Errorf("slices of %s", found)
	}
	written := func(what string, want int) {
		t.Helper()
		w.taken()
		w.run(time.Second)
		var found []string
		for _, write := range w.taken() {
			if strings.Contains(write, "EndpointSlice") {
				found = append(found, write)
			}
		}
		if len(found) != want {
			t.Errorf("%s: %q, want %d writes", what, found, want)
		}
	}
	w.become("web-7", corev1.PodRunning, false)
	written("one is not ready", 1)
	w.become("web-7", corev1.PodRunning, false)
	written("a change that does not show", 0)
	for slice := range store.List[*discoveryv1.EndpointSlice](w.db.View(), "default") {
		if len(slice.Endpoints) < 100 {
			continue
		}
		for _, endpoint := range slice.Endpoints[:30] {
			w.end(endpoint.TargetRef.Name)
		}
		break
	}
	written("thirty of one slice go", 1)
	for i := range 60 {
		name := fmt.Sprintf("new-%d", i)
		w.create(backend(name, 80))
		w.become(name, corev1.PodRunning, true)
	}
	written("sixty come: no slice has room for all", 1)
	if found := fmt.Sprint(sizes()); found != "[50 60 70 100]" {
		t.Errorf("slices of %s", found)
	}
}

// Endpoints hold a thousand addresses, the ready ones first.
func TestEndpointsOverCapacity(t *testing.T) {
	address := func(count int) []corev1.EndpointAddress { return make([]corev1.EndpointAddress, count) }
	for _, c := range []struct{ ready, unready, wantReady, wantUnready int }{{10, 10, 10, 10}, {990, 20, 990, 10}, {1200, 20, 1000, 0}} {
		subsets := []corev1.EndpointSubset{{Addresses: address(c.ready), NotReadyAddresses: address(c.unready)}}
		truncated := truncateSubsets(subsets)
		if ready, unready := len(subsets[0].Addresses), len(subsets[0].NotReadyAddresses); ready != c.wantReady || unready != c.wantUnready || truncated != (c.ready+c.unready > maxEndpoints) {
			t.Errorf("%+v: %d and %d left, truncated %v", c, ready, unready, truncated)
		}
	}
}

// What the loops made goes with the Service, and comes back when somebody deletes it.
func TestEndpointsFollowTheService(t *testing.T) {
	w := newEndpointWorld(t, nil)
	w.loops = append(w.loops, garbageCollectorLoop())
	w.create(backend("a", 80))
	w.become("a", corev1.PodRunning, true)
	w.run(time.Second)
	w.remove("Endpoints", "web", metav1.DeleteOptions{})
	for slice := range store.List[*discoveryv1.EndpointSlice](w.db.View(), "default") {
		w.remove("EndpointSlice", slice.Name, metav1.DeleteOptions{})
	}
	w.run(time.Second)
	if found := w.endpointsObject() + " | " + strings.Join(w.slicesOf(), " | "); found != "a http:80 | http:80 a:rs" {
		t.Errorf("after deletion: %q", found)
	}
	service, _ := store.Get[*corev1.Service](w.db.View(), "default", "web")
	service = service.DeepCopy()
	service.Labels = map[string]string{"tier": "back"}
	w.update(service, "")
	w.run(time.Second)
	for slice := range store.List[*discoveryv1.EndpointSlice](w.db.View(), "default") {
		if slice.Labels["tier"] != "back" {
			t.Errorf("labels %s", labelled(slice.Labels))
		}
	}
	w.remove("Service", "web", metav1.DeleteOptions{})
	w.run(time.Second)
	if found := w.endpointsObject() + strings.Join(w.slicesOf(), " | "); found != "none" {
		t.Errorf("without the Service: %q", found)
	}
}

// Before 1.33 nobody marked the Endpoints.
func TestEndpointsLabels(t *testing.T) {
	w := newEndpointWorld(t, nil)
	service, _ := store.Get[*corev1.Service](w.db.View(), "default", "web")
	for release, want := range map[string]string{
		"1.32": "service.kubernetes.io/headless= tier=front",
		"1.33": "endpoints.kubernetes.io/managed-by=endpoint-controller service.kubernetes.io/headless= tier=front",
	} {
		parsed, err := api.ParseRelease(release)
		w.must(err)
		if found := labelled(endpointsLabels(service, parsed)); found != want {
			t.Errorf("%s: %s", release, found)
		}
	}
}

// A Service that is deleted with --cascade=orphan leaves its slices behind. The next one of the name removes them, and makes its own.
func TestSlicesOfAFormerService(t *testing.T) {
	w := newEndpointWorld(t, nil)
	left := slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default"))[0].DeepCopy()
	service, _ := store.Get[*corev1.Service](w.db.View(), "default", "web")
	again := service.DeepCopy()
	again.UID, again.ResourceVersion = "", ""
	w.remove("Service", "web", metav1.DeleteOptions{})
	w.remove("EndpointSlice", left.Name, metav1.DeleteOptions{})
	left.UID, left.ResourceVersion, left.OwnerReferences = "", "", nil
	left.Endpoints = []discoveryv1.Endpoint{{Addresses: []string{"10.1.1.1"}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: "web-9"}}}
	w.create(left)
	w.run(time.Second)
	if got := strings.Join(w.slicesOf(), " | "); got != "web-9:" {
		t.Fatalf("left behind: %s", got)
	}
	w.create(again)
	w.run(time.Second)
	if got := strings.Join(w.slicesOf(), " | "); got != "" {
		t.Errorf("beside the new Service's: %s", got)
	}
	if got := len(slices.Collect(store.List[*discoveryv1.EndpointSlice](w.db.View(), "default"))); got != 1 {
		t.Errorf("%d slices", got)
	}
}
