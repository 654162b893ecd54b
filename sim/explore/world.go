package explore

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/property"
	"github.com/stsim/stsim/sim/store"
)

// Setting says what to explore.
type Setting struct {
	Manifests  []byte              // YAML or JSON, any number of documents; at least one StatefulSet
	Options    sim.Options         // of the cluster: nodes, release, seed, ... What exploration needs otherwise it sets itself
	Properties []property.Property // one's own, beside the promises and expectations
	Verbs      []string            // what may happen, of Verbs; nil means all
	Except     []string            // sentences that nobody asks about
	Bound      time.Duration       // of virtual time, in which the sets must be Ready when all trouble has ended; 30 minutes by default
}

// Sentences are all that may break in such a world.
func (s Setting) Sentences() (all []string) {
	for _, promise := range sim.Promises() {
		all = append(all, promise.Sentence)
	}
	all = append(append(all, Expectations()...), comesUp(cmp.Or(s.Bound, defaultBound)), restful, restless)
	for _, own := range s.Properties {
		all = append(all, own.String())
	}
	return all
}

// World is a cluster that can be lived in many times. It is never changed, and may be used from several goroutines.
type World struct {
	Setting
	objects  []api.Object // of the manifests, in their order
	sets     []api.Name
	replicas map[string]int // by namespace/name, as the manifests want them
	verbs    []*verb
	empty    *sim.Cluster // nothing has happened
	ready    *sim.Cluster // the manifests are applied and all sets have come up, on a quiet day

	asksFiles bool // one of the properties does
}

const defaultBound = 30 * time.Minute

// NewWorld makes a world and brings it up once, quietly.
//
// Errors: an option or manifest is wrong; there is no StatefulSet; a verb is not known; a set does not come up although nothing is in its way.
func NewWorld(setting Setting) (*World, error) {
	w := &World{Setting: setting, replicas: map[string]int{}}
	if w.Bound == 0 {
		w.Bound = defaultBound
	}
	for i := range verbs {
		if len(setting.Verbs) == 0 {
			w.verbs = append(w.verbs, &verbs[i])
		}
	}
	if err := CheckVerbs(setting.Verbs); err != nil {
		return nil, err
	}
	for _, name := range setting.Verbs {
		w.verbs = append(w.verbs, verbNamed(name))
	}
	w.asksFiles = slices.ContainsFunc(w.Properties, property.Property.AsksFiles)
	options := setting.Options
	options.Chooser = kernel.NewLabelled(options.Seed, sim.Quiet())
	options.Disorder, options.Check, options.History, options.Trace = sim.Usual(), true, -1, nil
	options.Patience = w.Bound
	empty, err := sim.Make(options)
	if err != nil {
		return nil, err
	}
	w.empty = empty
	if err := w.bringUp(); err != nil {
		return nil, err
	}
	w.ready.Fork() // now all of it is shared: many may fork it at the same time
	return w, nil
}

// bringUp applies the manifests to a cluster of their own and waits for all sets.
func (w *World) bringUp() error {
	objects, err := api.Decode(w.Manifests, w.empty.Settings().Release)
	if err != nil {
		return err
	}
	w.objects, w.ready = objects, w.empty.Fork()
	if err := w.apply(w.ready); err != nil {
		return err
	}
	for set := range store.List[*appsv1.StatefulSet](w.ready.View(), "") {
		name := api.NameOf(set)
		w.sets = append(w.sets, name)
		w.replicas[name.String()] = int(*set.Spec.Replicas)
	}
	if len(w.sets) == 0 {
		return fmt.Errorf("expected at least one StatefulSet in the manifests, found none")
	}
	for _, name := range w.sets {
		if err := w.ready.RunUntil(sim.Ready("StatefulSet", name.Namespace, name.Name)); err != nil {
			return fmt.Errorf("without any trouble: %w (hint: `stsim why -f` on the same manifests says what is in the way)", err)
		}
	}
	w.ready.RunFor(time.Second)
	if broken := w.ready.BrokenPromises(); len(broken) > 0 {
		return fmt.Errorf("without any trouble: %s", broken[0])
	}
	return nil
}

// apply makes the objects of the manifests one after the other, as kubectl does.
func (w *World) apply(c *sim.Cluster) error {
	for _, object := range w.objects {
		if _, err := c.Take(sim.Input{Do: sim.DoApply, Objects: []api.Object{object.DeepCopyObject().(api.Object)}}); err != nil {
			return err
		}
	}
	return nil
}
