package registry_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
)

func TestScale(t *testing.T) {
	w := newWorld(t)
	set := newSet(w)
	scale, err := registry.ScaleOf(set)
	if err != nil || scale.Spec.Replicas != 1 || scale.Status.Selector != "app=web" || scale.UID != set.UID || scale.ResourceVersion != set.ResourceVersion {
		t.Fatalf("scale %+v, error %v", scale, err)
	}
	for _, c := range []struct {
		what   string
		change func(*autoscalingv1.Scale)
		reason metav1.StatusReason
		text   string
	}{
		{"negative", func(scale *autoscalingv1.Scale) { scale.Spec.Replicas = -1 }, metav1.StatusReasonInvalid,
			`Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0`},
		{"an old version", func(scale *autoscalingv1.Scale) { scale.ResourceVersion = "1" }, metav1.StatusReasonConflict,
			`Operation cannot be fulfilled on statefulsets.apps "web": the object has been modified`},
		{"another uid", func(scale *autoscalingv1.Scale) { scale.UID = "other" }, metav1.StatusReasonConflict,
			`Operation cannot be fulfilled on statefulsets/scale.apps "web": Precondition failed: UID in precondition: other`},
		{"another name", func(scale *autoscalingv1.Scale) { scale.Name = "webb" }, metav1.StatusReasonNotFound, `statefulsets.apps "webb" not found`},
	} {
		changed := scale.DeepCopy()
		c.change(changed)
		_, err := w.UpdateScale(api.KindOf(set), changed)
		expect(t, err, c.reason, c.text)
	}
	scale.Spec.Replicas = 5
	updated, err := w.UpdateScale(api.KindOf(set), scale)
	if err != nil || updated.Spec.Replicas != 5 {
		t.Fatalf("scale %+v, error %v", updated, err)
	}
	if set := found[*appsv1.StatefulSet](w, "web"); *set.Spec.Replicas != 5 || set.Generation != 2 {
		t.Errorf("replicas %d, generation %d", *set.Spec.Replicas, set.Generation)
	}
	_, err = registry.ScaleOf(&corev1.Pod{})
	expect(t, err, metav1.StatusReasonBadRequest, "*v1.Pod has no scale subresource")
}

