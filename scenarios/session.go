package scenarios

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/kubectl"
	"github.com/stsim/stsim/storage"
)

// Bounds of one command.
const (
	// maxCommandTime is how much virtual time a command may wait for something: what a cluster has not done after a day it will not do.
	maxCommandTime = 24 * time.Hour
	statusCommand  = "__stsim_status" // reports $? to the session and gives it back
)

// session is one person at one cluster: a terminal, a shell, files.
type session struct {
	door     *door.Door
	host     *host
	terminal *terminal
	shell    *shell.Process
	status   int // of the last command, reported by statusCommand
	reported bool
}

func newSession(cluster *sim.Cluster, show func(string)) (*session, error) {
	d := door.New(cluster)
	client, err := kubectl.New(d)
	if err != nil {
		return nil, err
	}
	t := newTerminal(show)
	s := &session{door: d, terminal: t, host: newHost(d, client, t)}
	s.startShell()
	return s, nil
}

// startShell starts the shell that takes the commands of the page one after the other, so that variables and functions last.
func (s *session) startShell() {
	s.shell = shell.Start(shell.Spec{
		Args: []string{"sh", "-s"}, Dir: home, Stdin: true, Builtins: true,
		Env: []string{"HOME=" + home, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "USER=user", "PWD=" + home},
	})
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
	s.host.ctx = ctx
	person := &person{step: step, terminal: s.terminal, normalisers: normalisers, interrupt: cancel}
	s.terminal.begin(func() {
		person.give("it printed more than 4 MiB: an endless loop?")
	})
	s.reported = false
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.runShell(ctx, step.Command)
	}()
	rest := s.door.Drive(done, maxCommandTime, person.attend)
	if rest != door.Done {
		person.give(restReason(rest))
		<-done
	}
	result := outcome{printed: s.terminal.printed(), status: s.status, interrupted: person.interrupted, problem: person.problem}
	if ctx.Err() != nil && result.problem == "" && !result.interrupted {
		result.problem = "interrupted"
	}
	return result
}

func restReason(rest door.Rest) string {
	switch rest {
	case door.Idle:
		return "it waits for something, and nothing is left to happen in the cluster"
	case door.Limit:
		return "it waited a day of virtual time and did not end"
	}
	return "it neither ends nor waits for the cluster"
}

// runShell gives the command to the shell and runs the shell until it has taken it.
func (s *session) runShell(ctx context.Context, command string) {
	s.status = 0
	s.feed(ctx, command+"\n")
	if s.shell.State().Exited == nil && ctx.Err() == nil {
		s.feed(ctx, statusCommand+" $?\n")
	}
	switch exited := s.shell.State().Exited; {
	case exited != nil:
		s.status = exited.Code
		s.startShell()
	case ctx.Err() != nil:
		s.status = kubectl.Interrupted
		s.startShell()
	case !s.reported:
		fmt.Fprintln(s.terminal, "sh: syntax error: the command is not complete (an open quote, or a loop without its end?)")
		s.status = 2
		s.startShell()
	}
}

// feed types into the shell and runs it until it wants more. Sleeping lets virtual time pass.
func (s *session) feed(ctx context.Context, text string) {
	s.shell = s.shell.Input([]byte(text), false)
	for ctx.Err() == nil {
		s.shell = s.shell.Run(s.system(), shellOutput{s.terminal})
		state := s.shell.State()
		switch {
		case state.Exited != nil || state.Ready:
			if state.Exited != nil {
				return
			}
		case !state.Until.IsZero():
			s.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(max(state.Until.Sub(cluster.Now()), 0)) })
		default:
			return
		}
	}
}

// system is the host with the one command that only the session itself uses.
func (s *session) system() applet.System { return sessionHost{s.host, s} }

type sessionHost struct {
	*host
	session *session
}

// Command implements [applet.System].
func (h sessionHost) Command(name string) applet.Applet {
	if name == statusCommand {
		return h.session.reportStatus
	}
	return h.host.Command(name)
}

func (s *session) reportStatus(call *applet.Call) applet.Outcome {
	_, _ = fmt.Sscan(strings.Join(call.Args[1:], " "), &s.status)
	s.reported = true
	return applet.Exit(s.status)
}

// shellOutput prints what the shell writes, both streams on the one terminal.
type shellOutput struct{ terminal *terminal }

// Write implements [shell.Output].
func (o shellOutput) Write(_ int, data []byte) { _, _ = o.terminal.Write(data) }

// person does what the page says the person does while a command runs: types, and presses Ctrl-C.
type person struct {
	step        *Step
	terminal    *terminal
	normalisers Normalisers
	interrupt   context.CancelFunc
	next        int // index of the first expected line that was not typed yet
	interrupted bool
	problem     string
}

// attend is called whenever everything printed so far has been read; it says whether the person did something.
func (p *person) attend() bool {
	if p.interrupted || p.problem != "" {
		return false
	}
	if partial, waiting := p.terminal.asking(); waiting {
		p.answer(partial)
		return true
	}
	if !p.step.Interrupt {
		return false
	}
	if _, progress := Prefix(p.step.Expected, p.terminal.printed(), p.normalisers); progress != Incomplete {
		p.interrupted = true
		p.interrupt()
		return true
	}
	return false
}

// answer types the next line of the page that begins with the prompt, or Ctrl-D when there is none.
func (p *person) answer(prompt string) {
	for i := p.next; i < len(p.step.Expected) && prompt != ""; i++ {
		if text, ok := Typed(prompt, p.step.Expected[i].Text); ok && text != "" {
			p.next = i + 1
			p.terminal.enter(text)
			return
		}
	}
	p.terminal.end()
}

// give ends the command for a reason.
func (p *person) give(problem string) {
	if p.problem == "" {
		p.problem = problem
	}
	p.interrupt()
}
