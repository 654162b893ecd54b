package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write CLI.md anew")

// CLI.md is made from the commands themselves, so it cannot say something else.
func TestTheReferenceIsUpToDate(t *testing.T) {
	root := newRoot()
	root.InitDefaultCompletionCmd()
	var reference strings.Builder
	reference.WriteString("# The commands of stsim\n\nGenerated from the commands; `go test ./cmd/stsim -run Reference -update` writes it anew.\n\n" +
		"Results come on standard output, progress and diagnostics on standard error. Exit status 0: all is well; 1: a check failed, or something went\n" +
		"wrong; 2: the command line is wrong. Colours are used on a terminal, and not when `NO_COLOR` is set.\n")
	describe(&reference, root)
	want := reference.String()
	if *update {
		if err := os.WriteFile("CLI.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile("CLI.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(found) != want {
		t.Error("CLI.md is stale\nhint: go test ./cmd/stsim -run Reference -update, then read the diff")
	}
}

// describe writes the section of a command, and those of the commands below it.
func describe(out *strings.Builder, command *cobra.Command) {
	if command.Hidden || command.Name() == "help" {
		return
	}
	command.InitDefaultHelpFlag()
	fmt.Fprintf(out, "\n## %s\n\n%s.\n", command.CommandPath(), strings.TrimSuffix(command.Short, "."))
	if command.Runnable() {
		fmt.Fprintf(out, "\n    %s\n", command.UseLine())
	}
	if command.Name() == "completion" { // cobra's, with a page for each shell
		fmt.Fprintf(out, "\nOne of %s; `stsim completion SHELL --help` says how to load it.\n", strings.Join(names(command.Commands()), ", "))
		return
	}
	if command.Long != "" {
		fmt.Fprintf(out, "\n%s\n", command.Long)
	}
	if command.Example != "" {
		fmt.Fprintf(out, "\nExamples:\n\n%s\n", indent(command.Example))
	}
	if flags := command.NonInheritedFlags().FlagUsages(); flags != "" {
		fmt.Fprintf(out, "\nFlags:\n\n%s\n", indent(strings.TrimRight(flags, "\n")))
	}
	for _, below := range command.Commands() {
		describe(out, below)
	}
}

func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("    "+strings.TrimPrefix(line, "  "), " ")
	}
	return strings.Join(lines, "\n")
}

func names(commands []*cobra.Command) (names []string) {
	for _, command := range commands {
		names = append(names, command.Name())
	}
	return names
}

// Every command says what it does, shows an example, and answers --help.
func TestHelp(t *testing.T) {
	root := newRoot()
	for _, command := range root.Commands() {
		if command.Short == "" || command.Example == "" {
			t.Errorf("%s has no description or no example", command.CommandPath())
		}
		if command.DisableFlagParsing {
			continue
		}
		var out, errs bytes.Buffer
		if code := execute(t.Context(), []string{command.Name(), "--help"}, strings.NewReader(""), &out, &errs); code != 0 || errs.Len() > 0 || !strings.Contains(out.String(), "Examples:") {
			t.Errorf("%s --help: %d %s%s", command.CommandPath(), code, out.String(), errs.String())
		}
	}
}
