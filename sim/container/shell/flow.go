package shell

import (
	"fmt"
	"time"

	"mvdan.cc/sh/v3/syntax"
)

// logicFrame is X && Y and X || Y.
type logicFrame struct {
	command *syntax.BinaryCmd
	phase   uint8
}

func (f *logicFrame) clone() frame  { c := *f; return &c }
func (f *logicFrame) testing() bool { return f.phase == 1 }

func (f *logicFrame) step(m *machine, p *process) {
	f.phase++
	switch f.phase {
	case 1:
		p.push(&statementFrame{statement: f.command.X})
	case 2:
		if (p.status == 0) == (f.command.Op == syntax.AndStmt) {
			p.push(&statementFrame{statement: f.command.Y})
			return
		}
		p.pop()
	default:
		p.pop()
	}
}

// ifFrame is if, elif and else.
type ifFrame struct {
	clause *syntax.IfClause
	phase  uint8
}

func (f *ifFrame) clone() frame  { c := *f; return &c }
func (f *ifFrame) testing() bool { return f.phase == 1 }

func (f *ifFrame) step(m *machine, p *process) {
	switch f.phase {
	case 0:
		if f.clause == nil {
			p.status = 0
			p.pop()
			return
		}
		if len(f.clause.Cond) == 0 { // else
			f.phase = 2
			p.push(&listFrame{statements: f.clause.Then})
			return
		}
		f.phase = 1
		p.push(&listFrame{statements: f.clause.Cond})
	case 1:
		if p.status == 0 {
			f.phase = 2
			p.push(&listFrame{statements: f.clause.Then})
			return
		}
		f.clause, f.phase = f.clause.Else, 0
	default:
		p.pop()
	}
}

// loop deals with break and continue for the loops. It says whether the control was this loop's.
func loop(p *process) (mine, leave bool) {
	c := &p.control
	if c.kind != controlBreak && c.kind != controlContinue {
		return false, false
	}
	if c.count > 1 {
		c.count--
		return false, false
	}
	leave = c.kind == controlBreak
	p.control = control{}
	return true, leave
}

// whileFrame is while and until.
type whileFrame struct {
	clause *syntax.WhileClause
	phase  uint8
	status int
}

func (f *whileFrame) clone() frame  { c := *f; return &c }
func (f *whileFrame) testing() bool { return f.phase == 1 }

func (f *whileFrame) step(m *machine, p *process) {
	switch f.phase {
	case 0:
		f.phase = 1
		p.push(&listFrame{statements: f.clause.Cond})
	case 1:
		if (p.status == 0) == f.clause.Until {
			p.status = f.status
			p.pop()
			return
		}
		f.phase = 2
		p.push(&listFrame{statements: f.clause.Do})
	case 2:
		f.status = p.status
		f.phase = 0
	}
}

func (f *whileFrame) catch(m *machine, p *process) bool {
	mine, leave := loop(p)
	if mine {
		f.status, f.phase = 0, 0
		if leave {
			p.status = 0
			p.pop()
		}
	}
	return mine
}

// forFrame is for NAME in WORDS.
type forFrame struct {
	clause *syntax.ForClause
	loop   *syntax.WordIter
	word   int
	items  []string
	ready  bool
	next   int
}

func (f *forFrame) clone() frame { c := *f; c.items = f.items[:len(f.items):len(f.items)]; return &c }

func (f *forFrame) step(m *machine, p *process) {
	if !f.ready {
		if !f.loop.InPos.IsValid() {
			f.items, f.ready = p.shell.args, true
		}
		for f.loop.InPos.IsValid() && f.word < len(f.loop.Items) {
			list, ok := m.fields(p, f.loop.Items[f.word])
			if !ok {
				return
			}
			f.items = append(f.items, list...)
			f.word++
		}
		f.ready = true
		if len(f.items) == 0 {
			p.status = 0
		}
	}
	if f.next == len(f.items) {
		p.pop()
		return
	}
	if err := p.shell.put(f.loop.Name.Value, text(f.items[f.next])); err != nil {
		m.expansionError(p, err)
		return
	}
	f.next++
	if p.shell.options.xtrace && p.shell.bash {
		m.trace(p, "for "+f.loop.Name.Value+" in "+quoteAll(f.items))
	}
	p.push(&listFrame{statements: f.clause.Do})
}

func (f *forFrame) catch(m *machine, p *process) bool {
	mine, leave := loop(p)
	if leave {
		p.status = 0
		p.pop()
	}
	return mine
}

// arithmeticForFrame is for ((init; condition; post)).
type arithmeticForFrame struct {
	clause *syntax.ForClause
	loop   *syntax.CStyleLoop
	phase  uint8
	ran    bool
}

func (f *arithmeticForFrame) clone() frame { c := *f; return &c }

