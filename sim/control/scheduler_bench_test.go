package control

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

var benchStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// crowd is a view with nodes and the Pods of one set, all waiting.
func crowd(nodes, pods int, edit func(i int, pod *corev1.Pod), more ...api.Object) Input {
	db := store.New(benchStart)
	tx := db.Begin()
	for i := range nodes {
		name := fmt.Sprintf("node-%d", i)
		tx.Put(&corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name, "disk": "ssd"}},
			Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("64"), corev1.ResourceMemory: resource.MustParse("256Gi"), corev1.ResourcePods: resource.MustParse("250"),
			}},
		})
	}
	controller := true
	for i := range pods {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "default", Name: fmt.Sprintf("web-%d", i), UID: api.UID(fmt.Sprint("uid-", i)), Labels: map[string]string{"app": "web"},
				OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", Name: "web", UID: "set", Controller: &controller}},
			},
			Spec: corev1.PodSpec{SchedulerName: scheduler, Containers: []corev1.Container{{Name: "nginx", Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}}}}},
		}
		edit(i, pod)
		tx.Put(pod)
	}
	for _, object := range more {
		tx.Put(object)
	}
	tx.Commit()
	return Input{View: db.View(), Key: schedulingQueue, Now: benchStart, Settings: &api.Settings{}, Choose: kernel.NewSeeded(1).Choose}
}

// BenchmarkSchedule1000 is one pass over 1000 Pods; the figure to watch is µs/pod.
func BenchmarkSchedule1000(b *testing.B) {
	const pods = 1000
	apart := corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}}
	var volumes []api.Object
	for i := range pods {
		claim := &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("data-%d", i), UID: api.UID(fmt.Sprint("claim-", i)), Annotations: map[string]string{storage.AnnotationBindCompleted: "yes"}},
			Spec:       corev1.PersistentVolumeClaimSpec{VolumeName: fmt.Sprintf("pv-%d", i)},
			Status:     corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound},
		}
		volumes = append(volumes, claim, &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: claim.Spec.VolumeName}, Spec: corev1.PersistentVolumeSpec{
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{fmt.Sprintf("node-%d", i%10)}}}}}}},
		}})
	}
	withClaim := func(i int, pod *corev1.Pod) {
		pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: fmt.Sprintf("data-%d", i)}}}}
	}
	for _, situation := range []struct {
		name    string
		nodes   int
		edit    func(int, *corev1.Pod)
		objects []api.Object
		unbound int // Pods that find no node
	}{
		{"plain Pods on 10 nodes", 10, func(int, *corev1.Pod) {}, nil, 0},
		{"plain Pods on 100 nodes", 100, func(int, *corev1.Pod) {}, nil, 0},
		{"Pods that prefer to be apart on 100 nodes", 100, func(_ int, pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: apart}}}}
		}, nil, 0},
		{"Pods that must be apart on 100 nodes", 100, func(_ int, pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{apart}}}
		}, nil, 900},
		{"Pods spread over 100 nodes", 100, func(_ int, pod *corev1.Pod) {
			pod.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: apart.LabelSelector}}
		}, nil, 0},
		{"Pods with local volumes on 10 nodes", 10, withClaim, volumes, 0},
	} {
		b.Run(situation.name, func(b *testing.B) {
			in := crowd(situation.nodes, pods, situation.edit, situation.objects...)
			b.ReportAllocs()
			for b.Loop() {
				plan := syncScheduler(in)
				bound := 0
				for _, write := range plan.Writes {
					if write.Verb == Bind {
						bound++
					}
				}
				if bound != pods-situation.unbound {
					b.Fatalf("%d Pods got a node, want %d", bound, pods-situation.unbound)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/pods, "µs/pod")
		})
	}
}
