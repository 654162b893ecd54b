package sim

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

const promised = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  ports: [{port: 80, name: web}]
  clusterIP: None
  selector: {app: nginx}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec:
  minAvailable: 3
  selector: {matchLabels: {app: nginx}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.21
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

// planting is a cluster in which something goes wrong that the code of no loop would do: the write is made past all rules.
type planting struct {
	*testing.T
	*Cluster
	tx  *store.Tx
	who string // who is said to have done it; the StatefulSet controller if nobody else
	key string
}

func grown(t *testing.T) *Cluster {
	t.Helper()
	cluster := New(Options{Check: true})
	if err := cluster.Apply([]byte(promised)); err != nil {
		t.Fatal(err)
	}
	if err := cluster.RunUntil(Ready("StatefulSet", "default", "web")); err != nil {
		t.Fatal(err)
	}
	cluster.RunFor(time.Minute)
	for _, broken := range cluster.BrokenPromises() {
		t.Fatal(broken)
	}
	return cluster
}

func find[T api.Object](p *planting, name string) T {
	p.Helper()
	var none T
	namespace := "default"
	if !api.KindOf(none).Namespaced {
		namespace = ""
	}
	object, found := store.Get[T](p.tx.View, namespace, name)
	if !found {
		p.Fatalf("no %T %s", object, name)
	}
	return object
}

// change puts a changed copy.
func change[T api.Object](p *planting, name string, edit func(T)) {
	p.Helper()
	object := api.Copy(find[T](p, name))
	edit(object)
	p.tx.Put(object)
}

// add puts a copy under another name.
func add[T api.Object](p *planting, name, as string, edit func(T)) {
	p.Helper()
	object := api.Copy(find[T](p, name))
	object.SetName(as)
	object.SetUID("planted")
	edit(object)
	p.tx.Put(object)
}

func (p *planting) pod(name string, edit func(*corev1.Pod)) { p.Helper(); change(p, name, edit) }
func (p *planting) set(edit func(*appsv1.StatefulSet))      { p.Helper(); change(p, "web", edit) }
func (p *planting) claim(name string, edit func(*corev1.PersistentVolumeClaim)) {
	p.Helper()
	change(p, name, edit)
}

// born makes a Pod web-3, as the StatefulSet controller would make it, and then not quite.
func (p *planting) born(edit func(*corev1.Pod)) {
	p.Helper()
	add(p, "www-web-2", "www-web-3", func(*corev1.PersistentVolumeClaim) {})
	add(p, "web-2", "web-3", func(pod *corev1.Pod) {
		pod.Labels[appsv1.StatefulSetPodNameLabel], pod.Labels[appsv1.PodIndexLabel] = "web-3", "3"
		pod.Spec.Hostname, pod.Spec.NodeName = "web-3", ""
		for i := range pod.Spec.Volumes {
			if claim := pod.Spec.Volumes[i].PersistentVolumeClaim; claim != nil {
				claim.ClaimName = "www-web-3"
			}
		}
		pod.Status = corev1.PodStatus{Phase: corev1.PodPending}
		edit(pod)
	})
}

// volume is the row of the files of a claim.
func (p *planting) volume(claim string) container.Volume {
	p.Helper()
	key := "pv/" + find[*corev1.PersistentVolumeClaim](p, claim).Spec.VolumeName
	row, found := store.GetRow[*container.Volume](p.tx.View, container.Volumes, key)
	if !found {
		p.Fatalf("no row %s", key)
	}
	return *row
}

// run is the row of the container of a Pod.
func (p *planting) run(pod string) container.Container {
	p.Helper()
	row, found := container.Newest(p.tx.View, find[*corev1.Pod](p, pod).UID, "nginx")
	if !found {
		p.Fatal("no container")
	}
	return *row
}

// starts puts another container of a Pod that runs, in a place of its own.
func (p *planting) starts(pod, uid string, edit func(*container.Container, *container.Sandbox)) {
	p.Helper()
	run := p.run(pod)
	sandbox, _ := store.GetRow[*container.Sandbox](p.tx.View, container.Sandboxes, string(run.UID))
	twin := *sandbox
	run.UID, twin.UID = api.UID(uid), api.UID(uid)
	edit(&run, &twin)
	p.tx.PutRow(container.Sandboxes, &twin)
	p.tx.PutRow(container.Containers, &run)
}

func notReady(pod *corev1.Pod) {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == corev1.PodReady {
			pod.Status.Conditions[i].Status = corev1.ConditionFalse
		}
	}
}

func deleted(object metav1.Object) { object.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)}) }

// sliceOf is the name of the Service's one EndpointSlice.
func (p *planting) sliceOf(service string) string {
	for slice := range store.List[*discoveryv1.EndpointSlice](p.tx.View, "default") {
		if slice.Labels[discoveryv1.LabelServiceName] == service {
			return slice.Name
		}
	}
	p.Fatal("no EndpointSlice")
	return ""
}

func TestEveryPromiseCanBeBroken(t *testing.T) {
	healthy := grown(t)
	asked := map[string]bool{}
	for _, breach := range breaches {
		t.Run(breach.sentence+"/"+breach.found, func(t *testing.T) {
			at := slices.IndexFunc(Promises(), func(promise Promise) bool { return strings.HasPrefix(promise.Sentence, breach.sentence) })
			if at < 0 {
				t.Fatalf("no promise begins %q", breach.sentence)
			}
			sentence := Promises()[at].Sentence
			asked[sentence] = true
			cluster := healthy.Fork()
			cluster.options.Check = false
			settings := *cluster.settings
			cluster.settings = &settings
			loops := cluster.loops
			cluster.loops = map[string]loopOf{}
			for name, loop := range loops {
				cluster.loops[name] = loop
			}
			if breach.before != nil {
				plant(t, cluster, breach.before)
			}
			cluster.options.Check, cluster.running = true, running{} // it has not followed what happened unasked
			plant(t, cluster, breach.plant)
			for _, broken := range cluster.BrokenPromises() {
				if broken.Sentence == sentence && strings.Contains(broken.Found, breach.found) {
					return
				}
			}
			t.Errorf("want %s: %s; found broken: %v", sentence, breach.found, cluster.BrokenPromises())
		})
	}
	for _, promise := range Promises() {
		if !asked[promise.Sentence] {
			t.Errorf("nobody has tried to break: %s", promise.Sentence)
		}
	}
}

// plant commits one event.
func plant(t *testing.T, cluster *Cluster, edit func(*planting)) {
	t.Helper()
	p := &planting{T: t, Cluster: cluster, tx: cluster.db.Begin(), who: "statefulset", key: "default/web"}
	before := cluster.View()
	edit(p)
	cluster.finish(p.tx, &Record{At: p.tx.Now(), Event: cluster.events, Who: p.who, Key: p.key, Before: before})
}
