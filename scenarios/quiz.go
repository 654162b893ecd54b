package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// QuizOptions say what is asked.
type QuizOptions struct {
	Questions int    // at most; fewer when the page has fewer good ones
	Seed      uint64 // chooses them
}

// Score is what became of a quiz.
type Score struct {
	Asked   int // questions that were put
	Right   int // answered without a hint
	Hinted  int // answered with one
	Given   int // shown or skipped
	Stopped bool
}

// Passed says whether two thirds of the points were reached: one for an answer, half a one with a hint.
func (s *Score) Passed() bool {
	return !s.Stopped && 3*(2*s.Right+s.Hinted) >= 2*2*s.Asked
}

// String says how it went in a few words.
func (s *Score) String() string {
	text := fmt.Sprintf("%d of %d answered", s.Right+s.Hinted, s.Asked)
	if s.Hinted > 0 {
		text += fmt.Sprintf(", %d with a hint", s.Hinted)
	}
	return text
}

// Quiz plays a page and leaves some of its commands to a person. They are told what is to come of a command, and type any commands, on a copy of the
// cluster, until the same has come of theirs; which ones does not matter. Then the page goes on with its own, so that whatever they try it does what it says.
func Quiz(ctx context.Context, page *Page, options Options, what QuizOptions) (*Score, *Report, error) {
	chosen := questionsOf(page, what.Questions, what.Seed)
	if len(chosen) == 0 {
		return nil, nil, fmt.Errorf("%s: expected commands that make good questions, found none\nhint: <!-- quiz good --> before a transcript says that its commands do", page.Name)
	}
	r, err := newRunner(page, options)
	if err != nil {
		return nil, nil, err
	}
	defer func() { r.session.close() }()
	q := &quiz{walk: newWalk(r, options.Learner), chosen: map[int]bool{}, total: len(chosen), score: &Score{}}
	for _, index := range chosen {
		q.chosen[index] = true
	}
	r.guide = q
	err = r.run(ctx)
	q.score.Stopped = r.report.Stopped
	return q.score, r.report, err
}

// quiz is the guide that asks questions.
type quiz struct {
	*walk
	chosen map[int]bool // steps, by index
	total  int          // questions
	score  *Score
}

// quizWords are what can be typed besides commands.
var quizWords = [][2]string{
	{"COMMAND", "any command: kubectl, curl, dig, ...; it is tried on a copy of the cluster"},
	{"hint", "the beginning of the command, then what it is about, then all of it"},
	{"undo", "forget what you have tried for this question"},
	{"show", "the answer; the question does not count as answered"},
	{"skip", "the same"},
	{"why KIND/NAME", "what holds an object up"},
	{"quit", "leave; so does Ctrl-D. Ctrl-C ends a command that runs"},
}

// after implements [guide]. What a command of the page changes is not told: it may be the answer to a question to come.
func (q *quiz) after() {}

// stop implements [guide].
func (q *quiz) stop(ctx context.Context, step *Step) (move, error) {
	if !q.chosen[step.Index] {
		q.printer.Command(step)
		return runIt, nil
	}
	question, err := q.question(ctx, step)
	if err != nil {
		return endIt, err
	}
	if question == nil {
		q.total--
		q.printer.Command(step)
		return runIt, nil
	}
	q.score.Asked++
	q.put(question)
	answered, err := q.answers(ctx, question)
	q.drop()
	if err != nil || !answered {
		question.answer.close()
		return endIt, err
	}
	q.printer.Command(step)
	q.printer.Output(strings.Join(append(question.result.printed, ""), "\n"))
	*q.watch = question.watch.copy()
	q.adopt(question.answer)
	q.account(step, question.result)
	return wasRun, nil
}

// put asks the question.
func (q *quiz) put(question *question) {
	q.printer.gap()
	q.printer.line(q.printer.paint(bold, fmt.Sprintf("Question %d of %d", q.score.Asked, q.total)))
	if len(question.goal) > 0 {
		q.printer.Note("What makes this happen?")
		q.printer.Changes(question.goal)
	} else {
		q.printer.Note("Which command shows this?")
		shown := question.result.printed
		if more := len(shown) - maxAsked; more > 1 {
			shown = append(append([]string{}, shown[:maxAsked]...), fmt.Sprintf("... (%d more lines)", more))
		}
		q.printer.Output(strings.Join(shown, "\n") + "\n")
	}
	if q.score.Asked == 1 {
		q.printer.Note("Any commands will do, on a copy of the cluster; hint, show, skip, undo, help, quit.")
	}
}

// maxAsked is how many lines of an output a question shows.
const maxAsked = 10

// answers takes lines until the question is answered or given up; false when the person leaves.
func (q *quiz) answers(ctx context.Context, question *question) (bool, error) {
	hinted, told := 0, hints(question.step.Command)
	for {
		line, err := q.learner.Line(ctx, Ask{Prompt: fmt.Sprintf("%d/%d ? > ", q.score.Asked, q.total), Complete: q.complete})
		switch {
		case errors.Is(err, ErrGivenUp):
			continue
		case errors.Is(err, io.EOF), err != nil && ctx.Err() != nil:
			return false, nil
		case err != nil:
			return false, err
		}
		switch line = strings.TrimSpace(line); line {
		case "":
		case "help", "?":
			q.printer.Help(quizWords)
		case "quit", "exit":
			return false, nil
		case "show", "skip":
			q.score.Given++
			return true, nil
		case "hint":
			q.printer.Note(told[min(hinted, len(told)-1)])
			hinted++
		case "undo":
			q.printer.Note(pick(q.trial == nil, "(you have tried nothing here)", "(forgotten)"))
			q.drop()
		default:
			verdict, err := q.try(ctx, question, line)
			if err != nil {
				return false, err
			}
			if verdict != nil {
				q.printer.Note(verdict[0])
				q.printer.Changes(verdict[1:])
				continue
			}
			q.count(hinted, len(told))
			return true, nil
		}
	}
}

// count counts an answer. Whoever has been told all of it has not answered.
func (q *quiz) count(hinted, hints int) {
	switch {
	case hinted == 0:
		q.score.Right++
		q.printer.Right("Right.")
	case hinted < hints:
		q.score.Hinted++
		q.printer.Right("Right, with a hint.")
	default:
		q.score.Given++
		q.printer.Right("Right; it was given away.")
	}
}

// try runs a command of the person's on the copy and judges what has come of all that they have tried. It gives nil when that is the answer; else the
// first line says how things are, and the others what is missing.
func (q *quiz) try(ctx context.Context, question *question, line string) (missing []string, err error) {
	if q.trial == nil {
		if q.trial, err = question.base.session(q.printer.Output); err != nil {
			return nil, err
		}
	}
	var asked looks
	q.trial.host.asked = asked.add
	err = q.trial.ask(ctx, line, q.learner, q.printer, q.page.FrontMatter.ThinkTime)
	if err != nil {
		return nil, err
	}
	q.printer.EndOutput()
	return question.judge(q.trial, asked.take(), q.page.FrontMatter.Normalise), nil
}

// settleTime is how long clusters are given, in virtual time, to come to what they will be, before they are compared.
const settleTime = 10 * time.Minute
