package explore

import (
	"testing"
	"time"
)

func benchWorld(b *testing.B, setting Setting) *World {
	b.Helper()
	w, err := NewWorld(setting)
	if err != nil {
		b.Fatal(err)
	}
	return w
}

// BenchmarkHistories draws and lives histories of three Pods with volumes, all promises checked after every event: created or Ready, up to twelve operations and faults,
// healed, and Ready again.
func BenchmarkHistories(b *testing.B) {
	w := benchWorld(b, Setting{Manifests: []byte(web)})
	b.ReportAllocs()
	events := uint64(0)
	for seed := range uint64(b.N) {
		events += w.Draw(seed).Events
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "histories/s")
	b.ReportMetric(float64(events)/float64(b.N), "events/history")
}

// BenchmarkExhaust goes through all orders in which two Pods come up. An operation is a whole exploration.
func BenchmarkExhaust(b *testing.B) {
	w := benchWorld(b, Setting{Manifests: small("2", "")})
	b.ReportAllocs()
	states := 0
	for range b.N {
		states += w.Exhaust(Bounds{Window: 12 * time.Millisecond}, nil).States
	}
	b.ReportMetric(float64(states)/b.Elapsed().Seconds(), "states/s")
}

// BenchmarkFork copies a cluster.
func BenchmarkFork(b *testing.B) {
	w := benchWorld(b, Setting{Manifests: []byte(web)})
	b.ReportAllocs()
	for b.Loop() {
		w.ready.Fork()
	}
}
