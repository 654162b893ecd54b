package container

import (
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// serving is what a server sees of the process it runs in, during one callback. It implements [app.Host].
type serving struct {
	in     *activation
	client netip.Addr // of the connection that is being served, if any
}

func (s serving) System() applet.System { return s.in.guest }

func (s serving) PID() int { return s.in.process.PID }

func (s serving) StopTime() time.Duration { return s.in.w.Settings.Timings.PreStopAndExit }

func (s serving) Output(stream int) io.Writer { return outputOf{s.in, stream} }

func (s serving) Client() netip.Addr {
	if s.client.IsValid() {
		return s.client
	}
	if sandbox := s.in.guest.sandbox; sandbox != nil {
		if addresses := nodeAddresses(s.in.w.Tx.View, sandbox.Node); len(addresses) > 0 {
			return addresses[0]
		}
	}
	return netip.MustParseAddr("127.0.0.1")
}

type outputOf struct {
	to     *activation
	stream int
}

func (o outputOf) Write(data []byte) (int, error) {
	o.to.Write(o.stream, data)
	return len(data), nil
}

// call runs one callback of one of the process's servers and keeps what it leaves. The client is zero when no connection of the Pod network caused it.
func (a *activation) call(id int, client netip.Addr, callback func(*app.Run)) {
	for i, server := range a.servers {
		if server.ID != id {
			continue
		}
		r := app.NewRun(*server, serving{a, client})
		callback(r)
		// A connection back to this server during the callback ran on the state before it; the outer callback's state wins.
		left := r.Instance
		a.servers = slices.Clone(a.servers)
		a.servers[i] = &left
		return
	}
}

// startServer starts a server within the process.
func (a *activation) startServer(server app.Server, args, env []string, dir string) *app.Instance {
	id := 1
	for _, other := range a.servers {
		id = max(id, other.ID+1)
	}
	a.servers = append(slices.Clip(a.servers), &app.Instance{ID: id, Server: server, Args: args, Env: env, Dir: dir})
	a.call(id, netip.Addr{}, server.Start)
	return a.server(id)
}

func (a *activation) server(id int) *app.Instance {
	for _, server := range a.servers {
		if server.ID == id {
			return server
		}
	}
	return nil
}

// serverApplet is the command by which a script starts a server. It stays as long as the server does.
func (a *activation) serverApplet(server app.Server) applet.Applet {
	return func(call *applet.Call) applet.Outcome {
		id, started := call.State.(int)
		if !started {
			id = a.startServer(server, slices.Clone(call.Args), slices.Clone(call.Env), call.Dir).ID
		}
		instance := a.server(id)
		switch {
		case instance == nil:
			return applet.Exit(1)
		case instance.Exited(call.System.Now()):
			a.dropServer(id)
			return applet.Exit(instance.ExitCode)
		case instance.Detached:
			return applet.Exit(0)
		}
		until := instance.Due()
		if now := call.System.Now(); !until.IsZero() && !until.After(now) {
			until = now.Add(1) // the server is woken between two runs of the shell, never within one
		}
		block := &applet.Block{Until: until, Files: true} // Files: it is asked again at every step of the script
		return applet.Outcome{Block: block, State: id}
	}
}

func (a *activation) dropServer(id int) {
	a.servers = slices.DeleteFunc(slices.Clone(a.servers), func(server *app.Instance) bool { return server.ID == id })
}
