package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

var nodeStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// viewOf is a cluster of these objects.
func viewOf(objects ...api.Object) store.View {
	db := store.New(nodeStart, container.Tables()...)
	tx := db.Begin()
	for _, object := range objects {
		tx.Put(object)
	}
	tx.Commit()
	return db.View()
}

func nodeWithReady(name string, ready corev1.ConditionStatus, taints ...string) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(nodeStart)}}
	if ready != "" {
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}
	}
	for _, taint := range taints {
		key, effect, _ := strings.Cut(taint, ":")
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffect(effect)})
	}
	return node
}

func settingsOf(t *testing.T, release string) *api.Settings {
	t.Helper()
	parsed, err := api.ParseRelease(release)
	if err != nil {
		t.Fatal(err)
	}
	return &api.Settings{Release: parsed}
}

// A plan as one line per write.
func writesOf(plan Plan) string {
	var lines []string
	for _, write := range plan.Writes {
		line := fmt.Sprintf("%s %s", write.Verb, write.Object.GetName())
		if pod, ok := write.Object.(*corev1.Pod); ok && write.Verb == UpdateStatus {
			line += " " + string(pod.Status.Phase)
			for _, condition := range pod.Status.Conditions {
				line += " " + condition.Reason
			}
		}
		if write.DeleteOptions != nil && write.DeleteOptions.GracePeriodSeconds != nil {
			line += fmt.Sprintf(" grace %d", *write.DeleteOptions.GracePeriodSeconds)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

func TestTolerations(t *testing.T) {
	toleration := func(key string, seconds *int64) corev1.Toleration {
		return corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, TolerationSeconds: seconds}
	}
	taints := noExecute(nodeWithReady("n", "", "a:NoExecute", "b:NoExecute", "c:NoSchedule"))
	for _, one := range []struct {
		name        string
		tolerations []corev1.Toleration
		patience    time.Duration
		all         bool
	}{
		{"none", nil, 0, false},
		{"one of two", []corev1.Toleration{toleration("a", nil)}, 0, false},
		{"for ever", []corev1.Toleration{toleration("a", nil), toleration("b", nil)}, -1, true},
		{"everything for ever", []corev1.Toleration{toleration("", nil)}, -1, true},
		{"the shortest counts", []corev1.Toleration{toleration("a", ptr.To[int64](60)), toleration("b", ptr.To[int64](20))}, 20 * time.Second, true},
		{"one for ever and one not", []corev1.Toleration{toleration("a", nil), toleration("b", ptr.To[int64](20))}, 20 * time.Second, true},
		{"not at all", []corev1.Toleration{toleration("a", ptr.To[int64](-5)), toleration("b", ptr.To[int64](20))}, 0, true},
		{"those that are not used do not count", []corev1.Toleration{toleration("", ptr.To[int64](90)), toleration("z", ptr.To[int64](1))}, 90 * time.Second, true},
	} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{Tolerations: one.tolerations}}
		if patience, all := toleratedFor(pod, taints); all != one.all || all && patience != one.patience {
			t.Errorf("%s: %v %v", one.name, patience, all)
		}
	}
}

func TestWhenANodeIsGivenUp(t *testing.T) {
	node := nodeWithReady("n", corev1.ConditionTrue)
	for stopped, want := range map[time.Duration]time.Duration{
		0: 50 * time.Second, time.Second: 50 * time.Second, 9999 * time.Millisecond: 50 * time.Second,
		10 * time.Second: 60 * time.Second, 65 * time.Second: 110 * time.Second,
	} {
		db := store.New(nodeStart, container.Tables()...)
		tx := db.Begin()
		tx.Put(node.DeepCopy())
		tx.PutRow(container.Machines, &container.Machine{Node: "n", Connected: true, Since: nodeStart.Add(stopped)})
		tx.Commit()
		in := Input{View: db.View(), Key: Key{Name: "n"}, Now: nodeStart.Add(stopped), Settings: &api.Settings{}}
		if due := syncNodeLifecycle(in).Requeue; !due.Equal(nodeStart.Add(want)) {
			t.Errorf("stopped after %v: given up at %v", stopped, due)
		}
	}
}

