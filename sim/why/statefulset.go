package why

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Where upstream keeps the StatefulSet controller.
const (
	setControl = "pkg/controller/statefulset/stateful_set_control.go"
	podControl = "pkg/controller/statefulset/stateful_pod_control.go"
)

// labelLength is how long the value of a label may be, and hashLength how long the hash in the name of a revision becomes.
const (
	labelLength = 63
	hashLength  = 10
)

// statefulSet follows the controller: the Pods it wants in order, those it does not want any more, the rollout. What does not hold Pods but
// makes the set useless, such as a Service that is not there, comes last.
func (a *asker) statefulSet(set *appsv1.StatefulSet) {
	if set.DeletionTimestamp != nil {
		a.say(fmt.Sprintf("%s is being deleted, and its controller does nothing for it any more", of(set)), of(set), "", "")
		a.finalizers(set, set.Finalizers)
		return
	}
	if a.nameTooLong(set) {
		return
	}
	if held := a.wanted(set); !held {
		if held = a.condemned(set); !held {
			a.rollout(set)
		}
		if !held && replicas(set) == 0 {
			a.say(fmt.Sprintf("%s wants no Pods: spec.replicas is 0", of(set)), "", "", "")
		}
	}
	a.doomedClaims(set)
	a.governingService(set)
	a.doomed(set)
}

// doomedClaims is about claims that are deleted and go with the Pods that use them, although the Pods are fine.
func (a *asker) doomedClaims(set *appsv1.StatefulSet) {
	for ordinal := first(set); ordinal < first(set)+replicas(set); ordinal++ {
		for i := range set.Spec.VolumeClaimTemplates {
			claim, found := store.Get[*corev1.PersistentVolumeClaim](a.view, set.Namespace, set.Spec.VolumeClaimTemplates[i].Name+"-"+podName(set, ordinal))
			if found && claim.DeletionTimestamp != nil {
				a.object(claim)
			}
		}
	}
}

// nameTooLong is about a set whose Pods cannot carry the label with the name of their revision.
func (a *asker) nameTooLong(set *appsv1.StatefulSet) bool {
	revision := set.Status.UpdateRevision
	if len(revision) <= labelLength {
		return false
	}
	a.say(fmt.Sprintf("the name of StatefulSet %s has %d characters: with the hash its revision %s has %d, and the label %s may have %d",
		set.Name, len(set.Name), revision, len(revision), appsv1.StatefulSetRevisionLabel, labelLength),
		of(set), told(a.event(set, "FailedCreate"), "", podControl),
		fmt.Sprintf("make it anew with a name of at most %d characters: %s", labelLength-1-hashLength, a.kubectl(set.Namespace, "delete statefulset %s", set.Name)))
	return true
}

// wanted goes through the ordinals as the controller does, and stops where it stops.
func (a *asker) wanted(set *appsv1.StatefulSet) (held bool) {
	for ordinal := first(set); ordinal < first(set)+replicas(set); ordinal++ {
		pod, found := a.podOf(set, ordinal)
		stops := true
		switch {
		case !found:
			a.missing(set, ordinal)
		case !metav1.IsControlledBy(pod, set):
			a.foreign(set, pod)
		case ended(pod):
			a.say(fmt.Sprintf("%s has ended (%s), and is replaced when it is gone", of(pod), pod.Status.Phase), of(pod),
				told(a.event(set, "SuccessfulDelete"), "", setControl), "")
			a.object(pod)
		case pod.DeletionTimestamp != nil:
			a.waits(set, pod, "to be gone", "StatefulSet is waiting for Pod to Terminate", "")
			a.object(pod)
		case !runningAndReady(pod):
			a.waits(set, pod, "to be Running and Ready", "StatefulSet is waiting for Pod to be Running and Ready", a.kubectl(set.Namespace, "describe pod %s", pod.Name))
			a.broken(set, pod)
			a.object(pod)
		case !a.available(set, pod):
			a.minReady(set, pod)
		default:
			stops = false
		}
		held = held || stops
		if stops && ordered(set) {
			return true
		}
	}
	return held
}

// waits is about a Pod on which those after it depend, or, with Parallel, that is not there yet.
func (a *asker) waits(set *appsv1.StatefulSet, pod *corev1.Pod, what, log, command string) {
	rule := fmt.Sprintf("%s waits for Pod %s %s", of(set), pod.Name, what)
	if !ordered(set) {
		a.say(rule+"; with Parallel the others go on", of(pod), "", command)
		return
	}
	if after := ordinalOf(set, pod.Name) + 1; after < first(set)+replicas(set) {
		rule += " before it goes on to " + podName(set, after)
	} else if unwanted := a.unwanted(set); len(unwanted) > 0 {
		rule += " before it deletes " + unwanted[0].Name
	}
	a.say(rule, of(pod), logged(log, setControl), command)
}

