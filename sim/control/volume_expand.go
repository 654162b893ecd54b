package control

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

const (
	// resizeTime is how long the resizer takes to make a volume larger.
	resizeTime      = 2 * time.Second
	resizePending   = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
	resizeRequired  = "Require file system resize of volume on node"
	externalResizer = "waiting for an external controller to expand this PVC"
)

// volumeExpandLoop makes volumes larger whose claims ask for more: first the volume, then, when a Pod has it mounted, the file system on it
// (upstream: pkg/controller/volume/expand, pkg/kubelet/volumemanager/reconciler, and for volumes of external provisioners kubernetes-csi/external-resizer).
// Its keys are those of claims.
func volumeExpandLoop() Loop {
	return Loop{Name: "volumeexpand", Latency: volumeLatency, Wakes: wakeVolumeExpand, RowWakes: rowWakeVolumeExpand, Sync: syncVolumeExpand}
}

func wakeVolumeExpand(_ store.View, change store.Change, wake func(Key)) {
	claim, _ := change.New.(*corev1.PersistentVolumeClaim)
	before, _ := change.Old.(*corev1.PersistentVolumeClaim)
	if claim == nil || before == nil || claim.Status.Phase != corev1.ClaimBound {
		return
	}
	wanted, wantedBefore := claim.Spec.Resources.Requests[corev1.ResourceStorage], before.Spec.Resources.Requests[corev1.ResourceStorage]
	if wanted.Cmp(wantedBefore) > 0 || claimCondition(claim, corev1.PersistentVolumeClaimFileSystemResizePending) && !claimCondition(before, corev1.PersistentVolumeClaimFileSystemResizePending) {
		wake(Key{Namespace: claim.Namespace, Name: claim.Name})
	}
}

// rowWakeVolumeExpand is for Pods that mount a claim whose file system is still to grow.
func rowWakeVolumeExpand(view store.View, change store.RowChange, wake func(Key)) {
	sandbox, _ := change.New.(*container.Sandbox)
	if change.Table != container.Sandboxes || sandbox == nil || !sandbox.Ready {
		return
	}
	claimsOfPod(sandbox.Pod, func(name string, _ bool) {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](view, sandbox.Pod.Namespace, name)
		if found && claimCondition(claim, corev1.PersistentVolumeClaimFileSystemResizePending) {
			wake(Key{Namespace: claim.Namespace, Name: claim.Name})
		}
	})
}

func syncVolumeExpand(in Input) Plan {
	claim, found := store.Get[*corev1.PersistentVolumeClaim](in.View, in.Key.Namespace, in.Key.Name)
	if !found || claim.Status.Phase != corev1.ClaimBound {
		return Plan{}
	}
	volume, found := store.Get[*corev1.PersistentVolume](in.View, "", claim.Spec.VolumeName)
	if !found || !storage.IsBoundTo(volume, claim) {
		return Plan{}
	}
	wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	size := volume.Spec.Capacity[corev1.ResourceStorage]
	switch {
	case wanted.Cmp(has) <= 0:
		return Plan{}
	case wanted.Cmp(size) <= 0:
		return growFileSystem(in, claim, volume)
	case !claimCondition(claim, corev1.PersistentVolumeClaimResizing):
		return beginExpansion(in, claim, volume)
	}
	return growVolume(in, claim, volume)
}

// beginExpansion hands the claim to the resizer, where there is one.
func beginExpansion(in Input, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) Plan {
	plan := Plan{Events: []Event{{Regarding: claim, Type: corev1.EventTypeNormal, Reason: "ExternalExpanding", Message: externalResizer, Source: "volume_expand"}}}
	provisioner := volume.Annotations[storage.AnnotationProvisionedBy]
	if !storage.Resizes(provisioner) {
		return plan
	}
	plan.Events = append(plan.Events, Event{
		Regarding: claim, Type: corev1.EventTypeNormal, Reason: "Resizing", Message: "External resizer is resizing volume " + volume.Name, Source: "external-resizer " + provisioner,
	})
	changed := claim.DeepCopy()
	setResizing(in, changed, corev1.PersistentVolumeClaimResizing, "", corev1.PersistentVolumeClaimControllerResizeInProgress)
	plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed})
	plan.Requeue = in.Now.Add(resizeTime)
	return plan
}

