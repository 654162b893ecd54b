package registry_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/kernel"
)

// told is what a Service was given.
func told(service *corev1.Service) string {
	var ports []string
	for _, port := range service.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%d:%d", port.Port, port.NodePort))
	}
	return fmt.Sprintf("%s %v %v %s", service.Spec.ClusterIP, service.Spec.ClusterIPs, service.Spec.IPFamilies, strings.Join(ports, ","))
}

func TestServiceAllocation(t *testing.T) {
	for _, c := range []struct{ what, spec, want string }{
		{"an address above the reserved ones", `ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:0"},
		{"a chosen address", `clusterIP: 10.96.0.9, ports: [{port: 80}]`, "10.96.0.9 [10.96.0.9] [IPv4] 80:0"},
		{"headless", `clusterIP: None, selector: {a: b}, ports: [{port: 80}]`, "None [None] [IPv4] 80:0"},
		{"headless without a selector", `clusterIP: None, ports: [{port: 80}]`, "None [None] [IPv4 IPv6] 80:0"},
		{"headless without a selector, one family", `clusterIP: None, ipFamilyPolicy: SingleStack, ports: [{port: 80}]`, "None [None] [IPv4] 80:0"},
		{"an external name", `type: ExternalName, externalName: example.com`, " [] [] "},
		{"node ports above the reserved ones", `type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:30016,81:30017"},
		{"a chosen node port", `type: NodePort, ports: [{port: 80, nodePort: 30005}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:30005"},
		{"one port, two protocols, one node port", `type: NodePort, ports: [{name: u, port: 53, protocol: UDP}, {name: t, port: 53}]`, "10.96.0.17 [10.96.0.17] [IPv4] 53:30016,53:30016"},
		{"the same, chosen for one of them", `type: NodePort, ports: [{name: u, port: 53, protocol: UDP}, {name: t, port: 53, nodePort: 30007}]`, "10.96.0.17 [10.96.0.17] [IPv4] 53:30007,53:30007"},
		{"a load balancer", `type: LoadBalancer, ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:30016"},
		{"a load balancer without node ports", `type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			service := apply(w, &corev1.Service{}, `{metadata: {name: s}, spec: {`+c.spec+`}}`)
			if found := told(service); found != c.want {
				t.Errorf("given %q, want %q", found, c.want)
			}
		})
	}
}

func TestServiceRefusals(t *testing.T) {
	for _, c := range []struct{ what, spec, text string }{
		{"a taken address", `clusterIP: 10.96.0.50, ports: [{port: 80}]`,
			`Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.50"]: failed to allocate IP 10.96.0.50: provided IP is already allocated`},
		{"an address out of range", `clusterIP: 10.97.0.1, ports: [{port: 80}]`,
			`Service "s" is invalid: spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/24`},
		{"no address", `clusterIP: here, ports: [{port: 80}]`, `Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "here": must be a valid IP address`},
		{"IPv6", `clusterIP: "fd00::1", ports: [{port: 80}]`, `Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster`},
		{"the family IPv6", `ipFamilies: [IPv6], ports: [{port: 80}]`, `Service "s" is invalid: spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster`},
		{"both families", `ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]`,
			`Service "s" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services`},
		{"a taken node port", `type: NodePort, ports: [{port: 80, nodePort: 30050}]`, `Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 30050: provided port is already allocated`},
		{"a node port out of range", `type: NodePort, ports: [{port: 80, nodePort: 80}]`,
			`Service "s" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-30099`},
		{"a node port that the type does not have", `ports: [{port: 80, nodePort: 30001}]`,
			"Service \"s\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			apply(w, &corev1.Service{}, `{metadata: {name: first}, spec: {type: NodePort, clusterIP: 10.96.0.50, ports: [{port: 80, nodePort: 30050}]}}`)
			_, err := w.Create(parse(t, &corev1.Service{}, `{metadata: {name: s}, spec: {`+c.spec+`}}`))
			expect(t, err, metav1.StatusReasonInvalid, c.text)
		})
	}
}

func TestServiceUpdates(t *testing.T) {
	for _, c := range []struct{ what, before, after, want string }{
		{"the same manifest again", `ports: [{port: 80}]`, `ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:0"},
		{"to NodePort", `ports: [{port: 80}]`, `type: NodePort, ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:30016"},
		{"NodePort again", `type: NodePort, ports: [{port: 80, nodePort: 30044}]`, `type: NodePort, ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:30044"},
		{"another port", `type: NodePort, ports: [{name: a, port: 80, nodePort: 30044}]`, `type: NodePort, ports: [{name: a, port: 80}, {name: b, port: 81}]`,
			"10.96.0.17 [10.96.0.17] [IPv4] 80:30044,81:30016"},
		{"back to ClusterIP", `type: NodePort, ports: [{port: 80, nodePort: 30044}]`, `type: ClusterIP, ports: [{port: 80, nodePort: 30044}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:0"},
		{"to ExternalName", `ports: [{port: 80}]`, `type: ExternalName, externalName: example.com, ports: [{port: 80}]`, " [] [] 80:0"},
		{"from ExternalName", `type: ExternalName, externalName: example.com`, `type: ClusterIP, ports: [{port: 80}]`, "10.96.0.17 [10.96.0.17] [IPv4] 80:0"},
		{"headless stays", `clusterIP: None, selector: {a: b}, ports: [{port: 80}]`, `selector: {a: b}, ports: [{port: 81}]`, "None [None] [IPv4] 81:0"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			apply(w, &corev1.Service{}, `{metadata: {name: s}, spec: {`+c.before+`}}`)
			if _, err := w.Update(parse(t, &corev1.Service{}, `{metadata: {name: s}, spec: {`+c.after+`}}`), ""); err != nil {
				t.Fatal(err)
			}
			if given := told(found[*corev1.Service](w, "s")); given != c.want {
				t.Errorf("given %q, want %q", given, c.want)
			}
		})
	}
	t.Run("an address is for life", func(t *testing.T) {
		w := newWorld(t)
		apply(w, &corev1.Service{}, `{metadata: {name: s}, spec: {ports: [{port: 80}]}}`)
		_, err := w.Update(parse(t, &corev1.Service{}, `{metadata: {name: s}, spec: {clusterIP: 10.96.0.99, ports: [{port: 80}]}}`), "")
		expect(t, err, metav1.StatusReasonInvalid, `Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set`)
	})
}

// Drawing ends: with another free one where the first is taken, and with an error when all are.
func TestServiceRangesFillUp(t *testing.T) {
	w := newWorld(t)
	w.chooser = kernel.NewTape([]int{5, 5, 5, 5})
	seen := map[string]bool{}
	var err error
	count := 0
	for ; err == nil && count < 300; count++ {
		service := parse(t, &corev1.Service{}, fmt.Sprintf(`{metadata: {name: s%d}, spec: {ports: [{port: 80}]}}`, count))
		if _, err = w.Create(service); err == nil && seen[service.Spec.ClusterIP] {
			t.Fatalf("%s twice", service.Spec.ClusterIP)
		}
		seen[service.Spec.ClusterIP] = true
	}
	expect(t, err, metav1.StatusReasonInternalError, `Internal error occurred: failed to allocate a serviceIP for Service "s254": range is full`)
	if seen["10.96.0.0"] || seen["10.96.0.255"] {
		t.Error("the addresses of the network and of broadcast are no host's")
	}
	w = newWorld(t)
	for count, err = 0, nil; err == nil && count < 200; count++ {
		_, err = w.Create(parse(t, &corev1.Service{}, fmt.Sprintf(`{metadata: {name: s%d}, spec: {type: NodePort, ports: [{port: 80}]}}`, count)))
	}
	expect(t, err, metav1.StatusReasonInternalError, `Internal error occurred: failed to allocate a nodePort: range is full`)
	if count != 101 {
		t.Errorf("%d of 100 node ports were given", count-1)
	}
}
