package control

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
)

// The waits of a container that ends again and again (upstream: pkg/kubelet/kubelet.go MaxCrashLoopBackOff and
// client-go/util/flowcontrol Backoff.Next).
const (
	firstBackoff = 10 * time.Second
	lastBackoff  = 300 * time.Second
)

// advance takes a Pod that shall run the next step towards running (upstream: kuberuntime_manager.go computePodActions and SyncPod).
func (s *podSync) advance() {
	if !s.setUp() {
		return
	}
	for i := range s.pod.Spec.EphemeralContainers {
		spec := (*corev1.Container)(&s.pod.Spec.EphemeralContainers[i].EphemeralContainerCommon)
		if s.newest(spec.Name) == nil {
			s.start(spec)
		}
	}
	if !s.initialize() {
		return
	}
	kept := false
	for i := range s.pod.Spec.Containers {
		spec := &s.pod.Spec.Containers[i]
		run := s.newest(spec.Name)
		switch {
		case run != nil && run.State == container.Running:
			kept = true
			s.busy = s.busy || inStart(run)
			if !s.checkDefinition(spec, run, "Container") {
				s.checkProbes(spec, run, "Container")
			}
		case run != nil && run.State == container.Created:
			kept, s.busy = true, true
		case run != nil && !s.shallRestart(spec, run):
		case s.busy: // containers are started one after the other
			kept = true
		default:
			kept = true
			s.busy = s.start(spec)
		}
	}
	if !kept {
		s.stopAll(s.gracePeriod()) // sidecars do not keep a Pod
	}
}

