package explore

import (
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/property"
)

// shard is an application that moves what it holds to its newest member, and does not take it back from one that leaves.
const shard = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: db
        image: busybox
        command:
        - sh
        - -c
        - |
          trap 'exit 0' TERM
          me=$(hostname)
          next=db-$(( ${me#db-} + 1 ))
          [ -e /data/begun ] || echo everything > /data/copy
          touch /data/begun /tmp/ready
          while true; do
            if nslookup "$next.db.default.svc.cluster.local" >/dev/null 2>&1; then rm -f /data/copy; fi
            sleep 5
          done
        readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 5}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

const aCopy = `a copy: !exists(sts/db) || count(ready(db)) < statefulset("db").spec.replicas || any(ready(db), file(it, "/data/copy") != nil)`

// TestFindsOnlyCopyLost: scaling down removes the member that holds all, and nobody had said that scaling down is worth a try.
func TestFindsOnlyCopyLost(t *testing.T) {
	own, err := property.Parse(aCopy)
	if err != nil {
		t.Fatal(err)
	}
	h := finds(t, Setting{Manifests: []byte(shard), Properties: []property.Property{own}}, own.String())
	if len(h.Actions) != 1 || h.Actions[0].Operation != (Operation{Verb: "scale", Name: "default/db", Number: 1}) || len(h.Odd) > 0 {
		t.Errorf("expected one scaling: %v %v", h.Actions, h.Odd)
	}
	replicated := strings.Replace(shard, "then rm -f /data/copy; fi", "then :; fi", 1)
	w, err := NewWorld(Setting{Manifests: []byte(replicated), Properties: []property.Property{own}})
	if err != nil {
		t.Fatal(err)
	}
	if outcome := w.Live(h); outcome.Breach != nil {
		t.Errorf("where members keep their copies: %v", outcome.Breach)
	}
}

// TestExhaustsFiles finds the same among all orders, in which states that differ in files only are two.
func TestExhaustsFiles(t *testing.T) {
	own, err := property.Parse(aCopy)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorld(Setting{Manifests: []byte(shard), Properties: []property.Property{own}, Verbs: []string{"scale"}})
	if err != nil {
		t.Fatal(err)
	}
	report := w.Exhaust(Bounds{Ready: true, Faults: 1, Window: time.Nanosecond, States: 5000}, func(soFar Report) bool { return len(soFar.Trails) == 0 })
	if len(report.Trails) != 1 || report.Trails[0].Sentence != own.String() {
		t.Errorf("%d states, found %v", report.States, report.Trails)
	}
}
