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

// Schedule asks for an event. At most one event of a kind and key is pending: of two wishes the earlier one counts.
func (tx *Tx) Schedule(when time.Time, kind, key string) { tx.ScheduleFor(when, kind, "", "", key) }

// ScheduleFor is Schedule for a key in three parts, which are put together only if the wish counts: most do not.
func (tx *Tx) ScheduleFor(when time.Time, kind, namespace, separator, name string) {
	if when.Before(tx.state.meta.Now) {
		when = tx.state.meta.Now
	}
	if pending, found := tx.state.subjects.Get(kind + "\x00" + namespace + separator + name); found {
		if !when.Before(pending.When) {
			return
		}
		tx.state.pending.Remove(tx.state.writer(), pending.place)
	}
	tx.state.meta.Sequence++
	next := &scheduled{Event: kernel.Event{When: when, Sequence: tx.state.meta.Sequence, Kind: kind}}
	order := next.OrderKey()
	next.place = string(order[:]) + kind + "\x00" + namespace + separator + name
	next.Key = next.place[orderLength+len(kind)+1:]
	tx.state.pending.Put(tx.state.writer(), next.place, next)
	tx.state.subjects.Put(tx.state.writer(), next.subject(), next)
}

// Take removes a pending event and moves the clock to it.
func (tx *Tx) Take(event kernel.Event) {
	if pending, found := tx.state.subjects.Get(event.Kind + "\x00" + event.Key); found {
		tx.state.pending.Remove(tx.state.writer(), pending.place)
		tx.state.subjects.Remove(tx.state.writer(), pending.subject())
	}
	tx.AdvanceTo(event.When)
}
