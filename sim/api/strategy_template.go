package api

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

// templateOf is the spec of the Pods that an object is or makes; nil for objects of other kinds.
func templateOf(object Object) *corev1.PodSpec {
	switch object := object.(type) {
	case *corev1.Pod:
		return &object.Spec
	case *corev1.PodTemplate:
		return &object.Template.Spec
	case *corev1.ReplicationController:
		if object.Spec.Template != nil {
			return &object.Spec.Template.Spec
		}
	case *appsv1.StatefulSet:
		return &object.Spec.Template.Spec
	case *appsv1.Deployment:
		return &object.Spec.Template.Spec
	case *appsv1.ReplicaSet:
		return &object.Spec.Template.Spec
	case *appsv1.DaemonSet:
		return &object.Spec.Template.Spec
	case *batchv1.Job:
		return &object.Spec.Template.Spec
	case *batchv1.CronJob:
		return &object.Spec.JobTemplate.Spec.Template.Spec
	}
	return nil
}

// PodSpecFrom is the spec of a new Pod as a template in a stored object has it. It shares with the template what neither defaults nor admission change in a
// Pod; where they may go deeper, it is a copy as a whole.
func PodSpecFrom(template *corev1.PodSpec) corev1.PodSpec {
	deeper := template.HostNetwork || template.Resources != nil || template.Affinity != nil || len(template.TopologySpreadConstraints) > 0 ||
		slices.ContainsFunc(template.Containers, hasLimits) || slices.ContainsFunc(template.InitContainers, hasLimits)
	if deeper {
		return *template.DeepCopy()
	}
	spec := *template
	spec.Containers, spec.InitContainers = ownContainers(template.Containers), ownContainers(template.InitContainers)
	spec.Volumes, spec.Tolerations = slices.Clone(template.Volumes), slices.Clip(template.Tolerations)
	return spec
}

// hasLimits says whether a container of a Pod may get requests that the template does not have.
func hasLimits(container corev1.Container) bool { return container.Resources.Limits != nil }

// ownContainers are containers that can get further mounts and variables.
func ownContainers(containers []corev1.Container) []corev1.Container {
	own := slices.Clone(containers)
	for i := range own {
		own[i].VolumeMounts, own[i].Env = slices.Clip(own[i].VolumeMounts), slices.Clip(own[i].Env)
	}
	return own
}

// dropAlpha drops the fields of a Pod's spec that the API server drops as long as their feature gates are off, which they are by default, unless
// the old object has them already: stop signals, scheduling groups, and projected certificates (upstream: pkg/api/pod/util.go dropDisabledFields).
func dropAlpha(object, old Object) {
	spec := templateOf(object)
	if spec == nil {
		return
	}
	before := &corev1.PodSpec{}
	if old != nil {
		if found := templateOf(old); found != nil {
			before = found
		}
	}
	if before.SchedulingGroup == nil {
		spec.SchedulingGroup = nil
	}
	if hasStopSignal(spec) && !hasStopSignal(before) {
		eachContainer(spec, func(container *corev1.Container, _ string, _ int) {
			if container.Lifecycle == nil || container.Lifecycle.StopSignal == nil {
				return
			}
			if container.Lifecycle.StopSignal = nil; *container.Lifecycle == (corev1.Lifecycle{}) {
				container.Lifecycle = nil
			}
		})
	}
	dropProjections(spec, before, func(source *corev1.VolumeProjection) bool { return source.ClusterTrustBundle != nil },
		func(source *corev1.VolumeProjection) { source.ClusterTrustBundle = nil })
	dropProjections(spec, before, func(source *corev1.VolumeProjection) bool { return source.PodCertificate != nil },
		func(source *corev1.VolumeProjection) { source.PodCertificate = nil })
}

func hasStopSignal(spec *corev1.PodSpec) (has bool) {
	eachContainer(spec, func(container *corev1.Container, _ string, _ int) {
		has = has || container.Lifecycle != nil && container.Lifecycle.StopSignal != nil
	})
	return has
}

func dropProjections(spec, before *corev1.PodSpec, is func(source *corev1.VolumeProjection) bool, drop func(source *corev1.VolumeProjection)) {
	used := false
	eachProjection(before, func(source *corev1.VolumeProjection) { used = used || is(source) })
	if !used {
		eachProjection(spec, func(source *corev1.VolumeProjection) {
			if is(source) { // what has none may be shared with other Pods, and is not touched
				drop(source)
			}
		})
	}
}

func eachProjection(spec *corev1.PodSpec, visit func(source *corev1.VolumeProjection)) {
	for i := range spec.Volumes {
		if projected := spec.Volumes[i].Projected; projected != nil {
			for j := range projected.Sources {
				visit(&projected.Sources[j])
			}
		}
	}
}
