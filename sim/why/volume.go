package why

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// volume is about a volume that serves no claim, or that is to go.
func (a *asker) volume(volume *corev1.PersistentVolume) {
	claim := volume.Spec.ClaimRef
	switch {
	case volume.DeletionTimestamp != nil && claim != nil && volume.Status.Phase == corev1.VolumeBound:
		a.say(fmt.Sprintf("%s is being deleted and is kept while the claim %s/%s is bound to it", of(volume), claim.Namespace, claim.Name), "PersistentVolumeClaim "+claim.Namespace+"/"+claim.Name,
			"finalizer "+storage.FinalizerVolumeProtection+" (pkg/controller/volume/pvprotection/pv_protection_controller.go)", a.kubectl(claim.Namespace, "delete pvc %s", claim.Name))
		if object, found := store.Get[*corev1.PersistentVolumeClaim](a.view, claim.Namespace, claim.Name); found {
			a.object(object)
		}
	case volume.DeletionTimestamp != nil:
		a.finalizers(volume, volume.Finalizers)
	case volume.Status.Phase == corev1.VolumeReleased && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain:
		a.say(fmt.Sprintf("%s is Released: its claim %s/%s is gone, the reclaim policy Retain keeps it and what is in it, and no other claim gets it while it names that one", of(volume), claim.Namespace, claim.Name),
			of(volume), "phase Released, spec.claimRef.uid of a claim that is gone ("+volumeController+")",
			a.kubectl("", `patch pv %s -p '{"spec":{"claimRef":null}}'`, volume.Name)+", which gives it, with its data, to the next claim that fits")
	case volume.Status.Phase == corev1.VolumeFailed:
		a.say(fmt.Sprintf("%s could not be reclaimed: %s", of(volume), volume.Status.Message), of(volume), told(a.event(volume, "VolumeFailedDelete", "VolumeUnknownReclaimPolicy"), "", volumeController),
			a.kubectl("", "delete pv %s", volume.Name))
	}
}
