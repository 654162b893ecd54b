package control

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// volumeProtectionLoop lets deleted claims go when no Pod uses them any more, and deleted volumes when they are not bound
// (upstream: pkg/controller/volume/pvcprotection and pvprotection). Its keys are those of claims, and of volumes with a name alone.
func volumeProtectionLoop() Loop {
	return Loop{Name: "volumeprotection", Latency: volumeLatency, Wakes: wakeVolumeProtection, Sync: syncVolumeProtection}
}

func wakeVolumeProtection(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.PersistentVolumeClaim:
		if change.New != nil && object.DeletionTimestamp != nil && hasFinalizer(object, storage.FinalizerClaimProtection) {
			wake(Key{Namespace: object.Namespace, Name: object.Name})
		}
	case *corev1.PersistentVolume:
		if change.New != nil && object.DeletionTimestamp != nil && hasFinalizer(object, storage.FinalizerVolumeProtection) {
			wake(Key{Name: object.Name})
		}
	case *corev1.Pod:
		if change.New != nil && object.DeletionTimestamp == nil {
			return
		}
		claimsOfPod(object, func(name string, _ bool) {
			if claim, found := store.Get[*corev1.PersistentVolumeClaim](view, object.Namespace, name); found && claim.DeletionTimestamp != nil {
				wake(Key{Namespace: object.Namespace, Name: name})
			}
		})
	}
}

func syncVolumeProtection(in Input) Plan {
	var plan Plan
	if in.Key.Namespace == "" {
		if volume, found := store.Get[*corev1.PersistentVolume](in.View, "", in.Key.Name); found && storage.MayReleaseVolume(volume) {
			plan.Writes = append(plan.Writes, withoutFinalizer(volume, storage.FinalizerVolumeProtection))
		}
		return plan
	}
	claim, found := store.Get[*corev1.PersistentVolumeClaim](in.View, in.Key.Namespace, in.Key.Name)
	if !found || claim.DeletionTimestamp == nil {
		return plan
	}
	if pods := slices.Collect(store.List[*corev1.Pod](in.View, in.Key.Namespace)); storage.MayReleaseClaim(claim, pods) {
		plan.Writes = append(plan.Writes, withoutFinalizer(claim, storage.FinalizerClaimProtection))
	}
	return plan
}
