package shell

import (
	"errors"
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Bounds of what is parsed. The parser goes down the call stack with each level of nesting.
const (
	maxSource   = 256 << 10 // bytes of one script
	maxNesting  = 500       // brackets within each other
	maxKeywords = 5000      // if, for, while, until and case that are open at one place
)

// parsed is a script as far as it could be read.
type parsed struct {
	statements []*syntax.Stmt
	err        string // what is wrong behind the statements; "" if nothing
	line       int    // where it is
	incomplete bool   // more text could repair it
}

// parse reads a script. What comes before an error is returned with it, because a shell runs a script as it reads it.
func parse(source string) (result parsed) {
	if len(source) > maxSource {
		return parsed{err: fmt.Sprintf("script too large (more than %d bytes)", maxSource)}
	}
	if nesting(source) > maxNesting {
		return parsed{err: fmt.Sprintf("nested too deeply (more than %d brackets within each other)", maxNesting)}
	}
	if keywords(source) > maxKeywords {
		return parsed{err: fmt.Sprintf("nested too deeply (more than %d commands within each other)", maxKeywords)}
	}
	defer func() {
		if r := recover(); r != nil {
			result = parsed{err: fmt.Sprintf("this script cannot be read: %v", r)}
		}
	}()
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	var failure error
	for statement, err := range parser.StmtsSeq(strings.NewReader(source)) {
		if err != nil {
			failure = err
			break
		}
		result.statements = append(result.statements, statement)
	}
	if failure == nil {
		return result
	}
	result.err, result.line, result.incomplete = explain(failure)
	for n := len(result.statements); n > 0; n-- { // a shell reads a whole line before it runs any of it
		if int(result.statements[n-1].Position.Line()) < result.line {
			break
		}
		result.statements = result.statements[:n-1]
	}
	return result
}

// parseWhole is parse for a text that is all there will be: the end of the text also ends a here-document.
func parseWhole(source string) parsed {
	result := parse(source)
	for range 10 {
		delimiter, ok := strings.CutPrefix(result.err, unclosed)
		if !ok || len(source) > maxSource {
			break
		}
		if !strings.HasSuffix(source, "\n") {
			source += "\n"
		}
		source += strings.Trim(delimiter, "`\"") + "\n"
		result = parse(source)
	}
	return result
}

// unclosed begins the parser's message about a here-document without an end; its delimiter follows.
const unclosed = "unclosed here-document "

// nesting is how many brackets are open at most.
func nesting(source string) (deepest int) {
	depth := 0
	for i := range len(source) {
		switch source[i] {
		case '(', '{', '[', '`':
			depth++
			deepest = max(deepest, depth)
		case ')', '}', ']':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

// keywords is how many compound commands are open at most, as far as one can tell without parsing.
func keywords(source string) (deepest int) {
	if len(source) < 2*maxKeywords {
		return 0
	}
	depth := 0
	for word := range strings.FieldsFuncSeq(source, func(r rune) bool { return strings.ContainsRune(" \t\n;&|()", r) }) {
		switch word {
		case "if", "for", "while", "until", "case", "select", "!", "time", "coproc", "function":
			depth++
			deepest = max(deepest, depth)
		case "fi", "done", "esac":
			depth = max(0, depth-1)
		}
	}
	return deepest
}

// explain turns a parser's error into what a shell prints behind "syntax error: ", and its line.
func explain(err error) (text string, line int, incomplete bool) {
	var parseError syntax.ParseError
	var langError syntax.LangError
	switch {
	case errors.As(err, &parseError):
		text, line = parseError.Text, int(parseError.Pos.Line())
		incomplete = parseError.Incomplete || strings.HasPrefix(text, unclosed)
		switch {
		case strings.HasPrefix(text, unclosed):
		case strings.Contains(text, "without closing quote"):
			text = "unterminated quoted string"
		case incomplete:
			text = "unexpected end of file (" + text + ")"
		}
		return text, line, incomplete
	case errors.As(err, &langError):
		return langError.Feature + " is not simulated", int(langError.Pos.Line()), false
	}
	return err.Error(), 0, false
}

// syntaxError reports an error of parsing.
func (m *machine) syntaxError(p *process, text string, line int) {
	p.shell.line = max(line, 1)
	m.complain(p, "syntax error: %s", text)
}

// pushSource runs a text in the shell of a process, as eval does. It says whether the text could be read.
func (m *machine) pushSource(p *process, source string) bool {
	m.steps += 1 + len(source)/64
	result := parseWhole(source)
	if len(result.statements) == 0 {
		p.status = 0
	}
	p.push(&scriptFrame{result.err, result.line})
	p.push(&listFrame{statements: result.statements})
	return result.err == ""
}

// scriptFrame stands below the statements of a text: it reports the syntax error behind them.
type scriptFrame struct {
	err  string
	line int
}

func (f *scriptFrame) clone() frame { c := *f; return &c }

func (f *scriptFrame) step(m *machine, p *process) {
	p.pop()
	if f.err != "" {
		m.syntaxError(p, f.err, f.line)
		p.status = 2
		if !p.shell.interactive {
			p.control = control{kind: controlAbort, code: 2}
		}
	}
}

// nestedFrame counts a level of eval, source or trap.
type nestedFrame struct {
	source bool     // return ends it
	args   []string // positional parameters to restore
	swap   bool
}

func (f *nestedFrame) clone() frame { c := *f; return &c }

func (f *nestedFrame) step(m *machine, p *process) {
	f.leave(p)
	p.pop()
}

func (f *nestedFrame) leave(p *process) {
	p.shell.depth--
	if f.swap {
		p.shell.args = f.args
	}
}

func (f *nestedFrame) catch(m *machine, p *process) bool {
	f.leave(p)
	if !f.source || p.control.kind != controlReturn {
		return false
	}
	p.status = p.control.code
	p.control = control{}
	p.pop()
	return true
}

// shellArguments starts a shell as its argv says.
func (m *machine) shellArguments(p *process, found program) {
	s, args := p.shell, found.argv[1:]
	command, fromInput, interactive := false, false, false
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		if strings.HasPrefix(a, "--") { // --login, --norc, --posix change nothing here
			continue
		}
		for _, letter := range a[1:] {
			switch letter {
			case 'c':
				command = true
			case 's':
				fromInput = true
			case 'i':
				interactive = true
			case 'l', 'm', 'h', 'B':
			case 'o':
				if len(args) == 0 {
					m.complain(p, "-o: option requires an argument")
					m.end(p, 2, 0)
					return
				}
				if !s.options.setNamed(args[0], a[0] == '-') {
					m.complain(p, "illegal option -o %s", args[0])
					m.end(p, 2, 0)
					return
				}
				args = args[1:]
			default:
				if !s.options.setLetter(byte(letter), a[0] == '-') {
					m.complain(p, "illegal option -%c", letter)
					m.end(p, 2, 0)
					return
				}
			}
		}
	}
	switch {
	case command:
		if len(args) == 0 {
			m.complain(p, "-c requires an argument")
			m.end(p, 2, 0)
			return
		}
		source := args[0]
		if len(args) > 1 {
			s.name = args[1]
			s.args = args[2:]
		}
		s.lines = s.bash
		m.pushScript(p, source)
	case len(args) > 0 && !fromInput:
		m.scriptFile(p, args)
	default:
		s.args = args
		s.interactive = interactive || (m.terminalAt(p, 0) && m.terminalAt(p, 1))
		if s.interactive {
			s.begin(m)
		}
		p.push(&inputFrame{})
	}
}

// pushScript runs the text of a shell's -c or script file.
func (m *machine) pushScript(p *process, source string) {
	m.steps += len(source) / 64
	result := parseWhole(source)
	p.disposable = true
	p.push(&scriptFrame{result.err, result.line})
	p.push(&listFrame{statements: result.statements})
}

// scriptFile runs a script by its path.
func (m *machine) scriptFile(p *process, args []string) {
	s := p.shell
	name := args[0]
	full := s.absolute(name)
	if !strings.Contains(name, "/") {
		if _, err := m.files.Stat(full); err != nil {
			if found, failure := m.lookup(name, s.dir, s.path()); failure == nil {
				full = found
			}
		}
	}
	source, err := m.files.ReadText(full)
	if err != nil {
		if s.bash {
			m.complain(p, "%s: %s", name, reason(err))
			m.end(p, 127, 0)
			return
		}
		m.complain(p, "can't open '%s': %s", name, reason(err))
		m.end(p, 2, 0)
		return
	}
	s.name, s.args = name, args[1:]
	s.lines = true
	m.pushScript(p, source)
	p.disposable = false
}
