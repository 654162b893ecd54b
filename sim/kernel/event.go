package kernel

import (
	"encoding/binary"
	"time"
)

// Event is something that will happen at an instant of virtual time.
type Event struct {
	When     time.Time // virtual time at which it is due
	Sequence uint64    // place among all events ever scheduled; never used twice
	Kind     string    // who handles it, e.g. the name of a control loop
	Key      string    // what it is about, in the handler's own form
}

// Before is the total order in which events are taken: by time, then by the order in which they were scheduled.
func (e Event) Before(other Event) bool {
	if !e.When.Equal(other.When) {
		return e.When.Before(other.When)
	}
	return e.Sequence < other.Sequence
}

// OrderKey is the event's place in the order as 16 bytes that compare like Before.
func (e Event) OrderKey() (key [16]byte) {
	binary.BigEndian.PutUint64(key[:], uint64(e.When.UnixNano())^(1<<63))
	binary.BigEndian.PutUint64(key[8:], e.Sequence)
	return key
}
