package registry_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a registry over an open transaction that nobody commits.
type world struct {
	*registry.Registry
	t       testing.TB
	chooser *kernel.Tape
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, chooser: kernel.NewTape(nil)}
	w.Registry = &registry.Registry{
		Tx: store.New(start, registry.Managers).Begin(), Seed: 7,
		Settings: &api.Settings{
			ServiceCIDR: netip.MustParsePrefix("10.96.0.0/24"), DNSAddress: netip.MustParseAddr("10.96.0.10"),
			NodePortFirst: 30000, NodePortLast: 30099,
		},
		Choose: func(label string, n int) int { return w.chooser.Choose(label, n) },
	}
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}})
	w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "default"}})
	return w
}

func (w *world) create(object api.Object) api.Object {
	w.t.Helper()
	created, err := w.Create(object)
	if err != nil {
		w.t.Fatalf("creating %s: %v", api.NameOf(object), err)
	}
	return created
}

// apply creates the object of a manifest.
func apply[T api.Object](w *world, object T, manifest string) T {
	w.t.Helper()
	return w.create(parse(w.t, object, manifest)).(T)
}

// parse reads a manifest; the namespace is default unless it is given or the kind has none.
func parse[T api.Object](t testing.TB, object T, manifest string) T {
	t.Helper()
	text, err := yaml.YAMLToJSON([]byte(manifest))
	if err == nil {
		err = json.Unmarshal(text, object)
	}
	if err != nil {
		t.Fatal(err)
	}
	if api.KindOf(object).Namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	return object
}

// found is the object as it is stored.
func found[T api.Object](w *world, name string) T {
	w.t.Helper()
	var none T
	namespace := ""
	if api.KindOf(none).Namespaced {
		namespace = "default"
	}
	object, ok := store.Get[T](w.Tx.View, namespace, name)
	if !ok {
		w.t.Fatalf("%s %s is not there", api.KindOf(none).Kind, name)
	}
	return object
}

// gone says that the object is not stored.
func gone[T api.Object](w *world, name string) bool {
	_, there := store.Get[T](w.Tx.View, "default", name)
	return !there
}

func (w *world) delete(kind, name string, options metav1.DeleteOptions) (bool, error) {
	row := api.KindNamed(kind)
	id := api.Name{Name: name}
	if row.Namespaced {
		id.Namespace = "default"
	}
	_, gone, err := w.Delete(row, id, options)
	return gone, err
}

// expect compares an error with the beginning of the wanted text and with the reason.
func expect(t testing.TB, err error, reason metav1.StatusReason, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s: %s", reason, text)
	}
	if found := apierrors.ReasonForError(err); found != reason || !strings.HasPrefix(err.Error(), text) {
		t.Errorf("found %s: %s\nwant  %s: %s", found, err, reason, text)
	}
}

const plainPod = `{metadata: {name: %s}, spec: {containers: [{name: c, image: nginx}]}}`

// runningPod is a Pod that is bound and runs, with a grace period of half a minute.
func runningPod(w *world, name string) *corev1.Pod {
	w.t.Helper()
	apply(w, &corev1.Pod{}, fmt.Sprintf(plainPod, name))
	if _, err := w.Bind(api.Name{Namespace: "default", Name: name}, "node-1"); err != nil {
		w.t.Fatal(err)
	}
	return setPhase(w, name, corev1.PodRunning, true)
}

func setPhase(w *world, name string, phase corev1.PodPhase, ready bool) *corev1.Pod {
	w.t.Helper()
	pod := found[*corev1.Pod](w, name).DeepCopy()
	pod.Status.Phase = phase
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	updated, err := w.Update(pod, "status")
	if err != nil {
		w.t.Fatal(err)
	}
	return updated.(*corev1.Pod)
}

const plainSet = `
metadata: {name: web}
spec:
  serviceName: nginx
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
`

func newSet(w *world) *appsv1.StatefulSet {
	w.t.Helper()
	return apply(w, &appsv1.StatefulSet{}, plainSet)
}
