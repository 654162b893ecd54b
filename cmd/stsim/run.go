package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
)

type runFlags struct {
	seed       uint64
	kubernetes string
	dnsCache   time.Duration
	files      []string
	update     bool
	check      bool
	step       bool
	json       bool
}

func newRun() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run SCENARIO|PAGE.md",
		Short: "Play a tutorial page on a simulated cluster and verify every output",
		Long: "Play a built-in scenario or a Markdown page of your own: every command in it is run on a simulated cluster and every\n" +
			"output is compared with what the page says. The page and its verdicts come on standard output, the same bytes every time;\n" +
			"progress and the time it took come on standard error. Exit status 1 when an output differs, with its place and a diff.\n\n" +
			"Nothing on this machine can be read, written or reached by a page, except the files given with -f, of which its commands see copies.",
		Example: "  stsim run nginx\n  stsim run page.md -f web.yaml\n  stsim run page.md --update      write what was printed into the page\n" +
			"  stsim run nginx --step          go through it a command at a time, with a prompt for commands of your own\n  stsim run nginx --json | jq -r 'select(.ok == false).reason'",
		Args:              onePage,
		ValidArgsFunction: completePage,
		RunE:              func(command *cobra.Command, args []string) error { return runPage(command, args[0], flags) },
	}
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "seed of everything that could go more than one way (default: the page's)")
	command.Flags().StringVar(&flags.kubernetes, "kubernetes", "", "Kubernetes release to simulate, e.g. 1.33 (default: the page's)")
	registerDNSCache(command.Flags(), &flags.dnsCache)
	command.Flags().StringArrayVarP(&flags.files, "filename", "f", nil, "a file that the page's commands can read; may be given more than once")
	command.Flags().BoolVar(&flags.update, "update", false, "write what the commands printed into the page")
	command.Flags().BoolVar(&flags.check, "check", false, "check the promises of StatefulSets after every event")
	command.Flags().BoolVar(&flags.step, "step", false, "go through the page a command at a time, and type commands of your own before each")
	command.Flags().BoolVar(&flags.json, "json", false, "print one JSON object per command and one with the summary, instead of the page")
	return command
}

func onePage(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("expected one scenario or page, found %d\nhint: stsim list shows the scenarios; then for example stsim run nginx", len(args))
	}
	return nil
}

func runPage(command *cobra.Command, name string, flags runFlags) error {
	page, path, err := openPage(name)
	if err != nil {
		return failure{err.Error()}
	}
	if flags.update && path == "" {
		return fmt.Errorf("--update needs the path of a page, and %q is built in\nhint: stsim run ./page.md --update", name)
	}
	if flags.step && flags.json {
		return errors.New("--step shows the page to a person, and --json does not show it\nhint: leave one of them out")
	}
	if err := addFiles(page, flags.files); err != nil {
		return failure{err.Error()}
	}
	if err := checkDNSCache(flags.dnsCache); err != nil {
		return err
	}
	started := time.Now()
	out := bufio.NewWriter(command.OutOrStdout())
	watched := &progress{to: command.ErrOrStderr()}
	options := scenarios.Options{Kubernetes: flags.kubernetes, Check: flags.check, Progress: watched.begin}
	if command.Flags().Changed("seed") {
		options.Seed = &flags.seed
	}
	if command.Flags().Changed("dns-cache") {
		options.DNSCache = &flags.dnsCache
	}
	width, terminal := terminalWidth(command.OutOrStdout())
	if flags.json {
		options.Played = jsonSteps(liveWriter{out, true})
	} else {
		options.Printer = scenarios.NewPrinter(liveWriter{out, terminal}, scenarios.PrinterOptions{Width: width, Colour: terminal && colours()})
	}
	ctx := command.Context()
	if flags.step {
		person, inner, leave := newLearner(ctx, command.InOrStdin(), command.OutOrStdout())
		defer leave()
		options.Learner, ctx = flushing{person, out}, inner
		watched.silent = true
	}
	if _, watches := terminalWidth(command.ErrOrStderr()); !watches || terminal && !flags.json {
		watched.silent = true // nobody looks, or the command itself is to be seen
	}
	report, err := scenarios.Run(ctx, page, options)
	watched.end()
	if err == nil && flags.json {
		err = jsonSummary(out, page, report)
	}
	flushed := out.Flush()
	switch {
	case err != nil:
		return failure{err.Error()}
	case flushed != nil:
		return failure{flushed.Error()}
	}
	if !flags.step {
		fmt.Fprintf(command.ErrOrStderr(), "wall time %s\n", time.Since(started).Round(time.Millisecond))
	}
	return conclude(ctx, command, page, path, report, flags)
}

