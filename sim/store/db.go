package store

import (
	"time"

	"github.com/hashicorp/go-memdb"
)

// DB is all the state of one world. Its methods are not safe for concurrent use; a View is.
type DB struct {
	mem *memdb.MemDB
	log changeLog
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
	return &DB{mem: db.mem.Snapshot(), log: db.log.fork()}
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

// Since lists the changes after a revision, oldest first. The slice may be shared and must not be changed.
func (db *DB) Since(revision uint64) ([]Change, error) { return db.log.since(revision) }
