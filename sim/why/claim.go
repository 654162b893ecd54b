package why

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

const volumeController = "pkg/controller/volume/persistentvolume/pv_controller.go"

// claim follows a claim to its volume.
func (a *asker) claim(claim *corev1.PersistentVolumeClaim) {
	switch {
	case claim.DeletionTimestamp != nil:
		a.deletedClaim(claim)
	case claim.Status.Phase == corev1.ClaimLost:
		a.say(fmt.Sprintf("%s has lost its volume %s: what was in it is gone", of(claim), claim.Spec.VolumeName), of(claim),
			told(a.event(claim, "ClaimLost"), "", volumeController), a.kubectl(claim.Namespace, "delete pvc %s", claim.Name))
	case claim.Status.Phase == corev1.ClaimBound:
		a.growing(claim)
		a.madeVolume(claim)
	case claim.Spec.VolumeName != "":
		a.wantsVolume(claim)
	default:
		a.unbound(claim)
	}
	for _, owner := range claim.OwnerReferences {
		if owner.Kind == "Pod" && a.stale(claim, owner.Name) {
			a.say(fmt.Sprintf("%s belongs to an earlier Pod %s, and goes with it: a new Pod of the name may not use it", of(claim), owner.Name), of(claim),
				"PodClaimIsStale ("+podControl+"), which tells nobody", a.kubectl(claim.Namespace, "delete pvc %s", claim.Name))
		}
	}
}

// deletedClaim is about a claim that is kept while Pods use it.
func (a *asker) deletedClaim(claim *corev1.PersistentVolumeClaim) {
	for pod := range store.UsingClaim(a.view, claim.Namespace, claim.Name) {
		if pod.Spec.NodeName == "" || !slices.Contains(claim.Finalizers, storage.FinalizerClaimProtection) {
			continue
		}
		a.say(fmt.Sprintf("%s is being deleted and is kept while Pod %s uses it", of(claim), pod.Name), of(pod),
			"finalizer "+storage.FinalizerClaimProtection+" (pkg/controller/volume/pvcprotection/pvc_protection_controller.go)", a.kubectl(claim.Namespace, "delete pod %s", pod.Name))
		return
	}
	a.finalizers(claim, claim.Finalizers)
}

// wantsVolume is about a claim that names a volume, and does not get it.
func (a *asker) wantsVolume(claim *corev1.PersistentVolumeClaim) {
	volume, found := store.Get[*corev1.PersistentVolume](a.view, "", claim.Spec.VolumeName)
	holds := "PersistentVolume " + claim.Spec.VolumeName
	event := a.event(claim, "FailedBinding", "VolumeMismatch")
	switch {
	case !found:
		a.say(fmt.Sprintf("%s asks for the volume %s, which does not exist", of(claim), claim.Spec.VolumeName), holds, told(event, "", volumeController), a.kubectl("", "get pv"))
	case volume.Spec.ClaimRef != nil && !storage.IsBoundTo(volume, claim):
		other := volume.Spec.ClaimRef
		a.say(fmt.Sprintf("%s asks for the volume %s, which is bound to the claim %s/%s", of(claim), volume.Name, other.Namespace, other.Name), holds,
			told(event, fmt.Sprintf("volume %q already bound to a different claim.", volume.Name), volumeController), a.again(claim))
	case storage.Obstacle(volume, claim) != "":
		a.say(fmt.Sprintf("%s asks for the volume %s, which does not do: %s", of(claim), volume.Name, storage.Obstacle(volume, claim)), holds, told(event, "", volumeController), a.again(claim))
	default:
		a.say(fmt.Sprintf("%s is about to be bound to the volume %s", of(claim), volume.Name), "", "", "")
	}
}

// again makes the claim anew: the name of its volume is immutable.
func (a *asker) again(claim *corev1.PersistentVolumeClaim) string {
	return a.kubectl(claim.Namespace, "delete pvc %s", claim.Name) + ", then apply it with the name of a volume that is free, or without one"
}

