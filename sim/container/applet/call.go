package applet

import (
	"io"
	"net/netip"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/storage"
)

// System is what the simulated world offers to a running program, and all it offers: nothing behind it reaches the
// host. It is valid for one run only; a program that blocks gets a new one when it goes on.
type System interface {
	// Now is virtual time.
	Now() time.Time
	// Files are the program's files: the root of its container and what is mounted there. Changes are kept.
	Files() *storage.FileSystem
	// Hostname is the short host name, e.g. "web-0"; Domain is the rest of the full name, e.g.
	// "nginx.default.svc.cluster.local", or "" where there is none.
	Hostname() string
	Domain() string
	// Addresses are the addresses of the host the program runs on (a Pod's IPs).
	Addresses() []netip.Addr
	// Resolver asks the cluster's DNS with the search list of this host's /etc/resolv.conf.
	Resolver() dnsserver.Resolver
	// Exchange opens a TCP connection, sends request, closes its sending side and gives back all that came.
	// The error is a *NetworkError. Loopback means this host.
	Exchange(address netip.AddrPort, request []byte) (response []byte, err error)
	// Listening are the TCP ports of this host on which a program listens.
	Listening() []uint16
	// Processes lists the processes of this container, by process number; Signal sends one a signal.
	Processes() []ProcessInfo
	Signal(process int, signal int) error
	// Choose is the world's one source of chance: a number from 0 to n-1.
	Choose(label string, n int) int
	// Command finds a command that is no applet (kubectl on the host, mongo in its image); nil if there is none.
	Command(name string) Applet
}

// ProcessInfo is one line of ps.
type ProcessInfo struct {
	Process, Parent int
	User            string
	Started         time.Time
	Command         []string
	State           string // R, S, Z as ps prints it
}

// NetworkError says why a connection failed.
type NetworkError struct {
	Reason  NetworkReason
	Address netip.AddrPort
}

// NetworkReason is one way in which a connection fails.
type NetworkReason string

// The ways in which a connection fails.
const (
	ConnectionRefused NetworkReason = "Connection refused"
	NoRoute           NetworkReason = "No route to host"
	TimedOut          NetworkReason = "Connection timed out"
	ConnectionReset   NetworkReason = "Connection reset by peer"
)

func (e *NetworkError) Error() string { return e.Address.String() + ": " + string(e.Reason) }

// Applet is one command of the simulated shell, e.g. grep. It runs without blocking: where a real command
// would wait, it returns an Outcome that says for what, and is called again with the State it left.
type Applet func(call *Call) Outcome

// Call is one run of an applet.
type Call struct {
	System System
	Args   []string // Args[0] is the name it was called by
	Env    []string // NAME=value of the exported variables, sorted
	Dir    string   // absolute working directory
	Stdin  *Stdin
	Stdout io.Writer // never fails; too much output ends the process with a clear message
	Stderr io.Writer
	TTY    bool
	State  any // what the applet left in Outcome.State when it blocked; nil at the first call; treat as immutable
	// Run calls another command line (argv) from within, as env, xargs, timeout, watch or find -exec do. The inner command's
	// outcome comes back; when it blocks the caller blocks with it: keep Inner in State and pass it again.
	Run func(argv []string, env []string, stdin *Stdin, stdout, stderr io.Writer, inner any) Outcome
}

// Stdin is what can be read so far.
type Stdin struct {
	Data   []byte // not yet consumed; an applet consumes by reslicing
	Closed bool   // nothing will follow Data
	// Outside says that it is what the first program was started with, such as the keyboard, and no pipe or file.
	Outside bool
}

// Outcome is how a run of an applet ended.
type Outcome struct {
	Code  int    // exit status, when Block is nil
	Block *Block // not nil: the applet waits
	State any    // handed back at the next call when it waits; must be treated as immutable
}

// Block says what an applet waits for; it is called again when any of them has come.
type Block struct {
	Until time.Time // zero: no time limit
	Input bool      // more data on stdin, or its end
	Files bool      // any change of files (tail -f)
	Ever  bool      // only a signal ends it (sleep infinity, pause)
}

// Exit is the outcome of an applet that has ended with an exit status.
func Exit(code int) Outcome { return Outcome{Code: code} }
