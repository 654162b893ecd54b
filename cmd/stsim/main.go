package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFailed = 1 // a check failed, or something went wrong
	exitUsage  = 2 // the command line is wrong
)

// garbagePercent lets the heap grow to five times what is in use. Most objects of a simulated cluster are short-lived, and at Go's default a third of
// the time would go into collecting them.
const garbagePercent = 400

func main() {
	// Transcripts show the same times on every machine.
	time.Local = time.UTC
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs one command line and gives its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	called, err := root.ExecuteContextC(ctx)
	var failed failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &failed):
		if failed.message != "" {
			fmt.Fprintln(stderr, "error:", failed.message)
		}
		return exitFailed
	}
	fmt.Fprintln(stderr, "error:", err)
	if !strings.Contains(err.Error(), "hint: ") {
		fmt.Fprintf(stderr, "hint: %s --help shows what can be typed\n", called.CommandPath())
	}
	return exitUsage
}

// failure is an error that is not about the command line.
type failure struct{ message string }

func (f failure) Error() string { return f.message }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "stsim",
		Short: "A local, offline simulator of Kubernetes StatefulSets",
		Long: "stsim simulates a Kubernetes cluster in one process, true to the StatefulSet semantics of real releases:\n" +
			"no cluster, no containers, no network, and hours of cluster life in a second.",
		Example:       "  stsim run nginx          play the Nginx tutorial and verify every output\n  stsim run page.md        the same for a page of your own\n  stsim list               what can be played",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	root.AddCommand(newRun(), newQuiz(), newList(), newServe(), newKubectl(), newVersion())
	root.AddCommand(newDNS(), newWhy(), newClockCommand(), newFault(), newReplay())
	root.AddCommand(newExplore())
	return root
}

// noSuchCommand is what is said of a word that is no command.
func noSuchCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "stsim --help shows the commands"
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return fmt.Errorf("there is no command %q\nhint: %s", args[0], hint)
}
