package sim

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/store"
)

// Promise is one guarantee as a sentence, and the code that checks it.
type Promise struct {
	Sentence string
	// broken gives what in an event breaks the promise, or "". It is asked after every event, and so looks only at what the event changed.
	broken func(e *evidence) string
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

// evidence is one event as the promises look at it.
type evidence struct {
	record   *Record
	settings *api.Settings
	view     store.View // after the event
	before   store.View // what the loop saw; for a request from outside, what was there
	running  *running   // containers, after the event
	loops    map[string]control.Loop

	pods   []changed[*corev1.Pod] // record.Changes by kind
	sets   []changed[*appsv1.StatefulSet]
	claims []changed[*corev1.PersistentVolumeClaim]
}

// changed is one change of an object; old or new is nil where there is none.
type changed[T api.Object] struct{ old, new T }

func changeOf[T api.Object](change store.Change) changed[T] {
	old, _ := change.Old.(T)
	fresh, _ := change.New.(T)
	return changed[T]{old: old, new: fresh}
}

// byLoop says whether a control loop did it, and not somebody outside.
func (e *evidence) byLoop() bool { return e.record.Who != outside && e.record.Who != containerEvent }

// bySet says whether the StatefulSet controller did it.
func (e *evidence) bySet() bool { return e.record.Who == statefulSets }

const statefulSets = "statefulset"

// check asks every promise. What is broken stays noted once per sentence and finding.
func (c *Cluster) check(record *Record) {
	view := c.db.Present()
	if !c.running.known {
		c.running = runningIn(view)
	} else {
		c.running.follow(view, record.Rows)
	}
	if len(record.Changes) == 0 && len(record.Rows) == 0 && record.Who != endpointSlices && record.Who != statefulSets {
		return
	}
	e := &evidence{record: record, settings: c.settings, view: view, before: record.Before, running: &c.running, loops: c.loops}
	for _, change := range record.Changes {
		switch change.Object().(type) {
		case *corev1.Pod:
			e.pods = append(e.pods, changeOf[*corev1.Pod](change))
		case *appsv1.StatefulSet:
			e.sets = append(e.sets, changeOf[*appsv1.StatefulSet](change))
		case *corev1.PersistentVolumeClaim:
			e.claims = append(e.claims, changeOf[*corev1.PersistentVolumeClaim](change))
		}
	}
	for i := range allPromises {
		found := allPromises[i].broken(e)
		if found == "" || c.alreadyBroken(allPromises[i].Sentence, found) {
			continue
		}
		c.promises = append(c.promises, Broken{Sentence: allPromises[i].Sentence, Found: found, Record: *record})
	}
}

var allPromises = Promises()

func (c *Cluster) alreadyBroken(sentence, found string) bool {
	for _, broken := range c.promises {
		if broken.Sentence == sentence && broken.Found == found {
			return true
		}
	}
	return false
}
