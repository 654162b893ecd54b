package shell

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// trapBuiltin sets what happens when a signal comes or the shell ends.
func trapBuiltin(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	p.status = 0
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) > 0 && args[0] == "-l" {
		m.stdout(p, strings.Join(signalNames[1:], " ")+"\n")
		return
	}
	if len(args) == 0 || args[0] == "-p" {
		for _, t := range s.traps {
			m.stdout(p, "trap -- "+alwaysQuoted(t.action)+" "+pick(s.bash && t.signal > 0, "SIG", "")+signalName(t.signal)+"\n")
		}
		return
	}
	action, reset := args[0], false
	names := args[1:]
	if _, err := strconv.Atoi(action); action == "-" || err == nil || len(names) == 0 {
		reset = true
		if action != "-" {
			names = args
		}
	}
	for _, name := range names {
		n, ok := signalNumber(name)
		if !ok || n >= len(signalNames) {
			if name == "ERR" || name == "DEBUG" || name == "RETURN" {
				m.bad(p, 1, "trap: %s: this trap is not simulated", name)
			} else {
				m.bad(p, 1, "trap: %s: invalid signal specification", name)
			}
			continue
		}
		if n == sigKILL || n == 19 {
			continue // cannot be caught
		}
		s.takeTrap(n)
		p.ignored = slices.DeleteFunc(slices.Clone(p.ignored), func(i int) bool { return i == n && action != "" })
		if !reset {
			s.setTrap(n, action)
		}
	}
}

func signalName(n int) string {
	if n >= 0 && n < len(signalNames) {
		return signalNames[n]
	}
	return strconv.Itoa(n)
}

// kill sends signals to processes and jobs.
func kill(m *machine, p *process, f *callFrame, args []string) {
	signal := sigTERM
	args = args[1:]
	p.status = 0
	if len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && args[0] != "--" {
		name := args[0][1:]
		args = args[1:]
		switch {
		case name == "l" || name == "L":
			if len(args) == 0 {
				for i, n := range signalNames[1:] {
					m.stdout(p, fmt.Sprintf("%2d) %s\n", i+1, n))
				}
				return
			}
			for _, a := range args {
				if n, err := strconv.Atoi(a); err == nil {
					m.stdout(p, signalName(n&127)+"\n")
				} else if n, ok := signalNumber(a); ok {
					m.stdout(p, itoa(n)+"\n")
				}
			}
			return
		case (name == "s" || name == "n") && len(args) > 0:
			name = args[0]
			args = args[1:]
		}
		n, ok := signalNumber(name)
		if !ok {
			m.bad(p, 1, "kill: bad signal name '%s'", name)
			return
		}
		signal = n
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		m.bad(p, 1, "kill: you need to specify whom to kill")
		return
	}
	for _, a := range args {
		if !m.killOne(p, a, signal) {
			p.status = 1
		}
		if p.done {
			return
		}
	}
}

func (m *machine) killOne(p *process, target string, signal int) bool {
	number := 0
	if strings.HasPrefix(target, "%") {
		j := p.shell.job(target)
		if j == nil {
			m.complain(p, "kill: %s: no such job", target)
			return false
		}
		if number = j.process; j.done {
			return true
		}
	} else {
		n, err := strconv.Atoi(target)
		if err != nil {
			m.complain(p, "kill: invalid number '%s'", target)
			return false
		}
		number = n
	}
	if number == 0 || number < -1 { // a process group: what this shell started, and itself
		for _, t := range slices.Backward(slices.Clone(m.procs)) {
			m.deliver(t, signal)
		}
		return true
	}
	if t := m.find(number); t != nil && !t.done {
		m.deliver(t, signal)
		return true
	}
	if err := m.system.Signal(number, signal); err != nil {
		m.complain(p, "kill: can't kill pid %d: %s", number, noProcess(err))
		return false
	}
	return true
}

// noProcess is the text of an error of System.Signal.
func noProcess(err error) string {
	if text := reason(err); text != "" && !strings.Contains(text, "%") {
		return text
	}
	return "No such process"
}

// job finds a job by %1, %+, %%, %- or %text.
func (s *shell) job(name string) *job {
	name = strings.TrimPrefix(name, "%")
	n := len(s.jobs)
	switch name {
	case "", "+", "%":
		if n > 0 {
			return &s.jobs[n-1]
		}
		return nil
	case "-":
		if n > 1 {
			return &s.jobs[n-2]
		}
		return nil
	}
	id, err := strconv.Atoi(name)
	for i := range s.jobs {
		if (err == nil && s.jobs[i].id == id) || (err != nil && strings.HasPrefix(s.jobs[i].text, name)) {
			return &s.jobs[i]
		}
	}
	return nil
}

