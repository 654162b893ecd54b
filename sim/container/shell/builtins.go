package shell

import (
	"path"
	"strconv"
	"strings"
)

// builtin is a command the shell does itself. It sets process.status; one that must wait, or runs other commands, pushes a frame.
type builtin func(m *machine, p *process, f *callFrame, args []string)

// specials are the builtins that POSIX calls special: functions cannot take their names, and their errors end a script.
var specials = map[string]bool{"break": true, ":": true, "continue": true, ".": true, "eval": true, "exec": true, "exit": true,
	"export": true, "readonly": true, "return": true, "set": true, "shift": true, "times": true, "trap": true, "unset": true}

var builtins map[string]builtin

func init() {
	builtins = map[string]builtin{
		":":     func(m *machine, p *process, f *callFrame, args []string) { p.status = 0 },
		"true":  func(m *machine, p *process, f *callFrame, args []string) { p.status = 0 },
		"false": func(m *machine, p *process, f *callFrame, args []string) { p.status = 1 },
		".":     source, "source": source, "[": inShell, "alias": alias, "bg": jobControl, "break": leaveLoop, "cd": changeDir,
		"command": commandBuiltin, "continue": leaveLoop, "dirs": dirs, "echo": inShell, "eval": eval, "exec": execBuiltin,
		"exit": exit, "fg": jobControl, "getopts": getopts, "hash": func(m *machine, p *process, f *callFrame, args []string) { p.status = 0 },
		"jobs": jobs, "kill": kill, "popd": popd, "printf": printf, "pushd": pushd, "pwd": pwd, "read": read, "return": returnBuiltin,
		"builtin": builtinBuiltin, "set": set, "shift": shift, "shopt": shopt, "test": inShell, "times": times, "trap": trapBuiltin, "type": typeBuiltin,
		"ulimit": ulimit, "umask": umask, "unalias": unalias, "unset": unset, "wait": waitBuiltin,
	}
}

func (m *machine) builtin(p *process, f *callFrame, b builtin) {
	p.writeError = ""
	b(m, p, f, f.args)
	if p.writeError != "" && !p.done {
		m.complain(p, "%s: write error: %s", f.args[0], p.writeError)
		p.writeError = ""
		p.status = 1
	}
	if p.brokenPipe && !p.done {
		m.brokenPipe(p)
	}
	if why := m.overflow(); why != "" && m.exited == nil {
		m.exceed(why)
	}
}

// stdout writes what a builtin prints.
func (m *machine) stdout(p *process, text string) {
	w := writer{m: m, p: p, fd: 1}
	w.write([]byte(text))
}

// bad reports a usage error of a builtin.
func (m *machine) bad(p *process, status int, format string, args ...any) {
	m.complain(p, format, args...)
	p.status = status
}

