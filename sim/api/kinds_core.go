package api

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// coreKinds are the kinds of the core group, whose group name is empty.
func coreKinds() []*Kind {
	return []*Kind{
		row[corev1.ConfigMap, *corev1.ConfigMap, corev1.ConfigMapList](Kind{
			Kind: "ConfigMap", Resource: "configmaps", ShortNames: []string{"cm"}, Namespaced: true,
		}, configMapRules),
		row[corev1.Endpoints, *corev1.Endpoints, corev1.EndpointsList](Kind{
			Kind: "Endpoints", Resource: "endpoints", ShortNames: []string{"ep"}, Namespaced: true,
		}, endpointsRules),
		row[corev1.Event, *corev1.Event, corev1.EventList](Kind{
			Kind: "Event", Resource: "events", ShortNames: []string{"ev"}, Namespaced: true,
		}, eventRules),
		row[corev1.LimitRange, *corev1.LimitRange, corev1.LimitRangeList](Kind{
			Kind: "LimitRange", Resource: "limitranges", ShortNames: []string{"limits"}, Namespaced: true,
		}, limitRangeRules),
		row[corev1.Namespace, *corev1.Namespace, corev1.NamespaceList](Kind{
			Kind: "Namespace", Resource: "namespaces", ShortNames: []string{"ns"},
			Verbs: []string{"create", "delete", "get", "list", "patch", "update", "watch"},
			Subresources: []Subresource{
				{Name: "finalize", Verbs: []string{"update"}},
				statusSubresource,
			},
		}, namespaceRules),
		row[corev1.Node, *corev1.Node, corev1.NodeList](Kind{
			Kind: "Node", Resource: "nodes", ShortNames: []string{"no"},
			Subresources: []Subresource{
				{Name: "proxy", Kind: coreKind("NodeProxyOptions"), Verbs: proxyVerbs},
				statusSubresource,
			},
		}, nodeRules),
		row[corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaim, corev1.PersistentVolumeClaimList](Kind{
			Kind: "PersistentVolumeClaim", Resource: "persistentvolumeclaims", ShortNames: []string{"pvc"}, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, claimRules),
		row[corev1.PersistentVolume, *corev1.PersistentVolume, corev1.PersistentVolumeList](Kind{
			Kind: "PersistentVolume", Resource: "persistentvolumes", ShortNames: []string{"pv"},
			Subresources: []Subresource{statusSubresource},
		}, persistentVolumeRules),
		row[corev1.Pod, *corev1.Pod, corev1.PodList](Kind{
			Kind: "Pod", Resource: "pods", ShortNames: []string{"po"}, Categories: []string{"all"}, Namespaced: true,
			Subresources: podSubresources(),
		}, podRules),
		row[corev1.PodTemplate, *corev1.PodTemplate, corev1.PodTemplateList](Kind{
			Kind: "PodTemplate", Resource: "podtemplates", Namespaced: true,
		}, podTemplateRules),
		row[corev1.ReplicationController, *corev1.ReplicationController, corev1.ReplicationControllerList](Kind{
			Kind: "ReplicationController", Resource: "replicationcontrollers", ShortNames: []string{"rc"},
			Categories: []string{"all"}, Namespaced: true,
			Subresources: []Subresource{scaleSubresource, statusSubresource},
		}, replicationControllerRules),
		row[corev1.ResourceQuota, *corev1.ResourceQuota, corev1.ResourceQuotaList](Kind{
			Kind: "ResourceQuota", Resource: "resourcequotas", ShortNames: []string{"quota"}, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, resourceQuotaRules),
		row[corev1.Secret, *corev1.Secret, corev1.SecretList](Kind{
			Kind: "Secret", Resource: "secrets", Namespaced: true,
		}, secretRules),
		row[corev1.ServiceAccount, *corev1.ServiceAccount, corev1.ServiceAccountList](Kind{
			Kind: "ServiceAccount", Resource: "serviceaccounts", ShortNames: []string{"sa"}, Namespaced: true,
			Subresources: []Subresource{{
				Name: "token", Verbs: []string{"create"},
				Kind: schema.GroupVersionKind{Group: "authentication.k8s.io", Version: "v1", Kind: "TokenRequest"},
			}},
		}, serviceAccountRules),
		row[corev1.Service, *corev1.Service, corev1.ServiceList](Kind{
			Kind: "Service", Resource: "services", ShortNames: []string{"svc"}, Categories: []string{"all"}, Namespaced: true,
			Subresources: []Subresource{
				{Name: "proxy", Kind: coreKind("ServiceProxyOptions"), Verbs: proxyVerbs},
				statusSubresource,
			},
		}, serviceRules),
	}
}

var proxyVerbs = []string{"create", "delete", "get", "patch", "update"}

func podSubresources() []Subresource {
	create, streamed := []string{"create"}, []string{"create", "get"}
	return []Subresource{
		{Name: "attach", Kind: coreKind("PodAttachOptions"), Verbs: streamed},
		{Name: "binding", Kind: coreKind("Binding"), Verbs: create},
		{Name: "ephemeralcontainers", Verbs: statusVerbs},
		{Name: "eviction", Kind: schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "Eviction"}, Verbs: create},
		{Name: "exec", Kind: coreKind("PodExecOptions"), Verbs: streamed},
		{Name: "log", Verbs: []string{"get"}},
		{Name: "portforward", Kind: coreKind("PodPortForwardOptions"), Verbs: streamed},
		{Name: "proxy", Kind: coreKind("PodProxyOptions"), Verbs: proxyVerbs},
		{Name: "resize", Verbs: statusVerbs},
		statusSubresource,
	}
}

func coreKind(kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Version: "v1", Kind: kind}
}
