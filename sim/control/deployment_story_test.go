package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// newCity is a cluster in which everything runs, with one Deployment of three Pods.
func newCity(t *testing.T, more string) *town {
	t.Helper()
	w := &town{t, sim.New(sim.Options{History: -1, Nodes: 3})}
	w.apply(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {kubernetes.io/change-cause: first}}, spec: {` + more + `
		replicas: 3, selector: {matchLabels: {app: web}},
		template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "nginx:1.14.2"}]}}}}`)
	w.run(time.Minute)
	return w
}

// change changes the Deployment as kubectl edit does.
func (w *town) change(edit func(d *appsv1.Deployment)) {
	w.t.Helper()
	changed := object[*appsv1.Deployment](w, "web").DeepCopy()
	edit(changed)
	if _, err := w.Update(changed, "", false); err != nil {
		w.t.Fatal(err)
	}
}

func image(name string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = name }
}

// sets are the ReplicaSets by revision: revision image ready/wanted [history].
func (w *town) sets() []string {
	var lines []string
	for set := range store.List[*appsv1.ReplicaSet](w.View(), "default") {
		line := fmt.Sprintf("%s %s %d/%d", set.Annotations["deployment.kubernetes.io/revision"], set.Spec.Template.Spec.Containers[0].Image, set.Status.ReadyReplicas, *set.Spec.Replicas)
		if history := set.Annotations["deployment.kubernetes.io/revision-history"]; history != "" {
			line += " before " + history
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// conditions are those of the Deployment, with names of sets replaced by their revisions, and its counters.
func (w *town) conditions() string {
	d := object[*appsv1.Deployment](w, "web")
	line := fmt.Sprintf("%d updated %d ready %d available %d", d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas)
	for _, condition := range d.Status.Conditions {
		line += fmt.Sprintf("; %s=%s %s: %s", condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return w.plain(line)
}

func (w *town) plain(line string) string {
	for set := range store.List[*appsv1.ReplicaSet](w.View(), "default") {
		line = strings.ReplaceAll(line, set.Name, "r"+set.Annotations["deployment.kubernetes.io/revision"])
	}
	return line
}

// news are the Deployment's events since the last call.
func (w *town) news(seen *int) []string {
	var lines []string
	all := w.events("Deployment", "web")
	for _, line := range all[*seen:] {
		lines = append(lines, w.plain(strings.TrimPrefix(line, "Normal ScalingReplicaSet deployment-controller: ")))
	}
	*seen = len(all)
	return lines
}

func TestDeploymentRollsOut(t *testing.T) {
	w := newCity(t, "")
	seen := 0
	equalLines(t, "created", w.news(&seen), "Scaled up replica set r1 from 0 to 3")
	const available = "3 updated 3 ready 3 available 3; Available=True MinimumReplicasAvailable: Deployment has minimum availability.; "
	equal(t, "conditions", w.conditions(), available+`Progressing=True NewReplicaSetAvailable: ReplicaSet "r1" has successfully progressed.`)

	w.change(image("nginx:1.16.1"))
	w.run(time.Minute)
	equalLines(t, "updated", w.news(&seen), "Scaled up replica set r2 from 0 to 1", "Scaled down replica set r1 from 3 to 2", "Scaled up replica set r2 from 1 to 2",
		"Scaled down replica set r1 from 2 to 1", "Scaled up replica set r2 from 2 to 3", "Scaled down replica set r1 from 1 to 0")
	equal(t, "conditions", w.conditions(), available+`Progressing=True NewReplicaSetAvailable: ReplicaSet "r2" has successfully progressed.`)
	equal(t, "revision", object[*appsv1.Deployment](w, "web").Annotations["deployment.kubernetes.io/revision"], "2")

	w.change(func(d *appsv1.Deployment) { // as kubectl rollout undo does
		d.Spec.Template.Spec.Containers[0].Image = "nginx:1.14.2"
		d.Annotations["kubernetes.io/change-cause"] = "undone"
	})
	w.run(time.Minute)
	equalLines(t, "sets after going back", w.sets(), "2 nginx:1.16.1 0/0", "3 nginx:1.14.2 3/3 before 1")
	for set := range store.List[*appsv1.ReplicaSet](w.View(), "default") {
		want := map[string]string{"2": "first", "3": "undone"}[set.Annotations["deployment.kubernetes.io/revision"]]
		equal(t, "change-cause of "+set.Name, set.Annotations["kubernetes.io/change-cause"], want)
	}

	w.news(&seen)
	w.change(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](5) })
	w.run(time.Minute)
	equalLines(t, "scaled", w.news(&seen), "Scaled up replica set r3 from 3 to 5")
	w.change(func(d *appsv1.Deployment) { // as kubectl rollout restart does
		d.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
	})
	w.run(2 * time.Minute)
	equalLines(t, "sets after a restart", w.sets(), "2 nginx:1.16.1 0/0", "3 nginx:1.14.2 0/0 before 1", "4 nginx:1.14.2 5/5")
	if !w.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
}

// A rollout that makes no progress says so after its deadline; going back heals it.
func TestDeploymentTimesOut(t *testing.T) {
	w := newCity(t, "progressDeadlineSeconds: 60,")
	w.change(image("nginx:no such tag"))
	w.run(50 * time.Second)
	const stuck = "4 updated 1 ready 3 available 3; Available=True MinimumReplicasAvailable: Deployment has minimum availability.; "
	equal(t, "on the way", w.conditions(), stuck+`Progressing=True ReplicaSetUpdated: ReplicaSet "r2" is progressing.`)
	w.run(15 * time.Second)
	equal(t, "too late", w.conditions(), stuck+`Progressing=False ProgressDeadlineExceeded: ReplicaSet "r2" has timed out progressing.`)
	w.change(image("nginx:1.14.2"))
	w.run(time.Minute)
	equalLines(t, "sets", w.sets(), "2 nginx:no such tag 0/0", "3 nginx:1.14.2 3/3 before 1")
	if conditions := w.conditions(); !strings.HasSuffix(conditions, `Progressing=True NewReplicaSetAvailable: ReplicaSet "r3" has successfully progressed.`) {
		t.Error(conditions)
	}
}

// A paused Deployment is scaled but not rolled out; changes made meanwhile are one revision.
func TestDeploymentPauses(t *testing.T) {
	w := newCity(t, "")
	w.change(func(d *appsv1.Deployment) { d.Spec.Paused = true })
	for _, tag := range []string{"1.15", "1.16"} {
		w.change(image("nginx:" + tag))
		w.run(time.Minute)
	}
	w.change(func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](4) })
	w.run(time.Minute)
	equalLines(t, "sets", w.sets(), "1 nginx:1.14.2 4/4")
	if conditions := w.conditions(); !strings.HasSuffix(conditions, "Progressing=Unknown DeploymentPaused: Deployment is paused") {
		t.Error(conditions)
	}
	w.change(func(d *appsv1.Deployment) { d.Spec.Paused = false })
	w.run(20 * time.Millisecond)
	if conditions := w.conditions(); !strings.Contains(conditions, "Progressing=Unknown DeploymentResumed: Deployment is resumed") &&
		!strings.Contains(conditions, "NewReplicaSetCreated") {
		t.Error(conditions)
	}
	w.run(time.Minute)
	equalLines(t, "sets", w.sets(), "1 nginx:1.14.2 0/0", "2 nginx:1.16 4/4")
}

// Recreate has no two revisions run at a time.
func TestDeploymentRecreates(t *testing.T) {
	w := newCity(t, "strategy: {type: Recreate},")
	seen := 0
	w.news(&seen)
	w.change(image("nginx:1.16.1"))
	for range 600 {
		w.run(100 * time.Millisecond)
		images := map[string]bool{}
		for pod := range store.List[*corev1.Pod](w.View(), "default") {
			images[pod.Spec.Containers[0].Image] = true
		}
		if len(images) > 1 {
			t.Fatalf("Pods of %v at a time", images)
		}
	}
	equalLines(t, "events", w.news(&seen), "Scaled down replica set r1 from 3 to 0", "Scaled up replica set r2 from 0 to 3")
	equalLines(t, "sets", w.sets(), "1 nginx:1.14.2 0/0", "2 nginx:1.16.1 3/3")
}

func TestDeploymentForgetsOldRevisions(t *testing.T) {
	w := newCity(t, "revisionHistoryLimit: 1,")
	for _, tag := range []string{"1.15", "1.16", "1.17"} {
		w.change(image("nginx:" + tag))
		w.run(time.Minute)
	}
	equalLines(t, "sets", w.sets(), "3 nginx:1.16 0/0", "4 nginx:1.17 3/3")
	w.remove(object[*appsv1.Deployment](w, "web"))
	w.run(time.Minute)
	if sets := w.sets(); len(sets) > 0 {
		t.Errorf("left: %v", sets)
	}
}

// What clients of old versions ask for with an annotation.
func TestDeploymentRollsBackByAnnotation(t *testing.T) {
	w := newCity(t, "")
	w.change(image("nginx:1.16"))
	w.run(time.Minute)
	for _, c := range []struct{ revision, event string }{
		{"7", "Warning DeploymentRollbackRevisionNotFound deployment-controller: Unable to find the revision to rollback to."},
		{"2", `Warning DeploymentRollbackTemplateUnchanged deployment-controller: The rollback revision contains the same template as current deployment "web"`},
		{"0", `Normal DeploymentRollback deployment-controller: Rolled back deployment "web" to revision 1`},
	} {
		w.change(func(d *appsv1.Deployment) { d.Annotations[appsv1.DeprecatedRollbackTo] = c.revision })
		w.run(time.Minute)
		if events := w.events("Deployment", "web"); !slices.Contains(events, c.event) {
			t.Errorf("revision %s: %s", c.revision, strings.Join(events, "\n"))
		}
		if _, asked := object[*appsv1.Deployment](w, "web").Annotations[appsv1.DeprecatedRollbackTo]; asked {
			t.Error("the request stays")
		}
	}
	equalLines(t, "sets", w.sets(), "2 nginx:1.16 0/0", "3 nginx:1.14.2 3/3 before 1")
}

// Sets that another Deployment of the same name has left behind are adopted, and used when their template fits.
func TestDeploymentAdoptsSets(t *testing.T) {
	w := newCity(t, "")
	before := object[*appsv1.Deployment](w, "web")
	orphan := metav1.DeletePropagationOrphan
	if _, _, err := w.Delete(api.KindOf(before), api.NameOf(before), metav1.DeleteOptions{PropagationPolicy: &orphan}); err != nil {
		t.Fatal(err)
	}
	w.run(time.Second)
	equalLines(t, "sets that are left", w.sets(), "1 nginx:1.14.2 3/3")
	again := before.DeepCopy()
	again.ObjectMeta = metav1.ObjectMeta{Namespace: "default", Name: "web"}
	w.create(again)
	w.run(time.Second)
	equalLines(t, "sets", w.sets(), "1 nginx:1.14.2 3/3")
	for set := range store.List[*appsv1.ReplicaSet](w.View(), "default") {
		if owner := metav1.GetControllerOf(set); owner == nil || owner.UID != object[*appsv1.Deployment](w, "web").UID {
			t.Errorf("controlled by %v", owner)
		}
	}
	equal(t, "found", w.conditions(), "3 updated 3 ready 3 available 3; Available=True MinimumReplicasAvailable: Deployment has minimum availability.; "+
		`Progressing=True NewReplicaSetAvailable: ReplicaSet "r1" has successfully progressed.`)
}

// A set that has the name by accident is left alone: the next hash is another one.
func TestDeploymentHashCollision(t *testing.T) {
	w := newCity(t, "")
	name := ""
	for set := range store.List[*appsv1.ReplicaSet](w.View(), "default") {
		name = set.Name
	}
	w = &town{t, sim.New(sim.Options{History: -1})}
	w.apply(`{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: ` + name + `}, spec: {replicas: 0, selector: {matchLabels: {app: other}},
		template: {metadata: {labels: {app: other}}, spec: {containers: [{name: main, image: other}]}}}}`)
	w.apply(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, selector: {matchLabels: {app: web}},
		template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "nginx:1.14.2"}]}}}}`)
	w.run(time.Minute)
	if d := object[*appsv1.Deployment](w, "web"); d.Status.ReadyReplicas != 3 || d.Status.CollisionCount == nil || *d.Status.CollisionCount != 1 {
		t.Errorf("status %+v", d.Status)
	}
}
