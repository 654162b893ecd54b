package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/door"
)

// maxSteps is how many events one request may take.
const maxSteps = 1_000_000

func newClockCommand() *cobra.Command {
	var kubeconfig string
	ask := func(what string, arguments func(args []string) (string, error)) func(*cobra.Command, []string) error {
		return func(command *cobra.Command, args []string) error {
			value, err := arguments(args)
			if err != nil {
				return err
			}
			served, err := findServed(command.Context(), kubeconfig)
			if err != nil {
				return err
			}
			var state clockState
			if err := served.ask(http.MethodPost, clockPath, url.Values{"do": {what}, "value": {value}}, &state); err != nil {
				return err
			}
			printClock(command.OutOrStdout(), state)
			return nil
		}
	}
	nothing := func([]string) (string, error) { return "", nil }
	command := &cobra.Command{
		Use:   "clock",
		Short: "Show, pause, step and advance the virtual time of a served cluster",
		Long: "Show the virtual time of the cluster of the last \"stsim serve\" that is still running, and what will happen next in it. Its time can be paused, taken\n" +
			"event by event, advanced at once, and turned back.",
		Example: "  stsim clock                 what time is it there, and what happens next\n  stsim clock advance 5m      let five minutes go by at once\n" +
			"  stsim clock pause           from here on nothing happens by itself\n  stsim clock step            take the next event\n  stsim clock resume",
		Args: cobra.NoArgs,
		RunE: ask("show", nothing),
	}
	command.PersistentFlags().StringVar(&kubeconfig, "kubeconfig", "", "of the served cluster (default: $KUBECONFIG, or in the user's state folder)")
	command.AddCommand(
		&cobra.Command{Use: "pause", Short: "Stop the clock: nothing happens by itself any more", Args: cobra.NoArgs, RunE: ask("pause", nothing)},
		&cobra.Command{Use: "resume", Short: "Let the clock go on from where it stands", Args: cobra.NoArgs, RunE: ask("resume", nothing)},
		&cobra.Command{Use: "pace FACTOR", Short: "Set virtual time against the wall clock: 1x, 10x, ..., or max", Args: cobra.ExactArgs(1), Example: "  stsim clock pace 10x",
			RunE: ask("pace", func(args []string) (string, error) {
				_, err := parsePace(args[0])
				return args[0], err
			})},
		&cobra.Command{Use: "advance DURATION", Short: "Let virtual time go by at once", Args: cobra.ExactArgs(1), Example: "  stsim clock advance 5m30s",
			RunE: ask("advance", func(args []string) (string, error) {
				_, err := parseAdvance(args[0])
				return args[0], err
			})},
		&cobra.Command{Use: "back DURATION", Short: "Make the past the present: what came after it has not happened", Args: cobra.ExactArgs(1),
			Long: "Make the cluster what it was some time ago. What came after that has not happened. Whoever watches has to look anew; nothing that is made from now on\n" +
				"gets a resource version, uid or generated name that was given out before. To only look at the past: stsim kubectl --at.",
			Example: "  stsim clock back 30s",
			RunE: ask("back", func(args []string) (string, error) {
				_, err := parseAdvance(args[0])
				return args[0], err
			})},
		&cobra.Command{Use: "step [EVENTS]", Short: "Take the next event, or the next events, however far away", Args: cobra.MaximumNArgs(1), Example: "  stsim clock step\n  stsim clock step 10",
			RunE: ask("step", func(args []string) (string, error) {
				if len(args) == 0 {
					return "1", nil
				}
				_, err := parseSteps(args[0])
				return args[0], err
			})},
	)
	return command
}

func parseAdvance(text string) (time.Duration, error) {
	duration, err := time.ParseDuration(text)
	if err != nil || duration < 0 || duration > longestWait {
		return 0, fmt.Errorf("expected a duration from 0s to %s, such as 90s or 2h, found %q", longestWait, text)
	}
	return duration, nil
}

func parseSteps(text string) (int, error) {
	steps, err := strconv.Atoi(text)
	if err != nil || steps < 1 || steps > maxSteps {
		return 0, fmt.Errorf("expected a number of events from 1 to %d, found %q", maxSteps, text)
	}
	return steps, nil
}

func printClock(out io.Writer, state clockState) {
	paused := ""
	if state.Paused {
		paused = ", paused"
	}
	fmt.Fprintf(out, "virtual time  %s, %s after the start\npace          %s%s\n", state.Now.UTC().Format("2006-01-02 15:04:05.000"),
		state.Now.Sub(state.Begin).Round(time.Millisecond), state.Pace, paused)
	if state.Next == nil {
		fmt.Fprintln(out, "next          nothing, until somebody asks for something")
		return
	}
	fmt.Fprintf(out, "next          %s in %s\n", state.Next.What, state.Next.When.Sub(state.Now).Round(time.Millisecond))
}

// clockPath is where a served cluster is asked about its clock, with do and value; the answer is a [clockState].
const clockPath = "/stsim/clock"

// change does what was asked for.
func (c *clock) change(ctx context.Context, what, value string) error {
	switch what {
	case "show":
	case "pause":
		c.set(func() { c.paused = true })
	case "resume":
		c.set(func() { c.paused = false })
	case "pace":
		pace, err := parsePace(value)
		if err != nil {
			return err
		}
		c.set(func() { c.pace = pace })
	case "advance":
		duration, err := parseAdvance(value)
		if err != nil {
			return err
		}
		c.advance(ctx, duration)
	case "back":
		duration, err := parseAdvance(value)
		if err != nil {
			return err
		}
		return c.back(duration)
	case "step":
		steps, err := parseSteps(value)
		if err != nil {
			return err
		}
		c.step(ctx, steps)
	default:
		return fmt.Errorf("expected show, pause, resume, pace, advance, back or step, found %q", what)
	}
	return nil
}

// ServeHTTP answers [clockPath].
func (c *clock) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	if err := c.change(request.Context(), query.Get("do"), query.Get("value")); err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(writer, c.state())
}

// besideAPI are the questions that a served cluster answers beside those of the API.
func besideAPI(d *door.Door, clock *clock, api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("POST "+clockPath, clock)
	mux.Handle(pastPath, clock.pasts)
	addWhy(mux, d)
	addFault(mux, d, clock)
	return mux
}
