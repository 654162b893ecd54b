package api

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// The rules of the kinds of the core group. Upstream: pkg/registry/core/*/strategy.go.

var (
	configMapRules = rules[*corev1.ConfigMap]{
		setDefaults: func(config *corev1.ConfigMap) {
			if config.Data == nil {
				config.Data = map[string]string{}
			}
		},
		validate: validateConfigMap, validateUpdate: validateConfigMapUpdate,
	}
	endpointsRules = rules[*corev1.Endpoints]{
		setDefaults: defaultEndpoints, validate: validateEndpoints, validateUpdate: validateEndpointsUpdate,
	}
	eventRules = rules[*corev1.Event]{
		validate:       validateEvent,
		validateUpdate: func(event, _ *corev1.Event, _ string) field.ErrorList { return validateEvent(event) },
		fields:         eventFields,
	}
	limitRangeRules = rules[*corev1.LimitRange]{
		setDefaults: defaultLimitRange, validate: checkMeta[*corev1.LimitRange](true, nameIsSubdomain), validateUpdate: checkMetaUpdate[*corev1.LimitRange],
	}
	namespaceRules = rules[*corev1.Namespace]{
		setDefaults: defaultNamespace, prepareForCreate: prepareNamespace, prepareForUpdate: prepareNamespaceUpdate,
		validate: validateNamespace, validateUpdate: validateNamespaceUpdate,
		fields: func(namespace *corev1.Namespace) map[string]string {
			return map[string]string{"status.phase": string(namespace.Status.Phase), "name": namespace.Name}
		},
	}
	nodeRules = rules[*corev1.Node]{
		setDefaults: defaultNode, prepareForCreate: alignPodCIDRs,
		prepareForUpdate: func(node, old *corev1.Node, subresource string) {
			nodeParts.uncounted(node, old, subresource)
			alignPodCIDRs(node)
		},
		validate: validateNode, validateUpdate: validateNodeUpdate,
		fields: func(node *corev1.Node) map[string]string {
			return map[string]string{"spec.unschedulable": strconv.FormatBool(node.Spec.Unschedulable)}
		},
	}
	claimRules = rules[*corev1.PersistentVolumeClaim]{
		setDefaults: defaultClaim, prepareForCreate: prepareClaim, prepareForUpdate: prepareClaimUpdate,
		validate: validateClaim, validateUpdate: validateClaimUpdate,
		fields: func(claim *corev1.PersistentVolumeClaim) map[string]string {
			return map[string]string{"name": claim.Name}
		},
	}
	persistentVolumeRules = rules[*corev1.PersistentVolume]{
		setDefaults: defaultPersistentVolume, prepareForCreate: preparePersistentVolume, prepareForUpdate: preparePersistentVolumeUpdate,
		validate: validatePersistentVolume, validateUpdate: validatePersistentVolumeUpdate,
		fields: func(volume *corev1.PersistentVolume) map[string]string { return map[string]string{"name": volume.Name} },
	}
	podRules = rules[*corev1.Pod]{
		setDefaults: defaultPod, prepareForCreate: preparePod, prepareForUpdate: preparePodUpdate,
		validate: validatePod, validateUpdate: validatePodUpdate, fields: podFields,
	}
	podTemplateRules = rules[*corev1.PodTemplate]{
		setDefaults: defaultPodTemplate, prepareForCreate: firstGeneration[*corev1.PodTemplate],
		prepareForUpdate: func(template, old *corev1.PodTemplate, _ string) {
			if !sameMeaning(template.Template, old.Template) {
				template.Generation = old.Generation + 1
			}
		},
		validate: validatePodTemplateObject, validateUpdate: validatePodTemplateObjectUpdate,
	}
	replicationControllerRules = rules[*corev1.ReplicationController]{
		setDefaults: defaultReplicationController, prepareForCreate: replicationControllerParts.create, prepareForUpdate: replicationControllerParts.update,
		validate: validateReplicationController, validateUpdate: validateReplicationControllerUpdate,
		fields: func(controller *corev1.ReplicationController) map[string]string {
			return map[string]string{"status.replicas": strconv.Itoa(int(controller.Status.Replicas))}
		},
	}
	resourceQuotaRules = rules[*corev1.ResourceQuota]{
		setDefaults:      defaultResourceQuota,
		prepareForCreate: func(quota *corev1.ResourceQuota) { quota.Status = corev1.ResourceQuotaStatus{} },
		prepareForUpdate: quotaParts.uncounted, validate: validateQuota, validateUpdate: validateQuotaUpdate,
	}
	secretRules = rules[*corev1.Secret]{
		setDefaults: defaultSecret, prepareForUpdate: prepareSecretUpdate, validate: validateSecret, validateUpdate: validateSecretUpdate,
		fields: func(secret *corev1.Secret) map[string]string { return map[string]string{"type": string(secret.Type)} },
	}
	serviceAccountRules = rules[*corev1.ServiceAccount]{
		prepareForCreate: prepareServiceAccount,
		prepareForUpdate: func(account, _ *corev1.ServiceAccount, _ string) { prepareServiceAccount(account) },
		validate:         checkMeta[*corev1.ServiceAccount](true, nameIsSubdomain), validateUpdate: checkMetaUpdate[*corev1.ServiceAccount],
	}
	serviceRules = rules[*corev1.Service]{
		setDefaults: defaultService, prepareForCreate: prepareService, prepareForUpdate: prepareServiceUpdate,
		validate:       func(service *corev1.Service) field.ErrorList { return validateService(service, Release{}) },
		validateUpdate: validateServiceUpdate,
		fields: func(service *corev1.Service) map[string]string {
			return map[string]string{"spec.clusterIP": service.Spec.ClusterIP, "spec.type": string(service.Spec.Type)}
		},
	}
)

