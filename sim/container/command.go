package container

import (
	"time"

	"github.com/stsim/stsim/sim/api"
)

// Action is what a node's kubelet can ask of the container runtime.
type Action string

// The actions. All of them take virtual time ([api.Timings]); their outcome appears as a changed row, which wakes the kubelet.
const (
	PullImage      Action = "pull image"      // Image
	CreateSandbox  Action = "create sandbox"  // network and mounts of the Pod
	StartContainer Action = "start container" // Container, Attempt
	StopContainer  Action = "stop container"  // preStop hook if any, then SIGTERM, then SIGKILL when Grace is over
	KillContainer  Action = "kill container"  // SIGKILL now
	RunProbe       Action = "run probe"       // Probe of Container
	RemoveSandbox  Action = "remove sandbox"  // with all its containers (all must have exited) and its ephemeral volumes
	PruneContainer Action = "prune container" // forget an old attempt
	GrowVolumes    Action = "grow volumes"    // the volumes behind a Pod's claims have become larger
	DetachVolumes  Action = "detach volumes"  // of the Pod's claims, from a node that cannot unmount them
	RemoveVolume   Action = "remove volume"   // Volume: the content of a PersistentVolume that was given back; no Pod uses it
)

// Command is one request to the container runtime of the node a Pod is on.
type Command struct {
	Action    Action
	UID       api.UID  // of the Pod
	Pod       api.Name // for CreateSandbox: where to read the Pod
	Node      string
	Container string
	Attempt   int
	Backoff   time.Duration // with StartContainer: kept in the container's row
	Image     string
	Volume    string // key of its row
	Grace     time.Duration
	Probe     string // "startup", "readiness", "liveness"
}
