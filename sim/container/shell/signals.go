package shell

import (
	"slices"
	"strconv"
	"strings"
)

// The signals this package acts on by number.
const (
	sigHUP  = 1
	sigINT  = 2
	sigQUIT = 3
	sigKILL = 9
	sigPIPE = 13
	sigTERM = 15
	sigCHLD = 17
	sigCONT = 18
)

var signalNames = []string{"EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
	"PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
	"PROF", "WINCH", "POLL", "PWR", "SYS"}

// signalNumber reads a signal as kill and trap take it: TERM, SIGTERM, 15.
func signalNumber(s string) (int, bool) {
	if n, err := strconv.Atoi(s); err == nil {
		return n, n >= 0 && n <= 64
	}
	i := slices.Index(signalNames, strings.TrimPrefix(strings.ToUpper(s), "SIG"))
	return i, i >= 0
}

// signalText is what a shell prints when a child in the foreground was ended by a signal.
func signalText(signal int) string {
	switch signal {
	case sigHUP:
		return "Hangup"
	case sigKILL:
		return "Killed"
	case sigTERM:
		return "Terminated"
	case 6:
		return "Aborted"
	case 11:
		return "Segmentation fault"
	case sigQUIT:
		return "Quit"
	}
	return ""
}

// deliver sends a signal to one process.
func (m *machine) deliver(p *process, signal int) {
	if p.done || signal == 0 {
		return
	}
	if signal == sigKILL {
		m.end(p, 0, signal)
		return
	}
	if slices.Contains(p.ignored, signal) {
		return
	}
	if p.shell != nil {
		if action, ok := p.shell.trap(signal); ok {
			if action != "" {
				p.arrived = append(p.arrived, signal)
			}
			return
		}
		if p.shell.interactive {
			switch signal {
			case sigINT:
				p.control = control{kind: controlAbort, code: 130}
				return
			case sigTERM, sigQUIT:
				return
			}
		}
	}
	switch signal {
	case sigCHLD, sigCONT, 19, 20, 21, 22, 23, 28: // stopping a process is not simulated: nothing happens
		return
	}
	if m.spec.Init && p == m.procs[0] {
		return
	}
	m.end(p, 0, signal)
}

// interrupt is ^C: every process in the foreground gets INT, the last one first, as a shell looks at how its child ended.
func (m *machine) interrupt() {
	for _, p := range slices.Backward(slices.Clone(m.procs)) {
		if !m.inBackground(p) {
			m.deliver(p, sigINT)
		}
	}
}

func (m *machine) inBackground(p *process) bool {
	for range len(m.procs) {
		if p == nil {
			return false
		}
		if p.background {
			return true
		}
		p = m.find(p.parent)
	}
	return false
}

// runTrap starts the action of a signal that has arrived, and says whether there was one.
func (m *machine) runTrap(p *process) bool {
	for len(p.arrived) > 0 {
		signal := p.arrived[0]
		p.arrived = p.arrived[1:]
		if action, ok := p.shell.trap(signal); ok && action != "" {
			p.push(&trapFrame{status: p.status})
			m.pushSource(p, action)
			return true
		}
	}
	return false
}

// trapFrame restores $? after the action of a trap.
type trapFrame struct {
	status int
	exit   bool
}

func (f *trapFrame) clone() frame { c := *f; return &c }

func (f *trapFrame) step(m *machine, p *process) {
	p.status = f.status
	p.pop()
}

func (f *trapFrame) catch(m *machine, p *process) bool {
	if p.control.kind == controlReturn {
		p.control = control{}
		p.status = f.status
		p.pop()
		return true
	}
	return false
}
