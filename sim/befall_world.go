package sim

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

func worsenPulls(c *Cluster, tx *store.Tx, f Fault) error {
	if err := knowsNode(tx.View, f.Node); err != nil {
		return err
	}
	container.WorsenPulls(c.world(tx), f.Node, f.Duration)
	return nil
}

func healPulls(c *Cluster, tx *store.Tx, f Fault) error {
	if !container.HealPulls(c.world(tx), f.Node) {
		return nothingWrong(tx.View, "a node "+f.Node+" whose pulls were made worse")
	}
	return nil
}

// onVolume is a fault of the volume behind a claim.
func onVolume(fault func(w *container.World, volume string, claim api.Name)) func(*Cluster, *store.Tx, Fault) error {
	return func(c *Cluster, tx *store.Tx, f Fault) error {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](tx.View, f.Namespace, f.Name)
		if !found {
			var names []string
			for claim := range store.List[*corev1.PersistentVolumeClaim](tx.View, f.Namespace) {
				names = append(names, claim.Name)
			}
			return notThere("the name of a claim of the namespace "+f.Namespace, f.Name, names)
		}
		volume, err := container.VolumeOf(tx.View, claim)
		if err != nil {
			return &FaultError{Expected: "a claim with a volume of its own (" + f.Name + ")", Found: "one " + err.Error()}
		}
		fault(c.world(tx), volume, f.about())
		return nil
	}
}

func healVolume(c *Cluster, tx *store.Tx, f Fault) error {
	if !container.HealVolume(c.world(tx), f.about()) {
		return nothingWrong(tx.View, "a volume of claim "+f.Name+" that was filled or broken")
	}
	return nil
}

// jumpClock moves the clock, and all that is due before it is there to the instant after the jump, in the order in which it was due.
func jumpClock(_ *Cluster, tx *store.Tx, f Fault) error {
	tx.AdvanceTo(tx.Now().Add(f.Duration))
	var late []kernel.Event
	for event := range tx.Events() {
		if !event.When.Before(tx.Now()) {
			break
		}
		late = append(late, event)
	}
	for _, event := range late {
		tx.Take(event)
		tx.Schedule(tx.Now(), event.Kind, event.Key)
	}
	return nil
}

// errAPIDown is why a request of a control loop fails while the API server is down. Loops ask again, with their usual back-off.
var errAPIDown = errors.New("dial tcp: connect: connection refused")

// Answers is the error that a request from outside gets while the API server is down; nil when it is up.
func (c *Cluster) Answers() error { return c.answers(c.View()) }

func (c *Cluster) answers(view store.View) error {
	if !container.IsAPIDown(view) {
		return nil
	}
	return apierrors.NewServiceUnavailable("the API server is down (hint: the fault api-up ends that)")
}

func stopAPI(c *Cluster, tx *store.Tx, _ Fault) error {
	container.StopAPI(c.world(tx))
	return nil
}

// startAPI lets the loops look again at whatever they failed to do meanwhile: upstream's hear of everything anew when their watches begin again.
func startAPI(c *Cluster, tx *store.Tx, _ Fault) error {
	if !container.StartAPI(c.world(tx)) {
		return nothingWrong(tx.View, "an API server that is down")
	}
	var failed []*retry
	for row := range store.Rows[*retry](tx.View, retries, "") {
		failed = append(failed, row)
	}
	for _, row := range failed {
		tx.Schedule(tx.Now(), row.loop, row.key)
	}
	return nil
}

// Faults lists what is wrong now, as the faults that would make it so: of machines, by their names, then of the API server, probes, pulls and
// volumes. What happens and is over, such as a crash, is not among them.
func (c *Cluster) Faults() []Fault { return faults(c.View()) }

func faults(view store.View) []Fault {
	var list []Fault
	for machine := range store.Rows[*container.Machine](view, container.Troubled, "") {
		switch {
		case !machine.Powered:
			list = append(list, Fault{Verb: NodeDown, Node: machine.Node})
		case !machine.Connected:
			list = append(list, Fault{Verb: NodeCut, Node: machine.Node})
		}
	}
	for row := range store.Rows[*container.Fault](view, container.Faults, "") {
		list = append(list, asFault(row))
	}
	return list
}

func asFault(row *container.Fault) Fault {
	switch row.Kind {
	case container.FailingProbe:
		return Fault{Verb: ProbeFails, Namespace: row.Pod.Namespace, Name: row.Pod.Name, Container: row.Container, Probe: row.Probe}
	case container.PoorPulls:
		if row.Delay > 0 {
			return Fault{Verb: PullsSlow, Node: row.Node, Duration: row.Delay}
		}
		return Fault{Verb: PullsFail, Node: row.Node}
	case container.NodePressure:
		return Fault{Verb: EvictPressure, Node: row.Node}
	case container.BadVolume:
		fault := Fault{Verb: VolumeFails, Namespace: row.Claim.Namespace, Name: row.Claim.Name}
		if row.Taken > 0 {
			fault.Verb = VolumeFull
		}
		return fault
	}
	return Fault{Verb: APIDown}
}

// healAll ends all that is wrong.
func healAll(c *Cluster, tx *store.Tx, _ Fault) error {
	for _, fault := range faults(tx.View) {
		cure, _ := fault.Cure()
		if err := wordOf(cure.Verb).strike(c, tx, cure); err != nil {
			return err
		}
	}
	return nil
}

// Cure is the fault that ends this one; false for one that is over at once.
func (f Fault) Cure() (Fault, bool) {
	verb, lasts := cures[f.Verb]
	if !lasts {
		return Fault{}, false
	}
	f.Verb = verb
	f.Duration = 0
	return f, true
}

// cures are the verbs that end what lasts.
var cures = map[FaultVerb]FaultVerb{
	NodeDown: NodeUp, NodeCut: NodeUp, ProbeFails: ProbeHeals, PullsFail: PullsHeal, PullsSlow: PullsHeal,
	VolumeFull: VolumeHeals, VolumeFails: VolumeHeals, APIDown: APIUp, EvictPressure: PressureHeals,
}
