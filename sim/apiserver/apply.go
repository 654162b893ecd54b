package apiserver

import (
	"cmp"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
)

// apply answers a PATCH that is a server-side apply; it makes the object when there is none.
func (p *patchRequest) apply() error {
	applied := &unstructured.Unstructured{Object: map[string]any{}}
	if err := yaml.Unmarshal(p.body, &applied.Object); err != nil {
		return apierrors.NewBadRequest(fmt.Sprintf("error decoding YAML: %v", err))
	}
	var strict error
	if p.options.fieldValidation != metav1.FieldValidationIgnore {
		strict = yaml.UnmarshalStrict(p.body, &map[string]any{})
	}
	manager, err := p.server.managers.managerOf(managedKind{p.kind, p.version, p.subresource})
	if err != nil {
		return err
	}
	return p.mutate(p.options, p.subresource == "", func(current api.Object, seen moment) (api.Object, error) {
		live, before, err := p.live(current, seen)
		if err != nil {
			return nil, err
		}
		merged, err := manager.Apply(live, applied, p.options.manager, p.options.force)
		if err != nil {
			return nil, err
		}
		if strict != nil && p.options.fieldValidation == metav1.FieldValidationStrict {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("error strict decoding YAML: %v", strict))
		} else if strict != nil {
			p.warnFields([]error{strict})
		}
		object, err := api.ToStored(merged)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if current == nil && object.GetUID() != "" {
			return nil, apierrors.NewConflict(p.kind.GroupResource(), p.name,
				fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", object.GetUID()))
		}
		if err := p.checkNamespace(object); err != nil {
			return nil, err
		}
		if err := p.checkName(object); err != nil {
			return nil, err
		}
		p.dropDuplicateOwners(object)
		entries := timed(object.GetManagedFields(), before, metav1.NewTime(seen.now))
		if current != nil && api.Equal(entries, before) {
			object.SetManagedFields(current.GetManagedFields())
			if api.Equal(object, current) { // the same again: nothing is written
				return object, nil
			}
		}
		object.SetManagedFields(entries)
		return object, nil
	})
}

// live is the current object as the field manager wants it, or an empty one when there is none; and its managers, with the times that live must not have.
func (p *patchRequest) live(current api.Object, seen moment) (live runtime.Object, before []metav1.ManagedFieldsEntry, err error) {
	if current == nil {
		live, err = scheme.Scheme.New(p.kind.GroupVersionKind())
		return live, nil, err
	}
	before = p.server.managers.of(seen.view, current)
	return withoutTimes(current, before), before, nil
}

func sameManager(a, b metav1.ManagedFieldsEntry) bool {
	return a.Manager == b.Manager && a.Operation == b.Operation && a.APIVersion == b.APIVersion && a.Subresource == b.Subresource
}

// compareEntries is upstream's order (managedfields/internal/managedfields.go sortEncodedManagedFields).
func compareEntries(a, b metav1.ManagedFieldsEntry) int {
	return cmp.Or(
		cmp.Compare(a.Operation, b.Operation),
		cmp.Compare(seconds(a.Time), seconds(b.Time)),
		cmp.Compare(a.Manager, b.Manager),
		cmp.Compare(a.APIVersion, b.APIVersion),
		cmp.Compare(a.Subresource, b.Subresource),
	)
}

func seconds(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

// versions converts between the stored and the served versions for the field manager.
type versions struct{}

// Convert implements [runtime.ObjectConvertor]; the field manager does not call it.
func (versions) Convert(in, out, context any) error {
	return fmt.Errorf("converting %T to %T in place is not supported", in, out)
}

// ConvertToVersion implements [runtime.ObjectConvertor].
func (versions) ConvertToVersion(in runtime.Object, to runtime.GroupVersioner) (runtime.Object, error) {
	gvks, _, err := scheme.Scheme.ObjectKinds(in)
	if err != nil {
		return nil, err
	}
	wanted, found := to.KindForGroupVersionKinds(gvks)
	if found && wanted == gvks[0] {
		in.GetObjectKind().SetGroupVersionKind(wanted)
		return in, nil
	}
	version, ok := to.(schema.GroupVersion)
	if !ok {
		return nil, fmt.Errorf("expected one version to convert %s to, found %v", gvks[0], to)
	}
	stored, err := api.ToStored(in)
	if err != nil {
		return nil, err
	}
	return present(stored, version)
}

// ConvertFieldLabel implements [runtime.ObjectConvertor]; the field manager does not call it.
func (versions) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

// defaulter fills in defaults for the field manager.
type defaulter struct{ release api.Release }

// Default implements [runtime.ObjectDefaulter].
func (d defaulter) Default(object runtime.Object) {
	if stored, ok := object.(api.Object); ok && api.KindOf(stored) != nil {
		d.release.Default(stored)
	}
}
