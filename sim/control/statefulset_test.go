package control

import (
	"fmt"
	"slices"
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

func newScript(t testing.TB) *setScript {
	t.Helper()
	script := &setScript{loopWorld: newLoopWorld(t, statefulSetLoop()), revisions: map[string]string{}}
	script.after = script.checkInvariants
	return script
}

func (s *setScript) run1(commands ...string) {
	s.t.Helper()
	for _, command := range commands {
		s.do(strings.Fields(command))
	}
}

// TestStatefulSetControl is upstream's: every life, under every retention policy, with both kinds of Pod management; the invariants
// are checked after every look.
func TestStatefulSetControl(t *testing.T) {
	lives := map[string][]string{
		"scale up":         {"set web replicas=4", "up"},
		"scale down":       {"set web replicas=0", "up"},
		"replace":          {"delete web-0 web-2", "up"},
		"failed":           {"fail web-1", "up"},
		"succeeded":        {"succeed web-0 web-2", "up"},
		"update":           {"set web image=v2", "up"},
		"update, scale up": {"set web image=v2 replicas=5", "up"},
		"update, down":     {"set web image=v2 replicas=1", "up"},
		"partition":        {"set web image=v2 partition=1", "up"},
		"on delete":        {"set web strategy=OnDelete image=v2", "delete web-1", "up"},
		"rollback":         {"set web image=v2", "up", "set web image=v1", "up"},
	}
	for _, policy := range []appsv1.PodManagementPolicyType{appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement} {
		for _, retention := range []string{"", "Retain/Retain", "Retain/Delete", "Delete/Retain", "Delete/Delete"} {
			for life, commands := range lives {
				t.Run(fmt.Sprintf("%s %s %s", policy, retention, life), func(t *testing.T) {
					s := newScript(t)
					create := fmt.Sprintf("set web replicas=3 claims=www policy=%s", policy)
					if retention != "" {
						create += " retention=" + retention
					}
					s.run1(create, "up")
					s.run1(commands...)
					set := s.set("web")
					wanted := int(*set.Spec.Replicas)
					if len(s.pods()) != wanted || int(set.Status.ReadyReplicas) != wanted || set.Status.ObservedGeneration != set.Generation {
						t.Errorf("%d Pods, status %+v, want %d", len(s.pods()), set.Status, wanted)
					}
					for _, pod := range s.pods() {
						if pod.Labels[appsv1.PodIndexLabel] != fmt.Sprint(ordinalOf(pod)) || pod.Spec.Hostname != pod.Name || pod.Spec.Subdomain != "nginx" {
							t.Errorf("identity of %s: %s, %s.%s", pod.Name, labelled(pod.Labels), pod.Spec.Hostname, pod.Spec.Subdomain)
						}
					}
					if s.failures > 0 {
						t.Errorf("%d syncs failed: %q", s.failures, s.events)
					}
				})
			}
		}
	}
}

// TestParallelScale is upstream's: whole sets in one look.
func TestParallelScale(t *testing.T) {
	for _, c := range []struct{ from, to int }{{3, 30}, {10, 1}, {501, 0}, {0, 1000}} {
		t.Run(fmt.Sprintf("%d to %d", c.from, c.to), func(t *testing.T) {
			s := newScript(t)
			s.after = nil
			s.run1(fmt.Sprintf("set web policy=Parallel replicas=%d", c.from))
			s.taken()
			s.run1(fmt.Sprintf("set web replicas=%d", c.to))
			if found := len(s.pods()); found != c.to { // Pods that run nowhere end at once
				t.Errorf("%d Pods, want %d", found, c.to)
			}
		})
	}
}

func TestParentAndOrdinal(t *testing.T) {
	for name, want := range map[string]string{
		"web-0": "web 0", "web-10": "web 10", "a-b-3": "a-b 3", "web-007": "web 7", "web": " -1", "web-": " -1", "web-a": " -1", "-1": " 1",
		"web-99999999999": "web -1", "web-1a": " -1",
	} {
		parent, ordinal := parentAndOrdinal(name)
		if found := fmt.Sprintf("%s %d", parent, ordinal); found != want {
			t.Errorf("%s: %q, want %q", name, found, want)
		}
	}
}

// TestClaimOwners is upstream's IsClaimOwnerUpToDate and UpdateClaimOwnerRefForSetAndPod.
func TestClaimOwners(t *testing.T) {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "web", UID: "set"}}
	for _, c := range []struct {
		retention, ordinal string
		owners, want       string // set, pod, other: controllers; setref: an owner that is no controller; oldset, oldpod: of another uid
	}{
		{"Retain/Retain", "in", "", ""},
		{"Retain/Retain", "in", "set", ""},
		{"Retain/Retain", "in", "pod", ""},
		{"Retain/Retain", "in", "other", "other"},
		{"Retain/Retain", "in", "other set", "other"},
		{"Delete/Retain", "in", "", "set"},
		{"Delete/Retain", "out", "", "set"},
		{"Delete/Retain", "in", "pod", "set"},
		{"Delete/Retain", "in", "setref", "set"},
		{"Retain/Delete", "in", "", ""},
		{"Retain/Delete", "in", "pod", ""},
		{"Retain/Delete", "out", "", "pod"},
		{"Retain/Delete", "out", "set", "pod"},
		{"Delete/Delete", "in", "", "set"},
		{"Delete/Delete", "out", "", "pod"},
		{"Delete/Delete", "out", "set", "pod"},
		{"Delete/Delete", "in", "set pod", "set"},
		{"Delete/Delete", "in", "other", "other"},
		{"Delete/Delete", "in", "other set", "other"},
		{"Delete/Delete", "in", "oldset", "oldset"}, // left to the garbage collector
		{"Delete/Delete", "out", "oldpod", "oldpod"},
		{"Retain/Retain", "in", "oldset", "oldset"},
	} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-0", UID: "pod"}}
		if c.ordinal == "out" {
			pod.Name = "web-1"
		}
		deleted, scaled, _ := strings.Cut(c.retention, "/")
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: appsv1.PersistentVolumeClaimRetentionPolicyType(deleted), WhenScaled: appsv1.PersistentVolumeClaimRetentionPolicyType(scaled)}
		reference := map[string]metav1.OwnerReference{
			"set": *metav1.NewControllerRef(set, statefulSetKind), "pod": *metav1.NewControllerRef(pod, podKind),
			"setref": {APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web", UID: "set"},
			"other":  {APIVersion: "v1", Kind: "ConfigMap", Name: "other", UID: "other", Controller: ptr.To(true)},
			"oldset": {APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web", UID: "oldset", Controller: ptr.To(true)},
			"oldpod": {APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: "oldpod", Controller: ptr.To(true)},
		}
		claim := &corev1.PersistentVolumeClaim{}
		for _, name := range strings.Fields(c.owners) {
			claim.OwnerReferences = append(claim.OwnerReferences, reference[name])
		}
		if !claimOwnersRight(claim, set, pod) {
			setClaimOwners(claim, set, pod)
			if !claimOwnersRight(claim, set, pod) {
				t.Errorf("%+v: still not right", c)
			}
		}
		var found []string
		for _, owner := range claim.OwnerReferences {
			found = append(found, string(owner.UID))
		}
		if strings.Join(found, " ") != c.want {
			t.Errorf("%+v: owners %q", c, found)
		}
	}
}

