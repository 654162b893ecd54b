package control

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
)

var probeKinds = [...]string{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe}

func probeOf(spec *corev1.Container, kind string) *corev1.Probe {
	switch {
	case spec == nil:
		return nil
	case kind == container.StartupProbe:
		return spec.StartupProbe
	case kind == container.ReadinessProbe:
		return spec.ReadinessProbe
	}
	return spec.LivenessProbe
}

// hasStarted says whether a run counts as started: it runs, and its startup probe, if any, has succeeded.
func hasStarted(spec *corev1.Container, run *container.Container) bool {
	return run.State == container.Running && (spec.StartupProbe == nil || run.Probes[container.StartupProbe].Successes > 0)
}

// failed says whether a probe has failed often enough to count.
func failed(probe *corev1.Probe, result container.ProbeResult) bool {
	return probe != nil && int32(result.Failures) >= max(probe.FailureThreshold, 1)
}

// isReady says whether a run is ready. Between the thresholds of its readiness probe it stays what it was.
func isReady(spec *corev1.Container, run *container.Container, was bool) bool {
	if !hasStarted(spec, run) {
		return false
	}
	probe, result := spec.ReadinessProbe, run.Probes[container.ReadinessProbe]
	switch {
	case probe == nil:
		return true
	case int32(result.Successes) >= max(probe.SuccessThreshold, 1):
		return true
	case failed(probe, result):
		return false
	}
	return was
}

// checkProbes stops a container whose liveness or startup probe has failed.
func (s *podSync) checkProbes(spec *corev1.Container, run *container.Container, what string) {
	if run.Stopping || run.State != container.Running {
		return
	}
	for _, kind := range [...]string{container.LivenessProbe, container.StartupProbe} {
		probe := probeOf(spec, kind)
		if !failed(probe, run.Probes[kind]) {
			continue
		}
		message := fmt.Sprintf("%s %s failed %s probe", what, spec.Name, kind)
		policy := s.pod.Spec.RestartPolicy
		if spec.RestartPolicy != nil {
			policy = corev1.RestartPolicy(*spec.RestartPolicy)
		}
		if what == "Container" && policy != corev1.RestartPolicyNever {
			message += ", will be restarted"
		}
		grace := s.gracePeriod()
		if seconds := probe.TerminationGracePeriodSeconds; seconds != nil {
			grace = time.Duration(*seconds) * time.Second
		}
		s.stop(run, grace, message)
		return
	}
}

// scheduleProbes runs the probes that are due and asks to be called for the next (upstream: pkg/kubelet/prober/worker.go). A probe is due first when
// initialDelaySeconds are over and the container has started, and then every periodSeconds; upstream adds a random part of a period.
func (s *podSync) scheduleProbes() {
	if podEnded(s.pod) {
		return
	}
	for spec := range containersOf(s.pod) {
		run := s.newest(spec.Name)
		if run == nil || run.State != container.Running || inStart(run) {
			continue
		}
		for _, kind := range probeKinds {
			if probe := probeOf(spec, kind); probe != nil && s.mayProbe(spec, run, kind) {
				s.scheduleProbe(spec, run, kind, probe)
			}
		}
	}
}

func (s *podSync) mayProbe(spec *corev1.Container, run *container.Container, kind string) bool {
	switch kind {
	case container.StartupProbe:
		return !hasStarted(spec, run) && !s.terminating() && !run.Stopping && !s.stops(run)
	case container.LivenessProbe:
		return hasStarted(spec, run) && !s.terminating() && !run.Stopping && !s.stops(run)
	}
	return hasStarted(spec, run)
}

func (s *podSync) scheduleProbe(spec *corev1.Container, run *container.Container, kind string, probe *corev1.Probe) {
	due := run.StartedAt.Add(time.Duration(probe.InitialDelaySeconds) * time.Second)
	if started := run.Probes[container.StartupProbe].At; kind != container.StartupProbe && started.After(due) {
		due = started
	}
	period := time.Duration(max(probe.PeriodSeconds, 1)) * time.Second
	if last := run.Probes[kind].At; !last.IsZero() {
		due = last.Add(period)
	}
	if due.After(s.in.Now) {
		s.lookAgain(due)
		return
	}
	if !container.ProbeRuns(s.in.View, run, kind) {
		s.command(container.Command{Action: container.RunProbe, Container: spec.Name, Attempt: run.Attempt, Probe: kind})
	}
	s.lookAgain(s.in.Now.Add(period))
}
