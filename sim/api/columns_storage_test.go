package api

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func storageAmount(text string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(text)}
}

func TestPersistentVolumeRows(t *testing.T) {
	spec := corev1.PersistentVolumeSpec{
		Capacity: storageAmount("1Gi"), AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete, StorageClassName: "standard",
		VolumeMode: ptr.To(corev1.PersistentVolumeFilesystem),
	}
	bound := *spec.DeepCopy()
	bound.ClaimRef = &corev1.ObjectReference{Namespace: "shop", Name: "data-web-0"}
	bound.VolumeAttributesClassName = ptr.To("gold")
	bound.AccessModes = []corev1.PersistentVolumeAccessMode{
		corev1.ReadWriteOncePod, corev1.ReadWriteMany, corev1.ReadOnlyMany, corev1.ReadWriteOnce, corev1.ReadWriteMany,
	}
	annotated := aged("pv-1")
	annotated.Annotations = map[string]string{"volume.beta.kubernetes.io/storage-class": "older"}
	phase := func(phase corev1.PersistentVolumePhase, reason string) corev1.PersistentVolumeStatus {
		return corev1.PersistentVolumeStatus{Phase: phase, Reason: reason}
	}
	checkRows(t, "PersistentVolume", []checkRow{
		{"a volume that nobody has claimed", &corev1.PersistentVolume{ObjectMeta: aged("pv-1"), Spec: spec, Status: phase("Available", "")},
			"pv-1 | 1Gi | RWO | Delete | Available |  | standard | <unset> |  | 5m | [Filesystem]"},
		{"a claimed volume with every access mode, each once and in a fixed order",
			&corev1.PersistentVolume{ObjectMeta: aged("pv-1"), Spec: bound, Status: phase("Bound", "")},
			"pv-1 | 1Gi | RWO,ROX,RWX,RWOP | Delete | Bound | shop/data-web-0 | standard | gold |  | 5m | [Filesystem]"},
		{"a volume that could not be deleted", &corev1.PersistentVolume{ObjectMeta: aged("pv-1"), Spec: spec, Status: phase("Failed", "Busy")},
			"pv-1 | 1Gi | RWO | Delete | Failed |  | standard | <unset> | Busy | 5m | [Filesystem]"},
		{"a volume in use that was told to go", &corev1.PersistentVolume{ObjectMeta: agedAndDeleted("pv-1"), Spec: bound, Status: phase("Bound", "")},
			"pv-1 | 1Gi | RWO,ROX,RWX,RWOP | Delete | Terminating | shop/data-web-0 | standard | gold |  | 5m | [Filesystem]"},
		{"the older annotation outweighs the field", &corev1.PersistentVolume{ObjectMeta: annotated, Spec: spec, Status: phase("Available", "")},
			"pv-1 | 1Gi | RWO | Delete | Available |  | older | <unset> |  | 5m | [Filesystem]"},
		{"an empty volume", &corev1.PersistentVolume{ObjectMeta: aged("pv-1")}, "pv-1 | 0 |  |  |  |  |  | <unset> |  | 5m | [<unset>]"},
	})
}

func TestPersistentVolumeClaimRows(t *testing.T) {
	claim := func(meta metav1.ObjectMeta, volume string, status corev1.PersistentVolumeClaimStatus) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: meta, Status: status, Spec: corev1.PersistentVolumeClaimSpec{
			VolumeName: volume, StorageClassName: ptr.To("standard"), VolumeMode: ptr.To(corev1.PersistentVolumeBlock),
			Resources:   corev1.VolumeResourceRequirements{Requests: storageAmount("1Gi")},
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		}}
	}
	bound := corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, Capacity: storageAmount("2Gi"),
		AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany}}
	pending := corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
	classless := claim(aged("data-web-0"), "", pending)
	classless.Spec.StorageClassName, classless.Spec.VolumeAttributesClassName = nil, ptr.To("gold")
	annotated := claim(aged("data-web-0"), "", pending)
	annotated.Annotations = map[string]string{"volume.beta.kubernetes.io/storage-class": ""}
	checkRows(t, "PersistentVolumeClaim", []checkRow{
		{"what a pending claim asks for is not shown", claim(aged("data-web-0"), "", pending),
			"data-web-0 | Pending |  |  |  | standard | <unset> | 5m | [Block]"},
		{"a bound claim shows what it got", claim(aged("data-web-0"), "pv-1", bound),
			"data-web-0 | Bound | pv-1 | 2Gi | RWO,ROX | standard | <unset> | 5m | [Block]"},
		{"a claim that chose its volume and waits to be bound", claim(aged("data-web-0"), "pv-1", pending),
			"data-web-0 | Pending | pv-1 | 0 |  | standard | <unset> | 5m | [Block]"},
		{"a claim in use that was told to go", claim(agedAndDeleted("data-web-0"), "pv-1", bound),
			"data-web-0 | Terminating | pv-1 | 2Gi | RWO,ROX | standard | <unset> | 5m | [Block]"},
		{"a claim without a storage class, with a class of attributes", classless,
			"data-web-0 | Pending |  |  |  |  | gold | 5m | [Block]"},
		{"the older annotation outweighs the field even when it is empty", annotated,
			"data-web-0 | Pending |  |  |  |  | <unset> | 5m | [Block]"},
	})
}

func TestStorageClassRows(t *testing.T) {
	class := func(annotation, value string) *storagev1.StorageClass {
		result := &storagev1.StorageClass{ObjectMeta: aged("standard"), Provisioner: "disk.example.com"}
		result.Annotations = map[string]string{annotation: value}
		return result
	}
	detailed := class("storageclass.kubernetes.io/is-default-class", "false")
	detailed.ReclaimPolicy = ptr.To(corev1.PersistentVolumeReclaimRetain)
	detailed.VolumeBindingMode = ptr.To(storagev1.VolumeBindingWaitForFirstConsumer)
	detailed.AllowVolumeExpansion = ptr.To(true)
	checkRows(t, "StorageClass", []checkRow{
		{"the default class, with all settings left out", class("storageclass.kubernetes.io/is-default-class", "true"),
			"standard (default) | disk.example.com | Delete | Immediate | false | 5m"},
		{"the default class by the older annotation", class("storageclass.beta.kubernetes.io/is-default-class", "true"),
			"standard (default) | disk.example.com | Delete | Immediate | false | 5m"},
		{"another class, with all settings made", detailed, "standard | disk.example.com | Retain | WaitForFirstConsumer | true | 5m"},
	})
}

func TestAttachmentRows(t *testing.T) {
	attachment := &storagev1.VolumeAttachment{ObjectMeta: aged("csi-1"), Spec: storagev1.VolumeAttachmentSpec{
		Attacher: "disk.example.com", NodeName: "node-1", Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: ptr.To("pv-1")},
	}, Status: storagev1.VolumeAttachmentStatus{Attached: true}}
	inline := attachment.DeepCopy()
	inline.Spec.Source.PersistentVolumeName, inline.Status.Attached = nil, false
	checkRows(t, "VolumeAttachment", []checkRow{
		{"an attached volume", attachment, "csi-1 | disk.example.com | pv-1 | node-1 | true | 5m"},
		{"a volume that a pod spells out itself", inline, "csi-1 | disk.example.com |  | node-1 | false | 5m"},
	})
	checkRows(t, "CSINode", []checkRow{
		{"a node with two drivers", &storagev1.CSINode{ObjectMeta: aged("node-1"),
			Spec: storagev1.CSINodeSpec{Drivers: make([]storagev1.CSINodeDriver, 2)}}, "node-1 | 2 | 5m"},
	})
}
