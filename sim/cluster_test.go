package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// web is the manifest of the StatefulSet tutorial: a headless Service and a set with a claim per Pod.
const web = `
apiVersion: v1
kind: Service
metadata: {name: nginx, labels: {app: nginx}}
spec:
  ports: [{port: 80, name: web}]
  clusterIP: None
  selector: {app: nginx}
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
        image: registry.k8s.io/nginx-slim:0.21
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

func newWeb(t testing.TB, options sim.Options) *sim.Cluster {
	t.Helper()
	options.Check = true
	cluster := sim.New(options)
	if err := cluster.Apply([]byte(web)); err != nil {
		t.Fatal(err)
	}
	return cluster
}

func mustReach(t testing.TB, cluster *sim.Cluster, condition sim.Condition) {
	t.Helper()
	if err := cluster.RunUntil(condition); err != nil {
		t.Fatalf("%v\n%s", err, state(cluster))
	}
	for _, broken := range cluster.BrokenPromises() {
		t.Error(broken)
	}
}

// state is what a person would look at: Pods, claims and events.
func state(cluster *sim.Cluster) string {
	var text strings.Builder
	view := cluster.View()
	for pod := range store.List[*corev1.Pod](view, "") {
		fmt.Fprintf(&text, "pod %s %s on %q\n", api.NameOf(pod), api.PodReason(pod), pod.Spec.NodeName)
	}
	for claim := range store.List[*corev1.PersistentVolumeClaim](view, "") {
		fmt.Fprintf(&text, "claim %s %s %s\n", api.NameOf(claim), claim.Status.Phase, claim.Spec.VolumeName)
	}
	for event := range store.List[*corev1.Event](view, "") {
		fmt.Fprintf(&text, "event %s %s %s: %s\n", event.InvolvedObject.Name, event.Type, event.Reason, event.Message)
	}
	return text.String()
}

func readyPods(view store.View) (names []string) {
	for pod := range store.List[*corev1.Pod](view, "default") {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				names = append(names, pod.Name)
			}
		}
	}
	return names
}

func TestASetComesUpInOrder(t *testing.T) {
	cluster := newWeb(t, sim.Options{})
	var order []string
	for i := range 3 {
		mustReach(t, cluster, sim.Ready("Pod", "default", fmt.Sprintf("web-%d", i)))
		order = append(order, strings.Join(readyPods(cluster.View()), " "))
	}
	if got := strings.Join(order, ", "); got != "web-0, web-0 web-1, web-0 web-1 web-2" {
		t.Errorf("ready in the order %s", got)
	}
	mustReach(t, cluster, sim.Ready("StatefulSet", "default", "web"))
}

func TestAForkInTheMiddleOfAStartGoesItsOwnWay(t *testing.T) {
	cluster := newWeb(t, sim.Options{Seed: 7})
	mustReach(t, cluster, sim.Ready("Pod", "default", "web-0"))
	twin := cluster.Fork()

	// The twin is scaled down; the original comes up as if nothing had been.
	set, _ := store.Get[*appsv1.StatefulSet](twin.View(), "default", "web")
	fewer := set.DeepCopy()
	fewer.Spec.Replicas = new(int32)
	*fewer.Spec.Replicas = 1
	if _, err := twin.Update(fewer, "", false); err != nil {
		t.Fatal(err)
	}
	mustReach(t, cluster, sim.Ready("StatefulSet", "default", "web"))
	mustReach(t, twin, sim.Ready("StatefulSet", "default", "web"))
	twin.RunFor(time.Minute)
	if got := strings.Join(readyPods(cluster.View()), " "); got != "web-0 web-1 web-2" {
		t.Errorf("original: %s", got)
	}
	if got := strings.Join(readyPods(twin.View()), " "); got != "web-0" {
		t.Errorf("twin: %s", got)
	}

	// A second original without any fork has the very same history.
	again := newWeb(t, sim.Options{Seed: 7})
	mustReach(t, again, sim.Ready("StatefulSet", "default", "web"))
	if a, b := state(cluster), state(again); a != b {
		t.Errorf("a fork changed the original:\n%s\nwithout fork:\n%s", a, b)
	}
}

func TestMinuteThreeCanBeSeenFromMinuteTen(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cluster := newWeb(t, sim.Options{Start: start})
	cluster.RunFor(3 * time.Minute)
	then := state(cluster)
	if err := cluster.DeleteObject("Pod", "default", "web-1"); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(7 * time.Minute)

	past, err := cluster.At(start.Add(3 * time.Minute).Add(-time.Nanosecond))
	if err != nil {
		t.Fatal(err)
	}
	if got := state(past); got != then {
		t.Errorf("minute 3 seen from minute 10:\n%s\nas it was:\n%s", got, then)
	}
	if got := state(cluster); got == then {
		t.Error("nothing has changed since minute 3")
	}
	// What is past can be lived again, differently.
	past.RunFor(time.Hour)
	if got := strings.Join(readyPods(past.View()), " "); got != "web-0 web-1 web-2" {
		t.Errorf("the past went on to %s", got)
	}
	if _, err := cluster.At(start.Add(time.Hour)); err == nil {
		t.Error("the future was shown")
	}
}

func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	history := func(seed uint64) string {
		var text strings.Builder
		cluster := newWeb(t, sim.Options{Seed: seed, Trace: func(record sim.Record) {
			fmt.Fprintln(&text, record)
		}})
		mustReach(t, cluster, sim.Ready("StatefulSet", "default", "web"))
		return text.String() + state(cluster)
	}
	first, again, other := history(1), history(1), history(2)
	if first != again {
		t.Error("two runs with seed 1 differ")
	}
	if first == other {
		t.Error("seeds 1 and 2 give the same addresses and names")
	}
}

func TestADeletedPodComesBackWithItsVolume(t *testing.T) {
	cluster := newWeb(t, sim.Options{})
	mustReach(t, cluster, sim.Ready("StatefulSet", "default", "web"))
	before, _ := store.Get[*corev1.Pod](cluster.View(), "default", "web-1")
	claim, _ := store.Get[*corev1.PersistentVolumeClaim](cluster.View(), "default", "www-web-1")
	if err := cluster.DeleteObject("Pod", "default", "web-1"); err != nil {
		t.Fatal(err)
	}
	mustReach(t, cluster, sim.Condition{Text: "web-1 is another Pod and Ready", Met: func(view store.View) bool {
		pod, found := store.Get[*corev1.Pod](view, "default", "web-1")
		return found && pod.UID != before.UID && sim.Ready("Pod", "default", "web-1").Holds(view)
	}})
	after, _ := store.Get[*corev1.PersistentVolumeClaim](cluster.View(), "default", "www-web-1")
	if after.UID != claim.UID || after.Spec.VolumeName != claim.Spec.VolumeName {
		t.Errorf("the claim changed from %s (%s) to %s (%s)", claim.UID, claim.Spec.VolumeName, after.UID, after.Spec.VolumeName)
	}
}

func TestLoopsToAddMustExist(t *testing.T) {
	_, err := sim.Make(sim.Options{With: []string{"statefulset"}})
	if want := `expected the name of a control loop to add, one of graceful-scaledown, found "statefulset" (hint: leave it out, or write one of these)`; err == nil || err.Error() != want {
		t.Error(err)
	}
	cluster, err := sim.Make(sim.Options{With: []string{"graceful-scaledown"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Make(cluster.Options()); err != nil { // the same again
		t.Error(err)
	}
}

func TestLoopsToLeaveOutMustExist(t *testing.T) {
	for _, test := range []struct{ without, want string }{
		{"statefulset", ""},
		{"statefulsets", `found "statefulsets" (hint: did you mean "statefulset"?)`},
		{"kubelte", `found "kubelte" (hint: did you mean "kubelet"?)`},
		{"etcd", `found "etcd" (hint: leave it out, or write one of these)`},
	} {
		_, err := sim.Make(sim.Options{Without: []string{"job", test.without}})
		if (err == nil) != (test.want == "") || err != nil && !(strings.HasPrefix(err.Error(), "expected the name of a control loop to leave out, one of namespace, statefulset, ") && strings.HasSuffix(err.Error(), test.want)) {
			t.Errorf("%s: %v", test.without, err)
		}
	}
}
