package api

import (
	"bytes"
	"encoding/json"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api/field"
)

func validateDeployment(deployment *appsv1.Deployment) field.ErrorList {
	errs := validateMeta(&deployment.ObjectMeta, true, nameIsSubdomain)
	return append(errs, validateDeploymentSpec(&deployment.Spec, specPath)...)
}

func validateDeploymentUpdate(deployment, old *appsv1.Deployment, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&deployment.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		status, at := &deployment.Status, field.NewPath("status")
		errs = append(errs, checkCounts(at, count{"observedGeneration", status.ObservedGeneration},
			count{"replicas", int64(status.Replicas)}, count{"updatedReplicas", int64(status.UpdatedReplicas)},
			count{"readyReplicas", int64(status.ReadyReplicas)}, count{"availableReplicas", int64(status.AvailableReplicas)},
			count{"unavailableReplicas", int64(status.UnavailableReplicas)}, countOf("terminatingReplicas", status.TerminatingReplicas),
			countOf("collisionCount", status.CollisionCount))...)
		errs = append(errs, checkNoMore(status.UpdatedReplicas, status.Replicas, at.Child("updatedReplicas"), "status.replicas")...)
		errs = append(errs, checkReadiness(status.Replicas, status.ReadyReplicas, status.AvailableReplicas)...)
		return append(errs, checkCollisions(status.CollisionCount, old.Status.CollisionCount)...)
	}
	errs = append(errs, validateDeploymentSpec(&deployment.Spec, specPath)...)
	return append(errs, checkImmutable(deployment.Spec.Selector, old.Spec.Selector, specPath.Child("selector"))...)
}

// checkReadiness: no more Pods are ready than there are, and no more available than ready.
func checkReadiness(replicas, ready, available int32) field.ErrorList {
	at := field.NewPath("status")
	errs := checkNoMore(ready, replicas, at.Child("readyReplicas"), "status.replicas")
	errs = append(errs, checkNoMore(available, replicas, at.Child("availableReplicas"), "status.replicas")...)
	return append(errs, checkNoMore(available, ready, at.Child("availableReplicas"), "readyReplicas")...)
}

func validateDeploymentSpec(spec *appsv1.DeploymentSpec, at field.Path) field.ErrorList {
	errs := checkCounts(at, countOf("replicas", spec.Replicas))
	selector, problems := validateWorkloadSelector(spec.Selector, at.Child("selector"), "empty selector is invalid for deployment")
	errs = append(errs, problems...)
	if selector == nil {
		errs = append(errs, field.Invalid(at.Child("selector"), spec.Selector, "invalid label selector"))
	} else {
		errs = append(errs, validateRunningTemplate(&spec.Template, selector, at.Child("template"), "ReplicaSet")...)
	}
	errs = append(errs, validateDeploymentStrategy(&spec.Strategy, at.Child("strategy"))...)
	errs = append(errs, checkCounts(at, count{"minReadySeconds", int64(spec.MinReadySeconds)},
		countOf("revisionHistoryLimit", spec.RevisionHistoryLimit), countOf("progressDeadlineSeconds", spec.ProgressDeadlineSeconds))...)
	if deadline := spec.ProgressDeadlineSeconds; deadline != nil && *deadline <= spec.MinReadySeconds {
		errs = append(errs, field.Invalid(at.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds"))
	}
	return errs
}

func validateDeploymentStrategy(strategy *appsv1.DeploymentStrategy, at field.Path) (errs field.ErrorList) {
	rolling, path := strategy.RollingUpdate, at.Child("rollingUpdate")
	switch strategy.Type {
	case appsv1.RecreateDeploymentStrategyType:
		if rolling != nil {
			errs = append(errs, field.Forbidden(path, "may not be specified when strategy `type` is 'Recreate'"))
		}
		return errs
	case appsv1.RollingUpdateDeploymentStrategyType:
		if rolling == nil || rolling.MaxUnavailable == nil || rolling.MaxSurge == nil {
			return field.ErrorList{field.Required(path, "this should be defaulted and never be nil")}
		}
	default:
		return field.ErrorList{field.NotSupported(at, internal{*strategy}, []string{"Recreate", "RollingUpdate"})}
	}
	errs = append(errs, checkIntOrPercent(*rolling.MaxUnavailable, path.Child("maxUnavailable"))...)
	errs = append(errs, checkIntOrPercent(*rolling.MaxSurge, path.Child("maxSurge"))...)
	if intOrPercent(*rolling.MaxUnavailable) == 0 && intOrPercent(*rolling.MaxSurge) == 0 {
		errs = append(errs, field.Invalid(path.Child("maxUnavailable"), *rolling.MaxUnavailable, "may not be 0 when `maxSurge` is 0"))
	}
	return append(errs, checkAtMostAll(*rolling.MaxUnavailable, path.Child("maxUnavailable"))...)
}

// validateRunningTemplate checks a template whose Pods are to run for ever.
func validateRunningTemplate(template *corev1.PodTemplateSpec, selector labels.Selector, at field.Path, kind string) (errs field.ErrorList) {
	if !selector.Empty() && !selector.Matches(labels.Set(template.Labels)) {
		errs = append(errs, field.Invalid(at.Child("metadata", "labels"), template.Labels, "`selector` does not match template `labels`"))
	}
	errs = append(errs, validatePodTemplate(template, at)...)
	return append(errs, checkRunsForever(&template.Spec, at.Child("spec"), kind)...)
}

func checkRunsForever(spec *corev1.PodSpec, at field.Path, kind string) (errs field.ErrorList) {
	if spec.RestartPolicy != corev1.RestartPolicyAlways {
		errs = append(errs, field.NotSupported(at.Child("restartPolicy"), spec.RestartPolicy, []string{string(corev1.RestartPolicyAlways)}))
	}
	if spec.ActiveDeadlineSeconds != nil {
		errs = append(errs, field.Forbidden(at.Child("activeDeadlineSeconds"), "activeDeadlineSeconds in "+kind+" is not Supported"))
	}
	return errs
}

func validateReplicaSet(set *appsv1.ReplicaSet) field.ErrorList {
	errs := validateMeta(&set.ObjectMeta, true, nameIsSubdomain)
	return append(errs, validateReplicaSetSpec(&set.Spec, specPath)...)
}

func validateReplicaSetUpdate(set, old *appsv1.ReplicaSet, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&set.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		status, at := &set.Status, field.NewPath("status")
		errs = append(errs, checkCounts(at, count{"replicas", int64(status.Replicas)},
			count{"fullyLabeledReplicas", int64(status.FullyLabeledReplicas)}, count{"readyReplicas", int64(status.ReadyReplicas)},
			count{"availableReplicas", int64(status.AvailableReplicas)}, count{"observedGeneration", status.ObservedGeneration},
			countOf("terminatingReplicas", status.TerminatingReplicas))...)
		errs = append(errs, checkNoMore(status.FullyLabeledReplicas, status.Replicas, at.Child("fullyLabeledReplicas"), "status.replicas")...)
		return append(errs, checkReadiness(status.Replicas, status.ReadyReplicas, status.AvailableReplicas)...)
	}
	errs = append(errs, validateReplicaSetSpec(&set.Spec, specPath)...)
	return append(errs, checkImmutable(set.Spec.Selector, old.Spec.Selector, specPath.Child("selector"))...)
}

func validateReplicaSetSpec(spec *appsv1.ReplicaSetSpec, at field.Path) field.ErrorList {
	errs := checkCounts(at, countOf("replicas", spec.Replicas), count{"minReadySeconds", int64(spec.MinReadySeconds)})
	// Upstream says deployment here, too.
	selector, problems := validateWorkloadSelector(spec.Selector, at.Child("selector"), "empty selector is invalid for deployment")
	errs = append(errs, problems...)
	if selector == nil {
		return append(errs, field.Invalid(at.Child("selector"), spec.Selector, "invalid label selector"))
	}
	return append(errs, validateRunningTemplate(&spec.Template, selector, at.Child("template"), "ReplicaSet")...)
}

func validateDaemonSet(set *appsv1.DaemonSet) field.ErrorList {
	errs := validateMeta(&set.ObjectMeta, true, nameIsSubdomain)
	return append(errs, validateDaemonSetSpec(&set.Spec, specPath)...)
}

func validateDaemonSetUpdate(set, old *appsv1.DaemonSet, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&set.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		status := &set.Status
		errs = append(errs, checkCounts(field.NewPath("status"), count{"currentNumberScheduled", int64(status.CurrentNumberScheduled)},
			count{"numberMisscheduled", int64(status.NumberMisscheduled)}, count{"desiredNumberScheduled", int64(status.DesiredNumberScheduled)},
			count{"numberReady", int64(status.NumberReady)}, count{"observedGeneration", status.ObservedGeneration},
			count{"updatedNumberScheduled", int64(status.UpdatedNumberScheduled)}, count{"numberAvailable", int64(status.NumberAvailable)},
			count{"numberUnavailable", int64(status.NumberUnavailable)}, countOf("collisionCount", status.CollisionCount))...)
		return append(errs, checkCollisions(status.CollisionCount, old.Status.CollisionCount)...)
	}
	errs = append(errs, checkImmutable(set.Spec.Selector, old.Spec.Selector, specPath.Child("selector"))...)
	return append(errs, validateDaemonSetSpec(&set.Spec, specPath)...)
}

