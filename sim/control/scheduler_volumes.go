package control

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// volumeNeeds is what a Pod's claims mean for the choice of its node.
type volumeNeeds struct {
	none     bool                            // it has no claims, or they leave the choice free
	bound    []*corev1.PersistentVolume      // that not every node reaches
	missing  bool                            // a claim is bound to a volume that does not exist
	delayed  []*corev1.PersistentVolumeClaim // still to be bound, to a volume that suits the node; the smallest first
	conflict string                          // why no node is possible just now
	once     []Key                           // claims that only one Pod may use
}

// volumeChoices are the decisions about volumes made earlier in a pass.
type volumeChoices struct {
	taken    map[string]bool                       // volumes by name
	reserved map[Key]*corev1.PersistentVolume      // the volume chosen for a claim
	selected map[Key]string                        // the node for which a claim's volume is to be made
	once     map[Key]bool                          // claims with ReadWriteOncePod that got their Pod
	byClass  map[string][]*corev1.PersistentVolume // volumes that are free or reserved, listed when first asked for
}

func (v *volumeChoices) init() {
	v.taken, v.reserved, v.selected, v.once = map[string]bool{}, map[Key]*corev1.PersistentVolume{}, map[Key]string{}, map[Key]bool{}
}

// volumeNeeds looks at a Pod's claims (upstream: plugins/volumerestrictions and plugins/volumebinding, PreFilter).
func (s *scheduling) volumeNeeds(pod *corev1.Pod) (n volumeNeeds, problem string) {
	if !usesClaims(pod) {
		return volumeNeeds{none: true}, ""
	}
	var claims []*corev1.PersistentVolumeClaim
	claimsOfPod(pod, func(name string, ephemeral bool) {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](s.View, pod.Namespace, name)
		if found {
			claims = append(claims, claim)
		}
		if problem == "" {
			problem = claimProblem(pod, name, claim, found, ephemeral)
		}
	})
	if problem != "" {
		return n, problem
	}
	for _, claim := range claims {
		switch class := classOfClaim(s.View, claim); {
		case claim.Spec.VolumeName != "" && bindingCompleted(claim):
			volume, found := store.Get[*corev1.PersistentVolume](s.View, "", claim.Spec.VolumeName)
			n.missing = n.missing || !found
			if found && volume.Spec.NodeAffinity != nil {
				n.bound = append(n.bound, volume)
			}
		case claim.Spec.VolumeName == "" && storage.WaitsForFirstConsumer(class):
			n.delayed = append(n.delayed, claim)
		case !s.Settings.Release.AtLeast(10):
			// Before 1.10 the scheduler looked at claims only for the zones of their volumes: the kubelet waited for them.
		default:
			return n, "pod has unbound immediate PersistentVolumeClaims"
		}
	}
	slices.SortStableFunc(n.delayed, func(a, b *corev1.PersistentVolumeClaim) int {
		return a.Spec.Resources.Requests.Storage().Cmp(*b.Spec.Resources.Requests.Storage())
	})
	s.checkOnce(&n, pod, claims)
	n.none = len(n.bound) == 0 && len(n.delayed) == 0 && !n.missing
	return n, ""
}

// claimProblem says, in upstream's words, why a claim keeps its Pod from every node.
func claimProblem(pod *corev1.Pod, name string, claim *corev1.PersistentVolumeClaim, found, ephemeral bool) string {
	switch {
	case !found && ephemeral:
		return fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", name)
	case !found:
		return fmt.Sprintf("persistentvolumeclaim %q not found", name)
	case claim.Status.Phase == corev1.ClaimLost:
		return fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", name, claim.Spec.VolumeName)
	case claim.DeletionTimestamp != nil:
		return fmt.Sprintf("persistentvolumeclaim %q is being deleted", name)
	case ephemeral && !metav1.IsControlledBy(claim, pod):
		return fmt.Sprintf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, claim.Name, pod.Namespace, pod.Name)
	}
	return ""
}

// checkOnce looks for another Pod that has a claim which only one may have.
func (s *scheduling) checkOnce(n *volumeNeeds, pod *corev1.Pod, claims []*corev1.PersistentVolumeClaim) {
	byName := map[string]*corev1.PersistentVolumeClaim{}
	for _, claim := range claims {
		if slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteOncePod) {
			byName[claim.Name] = claim
			n.once = append(n.once, keyOf(claim))
		}
	}
	if len(n.once) == 0 {
		return
	}
	others := slices.Collect(store.List[*corev1.Pod](s.View, pod.Namespace))
	if n.conflict = storage.OncePodConflict(pod, byName, others); n.conflict == "" && slices.ContainsFunc(n.once, func(key Key) bool { return s.volumes.once[key] }) {
		n.conflict = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
	}
}

