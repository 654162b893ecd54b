package control_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

const withScratch = `{apiVersion: v1, kind: Pod, metadata: {name: worker}, spec: {terminationGracePeriodSeconds: 1,
	containers: [{name: main, image: busybox, command: [sleep, infinity], volumeMounts: [{name: scratch, mountPath: /scratch}]}],
	volumes: [{name: scratch, ephemeral: {volumeClaimTemplate: {metadata: {labels: {kind: scratch}, annotations: {note: x}}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]}}`

// A Pod brings a volume along: the claim is made for it, bound, used, and goes with the Pod.
func TestEphemeralVolume(t *testing.T) {
	w := &town{t, sim.New(sim.Options{History: -1})}
	w.apply(withScratch)
	w.run(time.Minute)
	claim := w.claim("worker-scratch")
	if claim == nil {
		t.Fatal("no claim was made")
	}
	equal(t, "labels and annotation", claim.Labels["kind"]+claim.Annotations["note"], "scratchx")
	equal(t, "phases", string(claim.Status.Phase)+" "+string(w.pod("worker").Status.Phase), "Bound Running")
	if owner := metav1.GetControllerOf(claim); owner == nil || owner.UID != w.pod("worker").UID || owner.APIVersion != "v1" || !*owner.BlockOwnerDeletion {
		t.Errorf("owner %+v", owner)
	}
	volume := claim.Spec.VolumeName
	w.remove(w.pod("worker"))
	w.run(time.Minute)
	if w.claim("worker-scratch") != nil || w.volume(volume) != nil {
		t.Error("claim or volume are left")
	}
	if !w.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
}

// A claim that somebody takes away from a Pod that waits is made again.
func TestEphemeralClaimIsMadeAgain(t *testing.T) {
	w := newTown(t, sim.Options{Without: []string{"volume", "scheduler"}})
	w.apply(withScratch)
	w.run(time.Second)
	before := w.claim("worker-scratch")
	w.remove(before)
	w.run(time.Second)
	if again := w.claim("worker-scratch"); again == nil || again.UID == before.UID {
		t.Errorf("claim %v", again)
	}
}

// A claim of the name that is not the Pod's is not used, and the Pod says so.
func TestEphemeralClaimIsTaken(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("worker-scratch", "standard"))
	w.apply(withScratch)
	w.run(10 * time.Second)
	found := w.events("Pod", "worker")
	if !slices.ContainsFunc(found, func(line string) bool {
		return strings.HasPrefix(line, "Warning FailedBinding ephemeral_volume: ephemeral volume scratch: PVC default/worker-scratch was not created for pod default/worker (pod is not owner)")
	}) {
		t.Errorf("events %q", found)
	}
	if owner := metav1.GetControllerOf(w.claim("worker-scratch")); owner != nil {
		t.Errorf("the claim is controlled by %v", owner)
	}
	w.remove(w.claim("worker-scratch"))
	w.run(20 * time.Second)
	if claim := w.claim("worker-scratch"); claim == nil || !metav1.IsControlledBy(claim, w.pod("worker")) {
		t.Error("no claim is made when the name is free")
	}
	_, _, err := w.Delete(api.KindNamed("Pod"), api.NameOf(w.pod("worker")), metav1.DeleteOptions{})
	if err != nil || w.pod("worker") != nil && w.pod("worker").Status.Phase == corev1.PodRunning {
		t.Error(err)
	}
}
