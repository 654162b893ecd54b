package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/control"
)

const benchSet = `
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
        image: nginx:1.27
        volumeMounts: [{name: www, mountPath: /www}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// BenchmarkStatefulSetReconcile is one look of the StatefulSet controller at a set of three Pods with volumes, as a pure function from what it sees to its Plan: at a
// set to which nothing is to be done, and at every state in which a controller saw it while it came up, was updated and scaled in.
func BenchmarkStatefulSetReconcile(b *testing.B) {
	loops := control.Loops()
	loop := loops[slices.IndexFunc(loops, func(loop control.Loop) bool { return loop.Name == "statefulset" })]
	var seen []control.Input
	var cluster *sim.Cluster
	cluster = sim.New(sim.Options{Trace: func(record sim.Record) {
		if record.Who == loop.Name {
			seen = append(seen, control.Input{View: record.Before, Key: control.Key{Namespace: "default", Name: "web"}, Now: record.At, Settings: cluster.Settings()})
		}
	}})
	for _, manifest := range []string{benchSet, strings.Replace(benchSet, "nginx:1.27", "nginx:1.28", 1), strings.Replace(benchSet, "replicas: 3", "replicas: 1", 1), benchSet} {
		if err := cluster.Apply([]byte(manifest)); err != nil {
			b.Fatal(err)
		}
		cluster.RunFor(5 * time.Minute)
	}
	settled := seen[0]
	settled.View, settled.Now = cluster.View(), cluster.Now()
	for _, write := range loop.Sync(settled).Writes {
		if write.Tally == nil || write.Tally(nil, 0) != nil {
			b.Fatalf("the set is not settled: %s", write.Verb)
		}
	}
	run := func(name string, inputs ...control.Input) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				loop.Sync(inputs[i%len(inputs)])
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reconciles/s")
		})
	}
	run("settled", settled)
	run("in progress", seen...)
}
