package shell

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
)

func (o *options) setLetter(letter byte, on bool) bool {
	for _, x := range optionList {
		if x.letter == letter {
			*x.field(o) = on
			return true
		}
	}
	return letter == 'm' || letter == 'b' || letter == 'h'
}

func (o *options) setNamed(name string, on bool) bool {
	for _, x := range optionList {
		if x.name == name {
			*x.field(o) = on
			return true
		}
	}
	switch name { // these change nothing here
	case "monitor", "notify", "emacs", "vi", "posix", "hashall", "ignoreeof", "braceexpand", "histexpand", "history", "interactive-comments", "errtrace":
		return true
	}
	return false
}

func (o *options) named(name string) bool {
	for _, x := range optionList {
		if x.name == name {
			return *x.field(o)
		}
	}
	return false
}

// set changes options and positional parameters, or prints the variables.
func set(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	p.status = 0
	if len(args) == 1 {
		for _, name := range s.variables.names() {
			v, _ := s.variables.get(name)
			if v.Set && v.Kind == expand.String {
				m.stdout(p, name+"="+alwaysQuoted(v.Str)+"\n")
			}
		}
		return
	}
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 0 && (args[0][0] == '-' || args[0][0] == '+') {
		a := args[0]
		args = args[1:]
		if a == "--" {
			s.args = args
			return
		}
		if a == "-" {
			s.options.xtrace, s.options.verbose = false, false
			if len(args) > 0 {
				s.args = args
			}
			return
		}
		on := a[0] == '-'
		for i := 1; i < len(a); i++ {
			if a[i] != 'o' {
				if !s.options.setLetter(a[i], on) {
					m.complain(p, "set: illegal option -%c", a[i])
					p.control = control{kind: controlAbort, code: 2}
					return
				}
				continue
			}
			if len(args) == 0 {
				for _, o := range optionList {
					m.stdout(p, o.name+strings.Repeat(" ", max(1, 16-len(o.name)))+pick(*o.field(&s.options), "on", "off")+"\n")
				}
				return
			}
			if !s.options.setNamed(args[0], on) {
				m.complain(p, "set: illegal option -o %s", args[0])
				p.control = control{kind: controlAbort, code: 2}
				return
			}
			args = args[1:]
		}
	}
	if len(args) > 0 {
		s.args = args
	}
}

func shopt(m *machine, p *process, f *callFrame, args []string) {
	p.status = 0
	mode := ""
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") {
			mode = a
			continue
		}
		found := false
		for _, o := range shoptList {
			if o.name != a {
				continue
			}
			found = true
			field := o.field(&p.shell.options)
			switch mode {
			case "-s":
				*field = true
			case "-u":
				*field = false
			default:
				p.status = 1 - b2i(*field)
				if mode != "-q" {
					m.stdout(p, a+"\t"+pick(*field, "on", "off")+"\n")
				}
			}
		}
		if !found {
			m.bad(p, 1, "shopt: %s: this option is not simulated", a)
		}
	}
}

func shift(m *machine, p *process, f *callFrame, args []string) {
	n := 1
	if len(args) > 1 {
		var err error
		if n, err = strconv.Atoi(args[1]); err != nil || n < 0 {
			m.complain(p, "shift: Illegal number: %s", args[1])
			p.control = control{kind: controlAbort, code: 2}
			return
		}
	}
	if n > len(p.shell.args) {
		p.status = 1
		return
	}
	p.shell.args = p.shell.args[n:]
	p.status = 0
}

// getopts reads the options of a script, one per call.
func getopts(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	if len(args) < 3 {
		m.bad(p, 2, "getopts: usage: getopts optstring var [arg...]")
		return
	}
	spec, variable, operands := args[1], args[2], s.args
	if len(args) > 3 {
		operands = args[3:]
	}
	quiet := strings.HasPrefix(spec, ":")
	index, err := strconv.Atoi(s.value("OPTIND"))
	if err != nil || index < 1 {
		index = 1
	}
	position := s.getopt
	finish := func() {
		s.getopt = 0
		s.putText("OPTIND", strconv.Itoa(index))
		s.putText(variable, "?")
		p.status = 1
	}
	if index > len(operands) {
		finish()
		return
	}
	word := operands[index-1]
	if position == 0 {
		if len(word) < 2 || word[0] != '-' {
			finish()
			return
		}
		if word == "--" {
			index++
			finish()
			return
		}
		position = 1
	}
	if position >= len(word) {
		position = 1
	}
	letter := word[position]
	position++
	last := position >= len(word)
	at := strings.IndexByte(strings.TrimPrefix(spec, ":"), letter)
	name, argument, hasArgument := string(letter), "", false
	switch {
	case at < 0 || letter == ':':
		name = "?"
		if quiet {
			argument, hasArgument = string(letter), true
		} else {
			m.stderr(p, "Illegal option -"+string(letter)+"\n")
		}
	case strings.HasPrefix(strings.TrimPrefix(spec, ":")[at+1:], ":"):
		if !last {
			argument, hasArgument = word[position:], true
		} else if index < len(operands) {
			argument, hasArgument = operands[index], true
			index++
		} else if quiet {
			name, argument, hasArgument = ":", string(letter), true
		} else {
			name = "?"
			m.stderr(p, "No arg for -"+string(letter)+" option\n")
		}
		last = true
	}
	if last {
		index++
		position = 0
	}
	s.putText("OPTIND", strconv.Itoa(index))
	s.getopt = position
	s.putText(variable, name)
	if hasArgument {
		s.putText("OPTARG", argument)
	} else {
		_ = s.put("OPTARG", expand.Variable{})
	}
	p.status = 0
}

func alias(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	p.status = 0
	if len(args) == 1 {
		for _, name := range s.aliases.names() {
			v, _ := s.aliases.get(name)
			m.stdout(p, pick(s.bash, "alias ", "")+name+"="+alwaysQuoted(v)+"\n")
		}
		return
	}
	for _, a := range args[1:] {
		name, value, ok := strings.Cut(a, "=")
		if ok {
			if len(value) < 4096 && len(s.aliases.entries) < 1000 {
				s.aliases.set(name, value)
			}
			continue
		}
		if v, ok := s.aliases.get(name); ok {
			m.stdout(p, pick(s.bash, "alias ", "")+name+"="+alwaysQuoted(v)+"\n")
		} else {
			m.bad(p, 1, "alias: %s not found", name)
		}
	}
}

func unalias(m *machine, p *process, f *callFrame, args []string) {
	p.status = 0
	for _, a := range args[1:] {
		if a == "-a" {
			p.shell.aliases = table[string]{}
			continue
		}
		if _, ok := p.shell.aliases.get(a); !ok {
			m.bad(p, 1, "unalias: %s not found", a)
		}
		p.shell.aliases.remove(a)
	}
}
