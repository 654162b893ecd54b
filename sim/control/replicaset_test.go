package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// Which of two Pods goes first, by upstream's order of reasons (upstream: TestSortingActivePodsWithRanks).
func TestRankPods(t *testing.T) {
	now := worldStart.Add(time.Hour)
	pod := func(name string, edits ...func(*corev1.Pod)) *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: api.UID(name), CreationTimestamp: api.Timestamp(worldStart)}}
		pod.Spec.NodeName, pod.Status.Phase = "node-1", corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: api.Timestamp(worldStart)}}
		for _, edit := range edits {
			edit(pod)
		}
		return pod
	}
	phase := func(phase corev1.PodPhase) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.Status.Phase = phase }
	}
	unready := func(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }
	cost := func(text string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.Annotations = map[string]string{corev1.PodDeletionCost: text} }
	}
	node := func(name string) func(*corev1.Pod) { return func(pod *corev1.Pod) { pod.Spec.NodeName = name } }
	ready := func(age time.Duration) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.Status.Conditions[0].LastTransitionTime = api.Timestamp(now.Add(-age)) }
	}
	old := func(age time.Duration) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.CreationTimestamp = api.Timestamp(now.Add(-age)) }
	}
	restarts := func(count int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.Status.ContainerStatuses = []corev1.ContainerStatus{{RestartCount: count}} }
	}
	sidecar := func(count int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.InitContainers = []corev1.Container{{Name: "s", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}}
			pod.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "s", RestartCount: count}}
		}
	}
	for what, c := range map[string]struct{ first, second *corev1.Pod }{
		"no node":                   {pod("z", node("")), pod("a", phase(corev1.PodPending))},
		"pending before unknown":    {pod("z", phase(corev1.PodPending)), pod("a", phase(corev1.PodUnknown))},
		"unknown before running":    {pod("z", phase(corev1.PodUnknown)), pod("a", unready)},
		"not ready":                 {pod("z", unready, cost("7")), pod("a")},
		"a lower cost":              {pod("z", cost("-1"), node("node-2")), pod("a")},
		"a cost that is no number":  {pod("a", cost("+5")), pod("z", cost("1"))},
		"a fuller node":             {pod("z"), pod("a", node("node-2"), ready(time.Second))},
		"ready for a shorter time":  {pod("z", ready(time.Minute)), pod("a", restarts(7))},
		"ready for roughly as long": {pod("a", ready(50*time.Minute)), pod("z", ready(40*time.Minute))},
		"more restarts":             {pod("z", restarts(2)), pod("a", restarts(1), old(time.Second))},
		"more restarts of sidecars": {pod("z", sidecar(2)), pod("a", sidecar(1))},
		"younger":                   {pod("z", unready, old(time.Minute)), pod("a", unready, old(time.Hour))},
		"no time":                   {pod("z", unready, func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.Time{} }), pod("a", unready, old(0))},
	} {
		related := []*corev1.Pod{pod("x"), pod("y"), pod("v", node("node-2")), pod("w", node("node-2"), phase(corev1.PodFailed))}
		for _, pods := range [][]*corev1.Pod{{c.first, c.second}, {c.second, c.first}} {
			if ranked := rankPods(pods, related, now); ranked[0] != c.first {
				t.Errorf("%s: %s goes first", what, ranked[0].Name)
			}
		}
	}
}

// replicaWorld is a loopWorld with one set of three Pods, and one ReplicationController.
func replicaWorld(t *testing.T) *loopWorld {
	w := newLoopWorld(t, replicaSetLoop(), replicationControllerLoop())
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "front", "tier": "web"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "front"}}
	set.Spec = appsv1.ReplicaSetSpec{Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "front"}}, Template: template}
	w.create(set)
	w.run(time.Second)
	return w
}

func (w *loopWorld) replicas(name string) *appsv1.ReplicaSet {
	w.t.Helper()
	set, found := store.Get[*appsv1.ReplicaSet](w.db.View(), "default", name)
	if !found {
		w.t.Fatalf("there is no ReplicaSet %s", name)
	}
	return set.DeepCopy()
}