// broken is about a Pod that stops a rollout and was not made from the template as it is now: mending the template does not reach it.
func (a *asker) broken(set *appsv1.StatefulSet, pod *corev1.Pod) {
	update := a.updateRevision(set)
	if !ordered(set) || revisionOf(pod) == update || update == "" {
		return
	}
	a.say(fmt.Sprintf("Pod %s is at revision %s and the template at %s: a Pod that does not become Ready is not replaced, a template that was mended does not reach it",
		pod.Name, revisionOf(pod), update), of(pod), logged("StatefulSet is waiting for Pod to be Running and Ready", setControl)+"; known as kubernetes#67250",
		a.kubectl(set.Namespace, "delete pod %s", pod.Name))
}

// minReady is about a Pod that is Ready, and not yet for long enough. Only time helps.
func (a *asker) minReady(set *appsv1.StatefulSet, pod *corev1.Pod) {
	left := readySince(pod).Add(time.Duration(set.Spec.MinReadySeconds) * time.Second).Sub(a.now())
	a.say(fmt.Sprintf("Pod %s is Ready and counts as available after minReadySeconds (%d s), in %s", pod.Name, set.Spec.MinReadySeconds, left.Round(time.Second)),
		of(pod), logged("StatefulSet is waiting for Pod to be Available", setControl), "wait, or lower spec.minReadySeconds: "+
			a.kubectl(set.Namespace, `patch statefulset %s -p '{"spec":{"minReadySeconds":0}}'`, set.Name))
}

// missing is about a Pod that is to be created and is not.
func (a *asker) missing(set *appsv1.StatefulSet, ordinal int) {
	name := podName(set, ordinal)
	for i := range set.Spec.VolumeClaimTemplates {
		claim, found := store.Get[*corev1.PersistentVolumeClaim](a.view, set.Namespace, set.Spec.VolumeClaimTemplates[i].Name+"-"+name)
		switch {
		case found && claim.DeletionTimestamp != nil:
			a.say(fmt.Sprintf("Pod %s is not created while its claim %s is being deleted", name, claim.Name), of(claim),
				told(a.event(set, "FailedCreate"), fmt.Sprintf("event FailedCreate \"pvc %s is being deleted\"", claim.Name), podControl), "")
			a.object(claim)
			return
		case found && scaledAway(set) && a.stale(claim, name):
			a.say(fmt.Sprintf("Pod %s is not created while its claim %s belongs to an earlier Pod of the name: it goes with that Pod (whenScaled: Delete)", name, claim.Name),
				of(claim), "PodClaimIsStale ("+podControl+"), which tells nobody", a.kubectl(set.Namespace, "delete pvc %s", claim.Name))
			return
		}
	}
	if failed := a.event(set, "FailedCreate"); failed != nil && strings.Contains(failed.Message, name) {
		rule, holds, command := a.unmade(set, name, failed)
		a.say(rule, holds, told(failed, "", podControl), command)
		return
	}
	if _, pending := a.view.Pending("statefulset", set.Namespace+"/"+set.Name); !pending && scaledAway(set) {
		a.say(fmt.Sprintf("Pod %s is to be created, and nobody tells the controller: its claim, which had to go first (whenScaled: Delete), is gone, and the controller does not watch claims",
			name), of(set), "PodClaimIsStale ("+podControl+"); upstream's caches are gone through again after 12 to 24 hours",
			a.kubectl(set.Namespace, "annotate statefulset %s look-again=now", set.Name))
		return
	}
	a.say(fmt.Sprintf("Pod %s is about to be created", name), "", "", "")
}

// foreign is about a Pod of the right name that is somebody else's.
func (a *asker) foreign(set *appsv1.StatefulSet, pod *corev1.Pod) {
	rule := fmt.Sprintf("there is a Pod %s already, and it is not the StatefulSet's", pod.Name)
	switch owner := metav1.GetControllerOfNoCopy(pod); {
	case owner != nil:
		rule += fmt.Sprintf(": %s %s controls it", owner.Kind, owner.Name)
	case !a.selector(set).Matches(labels.Set(pod.Labels)):
		rule += ": its labels do not match the selector " + metav1.FormatLabelSelector(set.Spec.Selector)
	}
	a.say(rule, of(pod), told(a.event(set, "FailedCreate"), fmt.Sprintf("pods %q already exists", pod.Name), podControl), a.kubectl(pod.Namespace, "delete pod %s", pod.Name))
}

