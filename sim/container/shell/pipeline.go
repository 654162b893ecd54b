package shell

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// childFrame waits for the end of a child in the foreground and takes its status.
type childFrame struct{ number int }

func (f *childFrame) clone() frame { c := *f; return &c }

func (f *childFrame) step(m *machine, p *process) {
	code, signal, ok := m.reap(f.number)
	if !ok {
		p.waitForChild(f.number)
		return
	}
	p.status = code
	p.pop()
	m.childEnded(p, signal)
}

func (f *childFrame) catch(m *machine, p *process) bool {
	m.abandon(p, f.number)
	return false
}

// childEnded does what a shell does when a foreground child was ended by a signal.
func (m *machine) childEnded(p *process, signal int) {
	switch signal {
	case 0, sigPIPE:
		return
	case sigINT:
		if p.shell.interactive {
			p.control = control{kind: controlAbort, code: p.status}
		}
		return
	}
	if text := signalText(signal); text != "" {
		m.stderr(p, text+"\n")
	}
}

// abandon stops looking after a child, because the shell leaves the command: the child goes with it.
func (m *machine) abandon(p *process, number int) {
	if c := m.find(number); c != nil {
		if !c.done {
			m.end(c, 0, sigINT)
		}
		c.reaped = true
	}
}

// subshell runs statements in a copy of the shell.
func (m *machine) subshell(p *process, statements []*syntax.Stmt) {
	tested := p.testing()
	c := m.spawn(p, p.command, &listFrame{statements: statements})
	c.tested = tested
	p.push(&childFrame{number: c.number})
}

// childFor is the frame for a statement that has a process of its own: a subshell needs no second one.
func childFor(s *syntax.Stmt) frame {
	if sub, ok := s.Cmd.(*syntax.Subshell); ok && !s.Negated && !s.Background && len(s.Redirs) == 0 {
		return &listFrame{statements: sub.Stmts}
	}
	return &statementFrame{statement: s}
}

