package registry

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
)

// Bind puts a Pod on a node, which can be done once (upstream: pkg/registry/core/pod/storage BindingREST).
func (r *Registry) Bind(pod api.Name, node string) (*corev1.Pod, error) {
	kind := api.KindNamed("Pod")
	object, err := r.Get(kind, pod)
	if err != nil {
		return nil, err
	}
	old := object.(*corev1.Pod)
	if reason := unbindable(old); reason != nil {
		return nil, apierrors.NewConflict(corev1.Resource("pods/binding"), pod.Name, reason)
	}
	changed := *old // the rest is shared: rows never change
	changed.Spec.NodeName = node
	changed.Status.Conditions = slices.Clone(old.Status.Conditions)
	changed.Status.NominatedNodeName = ""
	setCondition(&changed, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: r.timestamp()})
	r.Tx.Put(&changed)
	return &changed, nil
}

// unbindable says why the Pod cannot be put on a node.
func unbindable(pod *corev1.Pod) error {
	switch {
	case pod.DeletionTimestamp != nil:
		return fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name)
	case pod.Spec.NodeName != "":
		return fmt.Errorf("pod %s is already assigned to node %q", pod.Name, pod.Spec.NodeName)
	case len(pod.Spec.SchedulingGates) > 0:
		return fmt.Errorf("pod %s has non-empty .spec.schedulingGates", pod.Name)
	}
	return nil
}

// setCondition replaces the condition of the same type; the time of the last transition stays when the status does.
func setCondition(pod *corev1.Pod, condition corev1.PodCondition) {
	for i := range pod.Status.Conditions {
		current := &pod.Status.Conditions[i]
		if current.Type != condition.Type {
			continue
		}
		if current.Status == condition.Status {
			condition.LastTransitionTime = current.LastTransitionTime
		}
		*current = condition
		return
	}
	pod.Status.Conditions = append(pod.Status.Conditions, condition)
}
