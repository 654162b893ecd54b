package kernel

import "fmt"

// Chooser decides whatever could go more than one way. A world asks one Chooser for everything, in a fixed order, so that
// the list of its answers is the whole difference between two histories with the same inputs.
type Chooser interface {
	// Choose answers with a number from 0 to n-1. The label names the decision, for people and for tapes; n must be at least 1.
	Choose(label string, n int) int
	// Fork gives a Chooser that goes on from here without influencing this one.
	Fork() Chooser
}

// Seeded draws its answers from a seed: the same seed gives the same answers to the same questions on every machine.
// The generator is SplitMix64, whose whole state is one number.
type Seeded struct{ state uint64 }

// NewSeeded starts a generator from a seed.
func NewSeeded(seed uint64) *Seeded { return &Seeded{state: seed} }

// Choose implements [Chooser].
func (s *Seeded) Choose(label string, n int) int {
	mustBePositive(label, n)
	if n == 1 {
		return 0
	}
	return int(s.next() % uint64(n))
}

// Fork implements [Chooser].
func (s *Seeded) Fork() Chooser { twin := *s; return &twin }

func (s *Seeded) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	return Mix(s.state)
}

// Mix spreads the bits of a number: the finaliser of SplitMix64. Names that must be unique yet repeatable (uids,
// addresses) are made from counters with it.
func Mix(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// Choice is one answer on a tape.
type Choice struct {
	Label string
	Of    int // how many ways there were
	Taken int
}

// Tape plays back a list of choices and, where the list ends, takes the first way (0). It records all answers it gave, so
// that a run on a tape can be kept, cut and replayed.
type Tape struct {
	play   []int
	record []Choice
}

// NewTape plays the given answers. An answer outside the range of its question is taken modulo that range, so that an
// arbitrary list (from a fuzzer, or cut by a shrinker) is always a valid tape.
func NewTape(answers []int) *Tape { return &Tape{play: answers} }

// Choose implements [Chooser].
func (t *Tape) Choose(label string, n int) int {
	mustBePositive(label, n)
	taken := 0
	if at := len(t.record); at < len(t.play) {
		taken = t.play[at] % n
		if taken < 0 {
			taken += n
		}
	}
	t.record = append(t.record, Choice{Label: label, Of: n, Taken: taken})
	return taken
}

// Fork implements [Chooser].
func (t *Tape) Fork() Chooser {
	return &Tape{play: t.play, record: t.record[:len(t.record):len(t.record)]}
}

// Record lists the choices made so far.
func (t *Tape) Record() []Choice { return t.record }

// Odometer goes through every list of choices: run the world once with it, call Next, run again, until Next is false.
type Odometer struct {
	digits []Choice
	at     int
}

// Choose implements [Chooser].
func (o *Odometer) Choose(label string, n int) int {
	mustBePositive(label, n)
	if o.at == len(o.digits) {
		o.digits = append(o.digits, Choice{Label: label, Of: n})
	}
	digit := &o.digits[o.at]
	if digit.Of != n {
		panic(fmt.Sprintf("kernel: the world is not repeatable: choice %d was %q of %d, now %q of %d", o.at, digit.Label, digit.Of, label, n))
	}
	o.at++
	return digit.Taken
}

// Fork implements [Chooser].
func (o *Odometer) Fork() Chooser {
	return &Odometer{digits: append([]Choice(nil), o.digits...), at: o.at}
}

// Next turns to the list of choices that follows, and is false when all have been gone through.
func (o *Odometer) Next() bool {
	o.at = 0
	for last := len(o.digits) - 1; last >= 0; last-- {
		if o.digits[last].Taken+1 < o.digits[last].Of {
			o.digits[last].Taken++
			o.digits = o.digits[:last+1]
			return true
		}
	}
	return false
}

// Choices lists the choices of the current run.
func (o *Odometer) Choices() []Choice { return o.digits[:o.at] }

func mustBePositive(label string, n int) {
	if n < 1 {
		panic(fmt.Sprintf("kernel: Choose(%q, %d): there must be at least one way", label, n))
	}
}
