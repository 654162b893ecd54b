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
	words  []string // expanded operands that are still to be done
	flags  declareFlags
	any    bool
	failed bool
}

type declareFlags struct {
	array, associative, reference, export, unexport, readonly, global, print, functions bool
}

func (f *declareFrame) clone() frame {
	c := *f
	c.words = f.words[:len(f.words):len(f.words)]
	return &c
}

func (f *declareFrame) step(m *machine, p *process) {
	s := p.shell
	for {
		if len(f.words) > 0 {
			word := f.words[0]
			f.words = f.words[1:]
			if !f.word(m, p, word) {
				return
			}
			continue
		}
		if f.next == len(f.clause.Args) {
			break
		}
		a := f.clause.Args[f.next]
		if a.Name == nil {
			words, ok := m.fields(p, a.Value)
			if !ok {
				return
			}
			f.words = words
			f.next++
			continue
		}
		if a.Naked {
			f.next++
			if !f.declare(m, p, a.Name.Value, nil) {
				return
			}
			continue
		}
		if f.flags.associative && a.Array != nil {
			if old, _ := s.variables.get(a.Name.Value); old.Kind != expand.Associative {
				if !f.declare(m, p, a.Name.Value, &expand.Variable{Kind: expand.Associative, Set: true}) {
					return
				}
			}
		}
		f.assign.next = 0
		name, v, ok := f.assign.evaluate(m, p, a)
		if !ok {
			return
		}
		f.next++
		if s.options.xtrace {
			m.trace(p, f.clause.Variant.Value+" "+name+"="+quote(v.String()))
		}
		if !f.declare(m, p, name, &v) {
			return
		}
	}
	if !f.any {
		f.list(m, p)
	}
	p.status = 0
	if f.failed {
		p.status = 1
	}
	p.pop()
}

// word is an operand that was only known after expansion: an option, a name, or NAME=value.
func (f *declareFrame) word(m *machine, p *process, word string) bool {
	if len(word) > 1 && (word[0] == '-' || word[0] == '+') && !f.any {
		return f.option(m, p, word)
	}
	name, value, ok := strings.Cut(word, "=")
	if !ok {
		return f.declare(m, p, name, nil)
	}
	appended := strings.HasSuffix(name, "+")
	if name = strings.TrimSuffix(name, "+"); appended {
		value = p.shell.value(name) + value
	}
	v := text(value)
	return f.declare(m, p, name, &v)
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
	f.any = true
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
			m.stdout(p, f.show(name, v)+"\n")
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
		m.stdout(p, f.show(name, v)+"\n")
	}
}

func (f *declareFrame) show(name string, v expand.Variable) string {
	variant := f.clause.Variant.Value
	if variant != "export" && variant != "readonly" {
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
