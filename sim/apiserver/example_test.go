package apiserver_test

import (
	"context"
	"fmt"
	"log"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

func webSet(replicas int32) *appsv1.StatefulSet {
	labels := map[string]string{"app": "web"}
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: "web", Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
			},
		},
	}
}

// client-go on a cluster in the same process, without a port. Time stands still between requests, and passes when the program says so.
func ExampleRESTConfig() {
	d := door.New(sim.New(sim.Options{}))
	client := kubernetes.NewForConfigOrDie(apiserver.RESTConfig(d))
	ctx := context.Background()
	if _, err := client.AppsV1().StatefulSets("default").Create(ctx, webSet(2), metav1.CreateOptions{}); err != nil {
		log.Fatal(err)
	}
	d.Do(func(c *sim.Cluster) {
		if err := c.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
			log.Fatal(err)
		}
	})
	pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
	if err != nil {
		log.Fatal(err)
	}
	for _, pod := range pods.Items {
		fmt.Println(pod.Name, pod.Status.Phase)
	}
	// Output:
	// web-0 Running
	// web-1 Running
}

// A client that waits, here in a watch, is driven: virtual time passes whenever it has read all that has happened, up to a limit.
func ExampleRESTConfig_driven() {
	d := door.New(sim.New(sim.Options{}))
	client := kubernetes.NewForConfigOrDie(apiserver.RESTConfig(d))
	follow := func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		sets := client.AppsV1().StatefulSets("default")
		if _, err := sets.Create(ctx, webSet(3), metav1.CreateOptions{}); err != nil {
			log.Fatal(err)
		}
		changes, err := sets.Watch(ctx, metav1.ListOptions{})
		if err != nil {
			log.Fatal(err)
		}
		defer changes.Stop()
		ready := int32(0)
		for change := range changes.ResultChan() {
			if set := change.Object.(*appsv1.StatefulSet); set.Status.ReadyReplicas > ready {
				ready = set.Status.ReadyReplicas
				fmt.Println(ready, "of", *set.Spec.Replicas)
			}
			if ready == 3 {
				return
			}
		}
	}
	rest, _ := d.Drive(follow, time.Hour, func() bool { return false })
	fmt.Println(rest)
	// Output:
	// 1 of 3
	// 2 of 3
	// 3 of 3
	// done
}
