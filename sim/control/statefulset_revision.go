package control

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// ownRevisions lists the set's ControllerRevisions, oldest first, and adopts those without a controller. A set that is being deleted may not
// adopt: that is an error (upstream: adoptOrphanRevisions).
func (s *setSync) ownRevisions(selector labels.Selector) ([]*appsv1.ControllerRevision, error) {
	var revisions []*appsv1.ControllerRevision
	for revision := range store.List[*appsv1.ControllerRevision](s.View, s.set.Namespace) {
		if !selector.Matches(labels.Set(revision.Labels)) {
			continue
		}
		owner := metav1.GetControllerOfNoCopy(revision)
		switch {
		case owner == nil && s.set.DeletionTimestamp != nil:
			return nil, fmt.Errorf("can't adopt ControllerRevisions: %s/%s has just been deleted at %v", s.set.Namespace, s.set.Name, s.set.DeletionTimestamp)
		case owner == nil:
			adopted := revision.DeepCopy()
			adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.set, statefulSetKind))
			s.write(Write{Verb: Update, Object: adopted})
			revisions = append(revisions, afterWrite(adopted))
		case owner.UID == s.set.UID:
			revisions = append(revisions, revision)
		}
	}
	slices.SortStableFunc(revisions, api.CompareRevisions)
	return revisions, nil
}

// chooseRevisions finds the revision the set is at and the one it goes to, and creates the latter, or numbers it anew when the
// set goes back to an earlier one (upstream: getStatefulSetRevisions).
func (s *setSync) chooseRevisions(revisions []*appsv1.ControllerRevision) (current, update *appsv1.ControllerRevision, collisions int32, err error) {
	if s.set.Status.CollisionCount != nil {
		collisions = *s.set.Status.CollisionCount
	}
	update, collisions, err = s.updateRevision(revisions, collisions)
	if err != nil {
		return nil, nil, collisions, err
	}
	current = update
	for _, revision := range revisions {
		if revision.Name == s.set.Status.CurrentRevision {
			current = revision
		}
	}
	return current, update, collisions, nil
}

func (s *setSync) updateRevision(revisions []*appsv1.ControllerRevision, collisions int32) (*appsv1.ControllerRevision, int32, error) {
	var newest *appsv1.ControllerRevision
	next := api.NextRevision(revisions)
	if len(revisions) > 0 {
		newest = revisions[len(revisions)-1]
	}
	// Template and revisions are what they were when the status was last written, so the update revision is too: nothing to encode and compare.
	if newest != nil && s.set.Status.ObservedGeneration == s.set.Generation && s.set.Status.UpdateRevision == newest.Name && !s.writtenSince(revisions) {
		return newest, collisions, nil
	}
	proposed, err := s.Settings.Release.NewRevision(s.set, next, &collisions)
	if err != nil {
		return nil, collisions, err
	}
	for i := len(revisions) - 1; i >= 0; i-- {
		if !api.EqualRevision(revisions[i], proposed) {
			continue
		}
		if api.EqualRevision(newest, revisions[i]) {
			return newest, collisions, nil
		}
		renumbered := revisions[i].DeepCopy()
		renumbered.Revision = next
		s.write(Write{Verb: Update, Object: renumbered})
		return renumbered, collisions, nil
	}
	if newest != nil && s.Settings.Release.Enabled(api.StatefulSetSemanticRevisionComparison) && sameWhenApplied(s.Settings.Release, s.set, proposed, newest) {
		return newest, collisions, nil
	}
	update, collisions := s.createRevision(proposed, collisions)
	return update, collisions, nil
}

// writtenSince says whether a revision was written after the set was.
func (s *setSync) writtenSince(revisions []*appsv1.ControllerRevision) bool {
	told, err := strconv.ParseUint(s.set.ResourceVersion, 10, 64)
	return err != nil || slices.ContainsFunc(revisions, func(revision *appsv1.ControllerRevision) bool {
		version, err := strconv.ParseUint(revision.ResourceVersion, 10, 64)
		return err != nil || version > told
	})
}

