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
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// History is one life of a world as data.
type History struct {
	Seed    uint64          `json:"seed"`            // it was drawn from
	Ready   bool            `json:"ready,omitempty"` // it begins when all sets have come up; otherwise with an empty cluster and the manifests
	Actions []Action        `json:"actions,omitempty"`
	Odd     []kernel.Answer `json:"odd,omitempty"` // where chance went otherwise than on a quiet day
	End     time.Duration   `json:"end"`           // when all trouble ends, since the cluster began
}

// Outcome is what a history came to.
type Outcome struct {
	History         // as it was lived: with the actions that could be done, and the odd answers that were asked for
	Breach  *Breach // nil: everything held
	Events  uint64
	Virtual time.Duration
}

// Breach is what did not hold.
type Breach struct {
	Sentence string        `json:"sentence"`
	Found    string        `json:"found"`
	About    string        `json:"about,omitempty"` // namespace/name of the set or claim that an expectation is about
	At       time.Duration `json:"at"`              // since the cluster began
}

// maxEvents bounds one life. A set of three takes about a hundred events to come up.
const maxEvents = 100_000

// restful is the sentence of a life without an end.
const restful = "a cluster comes to rest"

// life is a history while it is lived.
type life struct {
	w       *World
	c       *sim.Cluster
	chance  *kernel.Labelled
	record  History
	outlook *outlook
	breach  *Breach
	first   uint64 // events before it began
	healed  []string
	heard   func() // told of every event and action, also of those that only wait; nil: nobody
}

// begin starts a life with odds of trouble, or with odd answers that are given.
func (w *World) begin(h History, odds map[string]float64) *life {
	base := w.empty
	if h.Ready {
		base = w.ready
	}
	l := &life{w: w, c: base.Fork(), record: History{Seed: h.Seed, Ready: h.Ready}}
	l.chance = base.Chooser().(*kernel.Labelled).With(h.Seed, odds, h.Odd...)
	l.c.SetChooser(l.chance)
	l.first = l.c.Events()
	l.outlook = newOutlook(w, l.c)
	l.c.SetTrace(l.outlook.follow)
	if !h.Ready {
		if err := w.apply(l.c); err != nil {
			panic("explore: manifests that were applied before are refused: " + err.Error())
		}
	}
	return l
}

// Live runs a history. Actions that cannot be done where they stand are left out.
func (w *World) Live(h History) Outcome {
	return w.begin(h, sim.Quiet()).live(h, nil)
}

// live goes through a history. It tells told of every action before it is done.
func (l *life) live(h History, told func(Action)) Outcome {
	for _, action := range h.Actions {
		l.runTo(action.At)
		if told != nil && l.breach == nil {
			told(action)
		}
		l.act(action.Operation)
	}
	l.runTo(h.End)
	l.calm()
	return l.outcome()
}

func (l *life) now() time.Duration { return l.since(l.c.Now()) }

func (l *life) since(instant time.Time) time.Duration { return instant.Sub(l.c.Options().Start) }

// runTo lets everything happen up to an instant, unless something breaks before.
func (l *life) runTo(at time.Duration) {
	end := l.c.Options().Start.Add(at)
	for l.breach == nil {
		next, found := l.c.View().NextEvent()
		if !found || next.When.After(end) {
			l.c.RunFor(end.Sub(l.c.Now()))
			return
		}
		l.step()
	}
}

// step takes an event and looks for what broke.
func (l *life) step() {
	l.c.Step()
	l.look()
}

func (l *life) look() {
	if l.heard != nil {
		l.heard()
	}
	if l.breach != nil {
		return
	}
	if l.breach = l.w.brokenIn(l.c, l.outlook); l.breach == nil && l.c.Events()-l.first > maxEvents {
		l.breach = &Breach{Sentence: restful, Found: fmt.Sprintf("more than %d events", maxEvents), At: l.now()}
	}
}

// brokenIn is the first sentence that is broken, of those that are asked about.
func (w *World) brokenIn(c *sim.Cluster, outlook *outlook) *Breach {
	for _, broken := range c.BrokenPromises() {
		if !slices.Contains(w.Except, broken.Sentence) {
			return &Breach{Sentence: broken.Sentence, Found: broken.Found, At: broken.Record.At.Sub(c.Options().Start)}
		}
	}
	return outlook.breach
}

