package scenarios

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// MaxProseWidth is how wide prose is set even on a wide terminal: longer lines are hard to read.
const MaxProseWidth = 80

// minProseWidth keeps prose readable when the terminal says it is tiny.
const minProseWidth = 20

// Printer shows a page while it runs. Its methods are called in the order of the page's blocks:
//
//	Title, then for each block Prose, File, Directive, or for each step Command, Output (as often as needed), Verdict; at the end Summary
//
// The same calls give the same bytes, with colour codes only if asked for; text from the page and from programs is stripped of
// control characters, so it cannot move the cursor. Outputs are never wrapped or cut: they are what the reader will see.
type Printer struct {
	writer  io.Writer
	width   int
	colour  bool
	started bool   // something was written, so that the next block needs a blank line above it
	open    bool   // output has begun a line and not ended it
	echo    string // what is printed next and is seen already
	err     error
}

// PrinterOptions say what the page is shown on.
type PrinterOptions struct {
	Width  int  // columns of the terminal; 0: unknown, then MaxProseWidth
	Colour bool // the terminal understands colours
}

// NewPrinter gives a Printer that writes to writer.
func NewPrinter(writer io.Writer, options PrinterOptions) *Printer {
	width := options.Width
	if width <= 0 || width > MaxProseWidth {
		width = MaxProseWidth
	}
	return &Printer{writer: writer, width: max(width, minProseWidth), colour: options.Colour}
}

// Err is the first error of the writer. After it nothing more is written.
func (p *Printer) Err() error { return p.err }

// Title begins a run with the page's title and what it teaches. A page with neither gets nothing.
func (p *Printer) Title(page *Page) {
	if title := clean(page.FrontMatter.Title); title != "" {
		p.gap()
		p.line(p.paint(bold, title))
		p.line(strings.Repeat("=", textWidth(title)))
	}
	if len(page.FrontMatter.Teaches) > 0 {
		p.gap()
		for _, item := range page.FrontMatter.Teaches {
			for i, line := range p.wrap(plainWords(item), p.width-2) {
				p.line(pick(i == 0, "- ", "  ") + line)
			}
		}
	}
}

// Prose shows Markdown.
func (p *Printer) Prose(markdown string) {
	lines := p.renderProse(markdown)
	if len(lines) == 0 {
		return
	}
	p.gap()
	for _, line := range lines {
		p.line(line)
	}
}

// File shows a file of the page: its name, and below it the content behind a bar.
func (p *Printer) File(file *File) {
	p.gap()
	p.line("  " + p.paint(bold, clean(file.Name)))
	for _, line := range strings.Split(strings.TrimSuffix(file.Content, "\n"), "\n") {
		p.line(strings.TrimRight("  "+p.paint(dim, "|")+" "+clean(line), " "))
	}
}

// Directive says in plain words what happens between two commands, and the virtual time after it. A Verdict follows a check.
func (p *Printer) Directive(directive *Directive, clock time.Duration) {
	var text string
	switch directive.Word {
	case Advance:
		text = FormatDuration(directive.Duration) + " of virtual time pass"
	case Befall:
		text = directive.Fault.Told()
	case At:
		text = "until " + FormatDuration(directive.Duration)
	case Question:
		return
	case Breaks:
		p.gap()
		p.line("  " + p.paint(dim, "breaks") + " " + p.paint(bold, clean(directive.Sentence)))
		return
	case Check:
		p.gap()
		p.line("  " + p.paint(dim, "check") + " " + p.paint(bold, clean(directive.Check)))
		return
	}
	p.gap()
	p.line("  " + p.paint(dim, "("+clean(text)+")  "+clockText(clock)))
}

// Command shows a command behind its prompt, as the page has it.
func (p *Printer) Command(step *Step) {
	p.gap()
	for i, line := range strings.Split(step.Command, "\n") {
		p.line("  " + p.paint(dim, pick(i == 0, "$", ">")) + " " + p.paint(bold, clean(line)))
	}
}

// Output shows output as it comes, which may be any part of a line or many lines. What a person types belongs to it, the
// "^C" that ends a command too.
func (p *Printer) Output(text string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if seen := commonPrefix(text, p.echo); seen > 0 {
		text, p.echo = text[seen:], p.echo[seen:]
	}
	for text != "" {
		p.echo = ""
		line, rest, ended := strings.Cut(text, "\n")
		line = clean(line)
		if !p.open && line != "" {
			line = "  " + line
		}
		p.write(line + pick(ended, "\n", ""))
		p.open = !ended && (p.open || line != "")
		text = rest
	}
}

