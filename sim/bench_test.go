package sim_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stsim/stsim/sim"
)

// TestMain collects garbage as the tool does: a cluster's life is mostly short-lived objects, and at Go's default a third of the time goes
// into collecting them.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// BenchmarkNew makes a cluster.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sim.New(sim.Options{})
	}
}

// BenchmarkBringUp is a set of three Pods with volumes, from its manifest in an empty cluster until it is Ready.
func BenchmarkBringUp(b *testing.B) { bringUp(b, sim.Options{}) }

// BenchmarkBringUpChecked is the same with all promises asked after every event. It may take half as long again, and not more.
func BenchmarkBringUpChecked(b *testing.B) { bringUp(b, sim.Options{Check: true}) }

func bringUp(b *testing.B, options sim.Options) {
	empty := sim.New(options)
	b.ReportAllocs()
	for b.Loop() {
		cluster := empty.Fork()
		if err := cluster.Apply([]byte(web)); err != nil {
			b.Fatal(err)
		}
		if err := cluster.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParallel is a set with the Parallel policy, from an empty cluster to Ready. etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler and KWOK take 24.5 s of CPU for a thousand replicas on the same kind of machine.
func BenchmarkParallel(b *testing.B) {
	for _, replicas := range []int{1000, 10000} {
		b.Run(fmt.Sprint(replicas), func(b *testing.B) { bringUpMany(b, replicas, "Parallel") })
	}
}

// BenchmarkOrdered is the same with Pods that come one after the other. Whoever looks at a Pod that comes looks at all that are there, as
// upstream's controllers do, so that four times the Pods take sixteen times as long.
func BenchmarkOrdered(b *testing.B) {
	for _, replicas := range []int{250, 1000} {
		b.Run(fmt.Sprint(replicas), func(b *testing.B) { bringUpMany(b, replicas, "OrderedReady") })
	}
}

func bringUpMany(b *testing.B, replicas int, policy string) {
	manifest := strings.Replace(web, "replicas: 3", fmt.Sprintf("replicas: %d\n  podManagementPolicy: %s", replicas, policy), 1)
	capacity := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1000"), corev1.ResourceMemory: resource.MustParse("1Ti"), corev1.ResourcePods: resource.MustParse("1100")}
	b.ReportAllocs()
	for b.Loop() {
		cluster := sim.New(sim.Options{Nodes: 10, Capacity: capacity, Patience: 24 * time.Hour})
		if err := cluster.Apply([]byte(manifest)); err != nil {
			b.Fatal(err)
		}
		if err := cluster.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFork copies a cluster and takes one event in the copy.
func BenchmarkFork(b *testing.B) {
	cluster := newWeb(b, sim.Options{})
	b.ReportAllocs()
	for b.Loop() {
		cluster.Fork().Step()
	}
}
