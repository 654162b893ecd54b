package shell

import (
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// callFrame runs a simple command: words are expanded, then redirections are made, then assignments, then it is run.
type callFrame struct {
	call      *syntax.CallExpr
	redirects []*syntax.Redirect
	phase     uint8
	word      int
	args      []string
	assign    assigner
	saved     []savedVariable
	keep      bool // redirections stay: exec
	alias     string
	redirector
}

const (
	callWords uint8 = iota
	callRedirect
	callAssign
	callRun
	callEnd
)

// savedVariable is a variable as it was before a temporary assignment or local.
type savedVariable struct {
	name string
	had  bool
	old  expand.Variable
}

func (f *callFrame) clone() frame {
	c := *f
	c.args = f.args[:len(f.args):len(f.args)]
	c.saved = f.saved[:len(f.saved):len(f.saved)]
	c.redirector = f.redirector.clone()
	return &c
}

func (f *callFrame) step(m *machine, p *process) {
	switch f.phase {
	case callWords:
		f.expand(m, p)
	case callRedirect:
		switch f.apply(m, p, f.redirects) {
		case redirectFailed:
			p.status = 1
			if len(f.args) > 0 && specials[f.args[0]] && !p.shell.bash {
				f.undo(m, p)
				p.control = control{kind: controlAbort, code: 2}
				return
			}
			f.phase = callEnd
		case redirectDone:
			f.phase = callAssign
		}
	case callAssign:
		f.assignments(m, p)
	case callRun:
		f.phase = callEnd
		p.shell.pipes = nil
		m.execute(p, f)
	case callEnd:
		f.leave(m, p)
		p.pop()
	}
}

func (f *callFrame) catch(m *machine, p *process) bool {
	f.leave(m, p)
	return false
}

func (f *callFrame) leave(m *machine, p *process) {
	if !f.keep {
		f.undo(m, p)
	}
	p.shell.restore(f.saved)
	f.saved = nil
}

// restore undoes temporary assignments, the last first.
func (s *shell) restore(saved []savedVariable) {
	for i := len(saved) - 1; i >= 0; i-- {
		v := saved[i]
		now, _ := s.variables.get(v.name)
		s.size += sizeOf(v.old) - sizeOf(now)
		if v.had {
			s.variables.set(v.name, v.old)
		} else {
			s.variables.remove(v.name)
		}
		s.environ = nil
	}
}

func (s *shell) save(name string) savedVariable {
	old, had := s.variables.get(name)
	return savedVariable{name: name, had: had, old: old}
}

const maxArguments = 2 << 20 // bytes of a command's arguments, as Linux has it

func (f *callFrame) expand(m *machine, p *process) {
	if f.word == 0 {
		p.shell.substatus = -1
		if f.expandAlias(m, p) {
			return
		}
	}
	for f.word < len(f.call.Args) {
		list, ok := m.fields(p, f.call.Args[f.word])
		if !ok {
			return
		}
		f.args = append(f.args, list...)
		f.word++
	}
	total := 0
	for _, a := range f.args {
		total += len(a) + 1
	}
	if total > maxArguments {
		m.complain(p, "%s: Argument list too long", f.args[0][:min(len(f.args[0]), 80)])
		p.status = 126
		f.phase = callEnd
		return
	}
	m.steps += total >> 12
	f.phase = callRedirect
	if len(f.redirects) == 0 {
		f.phase = callAssign
	}
}

// expandAlias replaces the first word by its alias and runs the result instead.
func (f *callFrame) expandAlias(m *machine, p *process) bool {
	if len(p.shell.aliases.entries) == 0 || len(f.call.Args) == 0 || (p.shell.bash && !p.shell.interactive && !p.shell.options.expandAliases) {
		return false
	}
	name := f.call.Args[0].Lit()
	value, ok := p.shell.aliases.get(name)
	if !ok || name == "" || len(f.call.Assigns) > 0 {
		return false
	}
	for _, below := range p.frames {
		if a, ok := below.(*callFrame); ok && a.alias == name {
			return false // its own value may use the name
		}
	}
	var b strings.Builder
	b.WriteString(value)
	printer := syntax.NewPrinter()
	for _, w := range f.call.Args[1:] {
		b.WriteByte(' ')
		if printer.Print(&b, w) != nil {
			return false
		}
	}
	f.alias = name
	f.phase = callEnd
	// The redirections hold for all of what the alias stands for.
	wrapped := f.redirects
	if m.pushSource(p, b.String()) && len(wrapped) > 0 {
		if list, ok := p.frames[len(p.frames)-1].(*listFrame); ok && len(list.statements) > 0 {
			last := *list.statements[len(list.statements)-1]
			last.Redirs = append(last.Redirs[:len(last.Redirs):len(last.Redirs)], wrapped...)
			statements := append([]*syntax.Stmt{}, list.statements...)
			statements[len(statements)-1] = &last
			list.statements = statements
		}
	}
	return true
}

// assignments makes those before the command; without a command they are the shell's own.
func (f *callFrame) assignments(m *machine, p *process) {
	for f.assign.next < len(f.call.Assigns) {
		a := f.call.Assigns[f.assign.next]
		name, v, ok := f.assign.evaluate(m, p, a)
		if !ok {
			return
		}
		if len(f.args) > 0 {
			f.saved = append(f.saved, p.shell.save(name))
			v.Exported = true
		}
		if err := p.shell.put(name, v); err != nil {
			m.expansionError(p, err)
			return
		}
		if p.shell.options.xtrace {
			m.trace(p, name+"="+quote(v.String()))
		}
	}
	if len(f.args) == 0 {
		p.status = max(p.shell.substatus, 0)
		f.phase = callEnd
		return
	}
	f.phase = callRun
}

// execute runs the command whose words are known: a function, a builtin, or a program.
func (m *machine) execute(p *process, f *callFrame) {
	args := f.args
	s := p.shell
	if s.options.xtrace {
		m.trace(p, quoteAll(args))
	}
	name := args[0]
	defer func() {
		if p.shell != nil {
			p.shell.underscore = args[len(args)-1]
		}
	}()
	if b, ok := builtins[name]; ok && specials[name] {
		m.builtin(p, f, b)
		return
	}
	if body, ok := s.functions.get(name); ok {
		m.call(p, body, args)
		return
	}
	if b, ok := builtins[name]; ok {
		m.builtin(p, f, b)
		return
	}
	m.external(p, f)
}

// functionFrame is a function that is being called.
type functionFrame struct {
	args  []string // of the caller
	saved []savedVariable
}

func (f *functionFrame) clone() frame {
	c := *f
	c.saved = f.saved[:len(f.saved):len(f.saved)]
	return &c
}

func (m *machine) call(p *process, body *syntax.Stmt, args []string) {
	if !m.deeper(p) {
		return
	}
	p.push(&functionFrame{args: p.shell.args})
	p.shell.args = args[1:]
	p.push(&statementFrame{statement: body})
}

func (f *functionFrame) step(m *machine, p *process) {
	f.leave(p)
	p.pop()
}

func (f *functionFrame) leave(p *process) {
	p.shell.args = f.args
	p.shell.depth--
	p.shell.restore(f.saved)
	f.saved = nil
}

func (f *functionFrame) catch(m *machine, p *process) bool {
	f.leave(p)
	if p.control.kind != controlReturn {
		return false
	}
	p.status = p.control.code
	p.control = control{}
	p.pop()
	return true
}

// deeper counts functions, sourced files and evals within each other.
func (m *machine) deeper(p *process) bool {
	p.shell.depth++
	if p.shell.depth <= m.spec.Limits.Depth {
		return true
	}
	p.shell.depth--
	m.complain(p, "stsim: stopped at %d functions, files and substitutions within each other: an endless recursion?", m.spec.Limits.Depth)
	p.control = control{kind: controlAbort, code: 124}
	return false
}
