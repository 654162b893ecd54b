package control

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

const (
	volumeController = "persistentvolume-controller"
	// volumeLatency lets the changes of one instant be seen together.
	volumeLatency = 5 * time.Millisecond
	// podKeyPrefix begins the keys that name a Pod rather than a claim. No claim's name has a slash.
	podKeyPrefix = "Pod/"
)

// volumeLoop binds claims and volumes to each other, makes volumes for claims and reclaims those that were given back
// (upstream: pkg/controller/volume/persistentvolume, and for provisioners outside of it sig-storage-lib-external-provisioner):
//
//	volume.go             what wakes it, and binding
//	volume_claim.go       a claim: which volume it gets, what it hears while it gets none
//	volume_provision.go   making a volume takes time
//	volume_reclaim.go     a volume: its phase, and what becomes of it when its claim is gone
//	volume_protection.go  a loop of its own: what is in use is not deleted
//	volume_expand.go      another one: claims that ask for more
//
// Keys are those of claims (namespace and name), of volumes (a name alone), and of Pods that wait for claims (see podKeyPrefix).
func volumeLoop() Loop {
	return Loop{Name: "volume", Latency: volumeLatency, Wakes: wakeVolumes, Sync: syncVolumes}
}

func syncVolumes(in Input) Plan {
	pod, isPod := strings.CutPrefix(in.Key.Name, podKeyPrefix)
	switch {
	case in.Key.Namespace == "":
		return syncVolume(in)
	case isPod:
		return syncWaitingPod(in, pod)
	}
	return syncClaim(in)
}

func wakeVolumes(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.PersistentVolumeClaim:
		wakeForClaim(view, change, object, wake)
	case *corev1.PersistentVolume:
		wakeForVolume(view, change, object, wake)
	case *storagev1.StorageClass:
		if change.New != nil {
			wakeUnboundClaims(view, wake, func(*corev1.PersistentVolumeClaim) bool { return true })
		}
	case *corev1.Node:
		if change.New == nil {
			wakeUnboundClaims(view, wake, func(claim *corev1.PersistentVolumeClaim) bool { return storage.SelectedNode(claim) == object.Name })
		}
	case *corev1.Pod:
		if old, _ := change.Old.(*corev1.Pod); change.New != nil && unschedulable(object) && !unschedulable(old) && usesClaims(object) {
			wake(Key{Namespace: object.Namespace, Name: podKeyPrefix + object.Name})
		}
	}
}

func wakeForClaim(view store.View, change store.Change, claim *corev1.PersistentVolumeClaim, wake func(Key)) {
	if change.New == nil {
		if claim.Spec.VolumeName != "" {
			wake(Key{Name: claim.Spec.VolumeName})
			return
		}
		for volume := range store.List[*corev1.PersistentVolume](view, "") {
			if volume.Spec.ClaimRef != nil && storage.IsBoundTo(volume, claim) {
				wake(Key{Name: volume.Name})
			}
		}
		return
	}
	old, _ := change.Old.(*corev1.PersistentVolumeClaim)
	if old != nil && claim.Annotations[provisioningStarted] != old.Annotations[provisioningStarted] && claim.Annotations[provisioningStarted] != "" {
		return // this loop's own note; it comes back when the volume is due
	}
	if volume, found := store.Get[*corev1.PersistentVolume](view, "", claim.Spec.VolumeName); !found || !joined(volume, claim) {
		wake(Key{Namespace: claim.Namespace, Name: claim.Name})
	}
}

func wakeForVolume(view store.View, change store.Change, volume *corev1.PersistentVolume, wake func(Key)) {
	reference := volume.Spec.ClaimRef
	if reference != nil {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](view, reference.Namespace, reference.Name)
		if change.New != nil && found && joined(volume, claim) {
			return
		}
		if found {
			wake(Key{Namespace: claim.Namespace, Name: claim.Name})
		}
		if found && claim.UID == reference.UID && claim.Spec.VolumeName == "" && storage.SameVolumeMode(volume, claim) {
			return // the claim completes the binding
		}
	}
	if change.New == nil {
		return
	}
	wake(Key{Name: volume.Name})
	if reference == nil && volume.Status.Phase == corev1.VolumeAvailable {
		wakeUnboundClaims(view, wake, func(claim *corev1.PersistentVolumeClaim) bool {
			return claim.Spec.VolumeName == volume.Name || claim.Spec.VolumeName == "" && storage.ClassOf(claim) == storage.ClassOfVolume(volume)
		})
	}
}

