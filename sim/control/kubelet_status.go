package control

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
)

// status is the Pod's status as the rows have it. What the kubelet does not own stays as it is
// (upstream: kubelet_pods.go generateAPIPodStatus, status_manager.go). It shares with the old one what stays; lists are made anew.
func (s *podSync) status() corev1.PodStatus {
	old := &s.pod.Status
	status := *old
	release := s.in.Settings.Release
	if release.AtLeast(34) {
		status.ObservedGeneration = max(s.pod.Generation, old.ObservedGeneration)
	}
	if status.StartTime == nil {
		now := api.Timestamp(s.in.Now)
		status.StartTime = &now
	}
	s.addresses(&status)
	status.InitContainerStatuses = s.containerStatuses(s.pod.Spec.InitContainers, old.InitContainerStatuses)
	if !s.starting() || len(old.ContainerStatuses) == 0 { // upstream tells nothing of them before all have been started
		status.ContainerStatuses = s.containerStatuses(s.pod.Spec.Containers, old.ContainerStatuses)
		slices.SortStableFunc(status.ContainerStatuses, byName)
	}
	status.EphemeralContainerStatuses = s.ephemeralStatuses()
	s.setPhase(&status)
	s.setConditions(&status)
	return status
}

// starting says whether the kubelet is still at its first sync of the Pod: it tells of its outcome when that is over.
func (s *podSync) starting() bool { return s.busy && s.pod.Status.Phase == corev1.PodPending }

func byName(a, b corev1.ContainerStatus) int { return strings.Compare(a.Name, b.Name) }

// addresses sets the addresses of the node and of the Pod, which a Pod keeps when its sandbox is gone.
func (s *podSync) addresses(status *corev1.PodStatus) {
	if s.node != nil {
		status.HostIP, status.HostIPs = "", nil
		for _, address := range s.node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				status.HostIPs = append(status.HostIPs, corev1.HostIP{IP: address.Address})
			}
		}
		if len(status.HostIPs) > 0 {
			status.HostIP = status.HostIPs[0].IP
		}
		if !s.in.Settings.Release.AtLeast(29) {
			status.HostIPs = nil
		}
	}
	if s.sandbox != nil && len(s.sandbox.IPs) > 0 && !s.starting() {
		status.PodIP, status.PodIPs = s.sandbox.IPs[0].String(), nil
		for _, address := range s.sandbox.IPs {
			status.PodIPs = append(status.PodIPs, corev1.PodIP{IP: address.String()})
		}
	}
}

func (s *podSync) containerStatuses(specs []corev1.Container, old []corev1.ContainerStatus) []corev1.ContainerStatus {
	var statuses []corev1.ContainerStatus
	for i := range specs {
		spec := &specs[i]
		before := statusOf(old, spec.Name)
		status := s.containerStatus(spec, before)
		run := s.shown(spec.Name)
		started := run != nil && hasStarted(spec, run)
		status.Started = &started
		switch {
		case isInit(s.pod, spec.Name) && !isSidecar(spec):
			status.Ready = status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
		case run != nil:
			status.Ready = isReady(spec, run, before != nil && before.ContainerID == status.ContainerID && before.Ready)
		}
		statuses = append(statuses, status)
	}
	return statuses
}

