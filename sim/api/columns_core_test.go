package api

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestNamespaceConfigMapAndSecretRows(t *testing.T) {
	checkRows(t, "Namespace", []checkRow{
		{"a namespace shows its phase", &corev1.Namespace{ObjectMeta: aged("shop"),
			Status: corev1.NamespaceStatus{Phase: corev1.NamespaceTerminating}}, "shop | Terminating | 5m"},
	})
	checkRows(t, "ConfigMap", []checkRow{
		{"keys of both maps are counted", &corev1.ConfigMap{ObjectMeta: aged("settings"),
			Data: map[string]string{"a": "", "b": ""}, BinaryData: map[string][]byte{"c": nil}}, "settings | 3 | 5m"},
	})
	checkRows(t, "Secret", []checkRow{
		{"a secret shows its type and how many keys it has", &corev1.Secret{ObjectMeta: aged("password"),
			Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"word": []byte("x")}}, "password | Opaque | 1 | 5m"},
	})
}

func TestNodeRows(t *testing.T) {
	node := func(changes ...func(*corev1.Node)) *corev1.Node {
		result := &corev1.Node{ObjectMeta: aged("node-1"), Status: corev1.NodeStatus{
			NodeInfo: corev1.NodeSystemInfo{KubeletVersion: "v1.36.3"},
		}}
		for _, change := range changes {
			change(result)
		}
		return result
	}
	reports := func(of corev1.NodeConditionType, is corev1.ConditionStatus) func(*corev1.Node) {
		return func(node *corev1.Node) {
			node.Status.Conditions = append(node.Status.Conditions, corev1.NodeCondition{Type: of, Status: is})
		}
	}
	labelled := func(labels map[string]string) func(*corev1.Node) {
		return func(node *corev1.Node) { node.Labels = labels }
	}
	cordoned := func(node *corev1.Node) { node.Spec.Unschedulable = true }
	const bare = "| [<none>] | [<none>] | [<unknown>] | [<unknown>] | [<unknown>]"
	checkRows(t, "Node", []checkRow{
		{"a node that never reported", node(), "node-1 | Unknown | <none> | 5m | v1.36.3 " + bare},
		{"a ready node", node(reports("DiskPressure", "False"), reports("Ready", "True")), "node-1 | Ready | <none> | 5m | v1.36.3 " + bare},
		{"a node that is not ready", node(reports("Ready", "False")), "node-1 | NotReady | <none> | 5m | v1.36.3 " + bare},
		{"a node that fell silent is not ready", node(reports("Ready", "Unknown")), "node-1 | NotReady | <none> | 5m | v1.36.3 " + bare},
		{"a cordoned node", node(reports("Ready", "True"), cordoned), "node-1 | Ready,SchedulingDisabled | <none> | 5m | v1.36.3 " + bare},
		{"a cordoned node that never reported", node(cordoned), "node-1 | Unknown,SchedulingDisabled | <none> | 5m | v1.36.3 " + bare},
		{"roles are sorted and each is named once", node(labelled(map[string]string{
			"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/control-plane": "true", "kubernetes.io/role": "worker",
		})), "node-1 | Unknown | control-plane,worker | 5m | v1.36.3 " + bare},
		{"role labels that name no role", node(labelled(map[string]string{
			"node-role.kubernetes.io/": "", "kubernetes.io/role": "",
		})), "node-1 | Unknown | <none> | 5m | v1.36.3 " + bare},
		{"the first address of each type and what the machine runs", node(func(node *corev1.Node) {
			node.Status.Addresses = []corev1.NodeAddress{
				{Type: corev1.NodeHostName, Address: "node-1"}, {Type: corev1.NodeInternalIP, Address: "192.168.0.2"},
				{Type: corev1.NodeInternalIP, Address: "fd00::2"}, {Type: corev1.NodeExternalIP, Address: "203.0.113.2"},
			}
			node.Status.NodeInfo = corev1.NodeSystemInfo{KubeletVersion: "v1.36.3", OSImage: "Linux", KernelVersion: "6.1.0",
				ContainerRuntimeVersion: "containerd://2.1.0", Architecture: "amd64"}
		}), "node-1 | Unknown | <none> | 5m | v1.36.3 | [192.168.0.2] | [203.0.113.2] | [Linux] | [6.1.0 (amd64)] | [containerd://2.1.0]"},
	})
}

