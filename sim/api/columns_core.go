package api

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var namespacePrinter = printed(
	func(namespace *corev1.Namespace, now time.Time) []any {
		return []any{namespace.Name, string(namespace.Status.Phase), ageOf(namespace, now)}
	},
	nameColumn,
	textColumn("Status", "The status of the namespace"),
	ageColumn,
)

var configMapPrinter = printed(
	func(configMap *corev1.ConfigMap, now time.Time) []any {
		return []any{configMap.Name, int64(len(configMap.Data) + len(configMap.BinaryData)), ageOf(configMap, now)}
	},
	nameColumn,
	textColumn("Data", describe(corev1.ConfigMap{}, "data")),
	ageColumn,
)

var secretPrinter = printed(
	func(secret *corev1.Secret, now time.Time) []any {
		return []any{secret.Name, string(secret.Type), int64(len(secret.Data)), ageOf(secret, now)}
	},
	nameColumn,
	textColumn("Type", describe(corev1.Secret{}, "type")),
	textColumn("Data", describe(corev1.Secret{}, "data")),
	ageColumn,
)

var serviceAccountPrinter = printed(
	func(account *corev1.ServiceAccount, now time.Time) []any {
		return []any{account.Name, ageOf(account, now)}
	},
	nameColumn,
	ageColumn,
)

var nodePrinter = printed(
	nodeRow,
	nameColumn,
	textColumn("Status", "The status of the node"),
	textColumn("Roles", "The roles of the node"),
	ageColumn,
	textColumn("Version", describe(corev1.NodeSystemInfo{}, "kubeletVersion")),
	wideColumn("Internal-IP", describe(corev1.NodeStatus{}, "addresses")),
	wideColumn("External-IP", describe(corev1.NodeStatus{}, "addresses")),
	wideColumn("OS-Image", describe(corev1.NodeSystemInfo{}, "osImage")),
	wideColumn("Kernel-Version", describe(corev1.NodeSystemInfo{}, "kernelVersion")),
	wideColumn("Container-Runtime", describe(corev1.NodeSystemInfo{}, "containerRuntimeVersion")),
)

func nodeRow(node *corev1.Node, now time.Time) []any {
	info := node.Status.NodeInfo
	kernel := orElse(info.KernelVersion, cellUnknown)
	if info.Architecture != "" {
		kernel += " (" + info.Architecture + ")"
	}
	return []any{
		node.Name, nodeStatus(node), nodeRoles(node), ageOf(node, now), info.KubeletVersion,
		nodeAddress(node, corev1.NodeInternalIP), nodeAddress(node, corev1.NodeExternalIP),
		orElse(info.OSImage, cellUnknown), kernel, orElse(info.ContainerRuntimeVersion, cellUnknown),
	}
}

// nodeStatus is Ready, NotReady, or Unknown when no Ready condition was ever reported; a condition that is reported
// with status Unknown counts as NotReady.
func nodeStatus(node *corev1.Node) string {
	status := "Unknown"
	for _, condition := range node.Status.Conditions {
		switch {
		case condition.Type != corev1.NodeReady:
		case condition.Status == corev1.ConditionTrue:
			status = "Ready"
		default:
			status = "NotReady"
		}
	}
	if node.Spec.Unschedulable {
		status += ",SchedulingDisabled"
	}
	return status
}

