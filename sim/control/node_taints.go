package control

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// How fast NoExecute taints are put on the nodes of a zone (upstream: --node-eviction-rate, --secondary-node-eviction-rate,
// --large-cluster-size-threshold, --unhealthy-zone-threshold).
const (
	taintPause        = 10 * time.Second  // from one node to the next
	reducedTaintPause = 100 * time.Second // in a large zone most of whose nodes fail
	largeZone         = 50                // in smaller ones no taints are added then
	unhealthyZone     = 0.55              // of the nodes; and more than two
)

// taintsByCondition says which condition with which status means which taint.
var taintsByCondition = map[corev1.NodeConditionType]map[corev1.ConditionStatus]string{
	corev1.NodeReady:              {corev1.ConditionFalse: corev1.TaintNodeNotReady, corev1.ConditionUnknown: corev1.TaintNodeUnreachable},
	corev1.NodeMemoryPressure:     {corev1.ConditionTrue: corev1.TaintNodeMemoryPressure},
	corev1.NodeDiskPressure:       {corev1.ConditionTrue: corev1.TaintNodeDiskPressure},
	corev1.NodePIDPressure:        {corev1.ConditionTrue: corev1.TaintNodePIDPressure},
	corev1.NodeNetworkUnavailable: {corev1.ConditionTrue: corev1.TaintNodeNetworkUnavailable},
}

// ownTaints are the keys of the taints that no one but the controller is to set.
var ownTaints = []string{
	corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeMemoryPressure, corev1.TaintNodeDiskPressure,
	corev1.TaintNodePIDPressure, corev1.TaintNodeNetworkUnavailable, corev1.TaintNodeUnschedulable,
}

// retaints says whether the controller would change the taints of a node, now or later.
func retaints(view store.View, node *corev1.Node) bool {
	add, remove, _ := taintChanges(view, node)
	return len(add) > 0 || len(remove) > 0
}

// retaint brings the taints of a node in line with its conditions.
func retaint(in Input, node *corev1.Node) Plan {
	add, remove, from := taintChanges(in.View, node)
	var plan Plan
	if in.Now.Before(from) {
		plan.Requeue = from
		add = slices.DeleteFunc(add, func(taint corev1.Taint) bool { return taint.Effect == corev1.TaintEffectNoExecute })
	}
	if len(add) == 0 && len(remove) == 0 {
		return plan
	}
	changed := node.DeepCopy()
	changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, func(taint corev1.Taint) bool {
		return slices.ContainsFunc(remove, matches(&taint))
	})
	now := api.Timestamp(in.Now)
	for _, taint := range add {
		taint.TimeAdded = &now
		changed.Spec.Taints = append(changed.Spec.Taints, taint)
	}
	plan.Writes = append(plan.Writes, Write{Verb: Update, Object: changed, Tolerate: []string{"NotFound"}})
	return plan
}

// taintChanges compares the taints a node has with those it should have. NoExecute taints may be added only from a time on.
func taintChanges(view store.View, node *corev1.Node) (add, remove []corev1.Taint, executeFrom time.Time) {
	var wanted []corev1.Taint
	for _, condition := range node.Status.Conditions {
		if key := taintsByCondition[condition.Type][condition.Status]; key != "" {
			wanted = append(wanted, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
		}
	}
	if node.Spec.Unschedulable {
		wanted = append(wanted, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
	}
	stopped := false
	if key, failed := failureOf(node); failed {
		swaps := executes(node) // one NoExecute taint takes the place of the other without a pause
		if executeFrom, stopped = executionPaused(view, node); !stopped || swaps && !allDisrupted(view) {
			wanted = append(wanted, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoExecute})
		}
		if swaps {
			executeFrom = time.Time{}
		}
	}
	for _, taint := range wanted {
		if !slices.ContainsFunc(node.Spec.Taints, matches(&taint)) {
			add = append(add, taint)
		}
	}
	for _, taint := range node.Spec.Taints {
		own := taint.Effect == corev1.TaintEffectNoSchedule && slices.Contains(ownTaints, taint.Key) || isFailureTaint(&taint)
		if own && !slices.ContainsFunc(wanted, matches(&taint)) {
			remove = append(remove, taint)
		}
	}
	return add, remove, executeFrom
}

// failureOf is the taint of a node that is not ready. Of one that never said anything it is not known.
func failureOf(node *corev1.Node) (key string, failed bool) {
	ready := nodeCondition(node, corev1.NodeReady)
	if ready == nil {
		return "", false
	}
	key = taintsByCondition[corev1.NodeReady][ready.Status]
	return key, key != ""
}

func isFailureTaint(taint *corev1.Taint) bool {
	return taint.Effect == corev1.TaintEffectNoExecute && (taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable)
}

func executes(node *corev1.Node) bool {
	return slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return isFailureTaint(&taint) })
}

// executionPaused says from when on the next node of a zone may get a NoExecute taint, or that none may: when the whole cluster fails,
// and when most of a small zone does (upstream: handleDisruption, ComputeZoneState).
func executionPaused(view store.View, node *corev1.Node) (from time.Time, stopped bool) {
	if allDisrupted(view) {
		return time.Time{}, true
	}
	ready, failed, newest := 0, 0, time.Time{}
	for other := range store.List[*corev1.Node](view, "") {
		if zoneOf(other) != zoneOf(node) {
			continue
		}
		for _, taint := range other.Spec.Taints {
			if isFailureTaint(&taint) && taint.TimeAdded != nil && taint.TimeAdded.After(newest) {
				newest = taint.TimeAdded.Time
			}
		}
		switch {
		case excludedFromDisruption(other):
		case nodeReady(other):
			ready++
		default:
			failed++
		}
	}
	pause := taintPause
	if ready > 0 && failed > 2 && float64(failed)/float64(failed+ready) >= unhealthyZone {
		if ready+failed <= largeZone {
			return time.Time{}, true
		}
		pause = reducedTaintPause
	}
	if newest.IsZero() {
		return time.Time{}, false
	}
	return newest.Add(pause), false
}

// excludedFromDisruption says whether a node is not counted: the label's presence is enough.
func excludedFromDisruption(node *corev1.Node) bool {
	_, excluded := node.Labels["node.kubernetes.io/exclude-disruption"]
	return excluded
}

// allDisrupted says whether no node is ready: then the controller takes it that the fault is on its side, and evicts nobody.
func allDisrupted(view store.View) bool {
	for node := range store.List[*corev1.Node](view, "") {
		if !excludedFromDisruption(node) && nodeReady(node) {
			return false
		}
	}
	return true
}

// zoneOf is the failure domain of a node (upstream: component-helpers/node/topology).
func zoneOf(node *corev1.Node) string {
	zone, found := node.Labels[corev1.LabelFailureDomainBetaZone]
	if !found {
		zone = node.Labels[corev1.LabelTopologyZone]
	}
	region, found := node.Labels[corev1.LabelFailureDomainBetaRegion]
	if !found {
		region = node.Labels[corev1.LabelTopologyRegion]
	}
	return region + "/" + zone
}

// matches compares taints as upstream does: by key and effect.
func matches(taint *corev1.Taint) func(corev1.Taint) bool {
	return func(other corev1.Taint) bool { return taint.MatchTaint(&other) }
}
