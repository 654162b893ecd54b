package registry

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/stsim/stsim/sim/api"
)

// ScaleOf is the scale subresource of an object that has one.
func ScaleOf(object api.Object) (*autoscalingv1.Scale, error) {
	scale := &autoscalingv1.Scale{
		TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"},
		ObjectMeta: metav1.ObjectMeta{
			Name: object.GetName(), Namespace: object.GetNamespace(), UID: object.GetUID(),
			ResourceVersion: object.GetResourceVersion(), CreationTimestamp: object.GetCreationTimestamp(),
		},
	}
	var selector *metav1.LabelSelector
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		scale.Spec.Replicas, scale.Status.Replicas, selector = value(object.Spec.Replicas), object.Status.Replicas, object.Spec.Selector
	case *appsv1.Deployment:
		scale.Spec.Replicas, scale.Status.Replicas, selector = value(object.Spec.Replicas), object.Status.Replicas, object.Spec.Selector
	case *appsv1.ReplicaSet:
		scale.Spec.Replicas, scale.Status.Replicas, selector = value(object.Spec.Replicas), object.Status.Replicas, object.Spec.Selector
	case *corev1.ReplicationController:
		scale.Spec.Replicas, scale.Status.Replicas = value(object.Spec.Replicas), object.Status.Replicas
		scale.Status.Selector = labels.Set(object.Spec.Selector).String()
		return scale, nil
	default:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%T has no scale subresource", object))
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, apierrors.NewInternalError(err)
	}
	scale.Status.Selector = parsed.String()
	return scale, nil
}

// UpdateScale sets the wanted number of replicas.
func (r *Registry) UpdateScale(kind *api.Kind, scale *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
	old, err := r.Get(kind, api.NameOf(scale))
	if err != nil {
		return nil, err
	}
	if scale.Spec.Replicas < 0 {
		return nil, apierrors.NewInvalid(autoscalingv1.SchemeGroupVersion.WithKind("Scale").GroupKind(), scale.Name, field.ErrorList{
			field.Invalid(field.NewPath("spec", "replicas"), scale.Spec.Replicas, "must be greater than or equal to 0")})
	}
	if uid := scale.UID; uid != "" && uid != old.GetUID() {
		resource := kind.GroupResource()
		resource.Resource += "/scale"
		return nil, apierrors.NewConflict(resource, scale.Name, fmt.Errorf(
			"Precondition failed: UID in precondition: %v, UID in object meta: %v", uid, old.GetUID()))
	}
	changed := old.DeepCopyObject().(api.Object)
	changed.SetResourceVersion(scale.ResourceVersion)
	changed.SetManagedFields(scale.ManagedFields)
	replicas := scale.Spec.Replicas
	switch changed := changed.(type) {
	case *appsv1.StatefulSet:
		changed.Spec.Replicas = &replicas
	case *appsv1.Deployment:
		changed.Spec.Replicas = &replicas
	case *appsv1.ReplicaSet:
		changed.Spec.Replicas = &replicas
	case *corev1.ReplicationController:
		changed.Spec.Replicas = &replicas
	default:
		return nil, apierrors.NewBadRequest(fmt.Sprintf("%s has no scale subresource", kind.Resource))
	}
	updated, err := r.update(changed, "", "scale")
	if err != nil {
		return nil, err
	}
	return ScaleOf(updated)
}

// value reads an optional number of replicas, which defaults to 1.
func value(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}