func commonPrefix(a, b string) (n int) {
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// Verdict ends a step or a check: a mark, the virtual time since the page began, and if it failed, why. reason may have
// several lines; it is ignored when ok.
func (p *Printer) Verdict(ok bool, clock time.Duration, reason string) {
	p.EndOutput()
	if ok {
		p.line(p.paint(green, "✓") + " " + p.paint(dim, clockText(clock)))
		return
	}
	p.line(p.paint(red, "✗") + " " + p.paint(dim, clockText(clock)))
	for _, line := range strings.Split(strings.TrimRight(reason, "\n"), "\n") {
		p.line(strings.TrimRight("  "+clean(line), " "))
	}
}

// Result counts what a run came to.
type Result struct {
	Commands int           // whose output and exit status were as the page says
	Checks   int           // checks that held
	Failed   int           // commands and checks that did not
	Breaches int           // promises that did not hold
	Virtual  time.Duration // virtual time from the page's begin to its end
}

// Summary ends a run with one line: "28 commands verified, 12m40s of virtual time".
func (p *Printer) Summary(result Result) {
	p.gap()
	text := count(result.Commands, "command") + " verified"
	if result.Checks > 0 {
		text = count(result.Commands, "command") + " and " + count(result.Checks, "check") + " verified"
	}
	mark := p.paint(green, "✓")
	if result.Failed > 0 {
		mark = p.paint(red, "✗")
		text += fmt.Sprintf(", %d failed", result.Failed)
	}
	if result.Breaches > 0 {
		mark = p.paint(red, "✗")
		text += ", " + count(result.Breaches, "promise") + " did not hold"
	}
	p.line(mark + " " + text + ", " + FormatDuration(result.Virtual) + " of virtual time")
}

func count(n int, what string) string {
	return fmt.Sprintf("%d %s%s", n, what, pick(n == 1, "", "s"))
}

// FormatDuration shows a stretch of virtual time to the second, from days to seconds, without parts that are zero: 2d4h, 12m40s, 5s, 0s.
// Below a second it is to the millisecond: 250ms.
func FormatDuration(duration time.Duration) string {
	if duration < 0 {
		return "-" + FormatDuration(-duration)
	}
	if duration > 0 && duration < time.Second {
		return duration.Round(time.Millisecond).String()
	}
	seconds := int64(duration / time.Second)
	text := ""
	for _, unit := range []struct {
		seconds int64
		name    string
	}{{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := seconds / unit.seconds; n > 0 {
			text += fmt.Sprintf("%d%s", n, unit.name)
			seconds %= unit.seconds
		}
	}
	return pick(text == "", "0s", text)
}

func clockText(clock time.Duration) string { return "+" + FormatDuration(clock) }

// gap puts a blank line above a block, except the first.
func (p *Printer) gap() {
	p.EndOutput()
	if p.started {
		p.write("\n")
	}
	p.started = true
}

func (p *Printer) line(text string) { p.write(text + "\n") }

func (p *Printer) write(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.writer, text)
	}
}

// colours by their code in an SGR sequence.
const (
	bold   = "1"
	dim    = "2"
	italic = "3"
	red    = "31"
	green  = "32"
	cyan   = "36"
)

func (p *Printer) paint(colour, text string) string {
	if !p.colour || colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// clean drops control characters except tabs, and terminal sequences as a whole.
func clean(text string) string {
	var kept strings.Builder
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		if runes[i] == 0x1b {
			i = endOfSequence(runes, i)
			continue
		}
		if runes[i] == '\t' || !unicode.IsControl(runes[i]) {
			kept.WriteRune(runes[i])
		}
	}
	return kept.String()
}

// endOfSequence gives the index of the last character of the terminal sequence that begins at start: ESC [ parameters letter,
// or ESC and one character.
func endOfSequence(runes []rune, start int) int {
	end := start + 1
	if end >= len(runes) || runes[end] != '[' {
		return end
	}
	for end++; end < len(runes) && (runes[end] < '@' || runes[end] > '~'); end++ {
	}
	return end
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
