package storage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Next is what the volume controller does about a volume as a whole.
type Next string

// What comes next for a volume.
const (
	NextNothing Next = ""        // set the phase, no more
	NextBind    Next = "bind"    // its claim must be looked at: the binding is half made
	NextReclaim Next = "reclaim" // see Reclaim
	NextUnbind  Next = "unbind"  // see Unbind; the phase is set there
)

// Settle decides a volume's phase and what to do next. claim is the one with the namespace and name in the volume's claimRef,
// nil if there is none. A Failed volume keeps its phase, for people to see, while reclaiming is tried again.
//
// Upstream: pkg/controller/volume/persistentvolume/pv_controller.go syncVolume.
func Settle(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) (corev1.PersistentVolumePhase, Next) {
	ref := volume.Spec.ClaimRef
	if ref == nil || ref.UID == "" {
		return corev1.VolumeAvailable, NextNothing
	}
	released := volume.Status.Phase
	if released != corev1.VolumeFailed {
		released = corev1.VolumeReleased
	}
	if claim == nil || claim.UID != ref.UID {
		return released, NextReclaim
	}
	_, dynamic := volume.Annotations[AnnotationProvisionedBy]
	switch {
	case claim.Spec.VolumeName == "" && !SameVolumeMode(volume, claim):
		return volume.Status.Phase, NextNothing
	case claim.Spec.VolumeName == "":
		return volume.Status.Phase, NextBind
	case claim.Spec.VolumeName == volume.Name:
		return corev1.VolumeBound, NextNothing
	case dynamic && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete:
		return released, NextReclaim
	}
	return corev1.VolumeAvailable, NextUnbind
}

// SettleBound checks a claim whose binding was completed. volume is the one it names, nil if there is none.
// A claim that lost its volume is Lost for good.
//
// Upstream: pv_controller.go syncBoundClaim.
func SettleBound(claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) (corev1.PersistentVolumeClaimPhase, Notice) {
	switch {
	case claim.Spec.VolumeName == "":
		return corev1.ClaimLost, warning("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!")
	case volume == nil:
		return corev1.ClaimLost, warning("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!")
	case volume.Spec.ClaimRef == nil || volume.Spec.ClaimRef.UID == claim.UID:
		return corev1.ClaimBound, Notice{} // without a claimRef the caller binds again
	}
	return corev1.ClaimLost, warning("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly")
}

// Reclamation is what happens to a volume whose claim is gone.
type Reclamation string

// What happens to released volumes.
const (
	Keep    Reclamation = "keep"    // it stays as it is, Released, with its files, for people to deal with
	Delete  Reclamation = "delete"  // the volume, its files and what Aside names are deleted
	Recycle Reclamation = "recycle" // its files are removed, and it is for anyone again (Unbind)
	Await   Reclamation = "await"   // an external provisioner would delete it, but there is none: it stays Released
	Fail    Reclamation = "fail"    // it cannot be reclaimed: phase Failed, with the notice's message
)

// Reclaim decides what happens to a released volume by its reclaim policy. The notice is about the volume.
//
// Recycle is deprecated: it works for hostPath and NFS volumes only, and dynamic provisioning took its place.
//
// Upstream: pv_controller.go reclaimVolume, deleteVolumeOperation, recycleVolumeOperation, findDeletablePlugin.
func Reclaim(volume *corev1.PersistentVolume) (Reclamation, Notice) {
	switch volume.Spec.PersistentVolumeReclaimPolicy {
	case corev1.PersistentVolumeReclaimRetain:
		return Keep, Notice{}
	case corev1.PersistentVolumeReclaimRecycle:
		if volume.Spec.HostPath == nil && volume.Spec.NFS == nil {
			return Fail, warning("VolumeFailedRecycle", "No recycler plugin found for the volume!")
		}
		return Recycle, normal("VolumeRecycled", "Volume recycled")
	case corev1.PersistentVolumeReclaimDelete:
		return reclaimByDeleting(volume)
	}
	return Fail, warning("VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy")
}

// temporary is where the host path plugin, made for tests, agrees to delete. It is not anchored, upstream's is not either.
var temporary = regexp.MustCompile("/tmp/.+")

func reclaimByDeleting(volume *corev1.PersistentVolume) (Reclamation, Notice) {
	if by := volume.Annotations[AnnotationProvisionedBy]; by != "" {
		if _, ok := provisioners[by]; ok {
			return Delete, Notice{}
		}
		if !strings.HasPrefix(by, "kubernetes.io/") {
			return Await, Notice{}
		}
		return Fail, warning("VolumeFailedDelete", "no volume plugin matched name: %s", by)
	}
	switch {
	case volume.Spec.CSI != nil:
		return Await, Notice{}
	case volume.Spec.HostPath != nil && temporary.MatchString(volume.Spec.HostPath.Path):
		return Delete, Notice{}
	case volume.Spec.HostPath != nil:
		return Fail, warning("VolumeFailedDelete", "host_path deleter only supports /tmp/.+ but received provided %s", volume.Spec.HostPath.Path)
	}
	return Fail, warning("VolumeFailedDelete", "error getting deleter volume plugin for volume %q: no deletable volume plugin matched", volume.Name)
}

// ClaimInUse says whether pods hold a claim that is to be deleted, and which is the first: those that have a node and name the claim,
// finished ones too. A pod without a node does not hold it; the scheduler will not place the pod any more.
// pods may be of any namespace.
//
// Upstream: pkg/controller/volume/pvcprotection/pvc_protection_controller.go podUsesPVCForDeletion.
func ClaimInUse(claim *corev1.PersistentVolumeClaim, pods []*corev1.Pod) (string, bool) {
	for _, pod := range pods {
		if pod.Namespace != claim.Namespace || pod.Spec.NodeName == "" {
			continue
		}
		for _, volume := range pod.Spec.Volumes {
			named := volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ClaimName == claim.Name
			ephemeral := volume.Ephemeral != nil && fmt.Sprintf("%s-%s", pod.Name, volume.Name) == claim.Name && metav1.IsControlledBy(claim, pod)
			if named || ephemeral && !shutDown(pod) {
				return pod.Name, true
			}
		}
	}
	return "", false
}

// shutDown says whether the kubelet is through with a pod, or it was deleted by force.
func shutDown(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil && pod.DeletionGracePeriodSeconds != nil && *pod.DeletionGracePeriodSeconds == 0
}

// VolumeInUse says whether a volume that is to be deleted must stay: while it is Bound.
//
// Upstream: pkg/controller/volume/pvprotection/pv_protection_controller.go.
func VolumeInUse(volume *corev1.PersistentVolume) bool {
	return volume.Status.Phase == corev1.VolumeBound
}

// MayReleaseClaim says whether FinalizerClaimProtection is to be taken from a claim now.
func MayReleaseClaim(claim *corev1.PersistentVolumeClaim, pods []*corev1.Pod) bool {
	_, used := ClaimInUse(claim, pods)
	return claim.DeletionTimestamp != nil && slices.Contains(claim.Finalizers, FinalizerClaimProtection) && !used
}

// MayReleaseVolume says whether FinalizerVolumeProtection is to be taken from a volume now.
func MayReleaseVolume(volume *corev1.PersistentVolume) bool {
	return volume.DeletionTimestamp != nil && slices.Contains(volume.Finalizers, FinalizerVolumeProtection) && !VolumeInUse(volume)
}
