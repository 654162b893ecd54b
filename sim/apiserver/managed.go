package apiserver

import (
	"reflect"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// The cluster notes who wrote an object, in turns (package registry); here it is worked out from that, with upstream's own code, who set which field. It is done for an
// answer that shows it, and remembered like the encodings of objects: the cluster itself, and clients that do not want to know ([WithoutManagers]), do not pay for it.

// firstManagedFields is the minor release that notes managers, and has server-side apply.
const firstManagedFields = 18

// WithoutManagers is the header, with any value, of a request whose answer shall not tell who set which field. Reading the structure of all kinds for
// that takes longer than most commands of the built-in kubectl.
const WithoutManagers = "Stsim-Without-Managers"

// maxManaged bounds of how many objects it is remembered who set which field.
const maxManaged = 4096

// typeConverter knows the structure of all kinds. Reading it takes about 150 ms, once and only when it is needed.
var typeConverter = sync.OnceValue(func() managedfields.TypeConverter {
	return &trustingConverter{TypeConverter: applyconfigurations.NewTypeConverter(scheme.Scheme), known: map[reflect.Type]*typed.TypedValue{}}
})

// trustingConverter leaves out to compare objects of Go types, which are as the store has them, with the schema of their kind. That is a third of the work.
type trustingConverter struct {
	managedfields.TypeConverter
	mu    sync.Mutex
	known map[reflect.Type]*typed.TypedValue // any object of the type
}

// ObjectToTyped implements [managedfields.TypeConverter].
func (c *trustingConverter) ObjectToTyped(object runtime.Object, options ...typed.ValidationOptions) (*typed.TypedValue, error) {
	if _, any := object.(runtime.Unstructured); any {
		return c.TypeConverter.ObjectToTyped(object, options...)
	}
	kind := reflect.TypeOf(object)
	c.mu.Lock()
	defer c.mu.Unlock()
	like, found := c.known[kind]
	if !found {
		empty := reflect.New(kind.Elem()).Interface().(runtime.Object)
		empty.GetObjectKind().SetGroupVersionKind(object.GetObjectKind().GroupVersionKind())
		var err error
		if like, err = c.TypeConverter.ObjectToTyped(empty, options...); err != nil {
			return nil, err
		}
		c.known[kind] = like
	}
	reflected, err := value.NewValueReflect(object)
	if err != nil {
		return nil, err
	}
	return typed.AsTypedUnvalidated(reflected, like.Schema(), like.TypeRef()), nil
}

// managers works out who set which field.
type managers struct {
	release api.Release
	mu      sync.Mutex
	kinds   map[managedKind]*managedfields.FieldManager
	known   map[api.Object][]metav1.ManagedFieldsEntry // an object in the store never changes
	older   map[api.Object][]metav1.ManagedFieldsEntry // what was known before that was too much
}

type managedKind struct {
	kind        *api.Kind
	version     schema.GroupVersion
	subresource string
}

func newManagers(release api.Release) *managers {
	return &managers{release: release, kinds: map[managedKind]*managedfields.FieldManager{}, known: map[api.Object][]metav1.ManagedFieldsEntry{}}
}

// of are the managers of an object as it is in a view.
func (m *managers) of(view store.View, object api.Object) []metav1.ManagedFieldsEntry {
	if !m.release.AtLeast(firstManagedFields) {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if entries, found := m.recall(object); found {
		return entries
	}
	entries := m.follow(registry.Turns(view, object))
	m.remember(object, entries)
	return entries
}

// ofChanged are the managers of an object that a dry run has made of the current one, which is nil when there was none.
func (m *managers) ofChanged(view store.View, current, changed api.Object, by registry.Writer) []metav1.ManagedFieldsEntry {
	var before []registry.Turn
	switch {
	case registry.Explicit(changed):
		return registry.Fields(changed)
	case current != nil:
		before = registry.Turns(view, current)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.follow(append(slices.Clip(before), registry.Turn{Object: changed, By: by}))
}

func (m *managers) recall(object api.Object) ([]metav1.ManagedFieldsEntry, bool) {
	entries, found := m.known[object]
	if !found {
		entries, found = m.older[object]
	}
	return entries, found
}

func (m *managers) remember(object api.Object, entries []metav1.ManagedFieldsEntry) {
	if len(m.known) >= maxManaged/2 {
		m.known, m.older = map[api.Object][]metav1.ManagedFieldsEntry{}, m.known
	}
	m.known[object] = entries
}

// follow goes through the turns of an object, beginning with the newest whose managers are known.
func (m *managers) follow(turns []registry.Turn) (entries []metav1.ManagedFieldsEntry) {
	first, begun := 0, false
	for i := len(turns) - 1; i >= 0 && !begun; i-- {
		if registry.Explicit(turns[i].Object) {
			entries, first, begun = registry.Fields(turns[i].Object), i+1, true
		} else if known, found := m.recall(turns[i].Object); found {
			entries, first, begun = known, i+1, true
		}
	}
	for i := first; i < len(turns); i++ {
		live := api.Stamp(api.KindOf(turns[i].Object).New())
		if i > 0 {
			live = turns[i-1].Object
		}
		entries = m.turn(live, turns[i], entries)
		if i < len(turns)-1 {
			m.remember(turns[i].Object, entries)
		}
	}
	return entries
}

// turn is what a manager's turn makes of the managers before it.
func (m *managers) turn(live api.Object, turn registry.Turn, before []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	kind := api.KindOf(turn.Object)
	version := kind.GroupVersionKind().GroupVersion()
	if turn.By.APIVersion != "" {
		version, _ = schema.ParseGroupVersion(turn.By.APIVersion) // this is a version that was served
	}
	manager, err := m.manager(managedKind{kind, version, turn.By.Subresource})
	if err != nil {
		return before
	}
	old, changed := withoutTimes(live, before), written(turn.Object, live)
	after, err := manager.Update(old, changed, turn.By.Manager)
	if err != nil {
		return before
	}
	return timed(after.(api.Object).GetManagedFields(), before, metav1.NewTime(turn.By.Time))
}

// written is a version as the requests of its turn wrote it: without what only deletions and bindings set, whom nobody notes.
func written(object, live api.Object) api.Object {
	object = shallow(object)
	object.SetManagedFields(nil)
	object.SetDeletionTimestamp(nil)
	object.SetDeletionGracePeriodSeconds(nil)
	if pod, is := object.(*corev1.Pod); is && live.(*corev1.Pod).Spec.NodeName == "" && scheduled(pod) {
		pod.Spec.NodeName = ""
	}
	return object
}

func scheduled(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionTrue
	})
}

// managerOf is manager for somebody who does not hold the lock.
func (m *managers) managerOf(of managedKind) (*managedfields.FieldManager, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.manager(of)
}

// manager follows who set which field of a kind.
func (m *managers) manager(of managedKind) (*managedfields.FieldManager, error) {
	if known, found := m.kinds[of]; found {
		return known, nil
	}
	reset := map[fieldpath.APIVersion]fieldpath.Filter{}
	version := fieldpath.APIVersion(of.version.String())
	if of.subresource == "status" {
		reset[version] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("spec")))
	} else if _, found := of.kind.Subresource("status"); found {
		reset[version] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("status")))
	}
	gvk := of.version.WithKind(of.kind.Kind)
	made, err := managedfields.NewDefaultFieldManager(typeConverter(), versions{}, defaulter{m.release}, scheme.Scheme,
		gvk, schema.GroupVersion{Group: of.kind.Group, Version: of.kind.Version}, of.subresource, reset)
	if err == nil {
		m.kinds[of] = made
	}
	return made, err
}

