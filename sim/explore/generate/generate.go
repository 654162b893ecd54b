package generate

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/explore"
	"github.com/stsim/stsim/sim/kernel"
)

// Life lives a history of a world: operations, faults and disorder, then calm.
func Life(w *explore.World) *rapid.Generator[explore.Outcome] {
	return rapid.Custom(func(t *rapid.T) explore.Outcome {
		return w.DrawFrom(rapid.Uint64().Draw(t, "seed"), dice{t})
	})
}

// dice lets rapid decide.
type dice struct{ t *rapid.T }

// Choose implements [kernel.Chooser].
func (d dice) Choose(label string, n int) int { return rapid.IntRange(0, n-1).Draw(d.t, label) }

// Fork implements [kernel.Chooser].
func (d dice) Fork() kernel.Chooser { return d }

// Clusters makes options of clusters: one to five nodes, a release of the last years.
func Clusters() *rapid.Generator[sim.Options] {
	return rapid.Custom(func(t *rapid.T) sim.Options {
		return sim.Options{
			Seed: rapid.Uint64().Draw(t, "seed"), Nodes: rapid.IntRange(1, 5).Draw(t, "nodes"),
			Kubernetes: fmt.Sprintf("1.%d", rapid.IntRange(27, 36).Draw(t, "minor")),
		}
	})
}

// Sets makes StatefulSets of a name, in the namespace default, that every release since 1.27 accepts. Their Pods run nginx; the Service they name is
// made by [Service].
func Sets(name string) *rapid.Generator[*appsv1.StatefulSet] {
	return rapid.Custom(func(t *rapid.T) *appsv1.StatefulSet {
		replicas := rapid.Int32Range(0, 5).Draw(t, "replicas")
		labels := map[string]string{"app": name}
		set := &appsv1.StatefulSet{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
			ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
			Spec: appsv1.StatefulSetSpec{
				ServiceName: name, Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
				PodManagementPolicy: rapid.SampledFrom([]appsv1.PodManagementPolicyType{appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement}).Draw(t, "policy"),
				MinReadySeconds:     rapid.SampledFrom([]int32{0, 0, 1, 10}).Draw(t, "minReadySeconds"),
				UpdateStrategy:      strategies().Draw(t, "strategy"),
				Template:            templates(labels).Draw(t, "template"),
			},
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "claims") {
			addClaim(set, fmt.Sprintf("data%d", i))
		}
		if rapid.Bool().Draw(t, "retention") {
			policies := rapid.SampledFrom([]appsv1.PersistentVolumeClaimRetentionPolicyType{
				appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType})
			set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: policies.Draw(t, "whenDeleted"), WhenScaled: policies.Draw(t, "whenScaled")}
		}
		if start := rapid.Int32Range(0, 3).Draw(t, "start"); start > 0 {
			set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: start}
		}
		return set
	})
}

func strategies() *rapid.Generator[appsv1.StatefulSetUpdateStrategy] {
	return rapid.Custom(func(t *rapid.T) appsv1.StatefulSetUpdateStrategy {
		if rapid.IntRange(0, 3).Draw(t, "on delete") == 3 {
			return appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
		}
		partition := rapid.SampledFrom([]int32{0, 0, 1, 3}).Draw(t, "partition")
		return appsv1.StatefulSetUpdateStrategy{
			Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition}}
	})
}

func templates(labels map[string]string) *rapid.Generator[corev1.PodTemplateSpec] {
	return rapid.Custom(func(t *rapid.T) corev1.PodTemplateSpec {
		grace := rapid.SampledFrom([]int64{0, 1, 30}).Draw(t, "terminationGracePeriodSeconds")
		nginx := corev1.Container{Name: "nginx", Image: "nginx", Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 80}}}
		if rapid.Bool().Draw(t, "probe") {
			nginx.ReadinessProbe = &corev1.Probe{
				PeriodSeconds: rapid.Int32Range(1, 10).Draw(t, "periodSeconds"),
				ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(80)}}}
		}
		return corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{TerminationGracePeriodSeconds: &grace, Containers: []corev1.Container{nginx}},
		}
	})
}

func addClaim(set *appsv1.StatefulSet, name string) {
	set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	})
	nginx := &set.Spec.Template.Spec.Containers[0]
	nginx.VolumeMounts = append(nginx.VolumeMounts, corev1.VolumeMount{Name: name, MountPath: "/" + name})
}

// Service is the headless Service of a set made by [Sets].
func Service(name string) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app": name}, Ports: []corev1.ServicePort{{Name: "web", Port: 80}}},
	}
}
