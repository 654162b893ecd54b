package shell

import (
	"fmt"
	"strings"
)

// commandBuiltin runs a command without looking at functions, or says what a name is.
func commandBuiltin(m *machine, p *process, f *callFrame, args []string) {
	args = args[1:]
	for len(args) > 0 && strings.HasPrefix(args[0], "-") && len(args[0]) > 1 {
		flag := args[0]
		args = args[1:]
		switch flag {
		case "-v", "-V":
			p.status = 0
			for _, name := range args {
				text := m.describe(p, name, flag == "-V")
				if text == "" {
					p.status = 127
					if p.shell.bash {
						p.status = 1
					}
					if flag == "-V" {
						m.complain(p, "%s: not found", name)
					}
					continue
				}
				m.stdout(p, text+"\n")
			}
			return
		case "-p", "--":
		default:
			m.bad(p, 2, "command: illegal option %s", flag)
			return
		}
	}
	if len(args) == 0 {
		p.status = 0
		return
	}
	f.args = args
	if b, ok := builtins[args[0]]; ok {
		b(m, p, f, args)
		return
	}
	if declares(args[0]) {
		m.evalWords(p, args)
		return
	}
	m.external(p, f)
}

// builtinBuiltin runs a builtin even if a function has its name.
func builtinBuiltin(m *machine, p *process, f *callFrame, args []string) {
	if len(args) < 2 {
		p.status = 0
		return
	}
	b, ok := builtins[args[1]]
	switch {
	case ok:
		f.args = args[1:]
		b(m, p, f, args[1:])
	case declares(args[1]):
		m.evalWords(p, args[1:])
	default:
		m.bad(p, 1, "builtin: %s: not a shell builtin", args[1])
	}
}

// declares says whether a name is one of the declaration commands, which the parser knows.
func declares(name string) bool {
	switch name {
	case "export", "readonly", "local", "declare", "typeset", "let":
		return true
	}
	return false
}

// evalWords runs words as a command, each as it is.
func (m *machine) evalWords(p *process, words []string) {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = alwaysQuoted(w); i == 0 {
			quoted[i] = w
		}
	}
	if m.deeper(p) {
		p.push(&nestedFrame{})
		m.pushSource(p, strings.Join(quoted, " "))
	}
}

// describe says what a command name is: command -v, command -V and type.
func (m *machine) describe(p *process, name string, long bool) string {
	s := p.shell
	if v, ok := s.aliases.get(name); ok {
		if long {
			return name + " is an alias for " + v
		}
		return "alias " + name + "=" + alwaysQuoted(v)
	}
	if keyword(name) {
		return name + pick(long, " is a shell keyword", "")
	}
	if _, ok := s.functions.get(name); ok {
		return name + pick(long, " is a function", "")
	}
	if _, ok := builtins[name]; ok || declares(name) {
		if specials[name] {
			return name + pick(long, " is a special shell builtin", "")
		}
		return name + pick(long, " is a shell builtin", "")
	}
	full, failure := m.lookup(name, s.dir, s.path())
	if failure == nil {
		if long {
			return name + " is " + full
		}
		return full
	}
	if m.spec.Builtins && !strings.Contains(name, "/") {
		if _, ok := m.named(name); ok {
			full = "/usr/bin/" + name
			if long {
				return name + " is " + full
			}
			return full
		}
	}
	return ""
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

func keyword(name string) bool {
	switch name {
	case "if", "then", "else", "elif", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "{", "}", "!", "[[", "]]", "function", "select", "time":
		return true
	}
	return false
}

func typeBuiltin(m *machine, p *process, f *callFrame, args []string) {
	p.status = 0
	short := false
	for len(args) > 1 && strings.HasPrefix(args[1], "-") {
		short = short || strings.Contains(args[1], "t") || strings.Contains(args[1], "p")
		args = args[1:]
	}
	for _, name := range args[1:] {
		text := m.describe(p, name, true)
		if text == "" {
			p.status = 127
			if p.shell.bash {
				p.status = 1
			}
			if !short {
				m.stderr(p, fmt.Sprintf("%s: not found\n", name))
			}
			continue
		}
		if short {
			text = kindWord(text)
		}
		m.stdout(p, text+"\n")
	}
}

// kindWord is what type -t prints.
func kindWord(text string) string {
	for _, k := range []string{"alias", "keyword", "function", "builtin"} {
		if strings.Contains(text, k) {
			return k
		}
	}
	return "file"
}
