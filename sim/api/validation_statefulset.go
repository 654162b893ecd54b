package api

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// Upstream: pkg/apis/apps/validation/validation.go.

func validateStatefulSet(set *appsv1.StatefulSet, r Release) field.ErrorList {
	errs := validateMeta(&set.ObjectMeta, true, nameIsLabel)
	return append(errs, validateStatefulSetSpec(&set.Spec, specPath, setChecks{
		serviceName: r.AtLeast(33), claimTemplates: r.AtLeast(34), template: true,
	})...)
}

// setChecks says what is looked into: an update tolerates what has been accepted once.
type setChecks struct{ serviceName, claimTemplates, template bool }

// validateStatefulSetUpdate names the fields that may change; the list grew with the releases.
func validateStatefulSetUpdate(set, old *appsv1.StatefulSet, subresource string, r Release) field.ErrorList {
	if subresource == "status" {
		return validateStatefulSetStatus(set, old)
	}
	errs := validateMetaUpdate(&set.ObjectMeta, &old.ObjectMeta)
	checks := setChecks{template: true}
	checks.template = len(validateStatefulSetSpec(&old.Spec, field.Path{}, checks)) == 0
	errs = append(errs, validateStatefulSetSpec(&set.Spec, specPath, checks)...)
	if statefulSetFixed(&set.Spec, &old.Spec, r) {
		return errs
	}
	return append(errs, field.Forbidden(specPath, r.statefulSetFieldsText()))
}

// statefulSetFixed says whether all is equal but the fields that may change.
func statefulSetFixed(spec, old *appsv1.StatefulSetSpec, r Release) bool {
	rest := *spec
	rest.Replicas, rest.Template, rest.UpdateStrategy = old.Replicas, old.Template, old.UpdateStrategy
	if r.AtLeast(22) {
		rest.MinReadySeconds, rest.Ordinals = old.MinReadySeconds, old.Ordinals
		rest.PersistentVolumeClaimRetentionPolicy = old.PersistentVolumeClaimRetentionPolicy
	}
	if r.AtLeast(33) {
		rest.RevisionHistoryLimit = old.RevisionHistoryLimit
	}
	return sameMeaning(rest, *old)
}

func (r Release) statefulSetFieldsText() string {
	switch {
	case r.AtLeast(33):
		return "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
	case r.AtLeast(22):
		return "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
	}
	return "updates to statefulset spec for fields other than 'replicas', 'template', and 'updateStrategy' are forbidden."
}

func validateStatefulSetSpec(spec *appsv1.StatefulSetSpec, at field.Path, checks setChecks) (errs field.ErrorList) {
	switch spec.PodManagementPolicy {
	case "":
		errs = append(errs, field.Required(at.Child("podManagementPolicy"), ""))
	case appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement:
	default:
		errs = append(errs, field.Invalid(at.Child("podManagementPolicy"), spec.PodManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
	}
	errs = append(errs, validateStatefulSetStrategy(&spec.UpdateStrategy, at.Child("updateStrategy"))...)
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		path := at.Child("persistentVolumeClaimRetentionPolicy")
		errs = append(errs, checkRetention(policy.WhenDeleted, path.Child("whenDeleted"))...)
		errs = append(errs, checkRetention(policy.WhenScaled, path.Child("whenScaled"))...)
	}
	for i := range spec.VolumeClaimTemplates {
		if checks.claimTemplates {
			errs = append(errs, validateClaimSpec(&spec.VolumeClaimTemplates[i].Spec, at.Child("volumeClaimTemplates").Index(i).Child("spec"), false)...)
		}
	}
	errs = append(errs, checkCounts(at, countOf("replicas", spec.Replicas), count{"minReadySeconds", int64(spec.MinReadySeconds)})...)
	if spec.Ordinals != nil {
		errs = append(errs, checkNotNegative(spec.Ordinals.Start, at, "ordinals.start")...)
	}
	if checks.serviceName && spec.ServiceName != "" {
		errs = append(errs, checkLabel(spec.ServiceName, at.Child("serviceName"))...)
	}
	selector, problems := validateWorkloadSelector(spec.Selector, at.Child("selector"), "empty selector is invalid for statefulset")
	errs = append(errs, problems...)
	if selector == nil {
		errs = append(errs, field.Invalid(at.Child("selector"), spec.Selector, ""))
	} else {
		errs = append(errs, validateSetTemplate(spec, selector, at.Child("template"), checks)...)
	}
	path := at.Child("template", "spec")
	if policy := spec.Template.Spec.RestartPolicy; policy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(path.Child("restartPolicy"), policy, []string{string(corev1.RestartPolicyAlways)}))
	}
	if spec.Template.Spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(path.Child("activeDeadlineSeconds"), "activeDeadlineSeconds in StatefulSet is not Supported"))
	}
	return errs
}

