package explore

import (
	"strings"
	"testing"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/control"
)

const datastore = `
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: datastore
  annotations:
    statefulsets.kubernetes.io/scaledown-pod-template: |
      {"spec": {"terminationGracePeriodSeconds": 5, "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sleep", "10"],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}}
spec:
  serviceName: datastore
  replicas: 3
  selector: {matchLabels: {app: datastore}}
  template:
    metadata: {labels: {app: datastore}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: main
        image: busybox:1.36
        command: [sh, -c, "echo shard > /data/shard; sleep infinity"]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
`

// TestScaledownRaces finds a hole of the graceful scale-down that its author marks in the code: a member is scaled away and wanted again while its
// volume is drained, and nobody asks a second time before the claim is deleted.
func TestScaledownRaces(t *testing.T) {
	w, err := NewWorld(Setting{
		Manifests: []byte(datastore), Verbs: []string{"scale"}, Options: sim.Options{With: []string{control.GracefulScaledown}},
		Except: []string{"an ordinal that comes back finds the volume that it had"}, // that is what the loop is there for
	})
	if err != nil {
		t.Fatal(err)
	}
	found := w.Search(t.Context(), Search{Runs: 6}).Findings
	if len(found) == 0 || found[0].Sentence != "no control loop deletes a claim that the retention policy keeps" || !strings.HasPrefix(found[0].Found, "graceful-scaledown deleted claim default/data-datastore-") {
		t.Fatalf("%+v", found)
	}
	if page, err := w.Page(found[0]); err != nil || !strings.Contains(string(page), "\nloops: [graceful-scaledown]\n") {
		t.Errorf("%v\n%s", err, page)
	}
}