func TestTaintsFollowConditions(t *testing.T) {
	well := nodeWithReady("well", corev1.ConditionTrue)
	for _, one := range []struct {
		name        string
		node        *corev1.Node
		add, remove string
	}{
		{"well", nodeWithReady("n", corev1.ConditionTrue), "", ""},
		{"never heard of", nodeWithReady("n", ""), "", ""},
		{"well again", nodeWithReady("n", corev1.ConditionTrue, corev1.TaintNodeUnreachable+":NoSchedule", corev1.TaintNodeUnreachable+":NoExecute", "mine:NoExecute"),
			"", corev1.TaintNodeUnreachable + ":NoSchedule " + corev1.TaintNodeUnreachable + ":NoExecute"},
		{"silent", nodeWithReady("n", corev1.ConditionUnknown), corev1.TaintNodeUnreachable + ":NoSchedule " + corev1.TaintNodeUnreachable + ":NoExecute", ""},
		{"from not ready to silent", nodeWithReady("n", corev1.ConditionUnknown, corev1.TaintNodeNotReady+":NoSchedule", corev1.TaintNodeNotReady+":NoExecute"),
			corev1.TaintNodeUnreachable + ":NoSchedule " + corev1.TaintNodeUnreachable + ":NoExecute", corev1.TaintNodeNotReady + ":NoSchedule " + corev1.TaintNodeNotReady + ":NoExecute"},
	} {
		view := viewOf(one.node, well)
		add, remove, _ := taintChanges(view, one.node)
		if got := taintsText(add); got != one.add {
			t.Errorf("%s: adds %s", one.name, got)
		}
		if got := taintsText(remove); got != one.remove {
			t.Errorf("%s: removes %s", one.name, got)
		}
	}
}

func taintsText(taints []corev1.Taint) string {
	var texts []string
	for _, taint := range taints {
		texts = append(texts, taint.Key+":"+string(taint.Effect))
	}
	return strings.Join(texts, " ")
}

// A zone all of whose nodes fail does not stop evictions while another zone is well.
func TestZonesFailOnTheirOwn(t *testing.T) {
	zoned := func(name, zone string, ready corev1.ConditionStatus) *corev1.Node {
		node := nodeWithReady(name, ready)
		node.Labels = map[string]string{corev1.LabelTopologyZone: zone}
		return node
	}
	east := []api.Object{zoned("a", "east", corev1.ConditionUnknown), zoned("b", "east", corev1.ConditionUnknown), zoned("c", "east", corev1.ConditionUnknown)}
	if _, stopped := executionPaused(viewOf(append(east, zoned("d", "west", corev1.ConditionTrue))...), east[0].(*corev1.Node)); stopped {
		t.Error("the zone east is not evicted while west is well")
	}
	if _, stopped := executionPaused(viewOf(append(east, zoned("d", "east", corev1.ConditionTrue))...), east[0].(*corev1.Node)); !stopped {
		t.Error("three of four nodes of a zone fail, and it is evicted")
	}
	if _, stopped := executionPaused(viewOf(append(east, zoned("d", "west", corev1.ConditionUnknown))...), east[0].(*corev1.Node)); !stopped {
		t.Error("all nodes fail, and are evicted")
	}
}

