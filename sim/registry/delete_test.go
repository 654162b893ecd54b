package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
)

func grace(seconds int64) metav1.DeleteOptions {
	return metav1.DeleteOptions{GracePeriodSeconds: &seconds}
}

func propagation(policy metav1.DeletionPropagation) metav1.DeleteOptions {
	return metav1.DeleteOptions{PropagationPolicy: &policy}
}

func TestDeletePods(t *testing.T) {
	for _, c := range []struct {
		what    string
		phase   corev1.PodPhase // empty: not bound to a node
		options metav1.DeleteOptions
		gone    bool
		seconds int64 // until deletionTimestamp
	}{
		{"one that runs", corev1.PodRunning, metav1.DeleteOptions{}, false, 30},
		{"with a period", corev1.PodRunning, grace(5), false, 5},
		{"with a negative period", corev1.PodRunning, grace(-5), false, 1},
		{"by force", corev1.PodRunning, grace(0), true, 0},
		{"one that is bound and pending", corev1.PodPending, metav1.DeleteOptions{}, false, 30},
		{"one that failed", corev1.PodFailed, metav1.DeleteOptions{}, true, 0},
		{"one that succeeded", corev1.PodSucceeded, grace(50), true, 0},
		{"one that runs nowhere", "", metav1.DeleteOptions{}, true, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			if c.phase == "" {
				apply(w, &corev1.Pod{}, fmt.Sprintf(plainPod, "p"))
			} else {
				runningPod(w, "p")
				setPhase(w, "p", c.phase, false)
			}
			if goneNow, err := w.delete("Pod", "p", c.options); goneNow != c.gone || err != nil {
				t.Fatalf("gone %v, error %v, want gone %v", goneNow, err, c.gone)
			}
			changes := w.Tx.Changes()
			last := changes[len(changes)-1].Object().(*corev1.Pod) // the one that goes at once was seen terminating, too
			if left := last.DeletionTimestamp.Sub(start); left != time.Duration(c.seconds)*time.Second || *last.DeletionGracePeriodSeconds != c.seconds || last.Generation != 2 {
				t.Errorf("deleted in %s, grace %d, generation %d", left, *last.DeletionGracePeriodSeconds, last.Generation)
			}
			if gone[*corev1.Pod](w, "p") != c.gone {
				t.Errorf("gone %v, want %v", !c.gone, c.gone)
			}
		})
	}
}

// A grace period once begun can be made shorter, never longer, and the end never lies in the past.
func TestDeleteAgain(t *testing.T) {
	for _, c := range []struct {
		what    string
		later   time.Duration
		options metav1.DeleteOptions
		gone    bool
		end     int64 // seconds after the start
		grace   int64
	}{
		{"without a period", 3 * time.Second, metav1.DeleteOptions{}, false, 30, 30},
		{"with a longer one", 3 * time.Second, grace(60), false, 30, 30},
		{"with the same", 3 * time.Second, grace(30), false, 30, 30},
		{"with a shorter one", 3 * time.Second, grace(10), false, 10, 10},
		{"with one that is over", 20 * time.Second, grace(10), false, 20, 1},
		{"by force", 3 * time.Second, grace(0), true, 3, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			runningPod(w, "p")
			if _, err := w.delete("Pod", "p", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			w.Tx.AdvanceTo(start.Add(c.later))
			before := len(w.Tx.Changes())
			if goneNow, err := w.delete("Pod", "p", c.options); goneNow != c.gone || err != nil {
				t.Fatalf("gone %v, error %v", goneNow, err)
			}
			changes := w.Tx.Changes()
			last := changes[len(changes)-1].Object().(*corev1.Pod)
			if end := last.DeletionTimestamp.Sub(start); end != time.Duration(c.end)*time.Second || *last.DeletionGracePeriodSeconds != c.grace || last.Generation != 2 {
				t.Errorf("ends after %s, grace %d, generation %d", end, *last.DeletionGracePeriodSeconds, last.Generation)
			}
			if written := len(changes) > before; written != (c.end != 30) {
				t.Errorf("written: %v", written)
			}
		})
	}
}

