package explore

import (
	"time"

	"github.com/stsim/stsim/sim/kernel"
)

// Shrink makes a history that breaks a sentence as short as it can, as long as the same sentence breaks: fewer actions, fewer odd answers, rounder
// times. It lives at most so many histories.
func (w *World) Shrink(h History, sentence string, lives int) History {
	s := &shrinker{w: w, sentence: sentence, left: lives, best: h}
	for before := -1; before != s.size() && s.left > 0; {
		before = s.size()
		s.best.Odd = less(s.best.Odd, func(fewer []kernel.Answer) bool { return s.try(s.with(s.best.Actions, fewer, s.best.End)) })
		s.best.Actions = less(s.best.Actions, func(fewer []Action) bool { return s.try(s.with(fewer, s.best.Odd, s.best.End)) })
		s.closer()
	}
	return s.best
}

type shrinker struct {
	w        *World
	sentence string
	left     int // lives
	best     History
}

func (s *shrinker) size() int { return len(s.best.Actions) + len(s.best.Odd) }

func (s *shrinker) with(actions []Action, odd []kernel.Answer, end time.Duration) History {
	return History{Seed: s.best.Seed, Ready: s.best.Ready, Actions: actions, Odd: odd, End: end}
}

// try lives a history, and keeps it as it was lived when it breaks the sentence.
func (s *shrinker) try(h History) bool {
	if s.left <= 0 {
		return false
	}
	s.left--
	outcome := s.w.Live(h)
	if outcome.Breach == nil || outcome.Breach.Sentence != s.sentence {
		return false
	}
	s.best = outcome.History
	return true
}

// less leaves out as many elements as it can: halves first, then quarters, down to single ones. Still says whether what is left is enough.
func less[T any](list []T, still func([]T) bool) []T {
	if len(list) > 0 && still(nil) {
		return nil
	}
	for size := (len(list) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(list); {
			fewer := append(append([]T(nil), list[:at]...), list[min(at+size, len(list)):]...)
			if still(fewer) {
				list = fewer
			} else {
				at += size
			}
		}
	}
	return list
}

// closer moves actions, and the end of all trouble, as near to what is before them as they can be, in round steps.
func (s *shrinker) closer() {
	for i := 0; i <= len(s.best.Actions); i++ {
		before := time.Duration(0)
		if s.best.Ready {
			before = s.w.ready.Now().Sub(s.w.ready.Options().Start)
		}
		if i > 0 {
			before = s.best.Actions[i-1].At
		}
		at := s.best.End
		if i < len(s.best.Actions) {
			at = s.best.Actions[i].At
		}
		for _, gap := range gaps {
			if nearer := (before + gap).Round(time.Second); nearer >= before && nearer < at && s.try(s.moved(i, at-nearer)) {
				break
			}
		}
	}
}

// gaps are the times between two actions that read well, the shortest first.
var gaps = []time.Duration{0, time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 6 * time.Minute, 10 * time.Minute}

// moved is the best history with the i-th action, and all after it, so much earlier.
func (s *shrinker) moved(i int, earlier time.Duration) History {
	actions := append([]Action(nil), s.best.Actions...)
	for j := i; j < len(actions); j++ {
		actions[j].At -= earlier
	}
	return s.with(actions, s.best.Odd, s.best.End-earlier)
}
