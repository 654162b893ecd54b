package explore

import (
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// Retell looks for a history that breaks the sentence of a trail, and shrinks it: what was done on the trail and when, with events late where the trail overtakes
// them, and caches stale and requests lost as on the trail. Since an event comes late by one of a few times only, there need not be one.
func (w *World) Retell(bounds Bounds, trail Trail) (finding Finding, found bool) {
	h := w.retrace(bounds, trail.Moves)
	quiet := h
	quiet.Odd = nil
	for _, h := range []History{quiet, h} {
		if outcome := w.Live(h); outcome.Breach != nil && outcome.Breach.Sentence == trail.Sentence {
			return w.Find(outcome), true
		}
	}
	return Finding{}, false
}

// retrace lives a history that goes the way of a trail as far as it can.
func (w *World) retrace(bounds Bounds, moves []Move) History {
	l := w.begin(History{Ready: bounds.Ready}, sim.Quiet())
	r := &retracer{l: l, chance: l.chance}
	l.c.SetChooser(r)
	for _, move := range moves {
		r.move = move
		if move.Operation == nil {
			r.reach(func(event kernel.Event) bool { return nameOfEvent(event) == move.Event })
			continue
		}
		for next, found := l.c.View().NextEvent(); found && !next.When.After(l.c.Now()); next, found = l.c.View().NextEvent() {
			r.pass(next, l.c.Now())
		}
		l.act(*move.Operation)
	}
	h := l.record
	h.Odd, h.End = r.odd, l.now()+time.Second
	return h
}

// nameOfEvent is how a trail says an event.
func nameOfEvent(event kernel.Event) string { return event.Kind + " " + event.Key }

// retracer is the Chooser of a life that goes the way of a trail.
type retracer struct {
	l      *life
	chance *kernel.Labelled // what a history would ask
	move   Move             // that is being made
	late   int              // the answer for the next event
	odd    []kernel.Answer
}

// Choose implements [kernel.Chooser].
func (r *retracer) Choose(label string, n int) int {
	nth, taken := r.chance.Asked(label), r.chance.Choose(label, n)
	if next, found := r.l.c.Present().NextEvent(); found && label == sim.LateLabel(next) {
		taken = r.late
	}
	for _, odd := range r.move.Odd {
		if odd.Label == label && odd.Taken < n {
			taken = odd.Taken
		}
	}
	if taken != 0 && quietWord(label) {
		r.odd = append(r.odd, kernel.Answer{Label: label, Nth: nth, Taken: taken})
	}
	return taken
}

// Fork implements [kernel.Chooser].
func (r *retracer) Fork() kernel.Chooser { return r.chance.Fork() }

// reach lets events pass until one of which wanted is true has been taken, if one is pending.
func (r *retracer) reach(wanted func(kernel.Event) bool) {
	for range maxPassed {
		var goal kernel.Event
		for event := range r.l.c.View().Events() {
			if wanted(event) {
				goal = event
				break
			}
		}
		next, _ := r.l.c.View().NextEvent()
		switch {
		case goal.Kind == "" || r.l.breach != nil:
			return
		case next.Sequence == goal.Sequence:
			r.l.step()
			return
		}
		r.pass(next, goal.When)
	}
}

// maxPassed bounds how many events are let pass for one move.
const maxPassed = 1000

// pass puts off the next event until after an instant, or takes it if it changes nothing.
func (r *retracer) pass(next kernel.Event, until time.Time) {
	twin, silent := r.l.c.Fork(), true
	twin.SetTrace(func(record sim.Record) { silent = silent && len(record.Changes)+len(record.Rows) == 0 })
	twin.StepTo(next)
	if !silent {
		r.late = lateBy(until.Sub(next.When))
	}
	r.l.step()
	r.late = 0
}

// lateBy is the answer with the shortest delay above a time, or else the longest one.
func lateBy(by time.Duration) int {
	delays := sim.Usual().Late
	for i, delay := range delays {
		if delay > by {
			return i + 1
		}
	}
	return len(delays)
}