func keyOf(claim *corev1.PersistentVolumeClaim) Key {
	return Key{Namespace: claim.Namespace, Name: claim.Name}
}

// volumesReachable lists why the Pod's volumes are not to be had on a node (upstream: plugins/volumebinding/binder.go FindPodVolumes).
func (s *scheduling) volumesReachable(n *needs, info *nodeInfo) (reasons []string) {
	for _, volume := range n.volumes.bound {
		if !storage.ReachableFrom(volume, info.node) {
			reasons = append(reasons, "node(s) didn't match PersistentVolume's node affinity")
			break
		}
	}
	if len(n.volumes.delayed) > 0 {
		if _, ok := s.match(n, info.node); !ok {
			reasons = append(reasons, "node(s) didn't find available persistent volumes to bind")
		}
	}
	if n.volumes.missing {
		reasons = append(reasons, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")
	}
	return reasons
}

// match finds a volume on the node for every claim that is still to be bound: the volume of that place in the list, or nil for one that is to be
// made. ok is false when one of the claims can have neither.
func (s *scheduling) match(n *needs, node *corev1.Node) (volumes []*corev1.PersistentVolume, ok bool) {
	taken := s.volumes.taken
	volumes = make([]*corev1.PersistentVolume, len(n.volumes.delayed))
	for i, claim := range n.volumes.delayed {
		selected := storage.SelectedNode(claim)
		if selected == "" {
			selected = s.volumes.selected[keyOf(claim)]
		}
		if selected != "" {
			if selected != node.Name {
				return nil, false
			}
			continue
		}
		if reserved := s.volumes.reserved[keyOf(claim)]; reserved != nil {
			if !storage.ReachableFrom(reserved, node) {
				return nil, false
			}
			volumes[i] = reserved
			continue
		}
		class := classOfClaim(s.View, claim)
		if volumes[i] = storage.MatchOnNode(claim, s.volumesOfClass(class.Name), node, taken); volumes[i] == nil {
			if !canProvision(class, node) {
				return nil, false
			}
			continue
		}
		if len(n.volumes.delayed) > 1 {
			taken = with(taken, volumes[i].Name)
		}
	}
	return volumes, true
}

func with(taken map[string]bool, name string) map[string]bool {
	more := map[string]bool{name: true}
	for other := range taken {
		more[other] = true
	}
	return more
}

func canProvision(class *storagev1.StorageClass, node *corev1.Node) bool {
	return class.Provisioner != "" && class.Provisioner != storage.NoProvisioner && storage.TopologyAdmits(class, node)
}

// volumesOfClass are the volumes of a class that no claim is bound to yet.
func (s *scheduling) volumesOfClass(class string) []*corev1.PersistentVolume {
	if s.volumes.byClass == nil {
		s.volumes.byClass = map[string][]*corev1.PersistentVolume{}
		for volume := range store.List[*corev1.PersistentVolume](s.View, "") {
			if volume.Spec.ClaimRef == nil || volume.Status.Phase == corev1.VolumeAvailable {
				name := storage.ClassOfVolume(volume)
				s.volumes.byClass[name] = append(s.volumes.byClass[name], volume)
			}
		}
	}
	return s.volumes.byClass[class]
}

// chooseVolumes makes the decisions about volumes that go with the node, and says whether all are bound. As long as one is not, the Pod keeps its
// place on the node, and waits (upstream: binder.go AssumePodVolumes, BindPodVolumes).
func (s *scheduling) chooseVolumes(n *needs, info *nodeInfo) (bound bool) {
	for _, key := range n.volumes.once {
		s.volumes.once[key] = true
	}
	if len(n.volumes.delayed) == 0 {
		return true
	}
	volumes, _ := s.match(n, info.node)
	for i, claim := range n.volumes.delayed {
		volume := volumes[i]
		switch {
		case volume != nil && s.volumes.reserved[keyOf(claim)] != nil:
		case volume != nil:
			s.volumes.taken[volume.Name] = true
			s.volumes.reserved[keyOf(claim)] = volume
			if volume.Spec.ClaimRef == nil || volume.Spec.ClaimRef.UID != claim.UID {
				s.write(Write{Verb: Update, Object: storage.Reserve(volume, claim)})
			}
		case storage.SelectedNode(claim) == "" && s.volumes.selected[keyOf(claim)] == "":
			s.volumes.selected[keyOf(claim)] = info.node.Name
			s.write(Write{Verb: Update, Object: annotated(claim, map[string]string{storage.AnnotationSelectedNode: info.node.Name})})
		}
	}
	return false
}
