package api

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var persistentVolumePrinter = printed(
	persistentVolumeRow,
	nameColumn,
	textColumn("Capacity", describe(corev1.PersistentVolumeSpec{}, "capacity")),
	textColumn("Access Modes", describe(corev1.PersistentVolumeSpec{}, "accessModes")),
	textColumn("Reclaim Policy", describe(corev1.PersistentVolumeSpec{}, "persistentVolumeReclaimPolicy")),
	textColumn("Status", describe(corev1.PersistentVolumeStatus{}, "phase")),
	textColumn("Claim", describe(corev1.PersistentVolumeSpec{}, "claimRef")),
	textColumn("StorageClass", "StorageClass of the pv"),
	textColumn("VolumeAttributesClass", "VolumeAttributesClass of the pv"),
	textColumn("Reason", describe(corev1.PersistentVolumeStatus{}, "reason")),
	ageColumn,
	wideColumn("VolumeMode", describe(corev1.PersistentVolumeSpec{}, "volumeMode")),
)

func persistentVolumeRow(volume *corev1.PersistentVolume, now time.Time) []any {
	claim := ""
	if reference := volume.Spec.ClaimRef; reference != nil {
		claim = reference.Namespace + "/" + reference.Name
	}
	return []any{
		volume.Name, storageOf(volume.Spec.Capacity), accessModes(volume.Spec.AccessModes),
		string(volume.Spec.PersistentVolumeReclaimPolicy), phaseOrTerminating(volume, string(volume.Status.Phase)), claim,
		storageClassName(volume, volume.Spec.StorageClassName), valueOr(volume.Spec.VolumeAttributesClassName, cellUnset),
		volume.Status.Reason, ageOf(volume, now), valueOr(volume.Spec.VolumeMode, cellUnset),
	}
}

var persistentVolumeClaimPrinter = printed(
	persistentVolumeClaimRow,
	nameColumn,
	textColumn("Status", describe(corev1.PersistentVolumeClaimStatus{}, "phase")),
	textColumn("Volume", describe(corev1.PersistentVolumeClaimSpec{}, "volumeName")),
	textColumn("Capacity", describe(corev1.PersistentVolumeClaimStatus{}, "capacity")),
	textColumn("Access Modes", describe(corev1.PersistentVolumeClaimStatus{}, "accessModes")),
	textColumn("StorageClass", "StorageClass of the pvc"),
	textColumn("VolumeAttributesClass", "VolumeAttributesClass of the pvc"),
	ageColumn,
	wideColumn("VolumeMode", describe(corev1.PersistentVolumeClaimSpec{}, "volumeMode")),
)

// persistentVolumeClaimRow shows capacity and access modes of the volume, so they stay empty until there is one: what
// the claim asks for is not shown.
func persistentVolumeClaimRow(claim *corev1.PersistentVolumeClaim, now time.Time) []any {
	capacity, modes := "", ""
	if claim.Spec.VolumeName != "" {
		capacity, modes = storageOf(claim.Status.Capacity), accessModes(claim.Status.AccessModes)
	}
	return []any{
		claim.Name, phaseOrTerminating(claim, string(claim.Status.Phase)), claim.Spec.VolumeName, capacity, modes,
		storageClassName(claim, ptr.Deref(claim.Spec.StorageClassName, "")),
		valueOr(claim.Spec.VolumeAttributesClassName, cellUnset), ageOf(claim, now), valueOr(claim.Spec.VolumeMode, cellUnset),
	}
}

// phaseOrTerminating hides the phase of an object that waits for its finalizers.
func phaseOrTerminating(object metav1.Object, phase string) string {
	if object.GetDeletionTimestamp() != nil {
		return "Terminating"
	}
	return phase
}

// storageOf is the amount of storage in a list of resources; none is 0.
func storageOf(list corev1.ResourceList) string {
	amount := list[corev1.ResourceStorage]
	return quantityText(&amount)
}

// storageClassName prefers the annotation that came before the field.
func storageClassName(object metav1.Object, field string) string {
	if class, found := object.GetAnnotations()[corev1.BetaStorageClassAnnotation]; found {
		return class
	}
	return field
}

// accessModes abbreviates the modes in upstream's order, each once. Upstream: pkg/apis/core/helper/helpers.go.
func accessModes(modes []corev1.PersistentVolumeAccessMode) string {
	var short []string
	for _, known := range []struct {
		mode         corev1.PersistentVolumeAccessMode
		abbreviation string
	}{
		{corev1.ReadWriteOnce, "RWO"},
		{corev1.ReadOnlyMany, "ROX"},
		{corev1.ReadWriteMany, "RWX"},
		{corev1.ReadWriteOncePod, "RWOP"},
	} {
		if slices.Contains(modes, known.mode) {
			short = append(short, known.abbreviation)
		}
	}
	return strings.Join(short, ",")
}

var storageClassPrinter = printed(
	func(class *storagev1.StorageClass, now time.Time) []any {
		name := class.Name
		if class.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" ||
			class.Annotations["storageclass.beta.kubernetes.io/is-default-class"] == "true" {
			name += " (default)"
		}
		return []any{
			name, class.Provisioner, valueOr(class.ReclaimPolicy, string(corev1.PersistentVolumeReclaimDelete)),
			valueOr(class.VolumeBindingMode, string(storagev1.VolumeBindingImmediate)),
			ptr.Deref(class.AllowVolumeExpansion, false), ageOf(class, now),
		}
	},
	nameColumn,
	textColumn("Provisioner", describe(storagev1.StorageClass{}, "provisioner")),
	textColumn("ReclaimPolicy", describe(storagev1.StorageClass{}, "reclaimPolicy")),
	textColumn("VolumeBindingMode", describe(storagev1.StorageClass{}, "volumeBindingMode")),
	textColumn("AllowVolumeExpansion", describe(storagev1.StorageClass{}, "allowVolumeExpansion")),
	ageColumn,
)

var volumeAttachmentPrinter = printed(
	func(attachment *storagev1.VolumeAttachment, now time.Time) []any {
		return []any{
			attachment.Name, attachment.Spec.Attacher, ptr.Deref(attachment.Spec.Source.PersistentVolumeName, ""),
			attachment.Spec.NodeName, attachment.Status.Attached, ageOf(attachment, now),
		}
	},
	nameColumn,
	metav1.TableColumnDefinition{
		Name: "Attacher", Type: "string", Format: "name", Description: describe(storagev1.VolumeAttachmentSpec{}, "attacher"),
	},
	textColumn("PV", describe(storagev1.VolumeAttachmentSource{}, "persistentVolumeName")),
	textColumn("Node", describe(storagev1.VolumeAttachmentSpec{}, "nodeName")),
	column("Attached", "boolean", describe(storagev1.VolumeAttachmentStatus{}, "attached")),
	ageColumn,
)

var csiNodePrinter = printed(
	func(node *storagev1.CSINode, now time.Time) []any {
		return []any{node.Name, int64(len(node.Spec.Drivers)), ageOf(node, now)}
	},
	nameColumn,
	column("Drivers", "integer", "Drivers indicates the number of CSI drivers registered on the node"),
	ageColumn,
)
