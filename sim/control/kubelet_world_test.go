package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// kubeletWorld is a cluster of nothing but Pods: the kubelet loop, a store, and a runtime that does what a script says.
type kubeletWorld struct {
	t        *testing.T
	db       *store.DB
	loop     Loop
	settings *api.Settings
	start    time.Time
	now      time.Time
	keys     []due // when the loop looks at what
	events   []due // what happens in the world
	lines    []string
	syncs    int

	images  map[string]string        // failures of pulls, by image
	stops   map[string]time.Duration // how long a container takes to end
	starts  map[string][2]string     // reason and message with which a container fails to start, by name
	runs    map[string]run           // how runs of a container end by themselves, by name
	probes  map[string]string        // what a probe says, by container/kind; empty is success
	hooks   map[string]hook          // postStart hooks, by container
	sandbox string                   // why no sandbox can be made
}

type due struct {
	at  time.Time
	key Key
	do  func(tx *store.Tx)
}

type run struct {
	after time.Duration
	code  int
}

type hook struct {
	takes time.Duration
	fails string
}

func newKubeletWorld(t *testing.T, release string) *kubeletWorld {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	settings := &api.Settings{Timings: api.DefaultTimings()}
	if release != "" {
		parsed, err := api.ParseRelease(release)
		if err != nil {
			t.Fatal(err)
		}
		settings.Release = parsed
	}
	return &kubeletWorld{
		t: t, db: store.New(start, container.Tables()...), loop: kubeletLoop(), settings: settings, start: start, now: start,
		images: map[string]string{}, stops: map[string]time.Duration{}, starts: map[string][2]string{}, runs: map[string]run{},
		probes: map[string]string{}, hooks: map[string]hook{},
	}
}

func kubeletNode(name string) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: api.UID(name), Labels: map[string]string{"kubernetes.io/hostname": name}},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"),
				corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"), corev1.ResourcePods: resource.MustParse("3"),
			},
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.168.49.2"}},
		},
	}
}

// put makes or changes an object as a user would.
func (w *kubeletWorld) put(object api.Object) { w.commit(func(tx *store.Tx) { tx.Put(object) }) }

func (w *kubeletWorld) say(format string, args ...any) {
	w.lines = append(w.lines, fmt.Sprintf("%8.3fs  %s", w.now.Sub(w.start).Seconds(), fmt.Sprintf(format, args...)))
}

// commit makes a transaction and wakes the loop for it.
func (w *kubeletWorld) commit(do func(tx *store.Tx)) {
	tx := w.db.Begin()
	tx.AdvanceTo(w.now)
	do(tx)
	wake := func(key Key) { w.schedule(w.now.Add(w.loop.Latency), key) }
	for _, change := range tx.Changes() {
		w.loop.Wakes(tx.View, change, wake)
	}
	for _, change := range tx.RowChanges() {
		w.loop.RowWakes(tx.View, change, wake)
	}
	tx.Commit()
}

// schedule calls the loop for a key, once and at the earliest of the times asked for.
func (w *kubeletWorld) schedule(at time.Time, key Key) {
	for i := range w.keys {
		if w.keys[i].key == key {
			if at.Before(w.keys[i].at) {
				w.keys = slices.Delete(w.keys, i, i+1)
				break
			}
			return
		}
	}
	w.keys = append(w.keys, due{at: at, key: key})
}

func (w *kubeletWorld) later(after time.Duration, do func(tx *store.Tx)) {
	w.events = append(w.events, due{at: w.now.Add(after), do: do})
}

// take removes the earliest of a list that is due by the end.
func take(list *[]due, end time.Time) (due, bool) {
	first := -1
	for i, one := range *list {
		if !one.at.After(end) && (first < 0 || one.at.Before((*list)[first].at)) {
			first = i
		}
	}
	if first < 0 {
		return due{}, false
	}
	taken := (*list)[first]
	*list = slices.Delete(*list, first, first+1)
	return taken, true
}

// runUntil lets things happen. At one instant the world goes before the kubelet.
func (w *kubeletWorld) runUntil(end time.Time) {
	for limit := 0; ; limit++ {
		if limit > 100000 {
			w.t.Fatalf("the kubelet does not come to rest: still busy at %v", w.now.Sub(w.start))
		}
		horizon := end
		for _, one := range w.keys {
			if one.at.Before(horizon) {
				horizon = one.at
			}
		}
		if event, found := take(&w.events, horizon); found {
			w.now = event.at
			w.commit(event.do)
			continue
		}
		next, found := take(&w.keys, end)
		if !found {
			w.now = end
			return
		}
		w.now = next.at
		w.sync(next.key)
	}
}

