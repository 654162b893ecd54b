package store

import (
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// index finds API objects by something other than their name. It is an ordered set of keys, each of what is looked for, the mark of the kind, and the
// key of the object: so nothing has to be written when an object changes in other respects, as it mostly does.
type index int

const (
	byOwner index = iota // the uids of all owners
	byNode               // Pods: spec.nodeName
	byClaim              // Pods: the claims they use, with the namespace
	indexes
)

// kindMark is a letter that orders the objects of an owner like the table of kinds.
func kindMark(kind *api.Kind) string { return marks[kind.Place : kind.Place+1] }

const marks = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn" // as many as there can be kinds

// ClaimName is the name of the claim behind a volume of a Pod, "" when there is none (upstream: component-helpers/storage/ephemeral
// for the claim that a Pod brings along).
func ClaimName(pod *corev1.Pod, volume *corev1.Volume) string {
	switch {
	case volume.PersistentVolumeClaim != nil:
		return volume.PersistentVolumeClaim.ClaimName
	case volume.Ephemeral != nil:
		return pod.Name + "-" + volume.Name
	}
	return ""
}

// file keeps the indexes up with a change. Old or new is nil where there is none.
func (s *state) file(kind *api.Kind, before, after api.Object) {
	s.fileByOwner(kind, before, after)
	if was, is := podIn(before), podIn(after); was != nil || is != nil {
		s.fileByNode(kind, was, is)
		s.fileByClaim(kind, was, is)
	}
}

func podIn(object api.Object) *corev1.Pod {
	pod, _ := object.(*corev1.Pod)
	return pod
}

func (s *state) fileByOwner(kind *api.Kind, before, after api.Object) {
	var was, is []metav1.OwnerReference
	if before != nil {
		was = before.GetOwnerReferences()
	}
	if after != nil {
		is = after.GetOwnerReferences()
	}
	if slices.EqualFunc(was, is, func(a, b metav1.OwnerReference) bool { return a.UID == b.UID }) {
		return
	}
	for i := range was {
		s.indexes[byOwner].Remove(s.writer(), indexKey(kind, before, string(was[i].UID)))
	}
	for i := range is {
		s.indexes[byOwner].Put(s.writer(), indexKey(kind, after, string(is[i].UID)), nothing)
	}
}

func (s *state) fileByNode(kind *api.Kind, before, after *corev1.Pod) {
	var was, is string
	if before != nil {
		was = before.Spec.NodeName
	}
	if after != nil {
		is = after.Spec.NodeName
	}
	if was == is {
		return
	}
	if was != "" {
		s.indexes[byNode].Remove(s.writer(), indexKey(kind, before, was))
	}
	if is != "" {
		s.indexes[byNode].Put(s.writer(), indexKey(kind, after, is), nothing)
	}
}

func (s *state) fileByClaim(kind *api.Kind, before, after *corev1.Pod) {
	if before != nil && after != nil && sameVolumes(before.Spec.Volumes, after.Spec.Volumes) {
		return
	}
	eachClaim(before, func(claim string) {
		s.indexes[byClaim].Remove(s.writer(), indexKey(kind, before, before.Namespace+"\x00"+claim))
	})
	eachClaim(after, func(claim string) {
		s.indexes[byClaim].Put(s.writer(), indexKey(kind, after, after.Namespace+"\x00"+claim), nothing)
	})
}

// sameVolumes says whether two lists are one: volumes of a Pod do not change.
func sameVolumes(a, b []corev1.Volume) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func eachClaim(pod *corev1.Pod, visit func(claim string)) {
	if pod == nil {
		return
	}
	for i := range pod.Spec.Volumes {
		if claim := ClaimName(pod, &pod.Spec.Volumes[i]); claim != "" {
			visit(claim)
		}
	}
}

// nothing is what an index has beside its keys.
var nothing = struct{}{}

// indexKey is the key under which an object is found by something.
func indexKey(kind *api.Kind, object api.Object, about string) string {
	return about + "\x00" + kindMark(kind) + "\x00" + object.GetNamespace() + "\x00" + object.GetName()
}

// indexed goes through the objects that are found by something, of one kind or (nil) of all, ordered like the table of kinds, then by namespace and name.
func indexed[T api.Object](view View, i index, about string, kind *api.Kind) iter.Seq[T] {
	prefix := about + "\x00"
	behind := len(prefix) + len("A\x00") // what comes after the mark
	if kind != nil {
		prefix += kindMark(kind) + "\x00"
	}
	return func(yield func(T) bool) {
		view.state.read()
		defer view.state.unread()
		objects := view.state.objects // as they are at the start
		view.state.indexes[i].Each(prefix, func(key string, _ struct{}) bool {
			object, _ := objects[place(key[behind-2])].Get(key[behind:])
			return yield(object.(T))
		})
	}
}

// place is where the kind with a mark stands in the table of kinds.
func place(mark byte) int {
	if mark >= 'a' {
		return int(mark-'a') + 26
	}
	return int(mark - 'A')
}
