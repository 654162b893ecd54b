package control

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// GracefulScaledown is the name of the loop that drains the volumes of members that have been scaled away.
const GracefulScaledown = "graceful-scaledown"

// What the controller reads and writes.
const (
	scaledownTemplate  = "statefulsets.kubernetes.io/scaledown-pod-template" // of a StatefulSet: a Pod as JSON
	scaledownOwner     = "statefulsets.kubernetes.io/scaledown-pod-owner"    // of a cleanup Pod: the StatefulSet's name
	scaledownFinalizer = "statefulsets.kubernetes.io/scaledown"
	scaledownLabel     = "scaledown-pod"
	scaledownSource    = "statefulset-scaledown-controller"
	scaledownLatency   = 5 * time.Millisecond // the first delay of its rate-limited queue
)

// OptionalLoops are controllers that people add to a cluster. They run only when asked for.
func OptionalLoops() []Loop { return []Loop{gracefulScaledownLoop()} }

// gracefulScaledownLoop is Marko Luksa's controller (github.com/luksa/statefulset-scaledown-controller, never part of Kubernetes): for each claim
// whose ordinal the StatefulSet no longer wants it runs one more Pod of that name, made from an annotation, which moves the data away. When the Pod
// has succeeded, claim and Pod are deleted. It is as it was written, with the holes that its author marks in it: it neither watches claims nor asks
// again whether the ordinal is still unwanted, and between the deletions of claim and Pod it may be interrupted.
func gracefulScaledownLoop() Loop {
	return Loop{Name: GracefulScaledown, Latency: scaledownLatency, Wakes: wakeScaledown, Sync: syncScaledown}
}

func wakeScaledown(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *appsv1.StatefulSet:
		if change.New != nil {
			wake(api.NameOf(object))
		}
	case *corev1.Pod:
		name := object.Annotations[scaledownOwner]
		if name == "" {
			for _, owner := range object.OwnerReferences {
				if ptr.Deref(owner.Controller, false) && owner.Kind == "StatefulSet" {
					name = owner.Name
				}
			}
		}
		if _, found := store.Get[*appsv1.StatefulSet](view, object.Namespace, name); found {
			wake(Key{Namespace: object.Namespace, Name: name})
		}
	}
}

func syncScaledown(in Input) Plan {
	set, found := store.Get[*appsv1.StatefulSet](in.View, in.Key.Namespace, in.Key.Name)
	if !found || len(set.Spec.VolumeClaimTemplates) == 0 || set.Annotations[scaledownTemplate] == "" {
		return Plan{}
	}
	ordinals := claimedOrdinals(in.View, set)
	terminating := set.DeletionTimestamp != nil
	switch {
	case !terminating && !slices.Contains(set.Finalizers, scaledownFinalizer):
		changed := *set
		changed.Finalizers = append(slices.Clone(set.Finalizers), scaledownFinalizer)
		return Plan{Writes: []Write{{Verb: Update, Object: &changed}}}
	case terminating && len(ordinals) == 0 && len(set.Finalizers) > 0 && set.Finalizers[0] == scaledownFinalizer:
		changed := *set
		changed.Finalizers = slices.Clone(set.Finalizers[1:])
		return Plan{Writes: []Write{{Verb: Update, Object: &changed}}}
	}
	var plan Plan
	for _, ordinal := range ordinals {
		pod, there := store.Get[*corev1.Pod](in.View, set.Namespace, podName(set, ordinal))
		if !there && (ordinal >= int(ptr.Deref(set.Spec.Replicas, 1)) || terminating) {
			cleanup, err := cleanupPod(set, ordinal)
			if err != nil {
				plan.Error = err
				return plan
			}
			plan.Writes = append(plan.Writes, Write{Verb: Create, Object: cleanup, Success: scaledownEvent(set, "SuccessfulCreate", "create Cleanup Pod %s in StatefulSet %s successful", cleanup.Name)})
			if set.Spec.PodManagementPolicy == appsv1.OrderedReadyPodManagement {
				break // the next one when this one has finished
			}
		}
		if there && pod.Annotations[scaledownOwner] != "" && pod.Status.Phase == corev1.PodSucceeded {
			plan.finish(set, pod, ordinal)
		}
	}
	return plan
}

// claimedOrdinals are those of the set's claims that are not being deleted, the highest first. Claims are found by their names.
func claimedOrdinals(view store.View, set *appsv1.StatefulSet) (ordinals []int) {
	for claim := range store.List[*corev1.PersistentVolumeClaim](view, set.Namespace) {
		dash := strings.LastIndexByte(claim.Name, '-')
		if dash < 0 || claim.DeletionTimestamp != nil {
			continue
		}
		ordinal, err := strconv.Atoi(claim.Name[dash+1:])
		if err != nil {
			continue
		}
		for i := range set.Spec.VolumeClaimTemplates {
			if claim.Name[:dash] == set.Spec.VolumeClaimTemplates[i].Name+"-"+set.Name {
				ordinals = append(ordinals, ordinal)
			}
		}
	}
	slices.Sort(ordinals)
	slices.Reverse(ordinals)
	return slices.Compact(ordinals)
}

// cleanupPod is the Pod of the annotation, under the member's name and with the member's claims.
func cleanupPod(set *appsv1.StatefulSet, ordinal int) (*corev1.Pod, error) {
	var pod corev1.Pod
	if err := json.Unmarshal([]byte(set.Annotations[scaledownTemplate]), &pod); err != nil {
		return nil, fmt.Errorf("Can't create cleanup Pod object: Can't unmarshal ScaledownPodTemplate JSON from annotation: %w", err)
	}
	switch pod.Spec.RestartPolicy {
	case "":
		pod.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	case corev1.RestartPolicyOnFailure:
	default:
		return nil, fmt.Errorf("Can't create cleanup Pod object: Scaledown pod template must use restartPolicy: OnFailure")
	}
	pod.Name, pod.Namespace = podName(set, ordinal), set.Namespace
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[scaledownLabel] = pod.Name
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Annotations[scaledownOwner] = set.Name
	for i := range set.Spec.VolumeClaimTemplates {
		name := set.Spec.VolumeClaimTemplates[i].Name
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name + "-" + pod.Name},
		}})
	}
	return &pod, nil
}

// finish deletes the claims of a member that has been drained, and then its cleanup Pod.
func (p *Plan) finish(set *appsv1.StatefulSet, pod *corev1.Pod, ordinal int) {
	p.Events = append(p.Events, *scaledownEvent(set, "CleanupSuccess", "cleanup Pod %s in StatefulSet %s completed successfully", pod.Name))
	for i := range set.Spec.VolumeClaimTemplates {
		claim := &corev1.PersistentVolumeClaim{}
		claim.Namespace, claim.Name = set.Namespace, fmt.Sprintf("%s-%s-%d", set.Spec.VolumeClaimTemplates[i].Name, set.Name, ordinal)
		p.Writes = append(p.Writes, Write{Verb: Delete, Object: claim, Success: scaledownEvent(set, "SuccessfulDelete", "delete Claim %s in StatefulSet %s successful", claim.Name)})
	}
	p.Writes = append(p.Writes, Write{Verb: Delete, Object: &corev1.Pod{ObjectMeta: pod.ObjectMeta},
		Success: scaledownEvent(set, "SuccessfulDelete", "delete Cleanup Pod %s in StatefulSet %s successful", pod.Name)})
}

func scaledownEvent(set *appsv1.StatefulSet, reason, message, name string) *Event {
	return &Event{Regarding: set, Type: corev1.EventTypeNormal, Reason: reason, Message: fmt.Sprintf(message, name, set.Name), Source: scaledownSource}
}