// An ended Pod whose deletion is pending waits for its kubelet like any other.
func TestDeleteAgainWhenEnded(t *testing.T) {
	w := newWorld(t)
	runningPod(w, "p")
	if _, err := w.delete("Pod", "p", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	setPhase(w, "p", corev1.PodSucceeded, false)
	if goneNow, err := w.delete("Pod", "p", metav1.DeleteOptions{}); goneNow || err != nil {
		t.Errorf("gone %v, error %v", goneNow, err)
	}
}

// Pods with finalizers stay after their grace period, until the finalizers are gone.
func TestDeletePodWithFinalizer(t *testing.T) {
	w := newWorld(t)
	apply(w, &corev1.Pod{}, strings.Replace(fmt.Sprintf(plainPod, "p"), "name: p", "name: p, finalizers: [example.com/hold]", 1))
	if _, err := w.Bind(api.Name{Namespace: "default", Name: "p"}, "node-1"); err != nil {
		t.Fatal(err)
	}
	for _, options := range []metav1.DeleteOptions{{}, grace(0), grace(0)} {
		if goneNow, err := w.delete("Pod", "p", options); goneNow || err != nil {
			t.Fatalf("gone %v, error %v", goneNow, err)
		}
	}
	pod := found[*corev1.Pod](w, "p").DeepCopy()
	if *pod.DeletionGracePeriodSeconds != 0 {
		t.Errorf("grace %d", *pod.DeletionGracePeriodSeconds)
	}
	pod.Finalizers = nil
	if _, err := w.Update(pod, ""); err != nil {
		t.Fatal(err)
	}
	if !gone[*corev1.Pod](w, "p") {
		t.Error("still there")
	}
}

func TestPropagation(t *testing.T) {
	const orphan, foreground = metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents
	for _, c := range []struct {
		what       string
		finalizers []string
		options    metav1.DeleteOptions
		want       string // finalizers left; empty when the object is gone
	}{
		{"nothing said", nil, metav1.DeleteOptions{}, ""},
		{"background", nil, propagation(metav1.DeletePropagationBackground), ""},
		{"foreground", nil, propagation(metav1.DeletePropagationForeground), foreground},
		{"orphan", nil, propagation(metav1.DeletePropagationOrphan), orphan},
		{"orphan, the old way", nil, metav1.DeleteOptions{OrphanDependents: ptr.To(true)}, orphan},
		{"not orphan, the old way", []string{orphan}, metav1.DeleteOptions{OrphanDependents: ptr.To(false)}, ""},
		{"said before", []string{foreground}, metav1.DeleteOptions{}, foreground},
		{"said otherwise before", []string{orphan, "example.com/a"}, propagation(metav1.DeletePropagationForeground), "example.com/a " + foreground},
		{"background over orphan", []string{orphan}, propagation(metav1.DeletePropagationBackground), ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "c", Finalizers: c.finalizers}}
			w.create(config)
			goneNow, err := w.delete("ConfigMap", "c", c.options)
			if err != nil || goneNow != (c.want == "") {
				t.Fatalf("gone %v, error %v", goneNow, err)
			}
			if goneNow {
				return
			}
			held := found[*corev1.ConfigMap](w, "c")
			if left := strings.Join(held.Finalizers, " "); left != c.want || held.DeletionTimestamp == nil {
				t.Errorf("finalizers %q, want %q; deleted %v", left, c.want, held.DeletionTimestamp)
			}
		})
	}
	t.Run("Jobs leave their Pods", func(t *testing.T) {
		w := newWorld(t)
		apply(w, &batchv1.Job{}, `{metadata: {name: j}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}`)
		if goneNow, err := w.delete("Job", "j", metav1.DeleteOptions{}); goneNow || err != nil {
			t.Errorf("gone %v, error %v", goneNow, err)
		}
		if job := found[*batchv1.Job](w, "j"); job.Finalizers[0] != orphan || job.Generation != 2 {
			t.Errorf("finalizers %v generation %d", job.Finalizers, job.Generation)
		}
	})
}

func TestDeleteRefusals(t *testing.T) {
	for _, c := range []struct {
		what, kind, name string
		options          metav1.DeleteOptions
		reason           metav1.StatusReason
		text             string
	}{
		{"a missing object", "Pod", "q", metav1.DeleteOptions{}, metav1.StatusReasonNotFound, `pods "q" not found`},
		{"another uid", "Pod", "p", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To[api.UID]("other")}}, metav1.StatusReasonConflict,
			`Operation cannot be fulfilled on Pod "p": the UID in the precondition (other) does not match the UID in record (`},
		{"another version", "Pod", "p", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: ptr.To("1")}}, metav1.StatusReasonConflict,
			`Operation cannot be fulfilled on Pod "p": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (`},
		{"two propagations", "Pod", "p", metav1.DeleteOptions{OrphanDependents: ptr.To(true), PropagationPolicy: ptr.To(metav1.DeletePropagationOrphan)},
			metav1.StatusReasonInvalid, `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set`},
		{"the namespace default", "Namespace", "default", metav1.DeleteOptions{}, metav1.StatusReasonForbidden, `namespaces "default" is forbidden: this namespace may not be deleted`},
		{"a namespace of another uid", "Namespace", "web", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: ptr.To[api.UID]("other")}}, metav1.StatusReasonConflict,
			`Operation cannot be fulfilled on namespaces "web": Precondition failed: UID in precondition: other, UID in object meta: `},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			runningPod(w, "p")
			apply(w, &corev1.Namespace{}, `{metadata: {name: web}}`)
			_, err := w.delete(c.kind, c.name, c.options)
			expect(t, err, c.reason, c.text)
		})
	}
}

func TestPreconditionsThatHold(t *testing.T) {
	w := newWorld(t)
	pod := runningPod(w, "p")
	options := grace(0)
	options.Preconditions = &metav1.Preconditions{UID: &pod.UID, ResourceVersion: &pod.ResourceVersion}
	if goneNow, err := w.delete("Pod", "p", options); !goneNow || err != nil {
		t.Errorf("gone %v, error %v", goneNow, err)
	}
}

func TestNamespacesEndWhenFinalized(t *testing.T) {
	w := newWorld(t)
	apply(w, &corev1.Namespace{}, `{metadata: {name: web}}`)
	for range 2 { // asking again changes nothing
		if goneNow, err := w.delete("Namespace", "web", metav1.DeleteOptions{}); goneNow || err != nil {
			t.Fatalf("gone %v, error %v", goneNow, err)
		}
	}
	namespace := found[*corev1.Namespace](w, "web").DeepCopy()
	if namespace.Status.Phase != corev1.NamespaceTerminating || namespace.DeletionTimestamp == nil {
		t.Errorf("namespace %+v", namespace)
	}
	namespace.Spec.Finalizers = nil
	if _, err := w.Update(namespace.DeepCopy(), ""); err != nil {
		t.Fatal(err)
	}
	if kept := found[*corev1.Namespace](w, "web"); len(kept.Spec.Finalizers) != 1 {
		t.Error("finalizers of a namespace go through the subresource finalize only")
	}
	namespace.ResourceVersion = ""
	if _, err := w.Update(namespace, "finalize"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Get(api.KindNamed("Namespace"), api.Name{Name: "web"}); err == nil {
		t.Error("still there")
	}
}
