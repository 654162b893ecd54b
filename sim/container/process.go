package container

import (
	"net/netip"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
)

// activation is one run of one process: mutable scratch between two rows.
type activation struct {
	w       *World
	process *Process // as it was at the beginning
	guest   *Guest
	shell   *shell.Process
	servers []*app.Instance
	output  []Chunk
	signals []signalTo // that came while it ran
}

type signalTo struct{ pid, signal int }

// activate prepares a run; settle ends it.
func (w *World) activate(p *Process) *activation { return w.activateAs(p, nil) }

// activateAs is activate for a process whose guest is there already, if it is.
func (w *World) activateAs(p *Process, guest *Guest) *activation {
	a := &activation{w: w, process: p, shell: p.Shell, servers: p.Servers}
	if a.guest = guest; guest == nil {
		a.guest = w.guest(p)
	}
	a.guest.current = a
	if w.active == nil {
		w.active = map[int]*activation{}
	}
	w.active[p.Number] = a
	return a
}

// guest is the world as a process of a container sees it.
func (w *World) guest(p *Process) *Guest {
	c, _ := w.container(ContainerKey(p.UID, p.Container, p.Attempt))
	return w.inContainer(c)
}

// inContainer is the world as a further process of a container would see it.
func (w *World) inContainer(c *Container) *Guest {
	sandbox, _ := w.sandbox(c.UID)
	return w.guestOf(c, sandbox)
}

func (w *World) guestOf(c *Container, sandbox *Sandbox) *Guest {
	g := &Guest{w: w, container: c.RowKey(), sandbox: sandbox, config: c.Config, image: w.imageOf(c.Image)}
	g.hostname, g.domain = hostnameOf(sandbox.Pod, w.Settings.Zone)
	g.mount(c)
	return g
}

// Write implements [shell.Output].
func (a *activation) Write(stream int, data []byte) {
	a.output = append(a.output, Chunk{At: a.w.now(), Stream: stream, Data: string(data)})
}

// flushOutput takes the output so far into the container's log, or for other processes into their own.
func (a *activation) flushOutput() {
	output := a.output
	if len(output) == 0 {
		return
	}
	a.output = nil
	if a.process.Role == Main {
		a.w.changeContainer(a.guest.container, func(c *Container) {
			for _, chunk := range output {
				c.Log = c.Log.Append(chunk.At, chunk.Stream, chunk.Data)
			}
		})
		return
	}
	a.w.changeProcess(a.process.Number, func(p *Process) {
		for _, chunk := range output {
			p.Output = p.Output.AppendPiece(chunk.At, chunk.Stream, chunk.Data)
		}
	})
}

// wake looks at a process because something it waits for may have come.
func (w *World) wake(number int) {
	p, found := w.process(number)
	if !found || p.Ended || w.active[number] != nil {
		return
	}
	if !p.Deadline.IsZero() && !p.Deadline.After(w.now()) {
		w.expired(p)
		return
	}
	a := w.activate(p)
	a.advance()
	a.settle()
}

// advance lets a process go on until it has ended or waits.
func (a *activation) advance() {
	for {
		now := a.w.now()
		for _, server := range a.servers {
			if !server.WakeAt.IsZero() && !server.WakeAt.After(now) && !server.Exited(now) {
				a.call(server.ID, netip.Addr{}, func(r *app.Run) {
					r.WakeAt = time.Time{}
					r.Server.Wake(r)
				})
			}
		}
		if a.shell != nil {
			a.shell = a.shell.Run(a.guest, a)
		}
		if len(a.signals) == 0 {
			return
		}
		signals := a.signals
		a.signals = nil
		for _, s := range signals {
			a.deliver(s.pid, s.signal)
		}
	}
}

// deliver sends a signal to the process, or to one of its children by its number.
func (a *activation) deliver(pid, signal int) {
	server := a.serverAt(pid)
	switch {
	case server != nil && signal != app.SIGKILL:
		a.call(server.ID, netip.Addr{}, func(r *app.Run) { r.Server.Signal(r, signal) })
	case a.shell == nil:
		if server != nil && pid != 1 { // the first process of a container is protected from its own kind
			a.call(server.ID, netip.Addr{}, func(r *app.Run) { r.Exit(128 + signal) })
		}
	case pid == a.process.PID:
		a.shell = a.shell.Signal(signal)
	default:
		a.shell, _ = a.shell.SignalTo(pid, signal)
	}
}

