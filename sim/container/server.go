package container

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/container/applet"
)

// Server is an application: a program that serves others, such as nginx or a member of a database cluster. This is the place
// where applications go: write a file app_NAME.go with a type that implements Server, and name it in the image table
// (image_table.go) under the command that starts it.
//
// A Server is code, and its fields (a version, say) never change: everything one running instance knows is Run.State, which must be an immutable value (replace it, never
// change what it points to), or lies in files. Callbacks come one at a time. They see virtual time and must be deterministic; whatever could go
// more than one way asks Run.System().Choose.
type Server interface {
	// Start is called once, when the process starts. It says where it listens, and may write files, exit, and ask to be woken.
	Start(r *Run)
	// Serve is called for a connection to one of its ports: it gets all that the client sent and answers with all that is sent back.
	// It may use the network itself. A nil answer closes the connection without a word.
	Serve(r *Run, port uint16, request []byte) []byte
	// Wake is called when the time of WakeAt has come.
	Wake(r *Run)
	// Signal is called for every signal but KILL. A server that does nothing ignores it; see [Run.Terminate].
	Signal(r *Run, signal int)
}

// HealthServer is a Server that also answers gRPC health checks.
type HealthServer interface {
	Server
	// Health is the status of a service ("" is the server as a whole), e.g. SERVING, and false for an unknown service.
	Health(r *Run, service string) (status string, known bool)
}

// App is one server of a process, as it is kept in the row.
type App struct {
	Server   Server
	Args     []string
	Env      []string
	Dir      string
	State    any       // the server's own; immutable
	Ports    []uint16  // on which it listens
	WakeAt   time.Time // zero for never
	ExitAt   time.Time // zero while it shall go on
	ExitCode int
	Detached bool // runs on although its command has returned (a daemon)
	id       int
}

// Run is one callback of a server: what it is and what it can do.
type Run struct {
	App        // a copy; what State and Ports are at the end of the callback is kept
	activation *activation
	client     netip.Addr
}

// Client is the address the connection comes from. Who is outside of the cluster shows as the node: kube-proxy masquerades.
func (r *Run) Client() netip.Addr {
	if r.client.IsValid() {
		return r.client
	}
	if s := r.activation.guest.sandbox; s != nil {
		if addresses := nodeAddresses(r.activation.w.Tx.View, s.Node); len(addresses) > 0 {
			return addresses[0]
		}
	}
	return netip.MustParseAddr("127.0.0.1")
}

// System is the world as the server sees it: files, clock, network, chance.
func (r *Run) System() applet.System { return r.activation.guest }

// Stdout and Stderr are where the server's output goes: the container's log.
func (r *Run) Stdout() io.Writer { return stream{r.activation, Stdout} }

// Stderr is the server's standard error.
func (r *Run) Stderr() io.Writer { return stream{r.activation, Stderr} }

// Listen takes a TCP port. It fails when another program of the Pod has it.
func (r *Run) Listen(port uint16) error {
	if slices.Contains(r.Ports, port) || slices.Contains(r.activation.guest.Listening(), port) {
		return fmt.Errorf("bind to port %d: Address already in use", port)
	}
	r.Ports = append(slices.Clip(r.Ports), port)
	return nil
}

// Exit ends the server, now.
func (r *Run) Exit(code int) { r.ExitAt, r.ExitCode = r.activation.guest.Now(), code }

// Terminate is what a well-behaved server does on SIGTERM: it finishes, which takes a moment, and exits with a code.
func (r *Run) Terminate(code int) {
	if r.ExitAt.IsZero() {
		r.ExitAt, r.ExitCode = r.activation.guest.Now().Add(r.activation.w.Settings.Timings.PreStopAndExit), code
	}
}

type stream struct {
	to     *activation
	number int
}

func (s stream) Write(data []byte) (int, error) {
	s.to.Write(s.number, data)
	return len(data), nil
}

// call runs one callback of one of the process's servers and keeps what it leaves.
func (a *activation) call(id int, callback func(*Run)) {
	for i, app := range a.apps {
		if app.id != id {
			continue
		}
		r := &Run{App: *app, activation: a}
		callback(r)
		// A connection back to this server during the callback ran on the state before it; the outer callback's state wins.
		left := r.App
		a.apps = slices.Clone(a.apps)
		a.apps[i] = &left
		return
	}
}

// startApp starts a server within the process.
func (a *activation) startApp(server Server, args, env []string, dir string) *App {
	id := 1
	for _, app := range a.apps {
		id = max(id, app.id+1)
	}
	a.apps = append(slices.Clip(a.apps), &App{Server: server, Args: args, Env: env, Dir: dir, id: id})
	a.call(id, server.Start)
	return a.app(id)
}

func (a *activation) app(id int) *App {
	for _, app := range a.apps {
		if app.id == id {
			return app
		}
	}
	return nil
}

func (app *App) exited(now time.Time) bool { return !app.ExitAt.IsZero() && !app.ExitAt.After(now) }

// due is when the server wants to be looked at next; zero for never.
func (app *App) due() time.Time {
	if app.WakeAt.IsZero() || (!app.ExitAt.IsZero() && app.ExitAt.Before(app.WakeAt)) {
		return app.ExitAt
	}
	return app.WakeAt
}

// serverApplet is the command by which a script starts a server. It stays as long as the server does.
func (a *activation) serverApplet(server Server) applet.Applet {
	return func(call *applet.Call) applet.Outcome {
		now := call.System.Now()
		id, started := call.State.(int)
		if !started {
			app := a.startApp(server, slices.Clone(call.Args), slices.Clone(call.Env), call.Dir)
			id = app.id
		}
		app := a.app(id)
		switch {
		case app == nil:
			return applet.Exit(1)
		case app.exited(now):
			a.dropApp(id)
			return applet.Exit(app.ExitCode)
		case app.Detached:
			return applet.Exit(0)
		}
		block := &applet.Block{Until: app.due(), Files: true} // Files: it is asked again at every step of the script
		return applet.Outcome{Block: block, State: id}
	}
}

func (a *activation) dropApp(id int) {
	a.apps = slices.DeleteFunc(slices.Clone(a.apps), func(app *App) bool { return app.id == id })
}
