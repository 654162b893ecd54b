package store

import (
	"time"

	"github.com/stsim/stsim/sim/kernel"
)

// scheduled is a pending event and where it is: the place in the order is at the front of one text, the subject behind it.
type scheduled struct {
	kernel.Event
	place string
}

const orderLength = 16 // of kernel.Event.OrderKey

func (s *scheduled) subject() string { return s.place[orderLength:] }

// appendSubject writes what an event is found by: its kind, and its key in up to three parts.
func appendSubject(room []byte, kind, namespace, separator, name string) []byte {
	room = append(append(room, kind...), 0)
	return append(append(append(room, namespace...), separator...), name...)
}

// Schedule asks for an event. At most one event of a kind and key is pending: of two wishes the earlier one counts.
func (tx *Tx) Schedule(when time.Time, kind, key string) { tx.ScheduleFor(when, kind, "", "", key) }

// ScheduleFor is Schedule for a key in three parts, which are put together only if the wish counts: most do not.
func (tx *Tx) ScheduleFor(when time.Time, kind, namespace, separator, name string) {
	if when.Before(tx.state.meta.Now) {
		when = tx.state.meta.Now
	}
	var room [orderLength + keyRoom]byte
	place := appendSubject(room[:orderLength], kind, namespace, separator, name)
	if _, pending, found := tx.state.subjects.Find(place[orderLength:]); found {
		if !when.Before(pending.When) {
			return
		}
		tx.state.pending.Remove(tx.state.writer(), pending.place)
	}
	tx.state.meta.Sequence++
	next := &scheduled{Event: kernel.Event{When: when, Sequence: tx.state.meta.Sequence, Kind: kind}}
	order := next.OrderKey()
	copy(place, order[:])
	next.place = string(place)
	next.Key = next.place[orderLength+len(kind)+1:]
	tx.state.pending.Put(tx.state.writer(), next.place, next)
	tx.state.subjects.Put(tx.state.writer(), next.subject(), next)
}

// Take removes a pending event and moves the clock to it.
func (tx *Tx) Take(event kernel.Event) {
	var room [keyRoom]byte
	if _, pending, found := tx.state.subjects.Find(appendSubject(room[:0], event.Kind, "", "", event.Key)); found {
		tx.state.pending.Remove(tx.state.writer(), pending.place)
		tx.state.subjects.Remove(tx.state.writer(), pending.subject())
	}
	tx.AdvanceTo(event.When)
}