func TestPodGC(t *testing.T) {
	deleted := metav1.NewTime(nodeStart)
	pod := func(edit func(*corev1.Pod)) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "u", DeletionTimestamp: &deleted, DeletionGracePeriodSeconds: ptr.To[int64](30)}}
		pod.Status.Phase = corev1.PodRunning
		edit(pod)
		return pod
	}
	onNode := pod(func(pod *corev1.Pod) { pod.Spec.NodeName = "n" })
	away := nodeWithReady("n", corev1.ConditionUnknown, corev1.TaintNodeOutOfService+":NoExecute")
	for _, one := range []struct {
		name, release string
		objects       []api.Object
		want          string
	}{
		{"out of service", "1.36", []api.Object{onNode, away}, "update status p Failed, delete p grace 0"},
		{"out of service before there was such a thing", "1.9", []api.Object{onNode, away}, ""},
		{"out of service but ready", "1.36", []api.Object{onNode, nodeWithReady("n", corev1.ConditionTrue, corev1.TaintNodeOutOfService+":NoExecute")}, ""},
		{"only unreachable", "1.36", []api.Object{onNode, nodeWithReady("n", corev1.ConditionUnknown)}, ""},
		{"never had a node", "1.36", []api.Object{pod(func(*corev1.Pod) {})}, "update status p Failed, delete p grace 0"},
		{"never had a node, long ago", "1.9", []api.Object{pod(func(*corev1.Pod) {})}, "delete p grace 0"},
		{"kept by a finalizer", "1.36", []api.Object{pod(func(pod *corev1.Pod) {
			pod.Status.Phase, pod.DeletionGracePeriodSeconds = corev1.PodFailed, ptr.To[int64](0)
		})}, ""},
		{"not deleted", "1.36", []api.Object{pod(func(pod *corev1.Pod) { pod.DeletionTimestamp = nil })}, ""},
	} {
		in := Input{View: viewOf(one.objects...), Key: Key{Namespace: "default", Name: "p"}, Now: nodeStart.Add(5 * time.Second), Settings: settingsOf(t, one.release)}
		plan := syncPodGC(in)
		if len(plan.Writes) > 0 || plan.Requeue.IsZero() != (one.want == "") || one.want != "" && !plan.Requeue.Equal(nodeStart.Add(20*time.Second)) {
			t.Errorf("%s: looks at %v", one.name, plan.Requeue)
		}
		in.Now = nodeStart.Add(20 * time.Second)
		if got := writesOf(syncPodGC(in)); got != one.want {
			t.Errorf("%s: %s", one.name, got)
		}
	}

	// The Pods of a node that is missed: after a look and a quarantine, unless the node turns up.
	orphan := onNode.DeepCopy()
	orphan.DeletionTimestamp, orphan.DeletionGracePeriodSeconds = nil, nil
	missed := fmt.Sprintf("n/%d", nodeStart.Add(7*time.Second).UnixNano())
	in := Input{View: viewOf(orphan), Key: Key{Name: missed}, Now: nodeStart.Add(7 * time.Second), Settings: settingsOf(t, "1.36")}
	if due := syncPodGC(in).Requeue; !due.Equal(nodeStart.Add(time.Minute)) {
		t.Errorf("the Pods are deleted at %v", due)
	}
	in.Now = nodeStart.Add(time.Minute)
	if got, want := writesOf(syncPodGC(in)), "update status p Failed DeletionByPodGC, delete p grace 0"; got != want {
		t.Errorf("got %s", got)
	}
	in.View = viewOf(orphan, away)
	if got := writesOf(syncPodGC(in)); got != "" {
		t.Errorf("the node is there: %s", got)
	}
}

// What older releases say when they evict.
func TestEvictionOfOlderReleases(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "u"}, Spec: corev1.PodSpec{NodeName: "n"}}
	for release, want := range map[string]string{
		"1.36": "update status p  DeletionByTaintManager, delete p; taint-eviction-controller Marking for deletion Pod default/p",
		"1.28": "update status p  DeletionByTaintManager, delete p; taint-controller Marking for deletion Pod default/p",
		"1.9":  "delete p; taint-controller Marking for deletion Pod default/p",
	} {
		view := viewOf(pod.DeepCopy(), nodeWithReady("n", corev1.ConditionTrue, "mine:NoExecute"))
		plan := syncTaintEviction(Input{View: view, Key: startKey(view, pod), Now: nodeStart, Settings: settingsOf(t, release)})
		if got := writesOf(plan) + "; " + plan.Events[0].Source + " " + plan.Events[0].Message; got != want {
			t.Errorf("%s: %s", release, got)
		}
	}
}

// A Pod that was bound to a node that never was is an orphan as well.
func TestAPodOfANodeThatNeverWas(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "p", UID: "u"}, Spec: corev1.PodSpec{NodeName: "nowhere"}}
	var woken []Key
	wakePodGC(viewOf(pod), store.Change{Kind: api.KindOf(pod), New: pod}, func(key Key) { woken = append(woken, key) })
	if len(woken) != 1 || woken[0] != (Key{Name: fmt.Sprintf("nowhere/%d", nodeStart.UnixNano())}) {
		t.Errorf("woken: %v", woken)
	}
}
