package door

import (
	"cmp"
	"os"
	"os/signal"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"syscall"
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
const idlePatience = 100 * time.Millisecond

// settlePatience is how long (by the wall clock) Drive waits at its end for what an interrupted client leaves behind.
const settlePatience = time.Second

// glance is the time (by the wall clock) between two looks at whether the process is quiet: a thread that only looked would take the
// processor from those that it waits for.
const glance = 20 * time.Microsecond

// settleRounds is how often in a row nobody else may be running before the process counts as quiet. Reading the counts is not
// atomic: a goroutine may be on its way from one state to another.
const settleRounds = 12

// Drive runs a client of this process, and lets virtual time pass, up to the limit, while the client waits for it, until the client has
// ended. Whenever the client is quiet (it has read and printed everything that has happened) attend is called, which may type into it or
// interrupt it and then says true; time passes only when it says false.
//
// Done is closed when the client has ended. Whoever gets another rest than [Done] ends the client and waits for that.
//
// A goroutine that stays in a call to the operating system counts as busy: a process that takes a CPU profile of itself is never quiet.
func (d *Door) Drive(client func(), limit time.Duration, attend func() bool) (rest Rest, done <-chan struct{}) {
	listen.Do(listenForSignals)
	var end time.Time
	d.Do(func(cluster *sim.Cluster) {
		d.drivers++
		end = cluster.Now().Add(limit)
	})
	defer d.leave()
	ended := make(chan struct{})
	go func() { // only now: whoever settles before somebody drives does not wait
		defer close(ended)
		client()
	}()
	return d.follow(ended, end, attend), ended
}

// Hold has clients wait for quiet also between calls of Drive, as those do that are left in the background, until release is called.
func (d *Door) Hold() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.drivers++
	return d.leave
}

// follow is [Door.Drive] once the client runs.
func (d *Door) follow(done <-chan struct{}, end time.Time, attend func() bool) Rest {
	lastProgress := time.Now()
	var quiet quietness
	for {
		if isClosed(done) {
			for begun := time.Now(); !quiet.now() && time.Since(begun) < settlePatience; {
				time.Sleep(glance)
			}
			return Done
		}
		if !quiet.now() {
			pause(done, glance)
		} else if d.admit() || attend() {
			lastProgress = time.Now()
		} else if d.Waiting() > 0 {
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

// leave ends a call of Drive: nobody waits for quiet any more.
func (d *Door) leave() {
	d.mu.Lock()
	d.drivers--
	alone := d.drivers == 0
	d.mu.Unlock()
	for alone && d.admit() {
	}
}

// maxUnseen is how many events Drive takes before it looks whether the client has ended, when no client sees any of them.
const maxUnseen = 1000

// next takes events, and lets deadlines pass, until a client has what it waits for. Nobody but those who wait can see what happens, so
// the process stays quiet in between.
func (d *Door) next(end time.Time) Rest {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range maxUnseen {
		rest, late := d.step(end)
		if rest != "" {
			return rest
		}
		if d.askAll() || late {
			d.announce()
			return ""
		}
	}
	return ""
}

// step takes one event if it is due in time, or lets a deadline pass. The lock is held.
func (d *Door) step(end time.Time) (rest Rest, late bool) {
	event, found := d.cluster.View().NextEvent()
	deadline := earliest(d.waiters)
	due := event.When
	if !found || !deadline.IsZero() && deadline.Before(due) {
		due = deadline
	}
	switch {
	case due.IsZero():
		return Idle, false
	case due.After(end):
		return Limit, false
	case found && !event.When.After(due):
		d.cluster.Step()
		return "", false
	}
	d.cluster.RunFor(max(due.Sub(d.cluster.Now()), 0))
	d.passed = due
	return "", true
}

// askAll asks all who wait, in the order in which they came, and says whether one of them can go on. The lock is held.
func (d *Door) askAll() (met bool) {
	all := make([]*waiter, 0, len(d.waiters))
	for w := range d.waiters {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b *waiter) int { return cmp.Compare(a.since, b.since) })
	for _, w := range all {
		d.ask(w)
		met = met || w.met
	}
	return met
}

// earliest is the first instant among those of clients; zero when there is none.
func earliest(clients map[*waiter]struct{}) (first time.Time) {
	for client := range clients {
		if !client.until.IsZero() && (first.IsZero() || client.until.Before(first)) {
			first = client.until
		}
	}
	return first
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

var listen sync.Once

// listenForSignals listens for the signals that kubectl listens for. From then on exactly one goroutine is out of Go for good: the one that
// listens; and one more is a call to the operating system. And kubectl, when it listens and when it stops, finds the signals switched on: to
// switch one on or off, the runtime wakes a thread of its own, and while that wakes up nobody seems to run. The first signal is passed on
// as if nobody had listened here.
func listenForSignals() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT)
	go func() {
		received := <-signals
		signal.Stop(signals)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(received) // this process exists
		}
	}()
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
