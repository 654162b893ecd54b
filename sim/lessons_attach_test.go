package sim_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
)

const sharedClaim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// sharingPod is a Pod on node-% that uses the claim data and ends after SECONDS.
const sharingPod = `
apiVersion: v1
kind: Pod
metadata: {name: reader-%}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 5
  nodeSelector: {kubernetes.io/hostname: node-%}
  containers: [{name: main, image: busybox:1.28, command: [sleep, "SECONDS"], volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`

// A ReadWriteOnce volume goes to one node at a time: a second Pod on another node waits until the first has ended or is gone, though both nodes are well.
func TestMultiAttachWithTwoHealthyNodes(t *testing.T) {
	for _, one := range []struct {
		name, seconds string
		free          func(s *story)
	}{
		{"deleted", "1000000", func(s *story) { s.do("delete", s.deletePod("reader-1", false)) }},
		{"ended", "120", func(*story) {}},
	} {
		t.Run(one.name, func(t *testing.T) {
			s := newNodes(t, sim.Options{Check: true})
			s.do("claim", s.Apply([]byte(sharedClaim)))
			s.do("first", s.Apply([]byte(strings.NewReplacer("%", "1", "SECONDS", one.seconds).Replace(sharingPod))))
			s.RunFor(30 * time.Second)
			s.do("second", s.Apply([]byte(strings.NewReplacer("%", "2", "SECONDS", "1000000").Replace(sharingPod))))
			s.RunFor(30 * time.Second)
			if phase := s.pod("reader-2").Status.Phase; phase != corev1.PodPending {
				t.Errorf("the second Pod is %s while the first has the volume", phase)
			}
			want := "Multi-Attach error for volume \"" + volumeOf(s, "data") + "\" Volume is already used by pod(s) reader-1"
			if events := eventsOf(s, "reader-2", "FailedAttachVolume"); len(events) != 1 || events[0] != want {
				t.Errorf("FailedAttachVolume: %q", events)
			}
			one.free(s)
			s.RunFor(2 * time.Minute)
			if phase := s.pod("reader-2").Status.Phase; phase != corev1.PodRunning {
				t.Errorf("the second Pod is %s when the first is gone\n%s", phase, state(s.Cluster))
			}
			if events := eventsOf(s, "reader-2", "SuccessfulAttachVolume"); len(events) != 1 {
				t.Errorf("SuccessfulAttachVolume: %q", events)
			}
			for _, broken := range s.BrokenPromises() {
				t.Error(broken)
			}
		})
	}
}
