package shell

import (
	"mvdan.cc/sh/v3/syntax"
)

// frame is one entry of a process's stack: a piece of the syntax tree that is being run, with how far it has got. step takes one small
// step: it may push another frame, which leaves its result in process.status and pops itself; pop the frame; or set
// process.wait. A frame holds no reference to anything that changes, so clone is a shallow copy (slices in it are
// only ever replaced or appended to after clipping).
type frame interface {
	step(m *machine, p *process)
	clone() frame
}

// catcher is a frame that looks at a break, return or exit that passes it: to undo what it did, and perhaps to end
// it. It returns true when it has dealt with it; else it is popped.
type catcher interface {
	catch(m *machine, p *process) bool
}

// tester is a frame in which a command may fail without ending a shell that runs with -e.
type tester interface{ testing() bool }

type controlKind uint8

const (
	controlNone controlKind = iota
	controlBreak
	controlContinue
	controlReturn
	controlExit
	controlAbort // an error that ends a shell, or the line of an interactive one
)

// control is a jump out of the frames.
type control struct {
	kind  controlKind
	count int // loops to leave
	code  int // status afterwards
}

func (m *machine) unwind(p *process) {
	if n := len(p.frames); n > 0 {
		if c, ok := p.frames[n-1].(catcher); ok && c.catch(m, p) {
			return
		}
		p.pop()
		return
	}
	p.status = p.control.code
	p.control = control{}
}

func (p *process) testing() bool {
	if p.tested {
		return true
	}
	for _, f := range p.frames {
		if t, ok := f.(tester); ok && t.testing() {
			return true
		}
	}
	return false
}

// listFrame runs statements one after the other.
type listFrame struct {
	statements []*syntax.Stmt
	next       int
}

func (f *listFrame) clone() frame { c := *f; return &c }

func (f *listFrame) step(m *machine, p *process) {
	if m.runTrap(p) {
		return
	}
	if f.next == len(f.statements) {
		p.pop()
		return
	}
	s := f.statements[f.next]
	f.next++
	p.push(&statementFrame{statement: s})
}

// statementFrame runs one statement with what surrounds its command: &, ! and redirections.
type statementFrame struct {
	statement *syntax.Stmt
	phase     uint8
	redirector
}

const (
	statementStart uint8 = iota
	statementRedirect
	statementRun
	statementEnd
)

func (f *statementFrame) clone() frame { c := *f; c.redirector = f.redirector.clone(); return &c }

func (f *statementFrame) testing() bool { return f.statement.Negated && f.phase == statementEnd }

func (f *statementFrame) step(m *machine, p *process) {
	s := f.statement
	switch f.phase {
	case statementStart:
		if d := p.fds[1]; d >= 0 && m.full(d) {
			p.wait = wait{on: true, input: -1, space: d + 1}
			return
		}
		p.shell.line = int(s.Position.Line())
		if p.shell.options.noexec && !p.shell.interactive {
			p.pop()
			return
		}
		if s.Coprocess || s.Disown {
			m.refuse(p, "coprocesses are not simulated")
			return
		}
		if s.Background {
			if m.canSpawn(p) {
				m.background(p, s)
				p.pop()
			}
			return
		}
		_, simple := s.Cmd.(*syntax.CallExpr)
		switch {
		case simple:
			f.phase = statementRun // a simple command redirects itself, after its words
		case len(s.Redirs) > 0:
			f.phase = statementRedirect
		default:
			f.phase = statementRun
		}
	case statementRedirect:
		switch f.apply(m, p, s.Redirs) {
		case redirectAgain:
		case redirectFailed:
			p.status = 1
			f.phase = statementEnd
		case redirectDone:
			f.phase = statementRun
		}
	case statementRun:
		f.phase = statementEnd
		if s.Cmd == nil { // only redirections
			if len(s.Redirs) > 0 && f.next == 0 {
				f.phase = statementRedirect
				return
			}
			p.status = 0
			return
		}
		m.command(p, s)
	case statementEnd:
		f.undo(m, p)
		p.pop()
		if s.Negated {
			if p.status == 0 {
				p.status = 1
			} else {
				p.status = 0
			}
			return
		}
		if p.status != 0 && p.shell.options.errexit && failing(s) && !p.testing() {
			p.control = control{kind: controlExit, code: p.status}
		}
	}
}

func (f *statementFrame) catch(m *machine, p *process) bool {
	f.undo(m, p)
	return false
}

// failing says whether it is this statement, and not one within it, whose failure counts for -e.
func failing(s *syntax.Stmt) bool {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr, *syntax.Subshell, *syntax.TestClause, *syntax.ArithmCmd, *syntax.DeclClause, *syntax.LetClause, nil:
		return true
	case *syntax.BinaryCmd:
		return c.Op == syntax.Pipe || c.Op == syntax.PipeAll
	}
	return false
}

// command pushes the frame for a command.
func (m *machine) command(p *process, s *syntax.Stmt) {
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		p.push(&callFrame{call: c, redirects: s.Redirs})
	case *syntax.Block:
		p.push(&listFrame{statements: c.Stmts})
	case *syntax.Subshell:
		if m.canSpawn(p) {
			m.subshell(p, c.Stmts)
		}
	case *syntax.BinaryCmd:
		if c.Op == syntax.Pipe || c.Op == syntax.PipeAll {
			m.pipeline(p, s)
		} else {
			p.push(&logicFrame{command: c})
		}
	case *syntax.IfClause:
		p.push(&ifFrame{clause: c})
	case *syntax.WhileClause:
		p.push(&whileFrame{clause: c})
	case *syntax.ForClause:
		switch loop := c.Loop.(type) {
		case *syntax.WordIter:
			if c.Select {
				m.refuse(p, "select is not simulated; use case with read")
				return
			}
			p.push(&forFrame{clause: c, loop: loop})
		case *syntax.CStyleLoop:
			p.push(&arithmeticForFrame{clause: c, loop: loop})
		}
	case *syntax.CaseClause:
		p.push(&caseFrame{clause: c})
	case *syntax.FuncDecl:
		if c.Name == nil {
			m.refuse(p, "functions without a name are not simulated")
			return
		}
		p.shell.functions.set(c.Name.Value, c.Body)
		p.status = 0
	case *syntax.ArithmCmd:
		p.push(&arithmeticFrame{expressions: []syntax.ArithmExpr{c.X}})
	case *syntax.LetClause:
		p.push(&arithmeticFrame{expressions: c.Exprs})
	case *syntax.TestClause:
		p.push(&testFrame{clause: c})
	case *syntax.DeclClause:
		p.push(&declareFrame{clause: c})
	case *syntax.TimeClause:
		p.push(&timeFrame{clause: c, begun: m.now})
	case *syntax.CoprocClause:
		m.refuse(p, "coprocesses are not simulated")
	default:
		m.refuse(p, "this command is not simulated")
	}
}

// refuse ends the command because it asks for something that is not simulated.
func (m *machine) refuse(p *process, why string) {
	m.complain(p, "%s", why)
	p.control = control{kind: controlAbort, code: 2}
}