// wakeUnboundClaims wakes the claims for which something new may have turned up. It looks at all claims, which is rare:
// volumes made by hand, new classes, nodes that are gone.
func wakeUnboundClaims(view store.View, wake func(Key), concerned func(*corev1.PersistentVolumeClaim) bool) {
	for claim := range store.List[*corev1.PersistentVolumeClaim](view, "") {
		if !bindingCompleted(claim) && concerned(claim) {
			wake(Key{Namespace: claim.Namespace, Name: claim.Name})
		}
	}
}

// bindingCompleted says whether the claim was bound once, which is upstream's sign for it.
func bindingCompleted(claim *corev1.PersistentVolumeClaim) bool {
	_, completed := claim.Annotations[storage.AnnotationBindCompleted]
	return completed
}

// joined says whether volume and claim are bound to each other in every respect, so that nothing is left to be done.
func joined(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	reference := volume.Spec.ClaimRef
	return reference != nil && reference.UID == claim.UID && claim.Spec.VolumeName == volume.Name && bindingCompleted(claim) &&
		claim.Status.Phase == corev1.ClaimBound && volume.Status.Phase == corev1.VolumeBound
}

// bind makes the writes that are missing for volume and claim to be bound to each other: the volume first, specification
// before status. Whichever of them fails, the next look at the claim goes on from there.
func bind(plan *Plan, volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) {
	if joined(volume, claim) {
		return
	}
	boundVolume, boundClaim := storage.Bind(volume, claim)
	if _, noted := boundClaim.Annotations[provisioningStarted]; noted {
		boundClaim = annotated(boundClaim, nil, provisioningStarted)
	}
	writeVolume(plan, volume, boundVolume)
	if claim.Spec.VolumeName != boundClaim.Spec.VolumeName || !bindingCompleted(claim) {
		first := *boundClaim // each request gets an object of its own, whose fields the API completes
		plan.Writes = append(plan.Writes, Write{Verb: Update, Object: &first})
		boundClaim.ResourceVersion = ""
	}
	if !api.Equal(claim.Status, boundClaim.Status) {
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: boundClaim})
	}
}

// writeVolume makes the writes that lead from a volume as it was read to one as it shall be.
func writeVolume(plan *Plan, from, to *corev1.PersistentVolume) {
	if changedVolume(from, to) {
		first := *to
		plan.Writes = append(plan.Writes, Write{Verb: Update, Object: &first})
		to.ResourceVersion = ""
	}
	if from.Status.Phase != to.Status.Phase || from.Status.Message != to.Status.Message {
		plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: to})
	}
}

// changedVolume compares what this loop changes of a volume beside its status.
func changedVolume(from, to *corev1.PersistentVolume) bool {
	return !api.Equal(from.Spec.ClaimRef, to.Spec.ClaimRef) || len(from.Annotations) != len(to.Annotations) ||
		!slices.Equal(from.Finalizers, to.Finalizers)
}

// tell records a notice about an object, unless there is nothing to tell.
func tell(plan *Plan, source string, regarding api.Object, notice storage.Notice) {
	if notice.Type != "" {
		plan.Events = append(plan.Events, noticed(source, regarding, notice))
	}
}

func noticed(source string, regarding api.Object, notice storage.Notice) Event {
	return Event{Regarding: regarding, Type: notice.Type, Reason: notice.Reason, Message: notice.Message, Source: source}
}

// claimsOfPod goes through the names of the claims that a Pod uses (upstream: component-helpers/storage/ephemeral for those it brings along).
func claimsOfPod(pod *corev1.Pod, visit func(name string, ephemeral bool)) {
	for i := range pod.Spec.Volumes {
		switch volume := &pod.Spec.Volumes[i]; {
		case volume.PersistentVolumeClaim != nil:
			visit(volume.PersistentVolumeClaim.ClaimName, false)
		case volume.Ephemeral != nil:
			visit(pod.Name+"-"+volume.Name, true)
		}
	}
}

func usesClaims(pod *corev1.Pod) (uses bool) {
	claimsOfPod(pod, func(string, bool) { uses = true })
	return uses
}

// unschedulable says whether the scheduler has looked at the Pod and found no node for it.
func unschedulable(pod *corev1.Pod) bool {
	if pod == nil || pod.Spec.NodeName != "" {
		return false
	}
	condition := podCondition(pod, corev1.PodScheduled)
	return condition != nil && condition.Status == corev1.ConditionFalse && condition.Reason == corev1.PodReasonUnschedulable
}
