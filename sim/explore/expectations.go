package explore

import (
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/property"
	"github.com/stsim/stsim/sim/store"
)

// The expectations: what people count on although no controller promises it. Each can be broken by a manifest that lacks something.
const (
	majorityKept = "draining nodes one after the other leaves a majority of a StatefulSet's Pods Ready"
	volumeKept   = "an ordinal that comes back finds the volume that it had"
)

// Expectations lists their sentences.
func Expectations() []string { return []string{majorityKept, volumeKept} }

// outlook follows a life and looks for what does not come as expected.
type outlook struct {
	w       *World
	start   time.Time
	gentle  bool                // nothing but draining has been done so far
	up      map[api.Name]bool   // sets that have been Ready, all of them
	volumes map[api.Name]string // of claims
	armed   []bool              // of the properties: it has held
	view    func() store.View
	breach  *Breach
	shared  bool // up, volumes and armed are also those of another one: to be copied before they are changed
}

func newOutlook(w *World, c *sim.Cluster) *outlook {
	o := &outlook{
		w: w, start: c.Options().Start, gentle: true, up: map[api.Name]bool{}, volumes: map[api.Name]string{},
		armed: make([]bool, len(w.Properties)), view: c.View,
	}
	for claim := range store.List[*corev1.PersistentVolumeClaim](c.View(), "") {
		o.bound(claim)
	}
	for _, name := range w.sets {
		o.up[name] = sim.Ready("StatefulSet", name.Namespace, name.Name).Holds(c.View())
	}
	for i, own := range w.Properties {
		o.armed[i] = own.Holds(c.View()) == nil
	}
	return o
}

// fork is an outlook that goes on from here by itself.
func (o *outlook) fork() *outlook {
	o.shared = true
	twin := *o
	return &twin
}

// change makes the outlook the only one that has what is about to be changed.
func (o *outlook) change() {
	if o.shared {
		o.up, o.volumes, o.armed, o.shared = maps.Clone(o.up), maps.Clone(o.volumes), slices.Clone(o.armed), false
	}
}

// digest tells outlooks apart that may come to different ends in the same state.
func (o *outlook) digest() uint64 {
	sum := start
	for _, name := range o.w.sets {
		sum = bit(sum, o.up[name])
	}
	for _, armed := range o.armed {
		sum = bit(sum, armed)
	}
	return bit(sum, o.gentle)
}

func bit(sum uint64, set bool) uint64 {
	if set {
		return number(sum, 1)
	}
	return number(sum, 0)
}

// expect hears what is about to be done.
func (o *outlook) expect(operation Operation) {
	if operation.Verb != "drain" && operation.Verb != "uncordon" {
		o.gentle = false
	}
}

// follow hears of every event.
func (o *outlook) follow(record sim.Record) {
	if o.breach != nil {
		return
	}
	relevant := o.w.asksFiles && slices.ContainsFunc(record.Rows, func(change store.RowChange) bool {
		return change.Table == container.Volumes || change.Table == container.Containers
	})
	for _, change := range record.Changes {
		switch object := change.New.(type) {
		case *corev1.Event:
			continue
		case *corev1.PersistentVolumeClaim:
			if was, found := o.bound(object); found {
				o.broken(record, volumeKept, api.NameOf(object).String(), fmt.Sprintf("%s had %s, and now has %s", api.NameOf(object), was, object.Spec.VolumeName))
			}
		case *appsv1.StatefulSet:
			if name := api.NameOf(object); setUp(object) && !o.up[name] {
				o.change()
				o.up[name] = true
			}
			o.majority(record, object)
		}
		relevant = true
	}
	if relevant {
		o.properties(record)
	}
}

// bound remembers a claim's volume, and gives the one it had if that was another.
func (o *outlook) bound(claim *corev1.PersistentVolumeClaim) (was string, differs bool) {
	volume := claim.Spec.VolumeName
	if volume == "" {
		return "", false
	}
	name := api.NameOf(claim)
	was, known := o.volumes[name]
	if was != volume {
		o.change()
		o.volumes[name] = volume
	}
	return was, known && was != volume
}

func setUp(set *appsv1.StatefulSet) bool {
	return set.Status.ObservedGeneration == set.Generation && set.Status.ReadyReplicas == *set.Spec.Replicas
}

func (o *outlook) majority(record sim.Record, set *appsv1.StatefulSet) {
	wanted := *set.Spec.Replicas
	if o.gentle && o.up[api.NameOf(set)] && wanted > 2 && set.Status.ReadyReplicas <= wanted/2 {
		o.broken(record, majorityKept, api.NameOf(set).String(), fmt.Sprintf("%s has %d of %d Pods Ready", api.NameOf(set), set.Status.ReadyReplicas, wanted))
	}
}

// properties asks people's own, each from the first time on that it holds.
func (o *outlook) properties(record sim.Record) {
	view := o.view()
	for i, own := range o.w.Properties {
		err := own.Holds(view)
		switch {
		case err == nil && !o.armed[i]:
			o.change()
			o.armed[i] = true
		case err == nil:
		case o.armed[i]:
			o.broken(record, sentence(own), "", err.Error())
		}
	}
}

func sentence(own property.Property) string { return own.String() }

func (o *outlook) broken(record sim.Record, sentence, about, found string) {
	if o.breach == nil && !slices.Contains(o.w.Except, sentence) {
		o.breach = &Breach{Sentence: sentence, Found: found, About: about, At: record.At.Sub(o.start)}
	}
}
