package sim_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

var updateStories = flag.Bool("update", false, "write the stories in testdata anew")

// story is a cluster with the set web of three Pods, one on each node, and what is told of it from a moment on.
type story struct {
	*sim.Cluster
	t     *testing.T
	begin time.Time
	home  string // the node web-1 is on
	lines []string
}

func newStory(t *testing.T, options sim.Options) *story {
	t.Helper()
	return newStoryOf(t, options, spreadWeb())
}

func newStoryOf(t *testing.T, options sim.Options, manifest string) *story {
	t.Helper()
	s := &story{t: t}
	options.Trace = func(record sim.Record) {
		if !s.begin.IsZero() {
			s.tell(record)
		}
	}
	s.Cluster = sim.New(options)
	if err := s.Apply([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	if err := s.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
		t.Fatal(err)
	}
	s.RunFor(s.Options().Start.Add(time.Minute).Sub(s.Now())) // what follows begins at a full minute
	s.home = s.pod("web-1").Spec.NodeName
	s.begin = s.Now()
	return s
}

// spread keeps the Pods of the set on different nodes.
const spread = `      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: nginx}}}
`

func spreadWeb() string {
	return strings.Replace(web, "spec:\n      containers", "spec:\n"+spread+"      containers", 1)
}

func (s *story) say(at time.Time, format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf("%8.2fs  %s", at.Sub(s.begin).Seconds(), fmt.Sprintf(format, args...)))
}

// tell says what a record changes for somebody who looks at nodes, Pods, events and processes.
func (s *story) tell(record sim.Record) {
	for _, change := range record.Changes {
		switch object := change.Object().(type) {
		case *corev1.Node:
			old, _ := change.Old.(*corev1.Node)
			now, _ := change.New.(*corev1.Node)
			if was, is := nodeLine(old), nodeLine(now); was != is {
				s.say(record.At, "node  %s %s", object.Name, is)
			}
		case *corev1.Pod:
			old, _ := change.Old.(*corev1.Pod)
			now, _ := change.New.(*corev1.Pod)
			if was, is := podLine(old), podLine(now); was != is {
				s.say(record.At, "pod   %s %s", object.Name, is)
			}
		case *corev1.Event:
			if event := object; change.New != nil {
				s.say(record.At, "event %s %s %s: %s", event.InvolvedObject.Name, event.Type, event.Reason, event.Message)
			}
		}
	}
	for i, change := range record.Rows {
		run, _ := change.New.(*container.Container)
		old, _ := change.Old.(*container.Container)
		if run == nil || run.State == container.Created || old != nil && old.State == run.State && old.ExitCode == run.ExitCode {
			continue
		}
		if slices.ContainsFunc(record.Rows[i+1:], func(later store.RowChange) bool {
			again, _ := later.New.(*container.Container)
			return again != nil && again.RowKey() == run.RowKey() && again.ExitCode != run.ExitCode
		}) {
			continue
		}
		line := fmt.Sprintf("%s of %s on %s %s", run.Name, s.owner(run.UID), run.Node, run.State)
		if run.State == container.Exited {
			line += fmt.Sprintf(" (%s, %d)", run.Reason, run.ExitCode)
		}
		s.say(record.At, "run   %s", line)
	}
}

func (s *story) owner(uid api.UID) string {
	sandbox, found := store.GetRow[*container.Sandbox](s.View(), container.Sandboxes, string(uid))
	if !found {
		return "?"
	}
	return sandbox.Pod.Name
}

func nodeLine(node *corev1.Node) string {
	if node == nil {
		return "gone"
	}
	line := "Ready?"
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			line = "Ready=" + string(condition.Status)
		}
	}
	for _, taint := range node.Spec.Taints {
		line += " " + strings.TrimPrefix(taint.Key, "node.kubernetes.io/") + ":" + string(taint.Effect)
	}
	return line
}

func podLine(pod *corev1.Pod) string {
	if pod == nil {
		return "gone"
	}
	line := api.PodReason(pod) + " " + string(pod.Status.Phase)
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			line += " Ready"
		}
		if condition.Type == corev1.DisruptionTarget {
			line += " " + condition.Reason
		}
	}
	if pod.Spec.NodeName != "" {
		line += " on " + pod.Spec.NodeName
	}
	return line
}

func (s *story) pod(name string) *corev1.Pod {
	s.t.Helper()
	pod, found := store.Get[*corev1.Pod](s.View(), "default", name)
	if !found {
		s.t.Fatalf("there is no Pod %s\n%s", name, strings.Join(s.lines, "\n"))
	}
	return pod
}

