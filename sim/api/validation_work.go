package api

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// Upstream: pkg/apis/{policy,discovery,batch,scheduling,rbac}/validation/validation.go.

func validateBudget(budget *policyv1.PodDisruptionBudget) field.ErrorList {
	return validateBudgetSpec(&budget.Spec) // upstream has no rule of its own for the metadata
}

func validateBudgetSpec(spec *policyv1.PodDisruptionBudgetSpec) (errs field.ErrorList) {
	if spec.MinAvailable != nil && spec.MaxUnavailable != nil {
		errs = append(errs, field.Invalid(specPath, internal{*spec}, "minAvailable and maxUnavailable cannot be both set"))
	}
	if least := spec.MinAvailable; least != nil {
		errs = append(errs, checkIntOrPercent(*least, specPath.Child("minAvailable"))...)
		errs = append(errs, checkAtMostAll(*least, specPath.Child("minAvailable"))...)
	}
	if most := spec.MaxUnavailable; most != nil {
		errs = append(errs, checkIntOrPercent(*most, specPath.Child("maxUnavailable"))...)
		errs = append(errs, checkAtMostAll(*most, specPath.Child("maxUnavailable"))...)
	}
	errs = append(errs, checkSelector(spec.Selector, specPath.Child("selector"))...)
	if policy := spec.UnhealthyPodEvictionPolicy; policy != nil {
		errs = append(errs, checkAmong(*policy, specPath.Child("unhealthyPodEvictionPolicy"), policyv1.AlwaysAllow, policyv1.IfHealthyBudget)...)
	}
	return errs
}

func validateBudgetUpdate(budget, _ *policyv1.PodDisruptionBudget, subresource string) field.ErrorList {
	if subresource != "status" {
		return validateBudgetSpec(&budget.Spec)
	}
	status, path := &budget.Status, field.NewPath("status")
	errs := metavalidation.ValidateConditions(status.Conditions, path.Child("conditions").Upstream())
	return append(errs, checkCounts(path,
		count{"disruptionsAllowed", int64(status.DisruptionsAllowed)}, count{"currentHealthy", int64(status.CurrentHealthy)},
		count{"desiredHealthy", int64(status.DesiredHealthy)}, count{"expectedPods", int64(status.ExpectedPods)})...)
}

func validateEndpointSlice(slice *discoveryv1.EndpointSlice) field.ErrorList {
	errs := validateMeta(&slice.ObjectMeta, true, nameIsSubdomain)
	errs = append(errs, checkOneOf(slice.AddressType, field.NewPath("addressType"),
		discoveryv1.AddressTypeFQDN, discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6)...)
	names := map[string]bool{}
	for i, port := range slice.Ports {
		path := field.NewPath("ports").Index(i)
		name := ""
		if port.Name != nil {
			name = *port.Name
		}
		if name != "" {
			errs = append(errs, checkLabel(name, path.Child("name"))...)
		}
		if names[name] {
			errs = append(errs, field.Duplicate(path.Child("name"), name))
		}
		names[name] = true
		if port.Protocol == nil {
			errs = append(errs, field.Required(path.Child("protocol"), ""))
		} else {
			errs = append(errs, checkAmong(*port.Protocol, path.Child("protocol"), portProtocols...)...)
		}
		if port.AppProtocol != nil {
			errs = append(errs, checkQualifiedName(*port.AppProtocol, path.Child("appProtocol"))...)
		}
	}
	if most := 1000; len(slice.Endpoints) > most {
		return append(errs, field.TooMany(field.NewPath("endpoints"), len(slice.Endpoints), most))
	}
	for i := range slice.Endpoints {
		errs = append(errs, validateEndpoint(&slice.Endpoints[i], slice.AddressType, field.NewPath("endpoints").Index(i))...)
	}
	return errs
}

