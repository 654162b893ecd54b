package api

import storagev1 "k8s.io/api/storage/v1"

// storageKinds are the kinds of the group storage.k8s.io.
func storageKinds() []*Kind {
	const group = "storage.k8s.io"
	return []*Kind{
		row[storagev1.CSINode, *storagev1.CSINode, storagev1.CSINodeList](Kind{
			Group: group, Kind: "CSINode", Resource: "csinodes",
		}, csiNodeRules),
		row[storagev1.StorageClass, *storagev1.StorageClass, storagev1.StorageClassList](Kind{
			Group: group, Kind: "StorageClass", Resource: "storageclasses", ShortNames: []string{"sc"},
		}, storageClassRules),
		row[storagev1.VolumeAttachment, *storagev1.VolumeAttachment, storagev1.VolumeAttachmentList](Kind{
			Group: group, Kind: "VolumeAttachment", Resource: "volumeattachments",
			Subresources: []Subresource{statusSubresource},
		}, volumeAttachmentRules),
	}
}
