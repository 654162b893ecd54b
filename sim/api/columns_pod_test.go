package api

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// agedPod is a five minutes old pod in a phase, changed by whatever makes its situation special.
func agedPod(phase corev1.PodPhase, changes ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: aged("web-0"), Status: corev1.PodStatus{Phase: phase}}
	for _, change := range changes {
		change(pod)
	}
	return pod
}

// statusChange makes a change to the status of a container.
type statusChange func(*corev1.ContainerStatus)

func isRunning(s *corev1.ContainerStatus) { s.State.Running = &corev1.ContainerStateRunning{} }
func isReady(s *corev1.ContainerStatus)   { isRunning(s); s.Ready, s.Started = true, ptr.To(true) }
func isStarted(s *corev1.ContainerStatus) { isRunning(s); s.Started = ptr.To(true) }

func isWaiting(reason string) statusChange {
	return func(s *corev1.ContainerStatus) { s.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason} }
}

func hasTerminated(reason string, code, signal int32) statusChange {
	return func(s *corev1.ContainerStatus) {
		s.State.Terminated = &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code, Signal: signal}
	}
}

// hasRestarted says how often a container was restarted and how long ago its previous run ended.
func hasRestarted(count int32, last time.Duration) statusChange {
	return func(s *corev1.ContainerStatus) {
		s.RestartCount = count
		s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{FinishedAt: ago(last)}
	}
}

func statusOf(name string, changes []statusChange) corev1.ContainerStatus {
	result := corev1.ContainerStatus{Name: name}
	for _, change := range changes {
		change(&result)
	}
	return result
}

// withContainer adds a container; one that has no status yet was not heard of by the kubelet.
func withContainer(name string, changes ...statusChange) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: name})
		if len(changes) > 0 {
			pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, statusOf(name, changes))
		}
	}
}

func withInitContainer(name string, changes ...statusChange) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: name})
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, statusOf(name, changes))
	}
}

// withSidecar adds an init container that restarts for ever.
func withSidecar(name string, changes ...statusChange) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		withInitContainer(name, changes...)(pod)
		last := &pod.Spec.InitContainers[len(pod.Spec.InitContainers)-1]
		last.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
	}
}

func withCondition(of corev1.PodConditionType, is corev1.ConditionStatus, reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: of, Status: is, Reason: reason})
	}
}

func withReason(reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Status.Reason = reason }
}

func beingDeleted(pod *corev1.Pod) { pod.ObjectMeta = agedAndDeleted(pod.Name) }