func (w *loopWorld) scale(name string, replicas int32) {
	w.t.Helper()
	set := w.replicas(name)
	set.Spec.Replicas = &replicas
	w.update(set, "")
	w.run(time.Second)
}

func setCounters(status appsv1.ReplicaSetStatus) string {
	line := fmt.Sprintf("%d, %d labelled, %d ready, %d available", status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas)
	if status.TerminatingReplicas != nil && *status.TerminatingReplicas > 0 {
		line += fmt.Sprintf(", %d terminating", *status.TerminatingReplicas)
	}
	for _, condition := range status.Conditions {
		line += fmt.Sprintf(", %s=%s %s: %s", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return line
}

func (w *loopWorld) wantStatus(what, want string) {
	w.t.Helper()
	if found := setCounters(w.replicas("front").Status); found != want {
		w.t.Errorf("%s: status %s, want %s", what, found, want)
	}
}

func TestReplicaSetKeepsItsNumber(t *testing.T) {
	w := replicaWorld(t)
	pods := w.pods()
	if len(pods) != 3 || len(w.events) != 3 || w.events[0] != "Normal SuccessfulCreate: Created pod: "+firstCreated(w) || pods[0].GenerateName != "front-" {
		t.Fatalf("%d Pods, events %q", len(pods), w.events)
	}
	w.wantStatus("created", "3, 3 labelled, 0 ready, 0 available")
	for _, pod := range pods {
		w.become(pod.Name, corev1.PodRunning, true)
	}
	w.run(time.Second)
	w.wantStatus("ready", "3, 3 labelled, 3 ready, 3 available")

	w.remove("Pod", pods[0].Name, metav1.DeleteOptions{})
	w.run(time.Second)
	w.wantStatus("one is deleted", "3, 3 labelled, 2 ready, 2 available, 1 terminating")
	w.end(pods[0].Name)
	w.become(pods[1].Name, corev1.PodFailed, false)
	w.run(time.Second)
	w.wantStatus("one has failed", "3, 3 labelled, 1 ready, 1 available")

	w.events = nil
	w.scale("front", 1)
	w.wantStatus("scaled down", "1, 1 labelled, 1 ready, 1 available") // those that are not bound go at once
	if len(w.events) != 2 || !strings.HasPrefix(w.events[0], "Normal SuccessfulDelete: Deleted pod: front-") {
		t.Errorf("events %q", w.events)
	}
	if _, found := store.Get[*corev1.Pod](w.db.View(), "default", pods[2].Name); !found {
		t.Errorf("%s is gone, which was the only ready one", pods[2].Name)
	}
	w.taken()
	w.wait(time.Hour)
	if writes := w.taken(); len(writes) > 0 {
		t.Errorf("something is done though nothing is to do: %q", writes)
	}
}

func firstCreated(w *loopWorld) string {
	for _, write := range w.writes {
		if name, is := strings.CutPrefix(write, "create Pod "); is {
			return name
		}
	}
	return ""
}

func TestReplicaSetAdoptsAndReleases(t *testing.T) {
	w := replicaWorld(t)
	released := w.pods()[0]
	released = released.DeepCopy()
	released.Labels["app"] = "other"
	w.update(released, "")
	w.run(time.Second)
	if owner := metav1.GetControllerOf(w.pod(released.Name)); owner != nil || len(w.pods()) != 4 {
		t.Errorf("%d Pods; the one with other labels is controlled by %v", len(w.pods()), owner)
	}
	orphan := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "orphan", Labels: map[string]string{"app": "front"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}}
	w.create(orphan)
	w.become("orphan", corev1.PodRunning, true)
	w.run(time.Second)
	if owner := metav1.GetControllerOf(w.pod("orphan")); owner == nil || owner.Name != "front" {
		t.Errorf("the orphan is controlled by %v", owner)
	}
	w.wantStatus("one of them lacks a label", "3, 2 labelled, 1 ready, 1 available")
}

// With minReadySeconds a Pod counts as available later, and the set looks again when it does.
func TestReplicaSetWaitsForAvailability(t *testing.T) {
	w := replicaWorld(t)
	set := w.replicas("front")
	set.Spec.MinReadySeconds = 30
	w.update(set, "")
	for _, pod := range w.pods() {
		w.become(pod.Name, corev1.PodRunning, true)
		w.wait(10 * time.Second)
	}
	w.wantStatus("at once", "3, 3 labelled, 3 ready, 1 available")
	w.wait(10 * time.Second)
	w.wantStatus("later", "3, 3 labelled, 3 ready, 2 available")
	w.run(time.Hour)
	w.wantStatus("at last", "3, 3 labelled, 3 ready, 3 available")
	if _, busy := w.db.View().NextEvent(); busy {
		t.Error("the loop does not come to rest")
	}
}

// When the first Pod cannot be created no others are tried, the status says why, and the set tries again.
func TestReplicaSetTellsOfFailure(t *testing.T) {
	w := replicaWorld(t)
	w.events = nil
	set := w.replicas("front")
	set.Spec.Template.Spec.ServiceAccountName = "nobody"
	set.Spec.Replicas = ptr.To[int32](9)
	w.update(set, "")
	w.run(100 * time.Millisecond)
	const refused = `pods "front-" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found`
	w.wantStatus("refused", "3, 3 labelled, 0 ready, 0 available, ReplicaFailure=True FailedCreate: "+refused)
	if len(w.events) != 2 || w.events[0] != "Warning FailedCreate: Error creating: "+refused { // at the first look, and when the status had woken it
		t.Errorf("events %q", w.events)
	}
	w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "nobody"}})
	w.run(time.Minute)
	w.wantStatus("allowed", "9, 9 labelled, 0 ready, 0 available")
}

