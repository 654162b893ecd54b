package api

import (
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api/field"
)

var (
	kinds           = fillKinds(coreKinds(), appsKinds(), workKinds(), accessKinds(), storageKinds())
	kindsByType     = indexKinds(func(k *Kind) reflect.Type { return reflect.TypeOf(k.New()) })
	kindsByName     = indexKinds(func(k *Kind) string { return k.Kind })
	kindsByResource = indexKinds(func(k *Kind) schema.GroupResource { return k.GroupResource() })
)

// Kinds is the table of kinds: the core group first, then by group and resource. The rows and the slice
// are shared and must not be changed.
func Kinds() []*Kind { return kinds }

// KindOf is the row of an object's Go type, nil when the simulator does not keep such objects.
func KindOf(object Object) *Kind { return kindsByType[reflect.TypeOf(object)] }

// KindNamed is the row with this Kind, e.g. "StatefulSet"; nil when there is none.
func KindNamed(kind string) *Kind { return kindsByName[kind] }

// KindForResource is the row with this group and plural resource name, e.g. "apps" and "statefulsets";
// nil when there is none.
func KindForResource(group, resource string) *Kind {
	return kindsByResource[schema.GroupResource{Group: group, Resource: resource}]
}

// Stamp writes apiVersion and kind of the stored form into the object, and gives it back. Objects that the
// table does not know are left alone.
func Stamp[T Object](object T) T {
	if kind := KindOf(object); kind != nil {
		object.GetObjectKind().SetGroupVersionKind(kind.GroupVersionKind())
	}
	return object
}

// Subresource is the entry with this name, and whether there is one.
func (k *Kind) Subresource(name string) (Subresource, bool) {
	for _, subresource := range k.Subresources {
		if subresource.Name == name {
			return subresource, true
		}
	}
	return Subresource{}, false
}

func indexKinds[K comparable](key func(*Kind) K) map[K]*Kind {
	index := make(map[K]*Kind, len(kinds))
	for _, kind := range kinds {
		index[key(kind)] = kind
	}
	return index
}

func fillKinds(groups ...[]*Kind) []*Kind {
	var all []*Kind
	for _, group := range groups {
		all = append(all, group...)
	}
	for place, kind := range all {
		kind.Place = place
		if kind.Version == "" {
			kind.Version = "v1"
		}
		if kind.Singular == "" {
			kind.Singular = strings.ToLower(kind.Kind)
		}
		if kind.Verbs == nil {
			kind.Verbs = allVerbs
		}
		kind.Columns, kind.Row = printerOf(kind.Kind)
	}
	return all
}

var (
	allVerbs    = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	statusVerbs = []string{"get", "patch", "update"}

	statusSubresource = Subresource{Name: "status", Verbs: statusVerbs}
	scaleSubresource  = Subresource{
		Name: "scale", Verbs: statusVerbs,
		Kind: schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "Scale"},
	}
)

// rules are the functions of one kind, written for its own Go type. Those left out do nothing.
type rules[T Object] struct {
	setDefaults      func(T)
	prepareForCreate func(T)
	prepareForUpdate func(object, old T, subresource string)
	validate         func(T) field.ErrorList
	validateUpdate   func(object, old T, subresource string) field.ErrorList
	fields           func(T) map[string]string
}

// row completes a row of the table from an object's and a list's Go type and the rules.
func row[T any, PT interface {
	*T
	Object
}, L any, PL interface {
	*L
	runtime.Object
}](kind Kind, r rules[PT]) *Kind {
	kind.New = func() Object { return PT(new(T)) }
	kind.NewList = func() runtime.Object { return PL(new(L)) }
	kind.Default = func(object Object) {
		if r.setDefaults != nil {
			r.setDefaults(object.(PT))
		}
	}
	kind.PrepareForCreate = func(object Object) {
		beforeCreate(object)
		if r.prepareForCreate != nil {
			r.prepareForCreate(object.(PT))
		}
	}
	kind.PrepareForUpdate = func(object, old Object, subresource string) {
		beforeUpdate(object, old)
		if r.prepareForUpdate != nil {
			r.prepareForUpdate(object.(PT), old.(PT), subresource)
		}
	}
	kind.Validate = func(object Object) field.ErrorList {
		if r.validate != nil {
			return inOrder(r.validate(object.(PT)))
		}
		return nil
	}
	kind.ValidateUpdate = func(object, old Object, subresource string) field.ErrorList {
		if r.validateUpdate != nil {
			return inOrder(r.validateUpdate(object.(PT), old.(PT), subresource))
		}
		return nil
	}
	kind.Fields = func(object Object) map[string]string {
		if r.fields != nil {
			return r.fields(object.(PT))
		}
		return nil
	}
	return &kind
}
