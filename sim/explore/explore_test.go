package explore

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stsim/stsim/sim/property"
)

const web = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.8
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

// finds draws histories until one breaks the sentence, and shrinks it.
func finds(t *testing.T, setting Setting, sentence string) History {
	t.Helper()
	w, err := NewWorld(setting)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(2000) {
		outcome := w.Draw(seed)
		if outcome.Breach == nil || outcome.Breach.Sentence != sentence {
			continue
		}
		shrunk := w.Shrink(outcome.History, sentence, 500)
		if again := w.Live(shrunk); again.Breach == nil || again.Breach.Sentence != sentence {
			t.Fatalf("seed %d: the shrunk history breaks %v", seed, again.Breach)
		}
		t.Logf("seed %d: %d actions and %d odd answers became %v %v", seed, len(outcome.Actions), len(outcome.Odd), shrunk.Actions, shrunk.Odd)
		return shrunk
	}
	t.Fatalf("not found broken in 2000 histories: %s", sentence)
	return History{}
}

func TestFindsSplitBrain(t *testing.T) {
	h := finds(t, Setting{Manifests: []byte(web)}, "at most one container of a name runs per Pod identity")
	if !slices.ContainsFunc(h.Actions, func(a Action) bool { return a.Verb == "force-delete-pod" }) {
		t.Errorf("the shrunk history has no forced deletion: %v", h.Actions)
	}
}

func TestFindsDrainWithoutBudget(t *testing.T) {
	h := finds(t, Setting{Manifests: []byte(web)}, majorityKept)
	if len(h.Actions) != 2 || h.Actions[0].Verb != "drain" || h.Actions[1].Verb != "drain" || len(h.Odd) > 0 {
		t.Errorf("expected two drains, got %v %v", h.Actions, h.Odd)
	}
}

const budget = `
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: nginx}}}
`

func TestBudgetKeepsMajority(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: []byte(web + budget), Verbs: []string{"drain", "uncordon"}})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(200) {
		if outcome := w.Draw(seed); outcome.Breach != nil {
			t.Fatalf("seed %d: %v after %v %v", seed, outcome.Breach, outcome.Actions, outcome.Odd)
		}
	}
}

func TestFindsClaimLost(t *testing.T) {
	wrong := strings.Replace(web, "  serviceName: nginx\n", "  serviceName: nginx\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n", 1)
	h := finds(t, Setting{Manifests: []byte(wrong)}, volumeKept)
	if !slices.ContainsFunc(h.Actions, func(a Action) bool { return a.Verb == "scale" }) {
		t.Errorf("the shrunk history has no scaling: %v", h.Actions)
	}
}

func TestFindsOwnProperty(t *testing.T) {
	own, err := property.Parse("quorum: count(ready(web)) >= 2")
	if err != nil {
		t.Fatal(err)
	}
	finds(t, Setting{Manifests: []byte(web), Properties: []property.Property{own}, Verbs: []string{"delete-pod"}}, own.String())
}

// TestHistoriesRepeat lives histories that were drawn again from what they were recorded as.
func TestHistoriesRepeat(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: []byte(web)})
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60) {
		drawn := w.Draw(seed)
		again := w.Live(drawn.History)
		if !cmp.Equal(drawn, again) {
			t.Fatalf("seed %d came out otherwise: %s", seed, cmp.Diff(drawn, again))
		}
	}
}
