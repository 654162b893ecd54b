package scenarios

import (
	"context"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/kubectl"
	"github.com/stsim/stsim/storage"
)

// Bounds of one command.
const (
	// maxCommandTime is how much virtual time a command may wait for something: what a cluster has not done after a day it will not do.
	maxCommandTime = 24 * time.Hour
	// maxPauses is how often the shell may wait: for a sleep, for a kubectl, for something typed.
	maxPauses = 5000
)

// session is one person at one cluster: a terminal, a shell, files. The shell runs in a goroutine of its own while [door.Door.Drive] lets
// virtual time pass.
type session struct {
	door     *door.Door
	host     *host
	terminal *terminal
	shell    *shell.Process // used by the goroutine that runs a command
	printed  []string       // by what the person has asked for last

	mu      sync.Mutex
	wake    context.CancelFunc // ends the shell's rest
	release func()             // lets those go who wait for quiet
	pressed bool               // Ctrl-C was pressed and not handled yet
}

func newSession(cluster *sim.Cluster, show func(string)) (*session, error) {
	s, err := sessionWith(cluster, cluster.HostFiles(), show)
	if err != nil {
		return nil, err
	}
	s.startShell()
	s.terminal.begin()
	return s, nil
}

// sessionWith has files already, and no shell yet.
func sessionWith(cluster *sim.Cluster, files *storage.FileSystem, show func(string)) (*session, error) {
	d := door.New(cluster)
	client, err := kubectl.New(d)
	if err != nil {
		return nil, err
	}
	t := newTerminal(show)
	return &session{door: d, terminal: t, host: newHost(d, client, t, files), wake: func() {}, release: d.Hold()}, nil
}

// startShell starts the interactive shell that takes the commands of the page one after the other, so that variables and functions
// last. It has no prompts: the page has its own.
func (s *session) startShell() {
	s.shell = shell.Start(shell.Spec{
		Args: []string{"sh", "-i"}, Dir: home, TTY: true, Stdin: true, Builtins: true, User: "user", Process: shellProcess, Parent: 1,
		Env:    []string{"HOME=" + home, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "USER=user", "TERM=xterm", "PWD=" + home, "PS1="},
		Limits: shell.Limits{Output: maxCommandOutput - 1<<10}, // with room to say so,
	})
	s.enter("PS2=")
	s.turn()
}

// close ends whatever still runs in the background.
func (s *session) close() {
	s.host.programs.turn++
	s.host.programs.sweep()
	s.release()
}

// writeFile puts a file of the page where its commands run.
func (s *session) writeFile(file *File) error {
	name := path.Join(home, file.Name)
	if err := s.host.Files().MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	return s.host.files.WriteFile(name, []byte(file.Content), 0o644, storage.Write|storage.Create|storage.Truncate)
}

// outcome is what became of a command.
type outcome struct {
	printed     []string
	status      int
	interrupted bool
	problem     string // why it did not come to its end by itself; "" when it did
}

// run runs the command of a step, typing what the page types and interrupting it where the page does.
func (s *session) run(ctx context.Context, step *Step, normalisers Normalisers) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	person := &person{step: step, session: s, normalisers: normalisers}
	defer s.terminal.begin() // what the background prints from here on is above the next command's output
	result := outcome{}
	client := func() { result.status, result.problem = s.perform(ctx, step.Command) }
	rest, done := s.door.Drive(client, maxCommandTime, person.attend)
	if rest != door.Done {
		person.problem = restReason(rest, step)
	}
	if person.problem != "" {
		cancel()
	}
	<-done
	result.printed, result.interrupted = s.terminal.printed(), person.interrupted
	switch {
	case person.problem != "":
		result.problem = person.problem
	case result.problem == "" && ctx.Err() != nil && !result.interrupted:
		result.problem = "interrupted"
	}
	return result
}

// restReason says why a command was ended, and what to do.
func restReason(rest door.Rest, step *Step) string {
	hint := "\nhint: if it is a person who ends it, write ^C below the last line that it prints"
	if step.Interrupt {
		hint = "\nhint: the lines above ^C have not all been printed"
	}
	switch rest {
	case door.Idle:
		return "it waits for something, and nothing is left to happen in the cluster" + hint
	case door.Limit:
		return "it waited a day of virtual time and did not end" + hint
	}
	return "it neither ends nor waits for the cluster"
}

