package sim

import (
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
)

// Whatever people do to a StatefulSet, and whatever befalls its nodes, no promise is broken.
func TestThePromisesAreKeptThroughRandomHistories(t *testing.T) {
	for seed := range uint64(5) {
		release := []string{"1.36", "1.33", "1.28"}[seed%3]
		cluster := New(Options{Check: true, Seed: seed, Kubernetes: release})
		chooser := kernel.NewSeeded(seed)
		if err := cluster.Apply([]byte(promised)); err != nil {
			t.Fatal(err)
		}
		var told []string
		for range 25 {
			cluster.RunFor(time.Duration(1+chooser.Choose("wait", 40)) * time.Second)
			told = append(told, cluster.Now().Format("15:04:05 ")+disturb(cluster, chooser.Choose))
		}
		cluster.RunFor(20 * time.Minute)
		for _, broken := range cluster.BrokenPromises() {
			t.Errorf("release %s, seed %d: %s\n%v", release, seed, broken, told)
		}
	}
}

// disturb does one thing and says which. What the API refuses is a disturbance as well.
func disturb(cluster *Cluster, choose func(string, int) int) string {
	pod := api.Name{Namespace: "default", Name: fmt.Sprintf("web-%d", choose("pod", 4))}
	node := fmt.Sprintf("node-%d", 1+choose("node", 3))
	edit := func(what string, change func(set *appsv1.StatefulSet)) string {
		_, _, err := cluster.Mutate(api.KindNamed("StatefulSet"), api.Name{Namespace: "default", Name: "web"}, "", false, false, func(current api.Object) (api.Object, error) {
			set := current.(*appsv1.StatefulSet).DeepCopy()
			change(set)
			return set, nil
		})
		return fmt.Sprint(what, " ", err)
	}
	switch choose("what", 10) {
	case 0:
		_, _, err := cluster.Delete(api.KindNamed("Pod"), pod, metav1.DeleteOptions{})
		return fmt.Sprint("delete ", pod, err)
	case 1:
		return fmt.Sprint("evict ", pod, cluster.Evict(pod, metav1.DeleteOptions{}))
	case 2:
		replicas := int32(choose("replicas", 5))
		return edit(fmt.Sprint("scale to ", replicas), func(set *appsv1.StatefulSet) { set.Spec.Replicas = &replicas })
	case 3:
		image := fmt.Sprintf("registry.k8s.io/nginx-slim:0.%d", 21+choose("image", 5))
		return edit(image, func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = image })
	case 4:
		partition := int32(choose("partition", 4))
		return edit(fmt.Sprint("partition ", partition), func(set *appsv1.StatefulSet) {
			set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: &partition}}
		})
	case 5:
		start, seconds := int32(choose("start", 3)), int32(10*choose("seconds", 2))
		return edit(fmt.Sprint("start at ", start, ", ready for ", seconds), func(set *appsv1.StatefulSet) {
			set.Spec.Ordinals, set.Spec.MinReadySeconds = &appsv1.StatefulSetOrdinals{Start: start}, seconds
		})
	case 6:
		policies := []appsv1.PersistentVolumeClaimRetentionPolicyType{appsv1.RetainPersistentVolumeClaimRetentionPolicyType, appsv1.DeletePersistentVolumeClaimRetentionPolicyType}
		policy := &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: policies[choose("deleted", 2)], WhenScaled: policies[choose("scaled", 2)]}
		return edit(fmt.Sprint(*policy), func(set *appsv1.StatefulSet) { set.Spec.PersistentVolumeClaimRetentionPolicy = policy })
	case 7:
		err := cluster.Befall(Fault{Verb: NodeDown, Node: node})
		cluster.RunFor(time.Duration(choose("out", 90)) * time.Second)
		return fmt.Sprint("stop ", node, err, cluster.Befall(Fault{Verb: NodeUp, Node: node}))
	case 8:
		err := cluster.Befall(Fault{Verb: NodeCut, Node: node})
		cluster.RunFor(time.Duration(choose("cut", 600)) * time.Second)
		return fmt.Sprint("cut ", node, err, cluster.Befall(Fault{Verb: NodeUp, Node: node}))
	}
	_, _, err := cluster.Mutate(api.KindNamed("Pod"), pod, "status", false, false, func(current api.Object) (api.Object, error) {
		failed := current.(*corev1.Pod).DeepCopy()
		failed.Status.Phase = corev1.PodFailed
		return failed, nil
	})
	return fmt.Sprint("fail ", pod, err)
}
