package control

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// rollbackAsked is the revision that an annotation asks to go back to, 0 for the last one. Clients of versions that had the field
// spec.rollbackTo set it; kubectl writes the old template itself (upstream: getRollbackTo).
func rollbackAsked(deployment *appsv1.Deployment) (revision int64, asked bool) {
	revision, err := strconv.ParseInt(deployment.Annotations[appsv1.DeprecatedRollbackTo], 10, 64)
	return revision, err == nil
}

// rollback gives the Deployment the template and the annotations of a revision, and takes the request away (upstream: rollback.go).
func (s *deploymentSync) rollback() {
	if s.fresh == nil && !s.createFresh() {
		return
	}
	revision, _ := rollbackAsked(s.d)
	if revision == 0 {
		if revision = s.lastRevision(); revision == 0 {
			s.event(corev1.EventTypeWarning, "DeploymentRollbackRevisionNotFound", "Unable to find last revision.")
			s.endRollback(nil)
			return
		}
	}
	for _, set := range s.allSets() {
		if found, ok := setRevisionOf(set); !ok || found != revision {
			continue
		}
		if sameTemplate(&s.d.Spec.Template, &set.Spec.Template) {
			s.event(corev1.EventTypeWarning, "DeploymentRollbackTemplateUnchanged",
				fmt.Sprintf("The rollback revision contains the same template as current deployment %q", s.d.Name))
			s.endRollback(nil)
			return
		}
		set.Spec.Template.DeepCopyInto(&s.d.Spec.Template)
		delete(s.d.Spec.Template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		maps.DeleteFunc(s.d.Annotations, func(key, _ string) bool { return !slices.Contains(ownAnnotations, key) })
		for key, text := range set.Annotations {
			if !slices.Contains(ownAnnotations, key) {
				s.d.Annotations[key] = text
			}
		}
		done := s.newEvent(corev1.EventTypeNormal, "DeploymentRollback", fmt.Sprintf("Rolled back deployment %q to revision %d", s.d.Name, revision))
		s.endRollback(&done)
		return
	}
	s.event(corev1.EventTypeWarning, "DeploymentRollbackRevisionNotFound", "Unable to find the revision to rollback to.")
	s.endRollback(nil)
}

// endRollback writes the Deployment without the request.
func (s *deploymentSync) endRollback(success *Event) {
	changed := s.d.DeepCopy()
	delete(changed.Annotations, appsv1.DeprecatedRollbackTo)
	if s.told {
		changed.ResourceVersion = ""
	}
	s.write(Write{Verb: Update, Object: changed, Success: success})
}

// lastRevision is the second highest one.
func (s *deploymentSync) lastRevision() int64 {
	var revisions []int64
	for _, set := range s.allSets() {
		if revision, ok := setRevisionOf(set); ok {
			revisions = append(revisions, revision)
		}
	}
	slices.Sort(revisions)
	if len(revisions) < 2 {
		return 0
	}
	return revisions[len(revisions)-2]
}
