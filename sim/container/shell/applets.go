package shell

import (
	"fmt"
	"io"
	"slices"

	"github.com/stsim/stsim/sim/container/applet"
)

// appletFrame runs an applet, which may wait in between.
type appletFrame struct {
	run     applet.Applet
	args    []string
	env     []string
	dir     string
	process bool // it is the whole process, not a builtin of a shell
	reads   bool // it has asked for input
	left    int  // bytes of input it was shown and left
	closed  bool // it was shown the end of input
	state   any
}

func (f *appletFrame) clone() frame { c := *f; return &c }

func (f *appletFrame) step(m *machine, p *process) {
	outcome, stopped := m.runApplet(p, f)
	switch {
	case m.overflow() != "":
		m.exceed(m.overflow())
		return
	case stopped || p.brokenPipe:
		m.brokenPipe(p)
		if p.done {
			return
		}
		outcome = applet.Exit(1)
	}
	m.activity++
	if outcome.Block == nil {
		code := outcome.Code
		if p.writeError != "" {
			name := f.args[0]
			m.stderr(p, name+": write error: "+p.writeError+"\n")
			p.writeError = ""
			code = 1
		}
		if f.process {
			m.end(p, code, 0)
			return
		}
		p.status = code & 255
		p.pop()
		return
	}
	f.state = outcome.State
	b := *outcome.Block
	m.activity--
	w := wait{on: true, input: -1, until: b.Until, files: b.Files, seenActivity: m.activity}
	if b.Input {
		f.reads = true
		w.input, w.seen, w.sawEnd = p.descriptor(0), f.left, f.closed
	}
	if !b.Input && b.Until.IsZero() && !b.Files && !b.Ever { // it only wants to be called again
		if d := p.descriptor(1); d >= 0 && m.full(d) {
			w.space = d + 1
		} else {
			w.again = true
		}
	}
	p.wait = w
}

// brokenPipe ends a process that has written where nobody reads, unless it ignores that.
func (m *machine) brokenPipe(p *process) {
	p.brokenPipe = false
	if slices.Contains(p.ignored, sigPIPE) {
		p.writeError = "Broken pipe"
		return
	}
	if p.shell != nil {
		if _, ok := p.shell.trap(sigPIPE); ok {
			p.arrived = append(p.arrived, sigPIPE)
			p.writeError = "Broken pipe"
			return
		}
	}
	m.end(p, 0, sigPIPE)
}

// runApplet calls an applet once. stopped says that it was unwound, by a write that went nowhere.
func (m *machine) runApplet(p *process, f *appletFrame) (outcome applet.Outcome, stopped bool) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(*stop)
			if !ok || s.m != m {
				panic(r)
			}
			stopped = true
		}
	}()
	stdin := &applet.Stdin{Closed: true}
	in := p.descriptor(0)
	switch {
	case !f.process || in < 0:
		stdin.Closed = in < 0
	case m.byLines(in) && !f.reads:
		stdin.Closed = false // to hand out a line is to echo it, so not before it is asked for
	default:
		stdin.Data, stdin.Closed = m.peek(in)
	}
	stdin.Outside = in >= 0 && m.descs[in].kind == kindInput && !m.piped
	before := len(stdin.Data)
	out, errs := &writer{m: m, p: p, fd: 1, applets: true}, &writer{m: m, p: p, fd: 2, applets: true}
	call := &applet.Call{
		System: &inside{System: m.system, m: m}, Args: f.args, Env: f.env, Dir: f.dir,
		Stdin: stdin, Stdout: out, Stderr: errs, TTY: m.terminalAt(p, 1), State: f.state,
	}
	call.Run = func(argv, env []string, stdin *applet.Stdin, stdout, stderr io.Writer, inner any) applet.Outcome {
		return m.nested(p, f.dir, argv, env, stdin, stdout, stderr, inner)
	}
	outcome = f.run(call)
	if taken := before - len(stdin.Data); in >= 0 && taken > 0 {
		m.consume(in, taken)
	}
	f.left, f.closed = len(stdin.Data), stdin.Closed
	m.steps += before >> 9
	return outcome, false
}

// byLines says whether a description is the keyboard of a terminal.
func (m *machine) byLines(desc int) bool { return m.spec.TTY && m.descs[desc].kind == kindInput }

// terminalAt says whether a descriptor is the terminal.
func (m *machine) terminalAt(p *process, fd int) bool {
	d := p.descriptor(fd)
	return m.spec.TTY && d >= 0 && (m.descs[d].kind == kindOutput || m.descs[d].kind == kindInput)
}

// nestedState is a command that an applet runs, while it waits.
type nestedState struct{ process *Process }

const maxNested = 20

// nested runs a command for an applet, as a Process of its own. All its output goes to the applet's writers.
func (m *machine) nested(p *process, dir string, argv, env []string, stdin *applet.Stdin, stdout, stderr io.Writer, inner any) applet.Outcome {
	var child *Process
	if state, ok := inner.(nestedState); ok {
		child = state.process
	} else {
		if m.nesting >= maxNested {
			fmt.Fprintf(stderr, "stsim: stopped at %d commands that run each other\n", maxNested)
			return applet.Exit(124)
		}
		child = Start(Spec{Args: argv, Env: env, Dir: dir, Stdin: true, Process: m.nextNumber(), Parent: p.number,
			User: m.spec.User, Builtins: m.spec.Builtins, Limits: m.spec.Limits})
		child.m.nesting = m.nesting + 1
		child.m.piped = stdin == nil || !stdin.Outside
	}
	if stdin == nil {
		stdin = &applet.Stdin{Closed: true}
	}
	if len(stdin.Data) > 0 || stdin.Closed && !child.m.input.end {
		child = child.Input(stdin.Data, stdin.Closed)
		stdin.Data = nil
	}
	child = child.Run(m.system, nestedOutput{stdout, stderr})
	state := child.State()
	if state.Exited != nil {
		return applet.Exit(state.Exited.Code)
	}
	block := state.Block
	return applet.Outcome{Block: &block, State: nestedState{child}}
}

type nestedOutput struct{ stdout, stderr io.Writer }

func (o nestedOutput) Write(stream int, data []byte) {
	if stream == 1 {
		_, _ = o.stdout.Write(data)
	} else {
		_, _ = o.stderr.Write(data)
	}
}
