package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// family makes ConfigMaps from words like "b<a" (b is owned by a), "c<a!" (and blocks its deletion), "d<a,b".
func (w *loopWorld) family(words string) {
	w.t.Helper()
	for _, word := range strings.Fields(words) {
		name, owners, _ := strings.Cut(word, "<")
		child := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		for _, owner := range strings.FieldsFunc(owners, func(r rune) bool { return r == ',' }) {
			owner, blocks := strings.CutSuffix(owner, "!")
			parent, _ := store.Get[*corev1.ConfigMap](w.db.View(), "default", owner)
			reference := metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: owner, UID: "gone"}
			if parent != nil {
				reference.UID = parent.UID
			}
			if blocks {
				reference.BlockOwnerDeletion = ptr.To(true)
			}
			child.OwnerReferences = append(child.OwnerReferences, reference)
		}
		w.create(child)
	}
}

// left lists the ConfigMaps with their owners, and * for those that are being deleted.
func (w *loopWorld) left() string {
	var all []string
	for config := range store.List[*corev1.ConfigMap](w.db.View(), "default") {
		text := config.Name
		if config.DeletionTimestamp != nil {
			text += "*"
		}
		for _, owner := range config.OwnerReferences {
			text += "<" + owner.Name
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestGarbageCollection(t *testing.T) {
	const background, foreground, orphan = metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan
	for _, c := range []struct {
		what, family, remove string
		policy               metav1.DeletionPropagation
		want, writes         string
	}{
		{"background: the dependents follow, and theirs", "a b<a c<a d<b x", "a", background, "x", "delete b, delete c, delete d"},
		{"foreground: the dependents go first", "a b<a! c<a! x", "a", foreground, "x", "delete b, delete c, update a"},
		{"foreground: dependents with dependents go in the foreground, too", "a b<a! c<b! x", "a", foreground, "x", "delete b, delete c, update b, update a"},
		{"foreground: what does not block is not waited for", "a b<a x", "a", foreground, "x", "delete b, update a"},
		{"foreground without dependents", "a x", "a", foreground, "x", "update a"},
		{"orphan: the dependents stay", "a b<a c<a,x", "a", orphan, "b c<x", "update b, update c, update a"},
		{"another owner keeps it", "a b c<a,b", "a", background, "b c<b", "update c"},
		{"another owner keeps it from the foreground", "a b c<a!,b!", "a", foreground, "b c<b", "update c, update a"},
		{"the last owner takes it along", "a b c<a,b d<c", "a b", background, "", "update c, delete c, delete d"},
		{"an owner that never was", "x a<nobody", "", "", "x", "delete a"},
		{"one owner never was, the other is", "x a<nobody,x", "", "", "a<x x", "update a"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newLoopWorld(t, garbageCollectorLoop())
			w.family(strings.Replace(c.family, "c<a,x", "x c<a,x", 1))
			for _, name := range strings.Fields(c.remove) {
				w.remove("ConfigMap", name, metav1.DeleteOptions{PropagationPolicy: &c.policy})
				w.run(time.Second)
			}
			w.run(time.Second)
			want := c.want
			if strings.Contains(c.family, "c<a,x") {
				want += " x"
			}
			if left := w.left(); left != want {
				t.Errorf("left: %q, want %q", left, want)
			}
			if writes := strings.ReplaceAll(strings.Join(w.writes, ", "), "ConfigMap ", ""); writes != c.writes || w.failures > 0 {
				t.Errorf("writes: %q, want %q; %d failures", writes, c.writes, w.failures)
			}
		})
	}
}

// Objects that own each other in a circle are deleted all the same.
func TestGarbageInACircle(t *testing.T) {
	w := newLoopWorld(t, garbageCollectorLoop())
	w.family("a b<a!")
	a, _ := store.Get[*corev1.ConfigMap](w.db.View(), "default", "a")
	b, _ := store.Get[*corev1.ConfigMap](w.db.View(), "default", "b")
	circle := a.DeepCopy()
	circle.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "b", UID: b.UID, BlockOwnerDeletion: ptr.To(true)}}
	w.update(circle, "")
	w.remove("ConfigMap", "a", metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)})
	w.run(time.Minute)
	if left := w.left(); left != "" {
		t.Errorf("left: %q", left)
	}
}

// What cannot be judged is left alone.
func TestGarbageOfUnknownOwners(t *testing.T) {
	w := newLoopWorld(t, garbageCollectorLoop())
	owned := func(name string, references ...metav1.OwnerReference) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, OwnerReferences: references}}
	}
	gone := metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "gone", UID: "gone"}
	w.create(
		owned("of-an-unknown-kind", metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "Database", Name: "d", UID: "d"}, gone),
		owned("of-an-unknown-group", metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "Pod", Name: "d", UID: "d"}),
		&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "of-a-namespaced-kind", OwnerReferences: []metav1.OwnerReference{gone}}, Provisioner: "p"},
	)
	w.run(time.Second)
	if len(w.writes) > 0 {
		t.Errorf("writes %q", w.writes)
	}
}

// The claims of a set with whenDeleted=Delete, its Pods and its revisions go with it; kubectl's --cascade=orphan leaves them.
func TestGarbageOfStatefulSets(t *testing.T) {
	for policy, want := range map[metav1.DeletionPropagation]string{
		metav1.DeletePropagationBackground: "0 Pods, 0 claims, 0 revisions", metav1.DeletePropagationForeground: "0 Pods, 0 claims, 0 revisions",
		metav1.DeletePropagationOrphan: "2 Pods, 2 claims, 1 revisions",
	} {
		s := newScript(t)
		s.loops = append(s.loops, garbageCollectorLoop())
		s.run1("set web replicas=2 claims=www retention=Delete/Delete", "up")
		s.remove("StatefulSet", "web", metav1.DeleteOptions{PropagationPolicy: &policy})
		s.run(time.Second)
		for _, pod := range s.pods() {
			if pod.DeletionTimestamp != nil {
				s.end(pod.Name)
			}
		}
		s.run(time.Second)
		for claim := range store.List[*corev1.PersistentVolumeClaim](s.db.View(), "default") {
			if claim.DeletionTimestamp != nil {
				s.run1("free-claim " + claim.Name)
			}
		}
		s.run(time.Second)
		count := func(kind string) (count int) {
			for range s.db.View().Objects(api.KindNamed(kind), "default") {
				count++
			}
			return count
		}
		if found := fmt.Sprintf("%d Pods, %d claims, %d revisions", count("Pod"), count("PersistentVolumeClaim"), count("ControllerRevision")); found != want {
			t.Errorf("%s: %s, want %s", policy, found, want)
		}
		if _, found := store.Get[*appsv1.StatefulSet](s.db.View(), "default", "web"); found {
			t.Errorf("%s: the set is still there", policy)
		}
		if policy == metav1.DeletePropagationOrphan {
			s.run1("set web replicas=2 claims=www retention=Delete/Delete")
			if found := s.set("web").Status; found.Replicas != 2 || found.ReadyReplicas != 2 {
				t.Errorf("made again, the set does not take its Pods back: %+v", found)
			}
		}
	}
}
