package store

import (
	"fmt"
	"iter"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/storage/ordered"
)

// View is a read-only picture of all rows at one instant. One from [DB.View] never changes, costs nothing to keep beyond the rows that
// have since been replaced, and may be used from several goroutines. One from [DB.Present] or of a transaction shows what is written; lists in it
// are those of the instant at which going through them begins.
type View struct{ state *state }

// Get finds an object by its kind (the type parameter), namespace ("" for cluster-scoped kinds) and name.
// The object is shared and must not be changed.
func Get[T api.Object](view View, namespace, name string) (T, bool) {
	object, found := view.Object(kindOf[T](), namespace, name)
	if !found {
		var none T
		return none, false
	}
	return object.(T), true
}

// List goes through the objects of a kind in one namespace, or in all for "", ordered by namespace and name.
func List[T api.Object](view View, namespace string) iter.Seq[T] {
	kind := kindOf[T]()
	return func(yield func(T) bool) {
		objects := &view.state.objects[kind.Place]
		if objects.Empty() {
			return
		}
		prefix := ""
		if namespace != "" {
			prefix = namespace + "\x00"
		}
		view.state.read()
		defer view.state.unread()
		objects.Each(prefix, func(_ string, object api.Object) bool { return yield(unpack(object).(T)) })
	}
}

// Owned goes through the objects of a kind that name the owner in any of their owner references.
func Owned[T api.Object](view View, owner api.UID) iter.Seq[T] {
	return indexed[T](view, byOwner, string(owner), kindOf[T]())
}

// OnNode goes through the Pods that are bound to a node, ordered by namespace and name.
func OnNode(view View, node string) iter.Seq[*corev1.Pod] {
	return indexed[*corev1.Pod](view, byNode, node, nil)
}

// CountOnNode is how many Pods are bound to a node. It costs the same whether they are few or many.
func CountOnNode(view View, node string) int { return view.state.indexes[byNode].Count(node + "\x00") }

// UsingClaim goes through the Pods that use a claim, ordered by name.
func UsingClaim(view View, namespace, claim string) iter.Seq[*corev1.Pod] {
	return indexed[*corev1.Pod](view, byClaim, namespace+"\x00"+claim, nil)
}

// Object finds an object of a kind named by its row of the table of kinds.
func (v View) Object(kind *api.Kind, namespace, name string) (api.Object, bool) {
	_, object, found := v.find(kind, namespace, name)
	if !found {
		return nil, false
	}
	return unpack(object), true
}

// find gives an object as it is kept, and the key it is kept under.
func (v View) find(kind *api.Kind, namespace, name string) (key string, kept api.Object, found bool) {
	var room [keyRoom]byte
	return v.state.objects[kind.Place].Find(appendNameKey(room[:0], namespace, name))
}

// Objects is List for a kind named by its row of the table of kinds.
func (v View) Objects(kind *api.Kind, namespace string) iter.Seq[api.Object] {
	prefix := ""
	if namespace != "" {
		prefix = namespace + "\x00"
	}
	return func(yield func(api.Object) bool) {
		v.state.read()
		defer v.state.unread()
		v.state.objects[kind.Place].Each(prefix, func(_ string, object api.Object) bool { return yield(unpack(object)) })
	}
}

// Dependents goes through the objects of all kinds that name the owner, ordered like the table of kinds, then by namespace and name.
func (v View) Dependents(owner api.UID) iter.Seq[api.Object] {
	return indexed[api.Object](v, byOwner, string(owner), nil)
}

// GetRow finds a row by its key.
func GetRow[T Row](view View, table Table, key string) (T, bool) {
	row, found := view.rowsOf(table).Get(key)
	if !found {
		var none T
		return none, false
	}
	return row.(T), true
}

// FindRow is GetRow for a key that lies in bytes.
func FindRow[T Row](view View, table Table, key []byte) (T, bool) {
	_, row, found := view.rowsOf(table).Find(key)
	if !found {
		var none T
		return none, false
	}
	return row.(T), true
}

// Rows goes through the rows whose keys begin with the prefix ("" for all), in the order of their keys.
func Rows[T Row](view View, table Table, prefix string) iter.Seq[T] {
	rows := view.rowsOf(table)
	return func(yield func(T) bool) {
		view.state.read()
		defer view.state.unread()
		rows.Each(prefix, func(_ string, row Row) bool { return yield(row.(T)) })
	}
}

// AnyRow says whether a table has rows. It costs next to nothing, whatever the table holds.
func AnyRow(view View, table Table) bool {
	_, found := view.rowsOf(table).First()
	return found
}

// Tables lists the tables of rows, in the order in which the database was made with them.
func (v View) Tables() []Table {
	tables := make([]Table, len(v.state.tables))
	for table, place := range v.state.tables { // in any order: each has its place
		tables[place] = table
	}
	return tables
}

// Meta is the clock and the counters.
func (v View) Meta() Meta { return v.state.meta }

// Written is the revision of the newest change of any object of a kind; 0 when there has been none.
func (v View) Written(kind *api.Kind) uint64 { return v.state.written[kind.Place] }

// NextEvent is the event that is due first.
func (v View) NextEvent() (kernel.Event, bool) {
	next, found := v.state.pending.First()
	if !found {
		return kernel.Event{}, false
	}
	return next.Event, true
}

// Pending finds the pending event of a kind and key.
func (v View) Pending(kind, key string) (kernel.Event, bool) {
	var room [keyRoom]byte
	_, pending, found := v.state.subjects.Find(appendSubject(room[:0], kind, "", "", key))
	if !found {
		return kernel.Event{}, false
	}
	return pending.Event, true
}

// Events goes through all pending events in the order in which they will be taken.
func (v View) Events() iter.Seq[kernel.Event] {
	return func(yield func(kernel.Event) bool) {
		v.state.read()
		defer v.state.unread()
		for _, next := range v.state.pending.All("") {
			if !yield(next.Event) {
				return
			}
		}
	}
}

// rowsOf is the table of rows, which must be one of those the database was made with.
func (v View) rowsOf(table Table) *ordered.Map[Row] {
	place, found := v.state.tables[table]
	if !found {
		panic(fmt.Sprintf("store: no table %q; hint: name it when the database is made", table))
	}
	return &v.state.rows[place]
}

func kindOf[T api.Object]() *api.Kind {
	var none T
	return api.KindOf(none)
}