// nodeRoles are named by labels, of which there are two forms: the role as the end of the label's key (whatever its
// value), or as the value of the older label kubernetes.io/role.
func nodeRoles(node *corev1.Node) string {
	var roles []string
	// In any order: they are sorted below.
	for key, value := range node.Labels {
		role, found := strings.CutPrefix(key, "node-role.kubernetes.io/")
		if !found && key == "kubernetes.io/role" {
			role, found = value, true
		}
		if found && role != "" {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return orElse(strings.Join(slices.Compact(roles), ","), cellNone)
}

// nodeAddress is the first address of a type.
func nodeAddress(node *corev1.Node, wanted corev1.NodeAddressType) string {
	for _, address := range node.Status.Addresses {
		if address.Type == wanted {
			return address.Address
		}
	}
	return cellNone
}

var servicePrinter = printed(
	func(service *corev1.Service, now time.Time) []any {
		return []any{
			service.Name, string(service.Spec.Type), serviceClusterIP(service), serviceExternalIP(service),
			servicePorts(service.Spec.Ports), ageOf(service, now), labels.FormatLabels(service.Spec.Selector),
		}
	},
	nameColumn,
	textColumn("Type", describe(corev1.ServiceSpec{}, "type")),
	textColumn("Cluster-IP", describe(corev1.ServiceSpec{}, "clusterIP")),
	textColumn("External-IP", describe(corev1.ServiceSpec{}, "externalIPs")),
	textColumn("Port(s)", describe(corev1.ServiceSpec{}, "ports")),
	ageColumn,
	wideColumn("Selector", describe(corev1.ServiceSpec{}, "selector")),
)

// serviceClusterIP is the first cluster IP; a headless service shows its "None". Services have both a list and the
// older single field, which the API server keeps equal; the single field alone is enough here.
func serviceClusterIP(service *corev1.Service) string {
	if len(service.Spec.ClusterIPs) > 0 {
		return service.Spec.ClusterIPs[0]
	}
	return orElse(service.Spec.ClusterIP, cellNone)
}

func serviceExternalIP(service *corev1.Service) string {
	external := service.Spec.ExternalIPs
	switch service.Spec.Type {
	case corev1.ServiceTypeExternalName:
		return service.Spec.ExternalName
	case corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort:
		if len(external) == 0 {
			return cellNone
		}
		return strings.Join(external, ",")
	case corev1.ServiceTypeLoadBalancer:
		var ingress []string
		for _, point := range service.Status.LoadBalancer.Ingress {
			ingress = append(ingress, orElse(point.IP, point.Hostname))
		}
		points := append(loadBalancerPoints(ingress), external...)
		if len(points) == 0 {
			return "<pending>"
		}
		return strings.Join(points, ",")
	}
	return cellUnknown
}

// loadBalancerPoints sorts the addresses of a load balancer and drops empty and repeated ones. The server always
// makes the wide table, so they are never cut short here.
func loadBalancerPoints(addresses []string) []string {
	points := slices.DeleteFunc(addresses, func(address string) bool { return address == "" })
	slices.Sort(points)
	return slices.Compact(points)
}

// servicePorts prints 80/TCP, or 80:30080/TCP for a port that is open on every node as well.
func servicePorts(ports []corev1.ServicePort) string {
	pieces := make([]string, len(ports))
	for i, port := range ports {
		number := strconv.Itoa(int(port.Port))
		if port.NodePort > 0 {
			number += ":" + strconv.Itoa(int(port.NodePort))
		}
		pieces[i] = number + "/" + string(port.Protocol)
	}
	return orElse(strings.Join(pieces, ","), cellNone)
}

var endpointsPrinter = printed(
	func(endpoints *corev1.Endpoints, now time.Time) []any {
		return []any{endpoints.Name, endpointAddresses(endpoints.Subsets), ageOf(endpoints, now)}
	},
	nameColumn,
	textColumn("Endpoints", describe(corev1.Endpoints{}, "subsets")),
	ageColumn,
)

// endpointAddresses shows three addresses, each with its port if the subset has ports. Subsets without a single
// ready address give an empty cell, unlike no subsets at all.
func endpointAddresses(subsets []corev1.EndpointSubset) string {
	if len(subsets) == 0 {
		return cellNone
	}
	shown := firstFew{limit: 3}
	for _, subset := range subsets {
		if len(subset.Ports) == 0 {
			for _, address := range subset.Addresses {
				shown.add(address.IP)
			}
		}
		for _, port := range subset.Ports {
			for _, address := range subset.Addresses {
				shown.add(net.JoinHostPort(address.IP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	return shown.String()
}

var eventPrinter = printed(
	eventRow,
	textColumn("Last Seen", describe(corev1.Event{}, "lastTimestamp")),
	textColumn("Type", describe(corev1.Event{}, "type")),
	textColumn("Reason", describe(corev1.Event{}, "reason")),
	textColumn("Object", describe(corev1.Event{}, "involvedObject")),
	wideColumn("Subobject", describe(corev1.ObjectReference{}, "fieldPath")),
	wideColumn("Source", describe(corev1.Event{}, "source")),
	textColumn("Message", describe(corev1.Event{}, "message")),
	wideColumn("First Seen", describe(corev1.Event{}, "firstTimestamp")),
	wideColumn("Count", describe(corev1.Event{}, "count")),
	metav1.TableColumnDefinition{
		Name: "Name", Type: "string", Format: "name", Priority: 1, Description: nameColumn.Description,
	},
)

// eventRow reads both generations of events: the older one counts in count, firstTimestamp and lastTimestamp, the
// newer one has eventTime and, once the event repeats, a series.
func eventRow(event *corev1.Event, now time.Time) []any {
	first := elapsed(event.EventTime.Time, now)
	if !event.FirstTimestamp.IsZero() {
		first = elapsed(event.FirstTimestamp.Time, now)
	}
	last, count := first, int64(event.Count)
	if !event.LastTimestamp.IsZero() {
		last = elapsed(event.LastTimestamp.Time, now)
	}
	switch {
	case event.Series != nil:
		last, count = elapsed(event.Series.LastObservedTime.Time, now), int64(event.Series.Count)
	case count == 0:
		count = 1
	}

	target := strings.ToLower(event.InvolvedObject.Kind)
	if event.InvolvedObject.Name != "" {
		target += "/" + event.InvolvedObject.Name
	}
	source := orElse(event.Source.Component, event.ReportingController)
	if instance := orElse(event.Source.Host, event.ReportingInstance); instance != "" {
		source += ", " + instance
	}
	return []any{
		last, event.Type, event.Reason, target, event.InvolvedObject.FieldPath, source,
		strings.TrimSpace(event.Message), first, count, event.Name,
	}
}

var resourceQuotaPrinter = printed(
	resourceQuotaRow,
	nameColumn,
	textColumn("Request", "Request represents a minimum amount of cpu/memory that a container may consume."),
	textColumn("Limit", "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node."),
	ageColumn,
)

// resourceQuotaRow prints used/hard of every limited resource by name; resources named limits.… have their own column.
func resourceQuotaRow(quota *corev1.ResourceQuota, now time.Time) []any {
	names := make([]corev1.ResourceName, 0, len(quota.Status.Hard))
	for name := range quota.Status.Hard {
		names = append(names, name)
	}
	slices.Sort(names)
	var requests, limits []string
	for _, name := range names {
		used, hard := quota.Status.Used[name], quota.Status.Hard[name]
		entry := fmt.Sprintf("%s: %s/%s", name, quantityText(&used), quantityText(&hard))
		if strings.HasPrefix(string(name), "limits.") {
			limits = append(limits, entry)
		} else {
			requests = append(requests, entry)
		}
	}
	return []any{quota.Name, strings.Join(requests, ", "), strings.Join(limits, ", "), ageOf(quota, now)}
}
