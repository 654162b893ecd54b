package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// apply creates objects from a manifest, or replaces them.
func (w *town) apply(manifest string) {
	w.t.Helper()
	if err := w.Apply([]byte(manifest)); err != nil {
		w.t.Fatal(err)
	}
}

// controlled gives a Pod a controller.
func controlled(by api.Object) podEdit {
	return func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(by, api.KindOf(by).GroupVersionKind())}
	}
}

// object finds an object of the namespace default.
func object[T api.Object](w *town, name string) T {
	w.t.Helper()
	object, found := store.Get[T](w.View(), "default", name)
	if !found {
		w.t.Fatalf("there is no %T %s", object, name)
	}
	return object
}

// become writes a Pod's status as the kubelet would.
func (w *town) become(name string, phase corev1.PodPhase, ready bool) {
	w.t.Helper()
	pod := w.pod(name).DeepCopy()
	pod.Status.Phase = phase
	condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: api.Timestamp(w.Now())}
	if ready {
		condition.Status = corev1.ConditionTrue
	}
	kept := []corev1.PodCondition{condition}
	for _, other := range pod.Status.Conditions {
		if other.Type != corev1.PodReady {
			kept = append(kept, other)
		}
	}
	pod.Status.Conditions = kept
	if _, err := w.Update(pod, "status", false); err != nil {
		w.t.Fatal(err)
	}
}

// budget is the status of a budget in one line: healthy/desired of expected, allowed.
func (w *town) budget(name string) string {
	budget := object[*policyv1.PodDisruptionBudget](w, name)
	status := &budget.Status
	line := fmt.Sprintf("%d/%d of %d, %d allowed", status.CurrentHealthy, status.DesiredHealthy, status.ExpectedPods, status.DisruptionsAllowed)
	for _, condition := range status.Conditions {
		line += fmt.Sprintf(", %s=%s %s", condition.Type, condition.Status, condition.Reason)
		if condition.Message != "" {
			line += ": " + condition.Message
		}
	}
	if status.ObservedGeneration != budget.Generation {
		line += ", stale"
	}
	return line
}

// pods makes Pods of a controller that runs nowhere in a town; the first so many are Ready.
func (w *town) pods(owner api.Object, count, ready int) {
	w.t.Helper()
	for i := range count {
		name := fmt.Sprintf("%s-%d", owner.GetName(), i)
		w.create(podOf(name, controlled(owner)))
		w.run(100 * time.Millisecond)
		w.become(name, corev1.PodRunning, i < ready)
	}
	w.run(time.Second)
}

