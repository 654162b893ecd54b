package explore

import (
	"strings"
	"testing"
)

// quorum is an application that knows which of its members was the last to leave: only that one may begin again alone.
const quorum = `
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
  replicas: 3
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: db
        image: busybox
        command:
        - sh
        - -c
        - |
          others() {
            for i in 0 1 2; do
              if [ "db-$i" != "$(hostname)" ] && nslookup "db-$i.db.default.svc.cluster.local" >/dev/null 2>&1; then echo "$i"; fi
            done
          }
          leave() {
            if [ -z "$(others)" ]; then touch /data/newest; fi
            exit 0
          }
          trap leave TERM
          if [ -e /data/member ] && [ ! -e /data/newest ] && [ -z "$(others)" ]; then
            echo "somebody else may have newer data"
            exit 1
          fi
          touch /data/member /tmp/ready
          rm -f /data/newest
          while true; do sleep 1; done
        readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

// TestFindsOrderedReadyDeadlock: when another member than ordinal 0 was the last to leave, OrderedReady never lets it begin.
func TestFindsOrderedReadyDeadlock(t *testing.T) {
	setting := Setting{Manifests: []byte(quorum), Verbs: []string{"delete-pod"}}
	h := finds(t, setting, comesUp(defaultBound))
	if len(h.Actions) < 3 {
		t.Errorf("expected all three members to have gone: %v", h.Actions)
	}
	parallel := strings.Replace(quorum, "  replicas: 3", "  podManagementPolicy: Parallel\n  replicas: 3", 1)
	w, err := NewWorld(Setting{Manifests: []byte(parallel), Verbs: []string{"delete-pod"}})
	if err != nil {
		t.Fatal(err)
	}
	if outcome := w.Live(h); outcome.Breach != nil {
		t.Errorf("with Parallel: %v", outcome.Breach)
	}
}