// do is something that somebody does.
func (s *story) do(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
}

func (s *story) deletePod(name string, force bool) error {
	var options metav1.DeleteOptions
	if force {
		options.GracePeriodSeconds = ptr.To[int64](0)
	}
	_, _, err := s.Delete(api.KindNamed("Pod"), api.Name{Namespace: "default", Name: name}, options)
	return err
}

func (s *story) deleteNode(name string) error {
	_, _, err := s.Delete(api.KindNamed("Node"), api.Name{Name: name}, metav1.DeleteOptions{})
	return err
}

func (s *story) editNode(name string, edit func(*corev1.Node)) error {
	_, _, err := s.Mutate(api.KindNamed("Node"), api.Name{Name: name}, "", false, false, func(current api.Object) (api.Object, error) {
		changed := current.DeepCopyObject().(*corev1.Node)
		edit(changed)
		return changed, nil
	})
	return err
}

func (s *story) taint(name, key string, effect corev1.TaintEffect) error {
	return s.editNode(name, func(node *corev1.Node) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: effect})
	})
}

func (s *story) running(pod string) (nodes []string) {
	for run := range store.Rows[*container.Container](s.View(), container.Containers, "") {
		if run.State == container.Running && s.owner(run.UID) == pod {
			nodes = append(nodes, run.Node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// check compares what was told with testdata/NAME.txt.
func (s *story) check(name string) {
	s.t.Helper()
	path := filepath.Join("testdata", name+".txt")
	got := strings.Join(s.lines, "\n") + "\n"
	if *updateStories {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			s.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	if got != string(want) {
		s.t.Errorf("%s is told differently (go test ./sim -update writes it anew):\n%s", path, got)
	}
}

// The timeline of a node that stops: silence, NotReady, eviction, and a Pod that is Terminating for ever since nobody can say that it ended.
func TestANodeStops(t *testing.T) {
	s := newStory(t, sim.Options{Check: true})
	s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("node-stops")
	if s.pod("web-1").DeletionTimestamp == nil {
		t.Error("web-1 is not terminating")
	}
	for _, broken := range s.BrokenPromises() {
		t.Error(broken)
	}
}

func TestTheGracePeriodOfOlderReleases(t *testing.T) {
	for release, want := range map[string]time.Duration{"1.36": 50 * time.Second, "1.32": 50 * time.Second, "1.31": 40 * time.Second, "1.9": 40 * time.Second} {
		s := newStory(t, sim.Options{Kubernetes: release})
		s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
		s.RunFor(want - time.Second)
		before, _ := store.Get[*corev1.Node](s.View(), "", s.home)
		s.RunFor(2 * time.Second)
		after, _ := store.Get[*corev1.Node](s.View(), "", s.home)
		if nodeLine(before) != "Ready=True" || !strings.HasPrefix(nodeLine(after), "Ready=Unknown unreachable:NoSchedule") {
			t.Errorf("%s: %s, then %s", release, nodeLine(before), nodeLine(after))
		}
	}
}

// Before 1.13 the node controller deleted the Pods itself, and kubectl showed their status as Unknown.
func TestANodeStopsInAnOldRelease(t *testing.T) {
	s := newStory(t, sim.Options{Kubernetes: "1.9"})
	s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("node-stops-1.9")
}

// Each ending of the state in which the Pod of a stopped node is Terminating.
func TestHowTheWaitEnds(t *testing.T) {
	for _, one := range []struct {
		name string
		do   func(s *story)
	}{
		{"ends-power-returns", func(s *story) { s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home})) }},
		{"ends-node-deleted", func(s *story) { s.do("delete node", s.deleteNode(s.home)) }},
		{"ends-forced", func(s *story) { s.do("force", s.deletePod("web-1", true)) }},
		{"ends-out-of-service", func(s *story) {
			s.do("taint", s.taint(s.home, corev1.TaintNodeOutOfService, corev1.TaintEffectNoExecute))
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			s := newStory(t, sim.Options{Check: true, Nodes: 4})
			s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
			s.RunFor(10*time.Minute + 3*time.Second)
			s.begin, s.lines = s.Now(), nil
			one.do(s)
			if !s.Settle(time.Hour) {
				t.Error("the cluster does not come to rest")
			}
			s.check(one.name)
			if !sim.Ready("StatefulSet", "default", "web").Holds(s.View()) {
				t.Errorf("the set is not Ready\n%s", strings.Join(s.lines, "\n"))
			}
			for _, broken := range s.BrokenPromises() {
				t.Error(broken)
			}
		})
	}
}

// A node that comes back before anybody misses it: its Pods begin anew where they were.
func TestAShortPowerFailure(t *testing.T) {
	s := newStory(t, sim.Options{Check: true})
	before := s.pod("web-1")
	s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
	s.RunFor(20 * time.Second)
	s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("short-power-failure")
	after := s.pod("web-1")
	if status := after.Status.ContainerStatuses[0]; after.UID != before.UID || after.Status.PodIP == before.Status.PodIP || status.RestartCount != 1 ||
		status.LastTerminationState.Terminated.Reason != "Unknown" {
		t.Errorf("%s, restarts %d, %v", after.Status.PodIP, status.RestartCount, status.LastTerminationState)
	}
}

// A node that is cut off: nobody reaches its Pod, which runs on; when the network is back soon enough, the eviction is called off.
func TestAPartitionThatEndsInTime(t *testing.T) {
	s := newStory(t, sim.Options{Check: true})
	address := s.pod("web-1").Status.PodIP
	answer := func(from string) string {
		process, err := s.Exec(api.Name{Namespace: "default", Name: from}, "", []string{"sh", "-c", "curl -s -m 3 -o /dev/null http://" + address}, false, false)
		if err != nil {
			return err.Error()
		}
		s.RunFor(4 * time.Second)
		_, _, ended, code := s.Output(process, 0)
		return fmt.Sprintf("%v %d", ended, code)
	}
	if got := answer("web-0"); got != "true 0" {
		t.Errorf("before: %s", got)
	}
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: s.home}))
	if got := answer("web-0"); got != "true 28" {
		t.Errorf("through the cut: %s", got)
	}
	if got, want := answer("web-1"), "error dialing backend: dial tcp 192.168.49.2:10250: i/o timeout"; got != want {
		t.Errorf("exec on the node that is cut off: %s", got)
	}
	if _, _, _, err := container.Logs(s.View(), api.Name{Namespace: "default", Name: "web-1"}, "", false, 0); err == nil ||
		err.Error() != `Get "https://192.168.49.2:10250/containerLogs/default/web-1/nginx": dial tcp 192.168.49.2:10250: i/o timeout` {
		t.Errorf("logs: %v", err)
	}
	s.RunFor(100 * time.Second)
	if nodes := s.running("web-1"); len(nodes) != 1 {
		t.Errorf("web-1 runs on %v", nodes)
	}
	s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	if got := answer("web-0"); got != "true 0" {
		t.Errorf("afterwards: %s", got)
	}
	s.check("partition-in-time")
	if len(s.Ghosts()) > 0 {
		t.Errorf("ghosts: %v", s.Ghosts())
	}
}

