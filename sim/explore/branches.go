package explore

import (
	"strings"

	"github.com/stsim/stsim/sim/kernel"
)

// branches is the Chooser of an exhaustive exploration: it goes through all that may become of a request, where the bounds ask for it, and gives
// the first answer to all other questions: caches are not stale, and orders are what is explored anyway. (Which of two nodes that are alike a Pod goes to makes no other world.)
type branches struct {
	odometer *kernel.Odometer
	requests bool
	asked    bool
}

// Choose implements [kernel.Chooser].
func (b *branches) Choose(label string, n int) int {
	word, _, _ := strings.Cut(label, " ")
	if word != "request" || !b.requests {
		return 0
	}
	if n > 1 {
		b.asked = true
	}
	return b.odometer.Choose(label, n)
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