// A claim that somebody else controls is left to them, and said so.
func TestConflictingController(t *testing.T) {
	s := newScript(t)
	claim := claimTemplate("www-web-0")
	claim.Namespace = "default"
	claim.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "boss", UID: "boss", Controller: ptr.To(true)}}
	s.create(&claim)
	s.run1("set web replicas=1 claims=www retention=Delete/Delete")
	const want = "Warning ConflictingController: PersistentVolumeClaim www-web-0 has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim"
	if !slices.Contains(s.events, want) {
		t.Errorf("events %q", s.events)
	}
	if found := s.show("claims"); found[0] != "www-web-0 of configmap/boss" {
		t.Errorf("claims %v", found)
	}
}

// A Pod that is adopted may need repair in the same look.
func TestAdoptAndRepair(t *testing.T) {
	s := newScript(t)
	s.run1("set web replicas=1", "up")
	pod := s.pod("web-0")
	pod.OwnerReferences = nil
	delete(pod.Labels, appsv1.StatefulSetPodNameLabel)
	s.update(pod, "")
	s.run(time.Second)
	if pod := s.pod("web-0"); pod.Labels[appsv1.StatefulSetPodNameLabel] != "web-0" || metav1.GetControllerOf(pod) == nil || s.failures > 0 {
		t.Errorf("labels %s, owners %v, %d failures %v", labelled(pod.Labels), pod.OwnerReferences, s.failures, s.events)
	}
}

// A Pod of an older release keeps no index label; a release of that time gives none.
func TestPodIndexLabel(t *testing.T) {
	for release, want := range map[string]string{"1.27": "", "1.28": "0", "1.36": "0"} {
		s := newScript(t)
		s.run1("release "+release, "set web replicas=1")
		if found := s.pod("web-0").Labels[appsv1.PodIndexLabel]; found != want {
			t.Errorf("%s: index %q, want %q", release, found, want)
		}
	}
}

// The status is told although a write failed, and the loop is called again.
func TestStatusIsWrittenInSpiteOfFailures(t *testing.T) {
	s := newScript(t)
	s.run1("foreign web-1", "set web replicas=2", "ready web-0")
	if status := s.set("web").Status; status.ReadyReplicas != 1 || s.failures == 0 {
		t.Errorf("status %+v after %d failures", status, s.failures)
	}
}