func TestPodRows(t *testing.T) {
	const pending, runs, failed, succeeded = corev1.PodPending, corev1.PodRunning, corev1.PodFailed, corev1.PodSucceeded
	const none = " | 5m | [<none>] | [<none>] | [<none>] | [<none>]"
	done := hasTerminated("Completed", 0, 0)
	rows := []checkRow{
		{"a pod that no scheduler has seen",
			agedPod(pending, withContainer("a")), "0/1 | Pending | 0"},
		{"a pod that does not fit on any node is pending like any other",
			agedPod(pending, withContainer("a"), withCondition("PodScheduled", "False", "Unschedulable")), "0/1 | Pending | 0"},
		{"a pod behind a scheduling gate",
			agedPod(pending, withContainer("a"), withCondition("PodScheduled", "False", "SchedulingGated")), "0/1 | SchedulingGated | 0"},
		{"a pod whose image is being pulled",
			agedPod(pending, withContainer("a", isWaiting("ContainerCreating"))), "0/1 | ContainerCreating | 0"},
		{"a pod whose image does not exist",
			agedPod(pending, withContainer("a", isWaiting("ImagePullBackOff"))), "0/1 | ImagePullBackOff | 0"},
		{"a waiting container that does not say why",
			agedPod(pending, withContainer("a", isWaiting(""))), "0/1 | Pending | 0"},
		{"a running pod",
			agedPod(runs, withContainer("a", isReady), withCondition("Ready", "True", "")), "1/1 | Running | 0"},
		{"a running pod that fails its readiness probe",
			agedPod(runs, withContainer("a", isStarted), withCondition("Ready", "False", "ContainersNotReady")), "0/1 | Running | 0"},
		{"one of two containers is ready",
			agedPod(runs, withContainer("a", isReady), withContainer("b", isStarted)), "1/2 | Running | 0"},
		{"a container that is said to be ready but does not run is not counted",
			agedPod(runs, withContainer("a", done, func(s *corev1.ContainerStatus) { s.Ready = true })), "0/1 | Completed | 0"},
		{"a phase that nobody set",
			agedPod(""), "0/0 |  | 0"},
		{"a pod on a node that fell silent",
			agedPod(corev1.PodUnknown, withContainer("a", isReady), withReason("NodeLost")), "1/1 | NodeLost | 0"},

		{"a container that came back once, four minutes ago",
			agedPod(runs, withContainer("a", isReady, hasRestarted(1, 4*time.Minute))), "1/1 | Running | 1 (4m ago)"},
		{"a container that keeps dying",
			agedPod(runs, withContainer("a", isWaiting("CrashLoopBackOff"), hasRestarted(5, 20*time.Second))), "0/1 | CrashLoopBackOff | 5 (20s ago)"},
		{"restarts add up and the latest counts",
			agedPod(runs, withContainer("a", isReady, hasRestarted(2, time.Hour)), withContainer("b", isReady, hasRestarted(1, 3*time.Second))),
			"2/2 | Running | 3 (3s ago)"},
		{"restarts of which no trace is left",
			agedPod(runs, withContainer("a", isReady, func(s *corev1.ContainerStatus) { s.RestartCount = 7 })), "1/1 | Running | 7"},
		{"an earlier run without a restart",
			agedPod(runs, withContainer("a", isReady, hasRestarted(0, time.Minute))), "1/1 | Running | 0"},

		{"the only container is done",
			agedPod(succeeded, withContainer("a", done)), "0/1 | Completed | 0"},
		{"a container failed with the runtime's word for it",
			agedPod(failed, withContainer("a", hasTerminated("OOMKilled", 137, 0))), "0/1 | OOMKilled | 0"},
		{"a container failed without a word",
			agedPod(failed, withContainer("a", hasTerminated("", 3, 0))), "0/1 | ExitCode:3 | 0"},
		{"a container was killed by a signal, without a word",
			agedPod(failed, withContainer("a", hasTerminated("", 137, 9))), "0/1 | Signal:9 | 0"},
		{"of two containers that do not run the first has the last word",
			agedPod(runs, withContainer("a", isWaiting("CrashLoopBackOff")), withContainer("b", isWaiting("ImagePullBackOff"))), "0/2 | CrashLoopBackOff | 0"},
		{"one container is done, the other serves",
			agedPod(runs, withContainer("a", done), withContainer("b", isReady), withCondition("Ready", "True", "")), "1/2 | Running | 0"},
		{"one container is done, the other runs, but the pod is not ready",
			agedPod(runs, withContainer("a", done), withContainer("b", isReady), withCondition("Ready", "False", "")), "1/2 | NotReady | 0"},
		{"one container is done and the other failed: the failure is shown",
			agedPod(failed, withContainer("a", done), withContainer("b", hasTerminated("Error", 1, 0))), "0/2 | Error | 0"},
		{"done, failed and running: the failure weighs more than not being ready",
			agedPod(runs, withContainer("a", done), withContainer("b", hasTerminated("Error", 1, 0)), withContainer("c", isReady)), "1/3 | Error | 0"},
		{"a pod that was evicted before it had containers",
			agedPod(failed, withContainer("a"), withReason("Evicted")), "0/1 | Evicted | 0"},

		{"the first of two init containers has not started",
			agedPod(pending, withInitContainer("x", isWaiting("PodInitializing")), withInitContainer("y", isWaiting("PodInitializing")),
				withContainer("a", isWaiting("PodInitializing"))), "0/1 | Init:0/2 | 0"},
		{"the second of two init containers runs",
			agedPod(pending, withInitContainer("x", done), withInitContainer("y", isRunning), withContainer("a", isWaiting("PodInitializing"))),
			"0/1 | Init:1/2 | 0"},
		{"the init containers are done and the container is about to start",
			agedPod(pending, withInitContainer("x", done), withContainer("a", isWaiting("PodInitializing"))), "0/1 | PodInitializing | 0"},
		{"an init container failed",
			agedPod(pending, withInitContainer("x", hasTerminated("Error", 1, 0)), withContainer("a", isWaiting("PodInitializing"))), "0/1 | Init:Error | 0"},
		{"an init container failed without a word",
			agedPod(pending, withInitContainer("x", hasTerminated("", 2, 0)), withContainer("a")), "0/1 | Init:ExitCode:2 | 0"},
		{"an init container was killed by a signal, without a word",
			agedPod(pending, withInitContainer("x", hasTerminated("", 143, 15)), withContainer("a")), "0/1 | Init:Signal:15 | 0"},
		{"an init container keeps dying; its restarts are shown while it holds up the pod",
			agedPod(pending, withInitContainer("x", isWaiting("CrashLoopBackOff"), hasRestarted(3, 30*time.Second)), withContainer("a", isWaiting("PodInitializing"))),
			"0/1 | Init:CrashLoopBackOff | 3 (30s ago)"},
		{"restarts of init containers are forgotten once the containers run",
			agedPod(runs, withInitContainer("x", done, hasRestarted(3, time.Minute)), withContainer("a", isReady, hasRestarted(1, 2*time.Minute))),
			"1/1 | Running | 1 (2m ago)"},
		{"an init container runs again in a pod that was initialized before",
			agedPod(runs, withInitContainer("x", isRunning, hasRestarted(1, time.Minute)), withContainer("a", hasTerminated("Error", 255, 0)),
				withCondition("Initialized", "True", "")), "0/1 | Error | 0"},
		{"an init container holds up a pod that is not initialized",
			agedPod(runs, withInitContainer("x", isRunning), withContainer("a", hasTerminated("Error", 255, 0)),
				withCondition("Initialized", "False", "")), "0/1 | Init:0/1 | 0"},

		{"a sidecar counts as a container",
			agedPod(runs, withSidecar("x", isReady), withContainer("a", isReady)), "2/2 | Running | 0"},
		{"a sidecar that started but is not ready does not hold up the pod",
			agedPod(runs, withSidecar("x", isStarted), withContainer("a", isReady)), "1/2 | Running | 0"},
		{"a sidecar that has not started holds up the pod",
			agedPod(pending, withSidecar("x", isRunning), withContainer("a", isWaiting("PodInitializing"))), "0/2 | Init:0/1 | 0"},
		{"a sidecar started and the init container after it runs",
			agedPod(pending, withSidecar("x", isReady), withInitContainer("y", isRunning), withContainer("a", isWaiting("PodInitializing"))), "1/2 | Init:1/2 | 0"},
		{"a sidecar keeps dying before it ever started",
			agedPod(pending, withSidecar("x", isWaiting("CrashLoopBackOff"), hasRestarted(2, 9*time.Second)), withContainer("a", isWaiting("PodInitializing"))),
			"0/2 | Init:CrashLoopBackOff | 2 (9s ago)"},
		{"restarts of sidecars and of containers add up, those of init containers do not",
			agedPod(runs, withInitContainer("w", done, hasRestarted(4, time.Second)), withSidecar("x", isReady, hasRestarted(2, 8*time.Second)),
				withContainer("a", isReady, hasRestarted(1, time.Minute))), "2/2 | Running | 3 (8s ago)"},

		{"a running pod that was told to go",
			agedPod(runs, withContainer("a", isReady), beingDeleted), "1/1 | Terminating | 0"},
		{"a pod that was told to go while it kept dying",
			agedPod(runs, withContainer("a", isWaiting("CrashLoopBackOff")), beingDeleted), "0/1 | Terminating | 0"},
		{"a pod that was told to go before it was initialized",
			agedPod(pending, withInitContainer("x", isRunning), withContainer("a", isWaiting("PodInitializing")), beingDeleted), "0/1 | Terminating | 0"},
		{"a finished pod that waits for its finalizers",
			agedPod(succeeded, withContainer("a", done), beingDeleted), "0/1 | Completed | 0"},
		{"a failed pod that waits for its finalizers",
			agedPod(failed, withContainer("a", hasTerminated("Error", 1, 0)), beingDeleted), "0/1 | Error | 0"},
		{"a pod that was told to go on a node that fell silent",
			agedPod(runs, withContainer("a", isReady), withReason("NodeLost"), beingDeleted), "1/1 | Unknown | 0"},
	}
	for i := range rows {
		rows[i].want = "web-0 | " + rows[i].want + none
	}
	checkRows(t, "Pod", rows)
}

