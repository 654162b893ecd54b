package control

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fenceposts are how many Pods there may be beyond those wanted, which is rounded up, and how many of those wanted may be missing, which is
// rounded down; not both can be none (upstream: ResolveFenceposts, MaxSurge and MaxUnavailable).
func (s *deploymentSync) fenceposts() (surge, unavailable int32) {
	wanted := *s.d.Spec.Replicas
	rolling := s.d.Spec.Strategy.RollingUpdate
	if s.d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || rolling == nil {
		return 0, 0
	}
	// The errors are ones that validation catches.
	up, _ := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(rolling.MaxSurge, intstr.FromInt32(0)), int(wanted), true)
	down, _ := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(rolling.MaxUnavailable, intstr.FromInt32(0)), int(wanted), false)
	if up == 0 && down == 0 {
		down = 1
	}
	return int32(up), min(int32(down), wanted)
}

func (s *deploymentSync) maxSurge() int32 {
	surge, _ := s.fenceposts()
	return surge
}

func (s *deploymentSync) maxUnavailable() int32 {
	_, unavailable := s.fenceposts()
	return unavailable
}

// allSets are the old ones and the fresh one, if there is one.
func (s *deploymentSync) allSets() []*appsv1.ReplicaSet {
	all := slices.Clone(s.old)
	if s.fresh != nil {
		all = append(all, s.fresh)
	}
	return all
}

// activeSets are those that want Pods.
func activeSets(sets []*appsv1.ReplicaSet) (active []*appsv1.ReplicaSet) {
	for _, set := range sets {
		if *set.Spec.Replicas > 0 {
			active = append(active, set)
		}
	}
	return active
}

// wantedBySets is how many Pods the sets want together.
func wantedBySets(sets []*appsv1.ReplicaSet) (wanted int32) {
	for _, set := range sets {
		wanted += *set.Spec.Replicas
	}
	return wanted
}

// scaled says whether somebody has changed the number of replicas since the sets were scaled (upstream: isScalingEvent).
func (s *deploymentSync) scaled() bool {
	return slices.ContainsFunc(activeSets(s.allSets()), func(set *appsv1.ReplicaSet) bool {
		desired, ok := replicasAnnotation(set, desiredReplicas)
		return ok && desired != *s.d.Spec.Replicas
	})
}

func replicasAnnotation(set *appsv1.ReplicaSet, key string) (number int32, ok bool) {
	parsed, err := strconv.ParseUint(set.Annotations[key], 10, 31)
	return int32(parsed), err == nil
}

// setReplicasAnnotations notes in the set how many Pods the Deployment wants, and how many it may have, and says whether that is news.
func (s *deploymentSync) setReplicasAnnotations(set *appsv1.ReplicaSet) (changed bool) {
	for key, number := range map[string]int32{desiredReplicas: *s.d.Spec.Replicas, maxReplicas: *s.d.Spec.Replicas + s.maxSurge()} {
		if text := strconv.Itoa(int(number)); set.Annotations[key] != text {
			set.Annotations[key] = text
			changed = true
		}
	}
	return changed
}

// scaleSet gives a set another number of replicas, and gives the set as it then is. With force the annotations are brought up to date
// even when the number stays (upstream: scaleReplicaSet).
func (s *deploymentSync) scaleSet(set *appsv1.ReplicaSet, replicas int32, force bool) (changed *appsv1.ReplicaSet, scaled bool) {
	before := *set.Spec.Replicas
	if !force && before == replicas {
		return set, false
	}
	changed = set.DeepCopy()
	changed.Spec.Replicas = &replicas
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	if news := s.setReplicasAnnotations(changed); !news && before == replicas {
		return set, false
	}
	write := Write{Verb: Update, Object: changed}
	if before != replicas {
		direction := "down"
		if before < replicas {
			direction = "up"
		}
		done := s.newEvent(corev1.EventTypeNormal, "ScalingReplicaSet", fmt.Sprintf("Scaled %s replica set %s from %d to %d", direction, set.Name, before, replicas))
		write.Success = &done
	}
	s.write(write)
	return afterWrite(changed), before != replicas
}

// rescale is for a Deployment that was scaled, or is paused: no Pod is replaced (upstream: sync).
func (s *deploymentSync) rescale() {
	s.scaleInProportion()
	if _, asked := rollbackAsked(s.d); s.d.Spec.Paused && !asked {
		s.cleanUp()
	}
	s.writeStatus(s.count())
}