func TestServiceRows(t *testing.T) {
	service := func(of corev1.ServiceType, clusterIP string, change func(*corev1.Service)) *corev1.Service {
		result := &corev1.Service{ObjectMeta: aged("web"), Spec: corev1.ServiceSpec{Type: of, ClusterIP: clusterIP,
			Selector: map[string]string{"tier": "front", "app": "web"},
			Ports:    []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP}}}}
		if clusterIP != "" {
			result.Spec.ClusterIPs = []string{clusterIP}
		}
		if change != nil {
			change(result)
		}
		return result
	}
	points := func(ingress ...corev1.LoadBalancerIngress) func(*corev1.Service) {
		return func(service *corev1.Service) { service.Status.LoadBalancer.Ingress = ingress }
	}
	const selector = " | 5m | [app=web,tier=front]"
	checkRows(t, "Service", []checkRow{
		{"a service inside the cluster", service("ClusterIP", "10.96.0.7", nil), "web | ClusterIP | 10.96.0.7 | <none> | 80/TCP" + selector},
		{"a headless service without ports or selector", service("ClusterIP", "None", func(s *corev1.Service) {
			s.Spec.Ports, s.Spec.Selector = nil, nil
		}), "web | ClusterIP | None | <none> | <none> | 5m | [<none>]"},
		{"a service that has only the older of the two cluster IP fields", service("ClusterIP", "10.96.0.7", func(s *corev1.Service) {
			s.Spec.ClusterIPs = nil
		}), "web | ClusterIP | 10.96.0.7 | <none> | 80/TCP" + selector},
		{"a service on external addresses", service("ClusterIP", "10.96.0.7", func(s *corev1.Service) {
			s.Spec.ExternalIPs = []string{"203.0.113.9", "203.0.113.8"}
		}), "web | ClusterIP | 10.96.0.7 | 203.0.113.9,203.0.113.8 | 80/TCP" + selector},
		{"a service on a port of every node", service("NodePort", "10.96.0.7", func(s *corev1.Service) {
			s.Spec.Ports = []corev1.ServicePort{{Port: 80, NodePort: 30080, Protocol: "TCP"}, {Port: 53, Protocol: "UDP"}}
		}), "web | NodePort | 10.96.0.7 | <none> | 80:30080/TCP,53/UDP" + selector},
		{"a load balancer that nobody has set up yet", service("LoadBalancer", "10.96.0.7", nil),
			"web | LoadBalancer | 10.96.0.7 | <pending> | 80/TCP" + selector},
		{"a load balancer's points are sorted, each is named once and none is cut short",
			service("LoadBalancer", "10.96.0.7", points(corev1.LoadBalancerIngress{Hostname: "balancer.example.com"},
				corev1.LoadBalancerIngress{IP: "203.0.113.9", Hostname: "unused"}, corev1.LoadBalancerIngress{},
				corev1.LoadBalancerIngress{IP: "203.0.113.9"})),
			"web | LoadBalancer | 10.96.0.7 | 203.0.113.9,balancer.example.com | 80/TCP" + selector},
		{"a load balancer's points come before other external addresses", service("LoadBalancer", "10.96.0.7", func(s *corev1.Service) {
			points(corev1.LoadBalancerIngress{IP: "203.0.113.9"})(s)
			s.Spec.ExternalIPs = []string{"198.51.100.1"}
		}), "web | LoadBalancer | 10.96.0.7 | 203.0.113.9,198.51.100.1 | 80/TCP" + selector},
		{"another name for a service elsewhere", service("ExternalName", "", func(s *corev1.Service) {
			s.Spec.ExternalName = "db.example.com"
		}), "web | ExternalName | <none> | db.example.com | 80/TCP" + selector},
		{"a service without a type", service("", "10.96.0.7", nil), "web |  | 10.96.0.7 | <unknown> | 80/TCP" + selector},
	})
}

