package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// parts says where a kind keeps what is wished for and what is observed.
type parts[T Object, Spec, Status any] struct {
	spec   func(T) *Spec
	status func(T) *Status
}

// create is the strategy of most kinds for new objects: no status, and the first generation.
func (p parts[T, Spec, Status]) create(object T) {
	*p.status(object) = *new(Status)
	object.SetGeneration(1)
}

// update is the strategy of most kinds for updates: one of the object takes the spec and keeps the status, and
// counts the generation up when the spec has changed; one of its status keeps the spec.
func (p parts[T, Spec, Status]) update(object, old T, subresource string) {
	if subresource == "status" {
		*p.spec(object) = *p.spec(old)
		return
	}
	*p.status(object) = *p.status(old)
	if !sameMeaning(*p.spec(object), *p.spec(old)) {
		object.SetGeneration(old.GetGeneration() + 1)
	}
}

// uncounted is update for kinds whose generation does not count.
func (p parts[T, Spec, Status]) uncounted(object, old T, subresource string) {
	p.update(object, old, subresource)
	object.SetGeneration(old.GetGeneration())
}

// firstGeneration is the strategy of new objects of kinds without a status.
func firstGeneration[T Object](object T) { object.SetGeneration(1) }

// beforeCreate drops the metadata that only deletion sets. Upstream: apiserver pkg/registry/rest/meta.go.
func beforeCreate(object metav1.Object) {
	object.SetDeletionTimestamp(nil)
	object.SetDeletionGracePeriodSeconds(nil)
}

// beforeUpdate keeps the metadata that no client may change. Upstream: apiserver pkg/registry/rest/update.go.
func beforeUpdate(object, old metav1.Object) {
	object.SetGeneration(old.GetGeneration())
	if object.GetUID() == "" {
		object.SetUID(old.GetUID())
	}
	object.SetCreationTimestamp(old.GetCreationTimestamp())
	if old.GetDeletionTimestamp() != nil {
		object.SetDeletionTimestamp(old.GetDeletionTimestamp())
		if object.GetDeletionGracePeriodSeconds() == nil {
			object.SetDeletionGracePeriodSeconds(old.GetDeletionGracePeriodSeconds())
		}
	}
}
