package door

import (
	"context"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
)

// Door gives turns with one cluster. Its methods are safe for concurrent use.
type Door struct {
	mu       sync.Mutex
	cluster  *sim.Cluster
	waiters  map[*waiter]struct{}
	settlers []*settler // in the order in which they came
	drivers  int        // calls of Drive under way
	passed   time.Time  // the last deadline that Drive let pass; see WaitUntil
	waited   uint64     // how many waiters there have been
	watching []func(cluster *sim.Cluster)
	keeper   Keeper
}

// Keeper keeps what happens for good, such as in a file, before anybody is told of it.
type Keeper interface {
	// Note is called in a turn. It gives a number for all that has happened so far.
	Note(cluster *sim.Cluster) (number uint32)
	// Keep waits, outside of a turn, until what has that number is kept.
	Keep(number uint32)
}

// waiter is a client that waits for something to happen until an instant of virtual time; zero: without end.
type waiter struct {
	until time.Time
	ready func(cluster *sim.Cluster) bool
	hope  func(cluster *sim.Cluster) bool // whether what happened may have made it ready; nil for always
	woken chan struct{}                   // gets a value when it is to look again
	met   bool                            // ready has held: it is not asked again
	since uint64                          // orders waiters as they came
}

// settler is a client that waits for the process to be quiet.
type settler struct {
	key     string
	settled chan struct{}
}

// New makes the door of a cluster. From then on the cluster is used through the door only.
func New(cluster *sim.Cluster) *Door {
	return &Door{cluster: cluster, waiters: map[*waiter]struct{}{}}
}

// KeepWith has a keeper keep what happens. It is called before there are clients.
func (d *Door) KeepWith(keeper Keeper) { d.keeper = keeper }

// Do takes one turn. The turn must be short: everybody else waits. When there is a [Keeper] it returns when all that the turn saw is kept.
func (d *Door) Do(turn func(cluster *sim.Cluster)) { d.keep(d.turn(turn)) }

// Pass is a turn that does not wait for the [Keeper]: for those who tell nobody outside what they saw.
func (d *Door) Pass(turn func(cluster *sim.Cluster)) { d.turn(turn) }

func (d *Door) turn(turn func(cluster *sim.Cluster)) (kept uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before, at := d.cluster.Events(), d.cluster.Now()
	turn(d.cluster)
	if d.cluster.Events() != before {
		d.announce()
	} else if !d.cluster.Now().Equal(at) {
		d.wake() // deadlines may have passed
	}
	return d.note()
}

// stand tells states apart between which something has happened. (A cluster that has gone back counts its events anew.) The lock is held.
func (d *Door) stand() [2]uint64 {
	return [2]uint64{d.cluster.Events(), d.cluster.Present().Meta().Revision}
}

// note is what has to be kept before anybody is told of the present. The lock is held.
func (d *Door) note() uint32 {
	if d.keeper == nil {
		return 0
	}
	return d.keeper.Note(d.cluster)
}

func (d *Door) keep(number uint32) {
	if d.keeper != nil {
		d.keeper.Keep(number)
	}
}

// Wait lets virtual time pass until ready holds or the context ends, whose error it then gives. Ready is asked in a turn, at first and
// after everything that happens, by whoever made it happen, until it holds; it may do what a turn may do.
func (d *Door) Wait(ctx context.Context, ready func(cluster *sim.Cluster) bool) error {
	return d.WaitUntil(ctx, time.Time{}, ready)
}

// WaitUntil is Wait with a deadline in virtual time, at which it gives [context.DeadlineExceeded]. What happens at the very
// instant of the deadline is still in time. A zero deadline never comes.
func (d *Door) WaitUntil(ctx context.Context, deadline time.Time, ready func(cluster *sim.Cluster) bool) error {
	return d.wait(ctx, &waiter{until: deadline, ready: ready})
}

