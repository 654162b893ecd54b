package explore

import (
	"slices"
	"strings"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// branches is the Chooser of an exhaustive exploration: it goes through all that may become of a request, and through all that a loop may see, where the
// bounds ask for it, and gives the first answer to all other questions: orders are what is explored anyway. (Which of two nodes that are alike a Pod goes to makes no other world.)
type branches struct {
	odometer *kernel.Odometer
	bounds   Bounds
}

// Choose implements [kernel.Chooser].
func (b *branches) Choose(label string, n int) int {
	if n = b.bounds.ways(label, n); n == 1 {
		return 0
	}
	return b.odometer.Choose(label, n)
}

// ways is how many of the n answers to a question are gone through.
func (b Bounds) ways(label string, n int) int {
	switch word, _, _ := strings.Cut(label, " "); {
	case word == "request" && b.Requests:
		return n
	case word == "stale":
		return min(n, b.Stale+1)
	}
	return 1
}

// quietWord says whether a question has a quiet answer.
func quietWord(label string) bool {
	word, _, _ := strings.Cut(label, " ")
	return slices.Contains(sim.Disorderly(), word)
}

// Fork implements [kernel.Chooser].
func (b *branches) Fork() kernel.Chooser { return b }

// odd are the answers other than the quiet one.
func (b *branches) odd() (odd []kernel.Choice) {
	for _, choice := range b.odometer.Choices() {
		if choice.Taken != 0 {
			odd = append(odd, choice)
		}
	}
	return odd
}
