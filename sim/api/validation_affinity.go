package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

func validateAffinity(affinity *corev1.Affinity, at field.Path) (errs field.ErrorList) {
	if affinity == nil {
		return nil
	}
	const must, should = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
	if node := affinity.NodeAffinity; node != nil {
		path := at.Child("nodeAffinity")
		if node.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			errs = append(errs, validateNodeSelector(node.RequiredDuringSchedulingIgnoredDuringExecution, path.Child(must))...)
		}
		for i := range node.PreferredDuringSchedulingIgnoredDuringExecution {
			term, path := &node.PreferredDuringSchedulingIgnoredDuringExecution[i], path.Child(should).Index(i)
			errs = append(errs, checkWeight(term.Weight, path)...)
			errs = append(errs, validateNodeSelectorTerm(&term.Preference, false, path.Child("preference"))...)
		}
	}
	pods := func(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, path field.Path) {
		for i := range required {
			errs = append(errs, validatePodAffinityTerm(&required[i], path.Child(must).Index(i))...)
		}
		for i := range preferred {
			errs = append(errs, checkWeight(preferred[i].Weight, path.Child(should).Index(i))...)
			errs = append(errs, validatePodAffinityTerm(&preferred[i].PodAffinityTerm, path.Child(should).Index(i).Child("podAffinityTerm"))...)
		}
	}
	if pod := affinity.PodAffinity; pod != nil {
		pods(pod.RequiredDuringSchedulingIgnoredDuringExecution, pod.PreferredDuringSchedulingIgnoredDuringExecution, at.Child("podAffinity"))
	}
	if pod := affinity.PodAntiAffinity; pod != nil {
		pods(pod.RequiredDuringSchedulingIgnoredDuringExecution, pod.PreferredDuringSchedulingIgnoredDuringExecution, at.Child("podAntiAffinity"))
	}
	return errs
}

func checkWeight(weight int32, at field.Path) field.ErrorList {
	if 0 < weight && weight <= 100 {
		return nil
	}
	return field.ErrorList{field.Invalid(at.Child("weight"), weight, "must be in the range 1-100")}
}

func validatePodAffinityTerm(term *corev1.PodAffinityTerm, at field.Path) field.ErrorList {
	errs := checkSelector(term.LabelSelector, at.Child("labelSelector"))
	errs = append(errs, checkSelector(term.NamespaceSelector, at.Child("namespaceSelector"))...)
	for _, namespace := range term.Namespaces {
		errs = append(errs, invalids(at.Child("namespace"), namespace, nameIsLabel(namespace, false))...)
	}
	errs = append(errs, validateLabelKeys(term.MatchLabelKeys, term.MismatchLabelKeys, term.LabelSelector, at)...)
	if term.TopologyKey == "" {
		errs = append(errs, field.Required(at.Child("topologyKey"), "can not be empty"))
	}
	return append(errs, checkLabelName(term.TopologyKey, at.Child("topologyKey"))...)
}

