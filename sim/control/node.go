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

const (
	nodeController = "node-controller"
	nodeLatency    = 10 * time.Millisecond
	// heartbeat is how often a kubelet renews its Lease, and looks at what the API says of its node (upstream: pkg/kubelet/kubelet.go
	// nodeLeaseRenewIntervalFraction, apis/config/v1beta1 nodeStatusUpdateFrequency).
	heartbeat = 10 * time.Second
)

// nodeLifecycleLoop notices nodes whose kubelet is silent, and taints nodes by what their conditions say
// (upstream: pkg/controller/nodelifecycle):
//
//	node.go         what wakes it, and silent nodes
//	node_taints.go  taints: NoSchedule at once, NoExecute not for too many nodes at a time
//	node_status.go  a loop of its own: what kubelets report of their nodes
//
// Heartbeats are no events: that one was missed follows from when the machine stopped. Its keys are names of nodes, and "NODE/WHAT/UID" to
// record an event. Before 1.13 upstream kept Pods away from failed nodes and evicted them without taints, to the same effect; here the nodes of all releases are tainted.
func nodeLifecycleLoop() Loop {
	return Loop{Name: "nodelifecycle", Latency: nodeLatency, Wakes: wakeNodeLifecycle, RowWakes: rowWakeNodeLifecycle, Sync: syncNodeLifecycle}
}

const (
	nodeRegistered = "/registered/"
	nodeRemoved    = "/removed/"
)

func wakeNodeLifecycle(view store.View, change store.Change, wake func(Key)) {
	object, ok := change.Object().(*corev1.Node)
	if !ok {
		return
	}
	before, _ := change.Old.(*corev1.Node)
	after, _ := change.New.(*corev1.Node)
	switch {
	case after == nil:
		wake(Key{Name: object.Name + nodeRemoved + string(object.UID)})
	case before == nil && nodeCondition(after, corev1.NodeReady) == nil: // the nodes that a cluster is made with are ready from the start
		wake(Key{Name: object.Name + nodeRegistered + string(object.UID)})
	}
	if before != nil && after != nil && nodeReady(before) == nodeReady(after) {
		if retaints(view, after) {
			wake(Key{Name: after.Name})
		}
		return
	}
	for node := range store.List[*corev1.Node](view, "") { // how many nodes fail concerns them all
		if retaints(view, node) {
			wake(Key{Name: node.Name})
		}
	}
}

func rowWakeNodeLifecycle(_ store.View, change store.RowChange, wake func(Key)) {
	if machine, _ := change.New.(*container.Machine); change.Table == container.Machines && machine != nil && !machine.Runs() {
		wake(Key{Name: machine.Node})
	}
}

func syncNodeLifecycle(in Input) Plan {
	if name, uid, is := strings.Cut(in.Key.Name, nodeRemoved); is {
		return Plan{Events: []Event{nodeEvent(name, uid, "RemovingNode", fmt.Sprintf("Node %s event: Removing Node %s from Controller", name, name))}}
	}
	if name, uid, is := strings.Cut(in.Key.Name, nodeRegistered); is {
		return Plan{Events: []Event{nodeEvent(name, uid, "RegisteredNode", fmt.Sprintf("Node %s event: Registered Node %s in Controller", name, name))}}
	}
	node, found := store.Get[*corev1.Node](in.View, "", in.Key.Name)
	if !found {
		return Plan{}
	}
	due := silentFrom(in, node)
	if !due.IsZero() && !in.Now.Before(due) {
		return loseNode(in, node)
	}
	plan := retaint(in, node)
	if !due.IsZero() && (plan.Requeue.IsZero() || due.Before(plan.Requeue)) {
		plan.Requeue = due
	}
	return plan
}

func nodeEvent(name, uid, reason, message string) Event {
	return Event{
		Regarding: &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: api.UID(uid)}},
		Type:      corev1.EventTypeNormal, Reason: reason, Message: message, Source: nodeController,
	}
}

// silentFrom is when the controller gives up waiting for a sign of a node's kubelet; zero while it sends some, and when it was given up already.
func silentFrom(in Input, node *corev1.Node) time.Time {
	machine, found := store.GetRow[*container.Machine](in.View, container.Machines, node.Name)
	ready := nodeCondition(node, corev1.NodeReady)
	if !found || machine.Runs() || ready != nil && ready.Status == corev1.ConditionUnknown {
		return time.Time{}
	}
	return lastHeartbeat(node, machine.Since).Add(monitorGracePeriod(in.Settings.Release))
}

// lastHeartbeat is the newest at a time: they are a fixed time apart, from the creation of the Node on.
func lastHeartbeat(node *corev1.Node, now time.Time) time.Time {
	since := now.Sub(node.CreationTimestamp.Time)
	return node.CreationTimestamp.Add(max(since, 0).Truncate(heartbeat))
}

// monitorGracePeriod is how long a kubelet may be silent (upstream: nodelifecycle/config/v1alpha1/defaults.go).
func monitorGracePeriod(release api.Release) time.Duration {
	if release.AtLeast(32) {
		return 50 * time.Second
	}
	return 40 * time.Second
}

// loseNode notes that nothing is known of a node, and that its Pods do not count as ready any more
// (upstream: tryUpdateNodeHealth, and util/node MarkPodsNotReady).
func loseNode(in Input, node *corev1.Node) Plan {
	now := api.Timestamp(in.Now)
	changed := node.DeepCopy()
	for i := range healthyConditions { // nobody but the kubelet knows them
		kind := healthyConditions[i].Type
		condition := nodeCondition(changed, kind)
		switch {
		case condition == nil:
			changed.Status.Conditions = append(changed.Status.Conditions, corev1.NodeCondition{
				Type: kind, Status: corev1.ConditionUnknown, Reason: "NodeStatusNeverUpdated", Message: "Kubelet never posted node status.",
				LastHeartbeatTime: node.CreationTimestamp, LastTransitionTime: now,
			})
		case condition.Status != corev1.ConditionUnknown:
			condition.Status, condition.LastTransitionTime = corev1.ConditionUnknown, now
			condition.Reason, condition.Message = "NodeStatusUnknown", "Kubelet stopped posting node status."
		}
	}
	plan := Plan{Writes: []Write{{Verb: UpdateStatus, Object: changed, Tolerate: []string{"NotFound"}}}}
	if !nodeReady(node) {
		return plan
	}
	plan.Events = append(plan.Events, nodeEvent(node.Name, string(node.UID), "NodeNotReady", fmt.Sprintf("Node %s status is now: NodeNotReady", node.Name)))
	for pod := range store.OnNode(in.View, node.Name) {
		if !podReady(pod) {
			continue
		}
		unready := pod.DeepCopy()
		condition := podCondition(unready, corev1.PodReady)
		condition.Status, condition.LastTransitionTime = corev1.ConditionFalse, now
		plan.Writes = append(plan.Writes, Write{
			Verb: UpdateStatus, Object: unready, Always: true, Tolerate: []string{"NotFound"},
			Success: &Event{Regarding: pod, Type: corev1.EventTypeWarning, Reason: "NodeNotReady", Message: "Node is not ready", Source: nodeController},
		})
	}
	return plan
}

// nodeCondition finds a condition by its type; nil when the node has none.
func nodeCondition(node *corev1.Node, kind corev1.NodeConditionType) *corev1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == kind {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}

func nodeReady(node *corev1.Node) bool {
	ready := nodeCondition(node, corev1.NodeReady)
	return ready != nil && ready.Status == corev1.ConditionTrue
}