// inShell runs an applet within the shell's own process, as shells do with echo and test.
func inShell(m *machine, p *process, f *callFrame, args []string) {
	if len(args) == 3+b2i(args[0] == "[") && args[1] == "-t" { // only the shell knows its descriptors
		n, err := strconv.Atoi(args[2])
		p.status = 1 - b2i(err == nil && m.terminalAt(p, n))
		return
	}
	found, ok := m.named(args[0])
	if !ok {
		m.notFound(p, args[0], &lookupError{127, "not found"})
		return
	}
	frame := appletFrame{run: found.applet, args: args, env: p.shell.exported(), dir: p.shell.dir}
	outcome, _ := m.runApplet(p, &frame)
	m.activity++
	if outcome.Block != nil { // none of these waits; if one does, it becomes a frame
		p.push(&frame)
		return
	}
	p.status = outcome.Code & 255
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// printf is the applet's, and -v puts what it prints into a variable.
func printf(m *machine, p *process, f *callFrame, args []string) {
	if len(args) < 4 || args[1] != "-v" {
		inShell(m, p, f, args)
		return
	}
	pipe := m.add(description{kind: kindPipe, writers: 1, readable: true, capture: true})
	var r redirector
	r.set(m, p, 1, m.add(description{kind: kindPipeEnd, pipe: pipe, writable: true}))
	inShell(m, p, f, append([]string{"printf"}, args[3:]...))
	value := string(m.descs[pipe].data)
	r.undo(m, p)
	m.release(pipe)
	if err := p.shell.put(args[2], text(value)); err != nil {
		m.bad(p, 1, "printf: %s", err)
	}
}

func exit(m *machine, p *process, f *callFrame, args []string) {
	code, ok := statusArgument(m, p, args)
	if ok {
		p.control = control{kind: controlExit, code: code}
	}
}

func returnBuiltin(m *machine, p *process, f *callFrame, args []string) {
	code, ok := statusArgument(m, p, args)
	if !ok {
		return
	}
	for i := len(p.frames) - 1; i >= 0; i-- {
		switch frame := p.frames[i].(type) {
		case *functionFrame:
			p.control = control{kind: controlReturn, code: code}
			return
		case *trapFrame:
			p.control = control{kind: controlReturn, code: code}
			return
		case *nestedFrame:
			if frame.source {
				p.control = control{kind: controlReturn, code: code}
				return
			}
		}
	}
	if p.shell.bash {
		m.bad(p, 2, "return: can only `return' from a function or sourced script")
		return
	}
	p.control = control{kind: controlExit, code: code} // ash ends the script
}

// statusArgument reads the operand of exit and return.
func statusArgument(m *machine, p *process, args []string) (int, bool) {
	if len(args) < 2 {
		for i := len(p.frames) - 1; i >= 0; i-- { // exit in a trap means the status from before
			if t, ok := p.frames[i].(*trapFrame); ok && args[0] == "exit" && t.exit {
				return t.status, true
			}
		}
		return p.status, true
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		m.complain(p, "%s: Illegal number: %s", args[0], args[1])
		p.control = control{kind: controlAbort, code: 2}
		return 0, false
	}
	return n & 255, true
}

// leaveLoop is break and continue.
func leaveLoop(m *machine, p *process, f *callFrame, args []string) {
	count := 1
	if len(args) > 1 {
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			m.complain(p, "%s: Illegal number: %s", args[0], args[1])
			p.control = control{kind: controlAbort, code: 2}
			return
		}
		count = n
	}
	loops := 0
scan:
	for i := len(p.frames) - 1; i >= 0; i-- {
		switch p.frames[i].(type) {
		case *whileFrame, *forFrame, *arithmeticForFrame:
			loops++
		case *functionFrame:
			break scan
		}
	}
	p.status = 0
	if loops == 0 {
		return
	}
	p.control = control{kind: controlBreak, count: min(count, loops)}
	if args[0] == "continue" {
		p.control.kind = controlContinue
	}
}

func eval(m *machine, p *process, f *callFrame, args []string) {
	if len(args) > 1 && args[1] == "--" {
		args = args[1:]
	}
	if len(args) < 2 {
		p.status = 0
		return
	}
	if !m.deeper(p) {
		return
	}
	p.push(&nestedFrame{})
	m.pushSource(p, strings.Join(args[1:], " "))
}

// source runs a file in this shell.
func source(m *machine, p *process, f *callFrame, args []string) {
	if len(args) < 2 {
		m.bad(p, 2, "%s: filename argument required", args[0])
		return
	}
	name := args[1]
	full := p.shell.absolute(name)
	if !strings.Contains(name, "/") {
		for _, d := range strings.Split(p.shell.path(), ":") {
			if info, err := m.files.Stat(path.Join("/", d, name)); err == nil && info.Mode.IsRegular() {
				full = path.Join("/", d, name)
				break
			}
		}
	}
	text, err := m.files.ReadText(full)
	if err != nil {
		if p.shell.bash {
			m.bad(p, 1, "%s: %s", name, reason(err))
			return
		}
		m.complain(p, "%s: can't open '%s': %s", args[0], name, reason(err))
		p.control = control{kind: controlAbort, code: 2}
		return
	}
	if !m.deeper(p) {
		return
	}
	n := &nestedFrame{source: true}
	if len(args) > 2 {
		n.swap, n.args = true, p.shell.args
		p.shell.args = args[2:]
	}
	p.push(n)
	m.pushSource(p, text)
}

// execBuiltin replaces the shell by a program, or makes redirections stay.
func execBuiltin(m *machine, p *process, f *callFrame, args []string) {
	f.keep = true
	f.forget(m)
	for len(args) > 1 && strings.HasPrefix(args[1], "-") && len(args[1]) > 1 {
		if args[1] == "-a" && len(args) > 2 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) < 2 {
		p.status = 0
		f.saved = nil
		return
	}
	found, failure := m.resolve(args[1:], p.shell.dir, p.shell.path(), 0)
	if failure != nil {
		m.notFound(p, args[1], failure)
		if !p.shell.interactive {
			p.control = control{kind: controlExit, code: failure.code}
		}
		return
	}
	m.load(p, found, p.shell.exported(), p.shell.dir)
}
