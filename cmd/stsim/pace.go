package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// pace lets the virtual time of a served cluster go with the wall clock, so many times as fast. This is the one place where the two clocks meet.
type pace struct {
	factor float64 // virtual seconds per second; 0 is as fast as possible
}

// parsePace reads 1x, 10x, 0.5x or max.
func parsePace(text string) (pace, error) {
	if text == "max" {
		return pace{}, nil
	}
	factor, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !strings.HasSuffix(text, "x") || factor <= 0 || factor > 100000 {
		return pace{}, fmt.Errorf("--pace: expected a number of times such as 1x or 10x, or max, found %q", text)
	}
	return pace{factor: factor}, nil
}

const (
	// tick is how often the clocks are brought together.
	tick = 10 * time.Millisecond
	// eventsPerTurn bounds how long a turn takes, so that requests come in between.
	eventsPerTurn = 200
)

// keep lets time go by until the context ends.
func (p pace) keep(ctx context.Context, d *door.Door) {
	started := time.Now()
	var begin time.Time
	d.Do(func(cluster *sim.Cluster) { begin = cluster.Now() })
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		until := begin.Add(time.Duration(float64(time.Since(started)) * p.factor))
		for more := true; more && ctx.Err() == nil; {
			d.Do(func(cluster *sim.Cluster) { more = p.turn(cluster, until) })
		}
	}
}

// turn takes some of the events that are due, and says whether there are more.
func (p pace) turn(cluster *sim.Cluster, until time.Time) (more bool) {
	for range eventsPerTurn {
		next, found := cluster.View().NextEvent()
		if !found || p.factor > 0 && next.When.After(until) {
			if p.factor > 0 {
				cluster.RunFor(max(until.Sub(cluster.Now()), 0)) // the clock goes on, though nothing happens
			}
			return false
		}
		cluster.Step()
	}
	return p.factor > 0
}
