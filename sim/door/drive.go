package door

import (
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/stsim/stsim/sim"
)

// Rest says why [Door.Drive] came to rest.
type Rest string

// The reasons for coming to rest.
const (
	Done  Rest = "done"  // the client has ended
	Idle  Rest = "idle"  // the client waits, and nothing is left to happen
	Limit Rest = "limit" // the client waits, and the limit of virtual time is reached
	Stuck Rest = "stuck" // the client neither waits for the cluster nor ends
)

// Patience is how long (by the wall clock) a client may be busy with itself, or sleep, before Drive calls it stuck.
const Patience = 60 * time.Second

// idlePatience is how long (by the wall clock) a client that waits in vain is left to itself: it may be about to give up.
const idlePatience = time.Second

// settleRounds is how often in a row nobody else may be running before the process counts as quiet. Reading the counts is not
// atomic: a goroutine may be on its way from one state to another.
const settleRounds = 12

// Drive lets virtual time pass, up to the limit, while a client in this process waits for it, until the client has ended (done is closed). Whenever
// the client is quiet (it has read and printed everything that has happened) attend is called, which may type into it or
// interrupt it and then says true; time passes only when it says false.
func (d *Door) Drive(done <-chan struct{}, limit time.Duration, attend func() bool) Rest {
	var end time.Time
	d.Do(func(cluster *sim.Cluster) { end = cluster.Now().Add(limit) })
	lastProgress := time.Now()
	var quiet quietness
	for {
		if isClosed(done) {
			return Done
		}
		if !quiet.now() {
			pause(done, 20*time.Microsecond)
		} else if attend() {
			lastProgress = time.Now()
		} else if d.Waiting() > 0 && !d.onHold() {
			switch rest := d.next(end); {
			case rest == "":
				lastProgress = time.Now()
			case time.Since(lastProgress) > idlePatience:
				return rest
			default:
				pause(done, time.Millisecond)
			}
		} else {
			pause(done, time.Millisecond)
		}
		if time.Since(lastProgress) > Patience {
			return Stuck
		}
	}
}

// next takes one event if it is due in time.
func (d *Door) next(end time.Time) (rest Rest) {
	d.Do(func(cluster *sim.Cluster) {
		event, found := cluster.View().NextEvent()
		switch {
		case !found:
			rest = Idle
		case event.When.After(end):
			rest = Limit
		default:
			cluster.Step()
		}
	})
	return rest
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

func pause(done <-chan struct{}, duration time.Duration) {
	select {
	case <-done:
	case <-time.After(duration):
	}
}

// quietness asks the scheduler whether any goroutine but this one runs or could run.
type quietness struct{ samples [3]metrics.Sample }

func (q *quietness) now() bool {
	q.samples[0].Name = "/sched/goroutines/runnable:goroutines"
	q.samples[1].Name = "/sched/goroutines/running:goroutines"
	q.samples[2].Name = "/sched/goroutines/not-in-go:goroutines"
	for range settleRounds {
		metrics.Read(q.samples[:])
		// One goroutine runs: this one. One is out of Go: the one that listens for signals.
		if q.samples[0].Value.Uint64() > 0 || q.samples[1].Value.Uint64() > 1 || q.samples[2].Value.Uint64() > 1 {
			return false
		}
		runtime.Gosched()
	}
	return true
}