// setUp makes the Pod's place on the node and says whether it is there.
func (s *podSync) setUp() bool {
	if s.sandbox != nil && s.sandbox.Ready {
		return true
	}
	if s.sandbox != nil && s.sandbox.Lost {
		s.event(corev1.EventTypeNormal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
		s.command(container.Command{Action: container.CreateSandbox, Pod: api.NameOf(s.pod)})
		return false
	}
	if s.sandbox == nil {
		if unmounted, _ := unboundClaims(s.in.View, s.pod); len(unmounted) == 0 && !waitsForAttach(s.in.View, s.pod) {
			s.command(container.Command{Action: container.CreateSandbox, Pod: api.NameOf(s.pod)})
		}
		return false
	}
	if s.sandbox.Failure != "" {
		when := s.sandbox.CreatedAt.Add(mountBackoff(s.pod, s.sandbox.CreatedAt))
		if s.in.Now.Before(when) {
			s.lookAgain(when)
		} else {
			s.command(container.Command{Action: container.CreateSandbox, Pod: api.NameOf(s.pod)})
		}
	}
	return false
}

// ranHere says whether there was a run of a container since the Pod got the place it has: after a power failure it begins anew.
func (s *podSync) ranHere(name string) bool {
	run := s.newest(name)
	return run != nil && !run.CreatedAt.Before(s.sandbox.CreatedAt)
}

// initialize starts init containers one after the other and keeps sidecars running. It says whether the Pod's containers may run
// (upstream: kuberuntime_container.go computeInitContainerActions).
func (s *podSync) initialize() bool {
	initialized := slices.ContainsFunc(s.pod.Spec.Containers, func(spec corev1.Container) bool { return s.ranHere(spec.Name) })
	for i := range s.pod.Spec.InitContainers {
		spec := &s.pod.Spec.InitContainers[i]
		run := s.newest(spec.Name)
		ready := false
		switch {
		case isSidecar(spec):
			ready = s.keepSidecar(spec, run)
		case initialized:
			continue
		case !s.ranHere(spec.Name):
			s.start(spec)
		case run.State != container.Exited:
		case run.ExitCode == 0:
			ready = true
		case s.shallRestart(spec, run):
			s.start(spec)
		default:
			s.stopAll(s.gracePeriod())
		}
		if !ready && !initialized {
			return false
		}
	}
	return true
}

// keepSidecar sees to it that a sidecar runs, and says whether it has started.
func (s *podSync) keepSidecar(spec *corev1.Container, run *container.Container) bool {
	if run == nil || run.State == container.Exited {
		if run == nil || !s.ending() {
			s.start(spec)
		}
		return false
	}
	if !s.checkDefinition(spec, run, "Init container") {
		s.checkProbes(spec, run, "Init container")
	}
	return hasStarted(spec, run) && !inStart(run)
}

// checkDefinition stops a container whose image was changed in the Pod, so that it runs again with the new one, and says whether it was
// (upstream: kuberuntime_manager.go containerChanged; the hash is of the name and the image).
func (s *podSync) checkDefinition(spec *corev1.Container, run *container.Container, what string) (changed bool) {
	if run.Image == spec.Image || run.State != container.Running {
		return false
	}
	s.stop(run, s.gracePeriod(), fmt.Sprintf("%s %s definition changed, will be restarted", what, spec.Name))
	return true
}

// ending says whether all containers of the Pod have ended for good, so that sidecars go as well.
func (s *podSync) ending() bool {
	for i := range s.pod.Spec.Containers {
		spec := &s.pod.Spec.Containers[i]
		if run := s.newest(spec.Name); run == nil || run.State != container.Exited || s.shallRestart(spec, run) {
			return false
		}
	}
	return true
}

// shallRestart says whether a container that has ended runs again (upstream: pkg/api/v1/pod/util.go ContainerShouldRestart). RestartAllContainers
// restarts the container alone.
func (s *podSync) shallRestart(spec *corev1.Container, run *container.Container) bool {
	if s.terminating() || podEnded(s.pod) {
		return false
	}
	if containerNotMade(run) {
		return true
	}
	return restarts(s.pod, spec, int32(run.ExitCode))
}

func restarts(pod *corev1.Pod, spec *corev1.Container, exitCode int32) bool {
	policy := pod.Spec.RestartPolicy
	if spec.RestartPolicy != nil {
		policy = corev1.RestartPolicy(*spec.RestartPolicy)
		for _, rule := range spec.RestartPolicyRules {
			if rule.ExitCodes != nil && slices.Contains(rule.ExitCodes.Values, exitCode) == (rule.ExitCodes.Operator == corev1.ContainerRestartRuleOnExitCodesOpIn) {
				return true
			}
		}
	}
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && exitCode != 0
}

// inStart says whether a run is still being started: upstream's kubelet is not done with a container before its postStart hook is over
// or, when that failed, the container has been stopped.
func inStart(run *container.Container) bool {
	return run.State == container.Created || run.State == container.Running && (run.Hook == container.PostStart || run.HookError != "")
}

// neverRan says whether a run ended before it began, with an error.
func neverRan(run *container.Container) bool {
	return run.State == container.Exited && run.StartedAt.IsZero() && run.Message != ""
}

// containerNotMade says whether a run failed before there was a container: trying again is no restart.
func containerNotMade(run *container.Container) bool {
	return neverRan(run) && (run.Reason == "CreateContainerConfigError" || run.Reason == "CreateContainerError")
}

// start takes a container that shall run the next step towards running: it waits out the back-off, gets the image, starts it. It says whether
// the start is under way, so that the containers after it wait.
func (s *podSync) start(spec *corev1.Container) bool {
	run := s.newest(spec.Name)
	command := container.Command{Action: container.StartContainer, Container: spec.Name}
	switch {
	case run == nil:
	case run.Image != spec.Image && !containerNotMade(run): // another container, for the back-off
		command.Attempt = run.Attempt + 1
	case s.backsOff(spec, run):
		return false
	case containerNotMade(run):
		command.Attempt, command.Backoff = run.Attempt, run.Backoff
	default:
		command.Attempt, command.Backoff = run.Attempt+1, nextBackoff(run)
	}
	switch s.image(spec, run) {
	case imageMissing:
		return false
	case imageComing:
		return true
	}
	for _, old := range s.runsOf(spec.Name) {
		if old.Attempt < command.Attempt-1 || old.Attempt == command.Attempt {
			s.command(container.Command{Action: container.PruneContainer, Container: spec.Name, Attempt: old.Attempt})
		}
	}
	s.command(command)
	return true
}

// backsOff says whether a container that has ended has to wait, and why.
func (s *podSync) backsOff(spec *corev1.Container, run *container.Container) bool {
	reason, message, wait := "", run.Message, backoff(run)
	switch {
	case containerNotMade(run):
		reason, wait = run.Reason, syncRetry
	case neverRan(run):
		reason = "RunContainerError"
	case run.HookError != "":
		reason, message = "PostStartHookError", run.HookError
	}
	until, shown := run.FinishedAt.Add(wait), run.FinishedAt.Add(relistPeriod)
	if !s.in.Now.Before(shown) && wait > 0 && !containerNotMade(run) {
		reason, message = reasonCrashLoop, fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", wait, spec.Name, podText(s.pod))
		if !s.in.Settings.Release.AtLeast(27) {
			message = "B" + message[1:]
		}
	}
	if reason != "" {
		s.waits(spec.Name, reason, message)
	}
	if !s.in.Now.Before(until) {
		return false
	}
	s.lookAgain(shown)
	s.lookAgain(until)
	return true
}

// backoff is how long a container waits after the end of a run: not at all after the first, and after one that lasted twice the longest wait.
func backoff(run *container.Container) time.Duration {
	if run.FinishedAt.Sub(run.CreatedAt) > 2*lastBackoff {
		return 0
	}
	return run.Backoff
}

// nextBackoff is the back-off of the run after this one.
func nextBackoff(run *container.Container) time.Duration {
	if wait := backoff(run); wait > 0 {
		return min(2*wait, lastBackoff)
	}
	return firstBackoff
}

// podText names a Pod as the kubelet's messages do.
func podText(pod *corev1.Pod) string {
	return fmt.Sprintf("%s_%s(%s)", pod.Name, pod.Namespace, pod.UID)
}
