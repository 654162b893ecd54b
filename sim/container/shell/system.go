package shell

import (
	"slices"

	"github.com/stsim/stsim/sim/container/applet"
)

// inside is the System that a program of this Process sees: its own processes are as they are now, not as they were when the
// run began, and signals to them are this machine's to deliver.
type inside struct {
	applet.System
	m *machine
}

// Processes lists the processes of the container.
func (s *inside) Processes() []applet.ProcessInfo {
	mine := s.m.tree()
	list := slices.DeleteFunc(slices.Clone(s.System.Processes()), func(info applet.ProcessInfo) bool {
		return slices.Contains(s.m.before, info.Process) ||
			slices.ContainsFunc(mine, func(p applet.ProcessInfo) bool { return p.Process == info.Process })
	})
	list = append(list, mine...)
	slices.SortFunc(list, func(a, b applet.ProcessInfo) int { return a.Process - b.Process })
	return list
}

// Signal sends a signal. One to a process of this machine arrives when the program that sends it has returned.
func (s *inside) Signal(process, signal int) error {
	if target := s.m.find(process); target != nil && !target.done {
		s.m.pending = append(s.m.pending, signalTo{process, signal})
		return nil
	}
	return s.System.Signal(process, signal)
}

// sendPending delivers the signals that programs sent.
func (m *machine) sendPending() {
	for _, s := range m.pending {
		if target := m.find(s.process); target != nil && !target.done {
			m.deliver(target, s.number)
		}
	}
	m.pending = nil
}
