package storage

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Annotations and finalizers of volumes and claims.
//
// Upstream: component-helpers/storage/volume/pv_helpers.go, pkg/volume/util/finalizer.go.
const (
	AnnotationBindCompleted      = "pv.kubernetes.io/bind-completed"
	AnnotationBoundByController  = "pv.kubernetes.io/bound-by-controller"
	AnnotationProvisionedBy      = "pv.kubernetes.io/provisioned-by"
	AnnotationSelectedNode       = "volume.kubernetes.io/selected-node"
	AnnotationStorageProvisioner = "volume.kubernetes.io/storage-provisioner"
	// AnnotationBetaStorageProvisioner is set beside AnnotationStorageProvisioner, for old provisioners.
	AnnotationBetaStorageProvisioner = "volume.beta.kubernetes.io/storage-provisioner"

	FinalizerClaimProtection  = "kubernetes.io/pvc-protection"
	FinalizerVolumeProtection = "kubernetes.io/pv-protection"
	// FinalizerInTree keeps a volume with reclaim policy Delete until its in-tree plugin has deleted what is behind it.
	FinalizerInTree = "kubernetes.io/pv-controller"
	// FinalizerExternal does the same for external provisioners.
	FinalizerExternal = "external-provisioner.volume.kubernetes.io/finalizer"
)

// Notice is an event that the volume controller records about a claim or volume.
type Notice struct {
	Type    string // Normal or Warning; "" if there is nothing to tell
	Reason  string
	Message string
}

func normal(reason, format string, values ...any) Notice {
	return Notice{Type: corev1.EventTypeNormal, Reason: reason, Message: fmt.Sprintf(format, values...)}
}

func warning(reason, format string, values ...any) Notice {
	return Notice{Type: corev1.EventTypeWarning, Reason: reason, Message: fmt.Sprintf(format, values...)}
}

// WaitingNotice is for a claim that waits for its first consumer. unscheduledPods are the names of the pods
// that use it and have no node yet.
//
// Upstream: pkg/controller/volume/persistentvolume/pv_controller.go, emitEventForUnboundDelayBindingClaim.
func WaitingNotice(unscheduledPods []string) Notice {
	switch len(unscheduledPods) {
	case 0:
		return normal("WaitForFirstConsumer", "waiting for first consumer to be created before binding")
	case 1:
		return normal("WaitForPodScheduled", "waiting for pod %s to be scheduled", unscheduledPods[0])
	}
	return normal("WaitForPodScheduled", "waiting for pods %s to be scheduled", strings.Join(unscheduledPods, ","))
}

// NoVolumeNotice is for a claim without a class for which there is no volume.
func NoVolumeNotice() Notice {
	return normal("FailedBinding", "no persistent volumes available for this claim and no storage class is set")
}

// ClassMissingNotice is for a claim whose class does not exist.
func ClassMissingNotice(name string) Notice {
	return warning("ProvisioningFailed", "storageclass.storage.k8s.io %q not found", name)
}

// ProvisioningNotices are what a claim hears when provisioning starts: of volumes made outside of the volume controller
// that it waits; of plugins that do not exist, that they failed.
// If nobody is behind an external provisioner's name, the first of them is all there ever is.
func ProvisioningNotices(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) []Notice {
	name := class.Provisioner
	known, ok := provisioners[name]
	switch {
	case !ok && strings.HasPrefix(name, "kubernetes.io/"):
		return []Notice{warning("ProvisioningFailed", "no volume plugin matched name: %s", name)}
	case ok && known.inTree:
		return nil
	}
	notices := []Notice{normal("ExternalProvisioning", "Waiting for a volume to be created either by the external provisioner '%s' "+
		"or manually by the system administrator. If volume creation is delayed, please verify that "+
		"the provisioner is running and correctly registered.", name)}
	if ok {
		notices = append(notices, normal("Provisioning", "External provisioner is provisioning volume for claim %q", claim.Namespace+"/"+claim.Name))
	}
	return notices
}

// ProvisionedNotice is what a claim hears when its volume is there, err being nil, or could not be made.
func ProvisionedNotice(volume *corev1.PersistentVolume, class *storagev1.StorageClass, err error) Notice {
	inTree := provisioners[class.Provisioner].inTree
	switch {
	case err != nil && inTree:
		return warning("ProvisioningFailed", "Failed to provision volume with StorageClass %q: %v", class.Name, err)
	case err != nil:
		return warning("ProvisioningFailed", "failed to provision volume with StorageClass %q: %v", class.Name, err)
	case inTree:
		return normal("ProvisioningSucceeded", "Successfully provisioned volume %s using %s", volume.Name, class.Provisioner)
	}
	return normal("ProvisioningSucceeded", "Successfully provisioned volume %s", volume.Name)
}