func validateEndpoint(endpoint *discoveryv1.Endpoint, kind discoveryv1.AddressType, at field.Path) (errs field.ErrorList) {
	path := at.Child("addresses")
	if len(endpoint.Addresses) == 0 {
		errs = append(errs, field.Required(path, "must contain at least 1 address"))
	} else if most := 100; len(endpoint.Addresses) > most {
		errs = append(errs, field.TooMany(path, len(endpoint.Addresses), most))
	}
	for i, address := range endpoint.Addresses {
		switch kind {
		case discoveryv1.AddressTypeFQDN:
			errs = append(errs, validation.IsFullyQualifiedDomainName(path.Index(i).Upstream(), address)...)
			continue
		case discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6:
		default:
			continue
		}
		if problems := checkIP(path.Index(i), address, nil); len(problems) > 0 {
			errs = append(errs, problems...)
			continue
		}
		parsed, err := netip.ParseAddr(address)
		if err == nil && parsed.Is4() != (kind == discoveryv1.AddressTypeIPv4) {
			errs = append(errs, field.Invalid(path, address, "must be an "+string(kind)+" address"))
		}
		errs = append(errs, checkEndpointIP(address, path.Index(i))...)
	}
	if node := endpoint.NodeName; node != nil {
		errs = append(errs, invalids(at.Child("nodeName"), *node, nameIsSubdomain(*node, false))...)
	}
	if host := endpoint.Hostname; host != nil {
		errs = append(errs, checkLabel(*host, at.Child("hostname"))...)
	}
	if hints := endpoint.Hints; hints != nil {
		zones, nodes := make([]string, len(hints.ForZones)), make([]string, len(hints.ForNodes))
		for i := range zones {
			zones[i] = hints.ForZones[i].Name
		}
		for i := range nodes {
			nodes[i] = hints.ForNodes[i].Name
		}
		errs = append(errs, validateHints(zones, validation.IsValidLabelValue, at.Child("hints", "forZones"))...)
		if len(zones) <= mostHints {
			errs = append(errs, validateHints(nodes, func(node string) []string { return nameIsSubdomain(node, false) }, at.Child("hints", "forNodes"))...)
		}
	}
	return errs
}

const mostHints = 8

func validateHints(names []string, rule func(string) []string, at field.Path) (errs field.ErrorList) {
	if len(names) > mostHints {
		return field.ErrorList{field.TooMany(at, len(names), mostHints)}
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			errs = append(errs, field.Duplicate(at.Index(i).Child("name"), name))
		}
		errs = append(errs, invalids(at.Index(i).Child("name"), name, rule(name))...)
	}
	return errs
}

func validateEndpointSliceUpdate(slice, old *discoveryv1.EndpointSlice, _ string) field.ErrorList {
	errs := validateMetaUpdate(&slice.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, validateEndpointSlice(slice)...)
	return append(errs, checkImmutable(slice.AddressType, old.AddressType, field.NewPath("addressType"))...)
}

func validateCronJob(job *batchv1.CronJob) field.ErrorList {
	errs := validateMeta(&job.ObjectMeta, true, nameIsSubdomain)
	if most := 52; len(job.Name) > most {
		errs = append(errs, field.Invalid(metaPath.Child("name"), job.Name, "must be no more than 52 characters"))
	}
	return append(errs, validateCronJobSpec(&job.Spec)...)
}

// validateCronJobSpec leaves the words of a schedule unread: CronJobs are kept but never fire.
func validateCronJobSpec(spec *batchv1.CronJobSpec) (errs field.ErrorList) {
	errs = append(errs, required(spec.Schedule, specPath.Child("schedule"))...)
	if spec.Schedule != "" && !strings.HasPrefix(spec.Schedule, "@") && len(strings.Fields(spec.Schedule)) != 5 {
		errs = append(errs, field.Invalid(specPath.Child("schedule"), spec.Schedule,
			fmt.Sprintf("expected exactly 5 fields, found %d: [%s]", len(strings.Fields(spec.Schedule)), spec.Schedule)))
	}
	errs = append(errs, checkCounts(specPath, countOf("startingDeadlineSeconds", spec.StartingDeadlineSeconds),
		countOf("successfulJobsHistoryLimit", spec.SuccessfulJobsHistoryLimit), countOf("failedJobsHistoryLimit", spec.FailedJobsHistoryLimit))...)
	errs = append(errs, checkOneOf(spec.ConcurrencyPolicy, specPath.Child("concurrencyPolicy"),
		batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)...)
	return append(errs, validateJobSpec(&spec.JobTemplate.Spec, specPath.Child("jobTemplate", "spec"))...)
}

func validateCronJobUpdate(job, old *batchv1.CronJob, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&job.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		return errs
	}
	return append(errs, validateCronJobSpec(&job.Spec)...)
}

// highestPriority is the highest that a user may define; the system's own classes lie above.
const highestPriority = 1000000000

