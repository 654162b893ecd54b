package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
	"github.com/stsim/stsim/sim/explore"
)

// orderFlags are those of an exploration of all orders.
type orderFlags struct {
	all    bool
	bounds explore.Bounds
}

const (
	defaultWindow = 12 * time.Millisecond
	maxStale      = 8
	defaultStates = 1_000_000
)

// bounding are the flags that mean something only with --all-orders.
var bounding = []string{"faults", "window", "stale", "requests", "ready", "states"}

func (f *orderFlags) register(command *cobra.Command) {
	command.Flags().BoolVar(&f.all, "all-orders", false, "go through all orders of events instead of drawing histories")
	command.Flags().IntVar(&f.bounds.Faults, "faults", 0, "with --all-orders: how many operations of --verbs befall a history at most")
	command.Flags().DurationVar(&f.bounds.Window, "window", defaultWindow, "with --all-orders: events due within so much virtual time of each other come in any order")
	command.Flags().IntVar(&f.bounds.Stale, "stale", 0, fmt.Sprintf("with --all-orders: by how many changes the caches of control loops may lag behind, %d at most", maxStale))
	command.Flags().BoolVar(&f.bounds.Requests, "requests", false, "with --all-orders: requests of control loops may be refused, and their answers lost")
	command.Flags().BoolVar(&f.bounds.Ready, "ready", false, "with --all-orders: begin when all sets are Ready, rather than with an empty cluster")
	command.Flags().IntVar(&f.bounds.States, "states", defaultStates, "with --all-orders: at most so many states")
}

func (f *orderFlags) check(command *cobra.Command) error {
	switch {
	case f.bounds.Faults < 0:
		return fmt.Errorf("--faults: expected at least 0, found %d", f.bounds.Faults)
	case f.bounds.Window <= 0:
		return fmt.Errorf("--window: expected a duration above 0, found %s", f.bounds.Window)
	case f.bounds.Stale < 0 || f.bounds.Stale > maxStale:
		return fmt.Errorf("--stale: expected 0 to %d, found %d", maxStale, f.bounds.Stale)
	case f.bounds.States < 1:
		return fmt.Errorf("--states: expected at least 1, found %d", f.bounds.States)
	case f.all:
		return nil
	}
	for _, name := range bounding {
		if command.Flags().Changed(name) {
			return fmt.Errorf("--%s: expected --all-orders beside it\nhint: stsim explore -f web.yaml --all-orders --%s ...", name, name)
		}
	}
	return nil
}

// ordersForm is what an exploration of all orders came to, as it is written down.
type ordersForm struct {
	Format  string            `json:"format"`
	Program string            `json:"program"`
	World   explore.WorldForm `json:"world"`
	Bounds  explore.Bounds    `json:"bounds"`
	explore.Report
	Findings []explore.Finding `json:"findings,omitempty"` // histories that break the sentences of the trails
}

// explore goes through all orders, and tells what it found.
func (f *orderFlags) explore(ctx context.Context, command *cobra.Command, world *explore.World, form explore.WorldForm, show findingFlags) error {
	watch := watchOrders(command.ErrOrStderr())
	report := world.Exhaust(f.bounds, func(soFar explore.Report) bool {
		watch.tell(soFar)
		return ctx.Err() == nil
	})
	watch.end(report)
	if ctx.Err() != nil {
		fmt.Fprintf(command.ErrOrStderr(), "stopped after %s\n", counted(report.States, "state", "states"))
	}
	result := ordersForm{Format: explore.OrdersFormat, Program: version(), World: form, Bounds: f.bounds, Report: report}
	var bare []explore.Trail // of which there is no history
	for _, trail := range report.Trails {
		if finding, found := world.Retell(f.bounds, trail); found {
			result.Findings = append(result.Findings, finding)
		} else {
			bare = append(bare, trail)
		}
	}
	pages, err := show.write(world, result.Findings, command.ErrOrStderr())
	if err != nil {
		return failure{err.Error()}
	}
	if show.output == "json" {
		encoder := jsonEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		err = encoder.Encode(result)
	} else {
		_, err = io.WriteString(command.OutOrStdout(), ordersText(world, result, bare, pages))
	}
	if err != nil {
		return failure{err.Error()}
	}
	return errBroke(len(report.Trails))
}

// ordersText is what a person reads.
func ordersText(world *explore.World, result ordersForm, bare []explore.Trail, pages []string) string {
	var text strings.Builder
	for i, finding := range result.Findings {
		fmt.Fprintf(&text, "broken: %s\nfound:  %s\na history that breaks it, with %s and %s:\n\n", finding.Sentence, finding.Found,
			counted(len(finding.History.Actions), "action", "actions"), counted(len(finding.History.Odd), "odd answer", "odd answers"))
		findingText(&text, world, finding, pages, i)
	}
	for _, trail := range bare {
		fmt.Fprintf(&text, "broken: %s\nfound:  %s\nthe way there:\n\n", trail.Sentence, trail.Found)
		for _, move := range trail.Moves {
			text.WriteString(move.String() + "\n")
		}
		text.WriteString("\n")
	}
	report := result.Report
	fmt.Fprintf(&text, "%s and %s, %d deep, %s of virtual time: %s: %s broke\n",
		counted(report.States, "state", "states"), counted(report.Transitions, "transition", "transitions"), report.Depth,
		scenarios.FormatDuration(report.Virtual.Round(time.Millisecond)), seenAll(report), counted(len(report.Trails), "sentence", "sentences"))
	return text.String()
}

func seenAll(report explore.Report) string {
	if report.Exhausted {
		return "all there are within the bounds"
	}
	return "there are more"
}

// ordersWatch tells how an exploration of all orders goes on: on a terminal every now and then, and at its end in any case.
type ordersWatch struct {
	to    io.Writer
	live  bool
	begun time.Time
	told  time.Time
}

func watchOrders(to io.Writer) *ordersWatch {
	_, live := terminalWidth(to)
	return &ordersWatch{to: to, live: live, begun: time.Now()}
}

func (w *ordersWatch) tell(report explore.Report) {
	if now := time.Now(); w.live && now.Sub(w.told) > 200*time.Millisecond {
		w.told = now
		fmt.Fprintf(w.to, "\r\x1b[2K%s", w.line(report))
	}
}

func (w *ordersWatch) end(report explore.Report) {
	if w.live {
		fmt.Fprint(w.to, "\r\x1b[2K")
	}
	fmt.Fprintln(w.to, w.line(report))
}

// line is how far it is, and how fast.
func (w *ordersWatch) line(report explore.Report) string {
	seconds := max(time.Since(w.begun).Seconds(), 0.001)
	return fmt.Sprintf("%d states, %d transitions, %d deep, %.0f new states/s, %d broken", report.States, report.Transitions, report.Depth, float64(report.States)/seconds, len(report.Trails))
}
