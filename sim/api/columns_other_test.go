package api

import (
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestPodDisruptionBudgetRows(t *testing.T) {
	budget := func(least, most *intstr.IntOrString) *policyv1.PodDisruptionBudget {
		return &policyv1.PodDisruptionBudget{ObjectMeta: aged("web"),
			Spec:   policyv1.PodDisruptionBudgetSpec{MinAvailable: least, MaxUnavailable: most},
			Status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: 1}}
	}
	checkRows(t, "PodDisruptionBudget", []checkRow{
		{"a number that must be there", budget(ptr.To(intstr.FromInt32(2)), nil), "web | 2 | N/A | 1 | 5m"},
		{"a share that may be missing", budget(nil, ptr.To(intstr.FromString("20%"))), "web | N/A | 20% | 1 | 5m"},
	})
}

func TestEndpointSliceRows(t *testing.T) {
	slice := func(ports []discoveryv1.EndpointPort, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{ObjectMeta: aged("web-x7"), AddressType: discoveryv1.AddressTypeIPv4, Ports: ports, Endpoints: endpoints}
	}
	port := func(number *int32, name *string) discoveryv1.EndpointPort {
		return discoveryv1.EndpointPort{Port: number, Name: name}
	}
	web := port(ptr.To[int32](80), ptr.To("web"))
	checkRows(t, "EndpointSlice", []checkRow{
		{"an empty slice", slice(nil), "web-x7 | IPv4 | <unset> | <unset> | 5m"},
		{"addresses that are not ready are shown too", slice([]discoveryv1.EndpointPort{web}, discoveryv1.Endpoint{
			Addresses: []string{"10.0.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false)},
		}), "web-x7 | IPv4 | 80 | 10.0.0.1 | 5m"},
		{"a port without a number is its name, and any port without a name",
			slice([]discoveryv1.EndpointPort{port(nil, ptr.To("web")), port(nil, nil)}), "web-x7 | IPv4 | web,* | <unset> | 5m"},
		{"the first three of many", slice([]discoveryv1.EndpointPort{web, web, web, web, web},
			discoveryv1.Endpoint{Addresses: []string{"10.0.0.1", "10.0.0.2"}}, discoveryv1.Endpoint{Addresses: []string{"10.0.0.3"}},
			discoveryv1.Endpoint{Addresses: []string{"10.0.0.4"}}),
			"web-x7 | IPv4 | 80,80,80 + 2 more... | 10.0.0.1,10.0.0.2,10.0.0.3 + 1 more... | 5m"},
	})
}

func TestLeaseAndPriorityClassRows(t *testing.T) {
	checkRows(t, "Lease", []checkRow{
		{"held", &coordinationv1.Lease{ObjectMeta: aged("leader"), Spec: coordinationv1.LeaseSpec{HolderIdentity: ptr.To("one")}}, "leader | one | 5m"},
		{"free", &coordinationv1.Lease{ObjectMeta: aged("leader")}, "leader |  | 5m"},
	})
	checkRows(t, "PriorityClass", []checkRow{
		{"the default class of pods", &schedulingv1.PriorityClass{ObjectMeta: aged("high"), Value: 1000, GlobalDefault: true,
			PreemptionPolicy: ptr.To(corev1.PreemptNever)}, "high | 1000 | true | 5m | Never"},
		{"a class without a policy", &schedulingv1.PriorityClass{ObjectMeta: aged("low"), Value: -5}, "low | -5 | false | 5m | "},
	})
}

func TestBindingRows(t *testing.T) {
	subjects := []rbacv1.Subject{
		{Kind: "User", Name: "jane"}, {Kind: "ServiceAccount", Namespace: "shop", Name: "robot"},
		{Kind: "Group", Name: "admins"}, {Kind: "User", Name: "joe"}, {Kind: "Robot", Name: "unheard-of"},
	}
	checkRows(t, "RoleBinding", []checkRow{
		{"subjects are sorted into their columns", &rbacv1.RoleBinding{ObjectMeta: aged("read"), Subjects: subjects,
			RoleRef: rbacv1.RoleRef{Kind: "Role", Name: "reader"}}, "read | Role/reader | 5m | [jane, joe] | [admins] | [shop/robot]"},
	})
	checkRows(t, "ClusterRoleBinding", []checkRow{
		{"nobody is bound", &rbacv1.ClusterRoleBinding{ObjectMeta: aged("read"),
			RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "view"}}, "read | ClusterRole/view | 5m | [] | [] | []"},
	})
}

