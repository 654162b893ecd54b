package control

import (
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	ephemeralController = "ephemeral_volume"
	ephemeralLatency    = 5 * time.Millisecond
)

// ephemeralVolumeLoop creates the claims that Pods bring along as generic ephemeral volumes. They belong to the Pod and go with it: that
// is the garbage collector's work. A claim that somebody deletes is created again (upstream: pkg/controller/volume/ephemeral).
func ephemeralVolumeLoop() Loop {
	return Loop{Name: "ephemeralvolume", Latency: ephemeralLatency, Wakes: wakeEphemeralVolumes, Sync: syncEphemeralVolumes}
}

func wakeEphemeralVolumes(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *corev1.Pod:
		if change.Old == nil && hasEphemeralVolumes(object) {
			wake(api.NameOf(object))
		}
	case *corev1.PersistentVolumeClaim:
		if change.New != nil {
			return
		}
		for pod := range store.List[*corev1.Pod](view, object.Namespace) {
			if !strings.HasPrefix(object.Name, pod.Name) {
				continue // the claims that a Pod brings along begin with its name
			}
			claimsOfPod(pod, func(name string, ephemeral bool) {
				if ephemeral && name == object.Name {
					wake(api.NameOf(pod))
				}
			})
		}
	}
}

func hasEphemeralVolumes(pod *corev1.Pod) (has bool) {
	claimsOfPod(pod, func(_ string, ephemeral bool) { has = has || ephemeral })
	return has && pod.DeletionTimestamp == nil
}

func syncEphemeralVolumes(in Input) (plan Plan) {
	pod, found := store.Get[*corev1.Pod](in.View, in.Key.Namespace, in.Key.Name)
	if !found || pod.DeletionTimestamp != nil {
		return plan
	}
	event := func(volume, problem string) Event {
		return Event{Regarding: pod, Type: corev1.EventTypeWarning, Reason: "FailedBinding", Source: ephemeralController, Message: "ephemeral volume " + volume + ": " + problem}
	}
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		if volume.Ephemeral == nil || volume.Ephemeral.VolumeClaimTemplate == nil {
			continue
		}
		name := pod.Name + "-" + volume.Name
		claim, found := store.Get[*corev1.PersistentVolumeClaim](in.View, pod.Namespace, name)
		switch {
		case !found:
			plan.Writes = append(plan.Writes, Write{Verb: Create, Object: ephemeralClaim(pod, name, volume.Ephemeral.VolumeClaimTemplate),
				Failure: failing(event(volume.Name, "create PVC "+name+": {error}"))})
		case !metav1.IsControlledBy(claim, pod):
			problem := fmt.Sprintf("PVC %s/%s was not created for pod %s/%s (pod is not owner)", claim.Namespace, claim.Name, pod.Namespace, pod.Name)
			plan.Events = append(plan.Events, event(volume.Name, problem))
			plan.Error = fmt.Errorf("pod %s/%s, ephemeral volume %s: %s", pod.Namespace, pod.Name, volume.Name, problem)
			return plan
		}
	}
	return plan
}

// ephemeralClaim is the claim for a template in a Pod.
func ephemeralClaim(pod *corev1.Pod, name string, template *corev1.PersistentVolumeClaimTemplate) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: name, Annotations: maps.Clone(template.Annotations), Labels: maps.Clone(template.Labels),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(pod, podKind)},
		},
		Spec: *template.Spec.DeepCopy(),
	}
}