// sameWhenApplied says whether going back to the revision would give the template the set has: a revision written by an older
// release lacks the defaults of fields that are new since.
func sameWhenApplied(release api.Release, set *appsv1.StatefulSet, proposed, newest *appsv1.ControllerRevision) bool {
	restored, err := api.ApplyRevision(set, newest)
	if err != nil {
		return false
	}
	restored = restored.DeepCopy()
	release.Default(restored)
	again, err := release.NewRevision(restored, -1, nil)
	return err == nil && api.EqualRevision(proposed, again)
}

// createRevision writes the new revision under a name that no other content has; its label keeps the first hash
// (upstream: history.CreateControllerRevision). It is also asked for under names that are taken: a refusal says no more than what is known
// already, but upstream asks.
func (s *setSync) createRevision(proposed *appsv1.ControllerRevision, collisions int32) (*appsv1.ControllerRevision, int32) {
	for {
		s.write(Write{Verb: Create, Object: proposed.DeepCopy(), Tolerate: []string{"AlreadyExists"}})
		taken, found := store.Get[*appsv1.ControllerRevision](s.View, s.set.Namespace, proposed.Name)
		if !found {
			return proposed, collisions
		}
		if bytes.Equal(taken.Data.Raw, proposed.Data.Raw) {
			return taken, collisions
		}
		collisions++
		proposed.Name = api.RevisionName(s.set.Name, api.HashRevision(proposed, &collisions))
	}
}

// truncateHistory deletes the oldest revisions that no Pod and no rollout needs, down to spec.revisionHistoryLimit. That is done even when the
// sync fails, unless it failed among the first claimed writes. When it failed over the revisions themselves, those of Pods alone are needed.
func (s *setSync) truncateHistory(claimed int, revisions []*appsv1.ControllerRevision, current, update *appsv1.ControllerRevision) {
	live := map[string]bool{}
	for _, pod := range s.pods {
		live[revisionOf(pod)] = true
	}
	chosen := len(s.plan.Writes)
	for i, write := range s.plan.Writes[claimed:] {
		if _, revision := write.Object.(*appsv1.ControllerRevision); !revision {
			chosen = claimed + i
			break
		}
	}
	failed := s.superfluous(revisions, live)
	live[current.Name], live[update.Name] = true, true
	done := s.superfluous(revisions, live)
	s.discard(done, func(made int) bool { return made >= chosen }) // counts itself, after which the other is not asked for
	s.discard(failed, func(made int) bool { return made >= claimed && made < chosen })
}

// superfluous are the oldest of the revisions that are not live, beyond the limit.
func (s *setSync) superfluous(revisions []*appsv1.ControllerRevision, live map[string]bool) []*appsv1.ControllerRevision {
	var past []*appsv1.ControllerRevision
	for _, revision := range revisions {
		if !live[revision.Name] {
			past = append(past, revision)
		}
	}
	limit := 10
	if s.set.Spec.RevisionHistoryLimit != nil {
		limit = int(*s.set.Spec.RevisionHistoryLimit)
	}
	if limit < 0 || len(past) <= limit {
		return nil
	}
	return past[:len(past)-limit]
}

// discard deletes revisions, one after the other until one cannot be deleted, if as many writes of the Plan were made as is asked for.
func (s *setSync) discard(revisions []*appsv1.ControllerRevision, when func(made int) bool) {
	if len(revisions) == 0 {
		return
	}
	deletes := Write{Group: []Write{}, Always: true, Tally: func(_ error, made int) api.Object {
		if !when(made) {
			return nil
		}
		return s.set
	}}
	for _, revision := range revisions {
		deletes.Meanwhile = append(deletes.Meanwhile, Write{Verb: Delete, Object: revision})
	}
	s.write(deletes)
}
