package shell

import (
	"slices"

	"github.com/stsim/stsim/sim/container/applet"
)

// Spec says what to start.
type Spec struct {
	// Args is an argv: a shell (sh, bash, ash or dash, also by path) with the options -c, -e, -i, -l, -s, -u and -x
	// or a script file, or any applet or executable script.
	Args []string
	// Env is the environment, NAME=value. Nothing else is inherited from anywhere.
	Env []string
	// Dir is the absolute working directory; "" is "/".
	Dir string
	// TTY says that standard input and output are a terminal. The process then writes the terminal's echo itself, a line
	// at a time, when that line is read: what it writes is the transcript a person would see.
	TTY bool
	// Stdin says that Input will deliver standard input. Without it standard input is empty.
	Stdin bool
	// Process is the number of the first process; 0 means 1.
	Process int
	// Parent is what $PPID says.
	Parent int
	// Init says that this is the first process of its container: as Linux does for it, a signal it has no trap for is
	// dropped, except KILL.
	Init bool
	// User is the name ps prints; "" is root.
	User string
	// Prompt is the PS1 of an interactive shell; "" is "# " ($PS1 in Env wins).
	Prompt string
	// Builtins lets commands be found that have no file on $PATH: every applet and what System.Command knows.
	Builtins bool
	Limits   Limits
}

// Limits bound what a script can use; zero means the default. A process that exceeds one is ended with
// status 124 and a line on standard error that begins with "stsim: stopped".
type Limits struct {
	Steps  int // steps of the machine in one Run; default 1,000,000
	Output int // bytes written to standard output and error in one Run; default 16 MiB
	Depth  int // functions, sourced files, evals and substitutions within each other; default 400
}

const (
	defaultSteps  = 1_000_000
	defaultOutput = 16 << 20
	defaultDepth  = 400
)

// Output receives what a process writes, in order.
type Output interface {
	// Write gets the next data of a stream: 1 is standard output, 2 is standard error. data is only valid during the call.
	Write(stream int, data []byte)
}

// State is how a process stands.
type State struct {
	// Exited is set when the process has ended.
	Exited *Exited
	// Ready says that Run would get on at once: it was just started, or something it waited for has come.
	// What depends on the clock and on files is for the caller to compare with the Block.
	Ready bool
	// Block is what it waits for, merged over all its processes: the earliest time, and what any of them
	// waits for. Ever is set when nothing but a signal can end the wait.
	applet.Block
}

// Exited is how a process ended.
type Exited struct {
	Code   int // exit status, 0 to 255; 128 + Signal when a signal ended it
	Signal int // the signal that ended it, or 0
}

// Process is a running program, with everything it started, as an immutable value. Each method leaves it as it is and gives the next
// one, so to copy a running program is to keep the pointer.
type Process struct{ m *machine }

// Start makes a process ready to run. It looks at nothing; also that a program is missing shows at the first Run.
func Start(spec Spec) *Process {
	spec.Args, spec.Env = slices.Clone(spec.Args), slices.Clone(spec.Env)
	return &Process{m: newMachine(spec)}
}

// Run goes on until the program ends or waits. A budget bounds it, so that it always comes back.
func (p *Process) Run(system applet.System, out Output) *Process {
	if p.m.exited != nil {
		return p
	}
	m := p.m.clone()
	m.run(system, out)
	return &Process{m: m}
}

// State says whether the process has ended, and if not, what it waits for.
func (p *Process) State() State { return p.m.state() }

// Prompt says whether the first process is a shell that has come to its prompt: it waits for a command on standard input, or with more for the
// rest of one.
func (p *Process) Prompt() (waits, more bool) {
	root := p.m.procs[0]
	if p.m.exited != nil || len(root.frames) == 0 || !root.wait.on {
		return false, false
	}
	input, ok := root.frames[len(root.frames)-1].(*inputFrame)
	return ok, ok && input.text != ""
}

// Status is $? of the first process, when it is a shell.
func (p *Process) Status() int { return p.m.procs[0].status }

// Input appends data to standard input; end says that nothing will follow. On a terminal the bytes 3 (^C) and
// 4 (^D) mean what they do there.
func (p *Process) Input(data []byte, end bool) *Process {
	if p.m.exited != nil {
		return p
	}
	m := p.m.clone()
	m.typed(data, end)
	return &Process{m: m}
}

// Signal sends the first process a signal, such as 15 for TERM. What ends a process by default does so at once;
// a trap runs at the next Run. Signal 2 (INT) goes to all foreground processes, as ^C does.
func (p *Process) Signal(number int) *Process {
	if p.m.exited != nil {
		return p
	}
	m := p.m.clone()
	if number == sigINT {
		m.interrupt()
	} else {
		m.deliver(m.procs[0], number)
	}
	return &Process{m: m}
}

// SignalTo sends a signal to one of the processes that Tree lists, and says whether there is one of that number.
func (p *Process) SignalTo(process, number int) (*Process, bool) {
	if p.m.exited != nil {
		return p, false
	}
	m := p.m.clone()
	target := m.find(process)
	if target == nil || target.done {
		return p, false
	}
	m.deliver(target, number)
	return &Process{m: m}, true
}

// Tree lists the processes that are alive, for ps.
func (p *Process) Tree() []applet.ProcessInfo {
	if p.m.exited != nil {
		return nil
	}
	return p.m.tree()
}

func (m *machine) tree() []applet.ProcessInfo {
	user := m.spec.User
	if user == "" {
		user = "root"
	}
	list := make([]applet.ProcessInfo, 0, len(m.procs))
	for _, p := range m.procs {
		info := applet.ProcessInfo{Process: p.number, Parent: p.parent, User: user, Started: p.started, Command: p.command, State: "S"}
		if p.done {
			info.State = "Z"
		} else if p == m.current {
			info.State = "R"
		}
		list = append(list, info)
	}
	return list
}

func (m *machine) state() State {
	if m.exited != nil {
		exited := *m.exited
		return State{Exited: &exited}
	}
	s := State{}
	for _, p := range m.procs {
		if p.done {
			continue
		}
		w := &p.wait
		if m.readyWithout(p) {
			s.Ready = true
		}
		if !w.until.IsZero() && (s.Until.IsZero() || w.until.Before(s.Until)) {
			s.Until = w.until
		}
		if w.input >= 0 && m.descs[w.input].kind == kindInput && !m.input.end {
			s.Input = true
		}
		s.Files = s.Files || w.files
	}
	s.Ever = !s.Ready && s.Until.IsZero() && !s.Input && !s.Files
	return s
}