func TestIngressAndNetworkPolicyRows(t *testing.T) {
	ingress := func(hosts ...string) *networkingv1.Ingress {
		result := &networkingv1.Ingress{ObjectMeta: aged("web")}
		for _, host := range hosts {
			result.Spec.Rules = append(result.Spec.Rules, networkingv1.IngressRule{Host: host})
		}
		return result
	}
	served := ingress("a.example.com")
	served.Spec.IngressClassName, served.Spec.TLS = ptr.To("nginx"), make([]networkingv1.IngressTLS, 1)
	served.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: "balancer.example.com"}, {IP: "203.0.113.9"}}
	checkRows(t, "Ingress", []checkRow{
		{"an ingress that nobody serves, for all hosts", ingress(), "web | <none> | * |  | 80 | 5m"},
		{"an ingress that is served, with encryption", served, "web | nginx | a.example.com | 203.0.113.9,balancer.example.com | 80, 443 | 5m"},
		{"three hosts are all shown", ingress("a", "b", "c"), "web | <none> | a,b,c |  | 80 | 5m"},
		{"of more hosts the first three are shown", ingress("a", "b", "c", "d", "e"), "web | <none> | a,b,c + 2 more... |  | 80 | 5m"},
		{"rules without a host are not shown but counted", ingress("", "a", "b", "c", ""), "web | <none> | a,b,c + 2 more... |  | 80 | 5m"},
		{"rules without a host alone stand for all hosts", ingress("", "", "", ""), "web | <none> | * |  | 80 | 5m"},
	})
	checkRows(t, "NetworkPolicy", []checkRow{
		{"a policy for some pods", &networkingv1.NetworkPolicy{ObjectMeta: aged("deny"),
			Spec: networkingv1.NetworkPolicySpec{PodSelector: *selectsWeb}}, "deny | app=web | 5m"},
		{"a policy for all pods", &networkingv1.NetworkPolicy{ObjectMeta: aged("deny")}, "deny | <none> | 5m"},
	})
}

