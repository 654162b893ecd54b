package registry

import (
	"fmt"

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
	if old.DeletionTimestamp != nil {
		return nil, apierrors.NewConflict(kind.GroupResource(), pod.Name, fmt.Errorf("pod %s is being deleted, cannot be assigned to a host", pod.Name))
	}
	if old.Spec.NodeName != "" {
		return nil, apierrors.NewConflict(kind.GroupResource(), pod.Name, fmt.Errorf("pod %s is already assigned to node %q", pod.Name, old.Spec.NodeName))
	}
	changed := old.DeepCopy()
	changed.Spec.NodeName = node
	setCondition(changed, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: r.timestamp()})
	r.Tx.Put(changed)
	return changed, nil
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
