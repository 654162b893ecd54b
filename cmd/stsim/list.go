package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
	"github.com/stsim/stsim/sim/api"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:   "list [SCENARIO|LEVEL]...",
		Short: "List the built-in scenarios by level",
		Long: "List the built-in scenarios, the easiest first, with the number of their commands. With names or levels (beginner, intermediate, advanced) it also\n" +
			"says what those teach; the beginning of names is enough.",
		Example:           "  stsim list\n  stsim list nginx        what it teaches\n  stsim list beginner     what all pages for beginners teach\n  stsim list dns          the same for all whose names begin with dns",
		ValidArgsFunction: completeList,
		RunE: func(command *cobra.Command, args []string) error {
			chosen, err := choosePages(scenarios.Builtin(), args)
			if err != nil {
				return failure{err.Error()}
			}
			width, terminal := terminalWidth(command.OutOrStdout())
			out := bufio.NewWriter(command.OutOrStdout())
			printer := scenarios.NewPrinter(out, scenarios.PrinterOptions{Width: width, Colour: terminal && colours()})
			printer.List(chosen, len(args) > 0)
			if len(args) == 0 {
				printer.Prose("`stsim list NAME` says what a page teaches, `stsim run NAME` plays it, with `--step` a command at a time, and `stsim quiz NAME` asks you for some of its commands.")
			}
			return out.Flush()
		},
	}
}

// choosePages gives those of the pages that the words mean: names, beginnings of names, levels. Without words it gives all.
func choosePages(pages []scenarios.Summary, words []string) (chosen []scenarios.Summary, err error) {
	if len(words) == 0 {
		return pages, nil
	}
	means := func(word string, page scenarios.Summary) bool {
		if slices.ContainsFunc(pages, func(page scenarios.Summary) bool { return page.Name == word }) {
			return page.Name == word
		}
		return word != "" && (word == string(page.Level) || strings.HasPrefix(page.Name, word))
	}
	for _, page := range pages {
		if slices.ContainsFunc(words, func(word string) bool { return means(word, page) }) {
			chosen = append(chosen, page)
		}
	}
	for _, word := range words {
		if !slices.ContainsFunc(pages, func(page scenarios.Summary) bool { return means(word, page) }) {
			hint := "stsim list shows all scenarios"
			if near, found := api.Nearest(word, listWords(pages)); found {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, fmt.Errorf("expected a scenario or a level, found %q\nhint: %s", word, hint)
		}
	}
	return chosen, nil
}

// listWords are the levels and the names.
func listWords(pages []scenarios.Summary) (words []string) {
	for _, level := range scenarios.Levels() {
		words = append(words, string(level))
	}
	for _, page := range pages {
		words = append(words, page.Name)
	}
	return words
}

func completeList(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, level := range scenarios.Levels() {
		words = append(words, string(level))
	}
	return append(words, pageNames()...), cobra.ShellCompDirectiveNoFileComp
}

// pageNames are the built-in pages for the completion of a shell, each with its title.
func pageNames() (names []string) {
	for _, summary := range scenarios.Builtin() {
		names = append(names, summary.Name+"\t"+summary.Title)
	}
	return names
}