func TestHorizontalPodAutoscalerRows(t *testing.T) {
	amount := func(text string) *resource.Quantity { return ptr.To(resource.MustParse(text)) }
	share := func(percent int32) autoscalingv2.MetricTarget {
		return autoscalingv2.MetricTarget{AverageUtilization: &percent}
	}
	cpu := func(target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: "cpu", Target: target}}
	}
	cpuNow := func(value autoscalingv2.MetricValueStatus) autoscalingv2.MetricStatus {
		return autoscalingv2.MetricStatus{Resource: &autoscalingv2.ResourceMetricStatus{Name: "cpu", Current: value}}
	}
	memory := func(target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ContainerResourceMetricSourceType,
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{Name: "memory", Container: "web", Target: target}}
	}
	memoryNow := func(value autoscalingv2.MetricValueStatus) autoscalingv2.MetricStatus {
		return autoscalingv2.MetricStatus{ContainerResource: &autoscalingv2.ContainerResourceMetricStatus{Current: value}}
	}
	pods := autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType,
		Pods: &autoscalingv2.PodsMetricSource{Target: autoscalingv2.MetricTarget{AverageValue: amount("10")}}}
	podsNow := autoscalingv2.MetricStatus{Pods: &autoscalingv2.PodsMetricStatus{
		Current: autoscalingv2.MetricValueStatus{AverageValue: amount("7")}}}
	object := func(target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{Target: target}}
	}
	objectNow := func(value autoscalingv2.MetricValueStatus) autoscalingv2.MetricStatus {
		return autoscalingv2.MetricStatus{Object: &autoscalingv2.ObjectMetricStatus{Current: value}}
	}
	external := func(target autoscalingv2.MetricTarget) autoscalingv2.MetricSpec {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{Target: target}}
	}
	externalNow := func(value autoscalingv2.MetricValueStatus) autoscalingv2.MetricStatus {
		return autoscalingv2.MetricStatus{External: &autoscalingv2.ExternalMetricStatus{Current: value}}
	}
	type targets = autoscalingv2.MetricTarget
	type values = autoscalingv2.MetricValueStatus
	specs := func(list ...autoscalingv2.MetricSpec) []autoscalingv2.MetricSpec { return list }
	statuses := func(list ...autoscalingv2.MetricStatus) []autoscalingv2.MetricStatus { return list }

	for _, c := range []struct {
		situation string
		metrics   []autoscalingv2.MetricSpec
		current   []autoscalingv2.MetricStatus
		want      string
	}{
		{"nothing is measured", nil, nil, "<none>"},
		{"a share of a resource that nobody has measured", specs(cpu(share(80))), nil, "cpu: <unknown>/80%"},
		{"a share of a resource", specs(cpu(share(80))), statuses(cpuNow(values{AverageUtilization: ptr.To[int32](25)})), "cpu: 25%/80%"},
		{"a resource without a target", specs(cpu(targets{})), nil, "cpu: <unknown>/<auto>"},
		{"an amount of a resource", specs(cpu(targets{AverageValue: amount("500m")})), statuses(cpuNow(values{AverageValue: amount("100m")})), "cpu: 100m/500m"},
		{"an amount of a resource that nobody has measured", specs(cpu(targets{AverageValue: amount("500m")})), nil, "cpu: <unknown>/500m"},
		{"a share of a resource of one container", specs(memory(share(50))), statuses(memoryNow(values{AverageUtilization: ptr.To[int32](60)})), "memory: 60%/50%"},
		{"an amount of a resource of one container", specs(memory(targets{AverageValue: amount("1Gi")})), statuses(memoryNow(values{AverageValue: amount("2Gi")})), "memory: 2Gi/1Gi"},
		{"a value of each pod", specs(pods), statuses(podsNow), "7/10"},
		{"a value of each pod that nobody has measured", specs(pods), nil, "<unknown>/10"},
		{"a value of an object", specs(object(targets{Value: amount("10")})), statuses(objectNow(values{Value: amount("3")})), "3/10"},
		{"a value of an object that nobody has measured", specs(object(targets{Value: amount("10")})), nil, "<unknown>/10"},
		{"a value of an object shared by the pods", specs(object(targets{AverageValue: amount("10")})), statuses(objectNow(values{AverageValue: amount("3")})), "3/10 (avg)"},
		{"a value from elsewhere", specs(external(targets{Value: amount("10")})), statuses(externalNow(values{Value: amount("3")})), "3/10"},
		{"a value from elsewhere shared by the pods, nobody has measured it", specs(external(targets{AverageValue: amount("10")})), nil, "<unknown>/10 (avg)"},
		{"a value from elsewhere shared by the pods, measured in another way",
			specs(external(targets{AverageValue: amount("10")})), statuses(externalNow(values{Value: amount("3")})), "<unknown>/10 (avg)"},
		{"a type of metric nobody knows", specs(autoscalingv2.MetricSpec{Type: "Mood"}), nil, "<unknown type>"},
		{"the first two of many, each with the status at its place",
			specs(cpu(share(80)), pods, pods, pods), statuses(cpuNow(values{AverageUtilization: ptr.To[int32](25)}), podsNow), "cpu: 25%/80%, 7/10 + 2 more..."},
	} {
		scaler := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: aged("web"),
			Spec: autoscalingv2.HorizontalPodAutoscalerSpec{MinReplicas: ptr.To[int32](2), MaxReplicas: 5, Metrics: c.metrics,
				ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "StatefulSet", Name: "web"}},
			Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 3, CurrentMetrics: c.current}}
		if got, want := cellsOf(t, "HorizontalPodAutoscaler", scaler), "web | StatefulSet/web | "+c.want+" | 2 | 5 | 3 | 5m"; got != want {
			t.Errorf("%s\n got %s\nwant %s", c.situation, got, want)
		}
	}
	checkRows(t, "HorizontalPodAutoscaler", []checkRow{
		{"no least number of replicas", &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: aged("web")}, "web | / | <none> | <unset> | 0 | 0 | 5m"},
	})
}
