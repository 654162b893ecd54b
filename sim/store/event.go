package store

import (
	"github.com/stsim/stsim/sim/api"
)

// Event is an API object of kind Event in the form in which those of control loops are kept. There are ten of them for every Pod, for good, and hardly any is
// ever read: as API objects they would be a third of all that a large cluster takes. One is made into an object, a new one each time, when somebody looks at it.
type Event struct {
	Namespace, Name  string
	UID              [16]byte
	Kind             *api.Kind // of what it is about; the next four are its as well
	Subject          string
	SubjectUID       api.UID
	SubjectRevision  uint64 // 0 for none
	FieldPath        string
	Reason, Message  string
	Component, Host  string
	First, Last      int64 // Unix seconds
	Count            int32
	Warning, Cluster bool // its type; whether what it is about is in no namespace
}

// packedEvent is an Event in the place of an object. It is an api.Object only in name (its methods are not to be called), and does not leave this package.
type packedEvent struct {
	api.Object
	Event
	revision uint64
}

var eventKind = api.KindNamed("Event")

// PutEvent is Put for an Event in short form.
func (tx *Tx) PutEvent(event Event) {
	var room [keyRoom]byte
	key, old, found := tx.state.objects[eventKind.Place].Find(appendNameKey(room[:0], event.Namespace, event.Name))
	if !found {
		key = string(appendNameKey(room[:0], event.Namespace, event.Name))
	}
	event.Namespace, event.Name = key[:len(event.Namespace)], key[len(event.Namespace)+1:] // one text for all three
	tx.put(eventKind, key, old, &packedEvent{Event: event, revision: tx.next(eventKind)})
}

// Event finds an Event that is kept in short form.
func (v View) Event(namespace, name string) (Event, bool) {
	_, kept, _ := v.find(eventKind, namespace, name)
	packed, is := kept.(*packedEvent)
	if !is {
		return Event{}, false
	}
	return packed.Event, true
}
