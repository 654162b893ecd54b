package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
)

type quizFlags struct {
	questions int
	seed      uint64
	files     []string
}

// maxQuestions bounds --questions: nobody answers more in one go.
const maxQuestions = 100

func newQuiz() *cobra.Command {
	var flags quizFlags
	command := &cobra.Command{
		Use:   "quiz SCENARIO|PAGE.md",
		Short: "Play a page and leave some of its commands to you",
		Long: "Play a built-in scenario or a page of your own, and leave some of its commands to the person: it says what is to come of them, and takes any\n" +
			"commands until the same has come of those. What counts is the state of the cluster, the files in volumes and the names in DNS, and not the text that\n" +
			"was typed; where the page only looks, it is enough to look at the same objects, or to have the same lines printed. Everything is tried on a copy of the\n" +
			"cluster. hint says a part of the command, show all of it. Exit status 0: two thirds were answered, where an answer with a hint counts half.",
		Example: "  stsim quiz nginx\n  stsim quiz nginx --questions 3\n  stsim quiz nginx --seed 2              other questions\n" +
			"  printf 'hint\\nkubectl get nodes\\nquit\\n' | stsim quiz nginx     answers from a script",
		Args:              onePage,
		ValidArgsFunction: completePage,
		RunE:              func(command *cobra.Command, args []string) error { return quizPage(command, args[0], flags) },
	}
	command.Flags().IntVar(&flags.questions, "questions", 6, "how many commands to ask for, at most")
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "chooses the questions")
	command.Flags().StringArrayVarP(&flags.files, "filename", "f", nil, "a file that the page's commands can read; may be given more than once")
	return command
}

// completePage offers the built-in pages, and files.
func completePage(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) > 0:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case strings.ContainsAny(begun, `./\`):
		return []string{"md"}, cobra.ShellCompDirectiveFilterFileExt
	}
	return pageNames(), cobra.ShellCompDirectiveDefault
}

func quizPage(command *cobra.Command, name string, flags quizFlags) error {
	if flags.questions < 1 || flags.questions > maxQuestions {
		return fmt.Errorf("--questions: expected 1 to %d, found %d", maxQuestions, flags.questions)
	}
	page, _, err := openPage(name)
	if err == nil {
		err = addFiles(page, flags.files)
	}
	if err != nil {
		return failure{err.Error()}
	}
	out := bufio.NewWriter(command.OutOrStdout())
	width, terminal := terminalWidth(command.OutOrStdout())
	person, ctx, leave := newLearner(command.Context(), command.InOrStdin(), command.OutOrStdout())
	defer leave()
	options := scenarios.Options{
		Printer: scenarios.NewPrinter(liveWriter{out, terminal}, scenarios.PrinterOptions{Width: width, Colour: terminal && colours()}), Learner: flushing{person, out},
	}
	score, report, err := scenarios.Quiz(ctx, page, options, scenarios.QuizOptions{Questions: flags.questions, Seed: flags.seed})
	if err := errors.Join(err, out.Flush()); err != nil {
		return failure{err.Error()}
	}
	switch {
	case ctx.Err() != nil:
		return failure{"interrupted"}
	case report.Failed > 0:
		return failure{fmt.Sprintf("%d of the page's own commands did not do what it says", report.Failed)}
	case score.Stopped:
		return failure{"left before the end: " + score.String()}
	case !score.Passed():
		return failure{score.String() + ": not passed, which takes two thirds\nhint: stsim run " + name + " --step goes through the page"}
	}
	fmt.Fprintln(command.OutOrStdout(), score.String()+": passed")
	return nil
}