func validatePriorityClass(class *schedulingv1.PriorityClass) field.ErrorList {
	errs := validateMeta(&class.ObjectMeta, false, nameIsSubdomain)
	const prefix = "system-"
	system := map[string]int32{"system-node-critical": 2*highestPriority + 1000, "system-cluster-critical": 2 * highestPriority}
	if strings.HasPrefix(class.Name, prefix) {
		problem := ""
		switch value, known := system[class.Name]; {
		case !known:
			problem = class.Name + " is not a known system priority class"
		case value != class.Value:
			problem = fmt.Sprintf("value of %v PriorityClass must be %v", class.Name, value)
		case class.GlobalDefault:
			problem = fmt.Sprintf("globalDefault of %v PriorityClass must be %v", class.Name, false)
		}
		if problem != "" {
			errs = append(errs, field.Forbidden(metaPath.Child("name"), "priority class names with '"+prefix+"' prefix are reserved for system use only. error: "+problem))
		}
	} else if class.Value > highestPriority {
		errs = append(errs, field.Forbidden(field.NewPath("value"), fmt.Sprintf("maximum allowed value of a user defined priority is %v", highestPriority)))
	}
	if policy := class.PreemptionPolicy; policy != nil {
		errs = append(errs, checkOneOf(*policy, field.NewPath("preemptionPolicy"), corev1.PreemptLowerPriority, corev1.PreemptNever)...)
	}
	return errs
}

func validatePriorityClassUpdate(class, old *schedulingv1.PriorityClass, _ string) field.ErrorList {
	errs := validateMetaUpdate(&class.ObjectMeta, &old.ObjectMeta)
	if class.Value != old.Value {
		errs = append(errs, field.Forbidden(field.NewPath("value"), "may not be changed in an update."))
	}
	return append(errs, checkImmutable(class.PreemptionPolicy, old.PreemptionPolicy, field.NewPath("preemptionPolicy"))...)
}

func validateRules(rules []rbacv1.PolicyRule, namespaced bool) (errs field.ErrorList) {
	for i, rule := range rules {
		path := field.NewPath("rules").Index(i)
		if len(rule.Verbs) == 0 {
			errs = append(errs, field.Required(path.Child("verbs"), "verbs must contain at least one value"))
		}
		if len(rule.NonResourceURLs) > 0 {
			if namespaced {
				errs = append(errs, field.Invalid(path.Child("nonResourceURLs"), rule.NonResourceURLs, "namespaced rules cannot apply to non-resource URLs"))
			}
			if len(rule.APIGroups) > 0 || len(rule.Resources) > 0 || len(rule.ResourceNames) > 0 {
				errs = append(errs, field.Invalid(path.Child("nonResourceURLs"), rule.NonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs"))
			}
			continue
		}
		if len(rule.APIGroups) == 0 {
			errs = append(errs, field.Required(path.Child("apiGroups"), "resource rules must supply at least one api group"))
		}
		if len(rule.Resources) == 0 {
			errs = append(errs, field.Required(path.Child("resources"), "resource rules must supply at least one resource"))
		}
	}
	return errs
}

func validateBinding(ref rbacv1.RoleRef, subjects []rbacv1.Subject, namespaced bool) (errs field.ErrorList) {
	path := field.NewPath("roleRef")
	errs = append(errs, checkAmong(ref.APIGroup, path.Child("apiGroup"), rbacv1.GroupName)...)
	kinds := []string{"ClusterRole"}
	if namespaced {
		kinds = []string{"Role", "ClusterRole"}
	}
	if !slices.Contains(kinds, ref.Kind) {
		errs = append(errs, field.NotSupported(path.Child("kind"), ref.Kind, kinds))
	}
	if ref.Name == "" {
		errs = append(errs, field.Required(path.Child("name"), ""))
	} else {
		errs = append(errs, invalids(path.Child("name"), ref.Name, nameIsSegment(ref.Name, false))...)
	}
	for i, subject := range subjects {
		at := field.NewPath("subjects").Index(i)
		errs = append(errs, required(subject.Name, at.Child("name"))...)
		switch subject.Kind {
		case rbacv1.ServiceAccountKind:
			if subject.Name != "" {
				errs = append(errs, checkSubdomain(subject.Name, at.Child("name"))...)
			}
			if subject.APIGroup != "" {
				errs = append(errs, field.NotSupported(at.Child("apiGroup"), subject.APIGroup, []string{""}))
			}
			if !namespaced && subject.Namespace == "" {
				errs = append(errs, field.Required(at.Child("namespace"), ""))
			}
		case rbacv1.UserKind, rbacv1.GroupKind:
			errs = append(errs, checkAmong(subject.APIGroup, at.Child("apiGroup"), rbacv1.GroupName)...)
		default:
			errs = append(errs, field.NotSupported(at.Child("kind"), subject.Kind, []string{rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind}))
		}
	}
	return errs
}

func checkRoleRefKept(ref, old rbacv1.RoleRef) field.ErrorList {
	if ref == old {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("roleRef"), internal{ref}, "cannot change roleRef")}
}