// WaitFor is Wait for one of many who wait: hope is a quick look, in whatever turn something happens, that says whether ready is worth being asked.
func (d *Door) WaitFor(ctx context.Context, hope, ready func(cluster *sim.Cluster) bool) error {
	return d.wait(ctx, &waiter{hope: hope, ready: ready})
}

func (d *Door) wait(ctx context.Context, self *waiter) error {
	self.woken = make(chan struct{}, 1)
	d.mu.Lock()
	d.waited++
	self.since = d.waited
	d.waiters[self] = struct{}{}
	defer func() {
		d.mu.Lock()
		delete(d.waiters, self)
		d.mu.Unlock()
	}()
	for {
		d.ask(self)
		met, late := self.met, d.isPast(self.until)
		number := uint32(0)
		if met || late {
			number = d.note()
		}
		d.mu.Unlock()
		switch {
		case met:
			d.keep(number)
			return nil
		case late:
			d.keep(number)
			return context.DeadlineExceeded
		}
		select {
		case <-self.woken:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.mu.Lock()
	}
}

// ask asks a waiter whether it has what it waits for. The lock is held.
func (d *Door) ask(w *waiter) {
	if w.met {
		return
	}
	before := d.stand()
	w.met = w.ready(d.cluster)
	if d.stand() != before {
		d.announce()
	}
}

// isPast says whether a deadline has come and everything that happens at its instant has happened. The lock is held.
func (d *Door) isPast(deadline time.Time) bool {
	now := d.cluster.Now()
	switch {
	case deadline.IsZero() || now.Before(deadline):
		return false
	case now.After(deadline) || d.drivers == 0:
		return true
	}
	return d.passed.Equal(deadline)
}

// Settle waits until every goroutine of the process is blocked. Of those who wait for it only one goes on at a time, the one with the
// least key first. So clients with several goroutines do things in one order. It does not wait when nobody drives.
func (d *Door) Settle(ctx context.Context, key string) error {
	self := &settler{key, make(chan struct{})}
	d.mu.Lock()
	if d.drivers == 0 {
		d.mu.Unlock()
		return ctx.Err()
	}
	d.settlers = append(d.settlers, self)
	d.mu.Unlock()
	select {
	case <-self.settled:
		return nil
	case <-ctx.Done():
		d.mu.Lock()
		defer d.mu.Unlock()
		d.forget(self)
		return ctx.Err()
	}
}

// Waiting is how many clients wait for something to happen.
func (d *Door) Waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.waiters)
}

// Observe has look called now, and in every turn in which something happened, before anybody else can learn of it. It must be quick and
// only look.
func (d *Door) Observe(look func(cluster *sim.Cluster)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watching = append(d.watching, look)
	look(d.cluster)
}

// announce tells those who wait that something happened. The lock is held.
func (d *Door) announce() {
	for _, look := range d.watching {
		look(d.cluster)
	}
	d.wake()
}

// wake has those who wait look again. The lock is held.
func (d *Door) wake() {
	for w := range d.waiters {
		if w.met || w.hope == nil || w.hope(d.cluster) {
			select {
			case w.woken <- struct{}{}:
			default: // it will look anyway
			}
		}
	}
}

// Driven says whether somebody drives the cluster: then its clients must do nothing by the wall clock.
func (d *Door) Driven() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drivers > 0
}

// admit lets the first of those who wait for quiet go on.
func (d *Door) admit() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.settlers) == 0 {
		return false
	}
	first := d.settlers[0]
	for _, other := range d.settlers[1:] {
		if other.key < first.key {
			first = other
		}
	}
	close(first.settled)
	d.forget(first)
	return true
}

// forget removes somebody who waits for quiet. The lock is held.
func (d *Door) forget(gone *settler) {
	kept := d.settlers[:0]
	for _, other := range d.settlers {
		if other != gone {
			kept = append(kept, other)
		}
	}
	d.settlers = kept
}
