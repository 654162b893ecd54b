package store

import (
	"fmt"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/storage/ordered"
)

// DB is all the state of one world. Its methods are not safe for concurrent use; a View is.
type DB struct {
	state *state // what is committed
	log   changeLog
	spare *Tx // the one that Proceed gives, over and over
}

// state is everything there is at one instant. Once it is kept it never changes, so that views and forks share it. The next transaction then works on
// a copy, whose pages it shares until it changes them. As long as nobody keeps the state, transactions write into it.
type state struct {
	meta     Meta
	tables   map[Table]int                       // the place of each table in rows
	rows     [maxTables]ordered.Map[Row]         // a table each
	objects  [len(marks)]ordered.Map[api.Object] // a kind each, in the order of the table of kinds, by namespace and name
	written  [len(marks)]uint64                  // the revision of the newest change of each kind
	indexes  [indexes]ordered.Map[struct{}]
	pending  ordered.Map[*scheduled] // in the order in which they will be taken
	subjects ordered.Map[*scheduled] // the same by kind and key

	kept    bool           // by a view or a fork
	owner   *ordered.Owner // of the pages made since the state before was kept
	readers int            // how many are going through rows right now, while nobody keeps the state
}

// maxTables is how many tables of rows there can be. (Arrays, so that a state is one piece of memory.)
const maxTables = 16

// New makes an empty database whose clock stands at start.
func New(start time.Time, tables ...Table) *DB {
	if len(tables) > maxTables || len(api.Kinds()) > len(marks) {
		panic(fmt.Sprintf("store: %d tables and %d kinds; there is room for %d and %d", len(tables), len(api.Kinds()), maxTables, len(marks)))
	}
	empty := &state{meta: Meta{Now: start}, tables: map[Table]int{}, kept: true}
	for place, table := range tables {
		empty.tables[table] = place
	}
	return &DB{state: empty}
}

// Fork gives a database that goes on from here without influencing this one. It costs the same at any size.
func (db *DB) Fork() *DB {
	db.keep()
	return &DB{state: db.state, log: db.log.fork()}
}

// View is the state as committed so far. It stays as it is.
func (db *DB) View() View {
	db.keep()
	return View{db.state}
}

// Present is the state as committed so far, for somebody who looks at it before the next transaction and not later: it costs the transactions nothing.
func (db *DB) Present() View { return View{db.state} }

func (db *DB) keep() {
	if !db.state.kept { // those who fork what is kept already only read
		db.state.kept = true
	}
}

// Begin starts the next transaction, which may be aborted.
func (db *DB) Begin() *Tx {
	db.keep()
	tx := newTx(db)
	tx.state = db.state.next()
	return tx
}

// Proceed starts the next transaction, which must be committed; it and what it lists may not be used after that. It writes into the state itself when
// nobody keeps it.
func (db *DB) Proceed() *Tx {
	if db.spare == nil {
		db.spare = newTx(db)
	}
	tx := db.spare
	tx.state = db.state
	if tx.state.kept {
		tx.state = db.state.next()
	}
	clear(tx.changes)
	clear(tx.telling)
	clear(tx.rows)
	tx.changes, tx.rows = tx.changes[:0], tx.rows[:0]
	return tx
}

func newTx(db *DB) *Tx {
	tx := &Tx{db: db}
	tx.changes, tx.telling, tx.rows = tx.room.changes[:0], tx.room.telling[:0], tx.room.rows[:0]
	return tx
}

// next is a state that goes on from one that is kept.
func (s *state) next() *state {
	own := *s
	own.kept, own.owner, own.readers = false, new(ordered.Owner), 0
	return &own
}

// read is called by whoever goes through rows, and unread when that is over. What is written meanwhile goes into pages of its own: the rows
// gone through are those that were there at the start. A state that is kept may be read by several goroutines, and nobody writes into it.
func (s *state) read() {
	if !s.kept {
		s.readers++
	}
}

func (s *state) unread() {
	if !s.kept {
		s.readers--
	}
}

// writer is the owner of the pages that may be changed in place.
func (s *state) writer() *ordered.Owner {
	if s.readers > 0 {
		s.owner = new(ordered.Owner)
	}
	return s.owner
}

// Since lists the changes after a revision, oldest first. The slice may be shared and must not be changed.
func (db *DB) Since(revision uint64) ([]Change, error) {
	changes, err := db.log.since(revision)
	return unpackAll(changes), err
}
