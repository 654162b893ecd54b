package explore

import (
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// Draw makes up a history from a seed and lives it: some kinds of trouble, with wild odds, and then none. The same seed always makes up the same one.
func (w *World) Draw(seed uint64) Outcome { return w.DrawFrom(seed, kernel.NewSeeded(seed)) }

// DrawFrom is Draw with dice of one's own, such as those of a property testing library: they decide what is done and when. The odd answers are drawn
// from the seed, with odds that the dice decide; where the dice always say 0 little happens and nothing is odd.
func (w *World) DrawFrom(seed uint64, dice kernel.Chooser) Outcome {
	ready := dice.Choose("start", 4) != 0
	odds := map[string]float64{}
	for _, word := range sim.Disorderly() {
		odds[word] = wildOdds[dice.Choose("odds", len(wildOdds))]
	}
	weights, total := w.weights(dice)
	pace := paces[dice.Choose("pace", len(paces))]

	l := w.begin(History{Seed: seed, Ready: ready}, odds)
	for range 1 + dice.Choose("actions", maxActions) {
		l.runTo(l.now() + time.Duration(dice.Choose("gap", int(pace/time.Millisecond)))*time.Millisecond)
		if chosen := w.pick(dice, weights, total); chosen != nil {
			if ways := chosen.choices(w, l.c.View()); len(ways) > 0 {
				operation := ways[dice.Choose("way", len(ways))]
				operation.Verb = chosen.name
				l.act(operation)
			}
		}
	}
	l.runTo(l.now() + time.Duration(dice.Choose("gap", int(pace/time.Millisecond)))*time.Millisecond)
	l.calm()
	return l.outcome()
}

// maxActions is how many a history has at most.
const maxActions = 12

// Wild odds and paces: most histories have little of most troubles and much of one, because what averages out finds nothing.
var (
	wildOdds    = []float64{0, 0, 0.01, 0.1, 0.4}
	wildWeights = []int{0, 0, 1, 4, 16}
	paces       = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute}
)

// weights says how likely each verb is in one history. Zero is not at all. Most histories have up to three kinds of operations and no other: what is
// done alone by those who break something would be lost among the rest.
func (w *World) weights(dice kernel.Chooser) (weights []int, total int) {
	weights = make([]int, len(w.verbs))
	if kinds := dice.Choose("kinds", 4); kinds > 0 {
		for range kinds {
			weights[dice.Choose("kind", len(weights))]++
		}
		return weights, kinds
	}
	for i := range weights {
		weights[i] = wildWeights[dice.Choose("weight", len(wildWeights))]
		total += weights[i]
	}
	return weights, total
}

func (w *World) pick(dice kernel.Chooser, weights []int, total int) *verb {
	if total == 0 {
		return nil
	}
	drawn := dice.Choose("verb", total)
	for i, weight := range weights {
		if drawn -= weight; drawn < 0 {
			return w.verbs[i]
		}
	}
	return nil
}