func checkRetention(policy appsv1.PersistentVolumeClaimRetentionPolicyType, at field.Path) field.ErrorList {
	return checkAmong(policy, at, appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType)
}

func validateStatefulSetStrategy(strategy *appsv1.StatefulSetUpdateStrategy, at field.Path) (errs field.ErrorList) {
	rolling, path := strategy.RollingUpdate, at.Child("rollingUpdate")
	switch strategy.Type {
	case "":
		return field.ErrorList{field.Required(at, "")}
	case appsv1.OnDeleteStatefulSetStrategyType:
		if rolling != nil {
			errs = append(errs, field.Invalid(path, internal{rolling}, "only allowed for updateStrategy 'RollingUpdate'"))
		}
		return errs
	case appsv1.RollingUpdateStatefulSetStrategyType:
		if rolling == nil {
			return nil
		}
	default:
		return field.ErrorList{field.Invalid(at, internal{*strategy}, "must be 'RollingUpdate' or 'OnDelete'")}
	}
	errs = append(errs, checkCounts(path, countOf("partition", rolling.Partition))...)
	if most := rolling.MaxUnavailable; most != nil {
		path := path.Child("maxUnavailable")
		errs = append(errs, checkIntOrPercent(*most, path)...)
		if intOrPercent(*most) == 0 {
			errs = append(errs, field.Invalid(path, *most, "cannot be 0"))
		}
		errs = append(errs, checkAtMostAll(*most, path)...)
	}
	return errs
}

// validateSetTemplate checks the template with a volume for every claim template in place, and without the host
// name and the subdomain, which the controller overwrites.
func validateSetTemplate(spec *appsv1.StatefulSetSpec, selector labels.Selector, at field.Path, checks setChecks) (errs field.ErrorList) {
	template := spec.Template
	template.Spec.Hostname, template.Spec.Subdomain = "", ""
	if len(spec.VolumeClaimTemplates) > 0 {
		volumes := make([]corev1.Volume, 0, len(spec.VolumeClaimTemplates)+len(template.Spec.Volumes))
		for i := range spec.VolumeClaimTemplates {
			if name := spec.VolumeClaimTemplates[i].Name; !volumeNamed(volumes, name) {
				volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name},
				}})
			}
		}
		claims := volumes
		for _, volume := range template.Spec.Volumes {
			if !volumeNamed(claims, volume.Name) {
				volumes = append(volumes, volume)
			}
		}
		template.Spec.Volumes = volumes
	}
	if !selector.Empty() && !selector.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(at.Child("metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	if checks.template {
		errs = append(errs, validatePodTemplate(&template, at)...)
	}
	errs = append(errs, checkLabels(template.Labels, at, "labels")...)
	errs = append(errs, checkAnnotations(template.Annotations, at)...)
	return append(errs, validatePodAnnotations(template.Annotations, &template.Spec, at.Child("annotations"))...)
}

