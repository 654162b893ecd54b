package sim

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Condition is something to wait for.
type Condition struct {
	Text string                     // completes the sentence "waiting until ..."
	Met  func(view store.View) bool // the view is of the present, and good until it has answered
}

// Holds says whether the condition is met.
func (c Condition) Holds(view store.View) bool { return c.Met(view) }

// String implements [fmt.Stringer].
func (c Condition) String() string { return c.Text }

// Ready holds when a Pod is Ready, or when all Pods that a StatefulSet wants are, at the revision it wants them. Other kinds never hold.
func Ready(kind, namespace, name string) Condition {
	return Condition{
		Text: fmt.Sprintf("%s %s is Ready", kind, api.Name{Namespace: namespace, Name: name}),
		Met: func(view store.View) bool {
			switch kind {
			case "StatefulSet":
				set, found := store.Get[*appsv1.StatefulSet](view, namespace, name)
				return found && setReady(set)
			case "Pod":
				pod, found := store.Get[*corev1.Pod](view, namespace, name)
				return found && podReady(pod)
			}
			return false
		},
	}
}

// Gone holds when there is no such object.
func Gone(kind, namespace, name string) Condition {
	row := api.KindNamed(kind)
	return Condition{
		Text: fmt.Sprintf("%s %s is gone", kind, api.Name{Namespace: namespace, Name: name}),
		Met: func(view store.View) bool {
			if row == nil {
				return true
			}
			_, found := view.Object(row, namespace, name)
			return !found
		},
	}
}

func setReady(set *appsv1.StatefulSet) bool {
	wanted := int32(1)
	if set.Spec.Replicas != nil {
		wanted = *set.Spec.Replicas
	}
	return set.Status.ObservedGeneration >= set.Generation && set.Status.Replicas == wanted && set.Status.ReadyReplicas == wanted
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
