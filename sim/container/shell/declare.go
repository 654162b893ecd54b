package shell

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// declareFrame is export, readonly, local, declare and typeset.
type declareFrame struct {
	clause *syntax.DeclClause
	next   int
	assign assigner
	todo   []declaration
	flags  declareFlags
	failed bool
}

type declareFlags struct {
	array, associative, reference, export, unexport, readonly, global, print, functions bool
}

func (f *declareFrame) clone() frame {
	c := *f
	c.todo = f.todo[:len(f.todo):len(f.todo)]
	return &c
}

func (f *declareFrame) step(m *machine, p *process) {
	for f.next < len(f.clause.Args) {
		if !f.expand(m, p, f.clause.Args[f.next]) {
			return
		}
	}
	for _, d := range f.todo {
		if p.shell.options.xtrace && d.value != nil {
			m.trace(p, f.clause.Variant.Value+" "+d.name+"="+quote(d.value.String()))
		}
		if !f.declare(m, p, d.name, d.value) {
			return
		}
	}
	if len(f.todo) == 0 {
		f.list(m, p)
	}
	p.status = 0
	if f.failed {
		p.status = 1
	}
	p.pop()
}

// declaration is one operand, expanded. All are expanded before the first is made.
type declaration struct {
	name  string
	value *expand.Variable // nil without one
}

// expand adds what one operand asks for and goes on to the next; it returns false while that is under way or has failed.
func (f *declareFrame) expand(m *machine, p *process, a *syntax.Assign) bool {
	switch {
	case a.Name == nil:
		words, ok := m.fields(p, a.Value)
		if !ok {
			return false
		}
		f.next++
		for _, word := range words {
			if len(word) > 1 && (word[0] == '-' || word[0] == '+') && len(f.todo) == 0 {
				if !f.option(m, p, word) {
					return false
				}
				continue
			}
			f.todo = append(f.todo, f.word(p, word))
		}
		return true
	case a.Naked:
		f.next++
		f.todo = append(f.todo, declaration{name: a.Name.Value})
		return true
	}
	if f.flags.associative && a.Array != nil {
		if old, _ := p.shell.variables.get(a.Name.Value); old.Kind != expand.Associative {
			if !f.declare(m, p, a.Name.Value, &expand.Variable{Kind: expand.Associative, Set: true}) {
				return false
			}
		}
	}
	f.assign.next = 0
	name, v, ok := f.assign.evaluate(m, p, a)
	if ok {
		f.next++
		f.todo = append(f.todo, declaration{name, &v})
	}
	return ok
}

// word is an operand that was only known after expansion: a name, or NAME=value.
func (f *declareFrame) word(p *process, word string) declaration {
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		return declaration{name: name}
	}
	if plain, appended := strings.CutSuffix(name, "+"); appended {
		name, value = plain, p.shell.value(plain)+value
	}
	v := text(value)
	return declaration{name, &v}
}

func (f *declareFrame) option(m *machine, p *process, word string) bool {
	on := word[0] == '-'
	for _, letter := range word[1:] {
		switch letter {
		case 'a':
			f.flags.array = on
		case 'A':
			f.flags.associative = on
		case 'n':
			if f.clause.Variant.Value == "export" {
				f.flags.unexport = on
			} else {
				f.flags.reference = on
			}
		case 'x':
			f.flags.export, f.flags.unexport = on, !on
		case 'r':
			f.flags.readonly = on
		case 'g':
			f.flags.global = on
		case 'p':
			f.flags.print = on
		case 'f', 'F':
			f.flags.functions = on
		case 'i', 'u', 'l', 't':
			m.complain(p, "%s: the option -%c is not simulated", f.clause.Variant.Value, letter)
			p.status = 2
			p.pop()
			return false
		case '-':
		default:
			m.complain(p, "%s: illegal option -%c", f.clause.Variant.Value, letter)
			p.status = 2
			p.pop()
			return false
		}
	}
	return true
}

