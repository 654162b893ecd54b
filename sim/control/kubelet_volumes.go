package control

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
)

// claimProtection keeps a claim that is in use while it is being deleted.
const claimProtection = "kubernetes.io/pvc-protection"

// unboundClaims lists the volumes of a Pod whose claims are not bound, and says what the matter is with the first
// (upstream: volumemanager/populator getPVCExtractPV and getPVSpec).
func unboundClaims(view store.View, pod *corev1.Pod) (volumes []string, problem string) {
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		name := store.ClaimName(pod, volume)
		if name == "" {
			continue
		}
		if found := whyUnbound(view, pod.Namespace, name); found != "" {
			volumes = append(volumes, volume.Name)
			if problem == "" {
				problem = fmt.Sprintf("error processing PVC %s/%s: %s", pod.Namespace, name, found)
			}
		}
	}
	return volumes, problem
}

func whyUnbound(view store.View, namespace, name string) string {
	claim, found := store.Get[*corev1.PersistentVolumeClaim](view, namespace, name)
	switch {
	case !found:
		return fmt.Sprintf("failed to fetch PVC from API server: persistentvolumeclaims %q not found", name)
	case claim.DeletionTimestamp != nil && !slices.Contains(claim.Finalizers, claimProtection):
		return "PVC is being deleted"
	case claim.Status.Phase != corev1.ClaimBound:
		return "PVC is not bound"
	case claim.Spec.VolumeName == "":
		return "PVC has empty pvc.Spec.VolumeName"
	}
	volume, found := store.Get[*corev1.PersistentVolume](view, "", claim.Spec.VolumeName)
	switch {
	case !found:
		return fmt.Sprintf("failed to fetch PV %s from API server: persistentvolumes %q not found", claim.Spec.VolumeName, claim.Spec.VolumeName)
	case volume.Spec.ClaimRef == nil:
		return fmt.Sprintf("found PV object %s but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim", volume.Name)
	case volume.Spec.ClaimRef.UID != claim.UID:
		return fmt.Sprintf("found PV object %s but its pv.Spec.ClaimRef.UID %s does not point to claim.UID %s", volume.Name, volume.Spec.ClaimRef.UID, claim.UID)
	}
	return ""
}

// The waits between two attempts to mount a Pod's volumes (upstream: util/goroutinemap/exponentialbackoff).
const (
	firstMountBackoff = time.Second
	lastMountBackoff  = 2*time.Minute + 2*time.Second
)

// mountBackoff is how long after an attempt the next is made. It doubles from attempt to attempt, and follows from how long the Pod has
// been waiting: a kubelet keeps no count.
func mountBackoff(pod *corev1.Pod, attempt time.Time) time.Duration {
	if pod.Status.StartTime == nil {
		return firstMountBackoff
	}
	return min(max(attempt.Sub(pod.Status.StartTime.Time), firstMountBackoff), lastMountBackoff)
}
