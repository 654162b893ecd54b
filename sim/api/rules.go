package api

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
)

var (
	configMapRules               = rules[*corev1.ConfigMap]{}
	endpointsRules               = rules[*corev1.Endpoints]{}
	eventRules                   = rules[*corev1.Event]{}
	limitRangeRules              = rules[*corev1.LimitRange]{}
	namespaceRules               = rules[*corev1.Namespace]{}
	nodeRules                    = rules[*corev1.Node]{}
	claimRules                   = rules[*corev1.PersistentVolumeClaim]{}
	persistentVolumeRules        = rules[*corev1.PersistentVolume]{}
	podRules                     = rules[*corev1.Pod]{}
	podTemplateRules             = rules[*corev1.PodTemplate]{}
	replicationControllerRules   = rules[*corev1.ReplicationController]{}
	resourceQuotaRules           = rules[*corev1.ResourceQuota]{}
	secretRules                  = rules[*corev1.Secret]{}
	serviceAccountRules          = rules[*corev1.ServiceAccount]{}
	serviceRules                 = rules[*corev1.Service]{}
	controllerRevisionRules      = rules[*appsv1.ControllerRevision]{}
	daemonSetRules               = rules[*appsv1.DaemonSet]{}
	deploymentRules              = rules[*appsv1.Deployment]{}
	replicaSetRules              = rules[*appsv1.ReplicaSet]{}
	statefulSetRules             = rules[*appsv1.StatefulSet]{}
	horizontalPodAutoscalerRules = rules[*autoscalingv2.HorizontalPodAutoscaler]{}
	cronJobRules                 = rules[*batchv1.CronJob]{}
	jobRules                     = rules[*batchv1.Job]{}
	leaseRules                   = rules[*coordinationv1.Lease]{}
	endpointSliceRules           = rules[*discoveryv1.EndpointSlice]{}
	ingressRules                 = rules[*networkingv1.Ingress]{}
	networkPolicyRules           = rules[*networkingv1.NetworkPolicy]{}
	podDisruptionBudgetRules     = rules[*policyv1.PodDisruptionBudget]{}
	clusterRoleBindingRules      = rules[*rbacv1.ClusterRoleBinding]{}
	clusterRoleRules             = rules[*rbacv1.ClusterRole]{}
	roleBindingRules             = rules[*rbacv1.RoleBinding]{}
	roleRules                    = rules[*rbacv1.Role]{}
	priorityClassRules           = rules[*schedulingv1.PriorityClass]{}
	csiNodeRules                 = rules[*storagev1.CSINode]{}
	storageClassRules            = rules[*storagev1.StorageClass]{}
	volumeAttachmentRules        = rules[*storagev1.VolumeAttachment]{}
)
