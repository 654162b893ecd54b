package control

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// converge plans the next steps from the Pods there are to the Pods there should be, and the status
// (upstream: updateStatefulSet). Scaling comes before updating. With OrderedReady it stops at the first Pod that has to be
// waited for; with Parallel it goes through all. Without a status it gives nil.
func (s *setSync) converge(current, update *appsv1.ControllerRevision, collisions int32) *appsv1.StatefulSetStatus {
	settled := len(s.plan.Writes)
	status := &appsv1.StatefulSetStatus{
		ObservedGeneration: s.set.Generation, CurrentRevision: current.Name, UpdateRevision: update.Name, CollisionCount: &collisions,
	}
	currentSet, updateSet, err := s.setsAt(current, update)
	if err != nil {
		s.plan.Error = err
		return nil
	}
	if s.set.DeletionTimestamp != nil {
		s.count(status, s.pods)
		s.writeStatus(status, settled, settled)
		return status
	}
	replicas, condemned := s.partitionPods(currentSet, updateSet, current.Name, update.Name)
	s.count(status, replicas, condemned)
	firstUnavailable := s.firstUnavailable(replicas, condemned)
	held := s.forAll(replicas, func(pod *corev1.Pod) bool { return s.keep(updateSet, pod) }) ||
		s.forAll(condemned, s.releaseClaims) ||
		s.forAll(condemned, func(pod *corev1.Pod) bool { return s.condemn(pod, firstUnavailable) })
	scaled := len(s.plan.Writes)
	if !held {
		s.rollOut(replicas, update)
	}
	s.writeStatus(status, settled, scaled)
	return status
}

// releaseClaims gives the claims of a condemned Pod the owners that decide whether they outlive it. Nobody waits for that.
func (s *setSync) releaseClaims(pod *corev1.Pod) (wait bool) {
	if !s.claimsMatchRetention(pod) {
		s.write(s.retainClaims(pod, nil)...)
	}
	return false
}

// forAll visits Pods: one after the other with OrderedReady, until one has to be waited for; with Parallel in batches of 1, 2, 4 up to
// 500, until one has failed. It says whether it stopped (upstream: runForAll, slowStartBatch).
func (s *setSync) forAll(pods []*corev1.Pod, visit func(*corev1.Pod) (wait bool)) (stopped bool) {
	const largestBatch = 500
	size := 1
	for len(pods) > 0 {
		s.nextBatch()
		for _, pod := range pods[:min(size, len(pods))] {
			if wait := visit(pod); s.monotonic && wait {
				return true
			}
			s.part++
		}
		pods = pods[min(size, len(pods)):]
		if !s.monotonic {
			size = min(2*size, largestBatch)
		}
	}
	s.nextBatch()
	return false
}

// setsAt are the set as it was at its current revision and as it is at its update revision.
func (s *setSync) setsAt(current, update *appsv1.ControllerRevision) (currentSet, updateSet *appsv1.StatefulSet, err error) {
	if current.Name == update.Name {
		return s.set, s.set, nil
	}
	currentSet, err = api.ApplyRevision(s.set, current)
	return currentSet, s.set, err
}

// partitionPods gives the Pods of the ordinals the set wants, ascending, with new ones where there are none, and the condemned
// ones, descending. A Pod whose name has no ordinal is in neither.
func (s *setSync) partitionPods(currentSet, updateSet *appsv1.StatefulSet, current, update string) (replicas, condemned []*corev1.Pod) {
	replicas = make([]*corev1.Pod, replicasOf(s.set))
	start := firstOrdinal(s.set)
	for _, pod := range s.pods {
		switch ordinal := ordinalOf(pod); {
		case inRange(s.set, pod):
			replicas[ordinal-start] = pod
		case ordinal >= 0:
			condemned = append(condemned, pod)
		}
	}
	for i, pod := range replicas {
		if pod != nil {
			continue
		}
		replicas[i] = s.newPod(currentSet, updateSet, current, update, start+i)
		if s.monotonic { // only the first can be created now; for all those after it stands one that is nobody's
			missing := &corev1.Pod{}
			for j := i + 1; j < len(replicas); j++ {
				if replicas[j] == nil {
					replicas[j] = missing
				}
			}
			break
		}
	}
	slices.SortStableFunc(condemned, func(a, b *corev1.Pod) int { return ordinalOf(b) - ordinalOf(a) })
	return replicas, condemned
}

// keep plans what a wanted Pod needs: replacing one that has ended, creating one that is not there, waiting for one that is not
// ready, repairing identity and storage. It says whether the Pods after it have to wait (upstream: processReplica).
func (s *setSync) keep(updateSet *appsv1.StatefulSet, pod *corev1.Pod) (wait bool) {
	if podEnded(pod) {
		if pod.DeletionTimestamp == nil {
			s.delete(pod)
		}
		return true // the next Pod of the name is made when this one is gone
	}
	if !created(pod) {
		if s.claimStale(pod) {
			return true
		}
		s.create(pod)
		if s.monotonic {
			return true
		}
	}
	if pod.Status.Phase == corev1.PodPending {
		s.createClaims(pod, nil)
		s.write(s.retainClaims(pod, s.failed(updating, pod))...)
	}
	if s.monotonic && (pod.DeletionTimestamp != nil || !runningAndReady(pod) || !podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)) {
		return true
	}
	s.repair(updateSet, pod)
	return false
}