// declare gives a variable its attributes and, if there is one, its value. It returns false when the command is over.
func (f *declareFrame) declare(m *machine, p *process, name string, value *expand.Variable) bool {
	s := p.shell
	if f.flags.functions {
		if body, ok := s.functions.get(name); ok {
			m.stdout(p, name+" () "+printed(body)+"\n")
		} else {
			f.failed = true
		}
		return true
	}
	if !syntax.ValidName(name) {
		m.complain(p, "%s: %s: bad variable name", f.clause.Variant.Value, name)
		f.failed = true
		return true
	}
	if f.flags.print {
		if v, ok := s.variables.get(name); ok {
			m.stdout(p, f.show(s, name, v)+"\n")
		} else {
			f.failed = true
		}
		return true
	}
	variant := f.clause.Variant.Value
	old, _ := s.variables.get(name)
	function := p.function()
	local := variant == "local" || ((variant == "declare" || variant == "typeset") && function != nil && !f.flags.global)
	if variant == "local" && function == nil {
		m.complain(p, "local: not in a function")
		p.status = 1
		p.pop()
		return false
	}
	var v expand.Variable
	if value != nil {
		v = *value
	} else {
		v = old
		v.Kind, v.Set = old.Kind, old.Set
		if local && !old.Local {
			v = expand.Variable{Exported: old.Exported}
			if !s.bash {
				v = old // ash hands the value on
			}
		}
	}
	if local {
		already := false
		for _, saved := range function.saved {
			already = already || saved.name == name
		}
		if !already {
			function.saved = append(function.saved, s.save(name))
		}
		v.Local = true
	}
	switch {
	case f.flags.associative && v.Kind != expand.Associative:
		v = expand.Variable{Kind: expand.Associative, Exported: v.Exported, Local: v.Local, Set: v.Set}
	case f.flags.array && v.Kind != expand.Indexed:
		if v.Kind == expand.String && v.Set {
			v.List, v.Str = []string{v.Str}, ""
		}
		v.Kind = expand.Indexed
	case f.flags.reference:
		v.Kind = expand.NameRef
	}
	if variant == "export" || f.flags.export {
		v.Exported = true
	}
	readonly := variant == "readonly" || f.flags.readonly
	if old.ReadOnly && value == nil {
		return true // its attributes are as they should be, or cannot be changed
	}
	if !v.Set && v.Kind == expand.Unknown && !v.Exported && !readonly {
		if local {
			v.Kind = expand.Unknown
			s.variables.remove(name)
			s.environ = nil
		}
		return true
	}
	if err := s.put(name, v); err != nil {
		m.expansionError(p, err)
		return false
	}
	if f.flags.unexport || readonly {
		v, _ = s.variables.get(name)
		v.Exported = v.Exported && !f.flags.unexport
		v.ReadOnly = v.ReadOnly || readonly
		s.variables.set(name, v)
		s.environ = nil
	}
	return true
}

// function is the innermost function that is being called.
func (p *process) function() *functionFrame {
	for i := len(p.frames) - 1; i >= 0; i-- {
		if f, ok := p.frames[i].(*functionFrame); ok {
			return f
		}
	}
	return nil
}

// list prints the variables, for export -p and its like.
func (f *declareFrame) list(m *machine, p *process) {
	s := p.shell
	if f.flags.functions {
		for _, name := range s.functions.names() {
			body, _ := s.functions.get(name)
			m.stdout(p, name+" () "+printed(body)+"\n")
		}
		return
	}
	for _, name := range s.variables.names() {
		v, _ := s.variables.get(name)
		switch f.clause.Variant.Value {
		case "export":
			if !v.Exported {
				continue
			}
		case "readonly":
			if !v.ReadOnly {
				continue
			}
		case "local":
			if !v.Local {
				continue
			}
		}
		m.stdout(p, f.show(s, name, v)+"\n")
	}
}

func (f *declareFrame) show(s *shell, name string, v expand.Variable) string {
	variant := f.clause.Variant.Value
	if s.bash || variant != "export" && variant != "readonly" {
		flags := v.Flags()
		if flags == "" {
			flags = "-"
		}
		variant = "declare -" + flags
	}
	if !v.Set {
		return variant + " " + name
	}
	switch v.Kind {
	case expand.Indexed:
		var b strings.Builder
		for i, e := range v.List {
			if v.Indexes != nil {
				i = v.Indexes[i]
			}
			fmt.Fprintf(&b, " [%d]=%s", i, doubleQuoted(e))
		}
		return variant + " " + name + "=(" + strings.TrimPrefix(b.String(), " ") + ")"
	case expand.Associative:
		var b strings.Builder
		for _, k := range sortedKeys(v.Map) {
			fmt.Fprintf(&b, "[%s]=%s ", k, doubleQuoted(v.Map[k]))
		}
		return variant + " " + name + "=(" + b.String() + ")"
	}
	if strings.HasPrefix(variant, "declare") {
		return variant + " " + name + "=" + doubleQuoted(v.Str)
	}
	return variant + " " + name + "=" + alwaysQuoted(v.Str)
}
