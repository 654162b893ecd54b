package control

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// What keys of the form NAME/UID/WHAT/CONTAINER/ATTEMPT are about.
const (
	reportStarted    = "started"     // a container was created and started
	reportNotStarted = "not-started" // a container could not be
	reportHook       = "hook"        // a postStart hook failed
	reportStopHook   = "stop-hook"   // a preStop hook failed
	reportProbe      = "probe"       // a probe failed; its kind follows
	reportMount      = "mount"       // the sandbox could not be made (no container)
	reportMountAgain = "mount-again" // what the sandbox lacked may be there now (no container)
	reportEviction   = "eviction"    // the Pod is to be evicted (no container)
	reportVolumes    = "volumes"     // claims may not be bound (no container)
)

func kubeletEvent(pod *corev1.Pod, kind, reason, message string) Event {
	return Event{Regarding: pod, Type: kind, Reason: reason, Message: message, Source: "kubelet", Host: pod.Spec.NodeName}
}

// reportKubelet records the events about one change of a row.
func reportKubelet(in Input, name string, uid api.UID, report string) Plan {
	parts := strings.Split(report, "/")
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	sandbox, placed := store.GetRow[*container.Sandbox](in.View, container.Sandboxes, string(uid))
	if !found || pod.UID != uid {
		if !placed {
			return Plan{}
		}
		pod = sandbox.Pod
	}
	if !nodeRuns(in.View, pod.Spec.NodeName) {
		return Plan{}
	}
	s := &podSync{in: in, pod: pod, sandbox: sandbox}
	switch {
	case parts[0] == reportVolumes:
		s.reportClaims()
	case parts[0] == reportMount && placed:
		s.reportSandbox()
	case parts[0] == reportEviction && placed:
		s.reportEviction()
	case parts[0] == reportMountAgain && placed && sandbox.Failure != "" && !s.terminating():
		s.command(container.Command{Action: container.CreateSandbox, Pod: api.NameOf(pod)})
	case len(parts) >= 3:
		attempt, err := strconv.Atoi(parts[2])
		run, found := store.GetRow[*container.Container](in.View, container.Containers, container.ContainerKey(uid, parts[1], attempt))
		if err == nil && found {
			s.reportRun(run, parts[0], parts[3:])
		}
	}
	return s.plan
}

func (s *podSync) reportRun(run *container.Container, what string, rest []string) {
	created, started := startTexts(s.in.Settings.Release, run.Name)
	switch what {
	case reportStarted:
		s.event(corev1.EventTypeNormal, "Created", created)
		s.event(corev1.EventTypeNormal, "Started", started)
	case reportNotStarted:
		if !containerNotMade(run) {
			s.event(corev1.EventTypeNormal, "Created", created)
		}
		s.event(corev1.EventTypeWarning, "Failed", "Error: "+run.Message)
	case reportHook:
		s.event(corev1.EventTypeWarning, "FailedPostStartHook", "PostStartHook failed")
		s.event(corev1.EventTypeNormal, "Killing", "FailedPostStartHook")
	case reportStopHook:
		s.event(corev1.EventTypeWarning, "FailedPreStopHook", "PreStopHook failed")
	case reportProbe:
		kind := rest[0]
		s.event(corev1.EventTypeWarning, "Unhealthy", strings.ToUpper(kind[:1])+kind[1:]+" probe failed: "+run.Probes[kind].Output)
	}
}

