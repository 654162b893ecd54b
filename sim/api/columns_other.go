package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	coordinationv1 "k8s.io/api/coordination/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1beta1 "k8s.io/api/rbac/v1beta1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

var podDisruptionBudgetPrinter = printed(
	func(budget *policyv1.PodDisruptionBudget, now time.Time) []any {
		limit := func(bound *intstr.IntOrString) string {
			if bound == nil {
				return "N/A"
			}
			return bound.String()
		}
		return []any{
			budget.Name, limit(budget.Spec.MinAvailable), limit(budget.Spec.MaxUnavailable),
			int64(budget.Status.DisruptionsAllowed), ageOf(budget, now),
		}
	},
	nameColumn,
	textColumn("Min Available", "The minimum number of pods that must be available."),
	textColumn("Max Unavailable", "The maximum number of pods that may be unavailable."),
	column("Allowed Disruptions", "integer", "Calculated number of pods that may be disrupted at this time."),
	ageColumn,
)

var endpointSlicePrinter = printed(
	func(slice *discoveryv1.EndpointSlice, now time.Time) []any {
		ports, addresses := firstFew{limit: 3}, firstFew{limit: 3}
		for _, port := range slice.Ports {
			shown := ptr.Deref(port.Name, "*") // without a number, all ports are meant
			if port.Port != nil {
				shown = strconv.Itoa(int(*port.Port))
			}
			ports.add(shown)
		}
		for _, endpoint := range slice.Endpoints {
			for _, address := range endpoint.Addresses {
				addresses.add(address)
			}
		}
		return []any{
			slice.Name, string(slice.AddressType), orElse(ports.String(), cellUnset), orElse(addresses.String(), cellUnset),
			ageOf(slice, now),
		}
	},
	nameColumn,
	textColumn("AddressType", describe(discoveryv1.EndpointSlice{}, "addressType")),
	textColumn("Ports", describe(discoveryv1.EndpointSlice{}, "ports")),
	textColumn("Endpoints", describe(discoveryv1.EndpointSlice{}, "endpoints")),
	ageColumn,
)

var leasePrinter = printed(
	func(lease *coordinationv1.Lease, now time.Time) []any {
		return []any{lease.Name, ptr.Deref(lease.Spec.HolderIdentity, ""), ageOf(lease, now)}
	},
	nameColumn,
	textColumn("Holder", describe(coordinationv1.LeaseSpec{}, "holderIdentity")),
	ageColumn,
)

// priorityClassPrinter shows the preemption policy in every layout: its column comes without a priority.
var priorityClassPrinter = printed(
	func(class *schedulingv1.PriorityClass, now time.Time) []any {
		return []any{
			class.Name, int64(class.Value), class.GlobalDefault, ageOf(class, now), valueOr(class.PreemptionPolicy, ""),
		}
	},
	nameColumn,
	column("Value", "integer", describe(schedulingv1.PriorityClass{}, "value")),
	column("Global-Default", "boolean", describe(schedulingv1.PriorityClass{}, "globalDefault")),
	ageColumn,
	textColumn("PreemptionPolicy", describe(schedulingv1.PriorityClass{}, "preemptionPolicy")),
)

// The role's description is the one of the v1beta1 reference, as upstream has it.
var (
	roleBindingPrinter = printed(
		func(binding *rbacv1.RoleBinding, now time.Time) []any {
			return bindingRow(binding, binding.RoleRef, binding.Subjects, now)
		},
		bindingColumns("roleBinding", describe(rbacv1beta1.RoleBinding{}, "roleRef"))...,
	)
	clusterRoleBindingPrinter = printed(
		func(binding *rbacv1.ClusterRoleBinding, now time.Time) []any {
			return bindingRow(binding, binding.RoleRef, binding.Subjects, now)
		},
		bindingColumns("clusterRoleBinding", describe(rbacv1beta1.ClusterRoleBinding{}, "roleRef"))...,
	)
)

