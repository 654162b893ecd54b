package sim_test

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/property"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// With Check every promise of a StatefulSet is asked after every event. A promise of one's own is an expression over objects, or any code, asked of each record.
func ExampleOptions_ownPromise() {
	quorum, err := property.Parse("quorum: count(ready(web)) >= 2")
	check(err)
	c := exampleCluster(sim.Options{Check: true})
	c.SetTrace(func(record sim.Record) {
		if broken := quorum.Holds(c.View()); broken != nil {
			fmt.Println(record.Who, record.Key, "broke it:", broken)
			c.SetTrace(nil)
		}
	})
	check(c.DeleteObject("Pod", "default", "web-0"))
	check(c.DeleteObject("Pod", "default", "web-1"))
	c.RunFor(time.Minute)
	fmt.Println("promises of Kubernetes broken:", len(c.BrokenPromises()))
	// Output:
	// kubelet default/web-1 broke it: count(ready(web)) is 1, ready(web) is [web-2]
	// promises of Kubernetes broken: 0
}

// An application of one's own: what it knows is Run.State, a value, so it forks and goes back like all else.
func ExampleOptions_ownApplication() {
	model := app.Model{Fits: app.Named("greeter"), Make: func(app.Reference) *app.Image {
		return &app.Image{
			Root:       func() storage.Tree { return app.FullRoot().With("/usr/bin/greeter", shell.Stub("greeter"), 0o755) },
			Entrypoint: []string{"greeter"},
			Servers:    map[string]app.Server{"greeter": greeter{}}, // see greeter in apps_test.go: four short methods
		}
	}}
	c := sim.New(sim.Options{Apps: []app.Model{model}})
	check(c.Apply([]byte(`{apiVersion: v1, kind: Pod, metadata: {name: one}, spec: {containers: [{name: greeter, image: example.com/greeter}]}}`)))
	check(c.RunUntil(sim.Ready("Pod", "default", "one")))
	fmt.Println("ready after", clock(c))
	// Output:
	// ready after 3.045s
}

// A control loop of one's own is a pure function from what it sees to what it wants done. This one gives every StatefulSet that has a label one replica for each node.
func ExampleOptions_ownLoop() {
	perNode := control.Loop{
		Name: "one-per-node", Latency: 10 * time.Millisecond,
		Wakes: func(view store.View, change store.Change, wake func(control.Key)) {
			switch object := change.Object().(type) {
			case *appsv1.StatefulSet:
				wake(control.Key{Namespace: object.Namespace, Name: object.Name})
			case *corev1.Node:
				for set := range store.List[*appsv1.StatefulSet](view, "") {
					wake(control.Key{Namespace: set.Namespace, Name: set.Name})
				}
			}
		},
		Sync: func(in control.Input) control.Plan {
			set, found := store.Get[*appsv1.StatefulSet](in.View, in.Key.Namespace, in.Key.Name)
			if !found || set.Labels["one-per-node"] == "" {
				return control.Plan{}
			}
			nodes := int32(0)
			for range store.List[*corev1.Node](in.View, "") {
				nodes++
			}
			if *set.Spec.Replicas == nodes {
				return control.Plan{}
			}
			scaled := set.DeepCopy() // what is in a view is shared
			scaled.Spec.Replicas = &nodes
			return control.Plan{Writes: []control.Write{{Verb: control.Update, Object: scaled}}}
		},
	}
	c := sim.New(sim.Options{Nodes: 5, Loops: append(control.Loops(), perNode)})
	check(c.Apply([]byte(webManifest)))
	check(c.RunUntil(webReady))
	set, _ := store.Get[*appsv1.StatefulSet](c.View(), "default", "web")
	labelled := set.DeepCopy()
	labelled.Labels = map[string]string{"one-per-node": "yes"}
	_, err := c.Update(labelled, "", false)
	check(err)
	c.RunFor(time.Minute)
	set, _ = store.Get[*appsv1.StatefulSet](c.View(), "default", "web")
	fmt.Println(set.Status.ReadyReplicas, "Pods are Ready")
	// Output:
	// 5 Pods are Ready
}
