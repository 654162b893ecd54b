package control

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// admitPod says why a node does not take a Pod that was bound to it, with an empty reason when it does
// (upstream: pkg/kubelet/lifecycle/predicate.go and scheduler.AdmissionCheck). Only the first objection is told.
func admitPod(view store.View, pod *corev1.Pod, node *corev1.Node) (reason, message string) {
	if pressure := underPressure(view, pod, node); pressure != "" {
		return reasonEvicted, pressure
	}
	if system := pod.Spec.OS; system != nil && system.Name != corev1.Linux {
		return "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"
	}
	if wanted, found := pod.Labels[corev1.LabelOSStable]; found && wanted != string(corev1.Linux) {
		return "PodOSSelectorNodeLabelDoesNotMatch", "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
	}
	others := rivals(view, pod, node)
	if reason, message := lackingResource(pod, others, node); reason != "" {
		return reason, message
	}
	refuse := func(predicate, why string) (string, string) {
		return predicate, fmt.Sprintf("Predicate %s failed: %s", predicate, why)
	}
	switch {
	case !selectsNode(pod, node):
		return refuse("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
	case portsTaken(pod, others):
		return refuse("NodePorts", "node(s) didn't have free ports for the requested pod ports")
	case !toleratesExecution(pod, node):
		return refuse("TaintToleration", "node(s) had taints that the pod didn't tolerate")
	}
	return "", ""
}

// rivals are the other Pods that a node has taken and that have not ended. Where a Pod needs nothing but a place, and there are
// places for all that are bound to the node, nobody has to be looked at.
func rivals(view store.View, pod *corev1.Pod, node *corev1.Node) (others []*corev1.Pod) {
	request, _ := requestsOf(pod)
	if places := amounts(node.Status.Allocatable).pods; request.onlyPlace() && len(hostPorts(pod, nil)) == 0 && int64(store.CountOnNode(view, node.Name)) <= places {
		return nil
	}
	for other := range store.OnNode(view, node.Name) {
		if other.UID != pod.UID && other.Status.StartTime != nil && !podEnded(other) {
			others = append(others, other)
		}
	}
	return others
}

// reject gives up a Pod that the node does not take.
func (s *podSync) reject(reason, message string) Plan {
	now := api.Timestamp(s.in.Now)
	changed := s.pod.DeepCopy()
	changed.Status = corev1.PodStatus{
		QOSClass: s.pod.Status.QOSClass, Phase: corev1.PodFailed, Reason: reason, Message: message, StartTime: &now,
	}
	if s.in.Settings.Release.AtLeast(33) {
		changed.Status.Message = "Pod was rejected: " + message
	}
	if s.in.Settings.Release.AtLeast(34) {
		changed.Status.ObservedGeneration = s.pod.Generation
	}
	s.event(corev1.EventTypeWarning, reason, message)
	s.plan.Writes = append(s.plan.Writes, Write{Verb: UpdateStatus, Object: changed, Tolerate: []string{"NotFound"}})
	return s.plan
}

// lackingResource names the first resource of which the node has too little left (upstream: plugins/noderesources/fit.go).
func lackingResource(pod *corev1.Pod, others []*corev1.Pod, node *corev1.Node) (reason, message string) {
	request, _ := requestsOf(pod)
	has := amounts(node.Status.Allocatable)
	used := resources{pods: int64(len(others))}
	if !request.onlyPlace() {
		used = resources{}
		for _, other := range others {
			taken, _ := requestsOf(other)
			used.add(&taken)
		}
	}
	for _, one := range []struct {
		name                  corev1.ResourceName
		requested, used, most int64
	}{
		{corev1.ResourcePods, request.pods, used.pods, has.pods},
		{corev1.ResourceCPU, request.cpu, used.cpu, has.cpu},
		{corev1.ResourceMemory, request.memory, used.memory, has.memory},
		{corev1.ResourceEphemeralStorage, request.ephemeral, used.ephemeral, has.ephemeral},
	} {
		if one.requested > 0 && one.requested > one.most-one.used {
			return "OutOf" + string(one.name), fmt.Sprintf(
				"Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d", one.name, one.requested, one.used, one.most)
		}
	}
	return "", ""
}

// portsTaken says whether another Pod of the node has one of the Pod's host ports.
func portsTaken(pod *corev1.Pod, others []*corev1.Pod) bool {
	wanted := hostPorts(pod, nil)
	if len(wanted) == 0 {
		return false
	}
	var taken nodeInfo
	for _, other := range others {
		taken.ports = hostPorts(other, taken.ports)
	}
	return taken.collides(wanted)
}

// toleratesExecution says whether the Pod tolerates all taints by which the node sends Pods away.
func toleratesExecution(pod *corev1.Pod, node *corev1.Node) bool {
	for i := range node.Spec.Taints {
		if taint := &node.Spec.Taints[i]; taint.Effect == corev1.TaintEffectNoExecute && !tolerates(pod.Spec.Tolerations, taint) {
			return false
		}
	}
	return true
}