func bindingColumns(what, role string) []metav1.TableColumnDefinition {
	return []metav1.TableColumnDefinition{
		nameColumn,
		textColumn("Role", role),
		ageColumn,
		wideColumn("Users", "Users in the "+what),
		wideColumn("Groups", "Groups in the "+what),
		wideColumn("ServiceAccounts", "ServiceAccounts in the "+what),
	}
}

func bindingRow(binding metav1.Object, role rbacv1.RoleRef, subjects []rbacv1.Subject, now time.Time) []any {
	var users, groups, accounts []string
	for _, subject := range subjects {
		switch subject.Kind {
		case rbacv1.UserKind:
			users = append(users, subject.Name)
		case rbacv1.GroupKind:
			groups = append(groups, subject.Name)
		case rbacv1.ServiceAccountKind:
			accounts = append(accounts, subject.Namespace+"/"+subject.Name)
		}
	}
	return []any{
		binding.GetName(), role.Kind + "/" + role.Name, ageOf(binding, now),
		strings.Join(users, ", "), strings.Join(groups, ", "), strings.Join(accounts, ", "),
	}
}

var ingressPrinter = printed(
	func(ingress *networkingv1.Ingress, now time.Time) []any {
		var addresses []string
		for _, point := range ingress.Status.LoadBalancer.Ingress {
			addresses = append(addresses, orElse(point.IP, point.Hostname))
		}
		ports := "80"
		if len(ingress.Spec.TLS) > 0 {
			ports = "80, 443"
		}
		return []any{
			ingress.Name, valueOr(ingress.Spec.IngressClassName, cellNone), ingressHosts(ingress.Spec.Rules),
			strings.Join(loadBalancerPoints(addresses), ","), ports, ageOf(ingress, now),
		}
	},
	nameColumn,
	textColumn("Class", "The name of the IngressClass resource that should be used for additional configuration"),
	textColumn("Hosts", "Hosts that incoming requests are matched against before the ingress rule"),
	textColumn("Address", "Address is a list containing ingress points for the load-balancer"),
	textColumn("Ports", "Ports of TLS configurations that open"),
	ageColumn,
)

// ingressHosts shows the hosts of the rules until it has three, and then counts the rules, not the hosts, beyond three.
func ingressHosts(rules []networkingv1.IngressRule) string {
	const limit = 3
	var hosts []string
	for i, rule := range rules {
		if rule.Host != "" {
			hosts = append(hosts, rule.Host)
		}
		if len(hosts) == limit && i+1 < len(rules) {
			return withMore(strings.Join(hosts, ","), len(rules)-limit)
		}
	}
	return orElse(strings.Join(hosts, ","), "*")
}

var networkPolicyPrinter = printed(
	func(policy *networkingv1.NetworkPolicy, now time.Time) []any {
		return []any{policy.Name, metav1.FormatLabelSelector(&policy.Spec.PodSelector), ageOf(policy, now)}
	},
	nameColumn,
	textColumn("Pod-Selector", describe(networkingv1.NetworkPolicySpec{}, "podSelector")),
	ageColumn,
)

var horizontalPodAutoscalerPrinter = printed(
	func(scaler *autoscalingv2.HorizontalPodAutoscaler, now time.Time) []any {
		minimum := cellUnset
		if scaler.Spec.MinReplicas != nil {
			minimum = fmt.Sprint(*scaler.Spec.MinReplicas)
		}
		return []any{
			scaler.Name, scaler.Spec.ScaleTargetRef.Kind + "/" + scaler.Spec.ScaleTargetRef.Name,
			scalerTargets(scaler.Spec.Metrics, scaler.Status.CurrentMetrics), minimum, int64(scaler.Spec.MaxReplicas),
			int64(scaler.Status.CurrentReplicas), ageOf(scaler, now),
		}
	},
	nameColumn,
	textColumn("Reference", describe(autoscalingv2.HorizontalPodAutoscalerSpec{}, "scaleTargetRef")),
	textColumn("Targets", describe(autoscalingv2.HorizontalPodAutoscalerSpec{}, "metrics")),
	textColumn("MinPods", describe(autoscalingv2.HorizontalPodAutoscalerSpec{}, "minReplicas")),
	textColumn("MaxPods", describe(autoscalingv2.HorizontalPodAutoscalerSpec{}, "maxReplicas")),
	textColumn("Replicas", describe(autoscalingv2.HorizontalPodAutoscalerStatus{}, "currentReplicas")),
	ageColumn,
)

