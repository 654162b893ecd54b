package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/catalogue"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// Cluster is one simulated cluster. It is a value in all but name: Fork copies it for nothing, At gives it as it was. Its
// methods are not safe for concurrent use; what serves clients takes turns (package sim/door).
type Cluster struct {
	options  Options
	settings *api.Settings
	images   *app.Catalogue
	loops    map[string]control.Loop
	order    []control.Loop // in the order in which they hear of a change
	db       *store.DB
	chooser  kernel.Chooser
	choose   func(label string, n int) int // the chooser's Choose
	history  history
	events   uint64 // taken so far
	promises []Broken
	running  running // what Options.Check knows of the containers
	recall   func(time.Time) (*Cluster, error)
	caches   *caches // what loops may still see of the past; nil unless Options.Disorder lets them
	waker    *waker  // for every event anew, like the next
	record   *Record // of the event that is being taken, if nobody else keeps it
}

// New makes a cluster: nodes, namespaces, storage classes and the two Services every cluster has. Nothing has happened in it yet. Like
// regexp.MustCompile it is for options written in a program, and panics when they are wrong; [Make] is for options from outside.
func New(options Options) *Cluster {
	cluster, err := Make(options)
	if err != nil {
		panic("sim: " + err.Error())
	}
	return cluster
}

// Make is New for options from outside: the error says which one is wrong.
func Make(options Options) (*Cluster, error) {
	settings, err := options.settings()
	if err != nil {
		return nil, err
	}
	if options.Start.IsZero() {
		options.Start = defaultStart()
	}
	if options.Patience == 0 {
		options.Patience = defaultPatience
	}
	if options.History == 0 {
		options.History = defaultHistory
	}
	if options.Chooser == nil {
		options.Chooser = kernel.NewSeeded(options.Seed)
	}
	if options.Loops == nil {
		options.Loops = control.Loops()
	}
	c := &Cluster{
		options: options, settings: settings, images: catalogue.Builtin().With(options.Apps...), loops: map[string]control.Loop{},
		db: store.New(options.Start, tables()...), history: newHistory(),
	}
	optional := control.OptionalLoops()
	if err := allAre(namesOf(optional), options.With, "to add"); err != nil {
		return nil, err
	}
	for _, loop := range optional {
		if slices.Contains(options.With, loop.Name) && !slices.Contains(namesOf(options.Loops), loop.Name) {
			options.Loops = append(slices.Clip(options.Loops), loop)
		}
	}
	c.options = options
	c.SetChooser(options.Chooser)
	for _, loop := range options.Loops {
		if !slices.Contains(options.Without, loop.Name) {
			c.loops[loop.Name] = loop
			c.order = append(c.order, loop)
		}
	}
	if err := allAre(namesOf(options.Loops), options.Without, "to leave out"); err != nil {
		return nil, err
	}
	if options.Disorder.Stale > 0 {
		c.caches = &caches{seen: map[string]uint64{}}
		c.caches.remember(c.View(), options.Disorder.Stale)
	}
	if err := c.input(c.bootstrap); err != nil {
		return nil, fmt.Errorf("making the cluster: %w", err)
	}
	c.Settle(0) // what is due at once, such as the service accounts of the first namespaces
	return c, nil
}

func tables() []store.Table {
	return slices.Concat(container.Tables(), network.Tables(), []store.Table{retries, recorded, registry.Managers})
}

// Now is virtual time.
func (c *Cluster) Now() time.Time { return c.db.Present().Meta().Now }

// View is everything there is, as it is now. It stays as it is, whatever happens afterwards.
func (c *Cluster) View() store.View { return c.db.View() }

// Present is the View for somebody who looks at it before anything else happens, and not later: it costs nothing.
func (c *Cluster) Present() store.View { return c.db.Present() }

// Settings are what is fixed for the life of the cluster.
func (c *Cluster) Settings() *api.Settings { return c.settings }

// Options are what the cluster was made from.
func (c *Cluster) Options() Options { return c.options }

// Events is how many events have been taken.
func (c *Cluster) Events() uint64 { return c.events }

// Since lists the changes of API objects after a resource version, oldest first; [store.ErrCompacted] when they are no longer known.
func (c *Cluster) Since(revision uint64) ([]store.Change, error) { return c.db.Since(revision) }

// Chooser decides whatever could go more than one way.
func (c *Cluster) Chooser() kernel.Chooser { return c.chooser }

// SetChooser lets another one decide from here on.
func (c *Cluster) SetChooser(chooser kernel.Chooser) { c.chooser, c.choose = chooser, chooser.Choose }