func (w *kubeletWorld) sync(key Key) {
	w.syncs++
	plan := w.loop.Sync(Input{View: w.db.View(), Key: key, Now: w.now, Settings: w.settings})
	if plan.Error != nil {
		w.t.Fatal(plan.Error)
	}
	for _, event := range plan.Events {
		w.say("event %s %s: %s", event.Type, event.Reason, event.Message)
	}
	w.commit(func(tx *store.Tx) {
		for _, write := range plan.Writes {
			w.write(tx, write)
		}
		for _, command := range plan.Commands {
			w.execute(tx, command)
		}
	})
	if !plan.Requeue.IsZero() {
		if !plan.Requeue.After(w.now) {
			w.t.Fatalf("%v asks to be called again at a time that is past: %v at %v", key, plan.Requeue, w.now)
		}
		w.schedule(plan.Requeue, key)
	}
}

func (w *kubeletWorld) write(tx *store.Tx, write Write) {
	pod := write.Object.(*corev1.Pod)
	stored, found := store.Get[*corev1.Pod](tx.View, pod.Namespace, pod.Name)
	switch {
	case !found:
		return
	case write.Verb == UpdateStatus:
		if stored.ResourceVersion != pod.ResourceVersion {
			w.t.Fatalf("conflict: status written at %s, the Pod is at %s", pod.ResourceVersion, stored.ResourceVersion)
		}
		tx.Put(pod.DeepCopy())
		w.say("status %s", statusLine(pod))
	case write.Verb == Delete:
		if *write.DeleteOptions.GracePeriodSeconds != 0 || write.DeleteOptions.UID != stored.UID {
			w.t.Fatalf("unexpected options of a deletion: %+v", write.DeleteOptions)
		}
		w.say("delete")
		if len(stored.Finalizers) == 0 {
			tx.Delete(stored)
			return
		}
		held := stored.DeepCopy()
		held.DeletionGracePeriodSeconds = ptr.To[int64](0)
		tx.Put(held)
	default:
		w.t.Fatalf("the kubelet has no business to %s", write.Verb)
	}
}

// execute is the runtime.
func (w *kubeletWorld) execute(tx *store.Tx, command container.Command) {
	words := []string{string(command.Action)}
	if command.Container != "" {
		words = append(words, command.Container, strconv.Itoa(command.Attempt))
	}
	if command.Grace > 0 {
		words = append(words, "within", command.Grace.Round(time.Second).String())
	}
	if command.Backoff > 0 {
		words = append(words, "then back off", command.Backoff.String())
	}
	w.say("%s", strings.Join(strings.Fields(strings.Join(append(words, command.Image, command.Probe), " ")), " "))
	key := container.ContainerKey(command.UID, command.Container, command.Attempt)
	switch command.Action {
	case container.PullImage:
		w.pull(tx, command)
	case container.CreateSandbox:
		pod, _ := store.Get[*corev1.Pod](tx.View, command.Pod.Namespace, command.Pod.Name)
		row := container.Sandbox{UID: command.UID, Pod: pod, Node: command.Node, CreatedAt: w.now}
		tx.PutRow(container.Sandboxes, &row)
		w.later(w.settings.Timings.PodSandbox, func(tx *store.Tx) {
			made := row
			made.Failure = w.sandbox
			if made.Ready = made.Failure == ""; made.Ready {
				made.IPs = []netip.Addr{netip.MustParseAddr("10.244.0.2")}
			}
			tx.PutRow(container.Sandboxes, &made)
		})
	case container.StartContainer:
		if _, found := store.GetRow[*container.Container](tx.View, container.Containers, key); found {
			w.t.Fatalf("%s is there already", key)
		}
		row := &container.Container{
			UID: command.UID, Name: command.Container, Attempt: command.Attempt, ID: fmt.Sprintf("%s-%d", command.Container, command.Attempt),
			Node: command.Node, State: container.Created, CreatedAt: w.now, Backoff: command.Backoff, Config: &container.Config{},
		}
		if pod, found := store.Get[*corev1.Pod](tx.View, "default", "web-0"); found {
			row.Image = containerSpec(pod, command.Container).Image
		}
		tx.PutRow(container.Containers, row)
		w.later(w.settings.Timings.ContainerStart, func(tx *store.Tx) { w.started(tx, key) })
	case container.StopContainer:
		w.stop(tx, key, command.Grace)
	case container.RunProbe:
		w.change(tx, key, func(c *container.Container) {
			result := c.Probes[command.Probe]
			result.At, result.Output = w.now, w.probes[command.Container+"/"+command.Probe]
			if result.Success = result.Output == ""; result.Success {
				result.Successes, result.Failures = result.Successes+1, 0
			} else {
				result.Successes, result.Failures = 0, result.Failures+1
			}
			probes := map[string]container.ProbeResult{command.Probe: result}
			for kind, other := range c.Probes {
				if kind != command.Probe {
					probes[kind] = other
				}
			}
			c.Probes = probes
		})
	case container.RemoveSandbox:
		for row := range store.Rows[*container.Container](tx.View, container.Containers, string(command.UID)+"/") {
			if row.State != container.Exited {
				w.t.Fatalf("%s still runs", row.RowKey())
			}
			w.later(0, func(tx *store.Tx) { tx.DeleteRow(container.Containers, row.RowKey()) })
		}
		tx.DeleteRow(container.Sandboxes, string(command.UID))
	case container.PruneContainer:
		tx.DeleteRow(container.Containers, key)
	default:
		w.t.Fatalf("unexpected command %s", command.Action)
	}
}

