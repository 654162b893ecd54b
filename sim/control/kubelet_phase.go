package control

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// setPhase works out the phase. A phase that ends the Pod is told only when no container is left that runs, and is never left again
// (upstream: kubelet_pods.go getPhase, status_manager.go mergePodStatus and TerminatePod).
func (s *podSync) setPhase(status *corev1.PodStatus) {
	phase, reason, message := s.phase(status), "", ""
	switch {
	case podEnded(s.pod):
		return
	case s.evicted() != "":
		phase, reason, message = corev1.PodFailed, reasonEvicted, s.evicted()
	case s.pastDeadline():
		phase, reason, message = corev1.PodFailed, deadlineReason, deadlineMessage
	case s.terminating() && !s.alive() && phase != corev1.PodSucceeded:
		phase = corev1.PodFailed
	}
	ends := phase == corev1.PodFailed || phase == corev1.PodSucceeded
	if phase == status.Phase || ends && s.alive() {
		return
	}
	status.Phase, status.Reason, status.Message = phase, reason, message
}

// phase follows from the containers' states.
func (s *podSync) phase(status *corev1.PodStatus) corev1.PodPhase {
	var n struct{ pending, running, waiting, stopped, succeeded, final int }
	failed := false
	for i := range s.pod.Spec.InitContainers {
		spec := &s.pod.Spec.InitContainers[i]
		state, ended := lastState(statusOf(status.InitContainerStatuses, spec.Name))
		started := statusOf(status.InitContainerStatuses, spec.Name).Started
		switch {
		case isSidecar(spec) && state.Running != nil:
			n.running++
			if !*started && !s.hasRun() {
				n.pending++
			}
		case isSidecar(spec) && ended == nil:
			n.waiting++
		case isSidecar(spec):
		case state.Running != nil || ended == nil:
			n.pending++
		case ended.ExitCode != 0 && !restarts(s.pod, spec, ended.ExitCode):
			failed = true
		}
	}
	for i := range s.pod.Spec.Containers {
		spec := &s.pod.Spec.Containers[i]
		state, ended := lastState(statusOf(status.ContainerStatuses, spec.Name))
		switch {
		case state.Running != nil:
			n.running++
		case ended == nil:
			n.waiting++
		default:
			n.stopped++
			if state.Terminated != nil && ended.ExitCode == 0 {
				n.succeeded++
			}
			if !restarts(s.pod, spec, ended.ExitCode) {
				n.final++
			}
		}
	}
	switch {
	case failed:
		return corev1.PodFailed
	case n.pending > 0 || n.waiting > 0:
		return corev1.PodPending
	case n.running > 0:
		return corev1.PodRunning
	case n.stopped == 0:
		return corev1.PodPending
	case !s.terminating() && n.final < n.stopped:
		return corev1.PodRunning // some are about to run again
	case n.succeeded == n.stopped:
		return corev1.PodSucceeded
	}
	return corev1.PodFailed
}

// lastState is the state of a container and, when it has ended or waits to run again, how it ended.
func lastState(status *corev1.ContainerStatus) (corev1.ContainerState, *corev1.ContainerStateTerminated) {
	if status.State.Waiting != nil {
		return status.State, status.LastTerminationState.Terminated
	}
	return status.State, status.State.Terminated
}

// hasRun says whether any of the Pod's containers proper was ever started.
func (s *podSync) hasRun() bool {
	for i := range s.pod.Spec.Containers {
		if s.newest(s.pod.Spec.Containers[i].Name) != nil {
			return true
		}
	}
	return false
}

// The reasons of conditions (upstream: pkg/kubelet/status/generate.go).
const (
	reasonCompleted      = "PodCompleted"
	reasonFailed         = "PodFailed"
	reasonNotReady       = "ContainersNotReady"
	reasonNotInitialized = "ContainersNotInitialized"
	reasonGates          = "ReadinessGatesNotReady"
)