func jobLine(j job, mark byte) string {
	state := "Running"
	if j.done {
		state = "Done"
		if j.status != 0 {
			state = "Done(" + itoa(j.status) + ")"
			if text := signalText(j.status - 128); j.status > 128 && text != "" {
				state = text
			}
		}
	}
	return fmt.Sprintf("[%d]%c  %-23s %s", j.id, mark, state, j.text)
}

func jobs(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	numbers := len(args) > 1 && args[1] == "-p"
	kept := s.jobs[:0:0]
	for i, j := range s.jobs {
		if numbers {
			m.stdout(p, itoa(j.process)+"\n")
		} else {
			mark := byte(' ')
			switch i {
			case len(s.jobs) - 1:
				mark = '+'
			case len(s.jobs) - 2:
				mark = '-'
			}
			m.stdout(p, jobLine(j, mark)+"\n")
		}
		if !j.done || numbers {
			kept = append(kept, j)
		}
	}
	s.jobs = kept
	p.status = 0
}

// jobControl is fg and bg. Jobs cannot be stopped, so only fg of a running one has a meaning: to wait for it.
func jobControl(m *machine, p *process, f *callFrame, args []string) {
	name := "%+"
	if len(args) > 1 {
		name = args[1]
	}
	j := p.shell.job(name)
	if j == nil {
		m.bad(p, 1, "%s: %s: no such job", args[0], name)
		return
	}
	if args[0] == "bg" {
		p.status = 0
		return
	}
	m.stdout(p, j.text+"\n")
	if c := m.find(j.process); c != nil && !c.done {
		for i := range c.ignored {
			if c.ignored[i] == sigINT {
				c.ignored = slices.Delete(slices.Clone(c.ignored), i, i+1)
				break
			}
		}
	}
	p.push(&waitFrame{numbers: []int{j.process}})
}

// waitFrame is wait: for some processes, or all jobs. A signal with a trap ends it.
type waitFrame struct {
	numbers []int
	all     bool
	next    bool // wait -n: the first one that ends
}

func (f *waitFrame) clone() frame { c := *f; return &c }

func (f *waitFrame) step(m *machine, p *process) {
	s := p.shell
	if len(p.arrived) > 0 {
		p.status = 128 + p.arrived[0]
		p.pop()
		return
	}
	if f.next {
		f.first(m, p)
		return
	}
	if f.all {
		for _, j := range s.jobs {
			if !j.done && !j.foreign {
				p.waitForChild(j.process)
				return
			}
		}
		if !s.interactive {
			s.jobs = nil
		}
		p.status = 0
		p.pop()
		return
	}
	for len(f.numbers) > 0 {
		i := slices.IndexFunc(s.jobs, func(j job) bool { return j.process == f.numbers[0] && !j.foreign })
		if i < 0 {
			p.status = 127
			if s.bash {
				m.complain(p, "wait: pid %d is not a child of this shell", f.numbers[0])
			}
			f.numbers = f.numbers[1:]
			continue
		}
		if !s.jobs[i].done {
			p.waitForChild(f.numbers[0])
			return
		}
		p.status = s.jobs[i].status
		s.jobs = slices.Delete(slices.Clone(s.jobs), i, i+1)
		f.numbers = f.numbers[1:]
	}
	p.pop()
}

func (f *waitFrame) first(m *machine, p *process) {
	s := p.shell
	for i, j := range s.jobs {
		if j.done && !j.foreign {
			p.status = j.status
			s.jobs = slices.Delete(slices.Clone(s.jobs), i, i+1)
			p.pop()
			return
		}
	}
	if len(s.jobs) == 0 || s.jobs[0].foreign {
		p.status = 127
		p.pop()
		return
	}
	p.wait = wait{on: true, input: -1, child: -1}
}

func waitBuiltin(m *machine, p *process, f *callFrame, args []string) {
	if len(args) == 1 {
		p.push(&waitFrame{all: true})
		return
	}
	if args[1] == "-n" {
		p.push(&waitFrame{next: true})
		return
	}
	w := &waitFrame{}
	for _, a := range args[1:] {
		n, err := strconv.Atoi(a)
		if strings.HasPrefix(a, "%") {
			j := p.shell.job(a)
			if j == nil {
				m.bad(p, 127, "wait: %s: no such job", a)
				return
			}
			n = j.process
		} else if err != nil {
			m.bad(p, 2, "wait: Illegal number: %s", a)
			return
		}
		w.numbers = append(w.numbers, n)
	}
	p.push(w)
}
