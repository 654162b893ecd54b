package storage

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Match finds the volume that the volume controller binds a claim to, or nil and what it tells about that,
// which is nothing when provisioning comes next.
//
// A claim that names a volume gets that one or none. Otherwise a volume reserved for the claim wins; then, among those with
// the fewest access modes that cover the claim's, the smallest that is large enough; of equal ones, the first by name.
// With a class that waits for the first consumer only reserved volumes count: the rest is MatchOnNode's.
//
// Upstream: pkg/controller/volume/persistentvolume/{index.go,pv_controller.go},
// component-helpers/storage/volume/pv_helpers.go FindMatchingVolume.
func Match(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, class *storagev1.StorageClass) (*corev1.PersistentVolume, Notice) {
	if claim.Spec.VolumeName != "" {
		return requested(claim, volumes)
	}
	waits := WaitsForFirstConsumer(class)
	for _, group := range byAccessModes(claim, volumes) {
		if volume := smallest(claim, group, func(volume *corev1.PersistentVolume) (bool, bool) {
			return true, !waits
		}); volume != nil {
			return volume, Notice{}
		}
	}
	switch {
	case waits && SelectedNode(claim) == "":
		return nil, WaitingNotice(nil)
	case ClassOf(claim) == "":
		return nil, NoVolumeNotice()
	case class == nil:
		return nil, ClassMissingNotice(ClassOf(claim))
	}
	return nil, Notice{}
}

// MatchOnNode finds the volume that the scheduler would bind a claim to if its pod ran on a node, or nil.
// Volumes in taken are out of the question: other claims of the same pod have them.
//
// Upstream: FindMatchingVolume with a node, called by pkg/scheduler/framework/plugins/volumebinding/binder.go.
func MatchOnNode(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, node *corev1.Node, taken map[string]bool) *corev1.PersistentVolume {
	var free []*corev1.PersistentVolume
	for _, volume := range volumes {
		if !taken[volume.Name] {
			free = append(free, volume)
		}
	}
	slices.SortStableFunc(free, func(a, b *corev1.PersistentVolume) int { return cmp.Compare(a.Name, b.Name) })
	return smallest(claim, free, func(volume *corev1.PersistentVolume) (bool, bool) {
		reachable := ReachableFrom(volume, node)
		return reachable, reachable && coversModes(volume, claim)
	})
}

// smallest goes through volumes in order. admits says of one whether the claim may have it when it is reserved for it,
// and when it is not.
func smallest(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume, admits func(*corev1.PersistentVolume) (reserved, free bool)) *corev1.PersistentVolume {
	var best *corev1.PersistentVolume
	selector, err := selectorOf(claim)
	if err != nil {
		return nil
	}
	for _, volume := range volumes {
		if misfit(volume, claim) != "" || volume.Spec.ClaimRef != nil && !IsBoundTo(volume, claim) {
			continue
		}
		reserved, free := admits(volume)
		if IsBoundTo(volume, claim) {
			if !reserved {
				return nil
			}
			return volume
		}
		if !free || volume.Status.Phase != corev1.VolumeAvailable || ClassOfVolume(volume) != ClassOf(claim) ||
			!selector.Matches(labels.Set(volume.Labels)) {
			continue
		}
		if best == nil || sizeOfVolume(best).Cmp(*sizeOfVolume(volume)) > 0 {
			best = volume
		}
	}
	return best
}

// requested is Match for a claim that names its volume.
func requested(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume) (*corev1.PersistentVolume, Notice) {
	for _, volume := range volumes {
		if volume.Name != claim.Spec.VolumeName {
			continue
		}
		if volume.Spec.ClaimRef == nil {
			if reason := Unsuitable(volume, claim); reason != "" {
				return nil, warning("VolumeMismatch", "Cannot bind to requested volume %q: %s", volume.Name, reason)
			}
			return volume, Notice{}
		}
		if !IsBoundTo(volume, claim) {
			return nil, warning("FailedBinding", "volume %q already bound to a different claim.", volume.Name)
		}
		return volume, Notice{}
	}
	return nil, Notice{}
}

// Unsuitable says why a claim that names this volume cannot have it, in upstream's words; "" if it can.
//
// Upstream: pv_controller.go checkVolumeSatisfyClaim.
func Unsuitable(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) string {
	switch {
	case volume.DeletionTimestamp != nil:
		return fmt.Sprintf("the volume is marked for deletion %q", volume.Name)
	case sizeOfVolume(volume).Value() < sizeOfClaim(claim).Value():
		return "requested PV is too small"
	case ClassOfVolume(volume) != ClassOf(claim):
		return "storageClassName does not match"
	case !sameAttributesClass(volume, claim):
		return "volumeAttributesClassName does not match"
	case !SameVolumeMode(volume, claim):
		return "incompatible volumeMode"
	case !coversModes(volume, claim):
		return "incompatible accessMode"
	}
	return ""
}

// Obstacle says why the controller would not choose this volume for a claim that names none; "" if it is a candidate.
// It is for explaining to people why a claim is pending; the words are ours.
func Obstacle(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) string {
	if IsBoundTo(volume, claim) {
		return misfit(volume, claim)
	}
	if ref := volume.Spec.ClaimRef; ref != nil {
		return fmt.Sprintf("it is bound to or reserved for claim %s/%s", ref.Namespace, ref.Name)
	}
	if reason := misfit(volume, claim); reason != "" {
		return reason
	}
	selector, err := selectorOf(claim)
	switch {
	case volume.Status.Phase != corev1.VolumeAvailable:
		return fmt.Sprintf("its phase is %q, not Available", volume.Status.Phase)
	case ClassOfVolume(volume) != ClassOf(claim):
		return fmt.Sprintf("its class is %q, the claim asks for %q", ClassOfVolume(volume), ClassOf(claim))
	case !coversModes(volume, claim):
		return fmt.Sprintf("its access modes %v do not cover %v", volume.Spec.AccessModes, claim.Spec.AccessModes)
	case err != nil:
		return fmt.Sprintf("the claim's selector is invalid: %v", err)
	case !selector.Matches(labels.Set(volume.Labels)):
		return fmt.Sprintf("its labels do not match the claim's selector %s", metav1.FormatLabelSelector(claim.Spec.Selector))
	}
	return ""
}

// misfit says what excludes even a volume that is reserved for the claim.
func misfit(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) string {
	switch {
	case sizeOfVolume(volume).Cmp(*sizeOfClaim(claim)) < 0:
		return fmt.Sprintf("its capacity %s is less than the %s asked for", sizeOfVolume(volume), sizeOfClaim(claim))
	case !SameVolumeMode(volume, claim):
		return "its volumeMode differs from the claim's"
	case !sameAttributesClass(volume, claim):
		return "its volumeAttributesClassName differs from the claim's"
	case volume.DeletionTimestamp != nil:
		return "it is being deleted"
	}
	return ""
}

func selectorOf(claim *corev1.PersistentVolumeClaim) (labels.Selector, error) {
	if claim.Spec.Selector == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(claim.Spec.Selector)
}

func sameAttributesClass(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return value(volume.Spec.VolumeAttributesClassName) == value(claim.Spec.VolumeAttributesClassName)
}

func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}