// unbound is about a claim that takes what there is, or has a volume made for it.
func (a *asker) unbound(claim *corev1.PersistentVolumeClaim) {
	name := storage.ClassOf(claim)
	class, found := store.Get[*storagev1.StorageClass](a.view, "", name)
	event := a.event(claim, "ProvisioningFailed", "FailedBinding", "WaitForFirstConsumer", "WaitForPodScheduled", "ExternalProvisioning", "VolumeMismatch")
	switch {
	case name == "" && storage.NamesClass(claim):
		a.say(fmt.Sprintf("%s asks for a volume without a class (storageClassName: \"\"), and there is none that fits: nobody makes one", of(claim)), of(claim),
			told(event, "", volumeController), "create a PersistentVolume without a class that fits the claim")
	case name == "":
		a.say(fmt.Sprintf("%s names no class, no StorageClass is the default one, and no volume fits", of(claim)), of(claim), told(event, "", volumeController),
			a.kubectl("", `patch storageclass CLASS -p '{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}'`))
	case !found:
		a.say(fmt.Sprintf("StorageClass %s of %s does not exist, and no volume of that class fits", name, of(claim)), "StorageClass "+name, told(event, "", volumeController),
			a.kubectl("", "get storageclass"))
	case class.Provisioner == storage.NoProvisioner && a.consumed(claim):
		a.say(fmt.Sprintf("StorageClass %s makes no volumes, and no volume that there is does for %s%s", name, of(claim), a.obstacles(claim, name)), of(claim),
			told(event, "", volumeController), "create a PersistentVolume with storageClassName: "+name+" that fits the claim")
	case storage.WaitsForFirstConsumer(class) && storage.SelectedNode(claim) == "" && a.consumed(claim):
		a.say(fmt.Sprintf("%s gets a volume when the Pod that uses it gets a node (volumeBindingMode: WaitForFirstConsumer)", of(claim)), "", told(event, "", volumeController), "")
		for pod := range store.UsingClaim(a.view, claim.Namespace, claim.Name) {
			a.object(pod)
		}
	case storage.WaitsForFirstConsumer(class) && storage.SelectedNode(claim) == "":
		a.say(fmt.Sprintf("%s gets a volume when a Pod that uses it gets a node (volumeBindingMode: WaitForFirstConsumer)", of(claim)), of(claim), told(event, "", volumeController),
			"create a Pod that uses the claim")
	case event != nil && (event.Reason == "ProvisioningFailed" || event.Reason == "ExternalProvisioning"):
		a.say(fmt.Sprintf("the provisioner %s of StorageClass %s has made no volume for %s", class.Provisioner, name, of(claim)), "StorageClass "+name, told(event, "", volumeController),
			a.kubectl("", "describe storageclass %s", name))
	default:
		a.say(fmt.Sprintf("a volume for %s is being made by %s", of(claim), class.Provisioner), "", told(event, "", volumeController), "")
	}
}

// consumed says whether there is a Pod that wants a claim.
func (a *asker) consumed(claim *corev1.PersistentVolumeClaim) bool {
	for range store.UsingClaim(a.view, claim.Namespace, claim.Name) {
		return true
	}
	return false
}

// obstacles says of each volume of a class why it does not do for a claim.
func (a *asker) obstacles(claim *corev1.PersistentVolumeClaim, class string) string {
	var found []string
	for volume := range store.List[*corev1.PersistentVolume](a.view, "") {
		if volume.Spec.StorageClassName != class {
			continue
		}
		obstacle := storage.Obstacle(volume, claim)
		if obstacle == "" {
			obstacle = "it does, but not on a node that the Pod can go to"
		}
		found = append(found, volume.Name+": "+obstacle)
	}
	if len(found) == 0 {
		return ""
	}
	return " (" + list(found) + ")"
}

// growing is about a claim that asks for more than it has.
func (a *asker) growing(claim *corev1.PersistentVolumeClaim) {
	wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	if wanted.Cmp(has) <= 0 {
		return
	}
	for i := range claim.Status.Conditions {
		if condition := &claim.Status.Conditions[i]; condition.Type == corev1.PersistentVolumeClaimFileSystemResizePending {
			a.say(fmt.Sprintf("the volume of %s has %s, and the file system on it grows when a Pod mounts it", of(claim), wanted.String()), of(claim),
				fmt.Sprintf("condition %s %q (%s)", condition.Type, condition.Message, "pkg/kubelet/volumemanager/reconciler"), "create a Pod that uses the claim")
			return
		}
	}
	a.say(fmt.Sprintf("%s has %s and asks for %s: its volume is being made larger, if its provisioner can", of(claim), has.String(), wanted.String()), "",
		told(a.event(claim, "Resizing", "ExternalExpanding"), "", "pkg/controller/volume/expand/expand_controller.go"), "")
}