// addFiles reads what -f names into the page.
func addFiles(page *scenarios.Page, names []string) error {
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("-f: %w%s", err, missingHint(name, err, "as seen from this folder"))
		}
		content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
		_ = file.Close()
		switch {
		case err != nil:
			return fmt.Errorf("-f: %w", err)
		case len(content) > maxFile:
			return fmt.Errorf("-f %s: expected a file of at most %d bytes, found more\nhint: split it", name, maxFile)
		}
		page.Manifests = append(page.Manifests, scenarios.File{Name: filepath.Base(name), Content: string(content)})
	}
	return nil
}

// maxFile bounds, in bytes, a file given with -f.
const maxFile = 8 << 20

// conclude writes the page back if asked to, and fails when something did not hold.
func conclude(ctx context.Context, command *cobra.Command, page *scenarios.Page, path string, report *scenarios.Report, flags runFlags) error {
	if ctx.Err() != nil {
		return failure{"interrupted"}
	}
	for _, broken := range report.Broken {
		fmt.Fprintln(command.ErrOrStderr(), broken)
	}
	switch {
	case len(report.Broken) > 0:
		return failure{counted(len(report.Broken), "promise", "promises") + " did not hold"}
	case flags.update && report.Stopped:
		return failure{"stopped before the end of the page, which was not updated"}
	case flags.update && report.BrokenChecks > 0:
		return failure{counted(report.BrokenChecks, "check does", "checks do") + " not hold: the page was not updated"}
	case flags.update:
		if err := updatePage(command, page, path, report); err != nil || report.OtherStatus == 0 {
			return err
		}
		return failure{counted(report.OtherStatus, "command", "commands") + " ended otherwise than the page says\n" +
			"hint: an update writes outputs only; \"# exit N\" below the output says how a command ends"}
	case report.Failed > report.BrokenChecks:
		return failure{fmt.Sprintf("%d of %s did not do what the page says", report.Failed-report.BrokenChecks, counted(report.Failed-report.BrokenChecks+report.Commands, "command", "commands")) + alsoChecks(report)}
	case report.BrokenChecks > 0:
		return failure{counted(report.BrokenChecks, "check does", "checks do") + " not hold"}
	case report.Stopped && flags.step:
		fmt.Fprintf(command.ErrOrStderr(), "left after %d of %s\n", report.Commands, counted(len(page.Steps()), "command", "commands"))
	case report.Stopped:
		return failure{"stopped before the end of the page"}
	}
	return nil
}

// alsoChecks goes on where commands have failed, and checks too.
func alsoChecks(report *scenarios.Report) string {
	if report.BrokenChecks == 0 {
		return ""
	}
	return ", and " + counted(report.BrokenChecks, "check does", "checks do") + " not hold"
}

// counted is a number and what it counts.
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func updatePage(command *cobra.Command, page *scenarios.Page, path string, report *scenarios.Report) error {
	updated, err := page.Update(report.Outputs)
	if err != nil {
		return failure{err.Error()}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		return failure{err.Error()}
	}
	if bytes.Equal(before, updated) {
		fmt.Fprintf(command.ErrOrStderr(), "%s: nothing to update\n", path)
		return nil
	}
	if err := os.WriteFile(path, updated, 0o644); err != nil {
		return failure{err.Error()}
	}
	fmt.Fprintf(command.ErrOrStderr(), "%s: updated\n", path)
	return nil
}

// openPage finds a built-in scenario by its name, or reads a page; path is empty for a built-in one.
func openPage(name string) (page *scenarios.Page, path string, err error) {
	if !strings.HasSuffix(name, ".md") && !strings.ContainsAny(name, `/\`) {
		page, err = scenarios.Open(name)
		return page, "", err
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("there is no page %s\nhint: stsim list shows the built-in scenarios", name)
	} else if err != nil {
		return nil, "", err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, scenarios.MaxPageSize+1))
	if err != nil {
		return nil, "", err
	}
	page, err = scenarios.Parse(name, data)
	return page, name, err
}
