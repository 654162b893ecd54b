package sim

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// claimsOfOrdinal looks at the Pods that the StatefulSet controller created.
func claimsOfOrdinal(e *evidence) string {
	for pod, set := range e.born() {
		for i := range set.Spec.VolumeClaimTemplates {
			template := &set.Spec.VolumeClaimTemplates[i]
			want := claimNamed(set, template, ordinalOf(set, pod))
			if mounted := claimMounted(pod, template.Name); mounted != want {
				return fmt.Sprintf("volume %s of %s is claim %q and not %s", template.Name, api.NameOf(pod), mounted, want)
			}
			if _, found := store.Get[*corev1.PersistentVolumeClaim](e.view, pod.Namespace, want); !found {
				return fmt.Sprintf("%s was created before its claim %s", api.NameOf(pod), want)
			}
		}
	}
	return ""
}

func claimMounted(pod *corev1.Pod, volume string) string {
	for i := range pod.Spec.Volumes {
		if source := &pod.Spec.Volumes[i]; source.Name == volume && source.PersistentVolumeClaim != nil {
			return source.PersistentVolumeClaim.ClaimName
		}
	}
	return ""
}

// claimsRetained looks at the claims that a loop deleted: with the retention policy Retain they have no owner that could take them with it. Who
// deletes a namespace deletes what is in it.
func claimsRetained(e *evidence) string {
	if !e.byLoop() || e.record.Who == "namespace" {
		return ""
	}
	for _, claim := range e.claims {
		if e.record.Who == control.GracefulScaledown && !wantsClaim(e.before, claim.old) {
			continue // that is what it is there for
		}
		if wasDeleted(claim) && len(claim.old.OwnerReferences) == 0 {
			return fmt.Sprintf("%s deleted claim %s", e.record.Who, api.NameOf(claim.old))
		}
	}
	return ""
}

// wantsClaim says whether a StatefulSet wants a Pod of the claim's ordinal.
func wantsClaim(view store.View, claim *corev1.PersistentVolumeClaim) bool {
	for set := range store.List[*appsv1.StatefulSet](view, claim.Namespace) {
		for i := range set.Spec.VolumeClaimTemplates {
			if set.DeletionTimestamp == nil && strings.HasPrefix(claim.Name, set.Spec.VolumeClaimTemplates[i].Name+"-"+set.Name+"-") {
				first := 0
				if set.Spec.Ordinals != nil {
					first = int(set.Spec.Ordinals.Start)
				}
				ordinal, err := strconv.Atoi(claim.Name[strings.LastIndexByte(claim.Name, '-')+1:])
				return err == nil && ordinal >= first && ordinal < first+int(ptr.Deref(set.Spec.Replicas, 1))
			}
		}
	}
	return false
}

// claimOwners looks at the claims that the StatefulSet controller wrote.
func claimOwners(e *evidence) string {
	if !e.bySet() {
		return ""
	}
	key := parseKey(e.record.Key)
	set, found := store.Get[*appsv1.StatefulSet](e.before, key.Namespace, key.Name)
	if !found {
		return ""
	}
	withSet, whenScaled := false, false
	if policy := set.Spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		withSet = policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		whenScaled = policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	for _, claim := range e.claims {
		if claim.new == nil {
			continue
		}
		for _, owner := range claim.new.OwnerReferences {
			switch {
			case owner.UID == set.UID && !withSet:
				return fmt.Sprintf("claim %s is owned by StatefulSet %s, whose policy whenDeleted is Retain", api.NameOf(claim.new), set.Name)
			case owner.Kind == "Pod" && !whenScaled && ownsPod(e.view, set, owner):
				return fmt.Sprintf("claim %s is owned by Pod %s, and the policy whenScaled is Retain", api.NameOf(claim.new), owner.Name)
			}
		}
	}
	return ""
}

func ownsPod(view store.View, set *appsv1.StatefulSet, owner metav1.OwnerReference) bool {
	pod, found := store.Get[*corev1.Pod](view, set.Namespace, owner.Name)
	if !found || pod.UID != owner.UID {
		return false
	}
	controller, found := setOf(view, pod)
	return found && controller.UID == set.UID
}

// claimKeepsVolume looks at all changes of claims.
func claimKeepsVolume(e *evidence) string {
	for _, claim := range e.claims {
		if claim.old == nil || claim.new == nil {
			continue
		}
		if was, is := claim.old.Spec.VolumeName, claim.new.Spec.VolumeName; was != "" && is != was {
			return fmt.Sprintf("claim %s changed its volume from %s to %q", api.NameOf(claim.new), was, is)
		}
		if was, is := claim.old.Spec.StorageClassName, claim.new.Spec.StorageClassName; was != nil && (is == nil || *is != *was) {
			return fmt.Sprintf("claim %s lost its class %q", api.NameOf(claim.new), *was)
		}
	}
	return ""
}

