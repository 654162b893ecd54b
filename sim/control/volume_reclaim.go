package control

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// syncVolume sets a volume's phase and reclaims the volume when its claim is gone (upstream: pv_controller.go syncVolume).
func syncVolume(in Input) Plan {
	volume, found := store.Get[*corev1.PersistentVolume](in.View, "", in.Key.Name)
	if !found {
		return Plan{}
	}
	claim := claimOfVolume(in.View, volume)
	var plan Plan
	phase, next := storage.Settle(volume, claim)
	switch next {
	case storage.NextUnbind:
		writeVolume(&plan, volume, storage.Unbind(volume))
	case storage.NextReclaim:
		reclaim(&plan, volume, phase)
	default:
		writePhase(&plan, volume, phase, "")
		if next == storage.NextNothing && claim != nil && claim.Spec.VolumeName == "" && phase == volume.Status.Phase && volume.Spec.ClaimRef.UID != "" {
			tellMismatch(&plan, volume, claim)
		}
	}
	return plan
}

func claimOfVolume(view store.View, volume *corev1.PersistentVolume) *corev1.PersistentVolumeClaim {
	reference := volume.Spec.ClaimRef
	if reference == nil {
		return nil
	}
	claim, found := store.Get[*corev1.PersistentVolumeClaim](view, reference.Namespace, reference.Name)
	if !found {
		return nil
	}
	return claim
}

// writePhase writes the volume's phase if it is another one.
func writePhase(plan *Plan, volume *corev1.PersistentVolume, phase corev1.PersistentVolumePhase, message string) {
	if volume.Status.Phase == phase {
		return
	}
	changed := volume.DeepCopy()
	changed.Status.Phase, changed.Status.Message = phase, message
	plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed})
}

// reclaim does with a released volume what its policy says.
func reclaim(plan *Plan, volume *corev1.PersistentVolume, released corev1.PersistentVolumePhase) {
	outcome, notice := storage.Reclaim(volume)
	switch outcome {
	case storage.Fail:
		if volume.Status.Phase != corev1.VolumeFailed {
			tell(plan, volumeController, volume, notice)
		}
		writePhase(plan, volume, corev1.VolumeFailed, notice.Message)
	case storage.Recycle:
		tell(plan, volumeController, volume, notice)
		writeVolume(plan, volume, storage.Unbind(volume))
		removeContent(plan, volume)
	case storage.Delete:
		writePhase(plan, volume, released, "")
		deleteVolume(plan, volume)
	default:
		writePhase(plan, volume, released, "")
	}
}

// deleteVolume deletes a volume with what is behind it. The object stays until the protection loop lets it go.
func deleteVolume(plan *Plan, volume *corev1.PersistentVolume) {
	freed := volume.DeepCopy()
	freed.ResourceVersion = ""
	freed.Finalizers = slices.DeleteFunc(freed.Finalizers, func(finalizer string) bool {
		return finalizer == storage.FinalizerInTree || finalizer == storage.FinalizerExternal
	})
	held := len(freed.Finalizers) < len(volume.Finalizers)
	if volume.DeletionTimestamp != nil && !held {
		return // done already
	}
	gone := []string{"NotFound"}
	if namespace, name, ok := storage.Aside(volume); ok {
		meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
		plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: &corev1.Endpoints{ObjectMeta: meta}, Tolerate: gone},
			Write{Verb: Delete, Object: &corev1.Service{ObjectMeta: meta}, Tolerate: gone})
	}
	if held {
		plan.Writes = append(plan.Writes, Write{Verb: Update, Object: freed, Tolerate: gone})
	}
	if volume.DeletionTimestamp == nil {
		plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: volume, DeleteOptions: &DeleteOptions{UID: volume.UID}, Tolerate: gone})
	}
	removeContent(plan, volume)
}

// removeContent asks the container runtime to forget the files on a volume, once everybody can see that nobody has a right to them any more.
func removeContent(plan *Plan, volume *corev1.PersistentVolume) {
	plan.Commands, plan.Careful = append(plan.Commands, Command{Action: container.RemoveVolume, Volume: "pv/" + volume.Name}), true
}

// tellMismatch tells both that they do not fit together.
func tellMismatch(plan *Plan, volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) {
	about := func(text string) storage.Notice {
		return storage.Notice{Type: corev1.EventTypeWarning, Reason: "VolumeMismatch", Message: text}
	}
	tell(plan, volumeController, volume, about(fmt.Sprintf(
		"Cannot bind PersistentVolume to requested PersistentVolumeClaim %q due to incompatible volumeMode.", claim.Name)))
	tell(plan, volumeController, claim, about(fmt.Sprintf(
		"Cannot bind PersistentVolume %q to requested PersistentVolumeClaim due to incompatible volumeMode.", volume.Name)))
}
