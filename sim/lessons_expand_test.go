package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

func askFor(size string) func(claim *corev1.PersistentVolumeClaim) {
	return func(claim *corev1.PersistentVolumeClaim) {
		claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	}
}

// A claim can ask for more where its class says so. The volume grows first, and the file system on it while the Pod goes on running.
func TestAClaimGrows(t *testing.T) {
	s := webWith(t, sim.Options{})
	_, _, err := s.Mutate(api.KindNamed("PersistentVolumeClaim"), api.Name{Namespace: "default", Name: "www-web-0"}, "", false, false, func(current api.Object) (api.Object, error) {
		claim := current.DeepCopyObject().(*corev1.PersistentVolumeClaim)
		askFor("2Gi")(claim)
		return claim, nil
	})
	const refused = `persistentvolumeclaims "www-web-0" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize`
	if err == nil || err.Error() != refused {
		t.Errorf("without allowVolumeExpansion: %v", err)
	}
	change(s, "standard", func(class *storagev1.StorageClass) { class.AllowVolumeExpansion = ptr.To(true) })
	change(s, "www-web-0", askFor("2Gi"))
	var seen []string
	for end := s.Now().Add(time.Minute); s.Now().Before(end); s.RunFor(100 * time.Millisecond) {
		claim := object[*corev1.PersistentVolumeClaim](s, "www-web-0")
		line := fmt.Sprintf("claim %s, volume %s", claim.Status.Capacity.Storage(), object[*corev1.PersistentVolume](s, claim.Spec.VolumeName).Spec.Capacity.Storage())
		for _, condition := range claim.Status.Conditions {
			line += " " + string(condition.Type)
		}
		for _, state := range claim.Status.AllocatedResourceStatuses {
			line += " " + string(state)
		}
		if len(seen) == 0 || seen[len(seen)-1] != line {
			seen = append(seen, line)
		}
	}
	want := "claim 1Gi, volume 1Gi|claim 1Gi, volume 1Gi Resizing ControllerResizeInProgress|claim 2Gi, volume 2Gi"
	if got := strings.Join(seen, "|"); got != want {
		t.Errorf("%s", got)
	}
	volume := volumeOf(s, "www-web-0")
	wantEvents := "ExternalExpanding: waiting for an external controller to expand this PVC|Resizing: External resizer is resizing volume " + volume +
		"|FileSystemResizeRequired: Require file system resize of volume on node|FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume \"" + volume + "\" " + s.pod("web-0").Spec.NodeName
	var told []string
	for _, line := range eventsOf(s, "www-web-0", "") {
		if strings.Contains(wantEvents, strings.Split(line, ":")[0]+":") {
			told = append(told, line)
		}
	}
	if got := strings.Join(told, "|"); got != wantEvents {
		t.Errorf("events: %s", got)
	}
	if restarts := s.pod("web-0").Status.ContainerStatuses[0].RestartCount; restarts != 0 {
		t.Errorf("%d restarts", restarts)
	}
	if got := runIn(s, s.pod("web-0"), "sh", "-c", "df -h /usr/share/nginx/html | tail -1"); !strings.Contains(got, "2.0G") {
		t.Errorf("df: %s", got)
	}
}

// Where no Pod has the volume mounted, the file system waits for one.
func TestAClaimGrowsWhenAPodComes(t *testing.T) {
	s := lesson(t, sim.Options{}, sharedClaim)
	change(s, "standard", func(class *storagev1.StorageClass) { class.AllowVolumeExpansion = ptr.To(true) })
	s.RunFor(30 * time.Second)
	change(s, "data", askFor("5Gi"))
	s.RunFor(time.Hour)
	conditions := object[*corev1.PersistentVolumeClaim](s, "data").Status.Conditions
	if len(conditions) != 1 || conditions[0].Type != corev1.PersistentVolumeClaimFileSystemResizePending ||
		conditions[0].Message != "Waiting for user to (re-)start a pod to finish file system resize of volume on node." {
		t.Errorf("conditions: %+v", conditions)
	}
	s.do("apply", s.Apply([]byte(strings.NewReplacer("%", "1", "SECONDS", "1000").Replace(sharingPod))))
	s.RunFor(time.Minute)
	claim := object[*corev1.PersistentVolumeClaim](s, "data")
	if claim.Status.Capacity.Storage().String() != "5Gi" || len(claim.Status.Conditions) != 0 {
		t.Errorf("with a Pod: %+v", claim.Status)
	}
}

// A ReadWriteOncePod claim serves one Pod in the whole cluster, also on the same node.
func TestReadWriteOncePod(t *testing.T) {
	s := lesson(t, sim.Options{}, strings.Replace(sharedClaim, "ReadWriteOnce", "ReadWriteOncePod", 1))
	for _, name := range []string{"a", "b"} {
		s.do("apply", s.Apply([]byte(podNamed(name, "{terminationGracePeriodSeconds: 1, containers: [{name: main, image: busybox, command: [sleep, infinity]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}"))))
		s.RunFor(30 * time.Second)
	}
	if s.pod("a").Status.Phase != corev1.PodRunning || s.pod("b").Spec.NodeName != "" {
		t.Errorf("a is %s, b is on %q", s.pod("a").Status.Phase, s.pod("b").Spec.NodeName)
	}
	s.do("delete", s.deletePod("a", false))
	s.RunFor(6 * time.Minute)
	if _, found := store.Get[*corev1.Pod](s.View(), "default", "a"); found || s.pod("b").Status.Phase != corev1.PodRunning {
		t.Errorf("b is %s when a is gone", s.pod("b").Status.Phase)
	}
}
