package explore

import (
	"fmt"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/kernel"
)

// Trail is the way to a breach: the first one found for its sentence.
type Trail struct {
	Breach
	Moves []Move `json:"moves"`
}

// Move is one step of a trail.
type Move struct {
	At        time.Duration   `json:"at"` // virtual time after it, since the cluster began
	Event     string          `json:"event,omitempty"`
	Operation *Operation      `json:"operation,omitempty"`
	Odd       []kernel.Choice `json:"odd,omitempty"` // answers other than the quiet one
}

// String is when, and what.
func (m Move) String() string {
	what := m.Event
	if m.Operation != nil {
		what = m.Operation.String()
	}
	for _, odd := range m.Odd {
		what += fmt.Sprintf(" (%s: %d)", odd.Label, odd.Taken)
	}
	return fmt.Sprintf("%8.3fs %s", m.At.Seconds(), what)
}

func (e *exhaustion) note(breach Breach, p *place) {
	if e.known[breach.Sentence] || slices.Contains(e.w.Except, breach.Sentence) {
		return
	}
	e.known[breach.Sentence] = true
	trail := Trail{Breach: breach}
	for _, before := range e.stack[min(1, len(e.stack)):] {
		trail.Moves = append(trail.Moves, before.came)
	}
	e.report.Trails = append(e.report.Trails, Trail{Breach: breach, Moves: append(trail.Moves, p.came)})
}

// circle looks at a state from which the world comes back to where it was. When nobody has done anything, and nothing is wrong, and still a set is not
// Ready all the way round, it never will be. A way round on which a cache lags behind or a request gets lost is none: these come to an end some time.
func (e *exhaustion) circle(p *place) {
	from, circle := e.onWay[p.digest]
	if !circle || p.faults > 0 || len(p.came.Odd) > 0 {
		return
	}
	about, unready := (&life{w: e.w, c: p.c}).unready()
	for i := len(e.stack) - 1; i > from && about != ""; i-- {
		if here := e.stack[i]; len(here.came.Odd) > 0 {
			return
		} else if ready, _ := (&life{w: e.w, c: here.c}).unready(); ready == "" {
			return
		}
	}
	if about != "" {
		e.note(Breach{Sentence: restless, Found: unready + ", and nothing changes any more", About: about, At: e.since(p.c)}, p)
	}
}

// restless is the sentence of a set that never comes up.
const restless = "without any trouble, every StatefulSet comes up"
