package api

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestEveryKindIsWhole(t *testing.T) {
	names, resources := map[string]bool{}, map[schema.GroupResource]bool{}
	for _, kind := range Kinds() {
		if names[kind.Kind] || resources[kind.GroupResource()] {
			t.Errorf("%s is in the table twice", kind.Kind)
		}
		names[kind.Kind], resources[kind.GroupResource()] = true, true
		if kind.New == nil || kind.NewList == nil || kind.Default == nil || kind.PrepareForCreate == nil || kind.PrepareForUpdate == nil ||
			kind.Validate == nil || kind.ValidateUpdate == nil || kind.Fields == nil || kind.Row == nil {
			t.Errorf("%s has a function missing", kind.Kind)
		}
		object := kind.New()
		if KindOf(object) != kind || KindNamed(kind.Kind) != kind || KindForResource(kind.Group, kind.Resource) != kind {
			t.Errorf("%s is not found by type, name and resource", kind.Kind)
		}
		if gvks, _, err := Scheme().ObjectKinds(object); err != nil || !slices.Contains(gvks, kind.GroupVersionKind()) {
			t.Errorf("the scheme knows %s as %v (%v)", kind.Kind, gvks, err)
		}
		if _, err := Scheme().New(kind.GroupVersionKind().GroupVersion().WithKind(kind.Kind + "List")); err != nil {
			t.Error(err)
		}
		if got := Stamp(object).GetObjectKind().GroupVersionKind(); got != kind.GroupVersionKind() {
			t.Errorf("stamped %v, expected %v", got, kind.GroupVersionKind())
		}
		if !slices.IsSorted(kind.Verbs) {
			t.Errorf("%s: discovery sorts verbs, found %v", kind.Kind, kind.Verbs)
		}
		if !slices.IsSortedFunc(kind.Subresources, func(a, b Subresource) int { return cmpText(a.Name, b.Name) }) {
			t.Errorf("%s: discovery sorts subresources, found %v", kind.Kind, kind.Subresources)
		}
	}
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Whatever a client leaves out, nothing panics, and defaults are filled in once and for all.
func TestEmptyObjectsAreHandled(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind.Kind, func(t *testing.T) {
			object := kind.New()
			kind.Validate(object)
			kind.PrepareForCreate(object)
			kind.Default(object)
			once := object.DeepCopyObject().(Object)
			kind.Default(object)
			if !sameMeaning(object, once) {
				t.Error("Default is not idempotent")
			}
			if errs := (Release{}).Validate(object); len(errs) == 0 {
				t.Error("an object without a name is valid")
			}
			for _, subresource := range append([]Subresource{{}}, kind.Subresources...) {
				updated := object.DeepCopyObject().(Object)
				kind.PrepareForUpdate(updated, once, subresource.Name)
				kind.ValidateUpdate(updated, once, subresource.Name)
				if updated.GetGeneration() != once.GetGeneration() {
					t.Errorf("an update of %q that changes nothing bumped the generation", subresource.Name)
				}
			}
			kind.Fields(object)
		})
	}
}

func TestNamesAsDiscoveryLists(t *testing.T) {
	for _, c := range []struct {
		group, resource, kind, singular, short string
		namespaced                             bool
	}{
		{"", "pods", "Pod", "pod", "po", true}, {"", "endpoints", "Endpoints", "endpoints", "ep", true},
		{"apps", "statefulsets", "StatefulSet", "statefulset", "sts", true},
		{"apps", "controllerrevisions", "ControllerRevision", "controllerrevision", "", true},
		{"storage.k8s.io", "storageclasses", "StorageClass", "storageclass", "sc", false},
		{"policy", "poddisruptionbudgets", "PodDisruptionBudget", "poddisruptionbudget", "pdb", true},
		{"", "persistentvolumeclaims", "PersistentVolumeClaim", "persistentvolumeclaim", "pvc", true},
		{"", "namespaces", "Namespace", "namespace", "ns", false},
	} {
		kind := KindForResource(c.group, c.resource)
		if kind == nil || kind.Kind != c.kind || kind.Singular != c.singular || kind.Namespaced != c.namespaced ||
			(c.short != "") != slices.Contains(kind.ShortNames, c.short) {
			t.Errorf("%s: found %+v", c.resource, kind)
		}
	}
	if slices.Contains(KindNamed("Namespace").Verbs, "deletecollection") {
		t.Error("namespaces cannot be deleted as a collection")
	}
	scale, exists := KindNamed("StatefulSet").Subresource("scale")
	if !exists || scale.Kind.Group != "autoscaling" || scale.Kind.Version != "v1" {
		t.Errorf("statefulsets/scale is %v", scale)
	}
	if _, exists := KindNamed("DaemonSet").Subresource("scale"); exists {
		t.Error("daemon sets have no scale")
	}
}
