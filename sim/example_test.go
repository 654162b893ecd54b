package sim_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// webManifest is what the examples apply: a headless Service and three Pods.
const webManifest = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: nginx
        image: nginx
        readinessProbe: {httpGet: {port: 80}}
`

var webReady = sim.Ready("StatefulSet", "default", "web")

// exampleCluster is a cluster in which the set has come up.
func exampleCluster(options sim.Options) *sim.Cluster {
	c := sim.New(options)
	check(c.Apply([]byte(webManifest)))
	check(c.RunUntil(webReady))
	return c
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// clock is virtual time since the cluster began.
func clock(c *sim.Cluster) time.Duration { return c.Now().Sub(c.Options().Start) }

// A cluster is made, manifests are applied, and virtual time passes until something holds. Nothing of this takes longer than milliseconds.
func Example() {
	c := sim.New(sim.Options{Seed: 7, Nodes: 3})
	if err := c.Apply([]byte(webManifest)); err != nil {
		log.Fatal(err)
	}
	if err := c.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
		log.Fatal(err)
	}
	for pod := range store.List[*corev1.Pod](c.View(), "default") {
		fmt.Println(pod.Name, pod.Status.Phase)
	}
	fmt.Println("after", clock(c))
	// Output:
	// web-0 Running
	// web-1 Running
	// web-2 Running
	// after 9.205s
}

// Objects may be typed instead. They go through defaults, admission and validation as those of manifests do.
func ExampleCluster_Create() {
	c := sim.New(sim.Options{})
	labels := map[string]string{"app": "db"}
	created, err := c.Create(&appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "db"},
		Spec: appsv1.StatefulSetSpec{
			ServiceName: "db", Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "db", Image: "redis"}}},
			},
		},
	}, false)
	check(err)
	set := created.(*appsv1.StatefulSet)
	fmt.Println(*set.Spec.Replicas, set.Spec.PodManagementPolicy, set.Spec.UpdateStrategy.Type)

	_, err = c.Create(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "Db"}}, false)
	fmt.Println(strings.Split(err.Error(), ":")[0])
	// Output:
	// 1 OrderedReady RollingUpdate
	// Pod "Db" is invalid
}

// One event after the other: what comes next is data, and can be looked at before it is taken.
func ExampleCluster_Step() {
	c := sim.New(sim.Options{})
	c.Settle(time.Minute) // until nothing more is due
	check(c.Apply([]byte(webManifest)))
	for range 3 {
		next, _ := c.View().NextEvent()
		fmt.Println(next.Kind, next.Key)
		c.Step()
	}
	c.RunFor(time.Second) // and then a second at once
	_, there := store.Get[*corev1.Pod](c.View(), "default", "web-0")
	fmt.Println("web-0:", there)
	// Output:
	// statefulset default/web
	// endpointslice default/web
	// endpoints default/web
	// web-0: true
}

// RunUntil has a bound, in virtual time, and ends earlier when nothing is left to happen. What it waits for may be any question about the cluster.
func ExampleCluster_RunUntil() {
	c := exampleCluster(sim.Options{Patience: 10 * time.Minute})
	fiveReady := sim.Condition{Text: "five Pods are Ready", Met: func(view store.View) bool {
		set, found := store.Get[*appsv1.StatefulSet](view, "default", "web")
		return found && set.Status.ReadyReplicas == 5
	}}
	fmt.Println(c.RunUntil(fiveReady))
	// Output:
	// waiting until five Pods are Ready: not within 10m0s of virtual time (until 2026-01-01 00:10:09)
}