func volumeNamed(volumes []corev1.Volume, name string) bool {
	for i := range volumes {
		if volumes[i].Name == name {
			return true
		}
	}
	return false
}

func validateStatefulSetStatus(set, old *appsv1.StatefulSet) field.ErrorList {
	status, at := &set.Status, field.NewPath("status")
	errs := checkCounts(at,
		count{"replicas", int64(status.Replicas)}, count{"readyReplicas", int64(status.ReadyReplicas)},
		count{"currentReplicas", int64(status.CurrentReplicas)}, count{"updatedReplicas", int64(status.UpdatedReplicas)},
		count{"availableReplicas", int64(status.AvailableReplicas)}, count{"observedGeneration", status.ObservedGeneration},
		countOf("collisionCount", status.CollisionCount))
	for _, one := range []struct {
		name  string
		value int32
	}{
		{"readyReplicas", status.ReadyReplicas}, {"currentReplicas", status.CurrentReplicas},
		{"updatedReplicas", status.UpdatedReplicas}, {"availableReplicas", status.AvailableReplicas},
	} {
		errs = append(errs, checkNoMore(one.value, status.Replicas, at.Child(one.name), "status.replicas")...)
	}
	errs = append(errs, checkNoMore(status.AvailableReplicas, status.ReadyReplicas, at.Child("availableReplicas"), "status.readyReplicas")...)
	errs = append(errs, validateMetaUpdate(&set.ObjectMeta, &old.ObjectMeta)...)
	return append(errs, checkCollisions(status.CollisionCount, old.Status.CollisionCount)...)
}

func checkNoMore(value, most int32, at field.Path, name string) field.ErrorList {
	if value <= most {
		return nil
	}
	return field.ErrorList{field.Invalid(at, value, "cannot be greater than "+name)}
}

func checkCollisions(count, old *int32) field.ErrorList {
	if old == nil || count != nil && *count >= *old {
		return nil
	}
	value := int32(0)
	if count != nil {
		value = *count
	}
	return field.ErrorList{field.Invalid(field.NewPath("status", "collisionCount"), value, "cannot be decremented")}
}

// validateWorkloadSelector checks a selector of Pods and compiles it; nil when it does not compile.
func validateWorkloadSelector(selector *metav1.LabelSelector, at field.Path, whenEmpty string) (labels.Selector, field.ErrorList) {
	var errs field.ErrorList
	if selector == nil {
		errs = append(errs, field.Required(at, ""))
	} else {
		errs = append(errs, checkSelector(selector, at)...)
		if len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
			errs = append(errs, field.Invalid(at, selector, whenEmpty))
		}
	}
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, errs
	}
	return compiled, errs
}

func checkIntOrPercent(value intstr.IntOrString, at field.Path) field.ErrorList {
	switch value.Type {
	case intstr.String:
		return invalids(at, value, validation.IsValidPercent(value.StrVal))
	case intstr.Int:
		return apivalidation.ValidateNonnegativeField(int64(value.IntVal), at.Upstream())
	}
	return field.ErrorList{field.Invalid(at, value, "must be an integer or percentage (e.g '5%%')")}
}

// percentOf is the number before the percent sign, and whether the value is a percentage.
func percentOf(value intstr.IntOrString) (int, bool) {
	if value.Type != intstr.String || len(validation.IsValidPercent(value.StrVal)) > 0 {
		return 0, false
	}
	percent := 0
	_, err := fmt.Sscanf(value.StrVal, "%d%%", &percent)
	return percent, err == nil
}

func intOrPercent(value intstr.IntOrString) int {
	if percent, is := percentOf(value); is {
		return percent
	}
	return value.IntValue()
}

func checkAtMostAll(value intstr.IntOrString, at field.Path) field.ErrorList {
	if percent, is := percentOf(value); is && percent > 100 {
		return field.ErrorList{field.Invalid(at, value, "must not be greater than 100%")}
	}
	return nil
}
