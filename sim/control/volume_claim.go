package control

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// syncClaim looks at one claim (upstream: pv_controller.go syncClaim).
func syncClaim(in Input) Plan {
	claim, found := store.Get[*corev1.PersistentVolumeClaim](in.View, in.Key.Namespace, in.Key.Name)
	switch {
	case !found:
		return Plan{}
	case bindingCompleted(claim):
		return syncBoundClaim(in.View, claim)
	case claim.DeletionTimestamp != nil:
		return Plan{} // it will be gone before it could be used
	}
	return syncUnboundClaim(in, claim)
}

// syncUnboundClaim binds the claim to the volume it gets, or has one made, or says why it waits.
func syncUnboundClaim(in Input, claim *corev1.PersistentVolumeClaim) Plan {
	var plan Plan
	class := classOfClaim(in.View, claim)
	_, making := claim.Annotations[provisioningStarted]
	volume, notice := storage.Match(claim, candidates(in.View, claim, !making), class)
	if volume != nil {
		bind(&plan, volume, claim)
		return plan
	}
	if claim.Spec.VolumeName == "" && !storage.NamesClass(claim) {
		if standard := storage.DefaultClass(slices.Collect(store.List[*storagev1.StorageClass](in.View, ""))); standard != nil {
			classed := claim.DeepCopy()
			classed.Spec.StorageClassName = &standard.Name
			return Plan{Writes: []Write{{Verb: Update, Object: classed}}}
		}
	}
	if claim.Spec.VolumeName == "" && class != nil && (!storage.WaitsForFirstConsumer(class) || storage.SelectedNode(claim) != "") {
		provision(in, &plan, claim, class)
		return plan
	}
	tell(&plan, volumeController, claim, notice)
	settleClaim(&plan, claim, corev1.ClaimPending)
	return plan
}

// candidates are the volumes that the claim might get. A claim that names its volume, or whose volume was made for it, asks for
// one row; only the others look through all volumes, if they are to.
func candidates(view store.View, claim *corev1.PersistentVolumeClaim, all bool) []*corev1.PersistentVolume {
	name := claim.Spec.VolumeName
	if name == "" {
		name = storage.VolumeName(claim)
	}
	volume, found := store.Get[*corev1.PersistentVolume](view, "", name)
	if found && (claim.Spec.VolumeName != "" || storage.IsBoundTo(volume, claim)) {
		return []*corev1.PersistentVolume{volume}
	}
	if claim.Spec.VolumeName != "" || !all {
		return nil
	}
	var volumes []*corev1.PersistentVolume
	for volume := range store.List[*corev1.PersistentVolume](view, "") {
		if volume.Spec.ClaimRef == nil || storage.IsBoundTo(volume, claim) {
			volumes = append(volumes, volume)
		}
	}
	return volumes
}

// classOfClaim is the claim's class; nil when it has none, or one that does not exist.
func classOfClaim(view store.View, claim *corev1.PersistentVolumeClaim) *storagev1.StorageClass {
	name := storage.ClassOf(claim)
	if name == "" {
		return nil
	}
	class, found := store.Get[*storagev1.StorageClass](view, "", name)
	if !found {
		return nil
	}
	return class
}

// syncBoundClaim checks that a claim whose binding was completed still has its volume.
func syncBoundClaim(view store.View, claim *corev1.PersistentVolumeClaim) Plan {
	volume, found := store.Get[*corev1.PersistentVolume](view, "", claim.Spec.VolumeName)
	if !found {
		volume = nil
	}
	var plan Plan
	phase, notice := storage.SettleBound(claim, volume)
	if phase == corev1.ClaimBound {
		bind(&plan, volume, claim)
		return plan
	}
	if claim.Status.Phase != phase {
		tell(&plan, volumeController, claim, notice)
	}
	settleClaim(&plan, claim, phase)
	return plan
}

// settleClaim writes the phase of a claim that has no volume (upstream: updateClaimStatus).
func settleClaim(plan *Plan, claim *corev1.PersistentVolumeClaim, phase corev1.PersistentVolumeClaimPhase) {
	if claim.Status.Phase == phase && claim.Status.AccessModes == nil && claim.Status.Capacity == nil && claim.Status.CurrentVolumeAttributesClassName == nil {
		return
	}
	settled := *claim // the rest is shared: rows never change
	settled.Status.Phase = phase
	settled.Status.AccessModes, settled.Status.Capacity, settled.Status.CurrentVolumeAttributesClassName = nil, nil, nil
	plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: &settled})
}

// syncWaitingPod tells the claims of a Pod that has found no node that they wait for it. Upstream's controller, which looks at every
// claim every few seconds, hears of such a Pod later than of the claim, too: a claim begins with waiting for its first consumer.
func syncWaitingPod(in Input, name string) Plan {
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found || !unschedulable(pod) {
		return Plan{}
	}
	var plan Plan
	claimsOfPod(pod, func(name string, _ bool) {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](in.View, pod.Namespace, name)
		if !found || claim.Spec.VolumeName != "" || storage.SelectedNode(claim) != "" || !storage.WaitsForFirstConsumer(classOfClaim(in.View, claim)) {
			return
		}
		var waiting []string
		for other := range store.List[*corev1.Pod](in.View, pod.Namespace) {
			if other.Spec.NodeName != "" || podEnded(other) {
				continue
			}
			claimsOfPod(other, func(used string, _ bool) {
				if used == name {
					waiting = append(waiting, other.Name)
				}
			})
		}
		tell(&plan, volumeController, claim, storage.WaitingNotice(waiting))
	})
	return plan
}
