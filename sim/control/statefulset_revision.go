package control

import (
	"bytes"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// ownRevisions lists the set's ControllerRevisions, oldest first, and adopts those without a controller.
func (s *setSync) ownRevisions(selector labels.Selector) []*appsv1.ControllerRevision {
	var revisions []*appsv1.ControllerRevision
	for revision := range store.List[*appsv1.ControllerRevision](s.View, s.set.Namespace) {
		if !selector.Matches(labels.Set(revision.Labels)) {
			continue
		}
		switch owner := metav1.GetControllerOfNoCopy(revision); {
		case owner != nil && owner.UID == s.set.UID:
			revisions = append(revisions, revision)
		case owner == nil:
			if s.set.DeletionTimestamp == nil {
				adopted := revision.DeepCopy()
				adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.set, statefulSetKind))
				s.write(Write{Verb: Update, Object: adopted})
				revision = afterWrite(adopted)
			}
			revisions = append(revisions, revision)
		}
	}
	slices.SortStableFunc(revisions, api.CompareRevisions)
	return revisions
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
	// The template is what it was when the status was last written, so its revision is too: nothing to encode and compare.
	if newest != nil && s.set.Status.ObservedGeneration == s.set.Generation && s.set.Status.UpdateRevision == newest.Name {
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
	return s.createRevision(proposed, next, collisions)
}

// sameWhenApplied says whether going back to the revision would give the template the set has: a revision written by an older
// release lacks the defaults of fields that are new since.
func sameWhenApplied(release api.Release, set *appsv1.StatefulSet, proposed, newest *appsv1.ControllerRevision) bool {
	restored, err := api.ApplyRevision(set, newest)
	if err != nil {
		return false
	}
	release.Default(restored)
	again, err := release.NewRevision(restored, -1, nil)
	return err == nil && api.EqualRevision(proposed, again)
}

// createRevision writes the new revision under a name that no other content has (upstream: history.CreateControllerRevision).
func (s *setSync) createRevision(proposed *appsv1.ControllerRevision, number int64, collisions int32) (*appsv1.ControllerRevision, int32, error) {
	for {
		taken, found := store.Get[*appsv1.ControllerRevision](s.View, s.set.Namespace, proposed.Name)
		if !found {
			break
		}
		if bytes.Equal(taken.Data.Raw, proposed.Data.Raw) {
			return taken, collisions, nil
		}
		collisions++
		var err error
		if proposed, err = s.Settings.Release.NewRevision(s.set, number, &collisions); err != nil {
			return nil, collisions, err
		}
	}
	s.write(Write{Verb: Create, Object: proposed.DeepCopy()})
	return proposed, collisions, nil
}

// truncateHistory deletes the oldest revisions that no Pod and no rollout needs, down to spec.revisionHistoryLimit.
func (s *setSync) truncateHistory(revisions []*appsv1.ControllerRevision, current, update *appsv1.ControllerRevision) {
	live := map[string]bool{current.Name: true, update.Name: true}
	for _, pod := range s.pods {
		live[revisionOf(pod)] = true
	}
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
		return
	}
	for _, revision := range past[:len(past)-limit] {
		s.write(Write{Verb: Delete, Object: revision, Tolerate: []string{"NotFound"}, Always: true})
	}
}
