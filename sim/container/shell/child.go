package shell

import (
	"slices"
	"time"
)

// process is one process: a shell, a copy a shell made of itself, or an applet.
type process struct {
	number, parent int
	command        []string
	started        time.Time
	frames         []frame
	shell          *shell // nil in an applet
	fds            []int  // description by file descriptor; -1 is closed
	status         int    // $?
	control        control
	wait           wait
	memo           memo
	arrived        []int // signals whose traps are to run
	ignored        []int // signals that are ignored, inherited
	disposable     bool  // made for a few commands, the last of which may take its place
	tested         bool  // errexit does not count here: the parent looks at the status
	background     bool
	brokenPipe     bool // wrote into a pipe nobody reads
	writeError     string

	done         bool
	code, signal int
	reaped       bool
}

// wait is what a process waits for.
type wait struct {
	on           bool
	until        time.Time
	input        int // description it wants to read from, or -1
	seen         int // bytes that were there and did not suffice
	sawEnd       bool
	files        bool
	seenActivity int
	child        int // number of a process whose end it awaits; -1 is any job
	space        int // 1 + description it wants to write to
	again        bool
}

// memo is what the expansion of a word that is under way has found so far. A command substitution within it may wait, so
// the word is expanded again from its start when it has ended; the memo makes that give the same.
type memo struct {
	substitutions []substitution
	randoms       []int
}

func (p *process) clone() *process {
	c := *p
	c.fds = slices.Clone(p.fds)
	c.frames = make([]frame, len(p.frames))
	for i, f := range p.frames {
		c.frames[i] = f.clone()
	}
	if p.shell != nil {
		c.shell = p.shell.clone()
	}
	c.memo.substitutions = slices.Clip(p.memo.substitutions)
	c.memo.randoms = slices.Clip(p.memo.randoms)
	c.arrived = slices.Clip(p.arrived)
	c.ignored = slices.Clip(p.ignored)
	return &c
}

func (p *process) push(f frame) { p.frames = append(p.frames, f) }

func (p *process) pop() {
	p.frames[len(p.frames)-1] = nil
	p.frames = p.frames[:len(p.frames)-1]
}

// ready says whether a process can go on, at the time of the run.
func (m *machine) ready(p *process) bool {
	w := &p.wait
	if !w.on {
		return true
	}
	if !w.until.IsZero() && !m.now.Before(w.until) {
		return true
	}
	if w.files && w.seenActivity != m.activity {
		return true
	}
	return m.readyWithout(p)
}

// readyWithout leaves aside what depends on the clock and on files.
func (m *machine) readyWithout(p *process) bool {
	w := &p.wait
	if !w.on || p.control.kind != controlNone {
		return true
	}
	if len(p.arrived) > 0 && len(p.frames) > 0 {
		switch p.frames[len(p.frames)-1].(type) {
		case *waitFrame, *readFrame, *inputFrame:
			return true
		}
	}
	if w.input >= 0 {
		n, end := m.available(w.input)
		if n > w.seen || (end && !w.sawEnd) {
			return true
		}
	}
	if w.child > 0 {
		if child := m.find(w.child); child == nil || child.done {
			return true
		}
	}
	if w.child < 0 && p.shell != nil {
		for _, j := range p.shell.jobs {
			if j.done && !j.foreign {
				return true
			}
		}
	}
	if w.space > 0 && !m.full(w.space-1) {
		return true
	}
	return w.again
}

// waitForChild makes a process wait for the end of another.
func (p *process) waitForChild(number int) { p.wait = wait{on: true, input: -1, child: number} }

// spawn makes a child process with copies of the parent's shell and descriptors.
func (m *machine) spawn(p *process, command []string, frames ...frame) *process {
	c := &process{number: m.nextNumber(), parent: p.number, command: command, started: m.now,
		fds: slices.Clone(p.fds), status: p.status, ignored: slices.Clone(p.ignored)}
	c.wait.input, c.disposable = -1, true
	for _, d := range c.fds {
		if d >= 0 {
			m.descs[d].refs++
		}
	}
	if p.shell != nil {
		c.shell = p.shell.fork()
		if p.shell.traps != nil {
			for _, t := range p.shell.traps {
				if t.action == "" && t.signal > 0 && !slices.Contains(c.ignored, t.signal) {
					c.ignored = append(c.ignored, t.signal)
				}
			}
		}
	}
	c.frames = frames
	m.procs = append(m.procs, c)
	return c
}

// maxProcesses bounds the processes alive at one time in one Process.
const maxProcesses = 200

// canSpawn says whether one more process may be made, and complains if not.
func (m *machine) canSpawn(p *process) bool {
	if len(m.procs) < maxProcesses {
		return true
	}
	m.complain(p, "can't fork: Resource temporarily unavailable (more than %d processes)", maxProcesses)
	p.control = control{kind: controlAbort, code: 2}
	return false
}

// finish ends a process that has nothing left to do, after its EXIT trap.
func (m *machine) finish(p *process) {
	if p.shell != nil {
		if action, ok := p.shell.takeTrap(0); ok && action != "" {
			p.push(&trapFrame{status: p.status, exit: true})
			m.pushSource(p, action)
			return
		}
	}
	m.end(p, p.status, 0)
}

// end makes a process a zombie: its descriptors are closed and its parent learns how it ended.
func (m *machine) end(p *process, code, signal int) {
	if p.done {
		return
	}
	if signal != 0 {
		code = 128 + signal
	}
	p.done, p.code, p.signal = true, code&255, signal
	for i, d := range p.fds {
		if d >= 0 {
			m.release(d)
			p.fds[i] = -1
		}
	}
	p.frames, p.shell, p.memo, p.wait = nil, nil, memo{}, wait{input: -1}
	if p == m.procs[0] {
		m.exited = &Exited{Code: p.code, Signal: signal}
		return
	}
	for _, c := range m.procs {
		if c.parent == p.number && !c.done {
			c.parent = m.procs[0].number
		}
	}
	parent := m.find(p.parent)
	if parent == nil || parent.done || parent.shell == nil {
		p.reaped = true
		return
	}
	if p.background {
		parent.shell.jobEnded(p.number, p.code)
		p.reaped = true
		m.activity++
	}
}

// reap takes the status of a child that has ended; ok is false while it runs.
func (m *machine) reap(number int) (code, signal int, ok bool) {
	c := m.find(number)
	if c == nil {
		return 127, 0, true
	}
	if !c.done {
		return 0, 0, false
	}
	c.reaped = true
	return c.code, c.signal, true
}