// validateLabelKeys checks matchLabelKeys and mismatchLabelKeys against the selector they are added to.
func validateLabelKeys(match, mismatch []string, selector *metav1.LabelSelector, at field.Path) (errs field.ErrorList) {
	for _, one := range []struct {
		name string
		keys []string
	}{{"matchLabelKeys", match}, {"mismatchLabelKeys", mismatch}} {
		if len(one.keys) > 0 && selector == nil {
			errs = append(errs, field.Forbidden(at.Child(one.name), "must not be specified when labelSelector is not set"))
			continue
		}
		for i, key := range one.keys {
			errs = append(errs, checkLabelName(key, at.Child(one.name).Index(i))...)
		}
	}
	if selector != nil && len(match) > 0 {
		selected := map[string]bool{}
		for key := range selector.MatchLabels {
			selected[key] = true
		}
		for _, expression := range selector.MatchExpressions {
			if i := slices.Index(match, expression.Key); i >= 0 && selected[expression.Key] {
				errs = append(errs, field.Invalid(at.Index(i), expression.Key, "exists in both matchLabelKeys and labelSelector"))
			}
			selected[expression.Key] = true
		}
	}
	for i, key := range match {
		if slices.Contains(mismatch, key) {
			errs = append(errs, field.Invalid(at.Child("matchLabelKeys").Index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys"))
		}
	}
	return errs
}

func validateNodeSelector(selector *corev1.NodeSelector, at field.Path) (errs field.ErrorList) {
	path := at.Child("nodeSelectorTerms")
	if len(selector.NodeSelectorTerms) == 0 {
		return field.ErrorList{field.Required(path, "must have at least one node selector term")}
	}
	for i := range selector.NodeSelectorTerms {
		errs = append(errs, validateNodeSelectorTerm(&selector.NodeSelectorTerms[i], true, path.Index(i))...)
	}
	return errs
}

func validateNodeSelectorTerm(term *corev1.NodeSelectorTerm, checkValues bool, at field.Path) (errs field.ErrorList) {
	const notAnOperator = "not a valid selector operator"
	for i, rule := range term.MatchExpressions {
		path := at.Child("matchExpressions").Index(i)
		values := path.Child("values")
		switch rule.Operator {
		case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
			if len(rule.Values) == 0 {
				errs = append(errs, field.Required(values, "must be specified when `operator` is 'In' or 'NotIn'"))
			}
		case corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist:
			if len(rule.Values) > 0 {
				errs = append(errs, field.Forbidden(values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
			}
		case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
			if len(rule.Values) != 1 {
				errs = append(errs, field.Required(values, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
			}
		default:
			errs = append(errs, field.Invalid(path.Child("operator"), rule.Operator, notAnOperator))
		}
		errs = append(errs, checkLabelName(rule.Key, path.Child("key"))...)
		if checkValues {
			for j, value := range rule.Values {
				errs = append(errs, invalids(values.Index(j), value, validation.IsValidLabelValue(value))...)
			}
		}
	}
	for i, rule := range term.MatchFields {
		path := at.Child("matchFields").Index(i)
		if rule.Operator != corev1.NodeSelectorOpIn && rule.Operator != corev1.NodeSelectorOpNotIn {
			errs = append(errs, field.Invalid(path.Child("operator"), rule.Operator, notAnOperator))
		} else if len(rule.Values) != 1 {
			errs = append(errs, field.Required(path.Child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
		}
		if rule.Key != metav1.ObjectNameField {
			errs = append(errs, field.Invalid(path.Child("key"), rule.Key, "not a valid field selector key"))
			continue
		}
		for j, value := range rule.Values {
			errs = append(errs, invalids(path.Child("values").Index(j), value, nameIsSubdomain(value, false))...)
		}
	}
	return errs
}

func validateTolerations(tolerations []corev1.Toleration, at field.Path) (errs field.ErrorList) {
	for i := range tolerations {
		toleration, path := &tolerations[i], at.Index(i)
		if toleration.Key != "" {
			errs = append(errs, checkLabelName(toleration.Key, path.Child("key"))...)
		} else if toleration.Operator != corev1.TolerationOpExists {
			errs = append(errs, field.Invalid(path.Child("operator"), toleration.Operator,
				`operator must be Exists when `+"`key`"+` is empty, which means "match all values and all keys"`))
		}
		if toleration.TolerationSeconds != nil && toleration.Effect != corev1.TaintEffectNoExecute {
			errs = append(errs, field.Invalid(path.Child("effect"), toleration.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
		}
		switch toleration.Operator {
		case corev1.TolerationOpEqual, "":
			if messages := validation.IsValidLabelValue(toleration.Value); len(messages) > 0 {
				errs = append(errs, field.Invalid(path.Child("operator"), toleration.Value, strings.Join(messages, ";")))
			}
		case corev1.TolerationOpExists:
			if toleration.Value != "" {
				errs = append(errs, field.Invalid(path.Child("operator"), toleration.Value, "value must be empty when `operator` is 'Exists'"))
			}
		case corev1.TolerationOpLt, corev1.TolerationOpGt:
			errs = append(errs, field.NotSupported(path.Child("operator"), toleration.Operator,
				[]corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpLt, corev1.TolerationOpGt}))
		default:
			errs = append(errs, field.NotSupported(path.Child("operator"), toleration.Operator,
				[]corev1.TolerationOperator{corev1.TolerationOpEqual, corev1.TolerationOpExists}))
		}
		if toleration.Effect != "" {
			errs = append(errs, checkAmong(toleration.Effect, path.Child("effect"), taintEffects...)...)
		}
	}
	return errs
}

var taintEffects = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}

func validateSpread(constraints []corev1.TopologySpreadConstraint, at field.Path) (errs field.ErrorList) {
	for i := range constraints {
		constraint, path := &constraints[i], at.Index(i)
		errs = append(errs, checkPositive(constraint.MaxSkew, path.Child("maxSkew"))...)
		if constraint.TopologyKey == "" {
			errs = append(errs, field.Required(path.Child("topologyKey"), "can not be empty"))
		}
		errs = append(errs, checkAmong(constraint.WhenUnsatisfiable, path.Child("whenUnsatisfiable"), corev1.DoNotSchedule, corev1.ScheduleAnyway)...)
		for _, later := range constraints[i+1:] {
			if later.TopologyKey == constraint.TopologyKey && later.WhenUnsatisfiable == constraint.WhenUnsatisfiable {
				errs = append(errs, field.Duplicate(path.Child("{topologyKey, whenUnsatisfiable}"), fmt.Sprintf("{%v, %v}", constraint.TopologyKey, constraint.WhenUnsatisfiable)))
				break
			}
		}
		if least := constraint.MinDomains; least != nil {
			errs = append(errs, checkPositive(*least, path.Child("minDomains"))...)
			if constraint.WhenUnsatisfiable != corev1.DoNotSchedule {
				errs = append(errs, field.Invalid(path.Child("minDomains"), least,
					fmt.Sprintf("can only use minDomains if whenUnsatisfiable=%s, not %s", corev1.DoNotSchedule, constraint.WhenUnsatisfiable)))
			}
		}
		for _, one := range []struct {
			name   string
			policy *corev1.NodeInclusionPolicy
		}{{"nodeAffinityPolicy", constraint.NodeAffinityPolicy}, {"nodeTaintsPolicy", constraint.NodeTaintsPolicy}} {
			if one.policy != nil {
				errs = append(errs, checkAmong(*one.policy, path.Child(one.name), corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)...)
			}
		}
		errs = append(errs, validateLabelKeys(constraint.MatchLabelKeys, nil, constraint.LabelSelector, path)...)
		errs = append(errs, checkSelector(constraint.LabelSelector, path.Child("labelSelector"))...)
	}
	return errs
}

func checkPositive(value int32, at field.Path) field.ErrorList {
	if value > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, int64(value), notPositive)}
}

// checkDeletionCost checks the annotation that orders the Pods of a ReplicaSet for deletion.
func checkDeletionCost(annotations map[string]string, at field.Path) field.ErrorList {
	value, exists := annotations[corev1.PodDeletionCost]
	if !exists {
		return nil
	}
	cost, err := strconv.ParseInt(value, 10, 32)
	if err != nil || strconv.FormatInt(cost, 10) != value {
		return field.ErrorList{field.Invalid(at.Key(corev1.PodDeletionCost), value, "must be a 32bit integer")}
	}
	return nil
}
