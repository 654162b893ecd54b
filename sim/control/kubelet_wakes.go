package control

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// partKey names a part of a Pod's life: its cleaning up, or a report.
func partKey(pod *corev1.Pod, parts ...string) Key {
	return Key{Namespace: pod.Namespace, Name: pod.Name + "/" + strings.Join(append([]string{string(pod.UID)}, parts...), "/")}
}

func wakeKubelet(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Pod:
		before, _ := change.Old.(*corev1.Pod)
		after, _ := change.New.(*corev1.Pod)
		if before != nil && after == nil && before.Spec.NodeName != "" {
			wake(partKey(before))
			tellSharers(view, before, func(pod *corev1.Pod) { wake(api.NameOf(pod)) })
		}
		if after == nil || after.Spec.NodeName == "" {
			return
		}
		if concernsKubelet(before, after) {
			wake(api.NameOf(after))
		}
		if before != nil && podEnded(after) && !podEnded(before) {
			tellSharers(view, after, func(pod *corev1.Pod) { wake(api.NameOf(pod)) })
		}
		if after.Status.StartTime != nil && (before == nil || before.Status.StartTime == nil) && usesClaims(after) {
			wake(partKey(after, reportVolumes))
		}
	case *corev1.PersistentVolumeClaim:
		if change.New != nil && object.Status.Phase == corev1.ClaimBound {
			wakeUsersOfClaim(view, object.Namespace, object.Name, wake)
		}
	case *corev1.PersistentVolume:
		if reference := object.Spec.ClaimRef; change.New != nil && reference != nil {
			wakeUsersOfClaim(view, reference.Namespace, reference.Name, wake)
		}
	case *corev1.ConfigMap, *corev1.Secret:
		if change.Old != nil {
			return
		}
		for sandbox := range store.Rows[*container.Sandbox](view, container.Sandboxes, "") {
			if sandbox.Failure != "" && sandbox.Pod.Namespace == change.Object().GetNamespace() {
				wake(partKey(sandbox.Pod, reportMountAgain))
			}
		}
	case *corev1.Node:
		if change.Old == nil {
			for pod := range store.OnNode(view, object.Name) {
				wake(api.NameOf(pod))
			}
		}
	}
}

// concernsKubelet says whether a change of a Pod is more than the kubelet's own writing of its status.
func concernsKubelet(before, after *corev1.Pod) bool {
	if before == nil || before.UID != after.UID || before.Spec.NodeName != after.Spec.NodeName || before.Status.Phase != after.Status.Phase ||
		before.Generation != after.Generation || len(before.Finalizers) != len(after.Finalizers) ||
		!before.DeletionTimestamp.Equal(after.DeletionTimestamp) || (before.Status.StartTime == nil) != (after.Status.StartTime == nil) ||
		len(before.Spec.EphemeralContainers) != len(after.Spec.EphemeralContainers) {
		return true
	}
	for _, gate := range after.Spec.ReadinessGates {
		was, is := podCondition(before, gate.ConditionType), podCondition(after, gate.ConditionType)
		if (was == nil) != (is == nil) || was != nil && was.Status != is.Status {
			return true
		}
	}
	return false
}

// wakeUsersOfClaim wakes the Pods that wait for a claim.
func wakeUsersOfClaim(view store.View, namespace, claim string, wake func(Key)) {
	for pod := range store.UsingClaim(view, namespace, claim) {
		if pod.Spec.NodeName != "" && !podEnded(pod) {
			wake(api.NameOf(pod))
		}
	}
}

