package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/stsim/stsim/sim/api"
)

// Meta is the clock of the world and its counters.
type Meta struct {
	Now        time.Time // virtual time
	Revision   uint64    // resource version of the newest write
	Sequence   uint64    // of the newest event scheduled
	Identities uint64    // how many uids, addresses and generated names were handed out
	Objects    int       // how many API objects there are
}

// Tx is one transaction: it reads its own writes, and nobody else sees them before Commit. There is one at a time.
type Tx struct {
	View
	db      *DB
	changes []Change // with Events as they are kept
	telling []Change
	rows    []RowChange
	room    struct { // for as many as most transactions make
		changes, telling [3]Change
		rows             [3]RowChange
	}
}

// RowChange is a row that was put or deleted in a transaction. Old or New is nil where there is none.
type RowChange struct {
	Table    Table
	Old, New Row
}

// Put inserts or replaces an object. It gets the next resource version, which is written into the object; from then on the
// object is the store's and must not be changed.
func (tx *Tx) Put(object api.Object) {
	kind := api.KindOf(object)
	namespace, name := object.GetNamespace(), object.GetName()
	var room [keyRoom]byte
	key, old, found := tx.state.objects[kind.Place].Find(appendNameKey(room[:0], namespace, name))
	if !found {
		key = string(appendNameKey(room[:0], namespace, name))
	}
	object.SetResourceVersion(strconv.FormatUint(tx.next(kind), 10))
	kept := pack(object, key)
	tx.put(kind, key, old, kept)
	if !isPacked(old) || !isPacked(kept) {
		tx.state.file(kind, unpack(old), object)
	}
}

// next is the resource version of the next write, which is of that kind.
func (tx *Tx) next(kind *api.Kind) uint64 {
	tx.state.meta.Revision++
	tx.state.written[kind.Place] = tx.state.meta.Revision
	return tx.state.meta.Revision
}

// put keeps an object and notes the change. Old is nil when there was none.
func (tx *Tx) put(kind *api.Kind, key string, old, object api.Object) {
	if old == nil {
		tx.state.meta.Objects++
	}
	tx.state.objects[kind.Place].Put(tx.state.writer(), key, object)
	tx.changes = append(tx.changes, Change{Revision: tx.state.meta.Revision, Kind: kind, Old: old, New: object})
}

// Delete removes an object, which must be there. The deletion gets the next resource version; the last state in the change log keeps its own.
func (tx *Tx) Delete(object api.Object) {
	kind := api.KindOf(object)
	key, kept, found := tx.find(kind, object.GetNamespace(), object.GetName())
	if !found {
		panic(fmt.Sprintf("store: delete of %s %s, which is not there", kind.Kind, api.NameOf(object)))
	}
	old := unpack(kept)
	tx.state.meta.Objects--
	tx.state.objects[kind.Place].Remove(tx.state.writer(), key)
	tx.state.file(kind, old, nil)
	tx.changes = append(tx.changes, Change{Revision: tx.next(kind), Kind: kind, Old: old})
}

// PutRow inserts or replaces a row, which must not be changed from then on.
func (tx *Tx) PutRow(table Table, row Row) {
	key := row.RowKey()
	old, _ := GetRow[Row](tx.View, table, key)
	tx.rowsOf(table).Put(tx.state.writer(), key, row)
	tx.rows = append(tx.rows, RowChange{Table: table, Old: old, New: row})
}

// DeleteRow removes a row; a row that is not there is left alone.
func (tx *Tx) DeleteRow(table Table, key string) {
	old, found := GetRow[Row](tx.View, table, key)
	if !found {
		return
	}
	tx.rowsOf(table).Remove(tx.state.writer(), key)
	tx.rows = append(tx.rows, RowChange{Table: table, Old: old})
}

// AdvanceTo moves the clock forward; it never goes back.
func (tx *Tx) AdvanceTo(now time.Time) {
	if now.After(tx.state.meta.Now) {
		tx.state.meta.Now = now
	}
}

// Now is virtual time.
func (tx *Tx) Now() time.Time { return tx.state.meta.Now }

// Revision is the resource version of the newest write.
func (tx *Tx) Revision() uint64 { return tx.state.meta.Revision }

// Identity hands out the next number that nobody else in this world has had.
func (tx *Tx) Identity() uint64 {
	tx.state.meta.Identities++
	return tx.state.meta.Identities
}

// Changes lists the writes of API objects in this transaction, in order.
func (tx *Tx) Changes() []Change { return unpackAll(tx.changes) }

// Changed says whether there are any.
func (tx *Tx) Changed() bool { return len(tx.changes) > 0 }

// Telling is Changes without Events that were made or counted up: a third of all changes, to which no controller listens. The list is good until the next call.
func (tx *Tx) Telling() []Change {
	tx.telling = tx.telling[:0]
	for _, change := range tx.changes {
		if !isPacked(change.New) {
			change.Old = unpack(change.Old)
			tx.telling = append(tx.telling, change)
		}
	}
	return tx.telling
}

// RowChanges lists the writes of other rows in this transaction, in order.
func (tx *Tx) RowChanges() []RowChange { return tx.rows }

// Commit makes the transaction part of the database.
func (tx *Tx) Commit() {
	tx.db.log.add(tx.changes)
	tx.db.state = tx.state
}

// Abort forgets a transaction that was begun with [DB.Begin].
func (tx *Tx) Abort() {}
