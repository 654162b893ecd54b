package control

import (
	"math"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// spreadRule is one topology spread constraint with DoNotSchedule, by the numbers of the moment.
type spreadRule struct {
	domainRule
	least, self, maxSkew int32
}

// spreadRules works out a Pod's constraints (upstream: plugins/podtopologyspread/filtering.go).
func (s *scheduling) spreadRules(pod *corev1.Pod) (rules []spreadRule) {
	constraints := constraintsOf(pod, corev1.DoNotSchedule)
	for _, constraint := range constraints {
		counted, selector := s.spreadCounter(pod, constraint)
		t := s.topology(constraint.TopologyKey)
		rule := spreadRule{domainRule: domainRule{t, make([]int32, t.count)}, maxSkew: constraint.MaxSkew, least: math.MaxInt32}
		there := make([]bool, t.count)
		for i, info := range s.nodes {
			if !s.inAll(constraints, i) || !included(pod, info.node, constraint) {
				continue
			}
			rule.sums[t.domain[i]] += counted.perNode[i]
			there[t.domain[i]] = true
		}
		domains := int32(0)
		for domain, isThere := range there {
			if isThere {
				domains++
				rule.least = min(rule.least, rule.sums[domain])
			}
		}
		if constraint.MinDomains != nil && domains < *constraint.MinDomains {
			rule.least = 0
		}
		if selector.Matches(labels.Set(pod.Labels)) {
			rule.self = 1
		}
		rules = append(rules, rule)
	}
	return rules
}

func constraintsOf(pod *corev1.Pod, action corev1.UnsatisfiableConstraintAction) (constraints []*corev1.TopologySpreadConstraint) {
	for i := range pod.Spec.TopologySpreadConstraints {
		if constraint := &pod.Spec.TopologySpreadConstraints[i]; constraint.WhenUnsatisfiable == action {
			constraints = append(constraints, constraint)
		}
	}
	return constraints
}

// spreadCounter counts the Pods that a constraint is about: those of the namespace that match and are not about to go.
func (s *scheduling) spreadCounter(pod *corev1.Pod, constraint *corev1.TopologySpreadConstraint) (*counter, labels.Selector) {
	selector := selectorWithKeys(constraint.LabelSelector, pod, constraint.MatchLabelKeys, nil)
	namespace := pod.Namespace
	return s.counter("spread|"+namespace+"|"+selector.String(), func(other *corev1.Pod) bool {
		return other.Namespace == namespace && other.DeletionTimestamp == nil && selector.Matches(labels.Set(other.Labels))
	}), selector
}

// siblingCounter counts the Pods of the same controller; nil for a Pod that has none.
func (s *scheduling) siblingCounter(pod *corev1.Pod) *counter {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return nil
	}
	uid := owner.UID
	return s.counter("siblings|"+string(uid), func(other *corev1.Pod) bool {
		controller := metav1.GetControllerOfNoCopy(other)
		return controller != nil && controller.UID == uid && other.DeletionTimestamp == nil
	})
}

// inAll says whether a node has the labels of all constraints.
func (s *scheduling) inAll(constraints []*corev1.TopologySpreadConstraint, node int) bool {
	for _, constraint := range constraints {
		if s.topology(constraint.TopologyKey).domain[node] < 0 {
			return false
		}
	}
	return true
}

// included says whether the node counts for the constraint, by the constraint's policies.
func included(pod *corev1.Pod, node *corev1.Node, constraint *corev1.TopologySpreadConstraint) bool {
	if policy := constraint.NodeAffinityPolicy; (policy == nil || *policy == corev1.NodeInclusionPolicyHonor) && !selectsNode(pod, node) {
		return false
	}
	policy := constraint.NodeTaintsPolicy
	return policy == nil || *policy != corev1.NodeInclusionPolicyHonor || untolerated(pod, node) == nil
}

func (r *spreadRule) refuses(node int) (reason string, hopeless bool) {
	number, found := r.at(node)
	switch {
	case !found:
		return "node(s) didn't match pod topology spread constraints (missing required label)", true
	case number+r.self-r.least > r.maxSkew:
		return "node(s) didn't match pod topology spread constraints", false
	}
	return "", false
}
