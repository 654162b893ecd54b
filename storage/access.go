package storage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// modeNames are the access modes in the order and with the abbreviations in which kubectl prints them.
var modeNames = []struct {
	mode corev1.PersistentVolumeAccessMode
	name string
}{
	{corev1.ReadWriteOnce, "RWO"},
	{corev1.ReadOnlyMany, "ROX"},
	{corev1.ReadWriteMany, "RWX"},
	{corev1.ReadWriteOncePod, "RWOP"},
}

// AccessModes are access modes as kubectl prints them, such as "RWO,ROX".
func AccessModes(modes []corev1.PersistentVolumeAccessMode) string {
	var names []string
	for _, known := range modeNames {
		if slices.Contains(modes, known.mode) {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ",")
}

// byAccessModes groups the volumes that cover a claim's access modes by what modes they have, the fewest first.
func byAccessModes(claim *corev1.PersistentVolumeClaim, volumes []*corev1.PersistentVolume) [][]*corev1.PersistentVolume {
	var fitting []*corev1.PersistentVolume
	for _, volume := range volumes {
		if coversModes(volume, claim) {
			fitting = append(fitting, volume)
		}
	}
	modes := func(volume *corev1.PersistentVolume) string { return AccessModes(volume.Spec.AccessModes) }
	slices.SortStableFunc(fitting, func(a, b *corev1.PersistentVolume) int {
		return cmp.Or(cmp.Compare(strings.Count(modes(a), ","), strings.Count(modes(b), ",")), cmp.Compare(modes(a), modes(b)), cmp.Compare(a.Name, b.Name))
	})
	var groups [][]*corev1.PersistentVolume
	for i, volume := range fitting {
		if i == 0 || modes(volume) != modes(fitting[i-1]) {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], volume)
	}
	return groups
}

func coversModes(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	for _, mode := range claim.Spec.AccessModes {
		if !slices.Contains(volume.Spec.AccessModes, mode) {
			return false
		}
	}
	return true
}

// SameVolumeMode says whether both are file systems or both are block devices.
func SameVolumeMode(volume *corev1.PersistentVolume, claim *corev1.PersistentVolumeClaim) bool {
	return isBlock(volume.Spec.VolumeMode) == isBlock(claim.Spec.VolumeMode)
}

func isBlock(mode *corev1.PersistentVolumeMode) bool {
	return value(mode) == corev1.PersistentVolumeBlock
}

func sizeOfVolume(volume *corev1.PersistentVolume) *resource.Quantity {
	quantity := volume.Spec.Capacity[corev1.ResourceStorage]
	return &quantity
}

func sizeOfClaim(claim *corev1.PersistentVolumeClaim) *resource.Quantity {
	quantity := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	return &quantity
}

// OncePodConflict says why the scheduler refuses every node to a pod, or "": a claim it uses is ReadWriteOncePod
// and another pod that has a node uses it. claims are those of the pod's namespace by name.
//
// Upstream: pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go.
func OncePodConflict(pod *corev1.Pod, claims map[string]*corev1.PersistentVolumeClaim, others []*corev1.Pod) string {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		claim := claims[volume.PersistentVolumeClaim.ClaimName]
		if claim == nil || !slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
			continue
		}
		for _, other := range others {
			finished := other.Status.Phase == corev1.PodSucceeded || other.Status.Phase == corev1.PodFailed
			if other.Namespace != pod.Namespace || other.Name == pod.Name || other.Spec.NodeName == "" || finished {
				continue
			}
			if slices.ContainsFunc(other.Spec.Volumes, func(v corev1.Volume) bool {
				return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim.Name
			}) {
				return "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
			}
		}
	}
	return ""
}

// MultiAttach says whether a volume may be attached to several nodes at once.
// Without any access mode nobody knows, and the controller tries.
//
// Upstream: pkg/volume/util/util.go IsMultiAttachAllowed.
func MultiAttach(volume *corev1.PersistentVolume) bool {
	modes := volume.Spec.AccessModes
	return len(modes) == 0 || slices.Contains(modes, corev1.ReadWriteMany) || slices.Contains(modes, corev1.ReadOnlyMany)
}

// Attaches says whether a volume goes through attaching at all. Shared file systems and directories of a node do not,
// and so two nodes can mount even a ReadWriteOnce volume of theirs.
//
// Upstream: which plugins under pkg/volume are an AttachableVolumePlugin.
func Attaches(volume *corev1.PersistentVolume) bool {
	source := volume.Spec.PersistentVolumeSource
	return source.HostPath == nil && source.Local == nil && source.NFS == nil && source.Glusterfs == nil && source.CephFS == nil
}

// MultiAttachNotice is what a pod hears whose node cannot attach a volume because other nodes have it, or nothing.
// users are the pods on other nodes that use the volume; attachedTo are the nodes it is attached to.
//
// Upstream: pkg/controller/volume/attachdetach/reconciler/reconciler.go reportMultiAttachError.
func MultiAttachNotice(pod *corev1.Pod, volume *corev1.PersistentVolume, attachedTo []string, users []*corev1.Pod) Notice {
	elsewhere := slices.ContainsFunc(attachedTo, func(node string) bool { return node != pod.Spec.NodeName })
	if !elsewhere || MultiAttach(volume) || !Attaches(volume) {
		return Notice{}
	}
	var names []string
	foreign := 0
	for _, user := range users {
		if user.Namespace == pod.Namespace {
			names = append(names, user.Name)
		} else {
			foreign++
		}
	}
	why := "Volume is already exclusively attached to one node and can't be attached to another"
	switch {
	case len(names) > 0 && foreign > 0:
		why = fmt.Sprintf("Volume is already used by pod(s) %s and %d pod(s) in different namespaces", strings.Join(names, ", "), foreign)
	case len(names) > 0:
		why = fmt.Sprintf("Volume is already used by pod(s) %s", strings.Join(names, ", "))
	case foreign > 0:
		why = fmt.Sprintf("Volume is already used by %d pod(s) in different namespaces", foreign)
	}
	return warning("FailedAttachVolume", "Multi-Attach error for volume %q %s", volume.Name, why)
}
