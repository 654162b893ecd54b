package scenarios

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// printWhole shows a page as a run in which everything is as expected and nothing takes time except directives.
func printWhole(page *Page, options PrinterOptions) string {
	var shown bytes.Buffer
	printer := NewPrinter(&shown, options)
	printer.Title(page)
	clock := time.Duration(0)
	for _, block := range page.Blocks {
		switch block := block.(type) {
		case *Prose:
			printer.Prose(block.Text)
		case *File:
			printer.File(block)
		case *Directive:
			clock += block.Duration
			printer.Directive(block, clock)
			if block.Word == Check {
				printer.Verdict(true, clock, "")
			}
		case *Console:
			for _, step := range block.Steps {
				printer.Command(step)
				for _, line := range step.Expected {
					printer.Output(line.Text + "\n")
				}
				if step.Interrupt {
					printer.Output("^C\n")
				}
				printer.Verdict(true, clock, "")
			}
		}
	}
	printer.Summary(Result{Commands: len(page.Steps()), Virtual: clock})
	return shown.String()
}

var update = flag.Bool("update", false, "write the golden files of this package anew")

// The files in testdata show how a page looks: plain as in a pipe, and on a terminal with colours (ESC written as ^[).
func TestPrint(t *testing.T) {
	source, err := os.ReadFile("testdata/printed.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := Parse("printed.md", source)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/printed.txt", printWhole(page, PrinterOptions{Width: 70}))
	golden(t, "testdata/printed-colour.txt", strings.ReplaceAll(printWhole(page, PrinterOptions{Colour: true}), "\x1b", "^["))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// No line is wider than the terminal, in any width, except what must not be wrapped.
func TestPrintWidth(t *testing.T) {
	text := "# A heading that is rather long for a small terminal\n\n" + strings.Repeat("some words in *a row* ", 20) +
		"\n\n- one\n  - two " + strings.Repeat("and 텍스트 ", 20) + "\n\n> " + strings.Repeat("said ", 30)
	for width := 30; width <= MaxProseWidth; width++ {
		var shown bytes.Buffer
		NewPrinter(&shown, PrinterOptions{Width: width}).Prose(text)
		for _, line := range strings.Split(shown.String(), "\n") {
			if textWidth(line) > width {
				t.Fatalf("%d columns in a terminal of %d: %q", textWidth(line), width, line)
			}
		}
	}
}

// Output comes in pieces that know nothing of lines; programs may send terminal sequences.
func TestPrintOutput(t *testing.T) {
	step := &Step{Command: "a\x1b[2J"}
	tables := []struct {
		pieces []string
		shown  string
	}{
		{[]string{"one\ntwo\n"}, "  one\n  two\n"},
		{[]string{"o", "ne\nt", "wo"}, "  one\n  two\n"},
		{[]string{"one\r\n\n", "two\n"}, "  one\n\n  two\n"},
		{[]string{"\x1b[31mred\x1b[0m\x07\n\ta\n", "\x1b"}, "  red\n  \ta\n"},
		{[]string{""}, ""},
	}
	for _, test := range tables {
		var shown bytes.Buffer
		printer := NewPrinter(&shown, PrinterOptions{})
		printer.Command(step)
		for _, piece := range test.pieces {
			printer.Output(piece)
		}
		printer.Verdict(true, 5*time.Second, "")
		if got, want := shown.String(), "  $ a\n"+test.shown+"✓ +5s\n"; got != want {
			t.Errorf("%q: got %q, wanted %q", test.pieces, got, want)
		}
	}
}

func TestPrintFailure(t *testing.T) {
	var shown bytes.Buffer
	printer := NewPrinter(&shown, PrinterOptions{})
	printer.Command(&Step{Command: "a"})
	printer.Output("b")
	_, diff := Match([]Line{{9, "c"}}, []string{"b"}, nil)
	printer.Verdict(false, time.Minute, diff.Text("p.md", &Step{EndLine: 8}))
	printer.Summary(Result{Commands: 1, Checks: 1, Failed: 1, Virtual: time.Minute})
	want := `  $ a
  b
✗ +1m
  p.md:9: the output is not what the page says (- expected, + printed)
    p.md:9  - c
            + b

✗ 1 command and 1 check verified, 1 failed, 1m of virtual time
`
	if diff := cmp.Diff(want, shown.String()); diff != "" {
		t.Error(diff)
	}
}

type brokenWriter struct{ writes int }

func (w *brokenWriter) Write([]byte) (int, error) {
	w.writes++
	return 0, errors.New("broken pipe")
}

func TestPrintToNobody(t *testing.T) {
	writer := &brokenWriter{}
	printer := NewPrinter(writer, PrinterOptions{})
	printer.Prose("one\n\ntwo")
	if printer.Err() == nil || writer.writes != 1 {
		t.Errorf("error %v after %d writes", printer.Err(), writer.writes)
	}
}

func TestFormatDuration(t *testing.T) {
	for duration, want := range map[time.Duration]string{
		0: "0s", 250 * time.Millisecond: "250ms", 1900 * time.Millisecond: "1s", 760 * time.Second: "12m40s", 2 * time.Hour: "2h",
		52 * time.Hour: "2d4h", -time.Minute: "-1m",
	} {
		if got := FormatDuration(duration); got != want {
			t.Errorf("%d: %q, wanted %q", duration, got, want)
		}
	}
}

// A table that is too wide breaks its cells between words; a word that is too long stays whole.
func TestTableFits(t *testing.T) {
	page, err := Parse("p.md", []byte("| what | form |\n|---|---|\n| the domain of it | a.`b c`.d |\n| x | |\n| | one two three four five six seven eight nine |\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"what              form",
		"----------------  ----------------------",
		"the domain of it  a.`b c`.d",
		"x",
		"                  one two three four",
		"                  five six seven eight",
		"                  nine", ""}, "\n")
	if shown := printWhole(page, PrinterOptions{Width: 40}); !strings.HasPrefix(shown, want) {
		t.Errorf("got\n%s\nwanted\n%s", shown, want)
	}
}