func (f *arithmeticForFrame) step(m *machine, p *process) {
	evaluate := func(x syntax.ArithmExpr) (int, bool) {
		if x == nil {
			return 1, true
		}
		return m.arithmetic(p, x)
	}
	switch f.phase {
	case 0:
		if _, ok := evaluate(f.loop.Init); ok {
			f.phase = 1
		}
	case 1:
		n, ok := evaluate(f.loop.Cond)
		if !ok {
			return
		}
		if n == 0 {
			if !f.ran {
				p.status = 0
			}
			p.pop()
			return
		}
		f.phase, f.ran = 2, true
		p.push(&listFrame{statements: f.clause.Do})
	case 2:
		if _, ok := evaluate(f.loop.Post); ok {
			f.phase = 1
		}
	}
}

func (f *arithmeticForFrame) catch(m *machine, p *process) bool {
	mine, leave := loop(p)
	if leave {
		p.status = 0
		p.pop()
	}
	return mine
}

// caseFrame is case WORD in PATTERNS.
type caseFrame struct {
	clause  *syntax.CaseClause
	started bool
	value   string
	item    int
	pattern int
	running bool
	matched bool
}

func (f *caseFrame) clone() frame { c := *f; return &c }

func (f *caseFrame) step(m *machine, p *process) {
	if !f.started {
		value, ok := m.literal(p, f.clause.Word)
		if !ok {
			return
		}
		f.value, f.started = value, true
	}
	if f.running { // the commands of an item have ended
		f.running = false
		op := f.clause.Items[f.item].Op
		f.item, f.pattern = f.item+1, 0
		switch op {
		case syntax.Fallthrough:
			f.run(p)
			return
		case syntax.Resume, syntax.ResumeKorn:
		default:
			p.pop()
			return
		}
	}
	for f.item < len(f.clause.Items) {
		item := f.clause.Items[f.item]
		for f.pattern < len(item.Patterns) {
			pattern, ok := m.pattern(p, item.Patterns[f.pattern])
			if !ok {
				return
			}
			f.pattern++
			if matches(pattern, f.value, p.shell.options.nocasematch) {
				f.run(p)
				return
			}
		}
		f.item, f.pattern = f.item+1, 0
	}
	p.status = f.status(p)
	p.pop()
}

// status is 0 when no item has matched; else it is the last command's.
func (f *caseFrame) status(p *process) int {
	if f.matched {
		return p.status
	}
	return 0
}

func (f *caseFrame) run(p *process) {
	if f.item >= len(f.clause.Items) {
		p.pop()
		return
	}
	f.matched = true
	if len(f.clause.Items[f.item].Stmts) == 0 {
		p.status = 0
	}
	f.running = true
	p.push(&listFrame{statements: f.clause.Items[f.item].Stmts})
}

// arithmeticFrame is (( )) and let: status 0 if the last value is not zero.
type arithmeticFrame struct {
	expressions []syntax.ArithmExpr
	next        int
	value       int
}

func (f *arithmeticFrame) clone() frame { c := *f; return &c }

func (f *arithmeticFrame) step(m *machine, p *process) {
	for f.next < len(f.expressions) {
		n, ok := m.let(p, f.expressions[f.next])
		if !ok {
			if p.control.kind == controlAbort { // an error of (( )) is only a status
				p.control = control{}
				p.status = 1
				p.pop()
			}
			return
		}
		f.value = n
		f.next++
	}
	p.status = 1
	if f.value != 0 {
		p.status = 0
	}
	p.pop()
}

// let evaluates an expression. One that is given in quotes is text, which is read as an expression here.
func (m *machine) let(p *process, x syntax.ArithmExpr) (int, bool) {
	word, ok := x.(*syntax.Word)
	if !ok || word.Lit() != "" {
		return m.arithmetic(p, x)
	}
	source, ok := m.literal(p, word)
	if !ok {
		return 0, false
	}
	result := parse("((" + source + "))")
	if result.err == "" && len(result.statements) == 1 {
		if c, ok := result.statements[0].Cmd.(*syntax.ArithmCmd); ok {
			return m.arithmetic(p, c.X)
		}
	}
	m.expansionError(p, fmt.Errorf("%s: arithmetic syntax error", source))
	return 0, false
}

// timeFrame is time COMMAND. Commands take no time but what they wait.
type timeFrame struct {
	clause *syntax.TimeClause
	begun  time.Time
	ran    bool
}

func (f *timeFrame) clone() frame { c := *f; return &c }

func (f *timeFrame) step(m *machine, p *process) {
	if !f.ran && f.clause.Stmt != nil {
		f.ran = true
		p.push(&statementFrame{statement: f.clause.Stmt})
		return
	}
	d := m.now.Sub(f.begun)
	minutes, seconds := int(d.Minutes()), d.Seconds()-60*float64(int(d.Minutes()))
	switch {
	case f.clause.PosixFormat:
		m.stderr(p, fmt.Sprintf("real %.2f\nuser 0.00\nsys 0.00\n", d.Seconds()))
	case p.shell.bash:
		m.stderr(p, fmt.Sprintf("\nreal\t%dm%.3fs\nuser\t0m0.000s\nsys\t0m0.000s\n", minutes, seconds))
	default:
		m.stderr(p, fmt.Sprintf("real\t%dm %.2fs\nuser\t0m 0.00s\nsys\t0m 0.00s\n", minutes, seconds))
	}
	p.pop()
}
