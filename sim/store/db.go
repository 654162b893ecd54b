package store

import (
	"errors"
	"sort"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/stsim/stsim/sim/api"
)

// ErrCompacted is the answer to a question about changes that the log no longer holds ("410 Gone").
var ErrCompacted = errors.New("store: the change log no longer goes back that far")

// DefaultLog is how many changes the log holds at least, when there have been that many.
const DefaultLog = 4096

// Change is one write of an API object. Old is nil for a creation, New for a deletion.
type Change struct {
	Revision uint64
	Kind     *api.Kind
	Old, New api.Object
}

// Object is the object after the change, or as it last was.
func (c Change) Object() api.Object {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// DB is all the state of one world. Its methods are not safe for concurrent use; a View is.
type DB struct {
	mem *memdb.MemDB
	// log is derived from the transactions and kept beside the database, since a slice shared by forks is cheaper than rows.
	log       []Change
	compacted uint64 // changes up to this revision are gone
}

// New makes an empty database whose clock stands at start.
func New(start time.Time, tables ...Table) *DB {
	mem, err := memdb.NewMemDB(schema(tables))
	if err != nil {
		panic(err) // the schema is ours
	}
	// A snapshot does not keep watch channels, which nobody here uses and every write would pay for.
	db := &DB{mem: mem.Snapshot()}
	tx := db.Begin()
	tx.meta = Meta{Now: start}
	tx.Commit()
	return db
}

// Fork gives a database that goes on from here without influencing this one. It costs the same at any size.
func (db *DB) Fork() *DB {
	return &DB{mem: db.mem.Snapshot(), log: db.log[:len(db.log):len(db.log)], compacted: db.compacted}
}

// View is the state as committed so far.
func (db *DB) View() View { return View{txn: db.mem.Txn(false)} }

// Begin starts the next transaction.
func (db *DB) Begin() *Tx {
	tx := &Tx{View: View{txn: db.mem.Txn(true)}, db: db}
	if row, _ := tx.txn.First(metaTable, byID); row != nil {
		tx.meta = *row.(*Meta)
	}
	return tx
}

// Since lists the changes after a revision, oldest first. The slice is shared and must not be changed.
func (db *DB) Since(revision uint64) ([]Change, error) {
	if revision < db.compacted {
		return nil, ErrCompacted
	}
	first := sort.Search(len(db.log), func(i int) bool { return db.log[i].Revision > revision })
	return db.log[first:len(db.log):len(db.log)], nil
}

// note appends to the log and cuts it to DefaultLog once it holds twice as much, so that cutting costs little per change.
func (db *DB) note(changes []Change) {
	db.log = append(db.log, changes...)
	if len(db.log) <= 2*DefaultLog {
		return
	}
	cut := len(db.log) - DefaultLog
	db.compacted = db.log[cut-1].Revision
	db.log = append(make([]Change, 0, 2*DefaultLog), db.log[cut:]...)
}