func TestEndpointsRows(t *testing.T) {
	addresses := func(ips ...string) (list []corev1.EndpointAddress) {
		for _, ip := range ips {
			list = append(list, corev1.EndpointAddress{IP: ip})
		}
		return list
	}
	endpoints := func(subsets ...corev1.EndpointSubset) *corev1.Endpoints {
		return &corev1.Endpoints{ObjectMeta: aged("web"), Subsets: subsets}
	}
	checkRows(t, "Endpoints", []checkRow{
		{"nothing is behind the service", endpoints(), "web | <none> | 5m"},
		{"pods are behind the service but none is ready", endpoints(corev1.EndpointSubset{
			NotReadyAddresses: addresses("10.0.0.1"), Ports: []corev1.EndpointPort{{Port: 80}}}), "web |  | 5m"},
		{"addresses have their port", endpoints(corev1.EndpointSubset{
			Addresses: addresses("10.0.0.1", "fd00::1"), Ports: []corev1.EndpointPort{{Port: 80}}}), "web | 10.0.0.1:80,[fd00::1]:80 | 5m"},
		{"a headless service without ports", endpoints(corev1.EndpointSubset{Addresses: addresses("10.0.0.1", "10.0.0.2")}),
			"web | 10.0.0.1,10.0.0.2 | 5m"},
		{"the first three of many, over all ports and subsets", endpoints(
			corev1.EndpointSubset{Addresses: addresses("10.0.0.1", "10.0.0.2"), Ports: []corev1.EndpointPort{{Port: 80}, {Port: 443}}},
			corev1.EndpointSubset{Addresses: addresses("10.0.0.3"), Ports: []corev1.EndpointPort{{Port: 8080}}},
		), "web | 10.0.0.1:80,10.0.0.2:80,10.0.0.1:443 + 2 more... | 5m"},
	})
}

func TestEventRows(t *testing.T) {
	event := func(change func(*corev1.Event)) *corev1.Event {
		result := &corev1.Event{ObjectMeta: aged("web-0.17"), Type: "Normal", Reason: "Pulled", Message: " pulled the image\n",
			InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: "web-0", FieldPath: "spec.containers{web}"}}
		change(result)
		return result
	}
	micro := func(elapsed time.Duration) metav1.MicroTime { return metav1.NewMicroTime(ago(elapsed).Time) }
	const middle = " | Normal | Pulled | pod/web-0 | [spec.containers{web}] | "
	checkRows(t, "Event", []checkRow{
		{"an event of the older kind that repeated", event(func(e *corev1.Event) {
			e.FirstTimestamp, e.LastTimestamp, e.Count = ago(time.Minute), ago(3*time.Second), 4
			e.Source = corev1.EventSource{Component: "kubelet", Host: "node-1"}
		}), "3s" + middle + "[kubelet, node-1] | pulled the image | [60s] | [4] | [web-0.17]"},
		{"an event of the newer kind that happened once", event(func(e *corev1.Event) {
			e.EventTime, e.ReportingController, e.ReportingInstance = micro(time.Minute), "scheduler", "scheduler-1"
		}), "60s" + middle + "[scheduler, scheduler-1] | pulled the image | [60s] | [1] | [web-0.17]"},
		{"an event of the newer kind that repeated", event(func(e *corev1.Event) {
			e.EventTime, e.ReportingController = micro(time.Hour), "scheduler"
			e.Series = &corev1.EventSeries{Count: 9, LastObservedTime: micro(2 * time.Second)}
		}), "2s" + middle + "[scheduler] | pulled the image | [60m] | [9] | [web-0.17]"},
		{"an event about nothing in particular, at no known time", event(func(e *corev1.Event) {
			e.InvolvedObject = corev1.ObjectReference{Kind: "Node"}
		}), "<unknown> | Normal | Pulled | node | [] | [] | pulled the image | [<unknown>] | [1] | [web-0.17]"},
	})
}

func TestResourceQuotaRows(t *testing.T) {
	amounts := func(pairs ...string) corev1.ResourceList {
		list := corev1.ResourceList{}
		for i := 0; i < len(pairs); i += 2 {
			list[corev1.ResourceName(pairs[i])] = resource.MustParse(pairs[i+1])
		}
		return list
	}
	checkRows(t, "ResourceQuota", []checkRow{
		{"limits have a column of their own, and what was never used counts as 0", &corev1.ResourceQuota{
			ObjectMeta: aged("team"), Status: corev1.ResourceQuotaStatus{
				Hard: amounts("requests.storage", "10Gi", "pods", "10", "limits.memory", "2Gi", "limits.cpu", "4"),
				Used: amounts("pods", "3", "limits.cpu", "500m"),
			}}, "team | pods: 3/10, requests.storage: 0/10Gi | limits.cpu: 500m/4, limits.memory: 0/2Gi | 5m"},
		{"a quota that nobody has counted yet", &corev1.ResourceQuota{ObjectMeta: aged("team"),
			Spec: corev1.ResourceQuotaSpec{Hard: amounts("pods", "10")}}, "team |  |  | 5m"},
	})
}
