package control

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// The shortest grace periods (upstream: pod_workers.go calculateEffectiveGracePeriod and kuberuntime_container.go).
const (
	leastPodGrace       = time.Second
	leastContainerGrace = 2 * time.Second
)

// gracePeriod is how long the Pod's containers may take to end.
func (s *podSync) gracePeriod() time.Duration {
	seconds := ptr.Deref(s.pod.Spec.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	if s.pod.DeletionGracePeriodSeconds != nil {
		seconds = *s.pod.DeletionGracePeriodSeconds
	}
	return max(time.Duration(seconds)*time.Second, leastPodGrace)
}

// stopAll ends all containers of the Pod: first all but the sidecars, then these one by one, the last first
// (upstream: kuberuntime_termination_order.go). They share one grace period.
func (s *podSync) stopAll(grace time.Duration) {
	deadline := s.in.Now.Add(grace)
	if s.terminating() && s.pod.DeletionTimestamp.Time.Before(deadline) {
		deadline = s.pod.DeletionTimestamp.Time
	}
	waits := false
	for spec := range containersOf(s.pod) {
		run := s.newest(spec.Name)
		if run == nil || isSidecar(spec) && isInit(s.pod, spec.Name) {
			continue
		}
		if run.State != container.Exited {
			waits = true
			s.stop(run, grace, "Stopping container "+spec.Name)
		}
	}
	for i := len(s.pod.Spec.InitContainers) - 1; i >= 0 && !waits; i-- {
		spec := &s.pod.Spec.InitContainers[i]
		if run := s.newest(spec.Name); run != nil && run.State != container.Exited {
			waits = true
			s.stop(run, min(grace, deadline.Sub(s.in.Now)), "Stopping container "+spec.Name)
		}
	}
}

func isInit(pod *corev1.Pod, name string) bool {
	for i := range pod.Spec.InitContainers {
		if pod.Spec.InitContainers[i].Name == name {
			return true
		}
	}
	return false
}

// stop asks a container to end, unless it was asked before with as little grace.
func (s *podSync) stop(run *container.Container, grace time.Duration, message string) {
	grace = max(grace, leastContainerGrace)
	if run.Stopping && !s.in.Now.Add(grace).Before(run.KillAt) || s.stops(run) {
		return
	}
	if run.State == container.Running {
		if !s.in.Settings.Release.AtLeast(27) && message == "Stopping container "+run.Name {
			message = "Killing container with id " + s.containerID(run) + ":Need to kill Pod"
		}
		s.event(corev1.EventTypeNormal, "Killing", message)
	}
	s.command(container.Command{Action: container.StopContainer, Container: run.Name, Attempt: run.Attempt, Grace: grace})
}

// stops says whether this Plan stops a container already.
func (s *podSync) stops(run *container.Container) bool {
	for _, command := range s.plan.Commands {
		if command.Action == container.StopContainer && command.Container == run.Name {
			return true
		}
	}
	return false
}

// deletePod removes the object of a terminating Pod once its last status is told. A Pod that finalizers hold keeps the grace period of zero
// and goes with the last of them (upstream: status_manager.go canBeDeleted).
func (s *podSync) deletePod() {
	if !s.terminating() || !podEnded(s.pod) || s.alive() {
		return
	}
	if len(s.pod.Finalizers) > 0 && ptr.Deref(s.pod.DeletionGracePeriodSeconds, 0) == 0 {
		return
	}
	s.plan.Writes = append(s.plan.Writes, Write{
		Verb: Delete, Object: s.pod, Tolerate: []string{"NotFound", "Conflict"},
		DeleteOptions: &DeleteOptions{GracePeriodSeconds: ptr.To[int64](0), UID: s.pod.UID},
	})
}

const (
	deadlineReason  = "DeadlineExceeded"
	deadlineMessage = "Pod was active on the node longer than the specified deadline"
)

// deadline is when the Pod has been active for activeDeadlineSeconds; zero for never (upstream: pkg/kubelet/active_deadline.go).
func (s *podSync) deadline() time.Time {
	if s.pod.Spec.ActiveDeadlineSeconds == nil || s.pod.Status.StartTime == nil {
		return time.Time{}
	}
	return s.pod.Status.StartTime.Add(time.Duration(*s.pod.Spec.ActiveDeadlineSeconds) * time.Second)
}

func (s *podSync) pastDeadline() bool {
	deadline := s.deadline()
	return !deadline.IsZero() && !s.in.Now.Before(deadline)
}

// exceedDeadline ends a Pod whose time is up. The event is recorded when the first container is stopped, or at once when none is left.
func (s *podSync) exceedDeadline() {
	told := false
	for run := range s.newestRuns {
		told = told || !run.KillAt.Before(s.deadline()) || !run.FinishedAt.Before(s.deadline())
	}
	if !told {
		s.event(corev1.EventTypeNormal, deadlineReason, deadlineMessage)
	}
	s.stopAll(s.gracePeriod())
}

// cleanUpPod ends what a Pod left behind whose object is gone, by force or because it was the last to go. Upstream runs by uid as well: a new
// Pod of the same name does not wait for the old one's containers.
func cleanUpPod(in Input, name string, uid api.UID) Plan {
	sandbox, found := store.GetRow[*container.Sandbox](in.View, container.Sandboxes, string(uid))
	if !found || !nodeRuns(in.View, sandbox.Node) {
		return Plan{}
	}
	if pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name); found && pod.UID == uid {
		return Plan{}
	}
	s := newPodSync(in, sandbox.Pod)
	if !s.alive() {
		s.command(container.Command{Action: container.RemoveSandbox})
		return s.plan
	}
	s.stopAll(leastPodGrace)
	return s.plan
}