// serverAt is the server that runs as a process of that number.
func (a *activation) serverAt(pid int) *app.Instance {
	if a.shell == nil {
		if len(a.servers) > 0 {
			return a.servers[0]
		}
		return nil
	}
	for _, info := range a.shell.Tree() {
		if info.Process == pid {
			for _, server := range a.servers {
				if !server.Detached && slices.Equal(server.Args, info.Command) {
					return server
				}
			}
		}
	}
	return nil
}

// settle puts everything a run has left into the rows and says when it goes on.
func (a *activation) settle() {
	if len(a.signals) > 0 {
		a.advance()
	}
	a.guest.Flush()
	delete(a.w.active, a.process.Number)
	p, found := a.w.process(a.process.Number)
	if !found || p.Ended {
		return
	}
	now := a.w.now()
	next := *p
	next.Shell, next.Servers = a.shell, a.servers
	ended, code, signal := false, 0, 0
	var due time.Time
	if a.shell != nil {
		a.dropDead()
		next.Servers = a.servers
		state := a.shell.State()
		if state.Exited != nil {
			ended, code, signal = true, state.Exited.Code, state.Exited.Signal
		}
		due = state.Until
		if state.Ready {
			due = now
		}
	} else if len(a.servers) == 0 || a.servers[0].Exited(now) {
		ended = true
		if len(a.servers) > 0 {
			code = a.servers[0].ExitCode
		}
	} else if a.servers[0].Detached {
		ended = true // a daemon that is the main process: its parent has returned, and with it goes the container
	}
	a.w.Tx.PutRow(Processes, &next)
	if ended {
		a.w.ended(&next, code, signal)
		return
	}
	for _, server := range next.Servers {
		due = earliest(due, server.Due())
	}
	if due = earliest(due, next.Deadline); !due.IsZero() {
		a.w.schedule(due, wake, next.RowKey())
	}
}

// dropDead forgets servers whose command a signal has ended.
func (a *activation) dropDead() {
	if len(a.servers) == 0 {
		return
	}
	tree := a.shell.Tree()
	a.servers = slices.DeleteFunc(slices.Clone(a.servers), func(server *app.Instance) bool {
		return !server.Detached && !slices.ContainsFunc(tree, func(info applet.ProcessInfo) bool { return slices.Equal(info.Command, server.Args) })
	})
}

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// tree lists the processes of a row for ps.
func (p *Process) tree(c *Container) []applet.ProcessInfo {
	if p.Shell != nil {
		return p.Shell.Tree()
	}
	return []applet.ProcessInfo{{Process: p.PID, User: c.Config.UserName, Started: p.Started, Command: p.Args, State: "S"}}
}

// signal sends a signal to a process of a container by its number there.
func (w *World) signal(p *Process, pid, signal int) {
	if a := w.active[p.Number]; a != nil {
		a.signals = append(a.signals, signalTo{pid, signal})
		return
	}
	a := w.activate(p)
	a.deliver(pid, signal)
	a.advance()
	a.settle()
}

// ended notes that a process has ended and lets whoever started it go on.
func (w *World) ended(p *Process, code, signal int) {
	done := *p
	done.Ended, done.ExitCode, done.Signal = true, code, signal
	done.Shell, done.Servers = nil, nil
	w.Tx.PutRow(Processes, &done)
	key := ContainerKey(p.UID, p.Container, p.Attempt)
	if p.Role == Main {
		w.exit(key, code, signal)
		return
	}
	if c, found := w.container(key); found && slices.Contains(c.Processes, p.Number) {
		w.changeContainer(key, func(c *Container) {
			c.Processes = slices.DeleteFunc(slices.Clone(c.Processes), func(number int) bool { return number == p.Number })
		})
	}
	switch p.Role {
	case PostStart, PreStop:
		w.Tx.DeleteRow(Processes, p.RowKey())
		w.hookEnded(&done)
	case Probing:
		w.Tx.DeleteRow(Processes, p.RowKey())
		w.probeEnded(&done)
	}
}
