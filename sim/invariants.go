package sim

import (
	"fmt"

	"github.com/stsim/stsim/sim/store"
)

// Promise is one guarantee as a sentence, and the code that checks it.
type Promise struct {
	Sentence string
	// Broken gives what breaks the promise in the view, or "".
	Broken func(view store.View, record Record) string
}

// Broken is a promise that did not hold after an event.
type Broken struct {
	Sentence string
	Found    string
	Record   Record
}

// String prints the promise and what broke it.
func (b Broken) String() string {
	return fmt.Sprintf("%s: promise broken after event %d (%s %s): %s: %s", clock(b.Record.At), b.Record.Event, b.Record.Who, b.Record.Key, b.Sentence, b.Found)
}

// BrokenPromises lists what was found broken so far, when Options.Check is set.
func (c *Cluster) BrokenPromises() []Broken { return c.promises }

// check asks every promise. What is broken stays noted once per sentence and finding.
func (c *Cluster) check(record Record) {
	view := c.View()
	for _, promise := range Promises() {
		found := promise.Broken(view, record)
		if found == "" || c.alreadyBroken(promise.Sentence, found) {
			continue
		}
		c.promises = append(c.promises, Broken{Sentence: promise.Sentence, Found: found, Record: record})
	}
}

func (c *Cluster) alreadyBroken(sentence, found string) bool {
	for _, broken := range c.promises {
		if broken.Sentence == sentence && broken.Found == found {
			return true
		}
	}
	return false
}
