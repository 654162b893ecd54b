package control

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// loopWorld is a store, the API over it, and some loops. What loops do not do in it (scheduling, running) tests do by hand.
type loopWorld struct {
	t        testing.TB
	db       *store.DB
	settings *api.Settings
	loops    []Loop
	chooser  kernel.Chooser
	writes   []string                     // what loops asked of the API since this was last cleared
	events   []string                     // what they recorded
	after    func(changes []store.Change) // called after every sync
	failures int                          // syncs that failed
}

var worldStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newLoopWorld(t testing.TB, loops ...Loop) *loopWorld {
	t.Helper()
	w := &loopWorld{t: t, db: store.New(worldStart, registry.Managers), loops: loops, chooser: kernel.NewTape(nil), settings: &api.Settings{
		Zone: "cluster.local", ServiceCIDR: netip.MustParsePrefix("10.96.0.0/12"), PodCIDR: netip.MustParsePrefix("10.244.0.0/16"),
		DNSAddress: netip.MustParseAddr("10.96.0.10"), NodePortFirst: 30000, NodePortLast: 32767,
	}}
	w.must(w.ask(func(r *registry.Registry) error {
		if _, err := r.Create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}}); err != nil {
			return err
		}
		_, err := r.Create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "default"}})
		return err
	}))
	return w
}