func TestPodRowsInTheWideLayout(t *testing.T) {
	gates := func(types ...corev1.PodConditionType) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			for _, of := range types {
				pod.Spec.ReadinessGates = append(pod.Spec.ReadinessGates, corev1.PodReadinessGate{ConditionType: of})
			}
		}
	}
	checkRows(t, "Pod", []checkRow{
		{"a pod with an address on a node", agedPod(corev1.PodRunning, func(pod *corev1.Pod) {
			pod.Spec.NodeName, pod.Status.PodIP = "node-1", "10.244.1.7"
		}), "web-0 | 0/0 | Running | 0 | 5m | [10.244.1.7] | [node-1] | [<none>] | [<none>]"},
		{"a pod with an address of each family shows the first", agedPod(corev1.PodRunning, func(pod *corev1.Pod) {
			pod.Status.PodIPs = []corev1.PodIP{{IP: "10.244.1.7"}, {IP: "fd00::7"}}
		}), "web-0 | 0/0 | Running | 0 | 5m | [10.244.1.7] | [<none>] | [<none>] | [<none>]"},
		{"a pod that waits for others to make room on a node", agedPod(corev1.PodPending, func(pod *corev1.Pod) {
			pod.Status.NominatedNodeName = "node-2"
		}), "web-0 | 0/0 | Pending | 0 | 5m | [<none>] | [<none>] | [node-2] | [<none>]"},
		{"of three gates one is open, one shut and one never reported", agedPod(corev1.PodRunning,
			gates("balancer", "audit", "warm"), withCondition("balancer", "True", ""), withCondition("audit", "False", ""),
		), "web-0 | 0/0 | Running | 0 | 5m | [<none>] | [<none>] | [<none>] | [1/3]"},
	})
}

func TestPodReasonIsTheStatusColumn(t *testing.T) {
	pod := agedPod(corev1.PodRunning, withContainer("a", isWaiting("CrashLoopBackOff")))
	if got := PodReason(pod); got != "CrashLoopBackOff" {
		t.Errorf("got %q", got)
	}
}

func TestPodTemplateRows(t *testing.T) {
	template := &corev1.PodTemplate{ObjectMeta: aged("mold"), Template: corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tier": "front", "app": "web"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "nginx:1"}, {Name: "b", Image: "busybox"}}},
	}}
	checkRows(t, "PodTemplate", []checkRow{
		{"labels are in the order of their keys", template, "mold | a,b | nginx:1,busybox | app=web,tier=front"},
		{"an empty template", &corev1.PodTemplate{ObjectMeta: aged("mold")}, "mold |  |  | <none>"},
	})
}
