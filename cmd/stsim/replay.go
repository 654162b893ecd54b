package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

func newReplay() *cobra.Command {
	var until, output string
	var all bool
	command := &cobra.Command{
		Use:   "replay FILE",
		Short: "Run a recorded history again",
		Long: "Run the history again that stsim serve --state has written: what came in from outside, and what the cluster made of it, event by event, in virtual\n" +
			"time since the beginning. Then follow the promises that were broken, if any, and what is there at the end. The file may belong to a cluster that is\n" +
			"being served, and is left as it is. Exit status 1 when a promise was broken.",
		Example: "  stsim replay cluster.stsim\n  stsim replay cluster.stsim --until 3m12s\n  stsim replay cluster.stsim -o json | jq 'select(.input)'",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var tell teller
			switch output {
			case "text":
				tell = &textTeller{out: command.OutOrStdout(), all: all}
			case "json":
				tell = &jsonTeller{encoder: jsonEncoder(command.OutOrStdout()), all: all}
			default:
				return fmt.Errorf("--output: expected text or json, found %q", output)
			}
			return replay(args[0], until, tell, command.ErrOrStderr())
		},
	}
	command.Flags().StringVar(&until, "until", "", "an instant to stop at: 3m12s after the beginning, or a time (default: the end)")
	command.Flags().StringVarP(&output, "output", "o", "text", "text, or json: an object for each event, and one for the end")
	command.Flags().BoolVar(&all, "all", false, "also events of which nothing came")
	return command
}

// teller tells of a history.
type teller interface {
	input(at time.Duration, point sim.Point, in sim.Input)
	event(at time.Duration, record sim.Record)
	end(p *past, at time.Duration)
}

func replay(path, until string, tell teller, problems io.Writer) error {
	var begin time.Time
	prepare := func(options *sim.Options) {
		begin = options.Start
		options.Check = true
		options.Trace = func(record sim.Record) {
			if record.Who != "input" {
				tell.event(sinceBegin(record.At, begin), record)
			}
		}
	}
	p, err := readPast(path, until, prepare, func(point sim.Point, in sim.Input) { tell.input(sinceBegin(point.At, begin), point, in) })
	if err != nil {
		return err
	}
	if p.torn > 0 {
		fmt.Fprintf(problems, "%s ends with %d bytes of a record that was never finished.\n", path, p.torn)
	}
	tell.end(p, sinceBegin(p.cluster.Now(), begin))
	if len(p.cluster.BrokenPromises()) > 0 {
		return failure{}
	}
	return nil
}

// textTeller tells a person.
type textTeller struct {
	out io.Writer
	all bool
}

func (t *textTeller) line(at time.Duration, who, what string) {
	fmt.Fprintf(t.out, "%14s  %-14s  %s\n", alignedTime(at), who, what)
}

func (t *textTeller) input(at time.Duration, _ sim.Point, in sim.Input) {
	t.line(at, "> "+string(in.Do), strings.TrimPrefix(in.String(), string(in.Do)+" "))
}

func (t *textTeller) event(at time.Duration, record sim.Record) {
	deeds := deedsOf(record)
	if len(deeds) == 0 && t.all {
		deeds = append(deeds, "nothing to do")
	}
	if len(deeds) == 0 {
		return
	}
	about := ""
	if record.Who != container.EventKind {
		about = strings.TrimPrefix(record.Key, "/") + ": "
	}
	t.line(at, record.Who, about+strings.Join(deeds, ", "))
}

