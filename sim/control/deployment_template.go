package control

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/utils/dump"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Annotations of ReplicaSets, and the first of Deployments too (upstream: pkg/controller/deployment/util).
const (
	deploymentRevision = "deployment.kubernetes.io/revision"
	revisionHistory    = "deployment.kubernetes.io/revision-history"
	desiredReplicas    = "deployment.kubernetes.io/desired-replicas"
	maxReplicas        = "deployment.kubernetes.io/max-replicas"
	// maxHistoryLength is how many characters the history may have (upstream: maxRevHistoryLengthInChars).
	maxHistoryLength = 2000
)

// ownAnnotations are not copied between a Deployment and its ReplicaSets.
var ownAnnotations = []string{corev1.LastAppliedConfigAnnotation, deploymentRevision, revisionHistory, desiredReplicas, maxReplicas, appsv1.DeprecatedRollbackTo}

// templateHash is the hash of a template, with the number of collisions when there have been any. It is upstream's for the release whose
// fields the template has (upstream: ComputeHash in pkg/controller/controller_utils.go).
func templateHash(template *corev1.PodTemplateSpec, collisions *int32) string {
	hash := fnv.New32a()
	fmt.Fprintf(hash, "%v", dump.ForHash(*template))
	if collisions != nil {
		number := make([]byte, 8)
		binary.LittleEndian.PutUint32(number, uint32(*collisions))
		hash.Write(number)
	}
	return rand.SafeEncodeString(strconv.FormatUint(uint64(hash.Sum32()), 10))
}

