package control

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/api"
)

// rollOut deletes Pods that are not at the update revision, the highest ordinal first, down to the partition. They are made anew at
// the update revision by the next syncs.
func (s *setSync) rollOut(replicas []*corev1.Pod, update *appsv1.ControllerRevision) {
	if s.set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		return
	}
	if s.Settings.Release.Enabled(api.MaxUnavailableStatefulSet) {
		s.rollOutMany(replicas, update)
		return
	}
	for target := len(replicas) - 1; target >= partitionOf(s.set); target-- {
		pod := replicas[target]
		if revisionOf(pod) != update.Name && pod.DeletionTimestamp == nil {
			s.delete(pod)
			return
		}
		if s.unavailable(pod) {
			return
		}
	}
}

// rollOutMany is the same with spec.updateStrategy.rollingUpdate.maxUnavailable Pods at a time (KEP-961).
func (s *setSync) rollOutMany(replicas []*corev1.Pod, update *appsv1.ControllerRevision) {
	allowed := s.maxUnavailable(len(replicas))
	for _, pod := range replicas {
		if s.unavailable(pod) {
			allowed--
		}
	}
	for target := len(replicas) - 1; target >= partitionOf(s.set) && allowed > 0; target-- {
		pod := replicas[target]
		if revisionOf(pod) != update.Name && pod.DeletionTimestamp == nil {
			s.delete(pod)
			allowed--
		}
	}
}

// maxUnavailable is how many Pods may be unavailable in a rollout: percentages are rounded down, and it is at least one.
func (s *setSync) maxUnavailable(replicas int) int {
	rolling := s.set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil || rolling.MaxUnavailable == nil {
		return 1
	}
	number, err := intstr.GetScaledValueFromIntOrPercent(rolling.MaxUnavailable, replicas, false)
	if err != nil {
		s.plan.Error = err
		return 0
	}
	return max(number, 1)
}
