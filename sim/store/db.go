package store

import (
	"slices"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/storage/ordered"
)

// DB is all the state of one world. Its methods are not safe for concurrent use; a View is.
type DB struct {
	state *state // what is committed
	log   changeLog
}

// state is everything there is at one instant. It never changes once it is committed, so that views and forks share it.
type state struct {
	meta     Meta
	tables   map[Table]int             // the place of each table in rows
	rows     []ordered.Map[Row]        // a table each
	objects  []ordered.Map[api.Object] // a kind each, in the order of the table of kinds, by namespace and name
	indexes  [indexes]ordered.Map[api.Object]
	pending  ordered.Map[*kernel.Event] // in the order in which they will be taken
	subjects ordered.Map[*kernel.Event] // the same by kind and key
}

// New makes an empty database whose clock stands at start.
func New(start time.Time, tables ...Table) *DB {
	empty := &state{
		meta: Meta{Now: start}, tables: map[Table]int{}, rows: make([]ordered.Map[Row], len(tables)),
		objects: make([]ordered.Map[api.Object], len(api.Kinds())),
	}
	for place, table := range tables {
		empty.tables[table] = place
	}
	return &DB{state: empty}
}

// Fork gives a database that goes on from here without influencing this one. It costs the same at any size.
func (db *DB) Fork() *DB { return &DB{state: db.state, log: db.log.fork()} }

// View is the state as committed so far.
func (db *DB) View() View { return View{db.state} }

// Begin starts the next transaction.
func (db *DB) Begin() *Tx {
	own := *db.state
	own.rows, own.objects = slices.Clone(own.rows), slices.Clone(own.objects)
	tx := &Tx{View: View{&own}, db: db}
	tx.changes, tx.rows = tx.room.changes[:0], tx.room.rows[:0]
	return tx
}

// Since lists the changes after a revision, oldest first. The slice may be shared and must not be changed.
func (db *DB) Since(revision uint64) ([]Change, error) { return db.log.since(revision) }