// SetTrace tells another one of every event from here on; nil tells nobody.
func (c *Cluster) SetTrace(trace func(Record)) { c.options.Trace = trace }

// Fork gives a cluster that goes on from here independently; its inputs are not recorded. It costs the same at any size.
func (c *Cluster) Fork() *Cluster {
	twin := *c
	twin.db = c.db.Fork()
	twin.SetChooser(c.chooser.Fork())
	twin.history = c.history.fork()
	twin.options.Record = nil // two histories cannot go on in one record
	twin.promises = c.promises[:len(c.promises):len(c.promises)]
	twin.caches = c.caches.fork()
	twin.waker, twin.record = nil, nil
	return &twin
}

// At gives the cluster as it was at a past instant, after all events of that instant: a fork that can be looked at and run on.
// It goes back to the last moment known before and runs the events up to the instant again. What is older than Options.History needs [Cluster.SetRecall].
func (c *Cluster) At(instant time.Time) (*Cluster, error) {
	if instant.After(c.Now()) {
		return nil, fmt.Errorf("%s has not come yet: it is %s (hint: run the cluster until then)", clock(instant), clock(c.Now()))
	}
	past := c.Fork()
	from, until, err := past.history.cut(instant)
	if err != nil && c.recall != nil {
		return c.recalled(instant)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be gone back to: %w (hint: raise Options.History)", clock(instant), err)
	}
	past.db, past.events, past.caches = from.db.Fork(), from.events, from.caches.fork()
	past.SetChooser(from.chooser.Fork())
	past.options.Trace = nil
	past.running = running{}
	for {
		next, found := past.db.Present().NextEvent()
		if !found || next.When.After(instant) || past.events >= until {
			break
		}
		past.Step()
	}
	past.advanceClock(instant)
	return past, nil
}

// SetRecall says who gives the cluster as it was at an instant that is too long ago for Options.History, made anew from what was recorded; nil: nobody can.
// What goes back with such help is recorded like everything else, so whoever repeats the history must have it too.
func (c *Cluster) SetRecall(recall func(instant time.Time) (*Cluster, error)) { c.recall = recall }

// recalled is At for an instant of which this cluster keeps nothing.
func (c *Cluster) recalled(instant time.Time) (*Cluster, error) {
	past, err := c.recall(instant)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be gone back to: %w", clock(instant), err)
	}
	past.options.Trace, past.options.Record = nil, nil
	return past, nil
}

// Record has every input that is accepted from now on told, in place of Options.Record.
func (c *Cluster) Record(tell func(Recorded)) { c.options.Record = tell }

// Step takes the next event and is false when none is pending.
func (c *Cluster) Step() bool {
	event, found := c.db.Present().NextEvent()
	if !found {
		return false
	}
	if !c.late(event) {
		c.StepTo(event)
	}
	return true
}

// StepTo is Step for one of the pending events, whichever was due first. An event that is overtaken comes late: its time is then the time at which it is taken.
func (c *Cluster) StepTo(event kernel.Event) {
	var record *Record
	var tx *store.Tx
	if c.options.Trace != nil || c.options.Check { // somebody compares before and after, and may keep both
		record, tx = &Record{Before: c.db.View()}, c.db.Begin()
	} else {
		if c.record == nil {
			c.record = new(Record)
		}
		record, tx = c.record, c.db.Proceed()
		*record = Record{Writes: record.Writes[:0]}
	}
	record.Event, record.Who, record.Key = c.events, event.Kind, event.Key
	tx.Take(event)
	record.At = tx.Now()
	c.handle(tx, event, record)
	c.finish(tx, record)
	if c.events >= c.nextCheckpoint() {
		c.remember()
	}
}

// checkpointEvery is how many events At has to run again at most, in a cluster of a few thousand objects.
const checkpointEvery = 4096

// nextCheckpoint is after which event to remember the present. What is remembered keeps older versions of objects in memory, so
// a large cluster does it less often: going back takes two events at most for every object there is.
func (c *Cluster) nextCheckpoint() uint64 {
	return c.history.events + max(checkpointEvery, 2*uint64(c.db.Present().Meta().Objects))
}

