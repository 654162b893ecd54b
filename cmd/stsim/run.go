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
	manifests  []string
	update     bool
	check      bool
	step       bool
}

func newRun() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run SCENARIO|PAGE.md",
		Short: "Play a tutorial page on a simulated cluster and verify every output",
		Long: "Play a built-in scenario or a Markdown page of your own: every command in it is run on a simulated cluster and every\n" +
			"output is compared with what the page says. Exit status 1 when one differs.",
		Example: "  stsim run nginx\n  stsim run page.md -f web.yaml\n  stsim run page.md --update      write what was printed into the page\n  stsim run nginx --step          wait for Enter before every command",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, summary := range scenarios.Builtin() {
				names = append(names, summary.Name+"\t"+summary.Title)
			}
			return names, cobra.ShellCompDirectiveDefault
		},
		RunE: func(command *cobra.Command, args []string) error { return runPage(command, args[0], flags) },
	}
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "seed of everything that could go more than one way (default: the page's)")
	command.Flags().StringVar(&flags.kubernetes, "kubernetes", "", "Kubernetes release to simulate, e.g. 1.33 (default: the page's)")
	command.Flags().StringArrayVarP(&flags.manifests, "filename", "f", nil, "a file that the page's commands can read; may be given more than once")
	command.Flags().BoolVar(&flags.update, "update", false, "write what the commands printed into the page")
	command.Flags().BoolVar(&flags.check, "check", false, "check the promises of StatefulSets after every event")
	command.Flags().BoolVar(&flags.step, "step", false, "wait for Enter before every command")
	return command
}

func runPage(command *cobra.Command, name string, flags runFlags) error {
	page, path, err := openPage(name)
	if err != nil {
		return failure{err.Error()}
	}
	if flags.update && path == "" {
		return fmt.Errorf("--update needs the path of a page, and %q is built in\nhint: stsim run ./page.md --update", name)
	}
	for _, manifest := range flags.manifests {
		content, err := os.ReadFile(manifest)
		if err != nil {
			return failure{fmt.Sprintf("-f: %v", err)}
		}
		page.Manifests = append(page.Manifests, scenarios.File{Name: filepath.Base(manifest), Content: string(content)})
	}
	started := time.Now()
	out := bufio.NewWriter(command.OutOrStdout())
	options := scenarios.Options{Kubernetes: flags.kubernetes, Check: flags.check}
	if command.Flags().Changed("seed") {
		options.Seed = &flags.seed
	}
	width, terminal := terminalWidth(command.OutOrStdout())
	options.Printer = scenarios.NewPrinter(liveWriter{out, terminal}, scenarios.PrinterOptions{Width: width, Colour: terminal && os.Getenv("NO_COLOR") == ""})
	if flags.step {
		keys := bufio.NewScanner(command.InOrStdin())
		options.Step = func() bool {
			_ = out.Flush()
			fmt.Fprint(command.ErrOrStderr(), "  [Enter] ")
			return keys.Scan()
		}
	}
	report, err := scenarios.Run(command.Context(), page, options)
	flushed := out.Flush()
	if err != nil {
		return failure{err.Error()}
	}
	if flushed != nil {
		return failure{flushed.Error()}
	}
	fmt.Fprintf(command.ErrOrStderr(), "wall time %s\n", time.Since(started).Round(time.Millisecond))
	return conclude(command, page, path, report, flags)
}

// conclude writes the page back if asked to, and fails when something did not hold.
func conclude(command *cobra.Command, page *scenarios.Page, path string, report *scenarios.Report, flags runFlags) error {
	for _, broken := range report.Broken {
		fmt.Fprintln(command.ErrOrStderr(), broken)
	}
	if len(report.Broken) > 0 {
		return failure{fmt.Sprintf("%d promises did not hold", len(report.Broken))}
	}
	if errors.Is(command.Context().Err(), context.Canceled) {
		return failure{"interrupted"}
	}
	if flags.update {
		return updatePage(command, page, path, report)
	}
	if report.Failed > 0 {
		return failure{fmt.Sprintf("%d of %d commands did not do what the page says", report.Failed, report.Failed+report.Commands)}
	}
	if report.Stopped {
		return failure{"stopped before the end of the page"}
	}
	return nil
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

// liveWriter shows output as it comes when a person watches.
type liveWriter struct {
	to   *bufio.Writer
	live bool
}

// Write implements [io.Writer].
func (w liveWriter) Write(data []byte) (int, error) {
	n, err := w.to.Write(data)
	if err == nil && w.live {
		err = w.to.Flush()
	}
	return n, err
}
