package container

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// The tables of the world behind the API: what really runs and what is really written, as opposed to what the API says.
const (
	Sandboxes  store.Table = "sandbox"   // *Sandbox: a Pod's place on a node: its network and its mounts
	Containers store.Table = "container" // *Container: one run of one container
	Processes  store.Table = "process"   // *Process: what runs in it
	Volumes    store.Table = "volume"    // *Volume: file trees
	Images     store.Table = "image"     // *Image: which images a node has or is pulling
	Leases     store.Table = "lease"     // *Lease: the address a node gave out last
	Addresses  store.Table = "address"   // *Address: who has an address of the Pod network
	Machines   store.Table = "machine"   // *Machine: what the nodes run on
	Troubled   store.Table = "troubled"  // *Machine: the same rows again, of the few that have ever failed
)

// Tables lists them for the store.
func Tables() []store.Table {
	return []store.Table{Sandboxes, Containers, Processes, Volumes, Images, Leases, Addresses, Machines, Troubled, Faults}
}

// Sandbox is a Pod's place on a node. It outlives the Pod object: a forced deletion removes the object at once, and the
// sandbox, with the processes in it, only when its node's kubelet comes to clean up.
type Sandbox struct {
	UID       api.UID     // of the Pod
	Pod       *corev1.Pod // as it was when the sandbox was made: the containers run by this, whatever becomes of the object
	Node      string
	IPs       []netip.Addr
	Ready     bool      // network and volumes are there
	Failure   string    // why it could not be made (a missing ConfigMap, say), for FailedMount; empty when it could
	Lost      bool      // its machine lost power: it has to be made anew
	Evicted   string    // why its kubelet ends the Pod for want of memory; empty when it does not
	Detached  bool      // its volumes were taken from its node by force
	CreatedAt time.Time // virtual
}

// RowKey implements [store.Row].
func (s *Sandbox) RowKey() string { return string(s.UID) }

// State is where a container stands.
type State string

// The states of a container.
const (
	Created State = "created" // being started
	Running State = "running"
	Exited  State = "exited"
)

// Container is one run of one container of a Pod. A restart makes a new row with the next attempt.
type Container struct {
	UID        api.UID // of the Pod
	Name       string
	Attempt    int    // 0 for the first run
	ID         string // 64 hexadecimal digits; the API shows it after containerd://
	Node       string
	Image      string // as the Pod names it
	ImageID    string
	State      State
	CreatedAt  time.Time
	StartedAt  time.Time // zero when it never started
	FinishedAt time.Time
	ExitCode   int
	Signal     int    // that ended it, 0 if none
	Reason     string // Completed, Error, StartError, CreateContainerConfigError, ... when Exited
	Message    string // termination message, or why it did not start
	Stopping   bool   // asked to stop; the grace period runs
	KillAt     time.Time
	Hook       Role          // PostStart or PreStop while that hook runs; the kubelet starts no further container during PostStart
	HookError  string        // why the postStart hook failed (FailedPostStartHook); the container is then stopped
	StopError  string        // why the preStop hook failed (FailedPreStopHook); nothing else comes of it
	Backoff    time.Duration // as the kubelet gave it with the command: how long the next run waits after the end of this one
	Processes  []int         // numbers of its live processes, the main one first
	Config     *Config
	Root       storage.Tree
	Log        Log
	Probes     map[string]ProbeResult // newest result by probe: "startup", "readiness", "liveness"; a changed copy is put
}

// Config is what a container was started with. It never changes.
type Config struct {
	Args     []string // of the main process
	Env      []string // NAME=value, sorted
	Dir      string
	Identity storage.Identity
	UserName string
	TTY      bool
	Stdin    bool
	ReadOnly bool // the root file system
	Mounts   []Binding
}

// Binding is one volume in a container.
type Binding struct {
	Path     string
	Volume   string // key of its row
	SubPath  string
	ReadOnly bool
	Type     string // file system type as mount(8) prints it
}

// RowKey implements [store.Row]; rows of a Pod's container are ordered by attempt.
func (c *Container) RowKey() string { return ContainerKey(c.UID, c.Name, c.Attempt) }

// ContainerKey is the key of a container's row.
func ContainerKey(uid api.UID, name string, attempt int) string {
	number := strconv.Itoa(attempt)
	return string(uid) + "/" + name + "/" + "00000000"[:8-min(8, len(number))] + number
}

// Newest is the row of the newest attempt of a container.
func Newest(view store.View, uid api.UID, name string) (*Container, bool) {
	var newest *Container
	for c := range store.Rows[*Container](view, Containers, string(uid)+"/"+name+"/") {
		newest = c
	}
	return newest, newest != nil
}

// Role is what a process is there for.
type Role string

// The roles.
const (
	Main      Role = "main"
	Executed  Role = "exec"
	PostStart Role = "postStart"
	PreStop   Role = "preStop"
	Probing   Role = "probe"
)

// Process is a running program of a container. A program that forks is one row with all its children.
type Process struct {
	Number    int     // of this row, unique in the world: the doors' handle
	UID       api.UID // of the Pod
	Container string
	Attempt   int
	Role      Role
	Probe     string // with Probing: which one
	PID       int    // in its container; 1 is the main process
	Args      []string
	Started   time.Time
	TTY       bool
	Shell     *shell.Process  // a script or a command; nil for a server of its own
	Servers   []*app.Instance // servers: the process itself when Shell is nil, else those the script started
	Output    Log             // of everything but the main process, whose output is the container's log
	Deadline  time.Time       // when it is killed for taking too long (probes); zero for never
	Ended     bool
	ExitCode  int
	Signal    int // that ended it
}

// RowKey implements [store.Row].
func (p *Process) RowKey() string { return processKey(p.Number) }

// ProbeRuns says whether a probe of a container is still going on.
func ProbeRuns(view store.View, c *Container, probe string) bool {
	for _, number := range c.Processes {
		p, found := store.GetRow[*Process](view, Processes, processKey(number))
		if found && p.Role == Probing && p.Probe == probe && !p.Ended {
			return true
		}
	}
	return false
}

func processKey(number int) string { return fmt.Sprintf("%012d", number) }

// ProbeResult is the outcome of the newest run of a probe.
type ProbeResult struct {
	At        time.Time
	Success   bool
	Output    string // what a failed probe said, as the kubelet's Unhealthy event prints it
	Successes int    // in a row
	Failures  int    // in a row
}

// Image is an image on a node.
type Image struct {
	Node, Name string // Name as written in the Pod
	Present    bool
	Pulling    bool
	Failure    string    // of the newest pull, in the runtime's words; empty when it went well
	Failures   int       // in a row, for the back-off
	FailedAt   time.Time // when the newest pull that failed did
	PulledAt   time.Time
	StartedAt  time.Time // of the pull
	Size       int64     // bytes
}

// RowKey implements [store.Row].
func (i *Image) RowKey() string { return i.Node + "/" + i.Name }

// Volume is a file tree that outlives containers: the content of a PersistentVolume ("pv/NAME"), of an emptyDir or other ephemeral
// volume of a Pod ("pod/UID/NAME"), the disk of a node for hostPath volumes ("node/NODE"), or that of the machine of the person at
// the keyboard ("host").
type Volume struct {
	Key      string
	Tree     storage.Tree
	Capacity int64     // bytes, 0 for no bound
	Source   string    // of a projected volume: the resource versions it was made from
	Checked  time.Time // of a projected volume: when its sources were last looked at
}

// RowKey implements [store.Row].
func (v *Volume) RowKey() string { return v.Key }

// Lease is the address a node's range of Pod addresses was given out up to: like the host-local plugin, a node
// goes through its range before it uses an address again.
type Lease struct {
	Node string
	Last netip.Addr
}

// RowKey implements [store.Row].
func (l *Lease) RowKey() string { return l.Node }

// Address is an address of the Pod network that a sandbox has.
type Address struct {
	IP  netip.Addr
	UID api.UID // of the Pod
}

// RowKey implements [store.Row].
func (a *Address) RowKey() string { return a.IP.String() }
