package control

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

const (
	attachDetach = "attachdetach"
	// detachTimeout is how long a volume is left attached to a node that does not unmount it
	// (upstream: attachdetach/attach_detach_controller.go ReconcilerMaxWaitForUnmountDuration).
	detachTimeout = 6 * time.Minute
	// attached after the part of a Pod is the key of the news that its volumes came.
	attached = "attached"
)

// attachDetachLoop takes volumes from nodes that cannot give them back themselves, and tells Pods that wait for them
// (upstream: pkg/controller/volume/attachdetach). A volume of one node at a time that nobody holds follows its Pod at once, and nothing is told of it; there are no
// VolumeAttachment objects. What was detached by force from a machine that is cut off is still written to by its processes: a real one gets errors.
//
// Its keys are names of Pods that may have to wait, NAME/UID/attached, and those of [startKey] for Pods whose objects are gone while their node is out of reach.
func attachDetachLoop() Loop {
	return Loop{Name: attachDetach, Latency: volumeLatency, Wakes: wakeAttachDetach, RowWakes: rowWakeAttachDetach, Sync: syncAttachDetach}
}

func wakeAttachDetach(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Pod:
		before, _ := change.Old.(*corev1.Pod)
		after, _ := change.New.(*corev1.Pod)
		switch {
		case !usesClaims(object) || object.Spec.NodeName == "":
		case after == nil:
			if nodeRuns(view, object.Spec.NodeName) {
				tellSharers(view, object, func(pod *corev1.Pod) { wake(partKey(pod, attached)) })
			} else {
				wake(startKey(view, object))
			}
		case before == nil || before.Spec.NodeName == "":
			if len(troubled(view)) > 0 || sharesClaims(view, after) {
				wake(Key{Namespace: after.Namespace, Name: after.Name})
			}
		case podEnded(after) && !podEnded(before):
			tellSharers(view, after, func(pod *corev1.Pod) { wake(partKey(pod, attached)) })
		}
	case *corev1.Node:
		before, _ := change.Old.(*corev1.Node)
		after, _ := change.New.(*corev1.Node)
		if after != nil && hasOutOfServiceTaint(after) && (before == nil || !hasOutOfServiceTaint(before)) {
			wakeOrphans(view, after.Name, wake)
		}
	}
}

func rowWakeAttachDetach(view store.View, change store.RowChange, wake func(Key)) {
	switch change.Table {
	case container.Machines:
		if machine, _ := change.New.(*container.Machine); machine != nil && !machine.Runs() {
			wakeOrphans(view, machine.Node, wake)
		}
	case container.Sandboxes:
		volumesFreed(view, change, func(pod *corev1.Pod) { wake(partKey(pod, attached)) })
	}
}

// wakeOrphans begins for the Pods on a node whose objects are gone.
func wakeOrphans(view store.View, node string, wake func(Key)) {
	for sandbox := range store.Rows[*container.Sandbox](view, container.Sandboxes, "") {
		pod, found := store.Get[*corev1.Pod](view, sandbox.Pod.Namespace, sandbox.Pod.Name)
		if sandbox.Node == node && usesClaims(sandbox.Pod) && !(found && pod.UID == sandbox.UID) {
			wake(startKey(view, sandbox.Pod))
		}
	}
}

func syncAttachDetach(in Input) Plan {
	name, rest, isPart := strings.Cut(in.Key.Name, "/")
	_, _, start, isStart := parseStart(in.Key)
	switch {
	case isStart:
		return detach(in, start)
	case isPart && !strings.HasSuffix(rest, "/"+attached):
		return Plan{}
	}
	var plan Plan
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found || isPart && partKey(pod, attached) != in.Key {
		return plan
	}
	claimsOfPod(pod, func(claim string, _ bool) {
		volume, known := volumeOfClaim(in.View, pod.Namespace, claim)
		if !known || storage.MultiAttach(volume) || !storage.Attaches(volume) {
			return
		}
		nodes, users := heldBy(in.View, pod, claim)
		if !isPart {
			tell(&plan, "attachdetach-controller", pod, storage.MultiAttachNotice(pod, volume, nodes, users))
		} else if len(nodes) == 0 {
			plan.Events = append(plan.Events, Event{
				Regarding: pod, Type: corev1.EventTypeNormal, Reason: "SuccessfulAttachVolume",
				Message: fmt.Sprintf("AttachVolume.Attach succeeded for volume %q ", volume.Name), Source: "attachdetach-controller",
			})
		}
	})
	return plan
}

// detach takes the volumes of a Pod whose object is gone from a node that is out of service, or out of reach for too long.
func detach(in Input, start time.Time) Plan {
	_, uid, _, _ := parseStart(in.Key)
	sandbox, found := store.GetRow[*container.Sandbox](in.View, container.Sandboxes, string(uid))
	if !found || sandbox.Detached {
		return Plan{}
	}
	node, found := store.Get[*corev1.Node](in.View, "", sandbox.Node)
	due := start.Add(detachTimeout)
	switch {
	case found && hasOutOfServiceTaint(node) && in.Settings.Release.AtLeast(26):
	case in.Now.Before(due):
		return Plan{Requeue: due}
	case found && nodeReady(node):
		return Plan{} // its kubelet unmounts them
	}
	return Plan{Commands: []Command{{Action: container.DetachVolumes, UID: uid, Node: sandbox.Node}}}
}

