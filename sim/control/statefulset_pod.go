package control

import (
	"maps"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// newPod makes the Pod of an ordinal, at the current revision where the rollout has not come to it and at the update revision
// otherwise. Without spec.updateStrategy.rollingUpdate the rollout has come to the ordinals beyond status.currentReplicas; with it,
// to those from the partition on (upstream: newVersionedStatefulSetPod).
func (s *setSync) newPod(currentSet, updateSet *appsv1.StatefulSet, current, update string, ordinal int) *corev1.Pod {
	strategy := currentSet.Spec.UpdateStrategy
	start := firstOrdinal(currentSet)
	var old bool
	if strategy.RollingUpdate == nil {
		old = strategy.Type == appsv1.RollingUpdateStatefulSetStrategyType && ordinal < start+int(currentSet.Status.CurrentReplicas)
	} else {
		old = ordinal < start+partitionOf(currentSet)
	}
	if old {
		return s.podFromTemplate(currentSet, ordinal, current)
	}
	return s.podFromTemplate(updateSet, ordinal, update)
}

func partitionOf(set *appsv1.StatefulSet) int {
	rolling := set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil || rolling.Partition == nil {
		return 0
	}
	return int(*rolling.Partition)
}

func (s *setSync) podFromTemplate(set *appsv1.StatefulSet, ordinal int, revision string) *corev1.Pod {
	template := &set.Spec.Template
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: set.Namespace, Name: podName(set, ordinal), GenerateName: set.Name + "-",
			Labels: maps.Clone(template.Labels), Annotations: maps.Clone(template.Annotations), Finalizers: slices.Clone(template.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, statefulSetKind)},
		},
		Spec: api.PodSpecFrom(&template.Spec),
	}
	s.setIdentity(set, pod)
	// The network identity is given once: both fields are immutable in a Pod.
	pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, set.Spec.ServiceName
	setStorage(set, pod)
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	return pod
}

func podName(set *appsv1.StatefulSet, ordinal int) string {
	return set.Name + "-" + strconv.Itoa(ordinal)
}

func identityMatches(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	parent, ordinal := parentAndOrdinal(pod.Name)
	return ordinal >= 0 && parent == set.Name && pod.Name == podName(set, ordinal) && pod.Labels[appsv1.StatefulSetPodNameLabel] == pod.Name
}

func (s *setSync) setIdentity(set *appsv1.StatefulSet, pod *corev1.Pod) {
	ordinal := ordinalOf(pod)
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	pod.Labels[appsv1.StatefulSetPodNameLabel] = podName(set, ordinal)
	if s.Settings.Release.Enabled(api.PodIndexLabel) {
		pod.Labels[appsv1.PodIndexLabel] = strconv.Itoa(ordinal)
	}
}

func storageMatches(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	for i := range set.Spec.VolumeClaimTemplates {
		template := &set.Spec.VolumeClaimTemplates[i]
		if !slices.ContainsFunc(pod.Spec.Volumes, func(volume corev1.Volume) bool {
			return volume.Name == template.Name && volume.PersistentVolumeClaim != nil &&
				isClaimName(volume.PersistentVolumeClaim.ClaimName, set, template, ordinalOf(pod))
		}) {
			return false
		}
	}
	return true
}

// setStorage puts the volumes of the claims first, in place of volumes of the same names.
func setStorage(set *appsv1.StatefulSet, pod *corev1.Pod) {
	templates := set.Spec.VolumeClaimTemplates
	volumes := make([]corev1.Volume, 0, len(templates)+len(pod.Spec.Volumes))
	for i := range templates {
		volumes = append(volumes, corev1.Volume{Name: templates[i].Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName(set, &templates[i], ordinalOf(pod))}}})
	}
	for _, volume := range pod.Spec.Volumes {
		if !slices.ContainsFunc(templates, func(template corev1.PersistentVolumeClaim) bool { return template.Name == volume.Name }) {
			volumes = append(volumes, volume)
		}
	}
	pod.Spec.Volumes = volumes
}

func revisionOf(pod *corev1.Pod) string { return pod.Labels[appsv1.StatefulSetRevisionLabel] }

// created says whether the Pod is in the API, and not only planned: the API gives every Pod a phase.
func created(pod *corev1.Pod) bool { return pod.Status.Phase != "" }
