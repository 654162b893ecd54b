package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/stsim/stsim/scenarios"
)

// lineEditor reads lines from a terminal, with the keys that people know from a shell: arrows, Home and End, the lines before with Up, Tab to complete.
type lineEditor struct {
	keys     *keys
	terminal *term.Terminal
	past     *lineHistory
	complete func(begun string) (from int, candidates []string)
}

func newLineEditor(keyboard, screen *os.File) *lineEditor {
	e := &lineEditor{keys: &keys{keyboard: keyboard, screen: screen}, past: &lineHistory{}}
	e.renew()
	return e
}

// renew begins with nothing typed.
func (e *lineEditor) renew() {
	e.terminal = term.NewTerminal(e.keys, "")
	e.terminal.History = e.past
	e.terminal.AutoCompleteCallback = e.key
}

func (e *lineEditor) line(ctx context.Context, ask scenarios.Ask) (string, error) {
	keyboard, screen := int(e.keys.keyboard.Fd()), int(e.keys.screen.Fd())
	cooked, err := term.MakeRaw(keyboard)
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(keyboard, cooked) }()
	if width, height, err := term.GetSize(screen); err == nil && width > 0 {
		_ = e.terminal.SetSize(width, height)
	}
	if ask.Shown {
		fmt.Fprint(e.keys.screen, "\r\x1b[2K") // the editor writes it anew
		ask.Prompt = "  " + ask.Prompt
	}
	e.complete, e.past.deaf, e.keys.givenUp = ask.Complete, ask.Shown, false
	if ask.Suggest != "" {
		e.past.Add(ask.Suggest)
	}
	e.terminal.SetPrompt(ask.Prompt)
	type read struct {
		line string
		err  error
	}
	came := make(chan read, 1)
	go func() {
		line, err := e.terminal.ReadLine()
		came <- read{line, err}
	}()
	select {
	case got := <-came:
		switch {
		case e.keys.givenUp:
			return "", scenarios.ErrGivenUp
		case got.err == term.ErrPasteIndicator:
			got.err = nil
		case got.err != nil:
			fmt.Fprint(e.keys.screen, "\r\n")
			e.renew() // Ctrl-D is in it still
		}
		return got.line, got.err
	case <-ctx.Done():
		fmt.Fprint(e.keys.screen, "\r\n")
		return "", ctx.Err()
	}
}

// key completes the word before the cursor when it is Tab: as far as all candidates agree, and if that is no further, it shows them.
func (e *lineEditor) key(line string, at int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	if e.complete == nil {
		return line, at, true
	}
	from, candidates := e.complete(line[:at])
	if len(candidates) == 0 {
		return line, at, true
	}
	common := candidates[0]
	for _, candidate := range candidates[1:] {
		for !strings.HasPrefix(candidate, common) {
			common = common[:len(common)-1]
		}
	}
	if len(candidates) == 1 && !strings.HasSuffix(common, "/") && !strings.HasSuffix(common, "=") && (at == len(line) || line[at] != ' ') {
		common += " "
	}
	if common == line[from:at] {
		width, _, _ := term.GetSize(int(e.keys.screen.Fd()))
		_, _ = e.terminal.Write([]byte(columns(candidates, width)))
	}
	return line[:from] + common + line[at:], from + len(common), true
}

// maxCandidates is how many candidates are shown.
const maxCandidates = 60

// columns sets words side by side, as ls does.
func columns(words []string, width int) string {
	var text strings.Builder
	more := ""
	if len(words) > maxCandidates {
		more = fmt.Sprintf("and %d more\n", len(words)-maxCandidates)
		words = words[:maxCandidates]
	}
	widest := 0
	for _, word := range words {
		widest = max(widest, len(word))
	}
	across := max(1, (width+1)/(widest+2))
	down := (len(words) + across - 1) / across
	for row := range down {
		line := ""
		for at := row; at < len(words); at += down {
			line += fmt.Sprintf("%-*s  ", widest, words[at])
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return text.String() + more
}

// keys are what is typed, with Ctrl-C told apart from Ctrl-D: it empties the line and ends it.
type keys struct {
	keyboard, screen *os.File
	givenUp          bool // set while a line is read, and looked at when it was
}

// Read implements [io.Reader].
func (k *keys) Read(buffer []byte) (int, error) {
	const room = 2 // that Ctrl-C needs more
	if len(buffer) <= room {
		return k.keyboard.Read(buffer)
	}
	n, err := k.keyboard.Read(buffer[:len(buffer)-room])
	for i := range n {
		if buffer[i] == 3 {
			k.givenUp = true
			copy(buffer[i:], "\x05\x15\r") // to the end, empty the line, Enter; what was typed ahead is void
			return i + 3, err
		}
	}
	return n, err
}

// Write implements [io.Writer].
func (k *keys) Write(data []byte) (int, error) { return k.screen.Write(data) }

// lineHistory is the lines that were entered.
type lineHistory struct {
	lines []string // oldest first
	deaf  bool     // nothing is added: a program asks
}

// maxPast is how many lines are remembered.
const maxPast = 500

// Add implements [term.History].
func (p *lineHistory) Add(line string) {
	if p.deaf || strings.TrimSpace(line) == "" || strings.Contains(line, "\n") || len(p.lines) > 0 && p.lines[len(p.lines)-1] == line {
		return
	}
	p.lines = append(p.lines[max(0, len(p.lines)+1-maxPast):], line)
}

// Len implements [term.History].
func (p *lineHistory) Len() int { return len(p.lines) }

// At implements [term.History].
func (p *lineHistory) At(index int) string { return p.lines[len(p.lines)-1-index] }
