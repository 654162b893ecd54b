package sim

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// Fault is something bad that befalls a cluster from outside, or the end of it: a value to compare, keep and send, with one text form
// ([ParseFault], [Fault.String]) that pages, the command line and saved histories use. [Cluster.Befall] makes it happen. Which fields count follows from the
// Verb; see [FaultWords].
type Fault struct {
	Verb            FaultVerb
	Node            string
	Namespace, Name string // of a Pod or a claim; an empty namespace is default
	Container       string // of the Pod; empty for the one that kubectl would take: the annotated default, else the first
	Probe           string // "startup", "readiness" or "liveness"
	Duration        time.Duration
}

// FaultVerb is what happens.
type FaultVerb string

// The verbs. What each does is said in [FaultWords].
const (
	NodeDown      FaultVerb = "node-down"
	NodeCut       FaultVerb = "node-cut"
	NodeUp        FaultVerb = "node-up"
	Crash         FaultVerb = "crash"
	OOM           FaultVerb = "oom"
	ProbeFails    FaultVerb = "probe-fails"
	ProbeHeals    FaultVerb = "probe-heals"
	PullsFail     FaultVerb = "pulls-fail"
	PullsSlow     FaultVerb = "pulls-slow"
	PullsHeal     FaultVerb = "pulls-heal"
	VolumeFull    FaultVerb = "volume-full"
	VolumeFails   FaultVerb = "volume-fails"
	VolumeHeals   FaultVerb = "volume-heals"
	EvictPressure FaultVerb = "evict-pressure"
	PressureHeals FaultVerb = "pressure-heals"
	ClockJump     FaultVerb = "clock-jump"
	APIDown       FaultVerb = "api-down"
	APIUp         FaultVerb = "api-up"
	Heal          FaultVerb = "heal"
)

// faultWord is how a fault is written and what it does.
type faultWord struct {
	verb    FaultVerb
	usage   string // what follows the verb: the names of faultParts, in brackets what may be left out
	example string // of it
	says    string
	told    string // the same in a story, with the parts of usage in capitals
	strike  func(c *Cluster, tx *store.Tx, fault Fault) error
}

// faultWords are in the order in which they are told.
var faultWords []faultWord

// The table is filled in here since what it leads to also reads it.
func init() {
	faultWords = []faultWord{
		{NodeDown, "NODE", "node-2", "the machine of a node loses its power: all that runs on it ends at once",
			"NODE loses power", onMachine(container.PowerOff)},
		{NodeCut, "NODE", "node-2", "the machine of a node loses its network: what runs there runs on, where nobody reaches it",
			"NODE loses its network", onMachine(container.CutOff)},
		{NodeUp, "NODE", "node-2", "the machine of a node has power and network again; where it had both, its kubelet starts anew",
			"NODE comes back", onMachine(container.Return)},
		{Crash, "POD [CONTAINER]", "web-0", "the main process of a container is killed, as by SIGKILL: exit status 137",
			"POD [CONTAINER] crashes", crash("")},
		{OOM, "POD [CONTAINER]", "web-0", "a container is killed because it uses more memory than it may: OOMKilled",
			"POD [CONTAINER] runs out of memory", crash(container.OOMKilled)},
		{ProbeFails, "POD [CONTAINER] PROBE", "web-0 readiness",
			"a probe fails from now on, whatever the container does; kept by the Pod's name, so that the Pods after it have it too",
			"the PROBE probe of POD [CONTAINER] fails from now on", failProbe},
		{ProbeHeals, "POD [CONTAINER] PROBE", "web-0 readiness", "the outcome of a probe is what the container does again",
			"the PROBE probe of POD [CONTAINER] is well again", healProbe},
		{PullsFail, "NODE", "node-2", "the image registries are out of reach of a node: ErrImagePull for what it does not have",
			"NODE reaches no image registry from now on", worsenPulls},
		{PullsSlow, "NODE DURATION", "node-2 5m", "every pull of an image that a node does not have takes so long",
			"image pulls of NODE take DURATION from now on", worsenPulls},
		{PullsHeal, "NODE", "node-2", "a node pulls images as usual again", "NODE pulls images as usual again", healPulls},
		{VolumeFull, "CLAIM", "www-web-0", "the volume of a claim is filled up by something else: no space left on device",
			"the volume of CLAIM is full", onVolume(container.FillVolume)},
		{VolumeFails, "CLAIM", "www-web-0", "the volume of a claim can be neither read nor written: input/output error",
			"the volume of CLAIM fails", onVolume(container.BreakVolume)},
		{VolumeHeals, "CLAIM", "www-web-0", "the volume of a claim is well again, with what was in it", "the volume of CLAIM is well again", healVolume},
		{EvictPressure, "NODE", "node-2", "the memory of a node runs short: its kubelet evicts a Pod, and tells of the pressure for five minutes",
			"NODE is short of memory", pressNode},
		{PressureHeals, "NODE", "node-2", "the memory of a node suffices again before that", "the memory of NODE suffices again", easeNode},
		{ClockJump, "DURATION", "10m", "the clocks move at once, and all that was due meanwhile is late, as after a machine that was suspended",
			"all clocks jump by DURATION", jumpClock},
		{APIDown, "", "", "the API server answers nobody: what runs goes on running, and nothing else happens", "the API server goes down", stopAPI},
		{APIUp, "", "", "the API server answers again", "the API server is back", startAPI},
		{Heal, "", "", "all that lasts is over: nodes are up and reachable, probes, pulls, volumes and the API server are well",
			"all is well again", healAll},
	}
}

