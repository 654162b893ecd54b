package explore

import (
	"flag"
	"strings"
	"testing"

	"github.com/stsim/stsim/sim"
)

var histories = flag.Int("explore.histories", 15, "how many histories each world of the survival test is lived in")

// worlds are sets that between them use most of what a StatefulSet can do.
var worlds = map[string]string{
	"ordered":   web,
	"available": with("  minReadySeconds: 5\n"),
	"parallel":  with("  podManagementPolicy: Parallel\n  revisionHistoryLimit: 0\n"),
	"partition": with("  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}\n"),
	"on delete": with("  updateStrategy: {type: OnDelete}\n"),
	"start":     with("  ordinals: {start: 2}\n  revisionHistoryLimit: 0\n") + stranger,
	"scaled":    with("  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n"),
	"deleted":   with("  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n"),
	"both":      with("  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}\n"),
	"old":       web,
}

// releases are those of worlds that are not of the newest one. In 1.9 sets had no retention policy.
var releases = map[string]string{"old": "1.9"}

// stranger is a Pod that the set adopts, and does not want.
const stranger = `---
apiVersion: v1
kind: Pod
metadata: {name: web-0, labels: {app: nginx}}
spec: {containers: [{name: nginx, image: nginx}]}
`

func with(more string) string {
	return strings.Replace(web, "  serviceName: nginx\n", "  serviceName: nginx\n"+more, 1)
}

// TestSurvival lives through everything but what is known to break promises, and finds them all kept. With one of the mutants in place of the
// StatefulSet controller it must fail.
func TestSurvival(t *testing.T) {
	for name, manifest := range worlds {
		t.Run(name, func(t *testing.T) {
			setting := Setting{
				Manifests: []byte(manifest), Except: Expectations(), Options: sim.Options{Kubernetes: releases[name]},
				Verbs: []string{"scale", "restart", "delete-pod", "delete-set", "orphan-set", "apply", "node-down", "node-up"},
			}
			if name == "scaled" || name == "both" {
				setting.Except = append(setting.Except, comesUp(defaultBound)) // see TestFindsForgottenSet
			}
			w, err := NewWorld(setting)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(*histories) {
				if outcome := w.Draw(seed); outcome.Breach != nil {
					t.Fatalf("seed %d: %s: %s; %v %v", seed, outcome.Breach.Sentence, outcome.Breach.Found, outcome.Actions, outcome.Odd)
				}
			}
		})
	}
}

// TestFindsForgottenSet: a set that is scaled down and soon up again, while the claims of its former Pods are about to be collected, waits for their
// end. Nobody tells its controller of that: it has no handler for claims (upstream: stateful_set.go, NewStatefulSetController), and
// so the set waits until something else happens to it.
func TestFindsForgottenSet(t *testing.T) {
	h := finds(t, Setting{Manifests: []byte(worlds["scaled"]), Verbs: []string{"scale"}, Except: Expectations()}, comesUp(defaultBound))
	if len(h.Odd) > 0 || len(h.Actions) != 2 {
		t.Errorf("expected two scalings, got %v %v", h.Actions, h.Odd)
	}
}
