package explore

import (
	"strings"
	"testing"
	"time"
)

func small(replicas, more string) []byte {
	return []byte(strings.Replace(web, "replicas: 3", "replicas: "+replicas, 1) + more)
}

// bare is a set without volumes.
func bare(more string) []byte {
	before, _, _ := strings.Cut(web, "        volumeMounts:")
	return []byte(before + more)
}

// TestExhaustsOrders takes all orders in which two Pods can come up, and finds every promise kept in each.
func TestExhaustsOrders(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: small("2", "")})
	if err != nil {
		t.Fatal(err)
	}
	quick := w.Exhaust(Bounds{Window: time.Nanosecond}, nil)
	all := w.Exhaust(Bounds{Window: 12 * time.Millisecond}, nil)
	again := w.Exhaust(Bounds{Window: time.Nanosecond}, nil)
	for _, report := range []Report{quick, all} {
		if !report.Exhausted || len(report.Trails) > 0 {
			t.Errorf("exhausted %v, found %v", report.Exhausted, report.Trails)
		}
	}
	if all.States < 4*quick.States || quick.States != again.States || quick.Transitions != again.Transitions {
		t.Errorf("%d and then %d states where order hardly matters, %d where it does", quick.States, again.States, all.States)
	}
	t.Logf("%d states and %d transitions in all orders", all.States, all.Transitions)
}

// TestExhaustsFaults lets two things befall the set wherever they can.
func TestExhaustsFaults(t *testing.T) {
	bounds := Bounds{Ready: true, Faults: 2, Window: time.Nanosecond}
	w, err := NewWorld(Setting{Manifests: bare(""), Verbs: []string{"drain"}})
	if err != nil {
		t.Fatal(err)
	}
	report := w.Exhaust(bounds, func(soFar Report) bool { return len(soFar.Trails) == 0 })
	if len(report.Trails) != 1 || report.Trails[0].Sentence != majorityKept {
		t.Fatalf("found %v", report.Trails)
	}
	drains := 0
	for _, move := range report.Trails[0].Moves {
		if move.Operation != nil {
			drains++
		}
	}
	if drains != 2 {
		t.Errorf("the trail has %d drains: %v", drains, report.Trails[0].Moves)
	}
	if w, err = NewWorld(Setting{Manifests: bare(budget), Verbs: []string{"drain"}}); err != nil {
		t.Fatal(err)
	}
	if report := w.Exhaust(bounds, nil); !report.Exhausted || len(report.Trails) > 0 {
		t.Errorf("with a budget: exhausted %v, found %v", report.Exhausted, report.Trails)
	}
}

// TestExhaustEndsWhenTold ends at the first report, and at its bound of states.
func TestExhaustEndsWhenTold(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: small("2", "")})
	if err != nil {
		t.Fatal(err)
	}
	report := w.Exhaust(Bounds{Faults: 3}, func(Report) bool { return false })
	if report.Exhausted || report.Transitions > 2*tellEvery {
		t.Errorf("exhausted %v after %d transitions", report.Exhausted, report.Transitions)
	}
	if report := w.Exhaust(Bounds{States: 50}, nil); report.Exhausted || report.States != 50 {
		t.Errorf("exhausted %v with %d states of at most 50", report.Exhausted, report.States)
	}
}

// TestExhaustsStaleCaches lets every loop see the world as it was a change ago, in all ways. One Pod comes up in each.
func TestExhaustsStaleCaches(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: small("1", "")})
	if err != nil {
		t.Fatal(err)
	}
	fresh := w.Exhaust(Bounds{Window: time.Nanosecond}, nil)
	stale := w.Exhaust(Bounds{Window: time.Nanosecond, Stale: 1}, nil)
	if !stale.Exhausted || len(stale.Trails) > 0 {
		t.Errorf("exhausted %v after %d states, found %v", stale.Exhausted, stale.States, stale.Trails)
	}
	if stale.States < 2*fresh.States {
		t.Errorf("%d states with stale caches, %d without", stale.States, fresh.States)
	}
	t.Logf("%d states with fresh caches, %d with stale ones", fresh.States, stale.States)
}

// TestRetellsTrails makes a history of a trail on which the end of a container is overtaken by the start of its successor.
func TestRetellsTrails(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: small("3", ""), Verbs: []string{"force-delete-pod"}})
	if err != nil {
		t.Fatal(err)
	}
	bounds := Bounds{Ready: true, Faults: 1, Window: 2 * time.Second}
	report := w.Exhaust(bounds, func(soFar Report) bool { return len(soFar.Trails) == 0 })
	if len(report.Trails) != 1 {
		t.Fatalf("found %v", report.Trails)
	}
	finding, found := w.Retell(bounds, report.Trails[0])
	if !found || finding.Sentence != "at most one container of a name runs per Pod identity" || len(finding.History.Actions) != 1 || len(finding.History.Odd) == 0 {
		t.Errorf("%v %v, of\n%v", found, finding, report.Trails[0].Moves)
	}
}
