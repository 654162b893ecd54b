package sim

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/hashicorp/go-memdb"

	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// moment is an instant that can be gone back to: the rows and the Chooser as they were. Between two moments nothing came in
// from outside, so what lies between them can be run again and comes out the same.
type moment struct {
	at      time.Time
	db      *store.DB
	chooser kernel.Chooser
	caches  *caches
	events  uint64
}

// history is the past of a cluster: a go-memdb table of moments, ordered by time. A snapshot of it costs nothing, so forks share the past they
// have in common.
type history struct {
	mem    *memdb.MemDB
	kept   int    // how many moments there are
	next   uint64 // number of the next moment
	events uint64 // taken when the newest moment was
}

// moments is the table, and byTime its only index: the instant, then the order in which moments were remembered.
const (
	moments = "moment"
	byTime  = "id"
)

type numbered struct {
	moment
	number uint64
}

func newHistory() history {
	mem, err := memdb.NewMemDB(&memdb.DBSchema{Tables: map[string]*memdb.TableSchema{
		moments: {Name: moments, Indexes: map[string]*memdb.IndexSchema{byTime: {Name: byTime, Unique: true, Indexer: timeIndexer{}}}},
	}})
	if err != nil {
		panic(err) // the schema is ours
	}
	return history{mem: mem.Snapshot()}
}

// fork gives a history that goes on from here by itself.
func (h *history) fork() history {
	twin := *h
	twin.mem = h.mem.Snapshot()
	return twin
}

// keep adds a moment, and forgets the oldest ones when there are more than a limit. It forgets many at once.
func (h *history) keep(present moment, limit int) {
	txn := h.mem.Txn(true)
	defer txn.Commit()
	for excess := h.kept - limit; h.kept >= 2*limit && excess > 0; excess-- {
		oldest, err := txn.First(moments, byTime+"_prefix")
		must(err)
		must(txn.Delete(moments, oldest))
		h.kept--
	}
	must(txn.Insert(moments, numbered{present, h.next}))
	h.kept, h.next, h.events = h.kept+1, h.next+1, present.events
}

// cut gives the last moment not after an instant, forgets those that are later, and says how many events had been taken at the first of
// these (the most there can be when there is none).
func (h *history) cut(instant time.Time) (last moment, until uint64, err error) {
	txn := h.mem.Txn(true)
	defer txn.Commit()
	later, err := txn.LowerBound(moments, byTime, instant.Add(1), uint64(0))
	must(err)
	var gone []numbered
	for row := later.Next(); row != nil; row = later.Next() {
		gone = append(gone, row.(numbered))
	}
	until = math.MaxUint64
	for i, row := range gone {
		if i == 0 {
			until = row.events
		}
		must(txn.Delete(moments, row))
		h.kept--
	}
	row, err := txn.Last(moments, byTime+"_prefix")
	must(err)
	if row == nil {
		return moment{}, 0, errForgotten
	}
	last = row.(numbered).moment
	h.events = last.events
	return last, until, nil
}

var errForgotten = errors.New("the history kept begins later")

// timeIndexer makes keys that compare like instants.
type timeIndexer struct{}

func (timeIndexer) FromObject(row any) (bool, []byte, error) {
	moment := row.(numbered)
	return true, timeKey(moment.at, moment.number), nil
}

func (timeIndexer) FromArgs(args ...any) ([]byte, error) {
	return timeKey(args[0].(time.Time), args[1].(uint64)), nil
}

// PrefixFromArgs is for going through all of them.
func (timeIndexer) PrefixFromArgs(...any) ([]byte, error) { return nil, nil }

func timeKey(at time.Time, number uint64) []byte {
	key := binary.BigEndian.AppendUint64(nil, uint64(at.UnixNano())^(1<<63))
	return binary.BigEndian.AppendUint64(key, number)
}

// must stops at errors that only a mistake in this file can cause: a missing table, a row of the wrong type.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
