package oracle

import (
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/endpoint"
	"k8s.io/kubernetes/pkg/registry/core/event"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	corenamespace "k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csinode"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattachment"
)

// strategy is what upstream's API does with the objects of a kind before they are stored.
type strategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

var strategies = map[string]strategy{
	"ConfigMap": configmap.Strategy, "ControllerRevision": controllerrevision.Strategy, "CronJob": cronjob.Strategy, "CSINode": csinode.Strategy,
	"ClusterRole": clusterrole.Strategy, "ClusterRoleBinding": clusterrolebinding.Strategy, "DaemonSet": daemonset.Strategy,
	"Deployment": deployment.Strategy, "Endpoints": endpoint.Strategy, "EndpointSlice": endpointslice.Strategy, "Event": event.Strategy,
	"HorizontalPodAutoscaler": horizontalpodautoscaler.Strategy, "Ingress": ingress.Strategy, "Job": job.Strategy, "Lease": lease.Strategy,
	"LimitRange": limitrange.Strategy, "Namespace": corenamespace.Strategy, "NetworkPolicy": networkpolicy.Strategy, "Node": node.Strategy,
	"PersistentVolume": persistentvolume.Strategy, "PersistentVolumeClaim": persistentvolumeclaim.Strategy, "Pod": pod.Strategy,
	"PodDisruptionBudget": poddisruptionbudget.Strategy, "PodTemplate": podtemplate.Strategy, "PriorityClass": priorityclass.Strategy,
	"ReplicaSet": replicaset.Strategy, "ReplicationController": replicationcontroller.Strategy, "ResourceQuota": resourcequota.Strategy,
	"Role": role.Strategy, "RoleBinding": rolebinding.Strategy, "Secret": secret.Strategy, "Service": service.Strategy,
	"ServiceAccount": serviceaccount.Strategy, "StatefulSet": statefulset.Strategy, "StorageClass": storageclass.Strategy,
	"VolumeAttachment": volumeattachment.Strategy,
}

// subresources are those whose updates are judged on their own.
var subresources = map[string]rest.RESTUpdateStrategy{
	"CronJob/status": cronjob.StatusStrategy, "DaemonSet/status": daemonset.StatusStrategy, "Deployment/status": deployment.StatusStrategy,
	"HorizontalPodAutoscaler/status": horizontalpodautoscaler.StatusStrategy, "Ingress/status": ingress.StatusStrategy, "Job/status": job.StatusStrategy,
	"Namespace/status": corenamespace.StatusStrategy, "Namespace/finalize": corenamespace.FinalizeStrategy, "Node/status": node.StatusStrategy,
	"PersistentVolume/status": persistentvolume.StatusStrategy, "PersistentVolumeClaim/status": persistentvolumeclaim.StatusStrategy,
	"Pod/status": pod.StatusStrategy, "Pod/ephemeralcontainers": pod.EphemeralContainersStrategy, "Pod/resize": pod.ResizeStrategy,
	"PodDisruptionBudget/status": poddisruptionbudget.StatusStrategy, "ReplicaSet/status": replicaset.StatusStrategy,
	"ReplicationController/status": replicationcontroller.StatusStrategy, "ResourceQuota/status": resourcequota.StatusStrategy,
	"Service/status": service.StatusStrategy, "StatefulSet/status": statefulset.StatusStrategy, "VolumeAttachment/status": volumeattachment.StatusStrategy,
}
