package shell

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// machine is all processes of one Process with what they share. Everything above the line is state and is copied by
// clone; what is below lives during one run.
type machine struct {
	spec        Spec
	procs       []*process // ascending by number; the first is the one that was started
	last        int        // the highest process number given away
	descs       []description
	input       terminal
	interrupted bool // a ^C was typed and its echo is due
	silent      bool // the terminal does not echo: read -s
	exited      *Exited
	nesting     int  // how many applets deep this runs within another machine
	piped       bool // standard input is a pipe or file of that other machine

	numbered bool // last was compared with the processes of the system
	system   applet.System
	files    *storage.FileSystem
	out      Output
	now      time.Time
	current  *process // the one that is running
	before   []int    // numbers of the processes at the start of the run
	steps    int
	output   int
	moved    int    // bytes written to files and pipes
	tooMuch  string // set when one pipe would have grown too large
	activity int    // counts what a waiter for files should look at
	expander expander
	pending  []signalTo
}

// signalTo is a signal that a program sent during a run.
type signalTo struct{ process, number int }

func newMachine(spec Spec) *machine {
	if spec.Process == 0 {
		spec.Process = 1
	}
	if spec.Limits.Steps <= 0 {
		spec.Limits.Steps = defaultSteps
	}
	if spec.Limits.Output <= 0 {
		spec.Limits.Output = defaultOutput
	}
	if spec.Limits.Depth <= 0 {
		spec.Limits.Depth = defaultDepth
	}
	if spec.Dir == "" {
		spec.Dir = "/"
	}
	m := &machine{spec: spec, last: spec.Process}
	stdin := description{kind: kindNull, refs: 1, readable: true}
	if spec.Stdin {
		stdin.kind = kindInput
	}
	m.descs = []description{stdin,
		{kind: kindOutput, stream: 1, refs: 1, writable: true},
		{kind: kindOutput, stream: 2, refs: 1, writable: true}}
	root := &process{number: spec.Process, parent: spec.Parent, command: spec.Args, fds: []int{0, 1, 2}}
	root.wait.input = -1
	root.frames = []frame{&launchFrame{}}
	m.procs = []*process{root}
	return m
}

// clone copies the state. What a copy may change in place is copied; syntax trees, strings and applet states are shared.
func (m *machine) clone() *machine {
	c := &machine{spec: m.spec, last: m.last, input: m.input, interrupted: m.interrupted, silent: m.silent, exited: m.exited,
		nesting: m.nesting, piped: m.piped}
	c.input.data = slices.Clip(m.input.data)
	c.descs = slices.Clone(m.descs)
	for i := range c.descs {
		c.descs[i].data = slices.Clip(c.descs[i].data)
		c.descs[i].open = nil
	}
	c.procs = make([]*process, len(m.procs))
	for i, p := range m.procs {
		c.procs[i] = p.clone()
	}
	return c
}

// run schedules the processes in order of their numbers until none can go on.
func (m *machine) run(system applet.System, out Output) {
	m.system, m.files, m.out = system, system.Files(), out
	m.now = system.Now()
	for _, p := range m.procs {
		m.before = append(m.before, p.number)
	}
	for i := range m.procs {
		m.procs[i].wait.seenActivity = -1 // files may have changed while nothing ran
	}
	if m.interrupted {
		m.interrupted = false
		m.out.Write(1, []byte("^C\n"))
	}
	for m.exited == nil {
		progress := false
		for i := 0; i < len(m.procs) && m.exited == nil; i++ {
			p := m.procs[i]
			if p.done || !m.ready(p) {
				continue
			}
			progress = true
			m.runProcess(p)
			m.sendPending()
		}
		m.sweep()
		if !progress {
			break
		}
	}
	m.closeFiles()
	m.system, m.files, m.out, m.current = nil, nil, nil, nil
	m.expander = expander{}
}

func (m *machine) runProcess(p *process) {
	m.current = p
	p.wait = wait{input: -1}
	for !p.done && !p.wait.on {
		m.steps++
		if m.steps > m.spec.Limits.Steps {
			m.exceed(fmt.Sprintf("after %d steps without an end: an endless loop?", m.spec.Limits.Steps))
			return
		}
		switch {
		case p.control.kind != controlNone:
			m.unwind(p)
		case len(p.frames) == 0:
			m.finish(p)
		default:
			p.frames[len(p.frames)-1].step(m, p)
		}
		if m.exited != nil {
			return
		}
	}
	if in := p.wait.input; in >= 0 && m.descs[in].kind == kindPipe {
		m.descs[in].room = max(m.descs[in].room, 2*p.wait.seen)
	}
}

// exceed ends everything because a limit was passed; an interactive shell alone survives, with a new prompt.
func (m *machine) exceed(why string) {
	root := m.procs[0]
	message := "stsim: stopped " + why + "\n"
	m.out.Write(2, []byte(message))
	for _, p := range m.procs[1:] {
		if !p.done {
			m.end(p, 124, 0)
		}
	}
	if s := root.shell; s != nil && s.interactive && !root.done {
		m.steps, m.output, m.moved, m.tooMuch = 0, 0, 0, ""
		root.control = control{kind: controlAbort, code: 124}
		root.wait = wait{input: -1}
		return
	}
	m.end(root, 124, 0)
}

// sweep forgets the processes nobody will ask about any more.
func (m *machine) sweep() {
	m.procs = slices.DeleteFunc(m.procs, func(p *process) bool {
		if !p.done || p == m.procs[0] {
			return false
		}
		parent := m.find(p.parent)
		return p.reaped || parent == nil || parent.done
	})
}

func (m *machine) find(number int) *process {
	for _, p := range m.procs {
		if p.number == number {
			return p
		}
	}
	return nil
}

// nextNumber gives a process number that nothing in the container has.
func (m *machine) nextNumber() int {
	if !m.numbered {
		for _, info := range m.system.Processes() {
			m.last = max(m.last, info.Process)
		}
		m.numbered = true
	}
	m.last++
	return m.last
}

// stderr writes a message of the shell itself to where the process's standard error goes.
func (m *machine) stderr(p *process, text string) {
	w := writer{m: m, p: p, fd: 2}
	w.write([]byte(text))
}

// complain prints an error as the shell does: who says it, where in a script file, and what.
func (m *machine) complain(p *process, format string, args ...any) {
	var b strings.Builder
	b.WriteString(p.shell.name)
	b.WriteString(": ")
	if p.shell.lines {
		fmt.Fprintf(&b, "line %d: ", p.shell.line)
	}
	fmt.Fprintf(&b, format, args...)
	b.WriteByte('\n')
	m.stderr(p, b.String())
}
