package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/store"
)

// Record is what one event did.
type Record struct {
	At       time.Time // virtual
	Event    uint64    // its number, from 0
	Who      string    // name of the control loop, "container" for the runtime, "input" for requests from outside
	Key      string    // what it was about
	Writes   []Written // what a loop asked of the API
	Commands []control.Command
	Changes  []store.Change // of API objects
	Rows     []store.RowChange
	Error    error      // why the loop will be called again
	Before   store.View // what the loop saw: the world before the event, or as it was earlier for a stale cache
}

// Written is one request of a control loop to the API.
type Written struct {
	Verb  string
	Kind  string
	Name  api.Name
	Error error
}

// String is one line: when, who, what about, and what it did.
func (r Record) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s %s", r.At.UTC().Format("15:04:05.000"), r.Who, r.Key)
	for _, written := range r.Writes {
		fmt.Fprintf(&text, " | %s %s %s", written.Verb, written.Kind, written.Name)
		if written.Error != nil {
			fmt.Fprintf(&text, ": %v", written.Error)
		}
	}
	for _, command := range r.Commands {
		fmt.Fprintf(&text, " | %s %s %s%s", command.Action, command.Pod, command.Container, command.Image)
	}
	if r.Error != nil {
		fmt.Fprintf(&text, " | again: %v", r.Error)
	}
	return text.String()
}
