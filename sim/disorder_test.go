package sim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// TestDisorderEndsWell lives through late events, stale caches and lost requests: every promise is kept, and the set comes up.
func TestDisorderEndsWell(t *testing.T) {
	odd := 0
	for seed := range uint64(40) {
		chooser := kernel.NewLabelled(seed, map[string]float64{"late": 0.1, "stale": 0.2, "request": 0.1})
		c := sim.New(sim.Options{Seed: seed, Chooser: chooser, Disorder: sim.Usual(), Check: true, History: -1})
		if err := c.Apply([]byte(web)); err != nil {
			t.Fatal(err)
		}
		if err := c.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		c.RunFor(time.Minute)
		for _, broken := range c.BrokenPromises() {
			t.Errorf("seed %d: %v", seed, broken)
		}
		odd += len(chooser.Record())
	}
	if odd < 400 {
		t.Errorf("%d answers were odd in 40 histories, which is not much of a disorder", odd)
	}
}

// TestDisorderIsRepeatable goes back into a disorderly past, and runs a history again with the odd answers alone: both come out the same.
func TestDisorderIsRepeatable(t *testing.T) {
	odds := map[string]float64{"late": 0.1, "stale": 0.2, "request": 0.1}
	live := func(chooser *kernel.Labelled) (*sim.Cluster, []string) {
		var lines []string
		c := sim.New(sim.Options{Chooser: chooser, Disorder: sim.Usual(), Trace: func(r sim.Record) { lines = append(lines, r.String()) }})
		if err := c.Apply([]byte(web)); err != nil {
			t.Fatal(err)
		}
		c.RunFor(2 * time.Minute)
		return c, lines
	}
	drawn := kernel.NewLabelled(3, odds)
	c, lines := live(drawn)
	_, again := live(kernel.NewLabelled(3, map[string]float64{"late": 0, "stale": 0, "request": 0}, drawn.Record()...))
	if len(drawn.Record()) == 0 || !slices.Equal(lines, again) {
		t.Errorf("%d odd answers; the history given them is another one", len(drawn.Record()))
	}
	past, err := c.At(c.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	past.RunFor(time.Minute)
	if past.Events() != c.Events() || past.View().Meta() != c.View().Meta() {
		t.Errorf("gone back and run again: %+v after %d events, first it was %+v after %d", past.View().Meta(), past.Events(), c.View().Meta(), c.Events())
	}
}