func (s *podSync) ephemeralStatuses() []corev1.ContainerStatus {
	var statuses []corev1.ContainerStatus
	for i := range s.pod.Spec.EphemeralContainers {
		spec := (*corev1.Container)(&s.pod.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		statuses = append(statuses, s.containerStatus(spec, statusOf(s.pod.Status.EphemeralContainerStatuses, spec.Name)))
	}
	slices.SortStableFunc(statuses, byName)
	return statuses
}

func statusOf(statuses []corev1.ContainerStatus, name string) *corev1.ContainerStatus {
	for i := range statuses {
		if statuses[i].Name == name {
			return &statuses[i]
		}
	}
	return nil
}

// shown is the newest run that the status tells of. One that is being started is not told of yet.
func (s *podSync) shown(name string) *container.Container {
	runs := s.runsOf(name)
	for i := len(runs) - 1; i >= 0; i-- {
		if run := runs[i]; !inStart(run) && !containerNotMade(run) {
			return run
		}
	}
	return nil
}

// containerStatus tells of one container (upstream: kubelet_pods.go convertToAPIContainerStatuses).
func (s *podSync) containerStatus(spec *corev1.Container, old *corev1.ContainerStatus) corev1.ContainerStatus {
	status := corev1.ContainerStatus{Name: spec.Name, Image: spec.Image, State: s.notYet()}
	if s.in.Settings.Release.AtLeast(31) {
		status.VolumeMounts = volumeMounts(spec)
	}
	run := s.shown(spec.Name)
	switch {
	case run != nil:
		s.describe(&status, spec, run)
		if old != nil && old.ContainerID == status.ContainerID && status.LastTerminationState.Terminated == nil && old.State.Waiting == nil {
			status.LastTerminationState = old.LastTerminationState // its row may be gone
		}
	case old != nil && old.State.Terminated != nil: // its row is gone; what was told of it stays true
		return *old.DeepCopy()
	case old != nil:
		status.RestartCount, status.LastTerminationState = old.RestartCount, old.LastTerminationState
	}
	waiting, waits := s.waiting[spec.Name]
	if !waits && old != nil && old.State.Waiting != nil && old.ContainerID == status.ContainerID && s.shallStart(spec, run) {
		waiting, waits = *old.State.Waiting, true // it is being started; upstream tells nothing new before that is done
	}
	if waits {
		if status.State.Terminated != nil {
			status.LastTerminationState = status.State
		}
		status.State = corev1.ContainerState{Waiting: &waiting}
	}
	return status
}

// shallStart says whether the container ought to run but does not.
func (s *podSync) shallStart(spec *corev1.Container, run *container.Container) bool {
	if run == nil {
		return !s.terminating() && !podEnded(s.pod)
	}
	return run.State == container.Exited && s.shallRestart(spec, run)
}

// notYet is the state of a container before its first run.
func (s *podSync) notYet() corev1.ContainerState {
	reason := "ContainerCreating"
	if len(s.pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
}

// describe tells of a run, and of the one before.
func (s *podSync) describe(status *corev1.ContainerStatus, spec *corev1.Container, run *container.Container) {
	status.RestartCount, status.ImageID, status.ContainerID = int32(run.Attempt), run.ImageID, s.containerID(run)
	status.State = s.state(run)
	for _, before := range s.runsOf(spec.Name) {
		if before.Attempt < run.Attempt && before.State == container.Exited {
			status.LastTerminationState = s.state(before)
		}
	}
	if !s.in.Settings.Release.AtLeast(33) {
		return
	}
	status.Resources, status.AllocatedResources = spec.Resources.DeepCopy(), spec.Resources.Requests.DeepCopy()
	if run.Config == nil || run.StartedAt.IsZero() {
		return
	}
	user := &corev1.LinuxContainerUser{UID: int64(run.Config.Identity.UID), GID: int64(run.Config.Identity.GID)}
	for _, group := range run.Config.Identity.Groups {
		user.SupplementalGroups = append(user.SupplementalGroups, int64(group))
	}
	status.User = &corev1.ContainerUser{Linux: user}
}

func (s *podSync) state(run *container.Container) corev1.ContainerState {
	if run.State == container.Running {
		return corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: api.Timestamp(run.StartedAt)}}
	}
	ended := &corev1.ContainerStateTerminated{
		ExitCode: int32(run.ExitCode), Reason: run.Reason, Message: run.Message,
		FinishedAt: api.Timestamp(run.FinishedAt), ContainerID: s.containerID(run),
	}
	if !run.StartedAt.IsZero() {
		ended.StartedAt = api.Timestamp(run.StartedAt)
	}
	return corev1.ContainerState{Terminated: ended}
}

// containerID is a container's identity with the name of the runtime before it, as the node tells it.
func (s *podSync) containerID(run *container.Container) string {
	runtime := "containerd"
	if s.node != nil {
		if name, _, found := strings.Cut(s.node.Status.NodeInfo.ContainerRuntimeVersion, "://"); found {
			runtime = name
		}
	}
	return runtime + "://" + run.ID
}

func volumeMounts(spec *corev1.Container) []corev1.VolumeMountStatus {
	var mounts []corev1.VolumeMountStatus
	for _, mount := range spec.VolumeMounts {
		status := corev1.VolumeMountStatus{Name: mount.Name, MountPath: mount.MountPath, ReadOnly: mount.ReadOnly}
		if mount.ReadOnly {
			mode := corev1.RecursiveReadOnlyDisabled
			if wanted := mount.RecursiveReadOnly; wanted != nil && *wanted != corev1.RecursiveReadOnlyDisabled {
				mode = corev1.RecursiveReadOnlyEnabled
			}
			status.RecursiveReadOnly = &mode
		}
		mounts = append(mounts, status)
	}
	return mounts
}
