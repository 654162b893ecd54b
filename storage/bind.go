package storage

import (
	"maps"

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

// Volumes and claims that functions of this package give back share with those they were given what stays the same: neither may be changed in place.

// Reserve is a volume with its half of a binding made: its claimRef names the claim. That is all the scheduler does;
// the volume controller completes the binding with Bind.
func Reserve(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	byUser := IsBoundTo(volume, claim)
	reserved := *volume // what stays is shared
	if ref := volume.Spec.ClaimRef; ref == nil || !byUser || ref.UID != claim.UID {
		reserved.Spec.ClaimRef = referenceTo(claim)
	}
	if !byUser {
		annotate(&reserved.Annotations, AnnotationBoundByController)
	}
	return &reserved
}

// Bind is a volume and a claim bound to each other, in specification and status.
//
// Upstream: pv_controller.go bind, bindClaimToVolume, updateClaimStatus.
func Bind(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) (*corev1.PersistentVolume, *corev1.PersistentVolumeClaim) {
	volume = Reserve(volume, claim)
	volume.Status.Phase, volume.Status.Message, volume.Status.Reason = corev1.VolumeBound, "", ""
	bound := *claim
	if bound.Spec.VolumeName != volume.Name {
		bound.Spec.VolumeName = volume.Name
		annotate(&bound.Annotations, AnnotationBoundByController)
	}
	annotate(&bound.Annotations, AnnotationBindCompleted)
	bound.Status.Phase = corev1.ClaimBound
	bound.Status.AccessModes, bound.Status.Capacity = volume.Spec.AccessModes, volume.Spec.Capacity
	bound.Status.CurrentVolumeAttributesClassName = claim.Spec.VolumeAttributesClassName
	return volume, &bound
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

// annotate sets an annotation that matters only by being there, unless it is. The map may be shared: it is replaced.
func annotate(annotations *map[string]string, key string) {
	if _, ok := (*annotations)[key]; ok {
		return
	}
	changed := make(map[string]string, len(*annotations)+1)
	maps.Copy(changed, *annotations)
	changed[key] = "yes"
	*annotations = changed
}
