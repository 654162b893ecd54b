package explore

import (
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
)

// Tale is a history as it is told: who was alive when, and what happened.
type Tale struct {
	Begin, End time.Duration // since the cluster began
	Rows       []Row         // Pods, what is left of them, and nodes
	Happened   []Happening   // in order
	Breach     *Breach

	held      map[string]time.Duration // of properties: since when they count
	healed    []string                 // what ended the trouble, as a page says it
	evictions map[int][]string         // of an action, by its place in the history: the Pods that a drain evicted
}

// Row is somebody's life.
type Row struct {
	Name  string // of a Pod, or of a node
	Note  string // what else there is to say: the nodes a Pod was on
	Spans []Span // in order, without gaps between them
}

// Span is a time in which somebody stays the same.
type Span struct {
	From, To time.Duration
	State    State
}

// State is how a Pod or a node is, as the mark that stands for it in a picture.
type State byte

// The states.
const (
	Absent      State = ' ' // there is none
	Pending     State = '.'
	Running     State = '-' // and not Ready
	Ready       State = '=' // also of a node
	Finished    State = 'f' // Failed or Succeeded
	Terminating State = 'x'
	Ghost       State = '!' // its Pod is gone, and a container of it runs
	Cordoned    State = 'c' // a node that takes no Pods
	NotReady    State = '?' // a node of which nobody hears
	Off         State = 'o' // a node without power
	Cut         State = '/' // a node without network
)

// stateWords say what the marks mean, in the order of a legend.
var stateWords = []struct {
	state State
	word  string
}{
	{Pending, "pending"}, {Running, "running"}, {Ready, "Ready"}, {Terminating, "terminating"}, {Finished, "finished"},
	{Ghost, "runs on though its Pod is gone"}, {Cordoned, "cordoned"}, {NotReady, "not heard of"}, {Off, "without power"}, {Cut, "cut off"},
}

// Happening is one thing that happened.
type Happening struct {
	At   time.Duration // since the cluster began
	Sort Sort
	Text string
	mark byte // that stands for it in a picture; 0 for none
}

// Sort tells what people or fate did from what came of it.
type Sort string

// The sorts.
const (
	Done     Sort = "done"     // an action
	Oddly    Sort = "oddly"    // an odd answer
	Followed Sort = "followed" // what the cluster did
	Broken   Sort = "broken"   // the breach
)

// Tell lives a history again and tells it.
func (w *World) Tell(h History) *Tale {
	l := w.begin(h, sim.Quiet())
	n := newNarrator(l, h)
	l.heard = n.odd
	l.c.SetTrace(func(record sim.Record) {
		l.outlook.follow(record)
		n.follow(record)
	})
	outcome := l.live(h, n.done)
	return n.tale(outcome)
}

// marks are the letters of actions.
func markOf(nth int) byte {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return letters[min(nth, len(letters)-1)]
}

// String is a line: when, and what.
func (h Happening) String() string {
	mark := byte(' ')
	if h.mark != 0 {
		mark = h.mark
	}
	return padLeft(clock(h.At), 9) + " " + string(mark) + " " + h.Text
}

// Story is all that happened, a line each.
func (t *Tale) Story() string {
	var text strings.Builder
	for _, happening := range t.Happened {
		text.WriteString(strings.TrimRight(happening.String(), " ") + "\n")
	}
	return text.String()
}

// spanAt is the state of a row at an instant.
func (r Row) spanAt(at time.Duration) State {
	state := Absent
	for _, span := range r.Spans {
		if span.From <= at {
			state = span.State
		}
	}
	return state
}

// instants are all at which something changes, in order.
func (t *Tale) instants() []time.Duration {
	all := []time.Duration{t.Begin, t.End}
	for _, row := range t.Rows {
		for _, span := range row.Spans {
			all = append(all, span.From)
		}
	}
	for _, happening := range t.Happened {
		if happening.mark != 0 {
			all = append(all, happening.At)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// clock writes an instant with as many digits as people can use: 14.213s, 5m20.4s.
func clock(at time.Duration) string {
	text := at.Round(time.Millisecond).String()
	return strings.Replace(text, "m0s", "m", 1)
}

func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-len(text))) + text
}