// scalerTargets shows current/target of the first two metrics. The statuses are matched to the metrics by their place
// in the list.
func scalerTargets(metrics []autoscalingv2.MetricSpec, statuses []autoscalingv2.MetricStatus) string {
	const limit = 2
	if len(metrics) == 0 {
		return cellNone
	}
	var targets []string
	for i, metric := range metrics[:min(len(metrics), limit)] {
		var status autoscalingv2.MetricStatus
		if i < len(statuses) {
			status = statuses[i]
		}
		targets = append(targets, scalerTarget(metric, status))
	}
	return withMore(strings.Join(targets, ", "), len(metrics)-limit)
}

// scalerTarget is one metric. The part of the status that belongs to the metric's type may be missing.
func scalerTarget(metric autoscalingv2.MetricSpec, status autoscalingv2.MetricStatus) string {
	var current *autoscalingv2.MetricValueStatus
	switch {
	case metric.Type == autoscalingv2.ExternalMetricSourceType && metric.External != nil:
		if status.External != nil {
			current = &status.External.Current
		}
		return objectTarget(metric.External.Target, current)
	case metric.Type == autoscalingv2.ObjectMetricSourceType && metric.Object != nil:
		if status.Object != nil {
			current = &status.Object.Current
		}
		return objectTarget(metric.Object.Target, current)
	case metric.Type == autoscalingv2.PodsMetricSourceType && metric.Pods != nil:
		shown := cellUnknown
		if status.Pods != nil {
			shown = quantityText(status.Pods.Current.AverageValue)
		}
		return shown + "/" + quantityText(metric.Pods.Target.AverageValue)
	case metric.Type == autoscalingv2.ResourceMetricSourceType && metric.Resource != nil:
		if status.Resource != nil {
			current = &status.Resource.Current
		}
		return string(metric.Resource.Name) + ": " + resourceTarget(metric.Resource.Target, current)
	case metric.Type == autoscalingv2.ContainerResourceMetricSourceType && metric.ContainerResource != nil:
		if status.ContainerResource != nil {
			current = &status.ContainerResource.Current
		}
		return string(metric.ContainerResource.Name) + ": " + resourceTarget(metric.ContainerResource.Target, current)
	}
	return "<unknown type>"
}

// objectTarget is a metric of an object in or outside of the cluster: its value, or its value per pod.
func objectTarget(target autoscalingv2.MetricTarget, current *autoscalingv2.MetricValueStatus) string {
	shown := func(value *resource.Quantity) string {
		if value == nil {
			return cellUnknown
		}
		return quantityText(value)
	}
	switch {
	case target.AverageValue != nil && current == nil:
		return cellUnknown + "/" + quantityText(target.AverageValue) + " (avg)"
	case target.AverageValue != nil:
		return shown(current.AverageValue) + "/" + quantityText(target.AverageValue) + " (avg)"
	case current == nil:
		return cellUnknown + "/" + quantityText(target.Value)
	}
	return quantityText(current.Value) + "/" + quantityText(target.Value)
}

// resourceTarget is a metric of pods' resources: an amount, or a share of what they request.
func resourceTarget(target autoscalingv2.MetricTarget, current *autoscalingv2.MetricValueStatus) string {
	if target.AverageValue != nil {
		shown := cellUnknown
		if current != nil {
			shown = quantityText(current.AverageValue)
		}
		return shown + "/" + quantityText(target.AverageValue)
	}
	percent := func(share *int32, otherwise string) string {
		if share == nil {
			return otherwise
		}
		return fmt.Sprintf("%d%%", *share)
	}
	var used *int32
	if current != nil {
		used = current.AverageUtilization
	}
	return percent(used, cellUnknown) + "/" + percent(target.AverageUtilization, "<auto>")
}
