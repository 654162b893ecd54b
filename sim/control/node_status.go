package control

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// nodeStarted after a name of a node is the key of what a kubelet does when it starts.
const nodeStarted = "/started"

// nodeStatusLoop is the kubelets' care for their own nodes (upstream: pkg/kubelet/kubelet_node_status.go and nodestatus): one that starts registers
// its node if there is no such object, and while it runs it reports that all is well. Somebody else's opinion is corrected with
// the next heartbeat. Its keys are names of nodes. Nodes that were made through the API have nobody who reports.
func nodeStatusLoop() Loop {
	return Loop{Name: "nodestatus", Latency: nodeLatency, Wakes: wakeNodeStatus, RowWakes: rowWakeNodeStatus, Sync: syncNodeStatus}
}

func wakeNodeStatus(view store.View, change store.Change, wake func(Key)) {
	node, ok := change.New.(*corev1.Node)
	if !ok {
		return
	}
	if machine := reporter(view, node.Name); machine != nil && !reportsWell(view, node) {
		wake(Key{Name: node.Name})
	}
}

// reporter is the machine whose kubelet reports the status of a node; nil when there is none that does.
func reporter(view store.View, node string) *container.Machine {
	machine, found := store.GetRow[*container.Machine](view, container.Machines, node)
	if !found || !machine.Runs() || machine.Registers == nil {
		return nil
	}
	return machine
}

// healthyConditions are the conditions as a kubelet sees them that has no trouble.
var healthyConditions = []corev1.NodeCondition{
	{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory", Message: "kubelet has sufficient memory available"},
	{Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure", Message: "kubelet has no disk pressure"},
	{Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID", Message: "kubelet has sufficient PID available"},
	{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
}

// reportsWell says whether a node says of itself what its kubelet sees.
func reportsWell(view store.View, node *corev1.Node) bool {
	conditions := conditionsOf(view, node.Name)
	for i := range conditions {
		if condition := nodeCondition(node, conditions[i].Type); condition == nil || condition.Status != conditions[i].Status {
			return false
		}
	}
	return true
}

func rowWakeNodeStatus(_ store.View, change store.RowChange, wake func(Key)) {
	if change.Table == container.Faults {
		for _, row := range []store.Row{change.Old, change.New} {
			if fault, is := row.(*container.Fault); is && fault.Kind == container.NodePressure {
				wake(Key{Name: fault.Node})
			}
		}
		return
	}
	after, _ := change.New.(*container.Machine)
	before, _ := change.Old.(*container.Machine)
	switch {
	case change.Table != container.Machines || after == nil || before == nil || !after.Runs():
	case before.Powered && !before.Connected: // its kubelet never stopped
		wake(Key{Name: after.Node})
	default:
		wake(Key{Name: after.Node + nodeStarted})
	}
}

func syncNodeStatus(in Input) Plan {
	name, started := strings.CutSuffix(in.Key.Name, nodeStarted)
	machine := reporter(in.View, name)
	if machine == nil {
		return Plan{}
	}
	var plan Plan
	if started {
		plan.Events = append(plan.Events, ofNode(name, "Starting", "Starting kubelet."))
	}
	node, found := store.Get[*corev1.Node](in.View, "", name)
	switch {
	case !found && started:
		plan.Writes = append(plan.Writes, Write{Verb: Create, Object: api.Copy(machine.Registers), Tolerate: []string{"AlreadyExists"}})
	case !found || reportsWell(in.View, node): // a kubelet registers its node only when it starts
	case started || nodeCondition(node, corev1.NodeReady) == nil || !in.Now.Before(nextReport(in.Now, node, machine)):
		report(in, &plan, node, machine)
	default:
		plan.Requeue = nextReport(in.Now, node, machine)
	}
	return plan
}

// nextReport is when the kubelet looks at its node again: at once when the network is back, else with the next heartbeat.
func nextReport(now time.Time, node *corev1.Node, machine *container.Machine) time.Time {
	if now.Sub(machine.Since) <= nodeLatency {
		return now
	}
	if last := lastHeartbeat(node, now); !now.Equal(last) {
		return last.Add(heartbeat)
	}
	return now
}

// report writes the status of a node as its kubelet sees it.
func report(in Input, plan *Plan, node *corev1.Node, machine *container.Machine) {
	now := api.Timestamp(in.Now)
	changed := node.DeepCopy()
	if len(changed.Status.Capacity) == 0 {
		changed.Status = *machine.Registers.Status.DeepCopy()
		changed.Status.Conditions = node.DeepCopy().Status.Conditions // of those the kubelet reports below
	}
	for _, own := range conditionsOf(in.View, node.Name) {
		own.LastHeartbeatTime, own.LastTransitionTime = now, now
		before := nodeCondition(node, own.Type)
		if before != nil && before.Status == own.Status {
			own.LastTransitionTime = before.LastTransitionTime
		} else if before != nil || own.Type != corev1.NodeReady {
			reason := strings.Replace(own.Reason, "Kubelet", "Node", 1)
			plan.Events = append(plan.Events, ofNode(node.Name, reason, fmt.Sprintf("Node %s status is now: %s", node.Name, reason)))
		}
		if before == nil {
			changed.Status.Conditions = append(changed.Status.Conditions, own)
		} else {
			*nodeCondition(changed, own.Type) = own
		}
	}
	plan.Writes = append(plan.Writes, Write{Verb: UpdateStatus, Object: changed, Tolerate: []string{"NotFound"}})
}

// ofNode is an event of a kubelet about its node. Kubelets do not know the uid of their node and use its name.
func ofNode(node, reason, message string) Event {
	return Event{
		Regarding: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node, UID: api.UID(node)}},
		Type:      corev1.EventTypeNormal, Reason: reason, Message: message, Source: "kubelet", Host: node,
	}
}
