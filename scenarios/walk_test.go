package scenarios

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var questionsAsked = flag.Int("quiz.questions", 1, "of every built-in page")

var updateWalks = flag.Bool("update.walks", false, "write the transcripts of people who go through a page anew")

// script is a person who types what a transcript has behind the prompts that they are shown.
type script struct {
	lines []string // of the transcript, that are left
	out   io.Writer
	press func()
}

func (s *script) Echoes() bool { return false }

func (s *script) OnInterrupt(press func()) (stop func()) {
	s.press = press
	return func() { s.press = nil }
}

func (s *script) Line(ctx context.Context, ask Ask) (string, error) {
	prompt := ask.Prompt
	if ask.Shown {
		prompt = "  " + prompt
	} else {
		_, _ = io.WriteString(s.out, prompt)
	}
	for i, line := range s.lines {
		typed, found := strings.CutPrefix(line, prompt)
		if !found && strings.HasSuffix(prompt, " ") { // Enter alone, and an editor that takes spaces away
			typed, found = "", line == strings.TrimRight(prompt, " ")
		}
		if !found {
			continue
		}
		s.lines = s.lines[i+1:]
		switch typed {
		case "^D":
			_, _ = io.WriteString(s.out, pick(ask.Shown, "", "^D\n"))
			return "", io.EOF
		case "^C":
			_, _ = io.WriteString(s.out, "^C\n")
			return "", ErrGivenUp
		}
		if !ask.Shown {
			_, _ = io.WriteString(s.out, typed+"\n")
		}
		return typed, nil
	}
	return "", io.EOF
}

// Each transcript in testdata/walks is what a person sees who types what stands in it behind the prompts, on the page beside it.
func TestWalks(t *testing.T) {
	transcripts, err := filepath.Glob("testdata/walks/*.txt")
	if err != nil || len(transcripts) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, name := range transcripts {
		t.Run(filepath.Base(name), func(t *testing.T) {
			follow(t, name, func(page *Page, person Learner, printer *Printer) error {
				_, err := Run(t.Context(), page, Options{Learner: person, Printer: printer})
				return err
			})
		})
	}
}

// follow has a person do what a transcript says, and compares what they see.
func follow(t *testing.T, name string, do func(page *Page, person Learner, printer *Printer) error) {
	t.Helper()
	transcript, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	source := strings.TrimSuffix(name, ".txt") + ".md"
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	page, err := Parse(filepath.Base(source), data)
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	person := &script{lines: strings.Split(string(transcript), "\n"), out: &shown}
	if err := do(page, person, NewPrinter(&shown, PrinterOptions{})); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(shown.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	got := strings.Join(lines, "\n")
	if *updateWalks {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(transcript) {
		t.Errorf("%s is not what the person sees\nhint: go test ./scenarios -run %s -update.walks, then read the diff\n%s", name, t.Name(), got)
	}
}

// The same for people who answer questions.
func TestQuizzes(t *testing.T) {
	transcripts, err := filepath.Glob("testdata/quizzes/*.txt")
	if err != nil || len(transcripts) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, name := range transcripts {
		t.Run(filepath.Base(name), func(t *testing.T) {
			follow(t, name, func(page *Page, person Learner, printer *Printer) error {
				score, _, err := Quiz(t.Context(), page, Options{Learner: person, Printer: printer}, QuizOptions{Questions: 20, Seed: 1})
				if err == nil {
					printer.Note(score.String() + pick(score.Passed(), ": passed", ": not passed"))
				}
				return err
			})
		})
	}
}

// knower answers every question with the page's own command.
type knower struct {
	script
	at   func() *Step
	last *Step
}

func (k *knower) Line(_ context.Context, ask Ask) (string, error) {
	if ask.Shown {
		return "", io.EOF
	}
	if k.last == k.at() {
		return "show", nil
	}
	k.last = k.at()
	return k.last.Command, nil
}

// The page's own command answers every question of every built-in page. -quiz.questions=1000 asks all of them, which takes a minute or two.
func TestThePageKnowsTheAnswers(t *testing.T) {
	for _, name := range builtinNames() {
		t.Run(name, func(t *testing.T) {
			page, err := Open(name)
			if err != nil {
				t.Fatal(err)
			}
			var shown bytes.Buffer
			r, err := newRunner(page, Options{Printer: NewPrinter(&shown, PrinterOptions{})})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { r.session.close() }()
			q := &quiz{walk: newWalk(r, nil), chosen: map[int]bool{}, score: &Score{}}
			for _, index := range questionsOf(page, *questionsAsked, 1) {
				q.chosen[index] = true
			}
			know := &knower{}
			q.learner, r.options.Learner, r.guide = know, know, q
			q.total = len(q.chosen)
			know.at = func() *Step { return r.items[r.at].step }
			if err := r.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if q.score.Asked == 0 || q.score.Right != q.score.Asked {
				t.Errorf("%+v\n%s", q.score, shown.String())
			}
		})
	}
}