const fiveOf = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 5
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
`

func TestBudgetCountsPods(t *testing.T) {
	const sufficient, insufficient = ", DisruptionAllowed=True SufficientPods", ", DisruptionAllowed=False InsufficientPods"
	for _, c := range []struct {
		spec        string
		pods, ready int
		want        string
	}{
		{"minAvailable: 3", 5, 5, "5/3 of 5, 2 allowed" + sufficient},
		{"minAvailable: 3", 4, 2, "2/3 of 4, 0 allowed" + insufficient},
		{"minAvailable: 0", 0, 0, "0/0 of 0, 0 allowed" + insufficient},
		{"minAvailable: 50%", 5, 5, "5/3 of 5, 2 allowed" + sufficient}, // 2.5 is rounded up
		{"minAvailable: 50%", 3, 3, "3/3 of 5, 0 allowed" + insufficient},
		{"maxUnavailable: 1", 5, 5, "5/4 of 5, 1 allowed" + sufficient},
		{"maxUnavailable: 1", 5, 4, "4/4 of 5, 0 allowed" + insufficient},
		{"maxUnavailable: 30%", 5, 5, "5/3 of 5, 2 allowed" + sufficient}, // 1.5 is rounded up
		{"maxUnavailable: 9", 5, 5, "5/0 of 5, 5 allowed" + sufficient},
		{"maxUnavailable: 0", 5, 5, "5/5 of 5, 0 allowed" + insufficient},
	} {
		t.Run(fmt.Sprintf("%s, %d of %d ready", c.spec, c.ready, c.pods), func(t *testing.T) {
			w := newTown(t, sim.Options{})
			w.apply(fiveOf + "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {" + c.spec + ", selector: {matchLabels: {app: web}}}}")
			w.pods(object[*appsv1.StatefulSet](w, "web"), c.pods, c.ready)
			equal(t, "status", w.budget("b"), c.want)
			if !w.Settle(time.Hour) {
				t.Error("the loop does not come to rest")
			}
		})
	}
}

// Whose scale counts: that of the controller, or of the Deployment behind it; and what is said when there is none.
func TestBudgetFindsTheScale(t *testing.T) {
	const spec = "spec: {replicas: %d, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: m, image: i}]}}}}\n"
	const failed = "0/0 of 0, 0 allowed, DisruptionAllowed=False SyncFailed: "
	for _, c := range []struct{ what, kind, manifest, want string }{
		{"controller", "ReplicationController",
			"{apiVersion: v1, kind: ReplicationController, metadata: {name: web}, spec: {replicas: 3, selector: {app: web}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: m, image: i}]}}}}",
			"1/2 of 3, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"set", "ReplicaSet", "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, " + fmt.Sprintf(spec, 2), "1/1 of 2, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"set of a Deployment", "ReplicaSet", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: front}, " + fmt.Sprintf(spec, 4) +
			"---\n{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: front, uid: UID, controller: true}]}, " +
			fmt.Sprintf(spec, 2), "1/3 of 4, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"set of a Deployment that is gone", "ReplicaSet",
			"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: front, uid: gone, controller: true}]}, " +
				fmt.Sprintf(spec, 2), "1/1 of 2, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"no scale", "Job", "{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i}]}}}}",
			failed + "jobs.batch does not implement the scale subresource, stale"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newTown(t, sim.Options{Without: []string{"deployment", "replicaset", "replicationcontroller", "job"}})
			for _, manifest := range strings.Split(c.manifest, "---\n") {
				if strings.Contains(manifest, "uid: UID") {
					manifest = strings.Replace(manifest, "UID", string(object[*appsv1.Deployment](w, "front").UID), 1)
				}
				w.apply(manifest)
			}
			owner, _ := w.View().Object(api.KindNamed(c.kind), "default", "web")
			w.pods(owner, 1, 1)
			w.apply("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}}")
			w.run(time.Second)
			equal(t, "status", w.budget("b"), c.want)
		})
	}
}

func TestBudgetTellsOfPodsItCannotCount(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.apply("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}}")
	w.run(time.Second)
	equalLines(t, "without Pods", w.events("PodDisruptionBudget", "b"), "Normal NoPods controllermanager: No matching pods found (x2)")
	w.create(podOf("web-0"))
	w.run(time.Second)
	events := w.events("PodDisruptionBudget", "b")
	equal(t, "unmanaged", strings.TrimRight(events[len(events)-1], " (x0123456789)"), `Warning UnmanagedPods controllermanager: Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`)
	w.apply("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: c}, spec: {minAvailable: 1, selector: {}}}")
	w.become("web-0", corev1.PodRunning, true)
	w.run(time.Second)
	equalLines(t, "two budgets", w.events("Pod", "web-0")[1:], `Warning MultiplePodDisruptionBudgets controllermanager: Pod "default"/"web-0" matches multiple PodDisruptionBudgets.  Chose "b" arbitrarily.`)
	gone := podOf("web-1", func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "gone", UID: "gone", Controller: new(true)}}
	})
	w.create(gone)
	w.run(time.Second)
	equal(t, "status", w.budget("b"), `1/0 of 0, 0 allowed, DisruptionAllowed=False SyncFailed: found no controllers for pod "web-1"`)
	events = w.events("PodDisruptionBudget", "b")
	equal(t, "event", strings.TrimRight(events[len(events)-1], " (x0123456789)"), `Warning CalculateExpectedPodCountFailed controllermanager: Failed to calculate the number of expected pods: found no controllers for pod "web-1"`)
}

// TestDrain is what kubectl drain does: evict one Pod after the other, and again after a refusal, while new ones take their places.
func TestDrain(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.apply(fiveOf + "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {maxUnavailable: 2, selector: {matchLabels: {app: web}}}}")
	w.pods(object[*appsv1.StatefulSet](w, "web"), 5, 5)
	evict := func(name string) string {
		err := w.Evict(api.Name{Namespace: "default", Name: name}, metav1.DeleteOptions{})
		if err == nil {
			return "evicted"
		}
		cause, _ := apierrors.StatusCause(err, policyv1.DisruptionBudgetCause)
		return fmt.Sprintf("%s: %v (%s)", apierrors.ReasonForError(err), err, cause.Message)
	}
	const refused = "TooManyRequests: Cannot evict pod as it would violate the pod's disruption budget. (The disruption budget b needs 3 healthy pods and has %d currently)"
	for _, c := range []struct{ evict, want, budget string }{
		{"web-0", "evicted", "4/3 of 5, 1 allowed, DisruptionAllowed=True SufficientPods"},
		{"web-1", "evicted", "3/3 of 5, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"web-2", fmt.Sprintf(refused, 3), "3/3 of 5, 0 allowed, DisruptionAllowed=False InsufficientPods"},
		{"web-2", fmt.Sprintf(refused, 3), "3/3 of 5, 0 allowed, DisruptionAllowed=False InsufficientPods"},
	} {
		equal(t, "evict "+c.evict, evict(c.evict), c.want)
		w.run(5 * time.Second)
		equal(t, "budget after "+c.evict, w.budget("b"), c.budget)
	}
	equal(t, "a dry run spends nothing", w.Evict(api.Name{Namespace: "default", Name: "web-0"}, metav1.DeleteOptions{DryRun: []string{"All"}}), nil)
	now := int64(0)
	for _, name := range []string{"web-0", "web-1"} {
		if _, _, err := w.Delete(api.KindNamed("Pod"), api.Name{Namespace: "default", Name: name}, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Fatal(err)
		}
		w.create(podOf(name, controlled(object[*appsv1.StatefulSet](w, "web"))))
		w.run(time.Second)
	}
	equal(t, "not ready yet", evict("web-2"), fmt.Sprintf(refused, 3))
	w.become("web-0", corev1.PodRunning, true)
	w.run(time.Second)
	equal(t, "evict web-2", evict("web-2"), "evicted")
	equal(t, "evict web-3 in the same instant", evict("web-3"),
		"TooManyRequests: Cannot evict pod as it would violate the pod's disruption budget. (The disruption budget b does not allow evicting pods currently)") // the budget has not been looked at since
	equal(t, "web-1 is pending, so nothing is lost", evict("web-1"), "evicted")
}

// An eviction that came to nothing is forgotten after two minutes.
func TestEvictedPodThatStays(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.apply(fiveOf + "---\n{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}}")
	w.pods(object[*appsv1.StatefulSet](w, "web"), 2, 2)
	budget := object[*policyv1.PodDisruptionBudget](w, "b").DeepCopy()
	budget.Status.DisruptionsAllowed, budget.Status.DisruptedPods = 0, map[string]metav1.Time{"web-0": api.Timestamp(w.Now()), "web-7": api.Timestamp(w.Now())}
	pod := w.pod("web-0").DeepCopy()
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI", LastTransitionTime: api.Timestamp(w.Now())})
	for _, changed := range []api.Object{budget, pod} {
		if _, err := w.Update(changed, "status", false); err != nil {
			t.Fatal(err)
		}
	}
	w.run(time.Minute)
	equal(t, "while it may still go", w.budget("b"), "1/1 of 2, 0 allowed, DisruptionAllowed=False InsufficientPods")
	equal(t, "who is remembered", len(object[*policyv1.PodDisruptionBudget](w, "b").Status.DisruptedPods), 1)
	w.run(time.Minute + time.Second)
	equal(t, "when it has not gone", w.budget("b"), "2/1 of 2, 1 allowed, DisruptionAllowed=True SufficientPods")
	equalLines(t, "events", w.events("Pod", "web-0")[1:], "Warning NotDeleted controllermanager: Pod was expected by PDB default/default to be deleted but it wasn't")
	for _, condition := range w.pod("web-0").Status.Conditions {
		if condition.Type == corev1.DisruptionTarget && condition.Status != corev1.ConditionFalse {
			t.Errorf("condition %+v", condition)
		}
	}
	if !w.Settle(time.Hour) {
		t.Error("the loops do not come to rest")
	}
}
