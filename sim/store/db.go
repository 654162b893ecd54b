package store

import (
	"slices"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/storage/ordered"
)

// DB is all the state of one world. Its methods are not safe for concurrent use; a View is.
type DB struct {
	mem    *memdb.MemDB
	beside *beside
	log    changeLog
	view   View // of what is committed
}

// beside is what is kept beside the tables of API objects, because go-memdb would make it several times as dear: their indexes, and rows that
// need no index but their key.
// It never changes once it is committed, so that views and forks share it.
type beside struct {
	meta     Meta
	tables   map[Table]int // the place of each table in rows
	rows     []ordered.Map[Row]
	indexes  [indexes]ordered.Map[api.Object]
	pending  ordered.Map[*kernel.Event] // in the order in which they will be taken
	subjects ordered.Map[*kernel.Event] // the same by kind and key
}

// New makes an empty database whose clock stands at start.
func New(start time.Time, tables ...Table) *DB {
	mem, err := memdb.NewMemDB(schema())
	if err != nil {
		panic(err) // the schema is ours
	}
	empty := &beside{meta: Meta{Now: start}, tables: map[Table]int{}, rows: make([]ordered.Map[Row], len(tables))}
	for place, table := range tables {
		empty.tables[table] = place
	}
	// A snapshot does not keep watch channels, which nobody here uses and every write would pay for.
	return newDB(mem.Snapshot(), empty, changeLog{})
}

func newDB(mem *memdb.MemDB, beside *beside, log changeLog) *DB {
	return &DB{mem: mem, beside: beside, log: log, view: View{txn: mem.Txn(false), beside: beside}}
}

// Fork gives a database that goes on from here without influencing this one. It costs the same at any size.
func (db *DB) Fork() *DB { return newDB(db.mem.Snapshot(), db.beside, db.log.fork()) }

// View is the state as committed so far.
func (db *DB) View() View { return db.view }

// Begin starts the next transaction.
func (db *DB) Begin() *Tx {
	own := *db.beside
	own.rows = slices.Clone(own.rows)
	return &Tx{View: View{txn: db.mem.Txn(true), beside: &own}, db: db}
}

// Since lists the changes after a revision, oldest first. The slice may be shared and must not be changed.
func (db *DB) Since(revision uint64) ([]Change, error) { return db.log.since(revision) }
