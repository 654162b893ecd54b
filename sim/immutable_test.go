package sim_test

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// TestRowsNeverChange keeps a deep copy of every object that was ever written, and looks at the end whether an object that was handed to the
// store has been changed afterwards: whoever writes shares what stays the same with what was there before.
func TestRowsNeverChange(t *testing.T) {
	type pair struct{ stored, copied api.Object }
	var written []pair
	cluster := sim.New(sim.Options{Trace: func(record sim.Record) {
		for _, change := range record.Changes {
			if change.New != nil {
				written = append(written, pair{change.New, change.New.DeepCopyObject().(api.Object)})
			}
		}
	}})
	settle := func() { cluster.RunFor(3 * time.Minute) }
	apply := func(manifest string) {
		t.Helper()
		if err := cluster.Apply([]byte(manifest)); err != nil {
			t.Fatal(err)
		}
		settle()
	}
	apply(web)
	apply(strings.NewReplacer("replicas: 3", "replicas: 5").Replace(web))
	apply(strings.NewReplacer("replicas: 3", "replicas: 4", "nginx-slim:0.21", "nginx-slim:0.24").Replace(web))
	if err := cluster.Befall(sim.Fault{Verb: sim.NodeDown, Node: "node-1"}); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(10 * time.Minute)
	if err := cluster.Befall(sim.Fault{Verb: sim.NodeUp, Node: "node-1"}); err != nil {
		t.Fatal(err)
	}
	settle()
	if err := cluster.DeleteObject("StatefulSet", "default", "web"); err != nil {
		t.Fatal(err)
	}
	settle()
	for _, written := range written {
		if !equality.Semantic.DeepEqual(written.stored, written.copied) {
			t.Errorf("%s %s at resource version %s was changed after it had been written",
				api.KindOf(written.stored).Kind, api.NameOf(written.stored), written.copied.GetResourceVersion())
		}
	}
}