// A node that is cut off for longer than its Pods are left: they are ended when it is back, not before.
func TestAPartitionThatLasts(t *testing.T) {
	s := newStory(t, sim.Options{Check: true})
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: s.home}))
	s.RunFor(8 * time.Minute)
	if ghosts := s.Ghosts(); len(ghosts) != 1 || ghosts[0].Why() != "its node is cut off" || s.pod("web-1").DeletionTimestamp == nil {
		t.Errorf("ghosts: %v", ghosts)
	}
	s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("partition-that-lasts")
	for _, broken := range s.BrokenPromises() {
		t.Error(broken)
	}
}

// Split brain: the Pod of a node that is cut off is deleted by force, and then there are two processes of one identity that write to one volume.
func TestAForcedDeletionDuringAPartitionIsASplitBrain(t *testing.T) {
	s := newStory(t, sim.Options{Check: true, Nodes: 4})
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: s.home}))
	s.RunFor(7 * time.Minute)
	s.do("force", s.deletePod("web-1", true))
	if err := s.RunUntil(sim.Ready("Pod", "default", "web-1")); err != nil {
		t.Fatal(err)
	}
	if nodes := s.running("web-1"); len(nodes) != 2 {
		t.Fatalf("web-1 runs on %v", nodes)
	}
	if ghosts := s.Ghosts(); len(ghosts) != 1 || ghosts[0].Why() != "its Pod was deleted by force, its node is cut off" || ghosts[0].Node != s.home {
		t.Errorf("ghosts: %v", ghosts)
	}
	want := "default/web-1 nginx runs 2 times; the one on " + s.home + " is a ghost (its Pod was deleted by force, its node is cut off)"
	if broken := s.BrokenPromises(); len(broken) != 1 || broken[0].Found != want {
		t.Errorf("broken promises: %v", broken)
	}
	s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("split-brain")
	if nodes := s.running("web-1"); len(nodes) != 1 || len(s.Ghosts()) != 0 {
		t.Errorf("web-1 runs on %v", nodes)
	}
}

