package api

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api/field"
)

// Kind is one row of the table of kinds: everything the simulator knows about a kind of object.
// Objects are kept in the one version named here; other served versions are converted at the door.
type Kind struct {
	Place          int      // in the table of kinds, from 0
	Group, Version string   // of the stored form, e.g. "apps", "v1"
	Kind           string   // e.g. "StatefulSet"; unique over all groups, and the name of the kind's table
	Resource       string   // plural, e.g. "statefulsets"
	Singular       string   // e.g. "statefulset"
	ShortNames     []string // e.g. "sts"
	Categories     []string // e.g. "all"
	Namespaced     bool
	Verbs          []string // of the main resource, in the order discovery prints them
	Subresources   []Subresource

	New     func() Object         // an empty object
	NewList func() runtime.Object // an empty list

	// Default fills in what upstream fills in when the named field is absent. It is idempotent.
	Default func(Object)
	// PrepareForCreate drops what a client may not set when it creates (status), upstream's strategy.go of the kind.
	PrepareForCreate func(object Object)
	// PrepareForUpdate keeps of the old object what the (sub)resource may not change and bumps generation
	// when the desired state changed.
	PrepareForUpdate func(object, old Object, subresource string)
	// Validate and ValidateUpdate answer in upstream's words. Subresource is "" or "status", "scale", ....
	Validate       func(object Object) field.ErrorList
	ValidateUpdate func(object, old Object, subresource string) field.ErrorList

	// Columns and Row are the server-side printer of the kind (metav1.Table); now gives ages.
	Columns []metav1.TableColumnDefinition
	Row     func(object Object, now time.Time) []any

	// Fields are the field-selector keys of an object beyond metadata.name and metadata.namespace.
	Fields func(Object) map[string]string
}

// Subresource is one entry below a resource, e.g. status, scale, exec.
type Subresource struct {
	Name  string
	Kind  schema.GroupVersionKind // of what is read and written; zero means the resource's own kind
	Verbs []string
}

// GroupVersionKind of the stored form.
func (k *Kind) GroupVersionKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

// GroupResource names the kind in error messages.
func (k *Kind) GroupResource() schema.GroupResource {
	return schema.GroupResource{Group: k.Group, Resource: k.Resource}
}
