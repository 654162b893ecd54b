package explore_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/explore"
	"github.com/stsim/stsim/sim/property"
)

const manifest = `
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
      containers: [{name: nginx, image: nginx}]
`

// Many histories of a cluster, each from a seed of its own, and the shortest one in which something breaks.
func ExampleWorld_Search() {
	quorum, err := property.Parse("quorum: count(ready(web)) >= 2")
	if err != nil {
		log.Fatal(err)
	}
	w, err := explore.NewWorld(explore.Setting{
		Manifests: []byte(manifest), Options: sim.Options{Nodes: 3},
		Properties: []property.Property{quorum}, Except: explore.Expectations(),
		Verbs: []string{"drain", "uncordon", "delete-pod"}, // without them: all that people do and all that befalls
	})
	if err != nil {
		log.Fatal(err)
	}
	result := w.Search(context.Background(), explore.Search{Runs: 50, Workers: 2})
	for _, finding := range result.Findings {
		fmt.Println("broken:", finding.Sentence)
		fmt.Println("found: ", finding.Found)
		for _, action := range finding.History.Actions {
			fmt.Println(action)
		}
	}
	// Output:
	// broken: quorum: count(ready(web)) >= 2
	// found:  count(ready(web)) is 1, ready(web) is [web-0]
	//   11.000s delete-pod default/web-1
	//   11.479s delete-pod default/web-2
}

// Every order in which events can be taken, in a world small enough for it, with one operation wherever it is possible.
func ExampleWorld_Exhaust() {
	w, err := explore.NewWorld(explore.Setting{Manifests: []byte(strings.Replace(manifest, "replicas: 3", "replicas: 1", 1)), Verbs: []string{"delete-pod"}})
	if err != nil {
		log.Fatal(err)
	}
	report := w.Exhaust(explore.Bounds{Ready: true, Faults: 1, Window: 12 * time.Millisecond}, nil)
	fmt.Println("all seen:", report.Exhausted, "- broken:", len(report.Trails))
	// Output:
	// all seen: true - broken: 0
}

// A history is data: it can be written down, changed by hand, and lived again. It always comes out the same.
func ExampleWorld_Live() {
	w, err := explore.NewWorld(explore.Setting{Manifests: []byte(manifest)})
	if err != nil {
		log.Fatal(err)
	}
	history := explore.History{
		Ready: true, // begin when all are Ready
		Actions: []explore.Action{
			{At: 12 * time.Second, Operation: explore.Operation{Verb: "drain", Name: "node-1"}},
			{At: 13 * time.Second, Operation: explore.Operation{Verb: "drain", Name: "node-2"}},
		},
		End: 20 * time.Second,
	}
	outcome := w.Live(history)
	fmt.Println(outcome.Breach.Sentence)
	fmt.Print(w.Tell(history).Timeline())
	// Output:
	// draining nodes one after the other leaves a majority of a StatefulSet's Pods Ready
	//         10.2s 12s  12.5s     13.5s
	//         +~~~~~+----+---------+  on
	// web-0   ================xxxxxf  node-2
	// web-1   ======xxxxx...........  node-1, node-3
	// web-2   ======================  node-3
	// node-1  ======cccccccccccccccc
	// node-2  ================cccccc
	//               a         b    *
	//         . pending   = Ready   x terminating   f finished   c cordoned   ~ longer than it looks
	//       12s a kubectl drain node-1
	//       13s b kubectl drain node-2
	//    13.53s * broken: draining nodes one after the other leaves a majority of a StatefulSet's Pods Ready: default/web has 1 of 3 Pods Ready
}