// change puts a changed copy of a container's row.
func (w *kubeletWorld) change(tx *store.Tx, key string, change func(*container.Container)) {
	row, found := store.GetRow[*container.Container](tx.View, container.Containers, key)
	if !found {
		w.t.Fatalf("no container %s", key)
	}
	changed := *row
	change(&changed)
	tx.PutRow(container.Containers, &changed)
}

func (w *kubeletWorld) pull(tx *store.Tx, command container.Command) {
	row := container.Image{Node: command.Node, Name: command.Image}
	if old, found := store.GetRow[*container.Image](tx.View, container.Images, row.RowKey()); found {
		row = *old
	}
	row.Pulling, row.StartedAt = true, w.now
	pulling := row
	tx.PutRow(container.Images, &pulling)
	takes := w.settings.Timings.ImagePull
	if row.Present {
		takes = 0
	}
	w.later(takes, func(tx *store.Tx) {
		done := row
		done.Pulling, done.Failure = false, w.images[row.Name]
		if done.Failure != "" {
			done.Failures, done.FailedAt = done.Failures+1, w.now
		} else {
			done.Present, done.Failures, done.PulledAt, done.Size = true, 0, w.now, 72e6
		}
		tx.PutRow(container.Images, &done)
	})
}

func (w *kubeletWorld) started(tx *store.Tx, key string) {
	row, found := store.GetRow[*container.Container](tx.View, container.Containers, key)
	if !found || row.State != container.Created {
		return
	}
	if failure, fails := w.starts[row.Name]; fails {
		w.change(tx, key, func(c *container.Container) {
			c.State, c.FinishedAt, c.ExitCode, c.Reason, c.Message = container.Exited, w.now, 128, failure[0], failure[1]
		})
		return
	}
	w.change(tx, key, func(c *container.Container) {
		c.State, c.StartedAt = container.Running, w.now
		if hook, found := w.hooks[c.Name]; found {
			c.Hook = container.PostStart
			w.later(hook.takes, func(tx *store.Tx) {
				w.change(tx, key, func(c *container.Container) { c.Hook, c.HookError = "", hook.fails })
				if hook.fails != "" {
					w.stop(tx, key, 30*time.Second)
				}
			})
		}
	})
	if end, found := w.runs[row.Name]; found {
		w.later(end.after, func(tx *store.Tx) { w.exit(tx, key, end.code, 0) })
	}
}

func (w *kubeletWorld) exit(tx *store.Tx, key string, code, signal int) {
	row, found := store.GetRow[*container.Container](tx.View, container.Containers, key)
	if !found || row.State == container.Exited {
		return
	}
	w.change(tx, key, func(c *container.Container) {
		c.State, c.FinishedAt, c.ExitCode, c.Signal, c.Reason, c.Hook = container.Exited, w.now, code, signal, "Completed", ""
		if code != 0 {
			c.Reason = "Error"
		}
	})
}

func (w *kubeletWorld) stop(tx *store.Tx, key string, grace time.Duration) {
	row, found := store.GetRow[*container.Container](tx.View, container.Containers, key)
	if !found {
		return
	}
	if row.State == container.Created {
		w.exit(tx, key, 128, 0)
		return
	}
	w.change(tx, key, func(c *container.Container) { c.Stopping, c.KillAt = true, w.now.Add(grace) })
	takes, slow := w.stops[row.Name]
	if !slow {
		takes = w.settings.Timings.PreStopAndExit
	}
	if takes > grace {
		w.later(grace, func(tx *store.Tx) { w.exit(tx, key, 137, 9) })
	} else if !row.Stopping {
		w.later(takes, func(tx *store.Tx) { w.exit(tx, key, 0, 0) })
	}
}

// statusLine is what matters of a status on one line.
func statusLine(pod *corev1.Pod) string {
	words := []string{string(pod.Status.Phase)}
	if pod.Status.Reason != "" {
		words = append(words, pod.Status.Reason)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Status == corev1.ConditionTrue && condition.Type != corev1.PodScheduled && condition.Type != corev1.ContainersReady {
			words = append(words, string(condition.Type))
		}
	}
	for _, list := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses} {
		for _, status := range list {
			words = append(words, "|", status.Name, stateLine(status.State))
			if status.RestartCount > 0 {
				words = append(words, fmt.Sprintf("(%d)", status.RestartCount))
			}
			if status.LastTerminationState.Terminated != nil {
				words = append(words, "last", stateLine(status.LastTerminationState))
			}
			if status.Ready {
				words = append(words, "ready")
			}
		}
	}
	return strings.Join(words, " ")
}

func stateLine(state corev1.ContainerState) string {
	switch {
	case state.Running != nil:
		return "running"
	case state.Terminated != nil:
		return fmt.Sprintf("%s %d", state.Terminated.Reason, state.Terminated.ExitCode)
	}
	return state.Waiting.Reason
}