// growVolume is when the resizer is done: the volume is larger, the file system on it is not yet.
func growVolume(in Input, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) Plan {
	since := api.Timestamp(in.Now)
	for i := range claim.Status.Conditions {
		if claim.Status.Conditions[i].Type == corev1.PersistentVolumeClaimResizing {
			since = claim.Status.Conditions[i].LastTransitionTime
		}
	}
	if due := since.Add(resizeTime); in.Now.Before(due) {
		return Plan{Requeue: due}
	}
	larger := volume.DeepCopy()
	larger.Spec.Capacity[corev1.ResourceStorage] = claim.Spec.Resources.Requests[corev1.ResourceStorage]
	changed := claim.DeepCopy()
	source := "external-resizer " + volume.Annotations[storage.AnnotationProvisionedBy]
	told := Event{Regarding: claim, Type: corev1.EventTypeNormal, Reason: "FileSystemResizeRequired", Message: resizeRequired, Source: source}
	if mode := volume.Spec.VolumeMode; mode != nil && *mode == corev1.PersistentVolumeBlock {
		expanded(changed, larger)
		told.Reason, told.Message = "VolumeResizeSuccessful", "Resize volume succeeded"
	} else {
		setResizing(in, changed, corev1.PersistentVolumeClaimFileSystemResizePending, resizePending, corev1.PersistentVolumeClaimNodeResizePending)
	}
	return Plan{Writes: []Write{{Verb: Update, Object: larger}, {Verb: UpdateStatus, Object: changed}}, Events: []Event{told}}
}

// growFileSystem is the kubelet's part, on a node where a Pod has the volume mounted.
func growFileSystem(in Input, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) Plan {
	for pod := range store.UsingClaim(in.View, claim.Namespace, claim.Name) {
		sandbox, placed := store.GetRow[*container.Sandbox](in.View, container.Sandboxes, string(pod.UID))
		if !placed || !sandbox.Ready || podEnded(pod) || !nodeRuns(in.View, sandbox.Node) {
			continue
		}
		changed := claim.DeepCopy()
		expanded(changed, volume)
		message := fmt.Sprintf("MountVolume.NodeExpandVolume succeeded for volume %q %s", volume.Name, sandbox.Node)
		plan := Plan{Writes: []Write{{Verb: UpdateStatus, Object: changed}}, Commands: []Command{{Action: container.GrowVolumes, UID: pod.UID, Node: sandbox.Node}}}
		for _, regarding := range []api.Object{pod, claim} {
			plan.Events = append(plan.Events, Event{Regarding: regarding, Type: corev1.EventTypeNormal, Reason: "FileSystemResizeSuccessful", Message: message, Source: "kubelet", Host: sandbox.Node})
		}
		return plan
	}
	return Plan{}
}

func claimCondition(claim *corev1.PersistentVolumeClaim, kind corev1.PersistentVolumeClaimConditionType) bool {
	return slices.ContainsFunc(claim.Status.Conditions, func(condition corev1.PersistentVolumeClaimCondition) bool {
		return condition.Type == kind && condition.Status == corev1.ConditionTrue
	})
}

// withoutResizing takes the conditions about a resize from a claim.
func withoutResizing(claim *corev1.PersistentVolumeClaim) {
	claim.Status.Conditions = slices.DeleteFunc(claim.Status.Conditions, func(condition corev1.PersistentVolumeClaimCondition) bool {
		return condition.Type == corev1.PersistentVolumeClaimResizing || condition.Type == corev1.PersistentVolumeClaimFileSystemResizePending
	})
}

// setResizing says how far a resize has come; since 1.32 also which size it goes to (KEP-1790).
func setResizing(in Input, claim *corev1.PersistentVolumeClaim, kind corev1.PersistentVolumeClaimConditionType, message string, state corev1.ClaimResourceStatus) {
	withoutResizing(claim)
	claim.Status.Conditions = append(claim.Status.Conditions, corev1.PersistentVolumeClaimCondition{
		Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: api.Timestamp(in.Now), Message: message,
	})
	if in.Settings.Release.Enabled(api.RecoverVolumeExpansionFailure) {
		claim.Status.AllocatedResources = corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]}
		claim.Status.AllocatedResourceStatuses = map[corev1.ResourceName]corev1.ClaimResourceStatus{corev1.ResourceStorage: state}
	}
}

// expanded notes the size that a claim has now.
func expanded(claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) {
	withoutResizing(claim)
	if claim.Status.Capacity == nil {
		claim.Status.Capacity = corev1.ResourceList{}
	}
	claim.Status.Capacity[corev1.ResourceStorage] = volume.Spec.Capacity[corev1.ResourceStorage]
	claim.Status.AllocatedResourceStatuses = nil
}