// last says whether the simple command on top of a process's stack is the last thing it will do. A program can then take the
// place of the shell, as exec would do it.
func (p *process) last() bool {
	if !p.disposable || len(p.shell.traps) > 0 {
		return false
	}
	for _, f := range p.frames[:len(p.frames)-1] {
		switch f := f.(type) {
		case *listFrame:
			if f.next < len(f.statements) {
				return false
			}
		case *statementFrame:
			if f.statement.Negated || len(f.old) > 0 {
				return false
			}
		case *scriptFrame:
			if f.err != "" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// background starts a statement with &.
func (m *machine) background(p *process, s *syntax.Stmt) {
	foreground := *s
	foreground.Background = false
	c := m.spawn(p, p.command, childFor(&foreground))
	c.background = true
	if !p.shell.interactive { // its input is empty, and ^C is not for it
		m.install(c, 0, m.add(description{kind: kindNull, readable: true}))
		c.ignored = append(c.ignored, sigINT, sigQUIT)
	}
	sh := p.shell
	sh.nextJob++
	if len(sh.jobs) == 0 || sh.jobs[0].foreign {
		sh.jobs, sh.nextJob = nil, 1
	}
	sh.jobs = append(sh.jobs, job{id: sh.nextJob, process: c.number, text: printed(&foreground)})
	sh.lastJob = c.number
	if sh.interactive && sh.bash {
		m.stderr(p, "["+itoa(sh.nextJob)+"] "+itoa(c.number)+"\n")
	}
	p.status = 0
	const maxJobs = 1000
	if len(sh.jobs) > maxJobs { // those that ended longest ago are forgotten
		for i, j := range sh.jobs {
			if j.done {
				sh.jobs = append(sh.jobs[:i:i], sh.jobs[i+1:]...)
				break
			}
		}
	}
}

// printed is a statement as source, on one line.
func printed(node syntax.Node) string {
	var b strings.Builder
	if syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, node) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// pipelineFrame waits for all stages of a pipeline.
type pipelineFrame struct {
	numbers []int
	codes   []int
	signal  int
}

func (f *pipelineFrame) clone() frame {
	c := *f
	c.codes = f.codes[:len(f.codes):len(f.codes)]
	return &c
}

func (f *pipelineFrame) step(m *machine, p *process) {
	for len(f.codes) < len(f.numbers) {
		number := f.numbers[len(f.codes)]
		code, signal, ok := m.reap(number)
		if !ok {
			p.waitForChild(number)
			return
		}
		f.codes = append(f.codes, code)
		f.signal = signal
	}
	p.status = f.codes[len(f.codes)-1]
	p.shell.pipes = f.codes
	if p.shell.options.pipefail {
		p.status = 0
		for _, code := range f.codes {
			if code != 0 {
				p.status = code
			}
		}
	}
	p.pop()
	m.childEnded(p, f.signal)
}

func (f *pipelineFrame) catch(m *machine, p *process) bool {
	for _, number := range f.numbers[len(f.codes):] {
		m.abandon(p, number)
	}
	return false
}

// pipeline starts X | Y | Z: each stage is a copy of the shell, connected by pipes.
func (m *machine) pipeline(p *process, s *syntax.Stmt) {
	var stages []*syntax.Stmt
	var both []bool // |& also takes standard error
	for {
		c, ok := s.Cmd.(*syntax.BinaryCmd)
		if !ok || (c.Op != syntax.Pipe && c.Op != syntax.PipeAll) || (len(stages) > 0 && (len(s.Redirs) > 0 || s.Negated)) {
			stages = append(stages, s)
			both = append(both, false)
			break
		}
		stages = append(stages, c.Y)
		both = append(both, c.Op == syntax.PipeAll)
		s = c.X
	}
	// The tree leans to the left, so the stages were found from the last to the first; after(i) is whether | or |& follows.
	n := len(stages)
	if len(m.procs)+n > maxProcesses {
		m.canSpawn(p)
		if p.control.kind == controlNone {
			m.complain(p, "can't fork: Resource temporarily unavailable (more than %d processes)", maxProcesses)
			p.control = control{kind: controlAbort, code: 2}
		}
		return
	}
	tested := p.testing()
	f := &pipelineFrame{}
	input := -1
	for i := n - 1; i >= 0; i-- {
		stage := stages[i]
		c := m.spawn(p, p.command, childFor(stage))
		c.tested = tested
		if input >= 0 {
			m.install(c, 0, input)
		}
		if i > 0 {
			pipe := m.add(description{kind: kindPipe, writers: 1, readable: true, writable: true, refs: 1})
			m.descs[pipe].refs = 1 // the reading end, which the next stage takes
			w := m.add(description{kind: kindPipeEnd, pipe: pipe, writable: true})
			m.install(c, 1, w)
			if both[i-1] {
				m.descs[w].refs++
				m.install(c, 2, w)
			}
			input = pipe
		}
		f.numbers = append(f.numbers, c.number)
	}
	p.push(f)
}

// substitutionFrame waits for the commands of $( ) and keeps their output.
type substitutionFrame struct {
	node   *syntax.CmdSubst
	number int
	pipe   int
}

func (f *substitutionFrame) clone() frame { c := *f; return &c }

// substitute starts the command substitution that an expansion needs. What the expansion has assigned so far shows in it.
func (m *machine) substitute(p *process, e *expander) {
	node := e.needed
	if node.TempFile || node.ReplyVar {
		m.refuse(p, "${ command; } is not simulated; use $(command)")
		return
	}
	if !m.canSpawn(p) || !m.deeper(p) {
		p.memo = memo{}
		return
	}
	tested := p.testing()
	var inside frame = &listFrame{statements: node.Stmts}
	if file := onlyReads(node); file != nil {
		inside = &contentFrame{file: file}
	}
	c := m.spawn(p, p.command, inside)
	c.tested = tested
	c.shell.level++
	for _, name := range e.order {
		_ = c.shell.put(name, e.overlay[name])
	}
	pipe := m.add(description{kind: kindPipe, writers: 1, refs: 1, readable: true, capture: true})
	m.install(c, 1, m.add(description{kind: kindPipeEnd, pipe: pipe, writable: true}))
	p.push(&substitutionFrame{node: node, number: c.number, pipe: pipe})
}

func (f *substitutionFrame) step(m *machine, p *process) {
	code, _, ok := m.reap(f.number)
	if !ok {
		p.waitForChild(f.number)
		return
	}
	d := &m.descs[f.pipe]
	output := strings.TrimRight(strings.ReplaceAll(string(d.data), "\x00", ""), "\n")
	f.close(m, p)
	p.shell.substatus = code
	p.memo.substitutions = append(p.memo.substitutions, substitution{f.node, output})
	p.pop()
}

func (f *substitutionFrame) close(m *machine, p *process) {
	m.release(f.pipe)
	p.shell.depth--
}

func (f *substitutionFrame) catch(m *machine, p *process) bool {
	m.abandon(p, f.number)
	f.close(m, p)
	p.memo = memo{}
	return false
}

// onlyReads is the redirection of $(<file), which stands for what the file holds; nil for any other substitution.
func onlyReads(node *syntax.CmdSubst) []*syntax.Redirect {
	if len(node.Stmts) != 1 {
		return nil
	}
	s := node.Stmts[0]
	if s.Cmd != nil || s.Negated || s.Background || len(s.Redirs) != 1 || s.Redirs[0].Op != syntax.RdrIn || s.Redirs[0].N != nil {
		return nil
	}
	return s.Redirs
}

// contentFrame writes what a file holds.
type contentFrame struct {
	file []*syntax.Redirect
	redirector
}

func (f *contentFrame) clone() frame { c := *f; c.redirector = f.redirector.clone(); return &c }

func (f *contentFrame) step(m *machine, p *process) {
	switch f.apply(m, p, f.file) {
	case redirectAgain:
		return
	case redirectFailed:
		p.status = 1
	case redirectDone:
		desc := p.descriptor(0)
		data, _ := m.peek(desc)
		(&writer{m: m, p: p, fd: 1}).write(data)
		m.consume(desc, len(data))
		p.status = 0
	}
	f.undo(m, p)
	p.pop()
}

func (f *contentFrame) catch(m *machine, p *process) bool {
	f.undo(m, p)
	return false
}
