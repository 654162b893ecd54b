package oracle

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

var matchLabels = map[string]string{"app": "web"}

// newSet draws a StatefulSet.
func newSet(chance *rand.Rand) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: setName}}
	spec := &set.Spec
	spec.ServiceName = "nginx"
	spec.Selector = &metav1.LabelSelector{MatchLabels: matchLabels}
	if chance.IntN(8) == 0 {
		spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpExists}}}
	}
	spec.Template.Labels = map[string]string{"app": "web"}
	spec.Template.Spec.Containers = []corev1.Container{{Name: "nginx", Image: images[0]}}
	if chance.IntN(2) == 0 {
		spec.PodManagementPolicy = appsv1.ParallelPodManagement
	}
	for i := range []int{0, 0, 1, 1, 2, 3}[chance.IntN(6)] {
		claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: []string{"www", "data", "log"}[i]}}
		claim.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
		claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *quantity("1Gi")}
		if chance.IntN(3) == 0 {
			claim.Labels = map[string]string{"of": "template"}
		}
		spec.VolumeClaimTemplates = append(spec.VolumeClaimTemplates, claim)
	}
	if chance.IntN(4) == 0 {
		spec.Template.Spec.Volumes = []corev1.Volume{{Name: "tmp"}, {Name: "www"}}
	}
	if chance.IntN(8) == 0 {
		set.Annotations = map[string]string{"of": "set"}
		spec.Template.Annotations = map[string]string{"of": "template"}
		spec.Template.Finalizers = []string{"example.com/hold"}
	}
	spec.Replicas = ptr.To(int32(chance.IntN(6)))
	for range chance.IntN(6) {
		edits[chance.IntN(len(edits))].apply(set, chance.IntN(100))
	}
	return set
}

var images = []string{"nginx:1", "nginx:2", "nginx:3", "nginx:4"}

// edits are changes of a set's spec that the API allows; n chooses among the values.
var edits = []struct {
	name  string
	apply func(set *appsv1.StatefulSet, n int)
}{
	{"replicas", func(set *appsv1.StatefulSet, n int) { set.Spec.Replicas = ptr.To(int32(n % 8)) }},
	{"replicas", func(set *appsv1.StatefulSet, n int) { set.Spec.Replicas = ptr.To(int32(n % 4)) }},
	{"image", func(set *appsv1.StatefulSet, n int) {
		set.Spec.Template.Spec.Containers[0].Image = images[n%len(images)]
	}},
	{"image", func(set *appsv1.StatefulSet, n int) { set.Spec.Template.Spec.Containers[0].Image = images[n%2] }},
	{"partition", func(set *appsv1.StatefulSet, n int) {
		set.Spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		rollingOf(set).Partition = ptr.To(int32(n % 6))
	}},
	{"max unavailable", func(set *appsv1.StatefulSet, n int) {
		set.Spec.UpdateStrategy.Type = appsv1.RollingUpdateStatefulSetStrategyType
		rollingOf(set).MaxUnavailable = []*intstr.IntOrString{
			nil, ptr.To(intstr.FromInt32(1)), ptr.To(intstr.FromInt32(2)), ptr.To(intstr.FromInt32(4)), ptr.To(intstr.FromString("10%")), ptr.To(intstr.FromString("50%")),
			ptr.To(intstr.FromString("100%")),
		}[n%7]
	}},
	{"strategy", func(set *appsv1.StatefulSet, n int) {
		set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: []appsv1.StatefulSetUpdateStrategyType{
			appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType, appsv1.RollingUpdateStatefulSetStrategyType}[n%3]}
	}},
	{"retention", func(set *appsv1.StatefulSet, n int) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = nil
		if n%5 > 0 {
			set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: retentions[n%2], WhenScaled: retentions[n/2%2]}
		}
	}},
	{"retention", func(set *appsv1.StatefulSet, n int) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: retentions[n%2], WhenScaled: appsv1.DeletePersistentVolumeClaimRetentionPolicyType}
	}},
	{"start", func(set *appsv1.StatefulSet, n int) {
		set.Spec.Ordinals = nil
		if n%5 > 0 {
			set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: int32(n % 5)}
		}
	}},
	{"min ready", func(set *appsv1.StatefulSet, n int) { set.Spec.MinReadySeconds = []int32{0, 5, 10}[n%3] }},
	{"history limit", func(set *appsv1.StatefulSet, n int) {
		set.Spec.RevisionHistoryLimit = []*int32{nil, ptr.To[int32](0), ptr.To[int32](1), ptr.To[int32](2), ptr.To[int32](-1)}[n%5]
	}},
	{"annotation", func(set *appsv1.StatefulSet, n int) {
		set.Annotations = map[string]string{"of": fmt.Sprint("set ", n%3)}
	}},
	{"template label", func(set *appsv1.StatefulSet, n int) { set.Spec.Template.Labels["round"] = fmt.Sprint(n % 2) }},
}

var retentions = []appsv1.PersistentVolumeClaimRetentionPolicyType{appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType}

func rollingOf(set *appsv1.StatefulSet) *appsv1.RollingUpdateStatefulSetStrategy {
	if set.Spec.UpdateStrategy.RollingUpdate == nil {
		set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)}
	}
	return set.Spec.UpdateStrategy.RollingUpdate
}

// describe tells the set's spec in a few lines.
func describe(set *appsv1.StatefulSet) string {
	spec := set.Spec
	text := fmt.Sprintf("%s, replicas %d, strategy %s", orDefault(string(spec.PodManagementPolicy)), ptr.Deref(spec.Replicas, 1), orDefault(string(spec.UpdateStrategy.Type)))
	if rolling := spec.UpdateStrategy.RollingUpdate; rolling != nil {
		text += fmt.Sprintf(" partition %d", ptr.Deref(rolling.Partition, 0))
		if rolling.MaxUnavailable != nil {
			text += " max unavailable " + rolling.MaxUnavailable.String()
		}
	}
	if policy := spec.PersistentVolumeClaimRetentionPolicy; policy != nil {
		text += fmt.Sprintf(", deleted %s, scaled %s", policy.WhenDeleted, policy.WhenScaled)
	}
	if spec.Ordinals != nil {
		text += fmt.Sprintf(", start %d", spec.Ordinals.Start)
	}
	if spec.RevisionHistoryLimit != nil {
		text += fmt.Sprintf(", history limit %d", *spec.RevisionHistoryLimit)
	}
	for _, claim := range spec.VolumeClaimTemplates {
		text += ", claim " + claim.Name
	}
	return fmt.Sprintf("%s, min ready %d, image %s\n", text, spec.MinReadySeconds, spec.Template.Spec.Containers[0].Image)
}

func orDefault(text string) string {
	if text == "" {
		return "(default)"
	}
	return text
}

func quantity(text string) *resource.Quantity { return ptr.To(resource.MustParse(text)) }

// chanceOf is the generator of a set.
func chanceOf(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }
