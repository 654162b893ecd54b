package api

import (
	"maps"
	"math"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/utils/ptr"
)

// Upstream's pkg/apis/{batch,autoscaling,networking,rbac,scheduling,storage}/*/defaults.go.

func defaultJob(job *batchv1.Job) {
	spec := &job.Spec
	if spec.Completions == nil && spec.Parallelism == nil {
		spec.Completions = ptr.To[int32](1)
	}
	defaultCount(&spec.Parallelism, 1)
	if spec.BackoffLimitPerIndex != nil {
		defaultCount(&spec.BackoffLimit, math.MaxInt32)
	}
	defaultCount(&spec.BackoffLimit, 6)
	if spec.Template.Labels != nil && len(job.Labels) == 0 {
		job.Labels = maps.Clone(spec.Template.Labels)
	}
	if spec.CompletionMode == nil {
		spec.CompletionMode = ptr.To(batchv1.NonIndexedCompletion)
	}
	if spec.Suspend == nil {
		spec.Suspend = ptr.To(false)
	}
	if spec.PodReplacementPolicy == nil {
		spec.PodReplacementPolicy = ptr.To(batchv1.TerminatingOrFailed)
		if spec.PodFailurePolicy != nil {
			spec.PodReplacementPolicy = ptr.To(batchv1.Failed)
		}
	}
	if spec.ManualSelector == nil {
		spec.ManualSelector = ptr.To(false)
	}
	defaultJobTemplate(spec)
}

// defaultJobTemplate is what a Job and the template of a CronJob have in common.
func defaultJobTemplate(spec *batchv1.JobSpec) {
	if spec.PodFailurePolicy != nil {
		for i := range spec.PodFailurePolicy.Rules {
			patterns := spec.PodFailurePolicy.Rules[i].OnPodConditions
			for j := range patterns {
				if patterns[j].Status == "" {
					patterns[j].Status = corev1.ConditionTrue
				}
			}
		}
	}
	defaultPodSpec(&spec.Template.Spec)
}

func defaultCronJob(job *batchv1.CronJob) {
	if job.Spec.ConcurrencyPolicy == "" {
		job.Spec.ConcurrencyPolicy = batchv1.AllowConcurrent
	}
	if job.Spec.Suspend == nil {
		job.Spec.Suspend = ptr.To(false)
	}
	defaultCount(&job.Spec.SuccessfulJobsHistoryLimit, 3)
	defaultCount(&job.Spec.FailedJobsHistoryLimit, 1)
	defaultJobTemplate(&job.Spec.JobTemplate.Spec)
}

func defaultHorizontalPodAutoscaler(autoscaler *autoscalingv2.HorizontalPodAutoscaler) {
	defaultCount(&autoscaler.Spec.MinReplicas, 1)
	if len(autoscaler.Spec.Metrics) == 0 {
		autoscaler.Spec.Metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{
					Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr.To[int32](80),
				},
			},
		}}
	}
	if behavior := autoscaler.Spec.Behavior; behavior != nil {
		const period = 15
		percent := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: period}
		pods := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: period}
		behavior.ScaleUp = defaultScalingRules(behavior.ScaleUp, ptr.To[int32](0), pods, percent)
		behavior.ScaleDown = defaultScalingRules(behavior.ScaleDown, nil, percent)
	}
}

func defaultScalingRules(given *autoscalingv2.HPAScalingRules, window *int32, policies ...autoscalingv2.HPAScalingPolicy) *autoscalingv2.HPAScalingRules {
	if given == nil {
		given = &autoscalingv2.HPAScalingRules{}
	}
	if given.SelectPolicy == nil {
		given.SelectPolicy = ptr.To(autoscalingv2.MaxChangePolicySelect)
	}
	if given.StabilizationWindowSeconds == nil {
		given.StabilizationWindowSeconds = window
	}
	if given.Policies == nil {
		given.Policies = policies
	}
	return given
}

func defaultNetworkPolicy(policy *networkingv1.NetworkPolicy) {
	if len(policy.Spec.PolicyTypes) == 0 {
		policy.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(policy.Spec.Egress) != 0 {
			policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
	for i := range policy.Spec.Ingress {
		defaultPolicyPorts(policy.Spec.Ingress[i].Ports)
	}
	for i := range policy.Spec.Egress {
		defaultPolicyPorts(policy.Spec.Egress[i].Ports)
	}
}

func defaultPolicyPorts(ports []networkingv1.NetworkPolicyPort) {
	for i := range ports {
		if ports[i].Protocol == nil {
			ports[i].Protocol = ptr.To(corev1.ProtocolTCP)
		}
	}
}

func defaultClusterRoleBinding(binding *rbacv1.ClusterRoleBinding) {
	defaultText(&binding.RoleRef.APIGroup, rbacv1.GroupName)
	defaultSubjects(binding.Subjects)
}

func defaultRoleBinding(binding *rbacv1.RoleBinding) {
	defaultText(&binding.RoleRef.APIGroup, rbacv1.GroupName)
	defaultSubjects(binding.Subjects)
}

func defaultSubjects(subjects []rbacv1.Subject) {
	for i := range subjects {
		if kind := subjects[i].Kind; kind == rbacv1.UserKind || kind == rbacv1.GroupKind {
			defaultText(&subjects[i].APIGroup, rbacv1.GroupName)
		}
	}
}

func defaultPriorityClass(class *schedulingv1.PriorityClass) {
	if class.PreemptionPolicy == nil {
		class.PreemptionPolicy = ptr.To(corev1.PreemptLowerPriority)
	}
}

func defaultStorageClass(class *storagev1.StorageClass) {
	if class.ReclaimPolicy == nil {
		class.ReclaimPolicy = ptr.To(corev1.PersistentVolumeReclaimDelete)
	}
	if class.VolumeBindingMode == nil {
		class.VolumeBindingMode = ptr.To(storagev1.VolumeBindingImmediate)
	}
}