// Orphaned revisions with the set's labels are adopted, and the one that fits is used again (DeletionTimestampRace, AdoptOrphanRevisions).
func TestAdoptRevisions(t *testing.T) {
	s := newScript(t)
	s.run1("set web replicas=1", "up", "set web image=v2", "up")
	s.remove("StatefulSet", "web", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationBackground)})
	for _, revision := range slices.Collect(store.List[*appsv1.ControllerRevision](s.db.View(), "default")) {
		orphan := revision.DeepCopy()
		orphan.OwnerReferences = nil
		s.update(orphan, "")
	}
	pod := s.pod("web-0")
	pod.OwnerReferences = nil
	s.update(pod, "")
	s.change("web", []string{"replicas=1", "image=v1", "strategy=OnDelete"})
	s.run(time.Second)
	if found := strings.Join(s.show("revisions"), "; "); found != "r2 number 2 of statefulset/web; r1 number 3 of statefulset/web" {
		t.Errorf("revisions %s", found)
	}
	if s.failures > 0 {
		t.Errorf("%d failures: %q", s.failures, s.writes)
	}
}

// Two contents whose hashes collide get different names.
func TestRevisionNameCollision(t *testing.T) {
	s := newScript(t)
	s.run1("set web replicas=1")
	set := s.set("web")
	proposed, err := s.settings.Release.NewRevision(set, 1, ptr.To[int32](0))
	s.must(err)
	s.run1("set other replicas=1 image=v2")
	s.must(s.ask(func(r *registry.Registry) error {
		for revision := range store.List[*appsv1.ControllerRevision](r.Tx.View, "default") {
			if revision.Name == proposed.Name {
				taken := revision.DeepCopy()
				taken.OwnerReferences, taken.Labels, taken.Data.Raw = nil, nil, []byte(`{"spec":{}}`)
				r.Tx.Put(taken)
			}
		}
		return nil
	}))
	s.remove("StatefulSet", "web", metav1.DeleteOptions{})
	s.run1("set web replicas=1", "sync")
	if found := s.set("web").Status; *found.CollisionCount == 0 || found.UpdateRevision == proposed.Name {
		t.Errorf("status %+v", found)
	}
}

func TestWhoWakesTheSet(t *testing.T) {
	s := newScript(t)
	s.run1("set web replicas=1", "set other replicas=1", "up")
	view := s.db.View()
	fit := func(change func(*corev1.Pod)) *corev1.Pod {
		pod := s.pod("web-0")
		change(pod)
		return pod
	}
	pod := s.pod("web-0")
	orphan := fit(func(pod *corev1.Pod) { pod.OwnerReferences = nil })
	taken := fit(func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.set("other"), statefulSetKind)}
	})
	for _, c := range []struct {
		what     string
		old, new api.Object
		want     string
	}{
		{"a new Pod", nil, pod, "web"},
		{"a changed Pod", pod, pod, "web"},
		{"a Pod that is gone", pod, nil, "web"},
		{"a new orphan", nil, orphan, "web"},
		{"an orphan that does not change", orphan, orphan, ""},
		{"an orphan with new labels", fit(func(pod *corev1.Pod) { pod.OwnerReferences, pod.Labels = nil, nil }), orphan, "web"},
		{"an orphan that is gone", orphan, nil, ""},
		{"another controller", pod, taken, "web other"},
		{"a released Pod", pod, orphan, "web web"},
		{"a Pod of another uid", nil, fit(func(pod *corev1.Pod) { pod.OwnerReferences[0].UID = "old" }), ""},
		{"a Pod of another kind", nil, fit(func(pod *corev1.Pod) { pod.OwnerReferences[0].Kind = "ReplicaSet" }), ""},
		{"the set", nil, s.set("web"), "web"},
		{"a claim", nil, &corev1.PersistentVolumeClaim{}, ""},
	} {
		var woken []string
		object := c.new
		if object == nil {
			object = c.old
		}
		wakeStatefulSet(view, store.Change{Kind: api.KindOf(object), Old: c.old, New: c.new}, func(key Key) { woken = append(woken, key.Name) })
		if found := strings.Join(woken, " "); found != c.want {
			t.Errorf("%s wakes %q, want %q", c.what, found, c.want)
		}
	}
}

// BenchmarkSyncStatefulSet1000 is a look at a set with a thousand Pods and claims where nothing is to do.
func BenchmarkSyncStatefulSet1000(b *testing.B) {
	s := newScript(b)
	s.after = nil
	s.run1("set web policy=Parallel replicas=1000 claims=www")
	s.must(s.ask(func(r *registry.Registry) error {
		for _, pod := range s.pods() {
			ready := pod.DeepCopy()
			ready.Status.Phase = corev1.PodRunning
			ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			r.Tx.Put(ready)
		}
		return nil
	}))
	s.run(time.Second)
	in := Input{View: s.db.View(), Key: Key{Namespace: "default", Name: "web"}, Now: s.now(), Settings: s.settings, Choose: s.chooser.Choose}
	if plan := syncStatefulSet(in); len(plan.Writes) > 0 || plan.Error != nil {
		b.Fatalf("there is something to do: %+v", plan)
	}
	b.ReportAllocs()
	for b.Loop() {
		syncStatefulSet(in)
	}
}