// The Node object of a machine that runs is deleted: its kubelet ends the Pods when they are, and registers the node when it starts the next time.
func TestANodeIsDeletedThatRuns(t *testing.T) {
	s := newStory(t, sim.Options{Check: true})
	s.do("delete node", s.deleteNode(s.home))
	s.RunFor(2 * time.Minute)
	if nodes := s.running("web-1"); len(nodes) != 0 {
		t.Errorf("web-1 runs on %v", nodes)
	}
	s.do("restart", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: s.home}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("running-node-deleted")
}

// Init containers run again after a power failure, and what need not run again does not.
func TestAPowerFailureAndInitContainers(t *testing.T) {
	const pods = `
apiVersion: v1
kind: Pod
metadata: {name: server}
spec:
  nodeName: node-1
  initContainers:
  - {name: prepare, image: busybox, command: [sh, -c, "date >> /data/prepared"], volumeMounts: [{name: data, mountPath: /data}]}
  containers: [{name: main, image: nginx, volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Pod
metadata: {name: once}
spec: {nodeName: node-1, restartPolicy: Never, containers: [{name: main, image: nginx}]}
`
	s := newNodes(t, sim.Options{})
	if err := s.Apply([]byte(pods)); err != nil {
		t.Fatal(err)
	}
	s.RunFor(time.Minute)
	s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: "node-1"}))
	s.RunFor(time.Second)
	s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: "node-1"}))
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	server, once := s.pod("server"), s.pod("once")
	if got := server.Status.InitContainerStatuses[0].RestartCount; got != 1 || podLine(server) != "Running Running Ready on node-1" {
		t.Errorf("init containers were started again %d times: %s", got, podLine(server))
	}
	if got := podLine(once); got != "Unknown Failed on node-1" {
		t.Errorf("a Pod that is not restarted: %s", got)
	}
	process, err := s.Exec(api.Name{Namespace: "default", Name: "server"}, "", []string{"wc", "-l", "/data/prepared"}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	if chunks, _, _, _ := s.Output(process, 0); len(chunks) != 1 || chunks[0].Data != "2 /data/prepared\n" {
		t.Errorf("the volume lost what was in it: %v", chunks)
	}
}

func TestFaultsOfUnknownNodes(t *testing.T) {
	cluster := sim.New(sim.Options{})
	const want = "expected the name of a node, found \"node-9\"\nhint: did you mean \"node-1\"?"
	for _, verb := range []sim.FaultVerb{sim.NodeDown, sim.NodeCut, sim.NodeUp} {
		if err := cluster.Befall(sim.Fault{Verb: verb, Node: "node-9"}); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}

// A node that somebody made through the API can fail as well, and come back.
func TestAMadeNodeFailsAndReturns(t *testing.T) {
	cluster := sim.New(sim.Options{Nodes: 2})
	made := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "extra"}}
	if _, err := cluster.Create(made, false); err != nil {
		t.Fatal(err)
	}
	line := func() string {
		node, _ := store.Get[*corev1.Node](cluster.View(), "", "extra")
		return nodeLine(node)
	}
	if err := cluster.Befall(sim.Fault{Verb: sim.NodeDown, Node: "extra"}); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(time.Minute)
	if got := line(); got != "Ready=Unknown unreachable:NoSchedule unreachable:NoExecute" {
		t.Error(got)
	}
	if err := cluster.Befall(sim.Fault{Verb: sim.NodeUp, Node: "extra"}); err != nil {
		t.Fatal(err)
	}
	if !cluster.Settle(time.Minute) || line() != "Ready=True" {
		t.Error(line())
	}
}

// A fork has faults of its own, and the past has none.
func TestFaultsInForksAndInThePast(t *testing.T) {
	s := newStory(t, sim.Options{})
	twin := s.Fork()
	s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.home}))
	s.RunFor(10 * time.Minute)
	past, err := s.At(s.begin.Add(5 * time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	past.RunFor(5 * time.Minute)
	if got, want := state(past), state(s.Cluster); got != want {
		t.Errorf("from the past it goes on differently:\n%s\nand not\n%s", got, want)
	}
	if !twin.Settle(time.Hour) || !sim.Ready("StatefulSet", "default", "web").Holds(twin.View()) {
		t.Error("the twin fails as well")
	}
}