// withoutTimes is an object with managers whose times are left out, so that one can see which of them the library gives a time, which is the wall clock's.
func withoutTimes(object api.Object, entries []metav1.ManagedFieldsEntry) api.Object {
	object = shallow(object)
	object.SetDeletionTimestamp(nil)
	object.SetDeletionGracePeriodSeconds(nil)
	object.SetManagedFields(timeless(entries))
	return object
}

func timeless(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	entries = slices.Clone(entries)
	for i := range entries {
		entries[i].Time = nil
	}
	return entries
}

// timed gives the entries that the library has given a time the virtual one, and the others the time they had. Then they are sorted as the library sorts them.
func timed(entries, before []metav1.ManagedFieldsEntry, now metav1.Time) []metav1.ManagedFieldsEntry {
	now = now.Rfc3339Copy()
	for i := range entries {
		entry := &entries[i]
		if entry.Time != nil {
			entry.Time = &now
			continue
		}
		for _, old := range before {
			if sameManager(*entry, old) {
				entry.Time = old.Time
			}
		}
	}
	slices.SortStableFunc(entries, compareEntries)
	return entries
}

// shown is an object as an answer shows it: with its managers, or without any.
func (r *request) shown(view store.View, object api.Object) api.Object {
	var entries []metav1.ManagedFieldsEntry
	if !r.media.unmanaged && object.GetUID() != "" { // a bookmark is nobody's
		entries = r.server.managers.of(view, object)
	}
	if len(entries) == 0 && len(object.GetManagedFields()) == 0 {
		return object
	}
	object = shallow(object)
	object.SetManagedFields(entries)
	return object
}

// shallow is a copy that shares all that lies deeper with the object.
func shallow(object api.Object) api.Object {
	from := reflect.ValueOf(object).Elem()
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	return to.Interface().(api.Object)
}

// signed says in an object who makes this request; a create or an update notes it.
func (r *request) signed(object api.Object, options writeOptions) api.Object {
	object.SetManagedFields(registry.By(options.manager, r.version.String()))
	return object
}

// changedBy says who changes an object with an update or a patch. A client that sends other managers than it was given sets them.
func (r *request) changedBy(object, current api.Object, view store.View, options writeOptions) (api.Object, error) {
	sent := object.GetManagedFields()
	if sent == nil || r.subresource != "" || !r.server.settings.Release.AtLeast(firstManagedFields) {
		return r.signed(object, options), nil
	}
	before := r.server.managers.of(view, current)
	if api.Equal(sent, before) {
		return r.signed(object, options), nil
	}
	manager, err := r.server.managers.managerOf(managedKind{r.kind, r.version, ""})
	if err != nil {
		return nil, err
	}
	object.SetManagedFields(timeless(sent))
	after, err := manager.Update(withoutTimes(current, before), object, options.manager)
	if err != nil {
		return nil, err
	}
	changed := after.(api.Object)
	entries := timed(changed.GetManagedFields(), slices.Concat(sent, before), metav1.NewTime(view.Meta().Now))
	if len(entries) == 0 {
		entries = registry.Emptied()
	}
	changed.SetManagedFields(entries)
	return changed, nil
}
