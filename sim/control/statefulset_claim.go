package control

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

var podKind = corev1.SchemeGroupVersion.WithKind("Pod")

// claimName is <template>-<set>-<ordinal>.
func claimName(set *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim, ordinal int) string {
	return template.Name + "-" + set.Name + "-" + strconv.Itoa(ordinal)
}

// isClaimName says whether a name is that claimName.
func isClaimName(name string, set *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim, ordinal int) bool {
	front := len(template.Name) + len("-") + len(set.Name) + len("-")
	var room [20]byte
	return len(name) > front && name[:len(template.Name)] == template.Name && name[len(template.Name)] == '-' &&
		name[len(template.Name)+1:front-1] == set.Name && name[front-1] == '-' && name[front:] == string(strconv.AppendInt(room[:0], int64(ordinal), 10))
}

// claimNameOf is the claimName of a Pod's ordinal. The Pod mostly has that text already.
func claimNameOf(pod *corev1.Pod, set *appsv1.StatefulSet, template *corev1.PersistentVolumeClaim) string {
	ordinal := ordinalOf(pod)
	for i := range pod.Spec.Volumes {
		if claim := pod.Spec.Volumes[i].PersistentVolumeClaim; claim != nil && isClaimName(claim.ClaimName, set, template, ordinal) {
			return claim.ClaimName
		}
	}
	return claimName(set, template, ordinal)
}

// claimsOf goes through the claims of a Pod's ordinal, as they are; claim is nil for one that does not exist.
func (s *setSync) claimsOf(pod *corev1.Pod, visit func(template *corev1.PersistentVolumeClaim, name string, claim *corev1.PersistentVolumeClaim)) {
	for i := range s.set.Spec.VolumeClaimTemplates {
		template := &s.set.Spec.VolumeClaimTemplates[i]
		name := claimNameOf(pod, s.set, template)
		visit(template, name, s.claim(name))
	}
}

// claim finds a claim by its name, as it is after the writes planned so far; nil when there is none. A large set looks through all claims of
// the namespace once.
func (s *setSync) claim(name string) *corev1.PersistentVolumeClaim {
	const large = 32
	if planned, found := s.planned[name]; found {
		return planned
	}
	if len(s.pods) < large {
		claim, _ := store.Get[*corev1.PersistentVolumeClaim](s.View, s.set.Namespace, name)
		return claim
	}
	if s.claims == nil {
		s.claims = make(map[string]*corev1.PersistentVolumeClaim, len(s.pods))
		for claim := range store.List[*corev1.PersistentVolumeClaim](s.View, s.set.Namespace) {
			s.claims[claim.Name] = claim
		}
	}
	return s.claims[name]
}

// expect notes what a claim will be after a write of this Plan.
func (s *setSync) expect(claim *corev1.PersistentVolumeClaim) {
	if s.planned == nil {
		s.planned = map[string]*corev1.PersistentVolumeClaim{}
	}
	s.planned[claim.Name] = claim
}

// createClaims creates the claims that the Pod lacks, all of them even if one cannot be created. One that is being deleted is in the way, too
// (upstream: createPersistentVolumeClaims). What else the Pod needs waits for them; when they fail, what failure gives is recorded, if it is not nil.
func (s *setSync) createClaims(pod *corev1.Pod, failure func() []Event) {
	group := Write{Failure: failure}
	s.claimsOf(pod, func(template *corev1.PersistentVolumeClaim, name string, claim *corev1.PersistentVolumeClaim) {
		switch {
		case claim == nil:
			group.Group = append(group.Group, s.createClaim(template, name, pod))
		case claim.DeletionTimestamp != nil:
			group.Group = append(group.Group, Write{Refused: fmt.Errorf("pvc %s is being deleted", name)})
		}
	})
	if group.Group == nil {
		return
	}
	s.write(group)
}

func (s *setSync) createClaim(template *corev1.PersistentVolumeClaim, name string, pod *corev1.Pod) Write {
	made := *template // the rest is shared: rows never change
	claim := &made
	claim.Name, claim.Namespace = name, s.set.Namespace
	claim.Labels = make(map[string]string, len(template.Labels)+len(s.set.Spec.Selector.MatchLabels))
	maps.Copy(claim.Labels, template.Labels)
	maps.Copy(claim.Labels, s.set.Spec.Selector.MatchLabels)
	claim.Finalizers = slices.Clip(claim.Finalizers) // the API adds one
	s.expect(claim)
	verb := s.Settings.Release.EventVerb("create")
	done := s.event(corev1.EventTypeNormal, "SuccessfulCreate",
		verb+" Claim "+name+" Pod "+pod.Name+" in StatefulSet "+s.set.Name+" success")
	failed := func() []Event {
		return []Event{s.event(corev1.EventTypeWarning, "FailedCreate",
			verb+" Claim "+name+" for Pod "+pod.Name+" in StatefulSet "+s.set.Name+" failed error: {error}")}
	}
	return Write{Verb: Create, Object: claim, Success: &done, Failure: failed, Problem: "failed to create PVC {name}: {error}"}
}

