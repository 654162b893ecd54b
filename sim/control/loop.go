package control

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// Key names the object a loop works on; Namespace is empty for cluster-scoped kinds.
type Key = api.Name

// Loop is one control loop.
type Loop struct {
	// Name identifies the loop in events, traces and --without, e.g. "statefulset".
	Name string
	// Wakes calls wake with the key of everything that the change of an API object concerns. It may look at the view,
	// which already contains the change. May be nil.
	Wakes func(view store.View, change store.Change, wake func(Key))
	// RowWakes does the same for a change of a row behind the API (containers, images, ...). May be nil.
	RowWakes func(view store.View, change store.RowChange, wake func(Key))
	// Latency is the virtual time between a change and the look at it, beyond none: it lets changes of one instant be seen together.
	Latency time.Duration
	// Sync decides what to do about one key. The key may name an object that no longer exists.
	Sync func(in Input) Plan
}

// Input is everything a loop may know.
type Input struct {
	View     store.View // what the loop sees: now, or for a stale cache an older instant
	Key      Key
	Now      time.Time
	Settings *api.Settings
	Choose   func(label string, n int) int // see kernel.Chooser
}

// Plan is what a loop wants done. The zero Plan is: nothing.
type Plan struct {
	// Writes are made in order. When one fails, those after it are not made, except those with Always and those of other parts
	// of its batch; the loop is then called again for the key after a back-off (5 ms, doubling, at most 1000 s). See [Plan.Carry].
	Writes []Write
	// Events are recorded whatever becomes of the writes.
	Events []Event
	// Commands go to the nodes' container runtimes, after the writes; with Careful only when all of these were made.
	Commands []Command
	Careful  bool
	// Requeue, when not zero, calls the loop for this key again at that time (or earlier, when something wakes it).
	Requeue time.Time
	// Error says that the sync failed: the loop is called again after a back-off, as for a failed write.
	Error error
}

// Verb is what a Write does.
type Verb string

// The verbs. Update leaves the status alone and UpdateStatus everything else, as the API does for kinds with a status.
const (
	Create       Verb = "create"
	Update       Verb = "update"
	UpdateStatus Verb = "update status"
	Delete       Verb = "delete"
	Bind         Verb = "bind"     // of a Pod to the node in Object's spec.nodeName
	Finalize     Verb = "finalize" // of a Namespace: writes spec.finalizers
)

// Write is one request to the API. It goes through defaults, admission, validation and optimistic locking like anybody's.
type Write struct {
	Verb Verb
	// Object is the object as it shall be (a changed copy, with the resource version it was read at), or the one to delete.
	// An empty resource version means: whatever is there now.
	Object api.Object
	// DeleteOptions apply to Delete; nil means the defaults of the kind. Preconditions are honoured.
	DeleteOptions *DeleteOptions
	// After, when not nil, gives the Object when the writes before have been tried: it gets what went wrong first, or nil. The write is
	// not made when it gives nil. It is for a status that tells of failures, and must be a pure function like the loop itself.
	After func(problem error) api.Object
	// Tally is After for a status that counts what was done: it also gets how many writes of the Plan were made so far.
	Tally func(problem error, made int) api.Object
	// Group, when not nil, are writes to make in place of this one, which do not wait for one another. The whole fails with all that failed in it.
	Group []Write
	// Problem is how a group tells the failure of this member of it, with the object's name in place of "{name}" and the error's text in place of
	// "{error}"; empty: as it is.
	Problem string
	// Refused, when not nil, is why the write is known to fail. It is not made.
	Refused error
	// Meanwhile are writes to make, one after the other, whether this one was made or not, unless its name was taken. If one fails, so does this
	// one, and only what that one has to say is recorded.
	Meanwhile []Write
	// Success is recorded when the write was made, with the object's name in place of "{name}", which the API may have generated; what Failure, when
	// not nil, gives when it failed, with the error's text in place of "{error}". A Create that finds the name taken records nothing.
	Success *Event
	Failure func() []Event
	// Always makes the write even when an earlier one of the Plan failed (a status that must be told in any case).
	Always bool
	// Batch and Part say which writes upstream makes at the same time: the parts of a batch do not wait for one another, the
	// batches, which are numbered in the order of the Plan, do. Zero is a batch and a part like any other.
	Batch, Part int
	// Tolerate lists errors (metav1.StatusReason) that count as success: "NotFound", "AlreadyExists", "Conflict".
	Tolerate []string
	// Tries is how often the write is made as long as it is refused as a conflict; zero is once. What Again, when not nil, gives is recorded before each
	// further try, with the error's text in place of "{error}".
	Tries int
	Again func() []Event
}

// DeleteOptions are the part of metav1.DeleteOptions that loops need.
type DeleteOptions struct {
	GracePeriodSeconds *int64
	UID                api.UID                    // precondition, when not empty
	ResourceVersion    string                     // precondition, when not empty
	Propagation        metav1.DeletionPropagation // what becomes of dependents; empty means the default
}

// Event is a Kubernetes Event to be recorded.
type Event struct {
	Regarding api.Object
	Type      string // Normal or Warning
	Reason    string // e.g. SuccessfulCreate
	Message   string
	Source    string // component, e.g. statefulset-controller
	Host      string // node, for the kubelet's
}

// Command is a request to a node's container runtime.
type Command = container.Command

// failing gives what a write records when it fails.
func failing(events ...Event) func() []Event { return func() []Event { return events } }
