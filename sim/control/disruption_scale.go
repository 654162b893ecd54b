package control

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// expectedPods is how many Pods the budget's share is a share of, and how many of them must be healthy. A whole number that must be
// available is compared with the Pods there are; everything else with the Pods that the controllers of these Pods want. Percentages are
// rounded up. Unmanaged says that some Pods have no controller, so that they are not counted (upstream: getExpectedPodCount).
func expectedPods(view store.View, budget *policyv1.PodDisruptionBudget, pods []*corev1.Pod) (expected, healthy int32, unmanaged bool, err error) {
	switch spec := &budget.Spec; {
	case spec.MaxUnavailable != nil:
		if expected, unmanaged, err = expectedScale(view, pods); err != nil {
			return 0, 0, false, err
		}
		lost, err := intstr.GetScaledValueFromIntOrPercent(spec.MaxUnavailable, int(expected), true)
		if err != nil {
			return 0, 0, false, err
		}
		healthy = max(expected-int32(lost), 0)
	case spec.MinAvailable != nil && spec.MinAvailable.Type == intstr.Int:
		expected, healthy = int32(len(pods)), spec.MinAvailable.IntVal
	case spec.MinAvailable != nil:
		if expected, unmanaged, err = expectedScale(view, pods); err != nil {
			return 0, 0, false, err
		}
		kept, err := intstr.GetScaledValueFromIntOrPercent(spec.MinAvailable, int(expected), true)
		if err != nil {
			return 0, 0, false, err
		}
		healthy = int32(kept)
	}
	return expected, healthy, unmanaged, nil
}

// expectedScale adds up what the controllers of the Pods want (upstream: getExpectedScale).
func expectedScale(view store.View, pods []*corev1.Pod) (expected int32, unmanaged bool, err error) {
	known := map[api.UID]bool{}
	for _, pod := range pods {
		reference := metav1.GetControllerOfNoCopy(pod)
		if reference == nil {
			unmanaged = true
			continue
		}
		if known[reference.UID] {
			continue
		}
		controller, replicas, err := scaleOf(view, pod.Namespace, reference)
		if err != nil {
			return 0, false, err
		}
		if controller == "" {
			return 0, false, fmt.Errorf("found no controllers for pod %q", pod.Name)
		}
		if !known[controller] {
			expected += replicas
		}
		known[controller] = true
	}
	return expected, unmanaged, nil
}

// scaleOf finds the object that says how many Pods like this one there are to be: the Pod's controller, or the Deployment that controls a
// ReplicaSet. The uid is empty when it does not exist. Kinds without a scale are an error.
func scaleOf(view store.View, namespace string, reference *metav1.OwnerReference) (controller api.UID, replicas int32, err error) {
	group, err := schema.ParseGroupVersion(reference.APIVersion)
	if err != nil {
		return "", 0, err
	}
	kind := api.KindNamed(reference.Kind)
	if kind == nil || kind.Group != group.Group {
		return "", 0, fmt.Errorf("no matches for kind %q in version %q", reference.Kind, reference.APIVersion)
	}
	if _, scales := kind.Subresource("scale"); !scales {
		return "", 0, fmt.Errorf("%s does not implement the scale subresource", kind.GroupResource())
	}
	object, found := view.Object(kind, namespace, reference.Name)
	if !found || object.GetUID() != reference.UID {
		return "", 0, nil
	}
	if set, ok := object.(*appsv1.ReplicaSet); ok {
		if owner := metav1.GetControllerOfNoCopy(set); owner != nil && owner.Kind == deploymentKind.Kind {
			if deployment, found := store.Get[*appsv1.Deployment](view, namespace, owner.Name); found && deployment.UID == owner.UID {
				object = deployment
			}
		}
	}
	return object.GetUID(), wantedReplicas(object), nil
}

// wantedReplicas is spec.replicas of the kinds that have a scale, which defaults to 1.
func wantedReplicas(object api.Object) int32 {
	var replicas *int32
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		replicas = object.Spec.Replicas
	case *appsv1.Deployment:
		replicas = object.Spec.Replicas
	case *appsv1.ReplicaSet:
		replicas = object.Spec.Replicas
	case *corev1.ReplicationController:
		replicas = object.Spec.Replicas
	}
	if replicas == nil {
		return 1
	}
	return *replicas
}