func (s *podSync) reportSandbox() {
	switch {
	case s.sandbox.Failure == "":
	case strings.HasPrefix(s.sandbox.Failure, "MountVolume."):
		s.event(corev1.EventTypeWarning, "FailedMount", s.sandbox.Failure)
	default:
		s.event(corev1.EventTypeWarning, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown desc = "+s.sandbox.Failure)
	}
}

// reportClaims tells now and then what a Pod waits for that was bound to its node before its claims were bound to volumes: one whose
// node was named by hand.
func (s *podSync) reportClaims() {
	if s.sandbox != nil || s.terminating() || podEnded(s.pod) {
		return
	}
	if unmounted, problem := unboundClaims(s.in.View, s.pod); len(unmounted) > 0 {
		s.event(corev1.EventTypeWarning, "FailedMount", fmt.Sprintf(
			"Unable to attach or mount volumes: unmounted volumes=%v, unattached volumes=[], failed to process volumes=%v: %s", unmounted, unmounted, problem))
		s.lookAgain(s.in.Now.Add(syncRetry))
	}
}

// reportWaiting records why containers wait, when the status comes to say so.
func (s *podSync) reportWaiting(status corev1.PodStatus) {
	for spec := range containersOf(s.pod) {
		waiting, waits := s.waiting[spec.Name]
		if !waits || waitingReason(&s.pod.Status, spec.Name) == waiting.Reason || waitingReason(&status, spec.Name) != waiting.Reason {
			continue
		}
		release := s.in.Settings.Release
		warn := func(reason, message string) { s.event(corev1.EventTypeWarning, reason, message) }
		switch waiting.Reason {
		case reasonPull:
			warn("Failed", fmt.Sprintf("Failed to pull image %q: %s", spec.Image, waiting.Message))
		case reasonPullBackoff:
			s.event(corev1.EventTypeNormal, "BackOff", fmt.Sprintf("Back-off pulling image %q", spec.Image))
		case reasonNeverPull:
			warn(reasonNeverPull, waiting.Message)
		case reasonImageName:
			warn("InspectFailed", waiting.Message)
		case reasonCrashLoop:
			warn("BackOff", crashLoopText(release, spec.Name, s.pod))
			continue
		default:
			continue
		}
		warn("Failed", "Error: "+waiting.Reason)
	}
}

// waitingReason is what a status says a container waits for.
func waitingReason(status *corev1.PodStatus, name string) string {
	for _, list := range [][]corev1.ContainerStatus{status.InitContainerStatuses, status.ContainerStatuses, status.EphemeralContainerStatuses} {
		if found := statusOf(list, name); found != nil && found.State.Waiting != nil {
			return found.State.Waiting.Reason
		}
	}
	return ""
}

// The texts below changed from release to release.

func startTexts(release api.Release, name string) (created, started string) {
	switch {
	case release.AtLeast(35):
		return "Container created", "Container started"
	case release.AtLeast(32):
		return "Created container: " + name, "Started container " + name
	case release.AtLeast(14):
		return "Created container " + name, "Started container " + name
	}
	return "Created container", "Started container"
}

func pullingText(release api.Release, image string) string {
	if release.AtLeast(14) {
		return fmt.Sprintf("Pulling image %q", image)
	}
	return fmt.Sprintf("pulling image %q", image)
}

func pulledText(release api.Release, image *container.Image) string {
	took := image.PulledAt.Sub(image.StartedAt).Truncate(time.Millisecond)
	switch {
	case release.AtLeast(30):
		return fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting). Image size: %v bytes.", image.Name, took, took, image.Size)
	case release.AtLeast(27):
		return fmt.Sprintf("Successfully pulled image %q in %v (%v including waiting)", image.Name, took, took)
	}
	return fmt.Sprintf("Successfully pulled image %q", image.Name)
}

func presentText(release api.Release, image string) string {
	text := fmt.Sprintf("Container image %q already present on machine", image)
	if release.AtLeast(35) {
		text += " and can be accessed by the pod"
	}
	return text
}

func pullBackoffText(release api.Release, image *container.Image) string {
	text := fmt.Sprintf("Back-off pulling image %q", image.Name)
	if release.AtLeast(32) {
		text += ": " + reasonPull + ": " + image.Failure
	}
	return text
}

func crashLoopText(release api.Release, name string, pod *corev1.Pod) string {
	if release.AtLeast(27) {
		return fmt.Sprintf("Back-off restarting failed container %s in pod %s", name, podText(pod))
	}
	return "Back-off restarting failed container"
}
