package api

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// workKinds are the kinds that go with workloads: scaling, jobs, leases, endpoints, networking, disruption.
func workKinds() []*Kind {
	all := []string{"all"}
	return []*Kind{
		row[autoscalingv2.HorizontalPodAutoscaler, *autoscalingv2.HorizontalPodAutoscaler, autoscalingv2.HorizontalPodAutoscalerList](Kind{
			Group: "autoscaling", Version: "v2", Kind: "HorizontalPodAutoscaler", Resource: "horizontalpodautoscalers",
			ShortNames: []string{"hpa"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, horizontalPodAutoscalerRules),
		row[batchv1.CronJob, *batchv1.CronJob, batchv1.CronJobList](Kind{
			Group: "batch", Kind: "CronJob", Resource: "cronjobs", ShortNames: []string{"cj"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, cronJobRules),
		row[batchv1.Job, *batchv1.Job, batchv1.JobList](Kind{
			Group: "batch", Kind: "Job", Resource: "jobs", Categories: all, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, jobRules),
		row[coordinationv1.Lease, *coordinationv1.Lease, coordinationv1.LeaseList](Kind{
			Group: "coordination.k8s.io", Kind: "Lease", Resource: "leases", Namespaced: true,
		}, leaseRules),
		row[discoveryv1.EndpointSlice, *discoveryv1.EndpointSlice, discoveryv1.EndpointSliceList](Kind{
			Group: "discovery.k8s.io", Kind: "EndpointSlice", Resource: "endpointslices", Namespaced: true,
		}, endpointSliceRules),
		row[networkingv1.Ingress, *networkingv1.Ingress, networkingv1.IngressList](Kind{
			Group: "networking.k8s.io", Kind: "Ingress", Resource: "ingresses", ShortNames: []string{"ing"}, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, ingressRules),
		row[networkingv1.NetworkPolicy, *networkingv1.NetworkPolicy, networkingv1.NetworkPolicyList](Kind{
			Group: "networking.k8s.io", Kind: "NetworkPolicy", Resource: "networkpolicies", ShortNames: []string{"netpol"}, Namespaced: true,
		}, networkPolicyRules),
		row[policyv1.PodDisruptionBudget, *policyv1.PodDisruptionBudget, policyv1.PodDisruptionBudgetList](Kind{
			Group: "policy", Kind: "PodDisruptionBudget", Resource: "poddisruptionbudgets", ShortNames: []string{"pdb"}, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, podDisruptionBudgetRules),
	}
}
