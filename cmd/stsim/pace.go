package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// pace is how many virtual seconds go by in a second of the wall clock; 0 is as fast as possible.
type pace float64

// parsePace reads 1x, 10x, 0.5x or max. The error says what was expected, without saying where.
func parsePace(text string) (pace, error) {
	if text == "max" {
		return 0, nil
	}
	factor, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !strings.HasSuffix(text, "x") || !(factor > 0 && factor <= 100000) {
		return 0, fmt.Errorf("expected a number of times such as 1x or 10x, or max, found %q", text)
	}
	return pace(factor), nil
}

func (p pace) String() string {
	if p == 0 {
		return "max"
	}
	return strconv.FormatFloat(float64(p), 'g', -1, 64) + "x"
}

const (
	// tick is how often the clocks are brought together.
	tick = 10 * time.Millisecond
	// eventsPerTurn bounds how long a turn takes, so that requests come in between.
	eventsPerTurn = 200
)

// clock lets the virtual time of a served cluster go with the wall clock, at a pace that can be changed. This is the one place where the two clocks
// meet. It may be used by several goroutines.
type clock struct {
	door  *door.Door
	begin time.Time // of virtual time
	pasts *pasts

	mu      sync.Mutex
	pace    pace
	paused  bool
	wall    time.Time // an instant of the wall clock,
	virtual time.Time // and what the virtual time was then
}

func newClock(d *door.Door, pace pace) *clock {
	c := &clock{door: d, pace: pace, pasts: newPasts(d)}
	d.Pass(func(cluster *sim.Cluster) { c.begin = cluster.Options().Start })
	c.set(func() {})
	return c
}

// keep lets time go by until the context ends.
func (c *clock) keep(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for more := true; more && ctx.Err() == nil; {
			more = c.turn()
		}
	}
}

// set changes how the clocks go together from now on.
func (c *clock) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.door.Pass(func(cluster *sim.Cluster) { c.wall, c.virtual = time.Now(), cluster.Now() })
}

// turn takes some of the events that are due, and says whether there are more.
func (c *clock) turn() (more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		return false
	}
	if c.pace == 0 {
		c.door.Pass(func(cluster *sim.Cluster) {
			for range eventsPerTurn {
				cluster.Step()
			}
		})
		return false // requests first
	}
	until := c.virtual.Add(time.Duration(float64(time.Since(c.wall)) * float64(c.pace)))
	return c.someUntil(until)
}

// someUntil takes some of the events that are due until an instant, and says whether there are more. When there are none, the clock goes on until then.
func (c *clock) someUntil(until time.Time) (more bool) {
	c.door.Pass(func(cluster *sim.Cluster) {
		for range eventsPerTurn {
			if next, found := cluster.Present().NextEvent(); !found || next.When.After(until) {
				cluster.RunFor(max(until.Sub(cluster.Now()), 0))
				more = false
				return
			}
			cluster.Step()
		}
		more = true
	})
	return more
}

// advance lets virtual time go by at once. Requests come in between.
func (c *clock) advance(ctx context.Context, duration time.Duration) {
	var until time.Time
	c.door.Pass(func(cluster *sim.Cluster) { until = cluster.Now().Add(duration) })
	for more := true; more && ctx.Err() == nil; {
		more = c.someUntil(until)
	}
	c.set(func() {})
}

// back makes the past the present.
func (c *clock) back(duration time.Duration) (err error) {
	c.set(func() {
		c.door.Pass(func(cluster *sim.Cluster) {
			to := cluster.Now().Add(-duration)
			if to.Before(c.begin) {
				err = fmt.Errorf("the cluster is %s old: there is nothing %s ago", sinceBegin(cluster.Now(), c.begin), duration)
				return
			}
			err = cluster.GoBack(to)
		})
	})
	c.pasts.forget()
	return err
}

// step takes the next events, however far away they are.
func (c *clock) step(ctx context.Context, events int) {
	for taken := 0; taken < events && ctx.Err() == nil; taken += eventsPerTurn {
		c.door.Pass(func(cluster *sim.Cluster) {
			for range min(eventsPerTurn, events-taken) {
				cluster.Step()
			}
		})
	}
	c.set(func() {})
}

// clockState is what there is to say of a clock.
type clockState struct {
	Now    time.Time  `json:"now"`   // virtual time
	Begin  time.Time  `json:"begin"` // of virtual time
	Pace   string     `json:"pace"`
	Paused bool       `json:"paused"`
	Events uint64     `json:"events"` // taken so far
	Next   *nextEvent `json:"next,omitempty"`
}

// nextEvent is what will happen next when nobody asks for anything.
type nextEvent struct {
	When time.Time `json:"when"`
	What string    `json:"what"`
}

func (c *clock) state() clockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	state := clockState{Begin: c.begin, Pace: c.pace.String(), Paused: c.paused}
	c.door.Do(func(cluster *sim.Cluster) {
		state.Now, state.Events = cluster.Now(), cluster.Events()
		if event, found := cluster.Present().NextEvent(); found {
			state.Next = &nextEvent{When: event.When, What: event.Kind + " " + strings.TrimPrefix(event.Key, "/")}
		}
	})
	return state
}
