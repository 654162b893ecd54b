package api

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Upstream's pkg/apis/apps/v1/defaults.go.

// defaultStatefulSet leaves rollingUpdate.maxUnavailable alone: Release.Default fills it in where the feature
// gate MaxUnavailableStatefulSet is on. An explicit updateStrategy.type without rollingUpdate stays so.
func defaultStatefulSet(set *appsv1.StatefulSet) {
	spec := &set.Spec
	if spec.PodManagementPolicy == "" {
		spec.PodManagementPolicy = appsv1.OrderedReadyPodManagement
	}
	strategy := &spec.UpdateStrategy
	if strategy.Type == "" {
		strategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		if strategy.RollingUpdate == nil {
			strategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
		}
	}
	if strategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && strategy.RollingUpdate != nil && strategy.RollingUpdate.Partition == nil {
		strategy.RollingUpdate.Partition = ptr.To[int32](0)
	}
	if spec.PersistentVolumeClaimRetentionPolicy == nil {
		spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{}
	}
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy.WhenDeleted == "" {
		policy.WhenDeleted = appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	}
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy.WhenScaled == "" {
		policy.WhenScaled = appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	}
	defaultCount(&spec.Replicas, 1)
	defaultCount(&spec.RevisionHistoryLimit, 10)
	defaultPodSpec(&spec.Template.Spec)
	for i := range spec.VolumeClaimTemplates {
		claim := &spec.VolumeClaimTemplates[i]
		if claim.APIVersion != "v1" || claim.Kind != "PersistentVolumeClaim" { // as upstream's conversion to v1 does; what needs nothing may be shared, and is not touched
			claim.APIVersion, claim.Kind = "v1", "PersistentVolumeClaim"
		}
		defaultClaim(claim)
	}
}

func defaultDeployment(deployment *appsv1.Deployment) {
	spec := &deployment.Spec
	defaultCount(&spec.Replicas, 1)
	if spec.Strategy.Type == "" {
		spec.Strategy.Type = appsv1.RollingUpdateDeploymentStrategyType
	}
	if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		if spec.Strategy.RollingUpdate == nil {
			spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
		}
		rolling := spec.Strategy.RollingUpdate
		defaultShare(&rolling.MaxUnavailable, intstr.FromString("25%"))
		defaultShare(&rolling.MaxSurge, intstr.FromString("25%"))
	}
	defaultCount(&spec.RevisionHistoryLimit, 10)
	defaultCount(&spec.ProgressDeadlineSeconds, 600)
	defaultPodSpec(&spec.Template.Spec)
}

func defaultReplicaSet(set *appsv1.ReplicaSet) {
	defaultCount(&set.Spec.Replicas, 1)
	defaultPodSpec(&set.Spec.Template.Spec)
}

func defaultDaemonSet(set *appsv1.DaemonSet) {
	strategy := &set.Spec.UpdateStrategy
	if strategy.Type == "" {
		strategy.Type = appsv1.RollingUpdateDaemonSetStrategyType
	}
	if strategy.Type == appsv1.RollingUpdateDaemonSetStrategyType {
		if strategy.RollingUpdate == nil {
			strategy.RollingUpdate = &appsv1.RollingUpdateDaemonSet{}
		}
		defaultShare(&strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		defaultShare(&strategy.RollingUpdate.MaxSurge, intstr.FromInt32(0))
	}
	defaultCount(&set.Spec.RevisionHistoryLimit, 10)
	defaultPodSpec(&set.Spec.Template.Spec)
}

func defaultCount(count **int32, value int32) {
	if *count == nil {
		*count = ptr.To(value)
	}
}

func defaultShare(share **intstr.IntOrString, value intstr.IntOrString) {
	if *share == nil {
		*share = &value
	}
}
