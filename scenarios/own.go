package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// ownPatience is how long, in virtual time, a command of the person's own may print nothing while it waits for the cluster: a watch shows what happens, and
// then there is no more to see.
const ownPatience = 10 * time.Minute

// own runs a line that the person has typed themselves. What it asks for, they are asked. It ends by Ctrl-C, and when nothing more is going to
// happen; more says that the shell waits for the rest of the command.
func (s *session) own(ctx context.Context, line string, learner Learner, printer *Printer) (more bool, err error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		s.printed = append(s.printed, s.terminal.printed()...)
		s.terminal.begin()
	}()
	s.takePressed()
	t := &typist{ctx: running, session: s, learner: learner, printer: printer, heard: s.now()}
	var presses atomic.Int32
	defer learner.OnInterrupt(func() {
		if presses.Add(1) > 1 {
			cancel() // it does not end by being asked to
		}
		s.press()
	})()
	problem := ""
	client := func() {
		s.host.programs.calls = 0
		pauses := maxPauses
		_, problem, _ = s.performLine(running, line, &pauses)
		_, more = s.shell.Prompt()
	}
	rest, ended := s.door.Drive(client, maxCommandTime, t.attend)
	for rest != door.Done {
		if t.pressed || rest == door.Stuck {
			cancel()
			<-ended
			break
		}
		t.tire()
		rest, _ = s.door.Drive(func() { <-ended }, maxCommandTime, t.attend)
	}
	if problem != "" {
		fmt.Fprintf(s.terminal, "stsim: stopped: %s\n", problem)
	}
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case running.Err() != nil:
		return false, nil
	}
	return more, t.err
}

func (s *session) now() (now time.Time) {
	s.door.Do(func(cluster *sim.Cluster) { now = cluster.Now() })
	return now
}

// typist does what the person does while a command of their own runs.
type typist struct {
	ctx     context.Context
	session *session
	learner Learner
	printer *Printer
	lines   int       // printed when they last heard of it
	heard   time.Time // virtual
	pressed bool      // Ctrl-C was pressed for them
	err     error     // why they can be asked no more
}

// attend is called whenever everything that has happened was read and printed; it says whether somebody did something.
func (t *typist) attend() bool {
	if t.session.host.programs.publish() {
		t.session.call()
		return true
	}
	if t.session.terminal.overflowed() {
		t.tire()
		return true
	}
	if partial, waiting := t.session.terminal.asking(); waiting && t.err == nil {
		t.answer(partial)
		return true
	}
	if printed := len(t.session.terminal.printed()); printed != t.lines {
		t.lines, t.heard = printed, t.session.now()
	}
	if !t.pressed && t.session.now().Sub(t.heard) > ownPatience {
		t.tire()
		return true
	}
	return false
}

// tire presses Ctrl-C: there is no more to see.
func (t *typist) tire() {
	t.pressed = true
	t.session.press()
}

// answer asks the person for what a program asks for.
func (t *typist) answer(prompt string) {
	line, err := t.learner.Line(t.ctx, Ask{Prompt: prompt, Shown: true})
	switch {
	case err == nil:
		if t.learner.Echoes() {
			t.session.terminal.between(func() { t.printer.Typed(line) })
		}
		t.session.terminal.enter(line)
	case errors.Is(err, io.EOF):
		t.session.terminal.end()
	case errors.Is(err, ErrGivenUp):
		t.session.press()
		return
	default:
		t.err = err
		t.session.press()
		return
	}
	t.session.call()
}
