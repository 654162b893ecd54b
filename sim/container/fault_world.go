package container

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// WorsenPulls puts the registries out of reach of a node or, with a delay, makes every pull of an image that the node lacks take that long. It counts
// for pulls that begin from now on; those that are under way fail as well.
func WorsenPulls(w *World, node string, delay time.Duration) {
	w.Tx.PutRow(Faults, &Fault{Kind: PoorPulls, Node: node, Delay: delay})
}

// HealPulls ends what WorsenPulls did, and says whether there was something to end. Pulls that are under way end as quickly as any.
func HealPulls(w *World, node string) (healed bool) {
	fault := faultOf(w.Tx.View, Fault{Kind: PoorPulls, Node: node})
	if fault == nil {
		return false
	}
	w.Tx.DeleteRow(Faults, fault.RowKey())
	var pulls []string
	for image := range store.Rows[*Image](w.Tx.View, Images, node+"/") {
		if image.Pulling {
			pulls = append(pulls, image.RowKey())
		}
	}
	for _, key := range pulls {
		w.schedule(w.now().Add(w.Settings.Timings.ImagePull), pullDone, key)
	}
	return true
}

// PullTime is how long a node takes to pull an image that it lacks.
func PullTime(view store.View, settings *api.Settings, node string) time.Duration {
	if fault := faultOf(view, Fault{Kind: PoorPulls, Node: node}); fault != nil && fault.Delay > 0 {
		return fault.Delay
	}
	return settings.Timings.ImagePull
}

// PoorPullsOf is what is wrong with the pulls of a node; nil when nothing is.
func PoorPullsOf(view store.View, node string) *Fault {
	return faultOf(view, Fault{Kind: PoorPulls, Node: node})
}

// outOfReach is why a node cannot have an image whose registry it does not reach, in the words of containerd's CRI plug-in; for a name that
// cannot be read it is what was said of it before.
func outOfReach(name, before string) string {
	r, err := app.ParseReference(name)
	if err != nil {
		return before
	}
	host, version := r.Domain, r.Tag
	if host == "docker.io" {
		host = "registry-1.docker.io"
	}
	if r.Digest != "" {
		version = r.Digest
	}
	return fmt.Sprintf("rpc error: code = Unknown desc = failed to pull and unpack image %q: failed to resolve reference %q: failed to do request: Head %q: dial tcp: lookup %s: no such host",
		r, r, "https://"+host+"/v2/"+r.Repository+"/manifests/"+version, host)
}

// VolumeOf is the key of the volume a claim is bound to. A claim without one, or with a directory of a node's disk, is an error that completes the
// sentence "found a claim".
func VolumeOf(view store.View, claim *corev1.PersistentVolumeClaim) (string, error) {
	volume, found := store.Get[*corev1.PersistentVolume](view, "", claim.Spec.VolumeName)
	switch {
	case !found:
		return "", fmt.Errorf("that is not bound")
	case volume.Spec.HostPath != nil, volume.Spec.Local != nil && volume.Annotations[storage.AnnotationProvisionedBy] != storage.LocalProvisioner:
		return "", fmt.Errorf("whose volume is a directory of a node's disk, the faults of which are not simulated")
	}
	return "pv/" + volume.Name, nil
}

// FillVolume lets something else take up all that is free in a volume. What is deleted there makes room again, and so does a larger volume.
func FillVolume(w *World, volume string, claim api.Name) {
	used, capacity := int64(0), int64(0)
	if row, found := store.GetRow[*Volume](w.Tx.View, Volumes, volume); found {
		used, capacity = row.Tree.Used(), row.Capacity
	}
	if capacity == 0 {
		capacity = storage.MaxTreeBytes
	}
	w.Tx.PutRow(Faults, &Fault{Kind: BadVolume, Volume: volume, Claim: claim, Taken: max(capacity-used, 1)})
}

// BreakVolume makes all reading and writing of a volume fail.
func BreakVolume(w *World, volume string, claim api.Name) {
	w.Tx.PutRow(Faults, &Fault{Kind: BadVolume, Volume: volume, Claim: claim})
}

// HealVolume ends what FillVolume and BreakVolume did to the volume of a claim, and says whether there was something to end. The claim
// may be gone.
func HealVolume(w *World, claim api.Name) (healed bool) {
	var keys []string
	for fault := range store.Rows[*Fault](w.Tx.View, Faults, string(BadVolume)+"/") {
		if fault.Claim == claim {
			keys = append(keys, fault.RowKey())
		}
	}
	for _, key := range keys {
		w.Tx.DeleteRow(Faults, key)
	}
	return len(keys) > 0
}

// BadVolumeOf is what is wrong with a volume; nil when nothing is.
func BadVolumeOf(view store.View, volume string) *Fault {
	return faultOf(view, Fault{Kind: BadVolume, Volume: volume})
}

// StopAPI makes the API server answer nobody.
func StopAPI(w *World) { w.Tx.PutRow(Faults, &Fault{Kind: APIDown}) }

// StartAPI ends that, and says whether there was something to end.
func StartAPI(w *World) (healed bool) {
	healed = IsAPIDown(w.Tx.View)
	w.Tx.DeleteRow(Faults, (&Fault{Kind: APIDown}).RowKey())
	return healed
}

// IsAPIDown says whether the API server answers nobody.
func IsAPIDown(view store.View) bool { return faultOf(view, Fault{Kind: APIDown}) != nil }
