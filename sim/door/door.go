package door

import (
	"context"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
)

// Door gives turns with one cluster. Its methods are safe for concurrent use.
type Door struct {
	mu      sync.Mutex
	cluster *sim.Cluster
	changed chan struct{} // closed when something happened, and made anew
	waiting int
	held    time.Time // see Hold
}

// New makes the door of a cluster. From then on the cluster is used through the door only.
func New(cluster *sim.Cluster) *Door {
	return &Door{cluster: cluster, changed: make(chan struct{})}
}

// Do takes one turn. The turn must be short: everybody else waits.
func (d *Door) Do(turn func(cluster *sim.Cluster)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.cluster.Events()
	turn(d.cluster)
	if d.cluster.Events() != before {
		d.announce()
	}
}

// Wait lets virtual time pass until ready holds or the context ends, whose error it then gives. Ready is asked in a turn, at first and
// after everything that happens; it may do what a turn may do.
func (d *Door) Wait(ctx context.Context, ready func(cluster *sim.Cluster) bool) error {
	d.mu.Lock()
	d.waiting++
	defer func() {
		d.mu.Lock()
		d.waiting--
		d.mu.Unlock()
	}()
	for {
		before := d.cluster.Events()
		met := ready(d.cluster)
		if d.cluster.Events() != before {
			d.announce()
		}
		changed := d.changed
		d.mu.Unlock()
		if met {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		d.mu.Lock()
	}
}

// Waiting is how many clients wait for something to happen.
func (d *Door) Waiting() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.waiting
}

// Hold keeps [Door.Drive] from letting virtual time pass for a duration of the wall clock: some clients sleep a moment, instead of waiting for an
// answer, before they look at what they have been told, and while they do nothing shall happen.
func (d *Door) Hold(duration time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = time.Now().Add(duration)
}

func (d *Door) onHold() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Before(d.held)
}

// announce tells those who wait that something happened. The lock is held.
func (d *Door) announce() {
	close(d.changed)
	d.changed = make(chan struct{})
}