// troubled are the nodes whose machines have ever failed, with the time: what was there before may hold volumes that its kubelet has not given back.
func troubled(view store.View) map[string]time.Time {
	var nodes map[string]time.Time
	for machine := range store.Rows[*container.Machine](view, container.Troubled, "") {
		if nodes == nil {
			nodes = map[string]time.Time{}
		}
		nodes[machine.Node] = machine.Since
	}
	return nodes
}

func volumeOfClaim(view store.View, namespace, name string) (*corev1.PersistentVolume, bool) {
	claim, found := store.Get[*corev1.PersistentVolumeClaim](view, namespace, name)
	if !found {
		return nil, false
	}
	return store.Get[*corev1.PersistentVolume](view, "", claim.Spec.VolumeName)
}

// sharesClaims says whether a Pod on another node uses a claim of a Pod.
func sharesClaims(view store.View, pod *corev1.Pod) (shares bool) {
	claimsOfPod(pod, func(claim string, _ bool) {
		for user := range store.UsingClaim(view, pod.Namespace, claim) {
			shares = shares || user.UID != pod.UID && user.Spec.NodeName != "" && user.Spec.NodeName != pod.Spec.NodeName
		}
	})
	return shares
}

// heldBy lists the other nodes that hold the volume of a claim, and the Pods on them that want it: Pods that run, and whatever was on a node before it
// failed, since its kubelet has not given that back.
func heldBy(view store.View, pod *corev1.Pod, claim string) (nodes []string, users []*corev1.Pod) {
	for user := range store.UsingClaim(view, pod.Namespace, claim) {
		if user.UID == pod.UID || user.Spec.NodeName == pod.Spec.NodeName || podEnded(user) {
			continue
		}
		if sandbox, placed := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(user.UID)); placed && !sandbox.Detached {
			nodes, users = append(nodes, sandbox.Node), append(users, user)
		}
	}
	failed := troubled(view)
	if len(failed) == 0 {
		return nodes, users
	}
	for sandbox := range store.Rows[*container.Sandbox](view, container.Sandboxes, "") {
		since, holds := failed[sandbox.Node]
		holds = holds && !sandbox.Detached && sandbox.CreatedAt.Before(since) && sandbox.UID != pod.UID && sandbox.Node != pod.Spec.NodeName
		if !holds || sandbox.Pod.Namespace != pod.Namespace || !mounts(sandbox.Pod, claim) ||
			slices.ContainsFunc(users, func(user *corev1.Pod) bool { return user.UID == sandbox.UID }) {
			continue
		}
		nodes = append(nodes, sandbox.Node)
		if user, found := store.Get[*corev1.Pod](view, sandbox.Pod.Namespace, sandbox.Pod.Name); found && user.UID == sandbox.UID {
			users = append(users, user)
		}
	}
	return nodes, users
}

func mounts(pod *corev1.Pod, claim string) (found bool) {
	claimsOfPod(pod, func(name string, _ bool) { found = found || name == claim })
	return found
}

// waitsForAttach says whether a volume of a Pod is held by another node.
func waitsForAttach(view store.View, pod *corev1.Pod) (waits bool) {
	claimsOfPod(pod, func(claim string, _ bool) {
		volume, known := volumeOfClaim(view, pod.Namespace, claim)
		if waits || !known || storage.MultiAttach(volume) || !storage.Attaches(volume) {
			return
		}
		nodes, _ := heldBy(view, pod, claim)
		waits = len(nodes) > 0
	})
	return waits
}

// volumesFreed tells of the Pods that may have waited for what a change of a sandbox has freed.
func volumesFreed(view store.View, change store.RowChange, tell func(*corev1.Pod)) {
	before, _ := change.Old.(*container.Sandbox)
	after, _ := change.New.(*container.Sandbox)
	if before == nil || after != nil && before.Detached == after.Detached || !usesClaims(before.Pod) {
		return
	}
	if since, failed := troubled(view)[before.Node]; failed && before.CreatedAt.Before(since) {
		tellSharers(view, before.Pod, tell)
	}
}

// tellSharers tells of the Pods on other nodes that wait for a volume which a Pod had.
func tellSharers(view store.View, user *corev1.Pod, tell func(*corev1.Pod)) {
	var told []*corev1.Pod
	claimsOfPod(user, func(claim string, _ bool) {
		for pod := range store.UsingClaim(view, user.Namespace, claim) {
			if pod.Spec.NodeName == "" || pod.Spec.NodeName == user.Spec.NodeName || podEnded(pod) || pod.DeletionTimestamp != nil || slices.Contains(told, pod) {
				continue
			}
			if _, placed := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(pod.UID)); !placed {
				told = append(told, pod)
				tell(pod)
			}
		}
	})
}