// Nothing is created in a namespace that is being deleted, and that is no failure.
func TestReplicaSetInNamespaceThatEnds(t *testing.T) {
	w := replicaWorld(t)
	w.must(w.ask(func(r *registry.Registry) error {
		namespace, _ := store.Get[*corev1.Namespace](r.Tx.View, "", "default")
		ending := namespace.DeepCopy()
		ending.Status.Phase = corev1.NamespaceTerminating
		r.Tx.Put(ending)
		return nil
	}))
	w.remove("Pod", w.pods()[0].Name, metav1.DeleteOptions{})
	w.run(time.Second)
	if w.failures > 0 || len(w.pods()) != 2 {
		t.Errorf("%d failures, %d Pods", w.failures, len(w.pods()))
	}
}

func TestReplicationController(t *testing.T) {
	w := newLoopWorld(t, replicaSetLoop(), replicationControllerLoop())
	template := &corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "back"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}}
	controller := &corev1.ReplicationController{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "back"}}
	controller.Spec = corev1.ReplicationControllerSpec{Replicas: ptr.To[int32](2), Template: template}
	w.create(controller)
	w.run(time.Second)
	for _, pod := range w.pods() {
		if owner := metav1.GetControllerOf(pod); owner == nil || owner.Kind != "ReplicationController" || owner.APIVersion != "v1" {
			t.Errorf("%s is controlled by %v", pod.Name, owner)
		}
		w.become(pod.Name, corev1.PodRunning, true)
	}
	w.run(time.Second)
	found, _ := store.Get[*corev1.ReplicationController](w.db.View(), "default", "back")
	if status := found.Status; status.Replicas != 2 || status.ReadyReplicas != 2 || status.ObservedGeneration != found.Generation {
		t.Errorf("status %+v", status)
	}
	changed := found.DeepCopy()
	changed.Spec.Template.Spec.ServiceAccountName, changed.Spec.Replicas = "nobody", ptr.To[int32](3)
	w.update(changed, "")
	w.run(time.Second)
	found, _ = store.Get[*corev1.ReplicationController](w.db.View(), "default", "back")
	if conditions := found.Status.Conditions; len(conditions) != 1 || conditions[0].Reason != "FailedCreate" || conditions[0].Type != corev1.ReplicationControllerReplicaFailure {
		t.Errorf("conditions %+v", conditions)
	}
	w.remove("Pod", w.pods()[0].Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
	if _, busy := w.db.View().NextEvent(); !busy {
		t.Error("a Pod that is gone wakes nobody")
	}
}
