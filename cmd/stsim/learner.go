package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/term"

	"github.com/stsim/stsim/scenarios"
)

// learner is the person at this terminal, or a script on standard input.
type learner struct {
	in     *bufio.Reader
	out    io.Writer
	echoes bool        // what they type shows by itself
	editor *lineEditor // nil: lines are read as they come

	mu    sync.Mutex
	press func() // what Ctrl-C does; nil: nothing runs
}

var _ scenarios.Learner = (*learner)(nil)

// newLearner gives the person, and the context in which they go through a page: with an editor, Ctrl-C ends what runs and not the page.
func newLearner(ctx context.Context, in io.Reader, out io.Writer) (*learner, context.Context, context.CancelFunc) {
	l := &learner{in: bufio.NewReader(in), out: out}
	keyboard, isFile := in.(*os.File)
	l.echoes = isFile && term.IsTerminal(int(keyboard.Fd()))
	if _, screen := terminalWidth(out); !l.echoes || !screen || os.Getenv("TERM") == "dumb" {
		ctx, cancel := context.WithCancel(ctx)
		return l, ctx, cancel
	}
	l.editor = newLineEditor(keyboard, out.(*os.File))
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	go func() {
		for received := range signals {
			if received == os.Interrupt {
				l.interrupt()
			} else {
				cancel()
			}
		}
	}()
	return l, inner, cancel
}

func (l *learner) interrupt() {
	l.mu.Lock()
	press := l.press
	l.mu.Unlock()
	if press != nil {
		press()
	}
}

// OnInterrupt implements [scenarios.Learner].
func (l *learner) OnInterrupt(press func()) (stop func()) {
	set := func(press func()) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.press = press
	}
	set(press)
	return func() { set(nil) }
}

// Echoes implements [scenarios.Learner].
func (l *learner) Echoes() bool { return l.echoes }

// Line implements [scenarios.Learner].
func (l *learner) Line(ctx context.Context, ask scenarios.Ask) (string, error) {
	if l.editor != nil {
		return l.editor.line(ctx, ask)
	}
	if !ask.Shown {
		fmt.Fprint(l.out, ask.Prompt)
	}
	type read struct {
		line string
		err  error
	}
	came := make(chan read, 1)
	go func() {
		line, err := l.in.ReadString('\n')
		came <- read{line, err}
	}()
	select {
	case got := <-came:
		line := strings.TrimRight(got.line, "\r\n")
		if got.err != nil && line == "" {
			if !ask.Shown {
				fmt.Fprintln(l.out)
			}
			return "", io.EOF
		}
		if !ask.Shown && !l.echoes {
			fmt.Fprintln(l.out, line) // so that what is printed reads like what happened
		}
		return line, nil
	case <-ctx.Done():
		fmt.Fprintln(l.out)
		return "", ctx.Err()
	}
}

// flushing is a person to whom everything is shown before they are asked.
type flushing struct {
	*learner
	shown *bufio.Writer
}

// Line implements [scenarios.Learner].
func (f flushing) Line(ctx context.Context, ask scenarios.Ask) (string, error) {
	if err := f.shown.Flush(); err != nil {
		return "", err
	}
	return f.learner.Line(ctx, ask)
}