// sameTemplate compares templates without the label that holds their hash (upstream: EqualIgnoreHash).
func sameTemplate(a, b *corev1.PodTemplateSpec) bool {
	plain := func(template *corev1.PodTemplateSpec) *corev1.PodTemplateSpec {
		without := *template
		without.Labels = maps.Clone(template.Labels)
		delete(without.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
		return &without
	}
	return apiequality.Semantic.DeepEqual(plain(a), plain(b))
}

// setRevisionOf is the revision of a set; 0 when it has none, and ok is false when it is no number.
func setRevisionOf(set *appsv1.ReplicaSet) (revision int64, ok bool) {
	text, found := set.Annotations[deploymentRevision]
	if !found {
		return 0, true
	}
	revision, err := strconv.ParseInt(text, 10, 64)
	return revision, err == nil
}

func (s *deploymentSync) nextRevision() int64 {
	newest := int64(0)
	for _, set := range s.old {
		if revision, ok := setRevisionOf(set); ok {
			newest = max(newest, revision)
		}
	}
	return newest + 1
}

// findFresh finds the set of the wanted template, the oldest if there are several, and brings revision and annotations of the set and of
// the Deployment up to date (upstream: getNewReplicaSet).
func (s *deploymentSync) findFresh() {
	s.old = nil
	for _, set := range s.sets {
		if s.fresh == nil && sameTemplate(&set.Spec.Template, &s.d.Spec.Template) {
			s.fresh = set
		} else {
			s.old = append(s.old, set)
		}
	}
	if s.fresh == nil {
		return
	}
	changed := s.fresh.DeepCopy()
	if s.annotate(changed, s.nextRevision()) || changed.Spec.MinReadySeconds != s.d.Spec.MinReadySeconds {
		changed.Spec.MinReadySeconds = s.d.Spec.MinReadySeconds
		s.write(Write{Verb: Update, Object: changed})
		s.fresh, s.noted = afterWrite(changed), true
		return
	}
	news := s.setRevision(s.fresh.Annotations[deploymentRevision])
	if s.hasDeadline() && deploymentCondition(&s.d.Status, appsv1.DeploymentProgressing) == nil {
		s.setCondition(&s.d.Status, appsv1.DeploymentProgressing, corev1.ConditionTrue, "FoundNewReplicaSet", fmt.Sprintf("Found new replica set %q", s.fresh.Name))
		news = true
	}
	if news {
		s.tell()
	}
}

// setRevision notes the Deployment's revision, and says whether it is another one.
func (s *deploymentSync) setRevision(revision string) bool {
	if s.d.Annotations[deploymentRevision] == revision && s.d.Annotations != nil {
		return false
	}
	if s.d.Annotations == nil {
		s.d.Annotations = map[string]string{}
	}
	s.d.Annotations[deploymentRevision] = revision
	return true
}

// annotate copies the Deployment's annotations to the set and raises its revision; a set that becomes the wanted one again remembers the
// revisions that it had (upstream: SetNewReplicaSetAnnotations).
func (s *deploymentSync) annotate(set *appsv1.ReplicaSet, revision int64) (changed bool) {
	if set.Annotations == nil {
		set.Annotations = map[string]string{}
	}
	for key, text := range s.d.Annotations {
		if before, found := set.Annotations[key]; !slices.Contains(ownAnnotations, key) && (!found || before != text) {
			set.Annotations[key] = text
			changed = true
		}
	}
	before, found := set.Annotations[deploymentRevision]
	number, err := strconv.ParseInt(before, 10, 64)
	if err != nil && before != "" {
		return false
	}
	if number >= revision {
		return changed
	}
	set.Annotations[deploymentRevision] = strconv.FormatInt(revision, 10)
	if found {
		rememberRevision(set, before)
	}
	return true
}

// rememberRevision adds a revision to the set's history, and drops the first ones when it grows too long.
func rememberRevision(set *appsv1.ReplicaSet, revision string) {
	history := set.Annotations[revisionHistory]
	if history == "" {
		set.Annotations[revisionHistory] = revision
		return
	}
	revisions := strings.Split(history, ",")
	length := len(history) + len(revision) + 1
	for length > maxHistoryLength && len(revisions) > 0 {
		length -= len(revisions[0]) + 1
		revisions = revisions[1:]
	}
	if length <= maxHistoryLength {
		set.Annotations[revisionHistory] = strings.Join(append(revisions, revision), ",")
	}
}

// createFresh creates the set of the wanted template, and says whether it could: another object may have its name, which the next look
// avoids by another hash.
func (s *deploymentSync) createFresh() bool {
	if namespaceEnds(s.View, s.d.Namespace) {
		return false
	}
	hash := templateHash(&s.d.Spec.Template, s.d.Status.CollisionCount)
	set := s.newSet(hash)
	if _, taken := store.Get[*appsv1.ReplicaSet](s.View, set.Namespace, set.Name); taken {
		collisions := int32(1)
		if s.d.Status.CollisionCount != nil {
			collisions += *s.d.Status.CollisionCount
		}
		s.d.Status.CollisionCount = &collisions
		s.tell()
		return false
	}
	replicas := s.freshReplicas(set)
	set.Spec.Replicas = &replicas
	revision := s.nextRevision()
	s.annotate(set, revision)
	s.setReplicasAnnotations(set)
	create := Write{Verb: Create, Object: set.DeepCopy(), Failure: failing(s.newEvent(corev1.EventTypeWarning, "ReplicaSetCreateError", fmt.Sprintf("Failed to create new replica set %q: {error}", set.Name)))}
	if replicas > 0 {
		done := s.newEvent(corev1.EventTypeNormal, "ScalingReplicaSet", fmt.Sprintf("Scaled up replica set %s from 0 to %d", set.Name, replicas))
		create.Success = &done
	}
	s.write(create)
	if s.hasDeadline() {
		failed := s.d.DeepCopy()
		s.write(Write{Verb: UpdateStatus, Always: true, After: func(problem error) api.Object {
			if problem == nil {
				return nil
			}
			s.setCondition(&failed.Status, appsv1.DeploymentProgressing, corev1.ConditionFalse, "ReplicaSetCreateError",
				fmt.Sprintf("Failed to create new replica set %q: %v", set.Name, problem))
			return failed
		}})
	}
	s.fresh = set
	news := s.setRevision(strconv.FormatInt(revision, 10))
	if s.hasDeadline() {
		s.setCondition(&s.d.Status, appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetCreated", fmt.Sprintf("Created new replica set %q", set.Name))
		news = true
	}
	if news {
		s.tell()
	}
	return true
}

// newSet is the set of the wanted template, with no replicas yet. The hash sets its Pods apart from those of other sets.
func (s *deploymentSync) newSet(hash string) *appsv1.ReplicaSet {
	template := s.d.Spec.Template.DeepCopy()
	template.Labels = withLabel(template.Labels, hash)
	selector := s.d.Spec.Selector.DeepCopy()
	selector.MatchLabels = withLabel(selector.MatchLabels, hash)
	replicas := int32(0)
	return &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.d.Namespace, Name: setName(s.d.Name, hash), Labels: maps.Clone(template.Labels),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(s.d, deploymentKind)},
		},
		Spec: appsv1.ReplicaSetSpec{Replicas: &replicas, MinReadySeconds: s.d.Spec.MinReadySeconds, Selector: selector, Template: *template},
	}
}

func withLabel(labels map[string]string, hash string) map[string]string {
	with := maps.Clone(labels)
	if with == nil {
		with = map[string]string{}
	}
	with[appsv1.DefaultDeploymentUniqueLabelKey] = hash
	return with
}

// setName is the Deployment's name, cut so that the hash fits into 253 characters, and the hash (upstream: generateReplicaSetName).
func setName(deployment, hash string) string {
	return deployment[:min(len(deployment), 253-1-len(hash))] + "-" + hash
}

// hasDeadline says whether the Deployment is to tell when it makes no progress.
func (s *deploymentSync) hasDeadline() bool {
	deadline := s.d.Spec.ProgressDeadlineSeconds
	return deadline != nil && *deadline != math.MaxInt32
}
