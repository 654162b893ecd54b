package sim

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/storage"
)

// Input is one thing that comes into a cluster from outside, as data: a request, something typed into a process, a fault. Everything that comes
// in is one, so that a cluster's options and its inputs, each with the [Point] at which it came, are its whole history: taken
// again at the same points ([Cluster.TakeAt]) they give the same bytes. Which fields matter depends on Do; the others are zero.
type Input struct {
	Do      Operation
	Kind    string   // of the object it is about, e.g. "StatefulSet"
	Name    api.Name // of the object it is about
	Part    string   // subresource that is written, or a container of the Pod
	Objects []api.Object
	Options *metav1.DeleteOptions
	Target  string   // a node to bind to, an address to connect with, a key to remember, a question, a fault
	Args    []string // of a command
	Number  int      // of a process, signal or port, as the operation says
	Signal  int
	Of      int // how many answers a question has
	TTY     bool
	Stdin   bool
	End     bool // nothing more will be typed
	Data    []byte
	Reply   *dnsserver.CachedReply
	Instant time.Time // to go back to
}

// Operation is what an [Input] does.
type Operation string

// The operations, and which fields of an [Input] they read.
const (
	DoCreate  Operation = "create"  // Objects[0]
	DoUpdate  Operation = "update"  // Objects[0], Part
	DoScale   Operation = "scale"   // Kind, Objects[0]: an autoscaling/v1 Scale
	DoApply   Operation = "apply"   // Objects: all are created or replaced, or none is
	DoDelete  Operation = "delete"  // Kind, Name, Options
	DoEvict   Operation = "evict"   // Name of a Pod, Options
	DoBind    Operation = "bind"    // Name of a Pod, Target: a node
	DoExec    Operation = "exec"    // Name of a Pod, Part: a container, Args, TTY, Stdin
	DoType    Operation = "type"    // Number of a process, Data, End
	DoSignal  Operation = "signal"  // Number of a process, Signal
	DoClose   Operation = "close"   // Number of a process
	DoForward Operation = "forward" // Name of a Pod, Number of a port, Data
	DoConnect Operation = "connect" // Target: address and port, Data
	DoDial    Operation = "dial"    // Target: address and port, Part: the client's address
	DoSay     Operation = "say"     // Target: a connection that dial gave, Data

	DoHost     Operation = "host"     // nothing: makes the file system of the person's machine
	DoHostSend Operation = "send"     // Target: address and port, Data: what that machine sends there
	DoChoose   Operation = "choose"   // Target: a question, Of
	DoRemember Operation = "remember" // Target: a key of the DNS cache, Reply

	DoBefall Operation = "befall"  // Target: the text of a [Fault]
	DoGoBack Operation = "go-back" // Instant
)

// Outcome is what came of an [Input].
type Outcome struct {
	Object     api.Object           // as it was written, or as it last was; for a scale, the Scale
	Gone       bool                 // the object is no longer there
	Number     int                  // of the process that was started; the answer to a question
	Data       []byte               // what a connection answered
	Connection container.Connection // that was opened
	Refused    error                // why a connection did not come about; the attempt was made nevertheless
	Files      *storage.FileSystem  // of the person's machine
}

// Point says when an input came. Taking events until the point gives the cluster that the input found. The counters are
// there to be compared: they differ at once when a history is not the same.
type Point struct {
	Events     uint64    // how many events had been taken, inputs included
	At         time.Time // virtual
	Revision   uint64    // newest resource version
	Identities uint64    // how many uids, addresses and names had been handed out
}

// Point is where the cluster stands.
func (c *Cluster) Point() Point {
	meta := c.Present().Meta()
	return Point{Events: c.events, At: meta.Now, Revision: meta.Revision, Identities: meta.Identities}
}

// String is what one sees of it in a message.
func (p Point) String() string {
	return fmt.Sprintf("event %d at %s (revision %d)", p.Events, clock(p.At), p.Revision)
}

// String is one line: what is done to what.
func (in Input) String() string {
	words := []string{string(in.Do)}
	add := func(word string) {
		if word != "" {
			words = append(words, word)
		}
	}
	if in.Name.Name != "" {
		add(in.Kind)
		add(in.Name.String())
	}
	for _, object := range in.Objects {
		scale, is := object.(*autoscalingv1.Scale)
		if is {
			add(in.Kind)
		} else {
			add(object.GetObjectKind().GroupVersionKind().Kind)
		}
		add(api.NameOf(object).String())
		if is {
			add(fmt.Sprintf("to %d", scale.Spec.Replicas))
		}
	}
	add(in.Part)
	add(in.Target)
	if in.Number != 0 {
		add(strconv.Itoa(in.Number))
	}
	if in.Signal != 0 {
		add(strconv.Itoa(in.Signal))
	}
	if len(in.Args) > 0 {
		add("-- " + strings.Join(in.Args, " "))
	}
	switch {
	case len(in.Data) == 1:
		add("(1 byte)")
	case len(in.Data) > 1:
		add(fmt.Sprintf("(%d bytes)", len(in.Data)))
	}
	if !in.Instant.IsZero() {
		add(clock(in.Instant))
	}
	return strings.Join(words, " ")
}