func TestBind(t *testing.T) {
	w := newWorld(t)
	name := func(name string) api.Name { return api.Name{Namespace: "default", Name: name} }
	apply(w, &corev1.Pod{}, `{metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}`)
	pod, err := w.Bind(name("p"), "node-1")
	if err != nil || pod.Spec.NodeName != "node-1" || pod.Generation != 1 || pod.Status.Conditions[0].Type != corev1.PodScheduled {
		t.Fatalf("pod %+v, error %v", pod, err)
	}
	_, err = w.Bind(name("p"), "node-2")
	expect(t, err, metav1.StatusReasonConflict, `Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "node-1"`)
	_, err = w.Bind(name("q"), "node-2")
	expect(t, err, metav1.StatusReasonNotFound, `pods "q" not found`)
	apply(w, &corev1.Pod{}, `{metadata: {name: gated}, spec: {schedulingGates: [{name: example.com/wait}], containers: [{name: c, image: i}]}}`)
	_, err = w.Bind(name("gated"), "node-1")
	expect(t, err, metav1.StatusReasonConflict, `Operation cannot be fulfilled on pods/binding "gated": pod gated has non-empty .spec.schedulingGates`)
	apply(w, &corev1.Pod{}, `{metadata: {name: leaving, finalizers: [example.com/hold]}, spec: {containers: [{name: c, image: i}]}}`)
	if _, err := w.delete("Pod", "leaving", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Bind(name("leaving"), "node-1")
	expect(t, err, metav1.StatusReasonConflict, `Operation cannot be fulfilled on pods/binding "leaving": pod leaving is being deleted, cannot be assigned to a host`)
}

func TestEvict(t *testing.T) {
	const refused = "Cannot evict pod as it would violate the pod's disruption budget."
	status := func(allowed, healthy, desired int32) policyv1.PodDisruptionBudgetStatus {
		return policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: allowed, CurrentHealthy: healthy, DesiredHealthy: desired, ExpectedPods: 3, ObservedGeneration: 1}
	}
	for _, c := range []struct {
		what    string
		status  policyv1.PodDisruptionBudgetStatus
		policy  policyv1.UnhealthyPodEvictionPolicyType
		phase   corev1.PodPhase
		ready   bool
		refusal string // its cause
		left    int32
	}{
		{what: "allowed", status: status(2, 3, 1), phase: corev1.PodRunning, ready: true, left: 1},
		{what: "the last one", status: status(1, 3, 2), phase: corev1.PodRunning, ready: true, left: 0},
		{what: "none left", status: status(0, 2, 2), phase: corev1.PodRunning, ready: true, refusal: "The disruption budget b needs 2 healthy pods and has 2 currently"},
		{what: "none left for another reason", status: status(0, 3, 2), phase: corev1.PodRunning, ready: true, refusal: "The disruption budget b does not allow evicting pods currently"},
		{what: "not looked at yet", status: policyv1.PodDisruptionBudgetStatus{DisruptionsAllowed: 1}, phase: corev1.PodRunning, ready: true, refusal: "The disruption budget b is still being processed by the server."},
		{what: "not ready, enough others", status: status(0, 2, 2), phase: corev1.PodRunning},
		{what: "not ready, too few others", status: status(0, 1, 2), phase: corev1.PodRunning, refusal: "The disruption budget b needs 2 healthy pods and has 1 currently"},
		{what: "not ready, may always go", status: status(0, 1, 2), policy: policyv1.AlwaysAllow, phase: corev1.PodRunning},
		{what: "pending", status: status(0, 1, 2), phase: corev1.PodPending},
		{what: "failed", status: status(0, 1, 2), phase: corev1.PodFailed},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			budget := apply(w, &policyv1.PodDisruptionBudget{}, `{metadata: {name: b}, spec: {minAvailable: 2, selector: {}}}`).DeepCopy()
			budget.Status = c.status
			if c.policy != "" {
				budget.Spec.UnhealthyPodEvictionPolicy = &c.policy
				budget.ResourceVersion = ""
				w.Tx.Put(budget)
			} else if _, err := w.Update(budget, "status"); err != nil {
				t.Fatal(err)
			}
			runningPod(w, "p")
			pod := setPhase(w, "p", c.phase, c.ready)
			err := w.Evict(api.NameOf(pod), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &pod.ResourceVersion}})
			if c.refusal != "" {
				expect(t, err, metav1.StatusReasonTooManyRequests, refused)
				if cause, found := apierrors.StatusCause(err, policyv1.DisruptionBudgetCause); !found || cause.Message != c.refusal {
					t.Errorf("cause %q, want %q", cause.Message, c.refusal)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if left := found[*policyv1.PodDisruptionBudget](w, "b").Status.DisruptionsAllowed; left != c.left {
				t.Errorf("%d disruptions left, want %d", left, c.left)
			}
			if c.phase == corev1.PodFailed {
				return
			}
			conditions := found[*corev1.Pod](w, "p").Status.Conditions
			if last := conditions[len(conditions)-1]; last.Type != corev1.DisruptionTarget || last.Reason != "EvictionByEvictionAPI" {
				t.Errorf("condition %+v", last)
			}
		})
	}
}

// A budget whose status makes no sense forbids; upstream names it in the singular.
func TestEvictForbidden(t *testing.T) {
	many := map[string]metav1.Time{}
	for i := range 2001 {
		many[fmt.Sprint("p-", i)] = metav1.Time{}
	}
	for text, status := range map[string]policyv1.PodDisruptionBudgetStatus{
		`poddisruptionbudget.policy "b" is forbidden: pdb disruptions allowed is negative`:                                            {DisruptionsAllowed: -1, ObservedGeneration: 1},
		`poddisruptionbudget.policy "b" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller`: {DisruptionsAllowed: 1, ObservedGeneration: 1, DisruptedPods: many},
	} {
		w := newWorld(t)
		budget := apply(w, &policyv1.PodDisruptionBudget{}, `{metadata: {name: b}, spec: {minAvailable: 2, selector: {}}}`).DeepCopy()
		budget.Status = status
		w.Tx.Put(budget)
		expect(t, w.Evict(api.NameOf(runningPod(w, "p")), metav1.DeleteOptions{}), metav1.StatusReasonForbidden, text)
	}
}

func TestEvictWithTwoBudgets(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"a", "b"} {
		apply(w, &policyv1.PodDisruptionBudget{}, `{metadata: {name: `+name+`}, spec: {minAvailable: 2, selector: {}}}`)
	}
	err := w.Evict(api.NameOf(runningPod(w, "p")), metav1.DeleteOptions{})
	expect(t, err, "", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
	err = w.Evict(api.Name{Namespace: "default", Name: "q"}, metav1.DeleteOptions{})
	expect(t, err, metav1.StatusReasonNotFound, `pods "q" not found`)
	err = w.Evict(api.Name{Namespace: "default", Name: "p"}, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To[api.UID]("other")}})
	expect(t, err, "", "This pod has more than one PodDisruptionBudget")
}
