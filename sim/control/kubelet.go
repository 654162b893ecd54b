package control

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

const (
	// kubeletLatency lets changes of one instant be seen together: two containers that become ready are one write of the status.
	kubeletLatency = 10 * time.Millisecond
	// relistPeriod is how long a kubelet shows what happened to a container before it shows what it does about it: Error before
	// CrashLoopBackOff, ErrImagePull before ImagePullBackOff. Upstream it is the time to the next sync, about as long as
	// one look at all containers (pkg/kubelet/kubelet.go genericPlegRelistPeriod).
	relistPeriod = time.Second
	// syncRetry is how long a kubelet waits after a sync that failed (upstream: pkg/kubelet/kubelet.go backOffPeriod).
	syncRetry = 10 * time.Second
)

// kubeletLoop is the kubelets of all nodes (upstream: pkg/kubelet): it makes the containers of the Pods that are bound to
// a node, keeps them as the Pod says, and tells in the Pod's status what became of them.
//
// Its keys are:
//
//   - "NAME": do what the Pod of that name needs;
//   - "NAME/UID": clean up after a Pod whose object is gone;
//   - "NAME/UID/WHAT...": record an event about what a change of a row shows, see [reportKubelet]. Such keys exist since a
//     loop has no memory: the change wakes the key once, and so the event is recorded once.
func kubeletLoop() Loop {
	return Loop{Name: "kubelet", Latency: kubeletLatency, Wakes: wakeKubelet, RowWakes: rowWakeKubelet, Sync: syncKubelet}
}

// nodeRuns says whether the kubelet of a node does its work: its machine does. It does not mind that the Node object is gone. A Pod bound to
// a node that there never was waits for ever.
func nodeRuns(view store.View, node string) bool {
	if machine, found := store.GetRow[*container.Machine](view, container.Machines, node); found {
		return machine.Runs()
	}
	_, found := store.Get[*corev1.Node](view, "", node)
	return found
}

func syncKubelet(in Input) Plan {
	name, rest, isPart := strings.Cut(in.Key.Name, "/")
	uid, report, isReport := strings.Cut(rest, "/")
	switch {
	case isReport:
		return reportKubelet(in, name, api.UID(uid), report)
	case isPart:
		return cleanUpPod(in, name, api.UID(uid))
	}
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, name)
	if !found || pod.Spec.NodeName == "" || !nodeRuns(in.View, pod.Spec.NodeName) {
		return Plan{}
	}
	s := newPodSync(in, pod)
	if s.node != nil && pod.Status.StartTime == nil && pod.DeletionTimestamp == nil && !podEnded(pod) {
		if reason, message := admitPod(in.View, pod, s.node); reason != "" {
			return s.reject(reason, message)
		}
	}
	switch {
	case s.terminating() || podEnded(pod):
		s.stopAll(s.gracePeriod())
	case s.evicted() != "":
		s.stopAll(leastPodGrace)
	case s.pastDeadline():
		s.exceedDeadline()
	default:
		s.lookAgain(s.deadline())
		s.advance()
	}
	s.scheduleProbes()
	s.writeStatus()
	s.deletePod()
	return s.plan
}

// podSync is one look at one Pod: what is known, and the Plan that grows from it.
type podSync struct {
	in      Input
	pod     *corev1.Pod
	node    *corev1.Node                            // nil when the object is gone
	sandbox *container.Sandbox                      // nil when there is none
	runs    []*container.Container                  // of all its containers, by name and attempt
	waiting map[string]corev1.ContainerStateWaiting // why containers that ought to run do not, by name
	busy    bool                                    // the Pod's containers are being started, one after the other
	plan    Plan
}

func newPodSync(in Input, pod *corev1.Pod) *podSync {
	s := &podSync{in: in, pod: pod}
	s.node, _ = store.Get[*corev1.Node](in.View, "", pod.Spec.NodeName)
	s.sandbox, _ = store.GetRow[*container.Sandbox](in.View, container.Sandboxes, string(pod.UID))
	for run := range store.Rows[*container.Container](in.View, container.Containers, string(pod.UID)+"/") {
		s.runs = append(s.runs, run)
	}
	return s
}

// runsOf are the runs of a container, the newest last.
func (s *podSync) runsOf(name string) []*container.Container {
	first := slices.IndexFunc(s.runs, func(run *container.Container) bool { return run.Name == name })
	if first < 0 {
		return nil
	}
	end := first + 1
	for end < len(s.runs) && s.runs[end].Name == name {
		end++
	}
	return s.runs[first:end]
}

// newestRuns goes through the newest run of every container that has one.
func (s *podSync) newestRuns(yield func(*container.Container) bool) {
	for i, run := range s.runs {
		if (i+1 == len(s.runs) || s.runs[i+1].Name != run.Name) && !yield(run) {
			return
		}
	}
}

// waits notes why a container that ought to run does not.
func (s *podSync) waits(name, reason, message string) {
	if s.waiting == nil {
		s.waiting = map[string]corev1.ContainerStateWaiting{}
	}
	s.waiting[name] = corev1.ContainerStateWaiting{Reason: reason, Message: message}
}

// newest is the newest run of a container; nil when there was none.
func (s *podSync) newest(name string) *container.Container {
	if runs := s.runsOf(name); len(runs) > 0 {
		return runs[len(runs)-1]
	}
	return nil
}

func (s *podSync) terminating() bool { return s.pod.DeletionTimestamp != nil }

// alive says whether any container runs or is being started.
func (s *podSync) alive() bool {
	for run := range s.newestRuns {
		if run.State != container.Exited {
			return true
		}
	}
	return false
}

// command asks the runtime for something.
func (s *podSync) command(command container.Command) {
	command.UID, command.Node = s.pod.UID, s.pod.Spec.NodeName
	if s.sandbox != nil {
		command.Node = s.sandbox.Node
	}
	s.plan.Commands = append(s.plan.Commands, command)
}

// event records an event about the Pod.
func (s *podSync) event(kind, reason, message string) {
	s.plan.Events = append(s.plan.Events, kubeletEvent(s.pod, kind, reason, message))
}

// lookAgain asks for a sync at a time to come.
func (s *podSync) lookAgain(when time.Time) {
	if when.After(s.in.Now) && (s.plan.Requeue.IsZero() || when.Before(s.plan.Requeue)) {
		s.plan.Requeue = when
	}
}

// writeStatus tells what is known, when that is something new.
func (s *podSync) writeStatus() {
	if podEnded(s.pod) && s.sandbox == nil && len(s.runs) == 0 && len(s.pod.Status.ContainerStatuses) == 0 {
		return // a Pod that was not taken: upstream's never looks at it again
	}
	status := s.status()
	s.reportWaiting(status)
	if api.Equal(&s.pod.Status, &status) {
		return
	}
	changed := *s.pod // the rest is shared: rows never change
	changed.Status = status
	s.plan.Writes = append(s.plan.Writes, Write{Verb: UpdateStatus, Object: &changed, Tolerate: []string{"NotFound"}})
}
