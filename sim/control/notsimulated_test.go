package control_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
)

// What nobody works for says so, once; what somebody does work for says nothing.
func TestNotSimulated(t *testing.T) {
	const job = "{template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}"
	w := newTown(t, sim.Options{})
	for _, c := range []struct{ kind, manifest, want string }{
		{"CronJob", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: x}, spec: {schedule: '* * * * *', jobTemplate: {spec: " + job + "}}}}",
			"A CronJob is kept but not simulated: no Jobs are created on a schedule; hint: kubectl create job --from=cronjob/NAME creates one"},
		{"NetworkPolicy", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: x}, spec: {podSelector: {}}}",
			"A NetworkPolicy is kept but not simulated: all connections are allowed"},
		{"ResourceQuota", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: x}, spec: {hard: {pods: '4'}}}",
			"A ResourceQuota is kept but not simulated: nothing is counted or refused"},
		{"Job", "{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: " + job + ", completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1}}",
			"A Job with spec.backoffLimitPerIndex is kept but not simulated: no Pods are created for it"},
		{"ConfigMap", "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}", ""},
		{"PodDisruptionBudget", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: x}, spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}}", ""},
	} {
		w.apply(c.manifest)
		w.run(time.Hour)
		var want []string
		if c.want != "" {
			want = []string{"Warning NotSimulated stsim: " + c.want}
		} else if c.kind == "PodDisruptionBudget" {
			want = []string{"Normal NoPods controllermanager: No matching pods found (x2)"}
		}
		equalLines(t, c.kind, w.events(c.kind, "x"), want...)
	}
}

// A Pod whose containers would share their processes runs, and says that they do not.
func TestNotSimulatedOfPods(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.apply("{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {shareProcessNamespace: true, containers: [{name: c, image: busybox}]}}")
	w.run(time.Minute)
	const want = "Warning NotSimulated stsim: A Pod with spec.shareProcessNamespace is run but that is not simulated: its containers do not see each other's processes"
	if found := w.events("Pod", "x"); !slices.Contains(found, want) {
		t.Errorf("no %q in %q", want, found)
	}
}
