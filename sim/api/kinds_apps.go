package api

import appsv1 "k8s.io/api/apps/v1"

// appsKinds are the kinds of the group apps.
func appsKinds() []*Kind {
	const group = "apps"
	all := []string{"all"}
	return []*Kind{
		row[appsv1.ControllerRevision, *appsv1.ControllerRevision, appsv1.ControllerRevisionList](Kind{
			Group: group, Kind: "ControllerRevision", Resource: "controllerrevisions", Namespaced: true,
		}, controllerRevisionRules),
		row[appsv1.DaemonSet, *appsv1.DaemonSet, appsv1.DaemonSetList](Kind{
			Group: group, Kind: "DaemonSet", Resource: "daemonsets", ShortNames: []string{"ds"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{statusSubresource},
		}, daemonSetRules),
		row[appsv1.Deployment, *appsv1.Deployment, appsv1.DeploymentList](Kind{
			Group: group, Kind: "Deployment", Resource: "deployments", ShortNames: []string{"deploy"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{scaleSubresource, statusSubresource},
		}, deploymentRules),
		row[appsv1.ReplicaSet, *appsv1.ReplicaSet, appsv1.ReplicaSetList](Kind{
			Group: group, Kind: "ReplicaSet", Resource: "replicasets", ShortNames: []string{"rs"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{scaleSubresource, statusSubresource},
		}, replicaSetRules),
		row[appsv1.StatefulSet, *appsv1.StatefulSet, appsv1.StatefulSetList](Kind{
			Group: group, Kind: "StatefulSet", Resource: "statefulsets", ShortNames: []string{"sts"}, Categories: all, Namespaced: true,
			Subresources: []Subresource{scaleSubresource, statusSubresource},
		}, statefulSetRules),
	}
}
