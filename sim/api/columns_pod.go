package api

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

var podPrinter = printed(
	podRow,
	nameColumn,
	textColumn("Ready", "The aggregate readiness state of this pod for accepting traffic."),
	textColumn("Status", "The aggregate status of the containers in this pod."),
	textColumn("Restarts", "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted."),
	ageColumn,
	wideColumn("IP", describe(corev1.PodStatus{}, "podIP")),
	wideColumn("Node", describe(corev1.PodSpec{}, "nodeName")),
	wideColumn("Nominated Node", describe(corev1.PodStatus{}, "nominatedNodeName")),
	wideColumn("Readiness Gates", describe(corev1.PodSpec{}, "readinessGates")),
)

func podRow(pod *corev1.Pod, now time.Time) []any {
	summary := summarizePod(pod)
	return []any{
		pod.Name, fmt.Sprintf("%d/%d", summary.ready, summary.containers), summary.reason,
		summary.restarts.String(now), ageOf(pod, now),
		podIP(pod), orElse(pod.Spec.NodeName, cellNone), orElse(pod.Status.NominatedNodeName, cellNone),
		podReadinessGates(pod),
	}
}

// PodReason is the one word that describes the state of a pod, as in the STATUS column of kubectl get pods: its phase
// unless something more telling is known, e.g. Init:0/2, PodInitializing, CrashLoopBackOff, Completed, Terminating.
// Upstream: pkg/printers/internalversion/printers.go, printPod.
func PodReason(pod *corev1.Pod) string { return summarizePod(pod).reason }

// podSummary is what is left of all container statuses of a pod in one row of a table.
type podSummary struct {
	containers, ready int // sidecars, which are init containers that restart for ever, count as containers
	reason            string
	restarts          restartTally
}

// summarizePod reads the statuses in the order of a pod's life: what the scheduler and the kubelet say of the whole pod,
// the init containers up to the first that is not done, the containers unless that one holds them up, and last the
// deletion, which outweighs all else. Each may overrule the reason found before.
func summarizePod(pod *corev1.Pod) podSummary {
	summary := podSummary{containers: len(pod.Spec.Containers), reason: podPhaseReason(pod)}
	sidecars := map[string]bool{}
	for i := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[i]
		sidecar := ptr.Deref(container.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways
		sidecars[container.Name] = sidecar
		if sidecar {
			summary.containers++
		}
	}

	held, ofSidecars := summary.readInitContainers(pod, sidecars)
	// An initialized pod whose sandbox was lost runs its init containers again, and is judged by its containers all
	// the same.
	if !held || podConditionIsTrue(pod, corev1.PodInitialized) {
		summary.restarts = ofSidecars
		summary.readContainers(pod)
	}

	if pod.DeletionTimestamp != nil {
		finished := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		switch {
		case pod.Status.Reason == "NodeLost":
			summary.reason = "Unknown"
		case !finished:
			summary.reason = "Terminating"
		}
	}
	return summary
}

// podPhaseReason is the reason before any container is looked at.
func podPhaseReason(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Reason == corev1.PodReasonSchedulingGated {
			return corev1.PodReasonSchedulingGated
		}
	}
	return orElse(pod.Status.Reason, string(pod.Status.Phase))
}

// readInitContainers goes through the init containers until one is neither done nor a started sidecar, and reports
// whether one holds the pod up like this. The restarts counted are those of all init containers it came by; those of
// the sidecars among them are given back, because they alone matter once the containers run.
func (s *podSummary) readInitContainers(pod *corev1.Pod, sidecars map[string]bool) (held bool, ofSidecars restartTally) {
	for i := range pod.Status.InitContainerStatuses {
		status := &pod.Status.InitContainerStatuses[i]
		sidecar := sidecars[status.Name]
		s.restarts.add(status)
		if sidecar {
			ofSidecars.add(status)
		}
		terminated, waiting := status.State.Terminated, status.State.Waiting
		switch {
		case terminated != nil && terminated.ExitCode == 0:
			continue
		case sidecar && ptr.Deref(status.Started, false):
			if status.Ready {
				s.ready++
			}
			continue
		case terminated != nil:
			s.reason = "Init:" + terminationReason(terminated)
		case waiting != nil && waiting.Reason != "" && waiting.Reason != "PodInitializing":
			s.reason = "Init:" + waiting.Reason
		default:
			s.reason = fmt.Sprintf("Init:%d/%d", i, len(pod.Spec.InitContainers))
		}
		return true, ofSidecars
	}
	return false, ofSidecars
}