// dataSurvives compares file trees. While a container runs its programs may write what they like; for the rest of the time nothing may get lost:
// from the end of one Pod to the start of the next, through restarts, power failures and moves to other nodes.
func dataSurvives(e *evidence) string {
	for _, change := range e.record.Rows {
		old, ok := change.Old.(*container.Volume)
		if !ok || !strings.HasPrefix(old.Key, "pv/") || e.used(old.Key) {
			continue
		}
		fresh, kept := change.New.(*container.Volume)
		if !kept {
			name := strings.TrimPrefix(old.Key, "pv/")
			volume, found := store.Get[*corev1.PersistentVolume](e.view, "", name)
			if found && volume.Status.Phase == corev1.VolumeBound && volume.DeletionTimestamp == nil {
				return fmt.Sprintf("the files of volume %s, which is bound, are gone", name)
			}
			continue
		}
		if lost := lostFile(old.Tree, fresh.Tree); lost != "" {
			return fmt.Sprintf("%s of volume %s changed while no container mounted it", lost, strings.TrimPrefix(old.Key, "pv/"))
		}
	}
	return ""
}

// used says whether a container mounts the volume, or did until this event.
func (e *evidence) used(volume string) bool {
	if len(keys(e.running.volumes, volume)) > 0 {
		return true
	}
	for _, change := range e.record.Rows {
		if run, ok := change.Old.(*container.Container); ok && run.State == container.Running {
			for _, mounted := range mountedBy(run) {
				if mounted == volume {
					return true
				}
			}
		}
	}
	return false
}

// lostFile is the first file of a tree that is not in the other one, or is there with other content.
func lostFile(before, after storage.Tree) string {
	if before.Same(after) {
		return ""
	}
	for name, info := range before.All() {
		if !info.Mode.IsRegular() {
			continue
		}
		old, _ := before.Content(name)
		if fresh, found := after.Content(name); !found || fresh != old {
			return name
		}
	}
	return ""
}

// volumesRetained looks at the PersistentVolumes that a loop deleted.
func volumesRetained(e *evidence) string {
	if !e.byLoop() {
		return ""
	}
	for _, change := range e.record.Changes {
		volume, ok := change.Old.(*corev1.PersistentVolume)
		if ok && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain && wasDeleted(changeOf[*corev1.PersistentVolume](change)) {
			return fmt.Sprintf("%s deleted volume %s", e.record.Who, volume.Name)
		}
	}
	return ""
}

// wasDeleted says whether the change is the first that tells of the object's end.
func wasDeleted[T api.Object](change changed[T]) bool {
	return !isNil(change.old) && change.old.GetDeletionTimestamp() == nil && (isNil(change.new) || change.new.GetDeletionTimestamp() != nil)
}

func isNil[T api.Object](object T) bool {
	var none T
	return any(object) == any(none)
}

// oneNodePerVolume looks at the containers that the event started. A ghost is told apart; two containers of one identity are the matter of
// another promise.
func oneNodePerVolume(e *evidence) string {
	for _, change := range e.record.Rows {
		run, started := starts(change)
		if !started {
			continue
		}
		for _, key := range mountedBy(run) {
			if len(keys(e.running.volumes, key)) <= 1 || !e.oneNodeOnly(key) {
				continue
			}
			for _, other := range keys(e.running.volumes, key) {
				elsewhere, _ := store.GetRow[*container.Container](e.view, container.Containers, other)
				if elsewhere.Node == run.Node || e.identityOf(other) == e.identityOf(run.RowKey()) {
					continue
				}
				found := fmt.Sprintf("volume %s is used on %s and on %s", strings.TrimPrefix(key, "pv/"), elsewhere.Node, run.Node)
				if ghost, is := asGhost(e.view, elsewhere); is {
					found += fmt.Sprintf(", there by a ghost (%s)", ghost.Why())
				}
				return found
			}
		}
	}
	return ""
}

// oneNodeOnly says whether no access mode of a volume lets several nodes use it.
func (e *evidence) oneNodeOnly(key string) bool {
	volume, found := store.Get[*corev1.PersistentVolume](e.view, "", strings.TrimPrefix(key, "pv/"))
	if !found || !strings.HasPrefix(key, "pv/") {
		return false
	}
	for _, mode := range volume.Spec.AccessModes {
		if mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany {
			return false
		}
	}
	return true
}
