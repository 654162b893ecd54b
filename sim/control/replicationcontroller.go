package control

import (
	"iter"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// replicationControllerLoop works for ReplicationControllers as for ReplicaSets (upstream: pkg/controller/replication/conversion.go).
func replicationControllerLoop() Loop { return replicationControllers.loop("replicationcontroller") }

var replicationControllers = &replicaKind{
	kind: corev1.SchemeGroupVersion.WithKind("ReplicationController"), source: "replication-controller",
	get: func(view store.View, namespace, name string) (api.Object, *appsv1.ReplicaSet, bool) {
		controller, found := store.Get[*corev1.ReplicationController](view, namespace, name)
		if !found {
			return nil, nil, false
		}
		return controller, setOfController(controller), true
	},
	list: func(view store.View, namespace string) iter.Seq[*appsv1.ReplicaSet] {
		return func(yield func(*appsv1.ReplicaSet) bool) {
			for controller := range store.List[*corev1.ReplicationController](view, namespace) {
				if !yield(setOfController(controller)) {
					return
				}
			}
		}
	},
	withStatus: func(object api.Object, status appsv1.ReplicaSetStatus) api.Object {
		changed := object.(*corev1.ReplicationController).DeepCopy()
		changed.Status = corev1.ReplicationControllerStatus{
			Replicas: status.Replicas, FullyLabeledReplicas: status.FullyLabeledReplicas, ReadyReplicas: status.ReadyReplicas,
			AvailableReplicas: status.AvailableReplicas, ObservedGeneration: status.ObservedGeneration,
		}
		for _, condition := range status.Conditions {
			changed.Status.Conditions = append(changed.Status.Conditions, corev1.ReplicationControllerCondition{
				Type: corev1.ReplicationControllerConditionType(condition.Type), Status: condition.Status,
				LastTransitionTime: condition.LastTransitionTime, Reason: condition.Reason, Message: condition.Message,
			})
		}
		return changed
	},
}

// setOfController is a ReplicationController seen as a ReplicaSet. It shares what it points to with the controller.
func setOfController(controller *corev1.ReplicationController) *appsv1.ReplicaSet {
	set := &appsv1.ReplicaSet{
		ObjectMeta: controller.ObjectMeta,
		Spec: appsv1.ReplicaSetSpec{
			Replicas: controller.Spec.Replicas, MinReadySeconds: controller.Spec.MinReadySeconds,
			Selector: &metav1.LabelSelector{MatchLabels: controller.Spec.Selector},
		},
		Status: appsv1.ReplicaSetStatus{
			Replicas: controller.Status.Replicas, FullyLabeledReplicas: controller.Status.FullyLabeledReplicas, ReadyReplicas: controller.Status.ReadyReplicas,
			AvailableReplicas: controller.Status.AvailableReplicas, ObservedGeneration: controller.Status.ObservedGeneration,
		},
	}
	if controller.Spec.Template != nil {
		set.Spec.Template = *controller.Spec.Template
	}
	for _, condition := range controller.Status.Conditions {
		set.Status.Conditions = append(set.Status.Conditions, appsv1.ReplicaSetCondition{
			Type: appsv1.ReplicaSetConditionType(condition.Type), Status: condition.Status,
			LastTransitionTime: condition.LastTransitionTime, Reason: condition.Reason, Message: condition.Message,
		})
	}
	return set
}