// retentionOf is the set's retention policy, Retain for what is not said.
func retentionOf(set *appsv1.StatefulSet) (deleteWithSet, deleteWhenScaled bool) {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if policy == nil {
		return false, false
	}
	return policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType, policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

// claimStale says whether a claim of the ordinal still belongs to an earlier Pod of the name, so that it is about to be
// deleted with it and no new Pod may use it (upstream: PodClaimIsStale).
func (s *setSync) claimStale(pod *corev1.Pod) (stale bool) {
	if _, deleteWhenScaled := retentionOf(s.set); !deleteWhenScaled {
		return false
	}
	s.claimsOf(pod, func(_ *corev1.PersistentVolumeClaim, _ string, claim *corev1.PersistentVolumeClaim) {
		stale = stale || claim != nil && staleOwner(claim, pod, podKind)
	})
	return stale
}

// claimsMatchRetention says whether the owners of the Pod's claims are what the retention policy asks for.
func (s *setSync) claimsMatchRetention(pod *corev1.Pod) bool {
	match := true
	s.claimsOf(pod, func(_ *corev1.PersistentVolumeClaim, _ string, claim *corev1.PersistentVolumeClaim) {
		match = match && (claim == nil || claimOwnersRight(claim, s.set, pod))
	})
	return match
}

// retainClaims are the writes that give the Pod's claims the owners that the retention policy asks for. When that fails, what failure gives is
// recorded, if it is not nil (upstream: UpdatePodClaimForRetentionPolicy).
func (s *setSync) retainClaims(pod *corev1.Pod, failure func() []Event) (writes []Write) {
	s.claimsOf(pod, func(_ *corev1.PersistentVolumeClaim, name string, claim *corev1.PersistentVolumeClaim) {
		if claim == nil {
			return
		}
		if foreignController(claim, s.set, pod) {
			warning := s.event(corev1.EventTypeWarning, "ConflictingController", fmt.Sprintf(
				"PersistentVolumeClaim %s has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim", name))
			writes = append(writes, Write{Group: []Write{}, Success: &warning})
		}
		if claimOwnersRight(claim, s.set, pod) {
			return
		}
		failures := failure
		if failure != nil {
			failures = func() []Event {
				events := failure()
				for i := range events {
					events[i].Message = strings.ReplaceAll(events[i].Message, "{error}", "could not update claim "+name+" for delete policy ownerRefs: {error}")
				}
				return events
			}
		}
		owned := func() *corev1.PersistentVolumeClaim {
			changed := claim.DeepCopy()
			setClaimOwners(changed, s.set, pod)
			return changed
		}
		write := Write{Verb: Update, Failure: failures}
		if claim.UID == "" { // planned only: until it is created it lacks what the API adds
			write.After = func(error) api.Object { return owned() }
		} else {
			write.Object = owned()
		}
		writes = append(writes, write)
		s.expect(afterWrite(owned()))
	})
	return writes
}

// wantedOwners are the owners that the retention policy asks for: of a Pod that stays the set, of a condemned one the Pod.
func wantedOwners(set *appsv1.StatefulSet, pod *corev1.Pod) (bySet, byPod bool) {
	deleteWithSet, deleteWhenScaled := retentionOf(set)
	condemned := !inRange(set, pod)
	return deleteWithSet && !(deleteWhenScaled && condemned), deleteWhenScaled && condemned
}

// claimOwnersRight is upstream's isClaimOwnerUpToDate. A claim with owners of an earlier set or Pod of the same name is left alone.
func claimOwnersRight(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	if staleOwner(claim, set, statefulSetKind) || staleOwner(claim, pod, podKind) {
		return true
	}
	ownedBySet, ownedByPod := ownedBy(claim, set), ownedBy(claim, pod)
	if foreignController(claim, set, pod) {
		return !ownedBySet && !ownedByPod
	}
	for _, reference := range claim.OwnerReferences {
		if (reference.UID == set.UID || reference.UID == pod.UID) && (reference.Controller == nil || !*reference.Controller) {
			return false
		}
	}
	bySet, byPod := wantedOwners(set, pod)
	return bySet == ownedBySet && byPod == ownedByPod
}

func setClaimOwners(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet, pod *corev1.Pod) {
	foreign := foreignController(claim, set, pod)
	owners := slices.DeleteFunc(slices.Clone(claim.OwnerReferences), func(reference metav1.OwnerReference) bool {
		return refersTo(reference, set, statefulSetKind) || refersTo(reference, pod, podKind)
	})
	if bySet, byPod := wantedOwners(set, pod); !foreign {
		if bySet {
			owners = append(owners, *metav1.NewControllerRef(set, statefulSetKind))
		}
		if byPod {
			owners = append(owners, *metav1.NewControllerRef(pod, podKind))
		}
	}
	claim.OwnerReferences = owners
}

// foreignController says whether somebody else controls a claim that has a retention policy. An earlier set or Pod of
// the same name is somebody else.
func foreignController(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	if deleteWithSet, deleteWhenScaled := retentionOf(set); !deleteWithSet && !deleteWhenScaled {
		return false
	}
	for _, reference := range claim.OwnerReferences {
		switch {
		case refersTo(reference, set, statefulSetKind):
			if reference.UID != set.UID {
				return true
			}
		case refersTo(reference, pod, podKind):
			if reference.UID != pod.UID {
				return true
			}
		case reference.Controller != nil && *reference.Controller:
			return true
		}
	}
	return false
}

// staleOwner says whether the claim's reference by that name means an object that is no more.
func staleOwner(claim *corev1.PersistentVolumeClaim, owner metav1.Object, kind schema.GroupVersionKind) bool {
	for _, reference := range claim.OwnerReferences {
		if refersTo(reference, owner, kind) {
			return reference.UID != owner.GetUID()
		}
	}
	return false
}

func refersTo(reference metav1.OwnerReference, owner metav1.Object, kind schema.GroupVersionKind) bool {
	return reference.APIVersion == kind.GroupVersion().String() && reference.Kind == kind.Kind && reference.Name == owner.GetName()
}

func ownedBy(claim *corev1.PersistentVolumeClaim, owner metav1.Object) bool {
	return slices.ContainsFunc(claim.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == owner.GetUID() })
}