// handle gives an event to the loop or the runtime that it is for.
func (c *Cluster) handle(tx *store.Tx, event kernel.Event, record *Record) {
	if event.Kind == containerEvent {
		container.Handle(c.world(tx), event.Key)
		return
	}
	loop, running := c.loops[event.Kind]
	if !running {
		return
	}
	key := parseKey(event.Key)
	seen, fresh := c.seenBy(loop, event.Key, tx.View)
	if !fresh {
		record.Before = seen
	}
	plan := loop.Sync(control.Input{View: seen, Key: key, Now: tx.Now(), Settings: c.settings, Choose: c.choose})
	c.apply(tx, loop, plan, record)
	if !fresh {
		tx.Schedule(tx.Now().Add(catchUp), event.Kind, event.Key)
	}
}

// finish wakes whom the changes concern, commits, and tells those who listen.
func (c *Cluster) finish(tx *store.Tx, record *Record) {
	c.wake(tx)
	c.events++
	if c.options.Trace != nil || c.options.Check {
		record.Changes, record.Rows = tx.Changes(), tx.RowChanges()
	}
	changed := tx.Changed()
	tx.Commit()
	if changed {
		c.noteChanges(record)
	}
	if c.options.Trace != nil {
		c.options.Trace(*record)
	}
	if c.options.Check {
		c.check(record)
	}
}

// outside is who does what is asked for from outside.
const outside = "input"

// input makes a change from outside: one transaction, which is not made at all when it fails.
func (c *Cluster) input(change func(tx *store.Tx) error) error {
	before := c.View()
	tx := c.db.Begin()
	if err := change(tx); err != nil {
		tx.Abort()
		return err
	}
	record := Record{At: tx.Now(), Event: c.events, Who: outside, Before: before}
	c.finish(tx, &record)
	c.remember()
	return nil
}

// remember keeps the present as an instant that can be gone back to. The oldest are forgotten first.
func (c *Cluster) remember() {
	if c.options.History < 0 {
		return
	}
	c.history.keep(moment{at: c.Now(), db: c.db.Fork(), chooser: c.chooser.Fork(), caches: c.caches.fork(), events: c.events}, c.options.History)
}

// RunUntil takes events until the condition holds, and fails when it does not hold within Options.Patience of virtual time or when
// nothing is left to happen. The condition is asked after every event.
func (c *Cluster) RunUntil(condition Condition) error {
	limit := c.options.Patience
	end := c.Now().Add(limit)
	for !condition.Holds(c.db.Present()) {
		next, found := c.db.Present().NextEvent()
		if !found {
			return fmt.Errorf("waiting until %s: nothing is left to happen at %s", condition, clock(c.Now()))
		}
		if next.When.After(end) {
			return fmt.Errorf("waiting until %s: not within %s of virtual time (until %s)", condition, limit, clock(end))
		}
		c.Step()
	}
	return nil
}

// RunFor lets time go by: all events of the next duration happen.
func (c *Cluster) RunFor(duration time.Duration) {
	end := c.Now().Add(duration)
	for {
		next, found := c.db.Present().NextEvent()
		if !found || next.When.After(end) {
			break
		}
		c.Step()
	}
	c.advanceClock(end)
}

// Settle takes events until none is left, or the limit of virtual time is reached; it says which.
func (c *Cluster) Settle(limit time.Duration) (idle bool) {
	end := c.Now().Add(limit)
	for {
		next, found := c.db.Present().NextEvent()
		if !found {
			return true
		}
		if next.When.After(end) {
			return false
		}
		c.Step()
	}
}

// advanceClock moves the clock to an instant before which nothing is pending.
func (c *Cluster) advanceClock(to time.Time) {
	tx := c.db.Proceed()
	tx.AdvanceTo(to)
	tx.Commit()
}

func (c *Cluster) world(tx *store.Tx) *container.World {
	return &container.World{Tx: tx, Settings: c.settings, Catalogue: c.images, Choose: c.choose, Cut: container.Cut}
}

func (c *Cluster) registry(tx *store.Tx) *registry.Registry {
	return &registry.Registry{Tx: tx, Settings: c.settings, Choose: c.choose, Seed: c.options.Seed}
}

func clock(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05") }

func namesOf(loops []control.Loop) []string {
	names := make([]string, len(loops))
	for i, loop := range loops {
		names[i] = loop.Name
	}
	return names
}

// allAre says which of the words names no loop, and which loop may have been meant.
func allAre(loops, words []string, what string) error {
	for _, word := range words {
		if slices.Contains(loops, word) {
			continue
		}
		hint := "leave it out, or write one of these"
		if near, found := api.Nearest(word, loops); found {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fmt.Errorf("expected the name of a control loop %s, one of %s, found %q (hint: %s)", what, strings.Join(loops, ", "), word, hint)
	}
	return nil
}
