package shell

import (
	"bytes"
	"strings"
)

// inputFrame reads commands from standard input and runs them, a line at a time: an interactive shell, or a script that
// comes through a pipe. What a line leaves unread is there for the commands in it.
type inputFrame struct {
	text     string // lines of a command that is not complete
	prompted bool
	ended    bool
}

func (f *inputFrame) clone() frame { c := *f; return &c }

// begin sets the variables of an interactive shell.
func (s *shell) begin(m *machine) {
	if v, ok := s.variables.get("PS1"); ok && v.Set {
		return
	}
	prompt := m.spec.Prompt
	if prompt == "" {
		prompt = "# "
	}
	s.putText("PS1", prompt)
}

func (f *inputFrame) step(m *machine, p *process) {
	s := p.shell
	if m.runTrap(p) {
		return
	}
	if f.ended {
		p.pop()
		return
	}
	if s.interactive && !f.prompted {
		f.prompted = true
		m.reportJobs(p)
		prompt := s.prompt(m, s.value("PS1"))
		if f.text != "" {
			prompt = s.prompt(m, s.value("PS2"))
		}
		if m.terminalAt(p, 2) {
			m.stderrPrompt(p, prompt)
		}
	}
	in := p.descriptor(0)
	if in < 0 {
		f.ended = true
		return
	}
	data, end := m.peek(in)
	i := bytes.IndexByte(data, '\n')
	if i < 0 && !end && !(m.spec.TTY && len(data) > 0) {
		p.wait = wait{on: true, input: in, seen: len(data), sawEnd: false}
		return
	}
	n := i + 1
	if i < 0 {
		n = len(data)
		f.ended = end
	}
	line := string(data[:n])
	m.consume(in, n)
	f.prompted = false
	if f.ended && s.interactive && m.terminalAt(p, 2) && line == "" {
		m.stderrPrompt(p, "\n")
	}
	f.text += line
	m.steps += len(f.text) / 64
	if len(f.text) > maxSource {
		m.syntaxError(p, "script too large", 0)
		p.control = control{kind: controlAbort, code: 2}
		return
	}
	if strings.HasSuffix(f.text, "\\\n") && !f.ended {
		return
	}
	result := parse(f.text)
	if result.incomplete {
		if !f.ended {
			return
		}
		result = parseWhole(f.text)
	}
	if s.options.verbose {
		m.stderr(p, f.text)
	}
	f.text = ""
	if result.err != "" {
		m.syntaxError(p, result.err, result.line)
		p.status = 2
		if !s.interactive {
			p.control = control{kind: controlExit, code: 2}
		}
		return
	}
	if s.interactive {
		m.steps = 0 // each line a person types has the whole budget
	}
	p.push(&listFrame{statements: result.statements})
}

// catch lets an interactive shell survive the errors of a line.
func (f *inputFrame) catch(m *machine, p *process) bool {
	switch p.control.kind {
	case controlExit:
		return false
	case controlAbort:
		if !p.shell.interactive {
			return false
		}
		f.text, f.prompted = "", false
	}
	p.status = p.control.code
	p.control = control{}
	return true
}

// stderrPrompt writes a prompt. A terminal shows standard output and error alike; it comes on the stream of the echo.
func (m *machine) stderrPrompt(p *process, text string) { m.out.Write(1, []byte(text)) }

// prompt replaces the escapes of PS1 that bash and busybox have in common.
func (s *shell) prompt(m *machine, text string) string {
	if !strings.ContainsAny(text, "\\$`") {
		return text
	}
	dir := s.dir
	if home := s.value("HOME"); home != "" && home != "/" && (dir == home || strings.HasPrefix(dir, home+"/")) {
		dir = "~" + dir[len(home):]
	}
	base := dir[strings.LastIndexByte(dir, '/')+1:]
	if base == "" {
		base = dir
	}
	sign := "#"
	if m.files.Identity().UID != 0 {
		sign = "$"
	}
	user := m.spec.User
	if user == "" {
		user = "root"
	}
	return strings.NewReplacer(`\h`, m.system.Hostname(), `\H`, m.system.Hostname(), `\u`, user, `\w`, dir, `\W`, base,
		`\$`, sign, `\n`, "\n", `\s`, "sh", `\[`, "", `\]`, "", `\\`, `\`, "$PWD", s.dir, `${PWD}`, s.dir).Replace(text)
}

// reportJobs tells an interactive shell's user which jobs have ended.
func (m *machine) reportJobs(p *process) {
	kept := p.shell.jobs[:0:0]
	for _, j := range p.shell.jobs {
		if j.done && p.shell.interactive {
			m.stderr(p, jobLine(j, '+')+"\n")
			continue
		}
		kept = append(kept, j)
	}
	p.shell.jobs = kept
}