// scaleInProportion gives the replicas that are added or taken away to the sets as they share the Pods, lest scaling hasten a rollout
// (upstream: scale).
func (s *deploymentSync) scaleInProportion() {
	all := s.allSets()
	active := activeSets(all)
	switch {
	case len(all) == 0:
	case len(active) == 0:
		newest := s.fresh
		if newest == nil {
			newest = slices.MaxFunc(s.old, compareSetAges)
		}
		s.scaleSet(newest, *s.d.Spec.Replicas, false)
	case len(active) == 1:
		s.scaleSet(active[0], *s.d.Spec.Replicas, false)
	case s.saturated():
		for _, set := range activeSets(s.old) {
			s.scaleSet(set, 0, false)
		}
	case s.d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType:
		s.shareOut(active)
	}
}

// saturated says whether the fresh set has all the Pods that the Deployment wants, and they are available (upstream: IsSaturated).
func (s *deploymentSync) saturated() bool {
	if s.fresh == nil {
		return false
	}
	wanted := *s.d.Spec.Replicas
	desired, err := strconv.Atoi(s.fresh.Annotations[desiredReplicas])
	return err == nil && *s.fresh.Spec.Replicas == wanted && desired == int(wanted) && s.fresh.Status.AvailableReplicas == wanted
}

// shareOut scales several sets. The largest one gets what rounding leaves over; of equal ones, the newest is the first to grow and the
// oldest the first to shrink.
func (s *deploymentSync) shareOut(sets []*appsv1.ReplicaSet) {
	allowed := int32(0)
	if *s.d.Spec.Replicas > 0 {
		allowed = *s.d.Spec.Replicas + s.maxSurge()
	}
	missing := allowed - wantedBySets(sets)
	slices.SortFunc(sets, func(a, b *appsv1.ReplicaSet) int {
		byAge := compareSetAges(a, b)
		if missing > 0 {
			byAge = -byAge
		}
		return cmp.Or(cmp.Compare(*b.Spec.Replicas, *a.Spec.Replicas), byAge)
	})
	sizes := make([]int32, len(sets))
	added := int32(0)
	for i, set := range sets {
		share := int32(0)
		if missing != 0 && missing != added {
			share = s.share(set)
			if rest := missing - added; missing > 0 {
				share = min(share, rest)
			} else {
				share = max(share, rest)
			}
		}
		sizes[i] = *set.Spec.Replicas + share
		added += share
	}
	sizes[0] = max(sizes[0]+missing-added, 0)
	for i, set := range sets {
		s.scaleSet(set, sizes[i], true)
	}
}

// share is by how much the set is to grow for its part of the Pods to stay as it was (upstream: getReplicaSetFraction).
func (s *deploymentSync) share(set *appsv1.ReplicaSet) int32 {
	size := *set.Spec.Replicas
	if *s.d.Spec.Replicas == 0 {
		return -size
	}
	before, ok := replicasAnnotation(set, maxReplicas)
	if !ok || before == 0 {
		if before = s.d.Status.Replicas; before == 0 {
			return 0
		}
	}
	grown := float64(size*(*s.d.Spec.Replicas+s.maxSurge())) / float64(before)
	return int32(math.Floor(grown+0.5)) - size
}

// cleanUp deletes old sets beyond the history limit, the first revisions first. Sets that have or want Pods stay (upstream: cleanupDeployment).
func (s *deploymentSync) cleanUp() {
	limit := s.d.Spec.RevisionHistoryLimit
	if limit == nil || *limit == math.MaxInt32 {
		return
	}
	alive := slices.DeleteFunc(slices.Clone(s.old), func(set *appsv1.ReplicaSet) bool { return set.DeletionTimestamp != nil })
	surplus := len(alive) - int(*limit)
	slices.SortFunc(alive, compareSetRevisions)
	for _, set := range alive[:max(surplus, 0)] {
		if set.Status.Replicas == 0 && *set.Spec.Replicas == 0 && set.Generation <= set.Status.ObservedGeneration {
			s.write(Write{Verb: Delete, Object: set, Tolerate: []string{"NotFound"}})
		}
	}
}

// compareSetRevisions puts the lower revision first, of equal or unreadable ones what is older.
func compareSetRevisions(a, b *appsv1.ReplicaSet) int {
	first, ok := setRevisionOf(a)
	second, alsoOK := setRevisionOf(b)
	if ok && alsoOK && first != second {
		return cmp.Compare(first, second)
	}
	return compareSetAges(a, b)
}