// condemned are the Pods whose ordinals the set does not want, the highest first.
func (a *asker) condemned(set *appsv1.StatefulSet) (held bool) {
	pods := a.unwanted(set)
	for _, pod := range pods {
		switch {
		case pod.DeletionTimestamp != nil:
			a.say(fmt.Sprintf("%s is scaled to %s and waits for Pod %s to be gone", of(set), ordinals(set), pod.Name), of(pod),
				logged("StatefulSet is waiting for Pod to Terminate prior to scale down", setControl), "")
		case ordered(set) && !runningAndReady(pod):
			a.say(fmt.Sprintf("%s is scaled to %s and waits for Pod %s to be Running and Ready before it deletes it", of(set), ordinals(set), pod.Name), of(pod),
				logged("StatefulSet is waiting for Pod to be Running and Ready prior to scale down", setControl), a.kubectl(set.Namespace, "delete pod %s", pod.Name))
		default:
			a.say(fmt.Sprintf("Pod %s is about to be deleted: %s is scaled to %s", pod.Name, of(set), ordinals(set)), "", "", "")
		}
		a.object(pod)
		if ordered(set) {
			return true
		}
	}
	return len(pods) > 0
}

// unwanted are a set's Pods whose ordinals it does not want, the highest first.
func (a *asker) unwanted(set *appsv1.StatefulSet) (pods []*corev1.Pod) {
	for pod := range store.Owned[*corev1.Pod](a.view, set.UID) {
		if ordinal := ordinalOf(set, pod.Name); ordinal >= 0 && (ordinal < first(set) || ordinal >= first(set)+replicas(set)) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(x, y *corev1.Pod) int { return ordinalOf(set, y.Name) - ordinalOf(set, x.Name) })
	return pods
}

// What a StatefulSet means by its fields.

func ordered(set *appsv1.StatefulSet) bool {
	return set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement
}

func first(set *appsv1.StatefulSet) int {
	if set.Spec.Ordinals == nil {
		return 0
	}
	return int(set.Spec.Ordinals.Start)
}

func replicas(set *appsv1.StatefulSet) int {
	if set.Spec.Replicas == nil {
		return 1
	}
	return int(*set.Spec.Replicas)
}

// ordinals prints which the set wants.
func ordinals(set *appsv1.StatefulSet) string {
	switch replicas(set) {
	case 0:
		return "no ordinals"
	case 1:
		return fmt.Sprintf("ordinal %d", first(set))
	}
	return fmt.Sprintf("ordinals %d to %d", first(set), first(set)+replicas(set)-1)
}

func podName(set *appsv1.StatefulSet, ordinal int) string {
	return set.Name + "-" + strconv.Itoa(ordinal)
}

// ordinalOf is -1 for a name that is none of the set's.
func ordinalOf(set *appsv1.StatefulSet, name string) int {
	number, cut := strings.CutPrefix(name, set.Name+"-")
	ordinal, err := strconv.ParseUint(number, 10, 31)
	if !cut || err != nil {
		return -1
	}
	return int(ordinal)
}

func (a *asker) podOf(set *appsv1.StatefulSet, ordinal int) (*corev1.Pod, bool) {
	return store.Get[*corev1.Pod](a.view, set.Namespace, podName(set, ordinal))
}

func (a *asker) selector(set *appsv1.StatefulSet) labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return labels.Nothing()
	}
	return selector
}

func scaledAway(set *appsv1.StatefulSet) bool {
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	return policy != nil && policy.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
}

// stale says whether a claim belongs to another Pod of that name than the one there is.
func (a *asker) stale(claim *corev1.PersistentVolumeClaim, name string) bool {
	pod, found := store.Get[*corev1.Pod](a.view, claim.Namespace, name)
	for _, owner := range claim.OwnerReferences {
		if owner.Kind == "Pod" && owner.Name == name && (!found || owner.UID != pod.UID) {
			return true
		}
	}
	return false
}

// updateRevision is the name of the newest revision, to which the set goes.
func (a *asker) updateRevision(set *appsv1.StatefulSet) string {
	var newest *appsv1.ControllerRevision
	for revision := range store.Owned[*appsv1.ControllerRevision](a.view, set.UID) {
		if newest == nil || api.CompareRevisions(newest, revision) < 0 {
			newest = revision
		}
	}
	if newest == nil {
		return ""
	}
	return newest.Name
}

func revisionOf(pod *corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }
