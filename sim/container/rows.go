package container

import (
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
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
)

// Tables lists them for the store.
func Tables() []store.Table { return []store.Table{Sandboxes, Containers, Processes, Volumes, Images} }

// Sandbox is a Pod's place on a node. It outlives the Pod object: a forced deletion removes the object at once, and the
// sandbox, with the processes in it, only when its node's kubelet comes to clean up.
type Sandbox struct {
	UID       api.UID     // of the Pod
	Pod       *corev1.Pod // as it was when the sandbox was made: the containers run by this, whatever becomes of the object
	Node      string
	IPs       []netip.Addr
	Ready     bool      // network and volumes are there
	Failure   string    // why it could not be made (a missing ConfigMap, say), for FailedMount; empty when it could
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
	Attempt    int // 0 for the first run
	ID         string
	Node       string
	Image      string // as the Pod names it
	ImageID    string
	State      State
	CreatedAt  time.Time
	StartedAt  time.Time
	FinishedAt time.Time
	ExitCode   int
	Signal     int    // that ended it, 0 if none
	Reason     string // Completed, Error, OOMKilled, ContainerCannotRun, ... when Exited
	Message    string // termination message
	Stopping   bool   // asked to stop; the grace period runs
	Root       storage.Tree
	Log        Log
	Probes     map[string]ProbeResult // newest result by probe: "startup", "readiness", "liveness"; a changed copy is put
}

// RowKey implements [store.Row]; rows of a Pod's container are ordered by attempt.
func (c *Container) RowKey() string { return ContainerKey(c.UID, c.Name, c.Attempt) }

// ContainerKey is the key of a container's row.
func ContainerKey(uid api.UID, name string, attempt int) string {
	number := strconv.Itoa(attempt)
	return string(uid) + "/" + name + "/" + "00000000"[:8-min(8, len(number))] + number
}

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
	Failure    string // of the newest pull, in the runtime's words; empty when it went well
	Failures   int    // in a row, for the back-off
	PulledAt   time.Time
	StartedAt  time.Time // of the pull
}

// RowKey implements [store.Row].
func (i *Image) RowKey() string { return i.Node + "/" + i.Name }

// Volume is a file tree that outlives containers: the content of a PersistentVolume ("pv/NAME"), of an emptyDir or other ephemeral
// volume of a Pod ("pod/UID/NAME"), or of a directory on a node ("node/NODE/PATH").
type Volume struct {
	Key      string
	Tree     storage.Tree
	Capacity int64 // bytes, 0 for no bound
}

// RowKey implements [store.Row].
func (v *Volume) RowKey() string { return v.Key }
