package api

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// defaultVolume makes a volume without a source an emptyDir, and fills in what the sources leave out.
func defaultVolume(source *corev1.VolumeSource) {
	if *source == (corev1.VolumeSource{}) {
		source.EmptyDir = &corev1.EmptyDirVolumeSource{}
	}
	if source.Image != nil && source.Image.PullPolicy == "" {
		source.Image.PullPolicy = pullPolicyFor(source.Image.Reference)
	}
	if source.HostPath != nil && source.HostPath.Type == nil {
		source.HostPath.Type = ptr.To(corev1.HostPathUnset)
	}
	if source.Secret != nil {
		defaultMode(&source.Secret.DefaultMode, corev1.SecretVolumeSourceDefaultMode)
	}
	if source.ConfigMap != nil {
		defaultMode(&source.ConfigMap.DefaultMode, corev1.ConfigMapVolumeSourceDefaultMode)
	}
	if source.DownwardAPI != nil {
		defaultMode(&source.DownwardAPI.DefaultMode, corev1.DownwardAPIVolumeSourceDefaultMode)
		for i := range source.DownwardAPI.Items {
			defaultFieldRef(source.DownwardAPI.Items[i].FieldRef)
		}
	}
	if source.Projected != nil {
		defaultMode(&source.Projected.DefaultMode, corev1.ProjectedVolumeSourceDefaultMode)
		for i := range source.Projected.Sources {
			defaultProjection(&source.Projected.Sources[i])
		}
	}
	if source.Ephemeral != nil && source.Ephemeral.VolumeClaimTemplate != nil {
		defaultClaimSpec(&source.Ephemeral.VolumeClaimTemplate.Spec)
	}
	if source.ISCSI != nil && source.ISCSI.ISCSIInterface == "" {
		source.ISCSI.ISCSIInterface = "default"
	}
	if rbd := source.RBD; rbd != nil {
		defaultText(&rbd.RBDPool, "rbd")
		defaultText(&rbd.RadosUser, "admin")
		defaultText(&rbd.Keyring, "/etc/ceph/keyring")
	}
	if source.ScaleIO != nil {
		defaultText(&source.ScaleIO.StorageMode, "ThinProvisioned")
		defaultText(&source.ScaleIO.FSType, "xfs")
	}
	defaultAzureDisk(source.AzureDisk)
}

func defaultProjection(projection *corev1.VolumeProjection) {
	if projection.DownwardAPI != nil {
		for i := range projection.DownwardAPI.Items {
			defaultFieldRef(projection.DownwardAPI.Items[i].FieldRef)
		}
	}
	if token := projection.ServiceAccountToken; token != nil && token.ExpirationSeconds == nil {
		token.ExpirationSeconds = ptr.To[int64](60 * 60)
	}
}

func defaultAzureDisk(disk *corev1.AzureDiskVolumeSource) {
	if disk == nil {
		return
	}
	if disk.CachingMode == nil {
		disk.CachingMode = ptr.To(corev1.AzureDataDiskCachingReadWrite)
	}
	if disk.FSType == nil {
		disk.FSType = ptr.To("ext4")
	}
	if disk.ReadOnly == nil {
		disk.ReadOnly = ptr.To(false)
	}
	if disk.Kind == nil {
		disk.Kind = ptr.To(corev1.AzureSharedBlobDisk)
	}
}

func defaultMode(mode **int32, value int32) {
	if *mode == nil {
		*mode = ptr.To(value)
	}
}

func defaultText(text *string, value string) {
	if *text == "" {
		*text = value
	}
}
