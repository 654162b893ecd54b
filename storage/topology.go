package storage

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// ReachableFrom says whether a volume's node affinity admits a node; without one every node will do.
// Only labels count: the terms' matchFields are ignored, as upstream's check has no node name to look at.
//
// Upstream: component-helpers/storage/volume/helpers.go CheckNodeAffinity, scheduling/corev1/nodeaffinity.
func ReachableFrom(volume *corev1.PersistentVolume, node *corev1.Node) bool {
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil {
		return true
	}
	return slices.ContainsFunc(affinity.Required.NodeSelectorTerms, func(term corev1.NodeSelectorTerm) bool {
		if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
			return false // an empty term selects no node
		}
		return !slices.ContainsFunc(term.MatchExpressions, func(expression corev1.NodeSelectorRequirement) bool {
			return !nodeMatches(expression, node.Labels)
		})
	})
}

var nodeOperators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn:           selection.In,
	corev1.NodeSelectorOpNotIn:        selection.NotIn,
	corev1.NodeSelectorOpExists:       selection.Exists,
	corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt:           selection.GreaterThan,
	corev1.NodeSelectorOpLt:           selection.LessThan,
}

func nodeMatches(expression corev1.NodeSelectorRequirement, nodeLabels map[string]string) bool {
	operator, ok := nodeOperators[expression.Operator]
	if !ok {
		return false
	}
	requirement, err := labels.NewRequirement(expression.Key, operator, expression.Values)
	return err == nil && requirement.Matches(labels.Set(nodeLabels))
}

// TopologyAdmits says whether a class's allowedTopologies let volumes be made for a node; without any they do.
//
// Upstream: pkg/apis/core/v1/helper/helpers.go MatchTopologySelectorTerms.
func TopologyAdmits(class *storagev1.StorageClass, node *corev1.Node) bool {
	if len(class.AllowedTopologies) == 0 {
		return true
	}
	_, ok := topologyTerm(class, node)
	return ok
}

// topologyTerm is the first of a class's terms that a node matches, or without a node the first there is.
func topologyTerm(class *storagev1.StorageClass, node *corev1.Node) (corev1.TopologySelectorTerm, bool) {
	for _, term := range class.AllowedTopologies {
		if len(term.MatchLabelExpressions) == 0 {
			continue
		}
		if node == nil || !slices.ContainsFunc(term.MatchLabelExpressions, func(expression corev1.TopologySelectorLabelRequirement) bool {
			label, ok := node.Labels[expression.Key]
			return !ok || !slices.Contains(expression.Values, label)
		}) {
			return term, true
		}
	}
	return corev1.TopologySelectorTerm{}, false
}

// topologyAffinity makes the node affinity of a volume of a class with allowedTopologies:
// the selected node's segment, or without a node all that the first term allows.
func topologyAffinity(class *storagev1.StorageClass, node *corev1.Node) (*corev1.VolumeNodeAffinity, error) {
	if len(class.AllowedTopologies) == 0 {
		return nil, nil
	}
	term, ok := topologyTerm(class, node)
	if !ok {
		if node == nil {
			return nil, fmt.Errorf("the allowedTopologies of StorageClass %q have no matchLabelExpressions", class.Name)
		}
		return nil, fmt.Errorf("node %q matches none of the allowedTopologies of StorageClass %q", node.Name, class.Name)
	}
	var expressions []corev1.NodeSelectorRequirement
	for _, expression := range term.MatchLabelExpressions {
		values := slices.Clone(expression.Values)
		if node != nil {
			values = []string{node.Labels[expression.Key]}
		}
		expressions = append(expressions, corev1.NodeSelectorRequirement{Key: expression.Key, Operator: corev1.NodeSelectorOpIn, Values: values})
	}
	return affinityOf(expressions...), nil
}

func affinityOf(expressions ...corev1.NodeSelectorRequirement) *corev1.VolumeNodeAffinity {
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: expressions}},
	}}
}