// faultPart is a word that follows a verb.
type faultPart struct {
	expected string
	read     func(fault *Fault, word string) bool // false: it is none
	write    func(fault Fault) string
}

var probeNames = []string{container.ReadinessProbe, container.LivenessProbe, container.StartupProbe}

// faultParts are the words by the names that usages have for them.
var faultParts = map[string]faultPart{
	"NODE": {"the name of one node", func(f *Fault, word string) bool {
		f.Node = word
		return len(validation.IsDNS1123Subdomain(word)) == 0
	}, func(f Fault) string { return f.Node }},
	"POD": {"the name of a Pod, such as web-0 or shop/web-0", readName, writeName},
	"CONTAINER": {"the name of a container", func(f *Fault, word string) bool {
		f.Container = word
		return len(validation.IsDNS1123Label(word)) == 0
	}, func(f Fault) string { return f.Container }},
	"CLAIM": {"the name of a claim, such as www-web-0 or shop/www-web-0", readName, writeName},
	"DURATION": {"a duration above 0 and of at most 3650d", func(f *Fault, word string) (ok bool) {
		var err error
		f.Duration, err = api.ParseDuration(word)
		return err == nil && f.Duration > 0 && f.Duration <= longestFault
	}, func(f Fault) string { return api.FormatDuration(f.Duration) }},
	"PROBE": {"one of " + strings.Join(probeNames, ", "), func(f *Fault, word string) bool {
		f.Probe = word
		return slices.Contains(probeNames, word)
	}, func(f Fault) string { return f.Probe }},
}

// longestFault bounds the Duration of a fault.
const longestFault = 10 * 365 * 24 * time.Hour

func readName(f *Fault, word string) bool {
	f.Namespace, f.Name = "default", word
	if namespace, name, found := strings.Cut(word, "/"); found {
		f.Namespace, f.Name = namespace, name
	}
	return len(validation.IsDNS1123Label(f.Namespace)) == 0 && len(validation.IsDNS1123Subdomain(f.Name)) == 0
}

func writeName(f Fault) string {
	if f.Namespace == "" || f.Namespace == "default" {
		return f.Name
	}
	return f.Namespace + "/" + f.Name
}

// FaultWord tells of a kind of fault.
type FaultWord struct {
	Verb    FaultVerb
	Usage   string // how it is written, such as "crash POD [CONTAINER]"
	Example string // such as "crash web-0"
	Says    string // what it does, as a sentence without a full stop
}

// FaultWords are all that can befall a cluster. POD and CLAIM are names in the namespace default, or NAMESPACE/NAME. Without CONTAINER it is the one
// that kubectl would take.
func FaultWords() []FaultWord {
	words := make([]FaultWord, len(faultWords))
	for i := range faultWords {
		word := &faultWords[i]
		words[i] = FaultWord{word.verb, word.written(word.usage), word.written(word.example), word.says}
	}
	return words
}

// ProbeNames are the probes that a fault can be about.
func ProbeNames() []string { return slices.Clone(probeNames) }

// FaultVerbs are the verbs in the same order.
func FaultVerbs() []string {
	verbs := make([]string, len(faultWords))
	for i := range faultWords {
		verbs[i] = string(faultWords[i].verb)
	}
	return verbs
}

func (w *faultWord) written(rest string) string {
	return strings.TrimSpace(string(w.verb) + " " + rest)
}

func wordOf(verb FaultVerb) *faultWord {
	for i := range faultWords {
		if faultWords[i].verb == verb {
			return &faultWords[i]
		}
	}
	return nil
}

// Befall makes a fault happen: one transaction, like a request from outside. What the cluster makes of it takes its time.
//
// Errors: a [*FaultError] when the verb is none, or when what the fault names is not there or not in a state to be befallen; nothing has happened then.
func (c *Cluster) Befall(fault Fault) error {
	_, err := c.take(Input{Do: DoBefall, Target: fault.String()}, false)
	return err
}

// strike makes the fault happen that a text stands for.
func (c *Cluster) strike(tx *store.Tx, text string) error {
	fault, err := ParseFault(text)
	if err != nil {
		return err
	}
	return wordOf(fault.Verb).strike(c, tx, fault)
}

// about is the Pod or the claim a fault is about.
func (f Fault) about() api.Name { return api.Name{Namespace: f.Namespace, Name: f.Name} }
