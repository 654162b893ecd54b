package api

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api/field"
)

// Upstream: pkg/apis/batch/validation/validation.go. Policies about failures and successes, limits per index and the status, which are
// not simulated or written by the simulator alone, are kept unseen.

func validateJob(job *batchv1.Job) field.ErrorList {
	errs := validateMeta(&job.ObjectMeta, true, nameIsSubdomain)
	errs = append(errs, checkGeneratedSelector(job)...)
	errs = append(errs, validateJobSpec(&job.Spec, specPath)...)
	return append(errs, validateJobSelector(&job.Spec, specPath)...)
}

func validateJobSelector(spec *batchv1.JobSpec, at field.Path) (errs field.ErrorList) {
	if spec.Selector == nil {
		errs = append(errs, field.Required(at.Child("selector"), ""))
	} else {
		errs = append(errs, checkSelector(spec.Selector, at.Child("selector"))...)
	}
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(labels.Set(spec.Template.Labels)) {
		errs = append(errs, field.Invalid(at.Child("template", "metadata", "labels"), spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	return errs
}

func validateJobSpec(spec *batchv1.JobSpec, at field.Path) field.ErrorList {
	errs := checkCounts(at, countOf("parallelism", spec.Parallelism), countOf("completions", spec.Completions),
		countOf("activeDeadlineSeconds", spec.ActiveDeadlineSeconds), countOf("backoffLimit", spec.BackoffLimit),
		countOf("ttlSecondsAfterFinished", spec.TTLSecondsAfterFinished))
	if mode := spec.CompletionMode; mode != nil {
		errs = append(errs, checkAmong(*mode, at.Child("completionMode"), batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)...)
		if *mode == batchv1.IndexedCompletion && spec.Completions == nil {
			errs = append(errs, field.Required(at.Child("completions"), "when completion mode is Indexed"))
		}
		if most := int32(100000); *mode == batchv1.IndexedCompletion && spec.Parallelism != nil && *spec.Parallelism > most {
			errs = append(errs, field.Invalid(at.Child("parallelism"), *spec.Parallelism, fmt.Sprintf("must be less than or equal to %d when completion mode is Indexed", most)))
		}
	}
	errs = append(errs, validatePodTemplate(&spec.Template, at.Child("template"))...)
	path := at.Child("template", "spec", "restartPolicy")
	switch policy := spec.Template.Spec.RestartPolicy; policy {
	case corev1.RestartPolicyAlways, "":
		errs = append(errs, field.Required(path, fmt.Sprintf("valid values: %q, %q", corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever)))
	case corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever:
	default:
		errs = append(errs, field.NotSupported(path, policy, []corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}))
	}
	return errs
}

func validateJobUpdate(job, old *batchv1.Job, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&job.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		return errs
	}
	errs = append(errs, validateJob(job)...)
	now, path := job.Spec.Completions, specPath.Child("completions")
	switch mode := job.Spec.CompletionMode; {
	case mode == nil || *mode != batchv1.IndexedCompletion:
		errs = append(errs, checkImmutable(now, old.Spec.Completions, path)...)
	case now != nil && !sameMeaning(now, old.Spec.Completions) && *now != *job.Spec.Parallelism:
		errs = append(errs, field.Invalid(path, now, "can only be modified in tandem with spec.parallelism"))
	}
	errs = append(errs, checkImmutable(job.Spec.Selector, old.Spec.Selector, specPath.Child("selector"))...)
	errs = append(errs, checkTemplateKept(job, old)...)
	return append(errs, checkImmutable(job.Spec.CompletionMode, old.Spec.CompletionMode, specPath.Child("completionMode"))...)
}

// checkGeneratedSelector: the labels by which a Job knows its Pods are those it was given, unless its maker wanted to see to that.
func checkGeneratedSelector(job *batchv1.Job) (errs field.ErrorList) {
	if isTrue(job.Spec.ManualSelector) || job.Spec.Selector == nil {
		return nil
	}
	path, generated := specPath.Child("template", "metadata", "labels"), labels.Set{}
	for _, one := range []struct{ key, value string }{
		{"controller-uid", string(job.UID)}, {"job-name", job.Name}, {batchv1.ControllerUidLabel, string(job.UID)}, {batchv1.JobNameLabel, job.Name},
	} {
		generated[one.key] = one.value
		if value, exists := job.Spec.Template.Labels[one.key]; !exists {
			errs = append(errs, field.Required(path.Key(one.key), fmt.Sprintf("must be '%s'", one.value)))
		} else if value != one.value {
			errs = append(errs, field.Invalid(path.Key(one.key), job.Spec.Template.Labels, fmt.Sprintf("must be '%s'", one.value)))
		}
	}
	if selector, err := metav1.LabelSelectorAsSelector(job.Spec.Selector); err == nil && !selector.Matches(generated) {
		errs = append(errs, field.Invalid(specPath.Child("selector"), job.Spec.Selector, "`selector` not auto-generated"))
	}
	return errs
}

// checkTemplateKept: the template stays as it is. Of a Job that is suspended and has no Pods what concerns scheduling and sizes may change.
func checkTemplateKept(job, old *batchv1.Job) field.ErrorList {
	now, before := &job.Spec.Template, &old.Spec.Template
	if sameMeaning(now, before) {
		return nil
	}
	suspended := isTrue(old.Spec.Suspend)
	idle := suspended && old.Status.Active == 0 && (old.Status.StartTime == nil || slices.ContainsFunc(old.Status.Conditions, func(condition batchv1.JobCondition) bool {
		return condition.Type == batchv1.JobSuspended && condition.Status == corev1.ConditionTrue
	}))
	if !idle {
		return field.ErrorList{field.Invalid(specPath.Child("template"), internal{*now}, immutable)}
	}
	kept := before.DeepCopy()
	kept.Labels, kept.Annotations = now.Labels, now.Annotations
	kept.Spec.NodeSelector, kept.Spec.Tolerations, kept.Spec.SchedulingGates = now.Spec.NodeSelector, now.Spec.Tolerations, now.Spec.SchedulingGates
	keepNodeAffinity(&kept.Spec, &now.Spec)
	keepSizes(kept.Spec.Containers, now.Spec.Containers)
	keepSizes(kept.Spec.InitContainers, now.Spec.InitContainers)
	if sameMeaning(now.Spec, kept.Spec) {
		return nil
	}
	return field.ErrorList{field.Invalid(specPath.Child("template.spec"), internal{now.Spec}, immutable)}
}

// keepNodeAffinity makes the rules about nodes those of another spec.
func keepNodeAffinity(spec, of *corev1.PodSpec) {
	switch {
	case of.Affinity == nil && spec.Affinity != nil:
		if spec.Affinity.NodeAffinity = nil; *spec.Affinity == (corev1.Affinity{}) {
			spec.Affinity = nil
		}
	case of.Affinity != nil && spec.Affinity == nil:
		spec.Affinity = &corev1.Affinity{NodeAffinity: of.Affinity.NodeAffinity}
	case of.Affinity != nil:
		spec.Affinity.NodeAffinity = of.Affinity.NodeAffinity
	}
}

// keepSizes makes the resources of containers those of the others of the same names.
func keepSizes(containers, of []corev1.Container) {
	if len(containers) != len(of) {
		return
	}
	for i := range containers {
		if containers[i].Name == of[i].Name {
			containers[i].Resources = of[i].Resources
		}
	}
}