func (w *loopWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ask makes a request to the API and wakes the loops that it concerns.
func (w *loopWorld) ask(request func(r *registry.Registry) error) error {
	tx := w.db.Begin()
	if err := request(w.registry(tx)); err != nil {
		tx.Abort()
		return err
	}
	w.commit(tx)
	return nil
}

func (w *loopWorld) registry(tx *store.Tx) *registry.Registry {
	return &registry.Registry{Tx: tx, Settings: w.settings, Choose: w.chooser.Choose, Seed: 7}
}

func (w *loopWorld) commit(tx *store.Tx) {
	for _, loop := range w.loops {
		for _, change := range tx.Changes() {
			loop.Wakes(tx.View, change, func(key Key) {
				tx.Schedule(tx.Now().Add(loop.Latency), loop.Name, key.Namespace+"/"+key.Name)
			})
		}
	}
	tx.Commit()
}

func (w *loopWorld) create(objects ...api.Object) {
	w.t.Helper()
	for _, object := range objects {
		w.must(w.ask(func(r *registry.Registry) error { _, err := r.Create(object); return err }))
	}
}

func (w *loopWorld) update(object api.Object, subresource string) {
	w.t.Helper()
	w.must(w.ask(func(r *registry.Registry) error { _, err := r.Update(object, subresource); return err }))
}

// remove deletes an object; without options as kubectl does.
func (w *loopWorld) remove(kind, name string, options metav1.DeleteOptions) {
	w.t.Helper()
	row := api.KindNamed(kind)
	id := Key{Name: name}
	if row.Namespaced {
		id.Namespace = "default"
	}
	w.must(w.ask(func(r *registry.Registry) error { _, _, err := r.Delete(row, id, options); return err }))
}

// run lets the loops do their work, up to a duration of virtual time from now; the clock stands there afterwards only if something is left.
func (w *loopWorld) run(limit time.Duration) {
	w.t.Helper()
	end := w.now().Add(limit)
	for count := 0; ; count++ {
		next, found := w.db.View().NextEvent()
		if !found || next.When.After(end) {
			return
		}
		if count == 100000 {
			w.t.Fatal("the loops do not come to rest")
		}
		w.take(next)
	}
}

func (w *loopWorld) take(event kernel.Event) {
	view := w.db.View()
	tx := w.db.Begin()
	tx.Take(event)
	loop := w.loops[slices.IndexFunc(w.loops, func(loop Loop) bool { return loop.Name == event.Kind })]
	namespace, name, _ := strings.Cut(event.Key, "/")
	plan := loop.Sync(Input{View: view, Key: Key{Namespace: namespace, Name: name}, Now: event.When, Settings: w.settings, Choose: w.chooser.Choose})
	requests := w.registry(tx)
	problem := plan.Carry(func(write Write) error { return perform(requests, write) },
		func(event Event) {
			w.events = append(w.events, fmt.Sprintf("%s %s: %s", event.Type, event.Reason, event.Message))
		},
		func(write Write, err error) {
			text := fmt.Sprintf("%s %s %s", write.Verb, api.KindOf(write.Object).Kind, write.Object.GetName())
			if err != nil {
				text += ": " + err.Error()
			}
			w.writes = append(w.writes, text)
		})
	if problem != nil {
		w.failures++
		tx.Schedule(event.When.Add(time.Second), event.Kind, event.Key)
	} else if !plan.Requeue.IsZero() {
		tx.Schedule(plan.Requeue, event.Kind, event.Key)
	}
	w.commit(tx)
	if w.after != nil {
		w.after(tx.Changes())
	}
}

func perform(r *registry.Registry, write Write) (err error) {
	switch write.Verb {
	case Create:
		_, err = r.Create(write.Object)
	case Delete:
		options := metav1.DeleteOptions{}
		if wanted := write.DeleteOptions; wanted != nil {
			options.GracePeriodSeconds = wanted.GracePeriodSeconds
			if wanted.Propagation != "" {
				options.PropagationPolicy = &wanted.Propagation
			}
			if wanted.UID != "" {
				options.Preconditions = &metav1.Preconditions{UID: &wanted.UID}
			}
		}
		_, _, err = r.Delete(api.KindOf(write.Object), api.NameOf(write.Object), options)
	default:
		_, err = r.Update(write.Object, map[Verb]string{UpdateStatus: "status", Finalize: "finalize"}[write.Verb])
	}
	return err
}

func (w *loopWorld) now() time.Time { return w.db.View().Meta().Now }

// wait lets time go by.
func (w *loopWorld) wait(duration time.Duration) {
	end := w.now().Add(duration)
	w.run(duration)
	tx := w.db.Begin()
	tx.AdvanceTo(end)
	tx.Commit()
}

func (w *loopWorld) taken() []string {
	writes := w.writes
	w.writes = nil
	return writes
}

func (w *loopWorld) pod(name string) *corev1.Pod {
	w.t.Helper()
	pod, found := store.Get[*corev1.Pod](w.db.View(), "default", name)
	if !found {
		w.t.Fatalf("there is no Pod %s", name)
	}
	return pod.DeepCopy()
}

func (w *loopWorld) set(name string) *appsv1.StatefulSet {
	w.t.Helper()
	set, found := store.Get[*appsv1.StatefulSet](w.db.View(), "default", name)
	if !found {
		w.t.Fatalf("there is no StatefulSet %s", name)
	}
	return set.DeepCopy()
}

func (w *loopWorld) pods() []*corev1.Pod {
	return slices.Collect(store.List[*corev1.Pod](w.db.View(), "default"))
}

// become moves a Pod on, as scheduler and kubelet would: it is on a node, in a phase, Ready or not, and has an address.
func (w *loopWorld) become(name string, phase corev1.PodPhase, ready bool) {
	w.t.Helper()
	if pod := w.pod(name); pod.Spec.NodeName == "" {
		w.must(w.ask(func(r *registry.Registry) error { _, err := r.Bind(api.NameOf(pod), "node-1"); return err }))
	}
	pod := w.pod(name)
	pod.Status.Phase = phase
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: api.Timestamp(w.now())}}
	if pod.Status.PodIP == "" {
		number := w.db.View().Meta().Revision
		pod.Status.PodIP = fmt.Sprintf("10.244.%d.%d", number/250%250, number%250+1)
		pod.Status.PodIPs = []corev1.PodIP{{IP: pod.Status.PodIP}}
	}
	w.update(pod, "status")
}

// end is the kubelet's: the Pod's processes have ended, and so does the Pod.
func (w *loopWorld) end(name string) {
	w.t.Helper()
	now := int64(0)
	w.remove("Pod", name, metav1.DeleteOptions{GracePeriodSeconds: &now})
}

// labelled is an object's labels in one line.
func labelled(labels map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, key+"="+labels[key])
	}
	return strings.Join(all, " ")
}
