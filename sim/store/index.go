package store

import (
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// index finds API objects by something other than their name. It is an ordered map whose keys begin with what is looked for.
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

// keys are what an object is found by.
func (i index) keys(kind *api.Kind, object api.Object) []string {
	var keys []string
	add := func(about string) {
		keys = append(keys, about+"\x00"+object.GetNamespace()+"\x00"+object.GetName())
	}
	switch pod, _ := object.(*corev1.Pod); {
	case i == byOwner:
		for _, owner := range object.GetOwnerReferences() {
			add(string(owner.UID) + "\x00" + kindMark(kind))
		}
	case pod == nil:
	case i == byNode && pod.Spec.NodeName != "":
		add(pod.Spec.NodeName)
	case i == byClaim:
		for volume := range pod.Spec.Volumes {
			if claim := ClaimName(pod, &pod.Spec.Volumes[volume]); claim != "" {
				add(pod.Namespace + "\x00" + claim)
			}
		}
	}
	return keys
}

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
	for i := range indexes {
		var was, is []string
		if before != nil {
			was = i.keys(kind, before)
		}
		if after != nil {
			is = i.keys(kind, after)
		}
		for _, key := range was {
			if !slices.Contains(is, key) {
				s.indexes[i].Remove(s.writer(), key)
			}
		}
		for _, key := range is {
			s.indexes[i].Put(s.writer(), key, after)
		}
	}
}

// indexed goes through the objects that are found by something, ordered by namespace and name.
func indexed[T api.Object](view View, i index, about string) iter.Seq[T] {
	return func(yield func(T) bool) {
		view.state.read()
		defer view.state.unread()
		view.state.indexes[i].Each(about+"\x00", func(_ string, object api.Object) bool { return yield(object.(T)) })
	}
}
