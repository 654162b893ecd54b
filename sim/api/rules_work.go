package api

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"strconv"

	"github.com/stsim/stsim/sim/api/field"
)

// The rules of the kinds that go with workloads. Autoscalers, ingresses and network policies are kept but do
// nothing; of them the metadata and the selectors are checked.

var (
	horizontalPodAutoscalerRules = rules[*autoscalingv2.HorizontalPodAutoscaler]{
		setDefaults: defaultHorizontalPodAutoscaler,
		prepareForCreate: func(autoscaler *autoscalingv2.HorizontalPodAutoscaler) {
			autoscaler.Status = autoscalingv2.HorizontalPodAutoscalerStatus{}
		},
		prepareForUpdate: autoscalerParts.uncounted,
		validate:         validateAutoscaler,
		validateUpdate:   checkMetaUpdate[*autoscalingv2.HorizontalPodAutoscaler],
	}
	cronJobRules = rules[*batchv1.CronJob]{
		setDefaults: defaultCronJob, prepareForCreate: cronJobParts.create, prepareForUpdate: cronJobParts.update,
		validate: validateCronJob, validateUpdate: validateCronJobUpdate,
	}
	jobRules = rules[*batchv1.Job]{
		setDefaults: defaultJob, prepareForCreate: prepareJob, prepareForUpdate: jobParts.update,
		validate: validateJob, validateUpdate: validateJobUpdate,
		fields: func(job *batchv1.Job) map[string]string {
			return map[string]string{"status.successful": strconv.Itoa(int(job.Status.Succeeded))}
		},
	}
	leaseRules = rules[*coordinationv1.Lease]{
		prepareForCreate: dropCoordination, prepareForUpdate: func(lease, _ *coordinationv1.Lease, _ string) { dropCoordination(lease) },
		validate: validateLease, validateUpdate: func(lease, old *coordinationv1.Lease, _ string) field.ErrorList {
			return append(validateLease(lease), apivalidation.ValidateObjectMetaAccessorUpdate(lease, old, metaPath.Upstream())...)
		},
	}
	endpointSliceRules = rules[*discoveryv1.EndpointSlice]{
		setDefaults: defaultEndpointSlice, prepareForCreate: firstGeneration[*discoveryv1.EndpointSlice], prepareForUpdate: prepareEndpointSliceUpdate,
		validate: validateEndpointSlice, validateUpdate: validateEndpointSliceUpdate,
	}
	ingressRules = rules[*networkingv1.Ingress]{
		prepareForCreate: ingressParts.create, prepareForUpdate: ingressParts.update,
		validate: checkMeta[*networkingv1.Ingress](true, nameIsSubdomain), validateUpdate: checkMetaUpdate[*networkingv1.Ingress],
	}
	networkPolicyRules = rules[*networkingv1.NetworkPolicy]{
		setDefaults: defaultNetworkPolicy, prepareForCreate: firstGeneration[*networkingv1.NetworkPolicy],
		prepareForUpdate: func(policy, old *networkingv1.NetworkPolicy, _ string) {
			if !sameMeaning(policy.Spec, old.Spec) {
				policy.Generation = old.Generation + 1
			}
		},
		validate: func(policy *networkingv1.NetworkPolicy) field.ErrorList {
			errs := validateMeta(&policy.ObjectMeta, true, nameIsSubdomain)
			return append(errs, checkSelector(&policy.Spec.PodSelector, specPath.Child("podSelector"))...)
		},
		validateUpdate: checkMetaUpdate[*networkingv1.NetworkPolicy],
	}
	podDisruptionBudgetRules = rules[*policyv1.PodDisruptionBudget]{
		prepareForCreate: budgetParts.create, prepareForUpdate: budgetParts.update,
		validate: validateBudget, validateUpdate: validateBudgetUpdate,
	}
)

// dropCoordination: the feature gate of coordinated leases is off.
func dropCoordination(lease *coordinationv1.Lease) {
	lease.Spec.Strategy, lease.Spec.PreferredHolder = nil, nil
}

// validateLease: upstream lets the finalizers of Leases have any name.
func validateLease(lease *coordinationv1.Lease) field.ErrorList {
	spec, errs := &lease.Spec, apivalidation.ValidateObjectMetaAccessor(lease, true, nameIsSubdomain, metaPath.Upstream())
	if spec.LeaseDurationSeconds != nil && *spec.LeaseDurationSeconds <= 0 {
		errs = append(errs, field.Invalid(specPath.Child("leaseDurationSeconds"), *spec.LeaseDurationSeconds, "must be greater than 0"))
	}
	if spec.LeaseTransitions != nil && *spec.LeaseTransitions < 0 {
		errs = append(errs, field.Invalid(specPath.Child("leaseTransitions"), *spec.LeaseTransitions, "must be greater than or equal to 0"))
	}
	return errs
}

func validateAutoscaler(autoscaler *autoscalingv2.HorizontalPodAutoscaler) field.ErrorList {
	errs := validateMeta(&autoscaler.ObjectMeta, true, nameIsSubdomain)
	spec := &autoscaler.Spec
	if spec.MinReplicas != nil && *spec.MinReplicas < 1 {
		errs = append(errs, field.Invalid(specPath.Child("minReplicas"), *spec.MinReplicas, "must be greater than or equal to 1"))
	}
	if spec.MaxReplicas < 1 {
		errs = append(errs, field.Invalid(specPath.Child("maxReplicas"), spec.MaxReplicas, "must be greater than 0"))
	}
	if spec.MinReplicas != nil && spec.MaxReplicas < *spec.MinReplicas {
		errs = append(errs, field.Invalid(specPath.Child("maxReplicas"), spec.MaxReplicas, "must be greater than or equal to `minReplicas`"))
	}
	errs = append(errs, required(spec.ScaleTargetRef.Kind, specPath.Child("scaleTargetRef", "kind"))...)
	return append(errs, required(spec.ScaleTargetRef.Name, specPath.Child("scaleTargetRef", "name"))...)
}

var (
	autoscalerParts = parts[*autoscalingv2.HorizontalPodAutoscaler, autoscalingv2.HorizontalPodAutoscalerSpec, autoscalingv2.HorizontalPodAutoscalerStatus]{
		func(autoscaler *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerSpec {
			return &autoscaler.Spec
		},
		func(autoscaler *autoscalingv2.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscalerStatus {
			return &autoscaler.Status
		},
	}
	cronJobParts = parts[*batchv1.CronJob, batchv1.CronJobSpec, batchv1.CronJobStatus]{
		func(job *batchv1.CronJob) *batchv1.CronJobSpec { return &job.Spec },
		func(job *batchv1.CronJob) *batchv1.CronJobStatus { return &job.Status },
	}
	jobParts = parts[*batchv1.Job, batchv1.JobSpec, batchv1.JobStatus]{
		func(job *batchv1.Job) *batchv1.JobSpec { return &job.Spec },
		func(job *batchv1.Job) *batchv1.JobStatus { return &job.Status },
	}
	ingressParts = parts[*networkingv1.Ingress, networkingv1.IngressSpec, networkingv1.IngressStatus]{
		func(ingress *networkingv1.Ingress) *networkingv1.IngressSpec { return &ingress.Spec },
		func(ingress *networkingv1.Ingress) *networkingv1.IngressStatus { return &ingress.Status },
	}
	budgetParts = parts[*policyv1.PodDisruptionBudget, policyv1.PodDisruptionBudgetSpec, policyv1.PodDisruptionBudgetStatus]{
		func(budget *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudgetSpec { return &budget.Spec },
		func(budget *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudgetStatus { return &budget.Status },
	}
)
