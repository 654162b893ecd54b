package oracle

import (
	"fmt"
	"math/rand/v2"
	"strings"

	utilfeature "k8s.io/apiserver/pkg/util/feature"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// story is a StatefulSet and what happens to it. It is data, so that it can be replayed and shortened: its numbers get their meaning
// from the state they meet.
type story struct {
	name  string
	gates [2]bool // MaxUnavailableStatefulSet, StatefulSetSemanticRevisionComparison
	start uint64  // of the generator that makes the StatefulSet
	steps []step
}

var gates = [2]api.Gate{api.MaxUnavailableStatefulSet, api.StatefulSetSemanticRevisionComparison}

// newStory draws one. Its length is random too: short ones are many, so that the beginnings of lives are seen often.
func newStory(seed uint64, length int) story {
	chance := rand.New(rand.NewPCG(seed, 1))
	told := story{name: setNames[0], start: chance.Uint64(), gates: [2]bool{chance.IntN(3) == 0, chance.IntN(8) != 0}}
	if chance.IntN(10) == 0 {
		told.name = setNames[chance.IntN(len(setNames))]
	}
	setName = told.name // faults name Pods
	for range 1 + chance.IntN(length) {
		told.steps = append(told.steps, newStep(chance))
	}
	return told
}

// run plays the story until the controllers differ, and says how. With a trace everything is told.
func (told story) run(trace *strings.Builder) (difference string, at int) {
	setName = told.name
	defer func() { setName = setNames[0] }()
	release := api.Release{}
	for i, gate := range gates {
		must(utilfeature.DefaultMutableFeatureGate.Set(fmt.Sprintf("%s=%v", gate, told.gates[i])))
		release = release.WithGate(gate, told.gates[i])
	}
	note := func(format string, args ...any) {
		if trace != nil {
			fmt.Fprintf(trace, format, args...)
		}
	}
	w := newWorld(release)
	u := newUpstream() // it remembers which revisions are equal, by uids
	set := newSet(chanceOf(told.start))
	note("%s, gates %s=%v %s=%v\n%s", setName, gates[0], told.gates[0], gates[1], told.gates[1], describe(set))
	if err := w.create(set); err != nil {
		note("not created: %v\n", err)
		return "", 0
	}
	for i, step := range append([]step{{}}, told.steps...) {
		before := w.db.View()
		what := step.take(w)
		note("%3d %s\n", i, what)
		for _, fault := range step.Faults {
			note("    fault: %v\n", fault)
		}
		var seen *store.View
		if step.Unseen {
			note("    the controller has not seen that yet\n")
			seen = &before
		}
		ours, theirs := w.serve(step.Faults, seen), w.fork().serve(step.Faults, seen)
		oursDone, theirsDone := ours.outcome(syncOurs(ours)), theirs.outcome(u.sync(theirs))
		ours.tx.Commit()
		theirs.tx.Abort()
		if step.Unseen && theirs.adopts {
			note("    not compared\n")
			continue
		}
		difference := comparison(oursDone, theirsDone)
		if difference != "" {
			note("%s", sideBySide(oursDone, theirsDone))
			return difference, i
		}
		note("%s", oursDone.brief())
	}
	return "", 0
}

// shorten drops what the difference does not need: first what comes after it, then ever smaller pieces of what comes before.
func (told story) shorten() story {
	differs := func(candidate story) bool {
		difference, _ := candidate.run(nil)
		return difference != ""
	}
	if _, at := told.run(nil); at < len(told.steps) {
		told.steps = told.steps[:at]
	}
	for size := len(told.steps); size > 0; size /= 2 {
		for start := 0; start < len(told.steps); {
			candidate := told
			candidate.steps = append(append([]step{}, told.steps[:start]...), told.steps[min(start+size, len(told.steps)):]...)
			if differs(candidate) {
				told = candidate
			} else {
				start += size
			}
		}
	}
	for i := range told.steps {
		candidate := told
		candidate.steps = append([]step{}, told.steps...)
		candidate.steps[i].Faults = nil
		candidate.steps[i].Unseen = false
		if (len(told.steps[i].Faults) > 0 || told.steps[i].Unseen) && differs(candidate) {
			told = candidate
		}
	}
	return told
}