// deedsOf are what an event did, in words.
func deedsOf(record sim.Record) (deeds []string) {
	for _, written := range record.Writes {
		deed := fmt.Sprintf("%s %s %s", written.Verb, written.Kind, written.Name)
		if written.Error != nil {
			deed += " refused: " + written.Error.Error()
		}
		deeds = append(deeds, deed)
	}
	for _, command := range record.Commands {
		deeds = append(deeds, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", command.Action, command.Pod, command.Container, command.Image)), " "))
	}
	if record.Who == container.EventKind {
		deeds = append(deeds, containersOf(record)...)
	}
	if record.Error != nil {
		deeds = append(deeds, "will try again: "+record.Error.Error())
	}
	return deeds
}

// containersOf are the containers that an event has started or ended.
func containersOf(record sim.Record) (deeds []string) {
	for _, change := range record.Rows {
		after, is := change.New.(*container.Container)
		if change.Table != container.Containers || !is {
			continue
		}
		if before, was := change.Old.(*container.Container); was && before.State == after.State {
			continue
		}
		pod := string(after.UID)
		if sandbox, found := store.GetRow[*container.Sandbox](record.Before, container.Sandboxes, pod); found {
			pod = api.NameOf(sandbox.Pod).String()
		}
		deed := fmt.Sprintf("%s %s is %s", pod, after.Name, after.State)
		if after.State == container.Exited {
			deed += fmt.Sprintf(" (%s, %d)", after.Reason, after.ExitCode)
		}
		deeds = append(deeds, deed)
	}
	return deeds
}

func (t *textTeller) end(p *past, at time.Duration) {
	fmt.Fprintf(t.out, "\nAt %s, after %s and %s", at, counted(p.inputs, "input", "inputs"), counted(int(p.cluster.Events()), "event", "events"))
	if p.later > 0 {
		fmt.Fprintf(t.out, " (%s came later)", counted(p.later, "input", "inputs"))
	}
	fmt.Fprintln(t.out, ":")
	for _, kind := range api.Kinds() {
		t.table(p.cluster, kind)
	}
	broken := p.cluster.BrokenPromises()
	if len(broken) == 0 {
		fmt.Fprintln(t.out, "\nAll promises were kept.")
		return
	}
	fmt.Fprintf(t.out, "\nBroken promises: %d\n", len(broken))
	for _, one := range broken {
		fmt.Fprintln(t.out, " ", one)
	}
}

// shown says whether a table of a kind is printed at the end.
func shown(kind *api.Kind) bool {
	for _, category := range kind.Categories {
		if category == "all" {
			return true
		}
	}
	return kind.Kind == "PersistentVolumeClaim"
}

// table prints the objects of a kind as kubectl get does.
func (t *textTeller) table(cluster *sim.Cluster, kind *api.Kind) {
	if !shown(kind) {
		return
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 3, ' ', 0)
	begun := false
	for object := range cluster.View().Objects(kind, "") {
		if strings.HasPrefix(object.GetNamespace(), "kube-") {
			continue
		}
		cells := kind.Row(object, cluster.Now())
		if !begun {
			begun = true
			fmt.Fprint(table, "\nNAMESPACE")
			for i, column := range kind.Columns {
				if column.Priority == 0 && i < len(cells) {
					fmt.Fprint(table, "\t", strings.ToUpper(column.Name))
				}
			}
			fmt.Fprintln(table)
		}
		fmt.Fprint(table, object.GetNamespace())
		for i, column := range kind.Columns {
			if column.Priority == 0 && i < len(cells) {
				cell := fmt.Sprint(cells[i])
				if i == 0 {
					cell = kind.Singular + "/" + cell
				}
				fmt.Fprint(table, "\t", cell)
			}
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // the writer below tells
}

// jsonTeller tells a program.
type jsonTeller struct {
	encoder *json.Encoder
	all     bool
}

// jsonEvent is one event, or one input, in the output of replay -o json.
type jsonEvent struct {
	Time    time.Time  `json:"time"`
	Seconds float64    `json:"virtualSeconds"` // since the beginning
	Event   uint64     `json:"event"`          // how many had been taken before
	Who     string     `json:"who"`
	Key     string     `json:"key,omitempty"`
	Did     []string   `json:"did,omitempty"`
	Input   *jsonInput `json:"input,omitempty"`
}

// jsonInput is what came in.
type jsonInput struct {
	Do        sim.Operation `json:"do"`
	Text      string        `json:"text"`
	Kind      string        `json:"kind,omitempty"`
	Namespace string        `json:"namespace,omitempty"`
	Name      string        `json:"name,omitempty"`
	Part      string        `json:"part,omitempty"`
	Target    string        `json:"target,omitempty"`
	Args      []string      `json:"args,omitempty"`
	Objects   []api.Object  `json:"objects,omitempty"`
	Data      []byte        `json:"data,omitempty"`
}

// jsonEnd is the last object of that output.
type jsonEnd struct {
	End struct {
		Seconds float64  `json:"virtualSeconds"`
		Inputs  int      `json:"inputs"`
		Later   int      `json:"laterInputs,omitempty"`
		Events  uint64   `json:"events"`
		Version uint64   `json:"resourceVersion"`
		Broken  []string `json:"brokenPromises,omitempty"`
	} `json:"end"`
}

func (t *jsonTeller) input(at time.Duration, point sim.Point, in sim.Input) {
	_ = t.encoder.Encode(jsonEvent{Time: point.At, Seconds: at.Seconds(), Event: point.Events, Who: "input", Input: &jsonInput{
		Do: in.Do, Text: in.String(), Kind: in.Kind, Namespace: in.Name.Namespace, Name: in.Name.Name, Part: in.Part, Target: in.Target,
		Args: in.Args, Objects: in.Objects, Data: in.Data,
	}})
}

func (t *jsonTeller) event(at time.Duration, record sim.Record) {
	if deeds := deedsOf(record); len(deeds) > 0 || t.all {
		_ = t.encoder.Encode(jsonEvent{Time: record.At, Seconds: at.Seconds(), Event: record.Event, Who: record.Who, Key: record.Key, Did: deeds})
	}
}

func (t *jsonTeller) end(p *past, at time.Duration) {
	var last jsonEnd
	last.End.Seconds, last.End.Inputs, last.End.Later, last.End.Events = at.Seconds(), p.inputs, p.later, p.cluster.Events()
	last.End.Version = p.cluster.View().Meta().Revision
	for _, broken := range p.cluster.BrokenPromises() {
		last.End.Broken = append(last.End.Broken, broken.String())
	}
	_ = t.encoder.Encode(last)
}
