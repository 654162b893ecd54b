package sim_test

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// Whatever can befall a cluster has one text form, the same in pages, on the command line and here. Heal ends all that lasts.
func ExampleCluster_Befall() {
	c := exampleCluster(sim.Options{})
	for _, text := range []string{
		"crash web-0", "oom web-1", "probe-fails web-2 nginx readiness", "node-cut node-1", "node-up node-1", "node-down node-2",
		"pulls-fail node-3", "pulls-slow node-1 5m", "evict-pressure node-3", "clock-jump 10m", "api-down", "api-up",
	} {
		fault, err := sim.ParseFault(text)
		check(err)
		check(c.Befall(fault))
		c.RunFor(10 * time.Second)
		fmt.Println(fault.Told())
	}
	check(c.Befall(sim.Fault{Verb: sim.Heal}))
	check(c.RunUntil(webReady))
	fmt.Println("and the set is Ready again")
	// Output:
	// web-0 crashes
	// web-1 runs out of memory
	// the readiness probe of web-2 nginx fails from now on
	// node-1 loses its network
	// node-1 comes back
	// node-2 loses power
	// node-3 reaches no image registry from now on
	// image pulls of node-1 take 5m from now on
	// node-3 is short of memory
	// all clocks jump by 10m
	// the API server goes down
	// the API server is back
	// and the set is Ready again
}

// What goes wrong by chance is asked of the Chooser: late events, stale caches, requests that get lost. With odds for each, a seed is a whole history of it.
func ExampleDisorder() {
	odds := map[string]float64{"late": 0.1, "stale": 0.3, "request": 0.1}
	for seed := range uint64(3) {
		c := sim.New(sim.Options{Chooser: kernel.NewLabelled(seed, odds), Disorder: sim.Usual(), Check: true})
		check(c.Apply([]byte(webManifest)))
		check(c.RunUntil(webReady))
		fmt.Println("seed", seed, "broke", len(c.BrokenPromises()), "promises; more than twice as slow:", clock(c) > 20*time.Second)
	}
	// Output:
	// seed 0 broke 0 promises; more than twice as slow: true
	// seed 1 broke 0 promises; more than twice as slow: true
	// seed 2 broke 0 promises; more than twice as slow: true
}

// A view stays as it is, whatever happens afterwards. Objects in it are shared: copy them before changing them.
func ExampleCluster_View() {
	c := exampleCluster(sim.Options{})
	before := c.View()
	check(c.DeleteObject("Pod", "default", "web-1"))
	c.RunFor(700 * time.Millisecond)
	was, _ := store.Get[*corev1.Pod](before, "default", "web-1")
	is, _ := store.Get[*corev1.Pod](c.View(), "default", "web-1")
	fmt.Println(was.Status.Phase, was.UID == is.UID, is.Status.Phase)
	// Output:
	// Running false Pending
}

// A watch is the changes since a resource version.
func ExampleCluster_Since() {
	c := exampleCluster(sim.Options{})
	revision := c.View().Meta().Revision
	check(c.DeleteObject("Pod", "default", "web-2"))
	c.RunFor(time.Second)
	changes, err := c.Since(revision)
	check(err) // store.ErrCompacted: that was too long ago
	for _, change := range changes {
		if pod, is := change.Object().(*corev1.Pod); is {
			fmt.Println(verb(change), pod.Name, pod.Status.Phase, podReadiness(pod))
		}
	}
	// Output:
	// modified web-2 Running Ready
	// modified web-2 Running Ready
	// modified web-2 Succeeded not Ready
	// modified web-2 Succeeded not Ready
	// deleted web-2 Succeeded not Ready
	// added web-2 Pending not Ready
	// modified web-2 Pending not Ready
	// modified web-2 Pending not Ready
}

func verb(change store.Change) string {
	switch {
	case change.Old == nil:
		return "added"
	case change.New == nil:
		return "deleted"
	}
	return "modified"
}

func podReadiness(pod *corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return "Ready"
		}
	}
	return "not Ready"
}

// Every event is a record: when, who, what it was about, what was asked of the API and what changed.
func ExampleCluster_SetTrace() {
	c := exampleCluster(sim.Options{})
	c.SetTrace(func(record sim.Record) {
		for _, written := range record.Writes {
			if record.Who == "statefulset" && written.Verb != "update status" {
				fmt.Println(record.At.Format("15:04:05.000"), record.Who, record.Key, written.Verb, written.Kind, written.Name, "- error:", written.Error)
			}
		}
	})
	check(c.DeleteObject("Pod", "default", "web-0"))
	check(c.RunUntil(sim.Gone("Pod", "default", "web-0")))
	check(c.RunUntil(webReady))
	// Output:
	// 00:00:09.745 statefulset default/web create Pod default/web-0 - error: <nil>
}

// A fork goes on by itself: here the same cluster loses a node, and does not.
func ExampleCluster_Fork() {
	c := exampleCluster(sim.Options{})
	twin := c.Fork()
	check(twin.Befall(sim.Fault{Verb: sim.NodeDown, Node: "node-1"}))
	for _, one := range []*sim.Cluster{c, twin} {
		one.RunFor(time.Hour)
		fmt.Println(webReady.Holds(one.View()))
	}
	// Output:
	// true
	// false
}

// The past can be looked at, and forked: a second cluster goes another way from there, and the first one does not notice.
func ExampleCluster_At() {
	c := exampleCluster(sim.Options{})
	c.RunFor(time.Minute)
	check(c.DeleteObject("StatefulSet", "default", "web"))
	check(c.RunUntil(sim.Gone("StatefulSet", "default", "web")))
	c.RunFor(time.Minute)

	other, err := c.At(c.Options().Start.Add(30 * time.Second)) // before the deletion
	check(err)
	_, _, err = other.Delete(api.KindNamed("Pod"), api.Name{Namespace: "default", Name: "web-1"}, metav1.DeleteOptions{})
	check(err)
	other.RunFor(10 * time.Second)
	for name, cluster := range map[string]*sim.Cluster{"the cluster": c, "the other": other} {
		count := 0
		for range store.List[*corev1.Pod](cluster.View(), "default") {
			count++
		}
		fmt.Printf("%s has %d Pods at %s\n", name, count, clock(cluster).Round(time.Second))
	}
	// Unordered output:
	// the cluster has 0 Pods at 2m9s
	// the other has 3 Pods at 40s
}