var (
	nodeParts = parts[*corev1.Node, corev1.NodeSpec, corev1.NodeStatus]{
		func(node *corev1.Node) *corev1.NodeSpec { return &node.Spec }, func(node *corev1.Node) *corev1.NodeStatus { return &node.Status },
	}
	quotaParts = parts[*corev1.ResourceQuota, corev1.ResourceQuotaSpec, corev1.ResourceQuotaStatus]{
		func(quota *corev1.ResourceQuota) *corev1.ResourceQuotaSpec { return &quota.Spec },
		func(quota *corev1.ResourceQuota) *corev1.ResourceQuotaStatus { return &quota.Status },
	}
	replicationControllerParts = parts[*corev1.ReplicationController, corev1.ReplicationControllerSpec, corev1.ReplicationControllerStatus]{
		func(controller *corev1.ReplicationController) *corev1.ReplicationControllerSpec {
			return &controller.Spec
		},
		func(controller *corev1.ReplicationController) *corev1.ReplicationControllerStatus {
			return &controller.Status
		},
	}
)

func podFields(pod *corev1.Pod) map[string]string {
	address := pod.Status.PodIP
	if len(pod.Status.PodIPs) > 0 {
		address = pod.Status.PodIPs[0].IP
	}
	return map[string]string{
		"spec.nodeName": pod.Spec.NodeName, "spec.restartPolicy": string(pod.Spec.RestartPolicy),
		"spec.schedulerName": pod.Spec.SchedulerName, "spec.serviceAccountName": pod.Spec.ServiceAccountName,
		"spec.hostNetwork": strconv.FormatBool(pod.Spec.HostNetwork), "status.phase": string(pod.Status.Phase),
		"status.podIP": address, "status.nominatedNodeName": pod.Status.NominatedNodeName,
	}
}

func eventFields(event *corev1.Event) map[string]string {
	source := event.Source.Component
	if source == "" {
		source = event.ReportingController
	}
	object := event.InvolvedObject
	return map[string]string{
		"involvedObject.kind": object.Kind, "involvedObject.namespace": object.Namespace, "involvedObject.name": object.Name,
		"involvedObject.uid": string(object.UID), "involvedObject.apiVersion": object.APIVersion,
		"involvedObject.resourceVersion": object.ResourceVersion, "involvedObject.fieldPath": object.FieldPath,
		"reason": event.Reason, "reportingComponent": event.ReportingController, "source": source, "type": event.Type,
	}
}
