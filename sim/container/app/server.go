package app

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/container/applet"
)

// Server is an application: a program that serves others, such as nginx or a member of a database cluster.
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

// Instance is one running server, as it is kept in the row of its process.
type Instance struct {
	ID       int // of its process's servers
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
}

// Exited says whether the server has ended by then.
func (i *Instance) Exited(now time.Time) bool { return !i.ExitAt.IsZero() && !i.ExitAt.After(now) }

// Due is when the server wants to be looked at next; zero for never.
func (i *Instance) Due() time.Time {
	if i.WakeAt.IsZero() || (!i.ExitAt.IsZero() && i.ExitAt.Before(i.WakeAt)) {
		return i.ExitAt
	}
	return i.WakeAt
}

// Host is the process that a server runs in, as the runtime offers it.
type Host interface {
	System() applet.System       // files, clock, network, chance
	Client() netip.Addr          // of the connection that is being served; see [Run.Client]
	Output(stream int) io.Writer // 1 and 2, as a program numbers them
	PID() int                    // of the process
	StopTime() time.Duration     // what a server that ends in good order takes for it
}

// Run is one callback of a server: what it is and what it can do.
type Run struct {
	Instance // a copy; what it is at the end of the callback is kept
	host     Host
}

// NewRun is a callback of an instance; the runtime makes it.
func NewRun(instance Instance, host Host) *Run { return &Run{Instance: instance, host: host} }

// Client is the address the connection comes from. Who is outside of the cluster shows as the node: kube-proxy masquerades.
func (r *Run) Client() netip.Addr { return r.host.Client() }

// System is the world as the server sees it: files, clock, network, chance.
func (r *Run) System() applet.System { return r.host.System() }

// PID is the number of the server's process in its container.
func (r *Run) PID() int { return r.host.PID() }

// Stdout and Stderr are where the server's output goes: the container's log.
func (r *Run) Stdout() io.Writer { return r.host.Output(1) }

// Stderr is the server's standard error.
func (r *Run) Stderr() io.Writer { return r.host.Output(2) }

// Listen takes a TCP port. It fails when another program of the Pod has it.
func (r *Run) Listen(port uint16) error {
	if slices.Contains(r.Ports, port) || slices.Contains(r.System().Listening(), port) {
		return fmt.Errorf("bind to port %d: Address already in use", port)
	}
	r.Ports = append(slices.Clip(r.Ports), port)
	return nil
}

// Exit ends the server, now.
func (r *Run) Exit(code int) { r.ExitAt, r.ExitCode = r.System().Now(), code }

// Terminate is what a well-behaved server does on SIGTERM: it finishes, which takes a moment, and exits with a code.
func (r *Run) Terminate(code int) {
	if r.ExitAt.IsZero() {
		r.ExitAt, r.ExitCode = r.System().Now().Add(r.host.StopTime()), code
	}
}

// TerminateOn ends a server on the signals that ask for it.
func (r *Run) TerminateOn(signal, code int) {
	switch signal {
	case SIGTERM, SIGINT, SIGQUIT:
		r.Terminate(code)
	}
}