func rowWakeKubelet(view store.View, change store.RowChange, wake func(Key)) {
	switch change.Table {
	case container.Sandboxes:
		after, _ := change.New.(*container.Sandbox)
		volumesFreed(view, change, func(pod *corev1.Pod) { wake(api.NameOf(pod)) })
		if after == nil {
			return
		}
		if before, _ := change.Old.(*container.Sandbox); after.Failure != "" && (before == nil || before.Failure == "") {
			wake(partKey(after.Pod, reportMount))
		}
		if before, _ := change.Old.(*container.Sandbox); after.Evicted != "" && before != nil && before.Evicted == "" {
			wake(partKey(after.Pod, reportEviction))
		}
		wake(keyOfSandbox(view, after))
	case container.Containers:
		after, _ := change.New.(*container.Container)
		before, _ := change.Old.(*container.Container)
		if after == nil {
			return
		}
		if sandbox, found := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(after.UID)); found {
			wakeForContainer(view, sandbox, before, after, wake)
		}
	case container.Machines:
		if machine, _ := change.New.(*container.Machine); machine != nil && machine.Runs() && change.Old != nil {
			wakeAllOn(view, machine.Node, wake)
		}
	case container.Images:
		if image, _ := change.New.(*container.Image); image != nil && !image.Pulling {
			for pod := range store.OnNode(view, image.Node) {
				if usesImage(pod, image.Name) {
					wake(api.NameOf(pod))
				}
			}
		}
	}
}

// wakeAllOn wakes all a kubelet has to look after when its machine is back: its Pods, and what is left of those that were deleted meanwhile.
func wakeAllOn(view store.View, node string, wake func(Key)) {
	for pod := range store.OnNode(view, node) {
		wake(api.NameOf(pod))
	}
	for sandbox := range store.Rows[*container.Sandbox](view, container.Sandboxes, "") {
		if sandbox.Node == node {
			wake(keyOfSandbox(view, sandbox))
		}
	}
}

// keyOfSandbox is the key that looks after a sandbox: its Pod, or the cleaning up when the Pod is gone or another one.
func keyOfSandbox(view store.View, sandbox *container.Sandbox) Key {
	pod, found := store.Get[*corev1.Pod](view, sandbox.Pod.Namespace, sandbox.Pod.Name)
	if found && pod.UID == sandbox.UID {
		return api.NameOf(pod)
	}
	return partKey(sandbox.Pod)
}

func wakeForContainer(view store.View, sandbox *container.Sandbox, before, after *container.Container, wake func(Key)) {
	if before == nil {
		before = &container.Container{}
	}
	report := func(parts ...string) {
		wake(partKey(sandbox.Pod, append([]string{parts[0], after.Name, fmt.Sprint(after.Attempt)}, parts[1:]...)...))
	}
	if before.StartedAt.IsZero() && !after.StartedAt.IsZero() {
		report(reportStarted)
	}
	if before.State != after.State && neverRan(after) {
		report(reportNotStarted)
	}
	if before.HookError == "" && after.HookError != "" {
		report(reportHook)
	}
	if before.StopError == "" && after.StopError != "" {
		report(reportStopHook)
	}
	concerns := before.State != after.State || before.Stopping != after.Stopping || before.Hook != after.Hook || before.HookError != after.HookError
	spec := containerSpec(sandbox.Pod, after.Name)
	for _, kind := range probeKinds {
		was, is := before.Probes[kind], after.Probes[kind]
		probe := probeOf(spec, kind)
		if probe == nil || is.At.IsZero() || was.At.Equal(is.At) {
			continue
		}
		if is.Failures > 0 {
			report(reportProbe, kind)
		}
		concerns = concerns || int32(is.Successes) <= max(probe.SuccessThreshold, 1) && int32(is.Failures) <= max(probe.FailureThreshold, 1)
	}
	if concerns { // last, so that events come before what the kubelet does about their causes
		wake(keyOfSandbox(view, sandbox))
	}
}

func usesImage(pod *corev1.Pod, image string) bool {
	for spec := range containersOf(pod) {
		if spec.Image == image {
			return true
		}
	}
	return false
}

// containersOf goes through all containers of a Pod: init containers, containers, ephemeral containers.
func containersOf(pod *corev1.Pod) func(yield func(*corev1.Container) bool) {
	return func(yield func(*corev1.Container) bool) {
		for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
		for i := range pod.Spec.EphemeralContainers {
			if !yield((*corev1.Container)(&pod.Spec.EphemeralContainers[i].EphemeralContainerCommon)) {
				return
			}
		}
	}
}

func containerSpec(pod *corev1.Pod, name string) *corev1.Container {
	for spec := range containersOf(pod) {
		if spec.Name == name {
			return spec
		}
	}
	return nil
}