// setConditions sets the kubelet's conditions after those of others.
func (s *podSync) setConditions(status *corev1.PodStatus) {
	old := status.Conditions
	var conditions []corev1.PodCondition
	for _, condition := range old {
		switch condition.Type {
		case corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled:
		default:
			conditions = append(conditions, condition)
		}
	}
	conditions = s.evictionCondition(status.Phase, conditions)
	ready := s.containersReady(status)
	own := []corev1.PodCondition{s.initialized(status), s.ready(ready, conditions), ready, {Type: corev1.PodScheduled, Status: corev1.ConditionTrue}}
	if s.in.Settings.Release.AtLeast(29) {
		ended := status.Phase == corev1.PodFailed || status.Phase == corev1.PodSucceeded
		// Since 1.35 the kubelet tells of the sandbox at once, before that with the outcome of its first sync (KEP-3085).
		told := s.in.Settings.Release.AtLeast(35) || !s.starting()
		own = append([]corev1.PodCondition{{Type: corev1.PodReadyToStartContainers, Status: truth(s.sandbox != nil && s.sandbox.Ready && told && !ended)}}, own...)
	}
	now := api.Timestamp(s.in.Now)
	conditions = slices.Grow(conditions, len(own))
	for _, condition := range own {
		condition.LastTransitionTime = now
		if before := podCondition(s.pod, condition.Type); before != nil && before.Status == condition.Status {
			condition.LastTransitionTime = before.LastTransitionTime
		}
		if s.in.Settings.Release.AtLeast(34) {
			condition.ObservedGeneration = s.pod.Generation
		}
		conditions = append(conditions, condition)
	}
	status.Conditions = conditions
}

func truth(holds bool) corev1.ConditionStatus {
	if holds {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}

func (s *podSync) initialized(status *corev1.PodStatus) corev1.PodCondition {
	condition := corev1.PodCondition{Type: corev1.PodInitialized, Status: corev1.ConditionTrue}
	var incomplete []string
	for i := range s.pod.Spec.InitContainers {
		spec := &s.pod.Spec.InitContainers[i]
		of := statusOf(status.InitContainerStatuses, spec.Name)
		if isSidecar(spec) && !*of.Started || !isSidecar(spec) && !of.Ready {
			incomplete = append(incomplete, spec.Name)
		}
	}
	switch {
	case status.Phase == corev1.PodSucceeded:
		condition.Reason = reasonCompleted
	case len(incomplete) > 0 && !s.anyStarted(status):
		condition.Status, condition.Reason = corev1.ConditionFalse, reasonNotInitialized
		condition.Message = fmt.Sprintf("containers with incomplete status: %s", incomplete)
	}
	return condition
}

// anyStarted says whether a container proper runs or has run and ended.
func (s *podSync) anyStarted(status *corev1.PodStatus) bool {
	for i := range status.ContainerStatuses {
		if state := &status.ContainerStatuses[i].State; state.Running != nil || state.Terminated != nil {
			return true
		}
	}
	return false
}

func (s *podSync) containersReady(status *corev1.PodStatus) corev1.PodCondition {
	condition := corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionFalse}
	var unready []string
	for i := range s.pod.Spec.InitContainers {
		spec := &s.pod.Spec.InitContainers[i]
		if isSidecar(spec) && !statusOf(status.InitContainerStatuses, spec.Name).Ready {
			unready = append(unready, spec.Name)
		}
	}
	for i := range s.pod.Spec.Containers {
		if name := s.pod.Spec.Containers[i].Name; !statusOf(status.ContainerStatuses, name).Ready {
			unready = append(unready, name)
		}
	}
	switch {
	case status.Phase == corev1.PodSucceeded:
		condition.Reason = reasonCompleted
	case status.Phase == corev1.PodFailed:
		condition.Reason = reasonFailed
	case len(unready) > 0:
		condition.Reason, condition.Message = reasonNotReady, fmt.Sprintf("containers with unready status: %s", unready)
	default:
		condition.Status = corev1.ConditionTrue
	}
	return condition
}

// ready is the condition Ready: all containers are, and all readiness gates are open.
func (s *podSync) ready(containers corev1.PodCondition, others []corev1.PodCondition) corev1.PodCondition {
	condition := containers
	condition.Type = corev1.PodReady
	if condition.Status != corev1.ConditionTrue {
		return condition
	}
	var closed []string
	for _, gate := range s.pod.Spec.ReadinessGates {
		found := corev1.ConditionStatus("")
		for _, other := range others {
			if other.Type == gate.ConditionType {
				found = other.Status
			}
		}
		switch found {
		case corev1.ConditionTrue:
		case "":
			closed = append(closed, fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist.", gate.ConditionType))
		default:
			closed = append(closed, fmt.Sprintf("the status of pod readiness gate %q is not \"True\", but %v", gate.ConditionType, found))
		}
	}
	if len(closed) > 0 {
		condition.Status, condition.Reason, condition.Message = corev1.ConditionFalse, reasonGates, strings.Join(closed, ", ")
	}
	return condition
}
