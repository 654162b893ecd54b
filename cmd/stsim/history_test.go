package main

import (
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// What the cluster itself no longer remembers is in its file: it can be looked at, gone back to, and gone back to again when the file is taken up.
func TestTheWholePastIsInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	kept, err := createState(path, sim.Options{Start: start, History: 2}, func(*sim.Cluster) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	live := func(seconds int) { // a ConfigMap a second
		t.Helper()
		for range seconds {
			made++
			object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("c%d", made)}}
			if _, err := kept.Create(object, false); err != nil {
				t.Fatal(err)
			}
			kept.RunFor(time.Second)
		}
	}
	count := func(cluster *sim.Cluster) (number int) {
		for range store.List[*corev1.ConfigMap](cluster.View(), "default") {
			number++
		}
		return number - 1 // kube-root-ca.crt
	}
	wants := func(seconds, number int) {
		t.Helper()
		past, err := kept.At(start.Add(time.Duration(seconds)*time.Second + time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if found := count(past); found != number {
			t.Errorf("after %d s: expected %d, found %d", seconds, number, found)
		}
	}
	live(20)
	wants(4, 5)
	if err := kept.GoBack(start.Add(10*time.Second + time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if found := count(kept.Cluster); found != 11 {
		t.Errorf("found %d", found)
	}
	live(10)
	wants(4, 5)
	wants(13, 15)
	if err := kept.GoBack(start.Add(12*time.Second + 2*time.Millisecond)); err != nil { // the present that it went on in, not the one that was undone
		t.Fatal(err)
	}
	live(5)
	before := kept.Point()
	kept.close()
	if kept, err = openState(path, func(sim.Options) error { return nil }, io.Discard); err != nil {
		t.Fatal(err)
	}
	defer kept.close()
	if kept.Point().Revision != before.Revision {
		t.Errorf("expected %s, found %s", before, kept.Point())
	}
	wants(4, 5)
	live(5)
	if err := kept.GoBack(start.Add(3 * time.Second)); err != nil {
		t.Fatal(err)
	}
	wants(1, 2)
	p, err := readPast(path, "2500ms", func(*sim.Options) {}, func(sim.Point, sim.Input) {})
	if err != nil || count(p.cluster) != 3 {
		t.Errorf("%v", err)
	}
}
