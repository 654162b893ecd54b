package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Search says which histories to draw, and how many at a time. The seeds of shard i of n are First+i, First+i+n, First+i+2n, ...
type Search struct {
	First    uint64
	Runs     uint64 // histories of this shard; 0: until the context ends
	Shard    int    // from 0
	Shards   int    // 0 means 1
	Workers  int    // 0 means 1
	Progress *Progress
}

// Progress is what a search has done so far. It may be read while the search goes on.
type Progress struct {
	Histories, Events, Findings atomic.Uint64
	Virtual                     atomic.Int64 // nanoseconds
}

// Result is what a search came to. It follows from the world and the seeds that were drawn, however many drew them.
type Result struct {
	Histories uint64
	Events    uint64
	Virtual   time.Duration // of all histories together
	Findings  []Finding     // one for each sentence that broke, from the lowest seed that broke it; ordered by that seed
	Stopped   bool          // before all histories were drawn
}

// Seed gives the nth seed of the search.
func (s Search) Seed(n uint64) uint64 { return s.First + uint64(s.Shard) + n*uint64(max(s.Shards, 1)) }

// Search draws histories on several processors at once, until all are drawn or the context ends, and shrinks what it finds. What has been begun is
// brought to its end: so the seeds drawn are always the first ones.
func (w *World) Search(ctx context.Context, s Search) Result {
	progress := s.Progress
	if progress == nil {
		progress = &Progress{}
	}
	var (
		next   atomic.Uint64
		mu     sync.Mutex
		broken = map[string]Outcome{} // by sentence, of the lowest seed
	)
	atOnce(s.Workers, func() {
		for ctx.Err() == nil {
			n := next.Add(1) - 1
			if s.Runs > 0 && n >= s.Runs {
				return
			}
			outcome := w.draw(s.Seed(n))
			progress.Histories.Add(1)
			progress.Events.Add(outcome.Events)
			progress.Virtual.Add(int64(outcome.Virtual))
			if outcome.Breach == nil {
				continue
			}
			mu.Lock()
			lowest, known := broken[outcome.Breach.Sentence]
			if !known || outcome.Seed < lowest.Seed {
				broken[outcome.Breach.Sentence] = outcome
			}
			progress.Findings.Store(uint64(len(broken)))
			mu.Unlock()
		}
	})
	result := Result{Histories: progress.Histories.Load(), Events: progress.Events.Load(), Virtual: time.Duration(progress.Virtual.Load())}
	result.Stopped = s.Runs > 0 && result.Histories < s.Runs
	result.Findings = w.findAll(broken, s.Workers)
	return result
}

// findAll shrinks all that was found.
func (w *World) findAll(broken map[string]Outcome, workers int) []Finding {
	var outcomes []Outcome
	for _, outcome := range broken {
		outcomes = append(outcomes, outcome)
	}
	slices.SortFunc(outcomes, func(a, b Outcome) int { return order(a.Seed, b.Seed, a.Breach.Sentence, b.Breach.Sentence) })
	findings := make([]Finding, len(outcomes))
	var next atomic.Int64
	atOnce(workers, func() {
		for i := next.Add(1) - 1; int(i) < len(outcomes); i = next.Add(1) - 1 {
			findings[i] = w.Find(outcomes[i])
		}
	})
	return findings
}

// order puts the lower seed first.
func order(seedA, seedB uint64, a, b string) int {
	switch {
	case seedA < seedB:
		return -1
	case seedA > seedB:
		return 1
	}
	return strings.Compare(a, b)
}

// atOnce runs work in as many goroutines, and waits for all of them.
func atOnce(workers int, work func()) {
	var all sync.WaitGroup
	for range max(workers, 1) {
		all.Go(work)
	}
	all.Wait()
}

// draw is Draw, and names the seed should the simulator itself fail.
func (w *World) draw(seed uint64) Outcome {
	defer func() {
		if failure := recover(); failure != nil {
			panic(fmt.Sprintf("explore: the history of seed %d: %v", seed, failure))
		}
	}()
	return w.Draw(seed)
}