func validateDaemonSetSpec(spec *appsv1.DaemonSetSpec, at field.Path) field.ErrorList {
	errs := checkSelector(spec.Selector, at.Child("selector"))
	if selector, err := metav1.LabelSelectorAsSelector(spec.Selector); err == nil && !selector.Matches(labels.Set(spec.Template.Labels)) {
		errs = append(errs, field.Invalid(at.Child("template", "metadata", "labels"), spec.Template.Labels, "`selector` does not match template `labels`"))
	}
	if spec.Selector != nil && len(spec.Selector.MatchLabels)+len(spec.Selector.MatchExpressions) == 0 {
		errs = append(errs, field.Invalid(at.Child("selector"), spec.Selector, "empty selector is invalid for daemonset"))
	}
	errs = append(errs, validatePodTemplate(&spec.Template, at.Child("template"))...)
	errs = append(errs, checkRunsForever(&spec.Template.Spec, at.Child("template", "spec"), "DaemonSet")...)
	errs = append(errs, checkCounts(at, count{"minReadySeconds", int64(spec.MinReadySeconds)}, countOf("revisionHistoryLimit", spec.RevisionHistoryLimit))...)
	strategy, path := &spec.UpdateStrategy, at.Child("updateStrategy")
	switch strategy.Type {
	case appsv1.OnDeleteDaemonSetStrategyType:
		return errs
	case appsv1.RollingUpdateDaemonSetStrategyType:
	default:
		return append(errs, field.NotSupported(path, internal{*strategy}, []string{"RollingUpdate", "OnDelete"}))
	}
	rolling, path := strategy.RollingUpdate, path.Child("rollingUpdate")
	if rolling == nil || rolling.MaxUnavailable == nil || rolling.MaxSurge == nil {
		return append(errs, field.Required(path, ""))
	}
	errs = append(errs, checkIntOrPercent(*rolling.MaxUnavailable, path.Child("maxUnavailable"))...)
	errs = append(errs, checkIntOrPercent(*rolling.MaxSurge, path.Child("maxSurge"))...)
	errs = append(errs, checkAtMostAll(*rolling.MaxUnavailable, path.Child("maxUnavailable"))...)
	errs = append(errs, checkAtMostAll(*rolling.MaxSurge, path.Child("maxSurge"))...)
	switch unavailable, surge := intOrPercent(*rolling.MaxUnavailable) != 0, intOrPercent(*rolling.MaxSurge) != 0; {
	case unavailable && surge:
		errs = append(errs, field.Invalid(path.Child("maxSurge"), *rolling.MaxSurge, "may not be set when maxUnavailable is non-zero"))
	case !unavailable && !surge:
		errs = append(errs, field.Required(path.Child("maxUnavailable"), "cannot be 0 when maxSurge is 0"))
	}
	return errs
}

