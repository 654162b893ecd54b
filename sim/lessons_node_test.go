package sim_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
)

// writer is a set of one Pod that writes its address into its volume every ten seconds.
const writer = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: writer}
spec:
  replicas: 1
  selector: {matchLabels: {app: writer}}
  template:
    metadata: {labels: {app: writer}}
    spec:
      containers:
      - name: main
        image: busybox:1.28
        command: [sh, -c, "while true; do hostname -i >> /data/log; sleep 10; done"]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// The time line of a node that is cut off, as it was measured: not ready after 40 to 50 s, its Pods marked for deletion 300 s after its taint, and then nothing.
// A forced deletion ends the wait: six minutes later two processes of one name write into one volume.
func TestNodeFailureTimeLine(t *testing.T) {
	s := newNodes(t, sim.Options{Check: true})
	s.do("apply", s.Apply([]byte(writer)))
	mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "writer"))
	s.RunFor(time.Minute)
	old := s.pod("writer-0")
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: old.Spec.NodeName}))
	cut := s.Now()
	reach := func(what string, least, most time.Duration, holds func() bool) {
		t.Helper()
		for s.Now().Before(cut.Add(most+time.Minute)) && !holds() && s.Step() {
		}
		if after := s.Now().Sub(cut); !holds() || after < least || after > most {
			t.Errorf("%s after %s, expected %s to %s", what, after, least, most)
		}
	}
	reach("the node is not ready", 40*time.Second, 51*time.Second, func() bool {
		return strings.HasPrefix(s.node(old.Spec.NodeName), "Ready=Unknown")
	})
	notReady := s.Now().Sub(cut)
	reach("its Pods are not ready", notReady, notReady+time.Second, func() bool { return !isReady(s.pod("writer-0")) })
	reach("the node is tainted", notReady, notReady+time.Second, func() bool {
		return slices.Contains(strings.Fields(s.node(old.Spec.NodeName)), "unreachable:NoExecute")
	})
	reach("the Pod is marked for deletion", notReady+300*time.Second, notReady+302*time.Second, func() bool { return s.pod("writer-0").DeletionTimestamp != nil })
	if events := eventsOf(s, "writer-0", "TaintManagerEviction"); len(events) != 1 || events[0] != "Marking for deletion Pod default/writer-0" {
		t.Errorf("TaintManagerEviction: %q", events)
	}
	s.RunFor(24 * time.Hour)
	if pod := s.pod("writer-0"); pod.UID != old.UID || pod.DeletionTimestamp == nil {
		t.Error("a day later the Pod is not the old one, still Terminating")
	}

	s.do("force", s.deletePod("writer-0", true))
	forced := s.Now()
	mustWait := func() bool { return s.pod("writer-0").Status.Phase != corev1.PodRunning }
	s.RunFor(5 * time.Minute)
	if !mustWait() || len(eventsOf(s, "writer-0", "FailedAttachVolume")) != 1 {
		t.Errorf("the new Pod has a volume that is attached elsewhere\n%s", state(s.Cluster))
	}
	for mustWait() && s.Step() {
	}
	if after := s.Now().Sub(forced); after < 6*time.Minute || after > 6*time.Minute+30*time.Second {
		t.Errorf("the new Pod runs after %s, expected 6 minutes for the volume", after)
	}
	s.RunFor(time.Minute)
	if nodes := s.running("writer-0"); len(nodes) != 2 {
		t.Errorf("writer-0 runs on %v, expected two nodes", nodes)
	}
	now := s.pod("writer-0")
	lines := strings.Fields(readFile(s, now, "/data/log"))
	recent := lines[max(0, len(lines)-12):]
	if !slices.Contains(recent, old.Status.PodIP) || !slices.Contains(recent, now.Status.PodIP) {
		t.Errorf("the volume was written to by %v, expected both %s and %s", recent, old.Status.PodIP, now.Status.PodIP)
	}
	if broken := s.BrokenPromises(); len(broken) == 0 {
		t.Error("nobody noticed that two processes have one name")
	}
}
