package explore

import (
	"regexp"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// narrator follows a life and writes down what happens in it.
type narrator struct {
	l         *life
	happened  []Happening
	rows      map[string]*Row // by their order in the picture
	nodes     []string        // that something is done to
	heardOdd  int             // how many odd answers have been told
	actions   int             // how many have begun
	evictions map[int][]string
	held      map[string]time.Duration // of the world's own properties: since when they count
}

func newNarrator(l *life, h History) *narrator {
	n := &narrator{l: l, rows: map[string]*Row{}, evictions: map[int][]string{}, held: map[string]time.Duration{}}
	for _, action := range h.Actions {
		if node := action.node(l.c.View()); node != "" && !slices.Contains(n.nodes, node) {
			n.nodes = append(n.nodes, node)
		}
	}
	if h.Ready {
		n.say(Followed, "all sets are Ready")
	} else {
		n.say(Followed, "the manifests are applied to an empty cluster")
	}
	n.picture()
	n.arm()
	return n
}

// arm notes which properties have begun to count.
func (n *narrator) arm() {
	for i, own := range n.l.w.Properties {
		if _, known := n.held[own.String()]; !known && n.l.outlook.armed[i] {
			n.held[own.String()] = n.l.now()
		}
	}
}

func (n *narrator) say(sort Sort, text string) {
	n.happened = append(n.happened, Happening{At: n.l.now(), Sort: sort, Text: text})
}

// done is told of every action before it is done.
func (n *narrator) done(action Action) {
	n.happened = append(n.happened, Happening{At: n.l.now(), Sort: Done, Text: n.l.w.told(action.Operation), mark: markOf(n.actions)})
	n.actions++
}

// odd tells the odd answers that have been given since it was last asked.
func (n *narrator) odd() { n.oddIn(nil) }

func (n *narrator) oddIn(record *sim.Record) {
	all := n.l.chance.Record()
	for ; n.heardOdd < len(all); n.heardOdd++ {
		n.say(Oddly, n.l.w.oddly(all[n.heardOdd], record))
	}
}

// follow hears of every event.
func (n *narrator) follow(record sim.Record) {
	n.oddIn(&record)
	for _, change := range record.Changes {
		switch object := change.Object().(type) {
		case *corev1.Pod:
			if n.isOurs(object) {
				before, _ := change.Old.(*corev1.Pod)
				after, _ := change.New.(*corev1.Pod)
				n.pod(record, before, after)
			}
		case *corev1.PersistentVolumeClaim:
			before, _ := change.Old.(*corev1.PersistentVolumeClaim)
			after, _ := change.New.(*corev1.PersistentVolumeClaim)
			n.claim(record, before, after)
		case *appsv1.StatefulSet:
			if change.New == nil {
				n.say(Followed, "StatefulSet "+called(api.NameOf(object))+" is gone")
			}
		case *corev1.Node:
			before, _ := change.Old.(*corev1.Node)
			after, _ := change.New.(*corev1.Node)
			if before != nil && after != nil && nodeReady(before) != nodeReady(after) {
				n.say(Followed, "node "+after.Name+pick(nodeReady(after), " is Ready", " is not Ready"))
			}
		}
	}
	if len(record.Changes) > 0 || len(record.Rows) > 0 {
		n.picture()
		n.arm()
	}
}

// isOurs says whether a Pod has, or had, its name from a set of the manifests.
func (n *narrator) isOurs(pod *corev1.Pod) bool {
	set, ordinal, found := cutLast(pod.Name)
	return found && ordinalText.MatchString(ordinal) && slices.Contains(n.l.w.sets, api.Name{Namespace: pod.Namespace, Name: set})
}

var ordinalText = regexp.MustCompile(`^[0-9]+$`)

func cutLast(name string) (before, after string, found bool) {
	at := strings.LastIndexByte(name, '-')
	if at < 0 {
		return name, "", false
	}
	return name[:at], name[at+1:], true
}

// pod tells what became of a Pod; before or after is nil where there is none.
func (n *narrator) pod(record sim.Record, before, after *corev1.Pod) {
	whole := before
	if after != nil {
		whole = after
	}
	name, by := called(api.NameOf(whole)), doneBy(record.Who)
	was, is := podState(before), podState(after)
	if deleted := whole.DeletionTimestamp != nil || after == nil; deleted && before != nil && before.DeletionTimestamp == nil && record.Who == "input" && n.actions > 0 {
		n.evictions[n.actions-1] = append(n.evictions[n.actions-1], api.NameOf(whole).String())
	}
	switch {
	case before == nil:
		n.say(Followed, name+" is created"+by)
	case after == nil:
		n.say(Followed, name+" is gone"+pick(before.DeletionTimestamp == nil, ", deleted"+by, "")+n.leftBehind(before))
	case before.DeletionTimestamp == nil && after.DeletionTimestamp != nil:
		n.say(Followed, name+" is being deleted"+by)
	}
	if after == nil {
		return
	}
	if after.Spec.NodeName != "" && (before == nil || before.Spec.NodeName == "") {
		n.say(Followed, name+" goes to "+after.Spec.NodeName)
	}
	switch {
	case is == was:
	case is == Ready:
		n.say(Followed, name+" is Ready")
	case is == Finished:
		n.say(Followed, name+" is "+string(after.Status.Phase))
	case is == Running && was == Ready:
		n.say(Followed, name+" is no longer Ready")
	}
}

// leftBehind says where containers of a Pod that is gone run on.
func (n *narrator) leftBehind(pod *corev1.Pod) string {
	for _, ghost := range n.l.c.Ghosts() {
		if ghost.UID == pod.UID {
			return "; its container runs on at " + ghost.Node
		}
	}
	return ""
}

func (n *narrator) claim(record sim.Record, before, after *corev1.PersistentVolumeClaim) {
	switch {
	case after == nil:
		n.say(Followed, "claim "+called(api.NameOf(before))+" is gone"+pick(before.Spec.VolumeName != "", ", and was bound to "+before.Spec.VolumeName, ""))
	case before == nil:
		n.say(Followed, "claim "+called(api.NameOf(after))+" is created"+doneBy(record.Who))
	case before.Spec.VolumeName != after.Spec.VolumeName:
		n.say(Followed, "claim "+called(api.NameOf(after))+" gets "+after.Spec.VolumeName)
	case before.DeletionTimestamp == nil && after.DeletionTimestamp != nil:
		n.say(Followed, "claim "+called(api.NameOf(after))+" is being deleted"+doneBy(record.Who))
	}
}

// tale is what has been told.
func (n *narrator) tale(outcome Outcome) *Tale {
	begin := n.happened[0].At
	t := &Tale{Begin: begin, End: outcome.Virtual, Happened: n.happened, Breach: outcome.Breach, evictions: n.evictions, held: n.held, healed: n.l.healed}
	if broken := outcome.Breach; broken != nil {
		t.End = max(broken.At, begin)
		t.Happened = append(t.Happened, Happening{At: broken.At, Sort: Broken, Text: "broken: " + broken.Sentence + ": " + broken.Found, mark: '*'})
	}
	n.close(t)
	return t
}

// called is how people say a name: without the namespace that everything is in unless said otherwise.
func called(name api.Name) string { return strings.TrimPrefix(name.String(), "default/") }

// doers are the loops as people speak of them.
var doers = map[string]string{
	"statefulset": "the StatefulSet controller", "kubelet": "the kubelet", "scheduler": "the scheduler", "garbagecollector": "the garbage collector",
	"taint-eviction-controller": "the taint manager", "podgc": "the collector of Pods", "volume": "the volume controller", "nodelifecycle": "the node lifecycle controller",
	"nodestatus": "the kubelet's report on its node", "endpointslice": "the EndpointSlice controller", "endpoints": "the Endpoints controller", "disruption": "the disruption controller",
	"container": "the container runtime", "attachdetach": "the attach/detach controller", "volumeprotection": "the protection of claims and volumes",
}

func doer(who string) string {
	if name, known := doers[who]; known {
		return name
	}
	return "the loop " + who
}

// doneBy is " by the scheduler", and nothing for what an action did.
func doneBy(who string) string {
	if who == "input" {
		return ""
	}
	return " by " + doer(who)
}

func pick(which bool, yes, no string) string {
	if which {
		return yes
	}
	return no
}

func nodeReady(node *corev1.Node) bool {
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// node is the node that an operation is about, or "".
func (o Operation) node(view store.View) string {
	if _, is := store.Get[*corev1.Node](view, "", o.Name); is {
		return o.Name
	}
	return ""
}

// podState is how a Pod is as the API has it.
func podState(pod *corev1.Pod) State {
	switch {
	case pod == nil:
		return Absent
	case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		return Finished
	case pod.DeletionTimestamp != nil:
		return Terminating
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return Ready
		}
	}
	if pod.Status.Phase == corev1.PodRunning {
		return Running
	}
	return Pending
}
