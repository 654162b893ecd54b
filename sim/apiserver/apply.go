package apiserver

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
)

// Server-side apply notes in managedFields who set which field. To keep plain requests fast, that begins with the first apply:
// an object that was never applied has no managedFields, and what it holds by then belongs to kubectl-client-side-apply if kubectl
// apply has made it, and otherwise to before-first-apply, upstream's name for the same case.

// lastAppliedManager is whom upstream notes for a kubectl apply without --server-side.
const lastAppliedManager = "kubectl-client-side-apply"

// typeConverter knows the structure of all kinds. Reading it takes about 150 ms, once and only when it is needed.
var typeConverter = sync.OnceValue(func() managedfields.TypeConverter {
	return applyconfigurations.NewTypeConverter(scheme.Scheme)
})

// fieldManager follows who set which field of a kind.
func (r *request) fieldManager() (*managedfields.FieldManager, error) {
	reset := map[fieldpath.APIVersion]fieldpath.Filter{}
	version := fieldpath.APIVersion(r.version.String())
	if r.subresource == "status" {
		reset[version] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("spec")))
	} else if _, found := r.kind.Subresource("status"); found {
		reset[version] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("status")))
	}
	return managedfields.NewDefaultFieldManager(typeConverter(), versions{}, defaulter{r.server.settings.Release}, scheme.Scheme,
		r.gvk(), schema.GroupVersion{Group: r.kind.Group, Version: r.kind.Version}, r.subresource, reset)
}

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
	manager, err := p.fieldManager()
	if err != nil {
		return err
	}
	return p.mutate(p.options, p.subresource == "", func(current api.Object) (api.Object, error) {
		live, err := p.live(manager, current)
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
		return object, nil
	})
}

// live is the current object as the field manager wants it: a copy, or an empty object when there is none.
func (p *patchRequest) live(manager *managedfields.FieldManager, current api.Object) (runtime.Object, error) {
	if current == nil {
		return scheme.Scheme.New(p.kind.GroupVersionKind())
	}
	live := api.Copy(current)
	if _, byKubectl := live.GetAnnotations()["kubectl.kubernetes.io/last-applied-configuration"]; byKubectl && !managed(live) {
		empty := p.kind.New()
		return manager.Update(api.Stamp(empty), live, lastAppliedManager)
	}
	return live, nil
}

// managed says whether somebody has begun to note who set which field.
func managed(object api.Object) bool { return len(object.GetManagedFields()) > 0 }

// track notes what an update or a patch by a manager has changed. Objects that were never applied are not tracked.
func (r *request) track(current, changed api.Object, options writeOptions) (api.Object, error) {
	if !managed(current) {
		changed.SetManagedFields(nil)
		return changed, nil
	}
	manager, err := r.fieldManager()
	if err != nil {
		return nil, err
	}
	return manager.UpdateNoErrors(api.Copy(current), changed, options.manager).(api.Object), nil
}

// restamp gives the entries that this request has changed the virtual time, and the others the time they had; the library stamps
// them with the wall clock. Then they are sorted as the library sorts them.
func (r *request) restamp(changed, current api.Object, now time.Time) {
	var before []metav1.ManagedFieldsEntry
	if current != nil {
		before = current.GetManagedFields()
	}
	stamp := api.Timestamp(now)
	entries := slices.Clone(changed.GetManagedFields())
	for i := range entries {
		entry := &entries[i]
		entry.Time = &stamp
		for _, old := range before {
			if sameManager(*entry, old) && old.FieldsV1 != nil && entry.FieldsV1 != nil && old.FieldsV1.Equal(*entry.FieldsV1) {
				entry.Time = old.Time
			}
		}
	}
	slices.SortStableFunc(entries, compareEntries)
	changed.SetManagedFields(entries)
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
