package sim

import (
	"maps"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// Disorder says what may come otherwise than on a quiet day. The zero value is: nothing. Whatever may is asked of the Chooser with a label of
// its own, and its answer 0 is always the quiet one:
//
//	late WHO KEY      whether an event waits, and how long
//	stale LOOP KEY    how many changes ago the cluster was as a control loop sees it
//	request LOOP KEY  what becomes of a request of a loop
type Disorder struct {
	// Late are the times by which an event may be late, so that others overtake it: a loop that is slow to look, a node that is slow to start.
	Late []time.Duration
	// Stale is by how many changes a loop's cache may lag behind at most. It never goes back, and is never older than what the loop wrote itself, as
	// with upstream's expectations and consistency stores; before 1.36 the StatefulSet controller knew neither. Loops that look at
	// what is behind the API (the kubelet at its containers) see all as it is.
	Stale int
	// Requests says that a request of a loop to the API may be refused (1), or made while its answer gets lost (2).
	Requests bool
}

// Disorderly are the first words of the labels under which Disorder asks.
func Disorderly() []string { return []string{"late", "stale", "request"} }

// Quiet are the odds, for a [kernel.Labelled], of a day on which all comes as usual, except for the answers that are given.
func Quiet() map[string]float64 {
	odds := map[string]float64{}
	for _, word := range Disorderly() {
		odds[word] = 0
	}
	return odds
}

// Usual is the Disorder that explorations and their pages use.
func Usual() Disorder {
	return Disorder{Late: []time.Duration{20 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second, 20 * time.Second}, Stale: 8, Requests: true}
}

// catchUp is how long a cache that was found stale takes to hear of the rest.
const catchUp = 100 * time.Millisecond

// caches are what the loops may still see of the past. It is kept only when loops may see it.
type caches struct {
	recent []instant // the newest last
	seen   map[string]uint64

	sharedRecent, sharedSeen bool // with a fork, or with that of which this is one: to be copied before it is changed
}

type instant struct {
	number uint64 // of changes before it
	view   store.View
}

func (c *caches) fork() *caches {
	if c == nil {
		return nil
	}
	if !c.sharedRecent || !c.sharedSeen { // otherwise several may fork it at once
		c.sharedRecent, c.sharedSeen = true, true
	}
	twin := *c
	return &twin
}

// see notes how much of the history of changes a loop has seen.
func (c *caches) see(loop string, number uint64) {
	if was, found := c.seen[loop]; found && was == number {
		return
	}
	if c.sharedSeen {
		c.seen, c.sharedSeen = maps.Clone(c.seen), false
	}
	c.seen[loop] = number
}

// remember notes how the world is after a change, and forgets what no loop may see any more.
func (c *caches) remember(view store.View, stale int) {
	number := uint64(0)
	if len(c.recent) > 0 {
		number = c.recent[len(c.recent)-1].number + 1
	}
	kept := c.recent[max(0, len(c.recent)-stale):]
	if c.sharedRecent {
		c.recent, c.sharedRecent = make([]instant, 0, stale+1), false
	}
	c.recent = append(append(c.recent[:0], kept...), instant{number, view})
}

// newest is the number of the present.
func (c *caches) newest() uint64 { return c.recent[len(c.recent)-1].number }

// late asks whether an event waits, and if so puts it off; it says so.
func (c *Cluster) late(event kernel.Event) bool {
	delays := c.options.Disorder.Late
	if len(delays) == 0 {
		return false
	}
	way := c.chooser.Choose(LateLabel(event), len(delays)+1)
	if way == 0 {
		return false
	}
	tx := c.db.Begin()
	tx.Take(event)
	tx.Schedule(tx.Now().Add(delays[way-1]), event.Kind, event.Key)
	tx.Commit()
	c.events++
	return true
}

// LateLabel is the label of the question whether an event comes late.
func LateLabel(event kernel.Event) string { return "late " + event.Kind + " " + subject(event.Key) }

// subject is an event's key without the uid behind the name: what is asked about a Pod stays the same question when its predecessors came otherwise.
func subject(key string) string {
	if first := strings.IndexByte(key, '/'); first >= 0 {
		if second := strings.IndexByte(key[first+1:], '/'); second >= 0 {
			return key[:first+1+second]
		}
	}
	return key
}

// seenBy is the world as a loop sees it when it looks at a key, and whether that is the present.
func (c *Cluster) seenBy(loop control.Loop, key string, present store.View) (seen store.View, fresh bool) {
	if c.caches == nil || loop.RowWakes != nil {
		return present, true
	}
	last := c.caches.newest()
	ways := 1 // the present, and what the loop has not seen before
	for ways < len(c.caches.recent) && last-uint64(ways) >= c.caches.seen[loop.Name] {
		ways++
	}
	way := c.chooser.Choose("stale "+loop.Name+" "+subject(key), ways)
	c.caches.see(loop.Name, last-uint64(way))
	if way == 0 {
		return present, true
	}
	return c.caches.recent[len(c.caches.recent)-1-way].view, false
}

// risk makes a request of a loop, or does not, or loses its answer.
func (c *Cluster) risk(loop control.Loop, key string, write control.Write, carryOut func() error) error {
	if !c.options.Disorder.Requests {
		return carryOut()
	}
	way := c.chooser.Choose("request "+loop.Name+" "+subject(key), 3)
	if way != 1 {
		if err := carryOut(); err != nil || way == 0 {
			return err
		}
	}
	return apierrors.NewServerTimeout(api.KindOf(write.Object).GroupResource(), string(write.Verb), 0)
}

// noteChanges keeps what the loops may go on seeing after changes: how the world was, and that whoever wrote knows of it.
func (c *Cluster) noteChanges(record *Record) {
	if c.caches == nil {
		return
	}
	c.caches.remember(c.View(), c.options.Disorder.Stale)
	if len(record.Writes) > 0 && (record.Who != "statefulset" || c.settings.Release.AtLeast(36)) {
		c.caches.see(record.Who, c.caches.newest())
	}
}

// Lags says by how many changes the next look of each loop may lag behind, at most so many. Loops that see all as it is are left out, and it is empty where [Disorder]
// lets nobody see the past.
func (c *Cluster) Lags(most int) []int {
	if c.caches == nil {
		return nil
	}
	lags := make([]int, 0, len(c.order))
	newest := c.caches.newest()
	most = min(most, len(c.caches.recent)-1)
	for i := range c.order {
		if c.order[i].RowWakes == nil {
			lags = append(lags, int(min(newest-c.caches.seen[c.order[i].Name], uint64(most))))
		}
	}
	return lags
}

// Before is how the world was n changes ago, as loops may still see it; false when no loop may.
func (c *Cluster) Before(n int) (view store.View, may bool) {
	if c.caches == nil || n < 0 || n >= len(c.caches.recent) {
		return store.View{}, false
	}
	return c.caches.recent[len(c.caches.recent)-1-n].view, true
}
