package control

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// tolerates says whether one of the tolerations covers the taint (upstream: k8s.io/api/core/v1/toleration.go).
func tolerates(tolerations []corev1.Toleration, taint *corev1.Taint) bool {
	for i := range tolerations {
		t := &tolerations[i]
		switch {
		case t.Effect != "" && t.Effect != taint.Effect || t.Key != "" && t.Key != taint.Key:
		case t.Operator == corev1.TolerationOpExists:
			return true
		case (t.Operator == "" || t.Operator == corev1.TolerationOpEqual) && t.Key != "" && t.Value == taint.Value:
			return true
		}
	}
	return false
}

// untolerated is the first taint that keeps the Pod off the node; nil when none does.
func untolerated(pod *corev1.Pod, node *corev1.Node) *corev1.Taint {
	for i := range node.Spec.Taints {
		taint := &node.Spec.Taints[i]
		if taint.Effect != corev1.TaintEffectPreferNoSchedule && !tolerates(pod.Spec.Tolerations, taint) {
			return taint
		}
	}
	return nil
}

var unschedulableTaint = &corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}

// selectsNode says whether the Pod's nodeSelector and required node affinity admit the node
// (upstream: component-helpers/scheduling/corev1/nodeaffinity).
func selectsNode(pod *corev1.Pod, node *corev1.Node) bool {
	for key, value := range pod.Spec.NodeSelector {
		if has, found := node.Labels[key]; !found || has != value {
			return false
		}
	}
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return true
	}
	required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	if required == nil {
		return true
	}
	return slices.ContainsFunc(required.NodeSelectorTerms, func(term corev1.NodeSelectorTerm) bool { return termSelects(&term, node) })
}

// termSelects says whether all expressions of a term hold. A term without any selects nothing.
func termSelects(term *corev1.NodeSelectorTerm, node *corev1.Node) bool {
	if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
		return false
	}
	for i := range term.MatchExpressions {
		value, found := node.Labels[term.MatchExpressions[i].Key]
		if !holds(&term.MatchExpressions[i], value, found) {
			return false
		}
	}
	for i := range term.MatchFields {
		if term.MatchFields[i].Key != "metadata.name" || !holds(&term.MatchFields[i], node.Name, true) {
			return false
		}
	}
	return true
}

func holds(expression *corev1.NodeSelectorRequirement, value string, found bool) bool {
	switch expression.Operator {
	case corev1.NodeSelectorOpIn:
		return found && slices.Contains(expression.Values, value)
	case corev1.NodeSelectorOpNotIn:
		return !found || !slices.Contains(expression.Values, value)
	case corev1.NodeSelectorOpExists:
		return found
	case corev1.NodeSelectorOpDoesNotExist:
		return !found
	case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
		if !found || len(expression.Values) != 1 {
			return false
		}
		has, err := strconv.ParseInt(value, 10, 64)
		bound, err2 := strconv.ParseInt(expression.Values[0], 10, 64)
		if err != nil || err2 != nil {
			return false
		}
		return expression.Operator == corev1.NodeSelectorOpGt && has > bound || expression.Operator == corev1.NodeSelectorOpLt && has < bound
	}
	return false
}
