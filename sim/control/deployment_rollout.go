package control

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/store"
)

// rolloutRolling makes one step from the old sets to the fresh one: more of the fresh if there may be more Pods, otherwise less of the old
// if enough are available (upstream: rolloutRolling).
func (s *deploymentSync) rolloutRolling() {
	if s.fresh == nil && !s.createFresh() {
		return
	}
	if !s.growFresh() && !s.shrinkOld() && s.complete(&s.d.Status) {
		s.cleanUp()
	}
	s.writeProgress(s.count())
}

// growFresh scales the fresh set up as far as it may, or down to what is wanted (upstream: reconcileNewReplicaSet).
func (s *deploymentSync) growFresh() (scaled bool) {
	replicas := *s.d.Spec.Replicas
	if *s.fresh.Spec.Replicas < replicas {
		replicas = s.freshReplicas(s.fresh)
	}
	_, scaled = s.scaleSet(s.fresh, replicas, false)
	return scaled
}

// freshReplicas is how many replicas the set of the wanted template may now have. The set need not exist yet
// (upstream: NewRSNewReplicas).
func (s *deploymentSync) freshReplicas(fresh *appsv1.ReplicaSet) int32 {
	wanted, current := *s.d.Spec.Replicas, *fresh.Spec.Replicas
	if s.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return wanted
	}
	room := wanted + s.maxSurge() - wantedBySets(s.old) - current
	if room <= 0 {
		return current
	}
	return current + min(room, wanted-current)
}

// shrinkOld scales old sets down: first by Pods that are not available anyway, then by as many as are available beyond those that must be
// (upstream: reconcileOldReplicaSets, cleanupUnhealthyReplicas, scaleDownOldReplicaSetsForRollingUpdate).
func (s *deploymentSync) shrinkOld() (scaled bool) {
	old := activeSets(s.old)
	if len(old) == 0 {
		return false
	}
	minAvailable := *s.d.Spec.Replicas - s.maxUnavailable()
	freshMissing := *s.fresh.Spec.Replicas - s.fresh.Status.AvailableReplicas
	spare := wantedBySets(old) + *s.fresh.Spec.Replicas - minAvailable - freshMissing
	if spare <= 0 {
		return false
	}
	available := s.fresh.Status.AvailableReplicas
	for i, set := range old {
		size := *set.Spec.Replicas
		available += set.Status.AvailableReplicas
		switch down := min(spare, size-set.Status.AvailableReplicas); {
		case spare <= 0:
		case down < 0:
			return false // the set has yet to do what it was told before
		case down > 0:
			old[i], _ = s.scaleSet(set, size-down, false)
			spare -= down
			scaled = true
		}
	}
	surplus := available - minAvailable
	for _, set := range old {
		size := *set.Spec.Replicas
		if down := min(size, surplus); down > 0 {
			s.scaleSet(set, size-down, false)
			surplus -= down
			scaled = true
		}
	}
	return scaled
}

// rolloutRecreate ends all Pods of old sets before it creates new ones (upstream: rolloutRecreate).
func (s *deploymentSync) rolloutRecreate() {
	scaled := false
	for _, set := range activeSets(s.old) {
		s.scaleSet(set, 0, false)
		scaled = true
	}
	if scaled || s.oldPodsRun() {
		s.writeProgress(s.count())
		return
	}
	if s.fresh == nil && !s.createFresh() {
		return
	}
	s.scaleSet(s.fresh, *s.d.Spec.Replicas, false)
	if s.complete(&s.d.Status) {
		s.cleanUp()
	}
	s.writeProgress(s.count())
}

// oldPodsRun says whether Pods of old sets are left that have not ended.
func (s *deploymentSync) oldPodsRun() bool {
	for _, set := range s.old {
		if set.Status.Replicas > 0 {
			return true
		}
		for pod := range store.Owned[*corev1.Pod](s.View, set.UID) {
			if metav1.IsControlledBy(pod, set) && !podEnded(pod) {
				return true
			}
		}
	}
	return false
}
