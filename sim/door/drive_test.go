package door

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
)

func never(*sim.Cluster) bool { return false }
func nobody() bool            { return false }

// drive runs a client under Drive and gives the virtual time that it took.
func drive(t *testing.T, d *Door, attend func() bool, client func()) (took time.Duration, rest Rest) {
	t.Helper()
	var begun time.Time
	d.Do(func(cluster *sim.Cluster) { begun = cluster.Now() })
	rest, _ = d.Drive(client, time.Hour, attend)
	d.Do(func(cluster *sim.Cluster) { took = cluster.Now().Sub(begun) })
	return took, rest
}

func now(d *Door) (now time.Time) {
	d.Do(func(cluster *sim.Cluster) { now = cluster.Now() })
	return now
}

func TestDeadlineIsOneOfVirtualTime(t *testing.T) {
	d := New(sim.New(sim.Options{}))
	var found error
	took, rest := drive(t, d, nobody, func() {
		found = d.WaitUntil(t.Context(), now(d).Add(90*time.Second), never)
	})
	if !errors.Is(found, context.DeadlineExceeded) || took != 90*time.Second || rest != Done {
		t.Errorf("%v after %v (%s); expected the deadline after 1m30s", found, took, rest)
	}
}

// Goroutines that settle go on one after the other, in the order of their keys.
func TestSettleGivesOneOrder(t *testing.T) {
	for range 50 {
		d := New(sim.New(sim.Options{}))
		var mu sync.Mutex
		var order []string
		_, _ = drive(t, d, nobody, func() {
			ended := make(chan struct{})
			for i := range 4 {
				go func() {
					for turn := range 2 {
						_ = d.Settle(t.Context(), fmt.Sprint(i))
						mu.Lock()
						order = append(order, fmt.Sprint(i, turn))
						mu.Unlock()
					}
					ended <- struct{}{}
				}()
			}
			for range 4 {
				<-ended
			}
		})
		if want := []string{"0 0", "0 1", "1 0", "1 1", "2 0", "2 1", "3 0", "3 1"}; !slices.Equal(order, want) {
			t.Fatalf("order %q", order)
		}
	}
}

func TestWhyDriveRests(t *testing.T) {
	d := New(sim.New(sim.Options{}))
	ctx, cancel := context.WithCancel(t.Context())
	took, rest := drive(t, d, nobody, func() { _ = d.WaitUntil(ctx, time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), never) })
	cancel()
	if rest != Limit || took > time.Hour {
		t.Errorf("rested for %q after %v", rest, took)
	}
}

func TestAttendedWhenQuiet(t *testing.T) {
	d := New(sim.New(sim.Options{}))
	ctx, interrupt := context.WithCancel(t.Context())
	attend := func() bool {
		first := ctx.Err() == nil
		interrupt()
		return first
	}
	took, rest := drive(t, d, attend, func() { _ = d.Wait(ctx, never) })
	if rest != Done || took != 0 {
		t.Errorf("%s after %v", rest, took)
	}
}

// Without Drive nobody waits for quiet, and deadlines pass with the cluster's clock.
func TestWithoutDrive(t *testing.T) {
	d := New(sim.New(sim.Options{}))
	if err := d.Settle(t.Context(), ""); err != nil {
		t.Error(err)
	}
	until := now(d).Add(time.Second)
	d.Do(func(cluster *sim.Cluster) { cluster.RunFor(time.Second) })
	if err := d.WaitUntil(t.Context(), until, never); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