// perform types the command, a line at a time, and runs the shell until it is at its prompt again.
func (s *session) perform(ctx context.Context, command string) (status int, problem string) {
	s.host.programs.calls = 0
	pauses := maxPauses
	for _, line := range strings.Split(command, "\n") {
		if status, problem, ended := s.performLine(ctx, line, &pauses); ended {
			return status, problem
		}
	}
	if _, more := s.shell.Prompt(); more {
		_, _ = s.terminal.Write([]byte("sh: syntax error: the command is not complete (an open quote, or a loop without its end?)\n"))
		s.forget()
		return 2, ""
	}
	return s.shell.Status(), ""
}

// performLine types a line and runs the shell until it waits for the next one; ended says that it does not.
func (s *session) performLine(ctx context.Context, line string, pauses *int) (status int, problem string, ended bool) {
	s.enter(line)
	for {
		s.turn()
		if exited := s.shell.State().Exited; exited != nil {
			s.startShell()
			return exited.Code, "", true
		}
		if waits, _ := s.shell.Prompt(); waits {
			return 0, "", false
		}
		*pauses--
		switch {
		case *pauses < 0:
			problem = "it has waited " + count(maxPauses, "time") + ": an endless loop?"
		case s.host.programs.calls > maxCalls:
			problem = "it has called kubectl " + count(maxCalls, "time") + ": an endless loop?"
		}
		if problem != "" || !s.rest(ctx) {
			s.kill()
			return kubectl.Interrupted, problem, true
		}
	}
}

// forget gives up a command of which the shell waits for the rest.
func (s *session) forget() {
	s.host.output.swallow = true
	s.shell = s.shell.Input([]byte{3}, false)
	s.turn()
}

// enter types a line at the shell's prompt. The page shows it already: it is not echoed.
func (s *session) enter(line string) {
	s.host.output.swallow = true
	s.shell = s.shell.Input([]byte(line+"\n"), false)
}

// turn runs the shell until it waits.
func (s *session) turn() {
	s.host.programs.turn++
	s.shell = s.shell.Run(s.host, &s.host.output)
	s.host.programs.sweep()
}

// kill ends the shell and all that it runs, and starts another.
func (s *session) kill() {
	s.host.programs.turn++
	s.host.programs.sweep()
	s.startShell()
}

// rest waits until the shell can go on; false when the command is to be ended.
func (s *session) rest(ctx context.Context) bool {
	state := s.shell.State()
	if state.Ready {
		return ctx.Err() == nil
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.wake = cancel
	s.mu.Unlock()
	s.terminal.listen(state.Input)
	switch {
	case !state.Until.IsZero():
		_ = s.door.WaitUntil(waiting, state.Until, func(*sim.Cluster) bool { return false })
	case state.Input || s.host.programs.any():
		<-waiting.Done()
	default: // for nothing that could come
		_ = s.door.Wait(waiting, func(*sim.Cluster) bool { return false })
	}
	if s.takePressed() {
		s.shell = s.shell.Input([]byte{3}, false)
	}
	if typed := s.terminal.take(); len(typed) > 0 {
		s.shell = s.shell.Input(typed, false)
	}
	return ctx.Err() == nil
}

// pass lets virtual time pass between two commands. What runs in the background runs on.
func (s *session) pass(duration time.Duration) {
	var now, end time.Time
	s.door.Do(func(cluster *sim.Cluster) {
		if s.host.programs.any() || !s.shell.State().Until.IsZero() {
			now, end = cluster.Now(), cluster.Now().Add(duration)
		} else {
			cluster.RunFor(duration)
		}
	})
	if !now.Before(end) {
		return
	}
	attend := func() bool {
		news := s.host.programs.publish()
		if news {
			s.call()
		}
		return news
	}
	_, done := s.door.Drive(func() {
		for ; now.Before(end); now = s.host.Now() {
			s.doze(now, end)
			s.turn()
		}
	}, duration, attend)
	<-done
}

// doze waits for news of a program, for what the shell's background waits for, and at most until the end.
func (s *session) doze(now, end time.Time) {
	if until := s.shell.State().Until; until.After(now) && until.Before(end) {
		end = until
	}
	waiting, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.mu.Lock()
	s.wake = cancel
	s.mu.Unlock()
	_ = s.door.WaitUntil(waiting, end, func(*sim.Cluster) bool { return false })
}

// press is the person's Ctrl-C.
func (s *session) press() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pressed = true
	s.wake()
}

func (s *session) takePressed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	pressed := s.pressed
	s.pressed = false
	return pressed
}

// call wakes the shell, which has something to look at.
func (s *session) call() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake()
}
