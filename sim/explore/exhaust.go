package explore

import (
	"slices"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// Bounds say how far an exhaustive exploration goes.
type Bounds struct {
	Faults   int           `json:"faults"`            // how many operations befall one history at most, of the world's verbs
	Window   time.Duration `json:"windowNanoseconds"` // events that are due within so much time of the first one are taken in all orders; a second by default
	Stale    int           `json:"stale"`             // by how many changes the caches of loops may lag behind, 8 at most; a cache never goes back
	Requests bool          `json:"requests"`          // requests of loops may be refused, and their answers lost
	Ready    bool          `json:"ready"`             // begin when all sets have come up; otherwise with the manifests in an empty cluster
	States   int           `json:"states"`            // at most so many; a million by default
}

// Report is what an exhaustive exploration came to.
type Report struct {
	States      int           `json:"states"`      // different ones
	Transitions int           `json:"transitions"` // from one to another
	Depth       int           `json:"depth"`       // of the longest history without a state that was known
	Exhausted   bool          `json:"exhausted"`   // there is no state within the bounds that was not seen
	Trails      []Trail       `json:"trails,omitempty"`
	Virtual     time.Duration `json:"virtual"` // of the longest history
}

// Exhaust goes through every history within the bounds, depth first, and never on from a state that it has seen. An event that changes nothing is
// taken at once: the loops are woken by what changes, so that it matters to nobody when they look in vain. Told hears of the
// progress every now and then, and may end the exploration by answering false.
func (w *World) Exhaust(bounds Bounds, told func(Report) bool) Report {
	if bounds.Window == 0 {
		bounds.Window = time.Second
	}
	if bounds.States == 0 {
		bounds.States = 1_000_000
	}
	e := &exhaustion{
		w: w, bounds: bounds, told: told, digests: newDigester(bounds.Window, w.asksFiles), seen: map[uint64]struct{}{}, onWay: map[uint64]int{},
		known: map[string]bool{}, report: Report{Exhausted: true},
	}
	e.run()
	return e.report
}

// exhaustion is an exploration while it goes on.
type exhaustion struct {
	w       *World
	bounds  Bounds
	told    func(Report) bool
	digests *digester
	seen    map[uint64]struct{}
	onWay   map[uint64]int  // where on the stack a state is
	known   map[string]bool // sentences that have a trail
	stack   []*place
	report  Report
	stopped bool
}

// place is a state on the way, and what has not been tried there.
type place struct {
	c       *sim.Cluster
	outlook *outlook
	rows    rowSum
	past    []uint64 // what the rows added up to after each of the newest changes, the newest last; where loops may see the past
	digest  uint64
	faults  int // that have befallen it
	came    Move
	left    []try
}

// try is one thing to do next: an event that is pending, or an operation.
type try struct {
	event     kernel.Event
	operation *Operation
	odometer  *kernel.Odometer // of the questions that are asked on the way; nil when there is no further way
	came      []*place         // where the first ways lead, when they were gone already
	quiet     uint64           // what the rows add up to after the first way, on which all answers are quiet
}

const tellEvery = 1 << 8 // transitions

func (e *exhaustion) run() {
	root := &place{c: e.w.beginning(e.bounds)}
	root.outlook = newOutlook(e.w, root.c)
	root.rows = e.digests.all(root.c.View())
	for n := e.bounds.Stale; n >= 0; n-- {
		if view, may := root.c.Before(n); may && e.bounds.Stale > 0 {
			root.past = append(root.past, e.digests.all(view).sum)
		}
	}
	e.enter(root)
	for len(e.stack) > 0 && !e.stopped {
		here := e.stack[len(e.stack)-1]
		if len(here.left) == 0 {
			delete(e.onWay, here.digest)
			e.stack = e.stack[:len(e.stack)-1]
			continue
		}
		next := &here.left[0]
		var child *place
		if len(next.came) > 0 {
			child, next.came = next.came[0], next.came[1:]
		} else {
			child, _ = e.follow(here, next)
		}
		if next.odometer == nil && len(next.came) == 0 {
			here.left = here.left[1:]
		}
		if child != nil {
			e.enter(child)
		}
	}
	if e.stopped {
		e.report.Exhausted = false
	}
}

// beginning is the cluster in which everything begins.
func (w *World) beginning(bounds Bounds) *sim.Cluster {
	if bounds.Ready {
		return w.ready.Fork()
	}
	c := w.empty.Fork()
	c.SetChooser(&branches{odometer: &kernel.Odometer{}})
	must(w.apply(c))
	return c
}

// follow tries something, in the next of the ways in which it can go. It says whether that changed anything but that an event is no longer pending. A way that
// leads where the quiet one leads is none: a loop that does the same whichever past it sees.
func (e *exhaustion) follow(here *place, next *try) (child *place, changed bool) {
	child = &place{c: here.c.Fork(), faults: here.faults, outlook: here.outlook.fork(), rows: here.rows, past: here.past}
	ways := &branches{odometer: next.odometer, bounds: e.bounds}
	child.c.SetChooser(ways)
	child.outlook.view = child.c.View
	child.c.SetTrace(func(record sim.Record) {
		changed = changed || len(record.Changes) > 0 || len(record.Rows) > 0
		child.rows = e.digests.after(child.rows, child.c, record)
		if e.bounds.Stale > 0 && len(record.Changes) > 0 {
			child.past = append(slices.Clone(child.past[max(0, len(child.past)-e.bounds.Stale):]), child.rows.sum)
		}
		child.outlook.follow(record)
	})
	if next.operation == nil {
		child.c.StepTo(next.event)
		child.came = Move{Event: nameOfEvent(next.event)}
		if _, again := child.c.View().Pending(next.event.Kind, next.event.Key); again {
			changed = true
		}
	} else {
		changed = true
		child.outlook.expect(*next.operation)
		if err := verbNamed(next.operation.Verb).do(e.w, child.c, *next.operation); err != nil {
			next.odometer = nil
			return nil, false
		}
		child.faults++
		child.came = Move{Operation: next.operation}
	}
	child.came.At, child.came.Odd = e.since(child.c), ways.odd()
	if len(child.came.Odd) == 0 {
		next.quiet = child.rows.sum
	} else if changed = child.rows.sum != next.quiet; !changed {
		child = nil
	}
	if !next.odometer.Next() {
		next.odometer = nil
	}
	return child, changed
}

// enter goes on from a state, unless it is known or something is broken in it. It may be known as it is, or as it is when what changes nothing was taken.
func (e *exhaustion) enter(p *place) {
	e.report.Transitions++
	if e.report.Transitions%tellEvery == 0 && e.told != nil && !e.told(e.report) {
		e.stopped = true
	}
	if e.broken(p) || !e.isNew(p) {
		return
	}
	before, first := p.c, p.digest
	tries := e.tries(p)
	if p.c != before {
		if e.digest(p); p.digest != first && !e.isNew(p) {
			return
		}
	}
	if e.report.States >= e.bounds.States {
		e.stopped = true
		return
	}
	e.onWay[p.digest] = len(e.stack)
	p.left = tries
	e.stack = append(e.stack, p)
	e.report.States++
	e.report.Depth = max(e.report.Depth, len(e.stack))
	e.report.Virtual = max(e.report.Virtual, e.since(p.c))
}

// isNew remembers a state, and says whether it is seen for the first time.
func (e *exhaustion) isNew(p *place) bool {
	e.digest(p)
	if _, known := e.seen[p.digest]; known {
		e.circle(p)
		return false
	}
	e.seen[p.digest] = struct{}{}
	return true
}

// tries lists what can be done next. An event that changes nothing is no choice: it is taken, and the place is the one without it.
func (e *exhaustion) tries(p *place) (list []try) {
	for due := e.due(p); len(due) > 0 && len(list) == 0; due = e.due(p) {
		for i, event := range due {
			next := try{event: event, odometer: &kernel.Odometer{}}
			child, changed := e.follow(p, &next)
			next.came = []*place{child}
			for !changed && next.odometer != nil {
				var odd *place
				if odd, changed = e.follow(p, &next); changed {
					next.came = append(next.came, odd)
				}
			}
			if later := event.When.After(p.c.Now()) && i > 0; !changed && !later {
				p.c = child.c // which has the same rows
				continue
			}
			list = append(list, next)
		}
	}
	if p.faults < e.bounds.Faults {
		for _, verb := range e.w.verbs {
			for _, operation := range verb.choices(e.w, p.c.View()) {
				operation.Verb = verb.name
				list = append(list, try{operation: &operation, odometer: &kernel.Odometer{}})
			}
		}
	}
	return list
}

// due are the events that may be next.
func (e *exhaustion) due(p *place) (list []kernel.Event) {
	for event := range p.c.View().Events() {
		if len(list) > 0 && event.When.Sub(list[0].When) > e.bounds.Window {
			break
		}
		list = append(list, event)
	}
	return list
}

// digest takes that of the cluster, of what is remembered beside it, and of what loops may see of the past: the same present lies ahead of other
// histories when somebody sees another past.
func (e *exhaustion) digest(p *place) {
	p.digest = number(number(p.rows.sum+e.digests.pending(p.rows, p.c.View()), uint64(p.faults)), p.outlook.digest())
	if e.bounds.Stale == 0 {
		return
	}
	deepest := 0
	for _, lag := range p.c.Lags(e.bounds.Stale) {
		p.digest = number(p.digest, uint64(lag))
		deepest = max(deepest, lag)
	}
	for n := 1; n <= deepest; n++ {
		p.digest = number(p.digest, p.past[len(p.past)-1-n])
	}
}

// broken notes the way to what is broken.
func (e *exhaustion) broken(p *place) bool {
	found := e.w.brokenIn(p.c, p.outlook)
	if found == nil {
		return false
	}
	e.note(*found, p)
	return true
}

func (e *exhaustion) since(c *sim.Cluster) time.Duration { return c.Now().Sub(c.Options().Start) }
