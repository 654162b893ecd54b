package control

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// reasonEvicted is what a Pod is told to have failed for whose node ran short of something (upstream: pkg/kubelet/eviction/helpers.go).
const reasonEvicted = "Evicted"

// evicted is why the kubelet ends the Pod for want of memory; empty when it does not.
func (s *podSync) evicted() string {
	if s.sandbox == nil || s.terminating() {
		return ""
	}
	return s.sandbox.Evicted
}

// reportEviction records what a kubelet says when it begins to evict a Pod (upstream: pkg/kubelet/eviction/eviction_manager.go).
func (s *podSync) reportEviction() {
	met := ofNode(s.sandbox.Node, "EvictionThresholdMet", "Attempting to reclaim memory")
	met.Type = corev1.EventTypeWarning
	s.plan.Events = append(s.plan.Events, met)
	s.event(corev1.EventTypeWarning, reasonEvicted, s.sandbox.Evicted)
}

// evictionCondition adds the condition that says who has ended the Pod (since 1.26), together with the phase
// (upstream: status_manager.go mergePodStatus).
func (s *podSync) evictionCondition(phase corev1.PodPhase, conditions []corev1.PodCondition) []corev1.PodCondition {
	message := s.evicted()
	if message == "" || phase != corev1.PodFailed || podEnded(s.pod) || podCondition(s.pod, corev1.DisruptionTarget) != nil || !s.in.Settings.Release.AtLeast(26) {
		return conditions
	}
	condition := corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "TerminationByKubelet", Message: message, LastTransitionTime: api.Timestamp(s.in.Now),
	}
	if s.in.Settings.Release.AtLeast(34) {
		condition.ObservedGeneration = s.pod.Generation
	}
	return append(conditions, condition)
}

// underPressure says why a kubelet that is short of memory takes no new Pod of the quality of service BestEffort; empty when it does
// (upstream: pkg/kubelet/eviction/eviction_manager.go Admit).
func underPressure(view store.View, pod *corev1.Pod, node *corev1.Node) string {
	if container.PressureOf(view, node.Name) == nil || pod.Status.QOSClass != corev1.PodQOSBestEffort ||
		tolerates(pod.Spec.Tolerations, &corev1.Taint{Key: corev1.TaintNodeMemoryPressure, Effect: corev1.TaintEffectNoSchedule}) {
		return ""
	}
	return "The node had condition: [MemoryPressure]. "
}

// conditionsOf are the conditions of a node as its kubelet sees them.
func conditionsOf(view store.View, node string) []corev1.NodeCondition {
	if container.PressureOf(view, node) == nil {
		return healthyConditions
	}
	return pressedConditions
}

// pressedConditions are those of a node whose memory runs short.
var pressedConditions = append([]corev1.NodeCondition{{
	Type: corev1.NodeMemoryPressure, Status: corev1.ConditionTrue, Reason: "KubeletHasInsufficientMemory", Message: "kubelet has insufficient memory available",
}}, healthyConditions[1:]...)
