package registry_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestUpdateLocks(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*appsv1.StatefulSet)
		text   string
		reason metav1.StatusReason
	}{
		{"an old version", func(set *appsv1.StatefulSet) { set.ResourceVersion = "1" },
			`Operation cannot be fulfilled on statefulsets.apps "web": the object has been modified; please apply your changes to the latest version and try again`, metav1.StatusReasonConflict},
		{"another uid", func(set *appsv1.StatefulSet) { set.UID = "other" },
			`Operation cannot be fulfilled on statefulsets.apps "web": StorageError: invalid object, Code: 4, Key: /registry/statefulsets/default/web, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: `, metav1.StatusReasonConflict},
		{"a uid, and the object is gone", func(set *appsv1.StatefulSet) { set.Name = "webb" },
			`Operation cannot be fulfilled on statefulsets.apps "webb": StorageError: invalid object, Code: 4, Key: /registry/statefulsets/default/webb, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: `, metav1.StatusReasonConflict},
		{"no uid, and the object is gone", func(set *appsv1.StatefulSet) { set.Name, set.UID = "webb", "" },
			`statefulsets.apps "webb" not found`, metav1.StatusReasonNotFound},
		{"an immutable field", func(set *appsv1.StatefulSet) { set.Spec.ServiceName = "other" },
			`StatefulSet.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other than`, metav1.StatusReasonInvalid},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			set := newSet(w).DeepCopy()
			c.change(set)
			_, err := w.Update(set, "")
			expect(t, err, c.reason, c.text)
		})
	}
}

func TestUpdateWithoutAVersionTakesWhatIsThere(t *testing.T) {
	w := newWorld(t)
	newSet(w)
	set := parse(t, &appsv1.StatefulSet{}, plainSet) // as written by a person: no version, no uid, no defaults
	before := found[*appsv1.StatefulSet](w, "web")
	updated, err := w.Update(set, "")
	if err != nil || updated != before {
		t.Errorf("the same manifest again: %v, error %v; want the object that is there", updated, err)
	}
}

func TestUpdateCountsTheGeneration(t *testing.T) {
	w := newWorld(t)
	newSet(w)
	for _, c := range []struct {
		what        string
		subresource string
		change      func(*appsv1.StatefulSet)
		generation  int64
		written     bool
	}{
		{"a label", "", func(set *appsv1.StatefulSet) { set.Labels = map[string]string{"a": "b"} }, 1, true},
		{"nothing", "", func(*appsv1.StatefulSet) {}, 1, false},
		{"the spec", "", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](3) }, 2, true},
		{"the spec through status", "status", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](9) }, 2, false},
		{"the status", "status", func(set *appsv1.StatefulSet) { set.Status.Replicas = 2 }, 2, true},
		{"the status through the object", "", func(set *appsv1.StatefulSet) { set.Status.Replicas = 9 }, 2, false},
		{"the generation", "", func(set *appsv1.StatefulSet) { set.Generation = 9 }, 2, false},
	} {
		before := found[*appsv1.StatefulSet](w, "web")
		set := before.DeepCopy()
		c.change(set)
		if _, err := w.Update(set, c.subresource); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		after := found[*appsv1.StatefulSet](w, "web")
		if after.Generation != c.generation || (after.ResourceVersion != before.ResourceVersion) != c.written {
			t.Errorf("%s: generation %d, want %d; version %s then %s, want written: %v", c.what, after.Generation, c.generation, before.ResourceVersion, after.ResourceVersion, c.written)
		}
	}
	if set := found[*appsv1.StatefulSet](w, "web"); *set.Spec.Replicas != 3 || set.Status.Replicas != 2 {
		t.Errorf("spec %d, status %d", *set.Spec.Replicas, set.Status.Replicas)
	}
}

func TestUpdateKeepsWhatNobodyMayChange(t *testing.T) {
	w := newWorld(t)
	runningPod(w, "p")
	if _, err := w.delete("Pod", "p", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	before := found[*corev1.Pod](w, "p")
	pod := before.DeepCopy()
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds, pod.CreationTimestamp = nil, nil, metav1.Time{}
	pod.Labels = map[string]string{"a": "b"}
	if _, err := w.Update(pod, ""); err != nil {
		t.Fatal(err)
	}
	after := found[*corev1.Pod](w, "p")
	if !after.DeletionTimestamp.Equal(before.DeletionTimestamp) || *after.DeletionGracePeriodSeconds != 30 || !after.CreationTimestamp.Equal(&before.CreationTimestamp) || after.Labels["a"] != "b" {
		t.Errorf("metadata %+v", after.ObjectMeta)
	}
}

// The update that takes the last finalizer is the end of the object: watchers see it go as it last was.
func TestLastFinalizer(t *testing.T) {
	w := newWorld(t)
	apply(w, &corev1.ConfigMap{}, `{metadata: {name: c, finalizers: [example.com/a, example.com/b]}}`)
	without := func(finalizers ...string) {
		t.Helper()
		config := found[*corev1.ConfigMap](w, "c").DeepCopy()
		config.Finalizers = finalizers
		if _, err := w.Update(config, ""); err != nil {
			t.Fatal(err)
		}
	}
	if gone, err := w.delete("ConfigMap", "c", metav1.DeleteOptions{}); gone || err != nil {
		t.Fatalf("gone %v, error %v", gone, err)
	}
	held := found[*corev1.ConfigMap](w, "c")
	if held.DeletionTimestamp == nil || *held.DeletionGracePeriodSeconds != 0 {
		t.Errorf("metadata %+v", held.ObjectMeta)
	}
	without("example.com/b")
	if gone[*corev1.ConfigMap](w, "c") {
		t.Fatal("gone with a finalizer left")
	}
	without()
	if !gone[*corev1.ConfigMap](w, "c") {
		t.Fatal("still there without finalizers")
	}
	changes := w.Tx.Changes()
	if last := changes[len(changes)-1]; last.New != nil || len(last.Old.GetFinalizers()) != 1 {
		t.Errorf("last change %+v", last)
	}
}

func TestVolumePhaseIsDated(t *testing.T) {
	w := newWorld(t)
	apply(w, &corev1.PersistentVolume{}, `
metadata: {name: pv}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}`)
	w.Tx.AdvanceTo(start.Add(60e9))
	volume := found[*corev1.PersistentVolume](w, "pv").DeepCopy()
	volume.Status.Phase = corev1.VolumeAvailable
	if _, err := w.Update(volume, "status"); err != nil {
		t.Fatal(err)
	}
	if at := found[*corev1.PersistentVolume](w, "pv").Status.LastPhaseTransitionTime; at == nil || !at.Time.Equal(start.Add(60e9)) {
		t.Errorf("phase since %v", at)
	}
}