func validateControllerRevision(revision *appsv1.ControllerRevision) field.ErrorList {
	errs := validateMeta(&revision.ObjectMeta, true, nameIsSubdomain)
	errs = append(errs, checkNotNegative(revision.Revision, field.Path{}, "revision")...)
	data := field.NewPath("data")
	var value any
	if revision.Data.Raw == nil {
		return append(errs, field.Required(data, "data is mandatory"))
	}
	decoder := json.NewDecoder(bytes.NewReader(revision.Data.Raw))
	if err := decoder.Decode(&value); err != nil {
		return append(errs, field.Invalid(data, "<value omitted>", "error parsing data: "+err.Error()))
	}
	switch value.(type) {
	case nil:
		errs = append(errs, field.Required(data, "data is mandatory"))
	case map[string]any:
	default:
		errs = append(errs, field.Required(data, "data must be a valid JSON object"))
	}
	return errs
}

func validateControllerRevisionUpdate(revision, old *appsv1.ControllerRevision, _ string) field.ErrorList {
	errs := validateMetaUpdate(&revision.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, validateMeta(&revision.ObjectMeta, true, nameIsSubdomain)...)
	errs = append(errs, checkNotNegative(revision.Revision, field.Path{}, "revision")...)
	return append(errs, checkImmutable(revision.Data, old.Data, field.NewPath("data"))...)
}

func validateReplicationController(controller *corev1.ReplicationController) field.ErrorList {
	name := func(name string, prefix bool) []string { // upstream words this one anew
		messages := nameIsSubdomain(name, prefix)
		for i := range messages {
			messages[i] = strings.Replace(messages[i], "no more than 253 characters", "no more than 253 bytes", 1)
		}
		return messages
	}
	errs := validateMeta(&controller.ObjectMeta, true, name)
	return append(errs, validateReplicationControllerSpec(&controller.Spec, specPath)...)
}

func validateReplicationControllerUpdate(controller, old *corev1.ReplicationController, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&controller.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		status, at := &controller.Status, field.NewPath("status")
		errs = append(errs, checkCounts(at, count{"replicas", int64(status.Replicas)}, count{"fullyLabeledReplicas", int64(status.FullyLabeledReplicas)},
			count{"readyReplicas", int64(status.ReadyReplicas)}, count{"availableReplicas", int64(status.AvailableReplicas)},
			count{"observedGeneration", status.ObservedGeneration})...)
		errs = append(errs, checkNoMore(status.FullyLabeledReplicas, status.Replicas, at.Child("fullyLabeledReplicas"), "status.replicas")...)
		return append(errs, checkReadiness(status.Replicas, status.ReadyReplicas, status.AvailableReplicas)...)
	}
	return append(errs, validateReplicationControllerSpec(&controller.Spec, specPath)...)
}

func validateReplicationControllerSpec(spec *corev1.ReplicationControllerSpec, at field.Path) field.ErrorList {
	errs := checkNotNegative(spec.MinReadySeconds, at, "minReadySeconds")
	if len(spec.Selector) == 0 {
		errs = append(errs, field.Required(at.Child("selector"), ""))
	}
	errs = append(errs, checkCounts(at, countOf("replicas", spec.Replicas))...)
	if spec.Template == nil {
		return append(errs, field.Required(at.Child("template"), ""))
	}
	return append(errs, validateRunningTemplate(spec.Template, labels.SelectorFromSet(spec.Selector), at.Child("template"), "ReplicationController")...)
}