// act does something, if it can be done here.
func (l *life) act(o Operation) {
	if l.breach != nil {
		return
	}
	at := l.now() // before the clocks jump
	l.outlook.expect(o)
	if err := verbNamed(o.Verb).do(l.w, l.c, o); err != nil {
		return
	}
	l.record.Actions = append(l.record.Actions, Action{At: at, Operation: o})
	l.look()
}

// calm ends all trouble, and waits until every set that is there has come up.
func (l *life) calm() {
	if l.breach != nil {
		return
	}
	l.record.End = l.now()
	l.chance.Calm()
	l.healed = heal(l.c)
	end := l.now() + l.w.Bound
	for l.breach == nil && !l.allReady() {
		next, found := l.c.View().NextEvent()
		if !found || l.since(next.When) > end {
			if sentence := comesUp(l.w.Bound); !slices.Contains(l.w.Except, sentence) {
				about, found := l.unready()
				l.breach = &Breach{Sentence: sentence, Found: found, About: about, At: end}
			}
			return
		}
		l.step()
	}
}

// comesUp is the sentence of the second half of a life.
func comesUp(bound time.Duration) string {
	return fmt.Sprintf("when all trouble has ended, every StatefulSet is Ready and rolled out within %s", short(bound))
}

func (l *life) allReady() bool { about, _ := l.unready(); return about == "" }

// unready says which set is not Ready, or has Pods that a rollout has yet to come to, or "".
func (l *life) unready() (about, found string) {
	view := l.c.View()
	for _, name := range l.w.sets {
		set, there := store.Get[*appsv1.StatefulSet](view, name.Namespace, name.Name)
		if !there {
			continue
		}
		if !sim.Ready("StatefulSet", name.Namespace, name.Name).Holds(view) {
			return name.String(), fmt.Sprintf("%s has %d of %d Pods Ready", name, set.Status.ReadyReplicas, *set.Spec.Replicas)
		}
		if strategy := set.Spec.UpdateStrategy; strategy.Type == appsv1.OnDeleteStatefulSetStrategyType || strategy.RollingUpdate != nil && *strategy.RollingUpdate.Partition > 0 {
			continue
		}
		if set.Status.UpdatedReplicas != *set.Spec.Replicas {
			return name.String(), fmt.Sprintf("%s has %d of %d Pods at its update revision", name, set.Status.UpdatedReplicas, *set.Spec.Replicas)
		}
		for pod := range store.Owned[*corev1.Pod](view, set.UID) {
			if !contains(pod.Annotations, set.Spec.Template.Annotations) {
				return name.String(), fmt.Sprintf("%s lacks annotations of its template", api.NameOf(pod))
			}
		}
	}
	return "", ""
}

func contains(has, wants map[string]string) bool {
	all := maps.Clone(has)
	maps.Copy(all, wants)
	return maps.Equal(all, has)
}

func (l *life) outcome() Outcome {
	if l.breach != nil && l.record.End == 0 {
		l.record.End = l.breach.At
	}
	l.record.Odd = l.chance.Record()
	return Outcome{History: l.record, Breach: l.breach, Events: l.c.Events() - l.first, Virtual: l.now()}
}

// heal makes everything well that a fault made ill. It gives what it does as a page says it.
func heal(c *sim.Cluster) (said []string) {
	if len(c.Faults()) > 0 { // at first: the API may be among what is ill
		must(c.Befall(sim.Fault{Verb: sim.Heal}))
		said = append(said, string(sim.Heal))
	}
	for _, node := range eachNode(cordoned)(nil, c.View()) {
		must(cordon(false)(nil, c, node))
		said = append(said, "kubectl uncordon "+node.Name)
	}
	return said
}

// must stops at errors that only a mistake in this package can cause.
func must(err error) {
	if err != nil {
		panic("explore: " + err.Error())
	}
}

// short is a duration without what is zero at its end: 30m rather than 30m0s.
func short(d time.Duration) string {
	text := d.Round(time.Millisecond).String()
	if len(text) > 2 && text[len(text)-2:] == "0s" && text[len(text)-3] == 'm' {
		text = text[:len(text)-2]
	}
	if len(text) > 2 && text[len(text)-2:] == "0m" && text[len(text)-3] == 'h' {
		text = text[:len(text)-2]
	}
	return text
}
