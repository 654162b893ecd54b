package store

import (
	"fmt"
	"strconv"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
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
	changes []Change
	rows    []RowChange
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
	old, found := tx.Object(kind, object.GetNamespace(), object.GetName())
	if !found {
		tx.beside.meta.Objects++
	}
	tx.beside.meta.Revision++
	object.SetResourceVersion(strconv.FormatUint(tx.beside.meta.Revision, 10))
	tx.must(tx.txn.Insert(kind.Kind, object))
	tx.beside.file(kind, old, object)
	tx.changes = append(tx.changes, Change{Revision: tx.beside.meta.Revision, Kind: kind, Old: old, New: object})
}

// Delete removes an object, which must be there. The deletion gets the next resource version; the last state in the change log keeps its own.
func (tx *Tx) Delete(object api.Object) {
	kind := api.KindOf(object)
	old, found := tx.Object(kind, object.GetNamespace(), object.GetName())
	if !found {
		panic(fmt.Sprintf("store: delete of %s %s, which is not there", kind.Kind, api.NameOf(object)))
	}
	tx.beside.meta.Revision++
	tx.beside.meta.Objects--
	tx.must(tx.txn.Delete(kind.Kind, old))
	tx.beside.file(kind, old, nil)
	tx.changes = append(tx.changes, Change{Revision: tx.beside.meta.Revision, Kind: kind, Old: old})
}

// PutRow inserts or replaces a row, which must not be changed from then on.
func (tx *Tx) PutRow(table Table, row Row) {
	key := row.RowKey()
	old, _ := GetRow[Row](tx.View, table, key)
	rows := tx.rowsOf(table)
	*rows = rows.With(key, row)
	tx.rows = append(tx.rows, RowChange{Table: table, Old: old, New: row})
}

// DeleteRow removes a row; a row that is not there is left alone.
func (tx *Tx) DeleteRow(table Table, key string) {
	old, found := GetRow[Row](tx.View, table, key)
	if !found {
		return
	}
	rows := tx.rowsOf(table)
	*rows = rows.Without(key)
	tx.rows = append(tx.rows, RowChange{Table: table, Old: old})
}

// Schedule asks for an event. At most one event of a kind and key is pending: of two wishes the earlier one counts.
func (tx *Tx) Schedule(when time.Time, kind, key string) {
	if when.Before(tx.beside.meta.Now) {
		when = tx.beside.meta.Now
	}
	subject := subjectOf(kind, key)
	if pending, found := tx.beside.subjects.Get(subject); found {
		if !when.Before(pending.When) {
			return
		}
		tx.beside.pending = tx.beside.pending.Without(pending.OrderKey())
	}
	tx.beside.meta.Sequence++
	event := &kernel.Event{When: when, Sequence: tx.beside.meta.Sequence, Kind: kind, Key: key}
	tx.beside.pending = tx.beside.pending.With(event.OrderKey(), event)
	tx.beside.subjects = tx.beside.subjects.With(subject, event)
}

// Take removes a pending event and moves the clock to it.
func (tx *Tx) Take(event kernel.Event) {
	tx.beside.pending = tx.beside.pending.Without(event.OrderKey())
	tx.beside.subjects = tx.beside.subjects.Without(subjectOf(event.Kind, event.Key))
	tx.AdvanceTo(event.When)
}

func subjectOf(kind, key string) string { return kind + "\x00" + key }

// AdvanceTo moves the clock forward; it never goes back.
func (tx *Tx) AdvanceTo(now time.Time) {
	if now.After(tx.beside.meta.Now) {
		tx.beside.meta.Now = now
	}
}

// Now is virtual time.
func (tx *Tx) Now() time.Time { return tx.beside.meta.Now }

// Revision is the resource version of the newest write.
func (tx *Tx) Revision() uint64 { return tx.beside.meta.Revision }

// Identity hands out the next number that nobody else in this world has had.
func (tx *Tx) Identity() uint64 {
	tx.beside.meta.Identities++
	return tx.beside.meta.Identities
}

// Changes lists the writes of API objects in this transaction, in order.
func (tx *Tx) Changes() []Change { return tx.changes }

// RowChanges lists the writes of other rows in this transaction, in order.
func (tx *Tx) RowChanges() []RowChange { return tx.rows }

// Commit makes the transaction part of the database.
func (tx *Tx) Commit() {
	db := tx.db
	if len(tx.changes) > 0 {
		tx.txn.Commit()
		db.view.txn = db.mem.Txn(false)
		db.log.add(tx.changes)
	} else {
		tx.txn.Abort()
	}
	db.beside, db.view.beside = tx.beside, tx.beside
}

// Abort forgets the transaction.
func (tx *Tx) Abort() { tx.txn.Abort() }

// must stops at errors that only a mistake in this package can cause: a missing table, a row of the wrong type.
func (tx *Tx) must(err error) {
	if err != nil {
		tx.txn.Abort()
		panic(fmt.Sprintf("store: %v", err))
	}
}
