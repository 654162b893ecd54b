package control

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// needs is what one Pod asks of a node, worked out once for all nodes.
type needs struct {
	pod              *corev1.Pod
	request, assumed resources
	ports            []hostPort
	affinity         affinityRules
	spread           []spreadRule
	volumes          volumeNeeds
}

// needsOf works out a Pod's needs. The problem is a reason, in upstream's words, for which no node needs to be looked at.
func (s *scheduling) needsOf(pod *corev1.Pod) (n *needs, problem string) {
	n = &needs{pod: pod}
	if n.volumes, problem = s.volumeNeeds(pod); problem != "" {
		return nil, problem
	}
	n.request, n.assumed = requestsOf(pod)
	n.ports = hostPorts(pod, nil)
	n.affinity = s.affinityRules(pod)
	n.spread = s.spreadRules(pod)
	return n, ""
}

// admits says whether the Pod may run on the node, and counts why not. The order is that of upstream's plugins: the first that refuses is told.
func (s *scheduling) admits(info *nodeInfo, n *needs) bool {
	node := info.node
	if node.Spec.Unschedulable && !tolerates(n.pod.Spec.Tolerations, unschedulableTaint) {
		return s.tally.hopeless("node(s) were unschedulable")
	}
	if len(node.Spec.Taints) > 0 {
		if taint := untolerated(n.pod, node); taint != nil {
			return s.tally.hopeless(s.taintReason(taint))
		}
	}
	if !selectsNode(n.pod, node) {
		return s.tally.hopeless("node(s) didn't match Pod's node affinity/selector")
	}
	if len(n.ports) > 0 && info.collides(n.ports) {
		return s.tally.refuse("node(s) didn't have free ports for the requested pod ports")
	}
	if reasons, hopeless := info.lacking(&n.request); len(reasons) > 0 {
		return s.tally.add(hopeless, reasons...)
	}
	if n.volumes.conflict != "" {
		return s.tally.refuse(n.volumes.conflict)
	}
	if !n.volumes.none {
		if reasons := s.volumesReachable(n, info); len(reasons) > 0 {
			return s.tally.add(true, reasons...)
		}
	}
	for i := range n.spread {
		if reason, hopeless := n.spread[i].refuses(info.index); reason != "" {
			return s.tally.add(hopeless, reason)
		}
	}
	if reason, hopeless := n.affinity.refuses(info.index); reason != "" {
		return s.tally.add(hopeless, reason)
	}
	return true
}

// taintReason names the taint in older releases.
func (s *scheduling) taintReason(taint *corev1.Taint) string {
	if s.Settings.Release.AtLeast(35) {
		return "node(s) had untolerated taint(s)"
	}
	return fmt.Sprintf("node(s) had untolerated taint {%s: %s}", taint.Key, taint.Value)
}

// tally counts by reason the nodes that refused a Pod.
type tally struct {
	reasons []countedReason
	// resolvable nodes might do if Pods of less priority went; with the others that would not help.
	resolvable, unresolvable int
}

type countedReason struct {
	text  string
	nodes int
}

func (t *tally) reset() { *t = tally{reasons: t.reasons[:0]} }

func (t *tally) refuse(reason string) bool   { return t.add(false, reason) }
func (t *tally) hopeless(reason string) bool { return t.add(true, reason) }

// add notes a node's refusal; it is always false, as the answer whether the node admits the Pod.
func (t *tally) add(hopeless bool, reasons ...string) bool {
	if hopeless {
		t.unresolvable++
	} else {
		t.resolvable++
	}
	for _, reason := range reasons {
		at := slices.IndexFunc(t.reasons, func(counted countedReason) bool { return counted.text == reason })
		if at < 0 {
			at = len(t.reasons)
			t.reasons = append(t.reasons, countedReason{text: reason})
		}
		t.reasons[at].nodes++
	}
	return false
}

// refusedByNodes is the sentence about a Pod that no node admits (upstream: framework/types.go FitError).
func (s *scheduling) refusedByNodes(pod *corev1.Pod) string {
	lines := make([]string, len(s.tally.reasons))
	for i, reason := range s.tally.reasons {
		lines[i] = fmt.Sprintf("%d %s", reason.nodes, reason.text)
	}
	slices.Sort(lines)
	message := fmt.Sprintf("0/%d nodes are available: %s.", len(s.nodes), strings.Join(lines, ", "))
	if after := s.afterwards(pod); after != "" {
		message += " " + after
	}
	return message
}

// afterwards is what upstream's plugins that come after the filters add. They find nothing here: no Pod is ever preempted
// (upstream: framework/preemption, plugins/dynamicresources PostFilter).
func (s *scheduling) afterwards(pod *corev1.Pod) string {
	release := s.Settings.Release
	if !release.AtLeast(24) {
		return ""
	}
	text := "preemption: "
	if release.AtLeast(34) {
		text = "no new claims to deallocate, preemption: "
	}
	if policy := pod.Spec.PreemptionPolicy; policy != nil && *policy == corev1.PreemptNever {
		return text + "not eligible due to preemptionPolicy=Never."
	}
	var parts []string
	if s.tally.resolvable > 0 {
		parts = append(parts, fmt.Sprintf("%d No preemption victims found for incoming pod", s.tally.resolvable))
	}
	if s.tally.unresolvable > 0 {
		parts = append(parts, fmt.Sprintf("%d Preemption is not helpful for scheduling", s.tally.unresolvable))
	}
	slices.Sort(parts)
	return fmt.Sprintf("%s0/%d nodes are available: %s.", text, len(s.nodes), strings.Join(parts, ", "))
}

// refusedBeforehand is the sentence about a Pod for which no node was looked at. Since 1.34 it ends with what the plugin for resource claims
// says, which misses the state that it would have made.
func (s *scheduling) refusedBeforehand(problem string) string {
	switch release := s.Settings.Release; {
	case release.AtLeast(34):
		return fmt.Sprintf("0/%d nodes are available: %s. not found", len(s.nodes), problem)
	case release.AtLeast(24):
		return fmt.Sprintf("0/%[1]d nodes are available: %[2]s. preemption: 0/%[1]d nodes are available: %[1]d Preemption is not helpful for scheduling.", len(s.nodes), problem)
	}
	return fmt.Sprintf("0/%[1]d nodes are available: %[1]d %[2]s.", len(s.nodes), problem)
}