// readContainers lets each container that is not running give the reason, the first of the pod having the last word.
// Completed is shown only when it says something of the whole pod.
func (s *podSummary) readContainers(pod *corev1.Pod) {
	running, failure := false, ""
	for i := len(pod.Status.ContainerStatuses) - 1; i >= 0; i-- {
		status := &pod.Status.ContainerStatuses[i]
		s.restarts.add(status)
		terminated, waiting := status.State.Terminated, status.State.Waiting
		switch {
		case waiting != nil && waiting.Reason != "":
			s.reason = waiting.Reason
		case terminated != nil:
			s.reason = terminationReason(terminated)
			if terminated.ExitCode != 0 {
				failure = s.reason
			}
		case status.Ready && status.State.Running != nil:
			running = true
			s.ready++
		}
	}
	if s.reason != "Completed" {
		return
	}
	switch {
	case running && podConditionIsTrue(pod, corev1.PodReady):
		s.reason = "Running"
	case failure != "":
		s.reason = failure
	case running:
		s.reason = "NotReady"
	}
}

// terminationReason is the runtime's word for the end of a container, or the signal or exit code when it gave none.
func terminationReason(terminated *corev1.ContainerStateTerminated) string {
	switch {
	case terminated.Reason != "":
		return terminated.Reason
	case terminated.Signal != 0:
		return fmt.Sprintf("Signal:%d", terminated.Signal)
	}
	return fmt.Sprintf("ExitCode:%d", terminated.ExitCode)
}

// restartTally counts restarts and keeps the end of the latest run that was followed by one.
type restartTally struct {
	count int
	last  time.Time
}

func (r *restartTally) add(status *corev1.ContainerStatus) {
	r.count += int(status.RestartCount)
	if ended := status.LastTerminationState.Terminated; ended != nil && r.last.Before(ended.FinishedAt.Time) {
		r.last = ended.FinishedAt.Time
	}
}

// String is "3 (20s ago)", or the number alone while nothing restarted or nobody knows when.
func (r restartTally) String(now time.Time) string {
	if r.count == 0 || r.last.IsZero() {
		return strconv.Itoa(r.count)
	}
	return fmt.Sprintf("%d (%s ago)", r.count, elapsed(r.last, now))
}

// podConditionIsTrue looks at the first condition of the type.
func podConditionIsTrue(pod *corev1.Pod, wanted corev1.PodConditionType) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == wanted {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// podIP is the primary address: the single field where it is set, else the first of the list.
func podIP(pod *corev1.Pod) string {
	address := pod.Status.PodIP
	if address == "" && len(pod.Status.PodIPs) > 0 {
		address = pod.Status.PodIPs[0].IP
	}
	return orElse(address, cellNone)
}

// podReadinessGates is how many of the gates' conditions are true.
func podReadinessGates(pod *corev1.Pod) string {
	gates := pod.Spec.ReadinessGates
	if len(gates) == 0 {
		return cellNone
	}
	open := 0
	for _, gate := range gates {
		if podConditionIsTrue(pod, gate.ConditionType) {
			open++
		}
	}
	return fmt.Sprintf("%d/%d", open, len(gates))
}

var podTemplatePrinter = printed(
	func(template *corev1.PodTemplate, _ time.Time) []any {
		names, images := containerCells(template.Template.Spec.Containers)
		return []any{template.Name, names, images, labels.FormatLabels(template.Template.Labels)}
	},
	nameColumn,
	textColumn("Containers", containersColumn.Description),
	textColumn("Images", imagesColumn.Description),
	textColumn("Pod Labels", "The labels for the pod template."),
)
