package storage

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// IsBoundTo says whether a volume is reserved for or bound to a claim: the names must be equal, and the UIDs if the volume has one.
//
// Upstream: component-helpers/storage/volume/pv_helpers.go IsVolumeBoundToClaim.
func IsBoundTo(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	ref := volume.Spec.ClaimRef
	return ref != nil && ref.Name == claim.Name && ref.Namespace == claim.Namespace && (ref.UID == "" || ref.UID == claim.UID)
}

func referenceTo(claim *corev1.PersistentVolumeClaim) *corev1.ObjectReference {
	return &corev1.ObjectReference{
		Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: claim.Namespace, Name: claim.Name,
		UID: claim.UID, ResourceVersion: claim.ResourceVersion,
	}
}

// Reserve is a volume with its half of a binding made: its claimRef names the claim. That is all the scheduler does;
// the volume controller completes the binding with Bind.
func Reserve(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	byUser := IsBoundTo(volume, claim)
	volume = volume.DeepCopy()
	if ref := volume.Spec.ClaimRef; ref == nil || !byUser || ref.UID != claim.UID {
		volume.Spec.ClaimRef = referenceTo(claim)
	}
	if !byUser {
		annotate(&volume.Annotations, AnnotationBoundByController)
	}
	return volume
}

// Bind is a volume and a claim bound to each other, in specification and status.
//
// Upstream: pv_controller.go bind, bindClaimToVolume, updateClaimStatus.
func Bind(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolume, *corev1.PersistentVolumeClaim) {
	volume = Reserve(volume, claim)
	volume.Status.Phase, volume.Status.Message, volume.Status.Reason = corev1.VolumeBound, "", ""
	claim = claim.DeepCopy()
	if claim.Spec.VolumeName != volume.Name {
		claim.Spec.VolumeName = volume.Name
		annotate(&claim.Annotations, AnnotationBoundByController)
	}
	annotate(&claim.Annotations, AnnotationBindCompleted)
	claim.Status.Phase = corev1.ClaimBound
	claim.Status.AccessModes = slices.Clone(volume.Spec.AccessModes)
	claim.Status.Capacity = maps.Clone(volume.Spec.Capacity)
	claim.Status.CurrentVolumeAttributesClassName = claim.Spec.VolumeAttributesClassName
	return volume, claim
}

// Unbind is a volume freed from a claim that got another one, Available again. If people reserved it, it stays reserved by name.
//
// Upstream: pv_controller.go unbindVolume.
func Unbind(volume *corev1.PersistentVolume) *corev1.PersistentVolume {
	volume = volume.DeepCopy()
	if _, ok := volume.Annotations[AnnotationBoundByController]; ok {
		volume.Spec.ClaimRef = nil
		delete(volume.Annotations, AnnotationBoundByController)
	} else if volume.Spec.ClaimRef != nil {
		volume.Spec.ClaimRef.UID = ""
	}
	volume.Status.Phase, volume.Status.Message, volume.Status.Reason = corev1.VolumeAvailable, "", ""
	return volume
}

// annotate sets an annotation that matters only by being there, unless it is.
func annotate(annotations *map[string]string, key string) {
	if *annotations == nil {
		*annotations = map[string]string{}
	}
	if _, ok := (*annotations)[key]; !ok {
		(*annotations)[key] = "yes"
	}
}