// create plans the Pod's claims, the Pod, and the owners of claims. The latter are seen to even when the Pod could not be created
// (upstream: CreateStatefulPod).
func (s *setSync) create(pod *corev1.Pod) {
	failure := s.failed(creating, pod)
	s.createClaims(pod, failure)
	s.write(Write{Verb: Create, Object: pod, Meanwhile: s.retainClaims(pod, s.failed(updating, pod)), Success: s.done(creating, pod), Failure: failure})
}

// repair gives a Pod back the identity, the volumes and the claims' owners it should have (upstream: UpdateStatefulPod).
func (s *setSync) repair(updateSet *appsv1.StatefulSet, pod *corev1.Pod) {
	identity, storage := identityMatches(s.set, pod), storageMatches(s.set, pod)
	if identity && storage && s.claimsMatchRetention(pod) {
		return
	}
	success, failure := s.done(updating, pod), s.failed(updating, pod)
	repaired := pod.DeepCopy()
	if !identity {
		s.setIdentity(updateSet, repaired)
	}
	if !storage {
		setStorage(updateSet, repaired)
		s.createClaims(repaired, failure)
	}
	if !s.claimsMatchRetention(repaired) {
		s.write(persistent(s.retainClaims(repaired, failure))...)
	}
	// What is refused as a conflict, upstream looks at again. When only the claims were not right, they are by now, and nothing is left to do.
	update := Write{Verb: Update, Object: repaired, Success: success, Failure: failure, Tries: podTries}
	if identity && storage {
		update.Tries, update.Tolerate = 0, []string{"Conflict"}
	}
	if orphan := s.orphans[pod.Name]; orphan != nil {
		// Upstream knows an adopted Pod as it was before, so that its first update is such a conflict.
		early := repaired.DeepCopy()
		early.ResourceVersion, early.OwnerReferences = orphan.ResourceVersion, orphan.OwnerReferences
		first := Write{Verb: Update, Object: early, Failure: update.Failure, Tolerate: []string{"Conflict"}}
		if identity && storage {
			first.Success = success
			s.write(first)
			return
		}
		s.write(first)
		update.Tries--
	}
	s.write(update)
}

// persistent makes writes about claims that are tried again as upstream does it: from the first claim on, with everything it has to tell.
func persistent(claims []Write) []Write {
	var warnings []Event
	for i := range claims {
		if claims[i].Success != nil {
			warnings = append(warnings, *claims[i].Success)
			continue
		}
		before, failure := slices.Clip(warnings), claims[i].Failure
		claims[i].Tries, claims[i].Again = podTries, func() []Event { return append(before, failure()...) }
	}
	return claims
}

// condemn deletes a Pod whose ordinal is not wanted. With OrderedReady one that is not available is waited for, unless it is the first
// that is not. It says whether the Pods below have to wait (upstream: processCondemned).
func (s *setSync) condemn(pod, firstUnavailable *corev1.Pod) (wait bool) {
	if pod.DeletionTimestamp != nil {
		return true
	}
	healthy := runningAndReady(pod) && podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)
	if s.monotonic && !healthy && pod != firstUnavailable {
		return true
	}
	s.delete(pod)
	return true
}

// firstUnavailable is the unavailable Pod of the lowest ordinal: of the wanted ones, otherwise of the condemned ones.
func (s *setSync) firstUnavailable(replicas, condemned []*corev1.Pod) *corev1.Pod {
	for _, pod := range replicas {
		if s.unavailable(pod) {
			return pod
		}
	}
	for _, pod := range slices.Backward(condemned) {
		if s.unavailable(pod) {
			return pod
		}
	}
	return nil
}

// unavailable says whether the Pod does not count in rollouts and for the first unavailable one. Until 1.33 minReadySeconds did not matter there.
func (s *setSync) unavailable(pod *corev1.Pod) bool {
	if !s.Settings.Release.AtLeast(34) {
		return pod.DeletionTimestamp != nil || !runningAndReady(pod)
	}
	return pod.DeletionTimestamp != nil || !podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)
}

// delete plans the end of a Pod. One that is gone already counts as deleted; until 1.35 it was a failure, and the set was looked at again.
func (s *setSync) delete(pod *corev1.Pod) {
	write := Write{Verb: Delete, Object: pod, Success: s.done(deleting, pod), Failure: s.failed(deleting, pod)}
	if s.Settings.Release.AtLeast(36) {
		write.Tolerate = []string{"NotFound"}
	}
	s.write(write)
}
