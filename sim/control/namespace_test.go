package control

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

func TestNamespacesAreFurnished(t *testing.T) {
	w := newLoopWorld(t, namespaceLoop())
	w.run(time.Second)
	w.taken()
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "web"}})
	w.run(time.Second)
	if writes := strings.Join(w.taken(), ", "); writes != "create ServiceAccount default, create ConfigMap kube-root-ca.crt" {
		t.Errorf("writes %s", writes)
	}
	// Somebody deletes both in the namespace default.
	w.remove("ServiceAccount", "default", metav1.DeleteOptions{})
	w.run(time.Second)
	w.remove("ConfigMap", rootCertificateName, metav1.DeleteOptions{})
	w.run(time.Second)
	if writes := strings.Join(w.taken(), ", "); writes != "create ServiceAccount default, create ConfigMap kube-root-ca.crt" {
		t.Errorf("writes %s", writes)
	}
	config, _ := store.Get[*corev1.ConfigMap](w.db.View(), "default", rootCertificateName)
	config = config.DeepCopy()
	config.Data = map[string]string{"ca.crt": "mine"}
	w.update(config, "")
	w.run(time.Second)
	if config, _ := store.Get[*corev1.ConfigMap](w.db.View(), "default", rootCertificateName); config.Data["ca.crt"] != rootCertificateText {
		t.Errorf("certificate %q", config.Data)
	}
}

// A namespace that is deleted is emptied, the Pods first, and goes when nothing is left.
func TestNamespacesAreEmptied(t *testing.T) {
	w := newLoopWorld(t, namespaceLoop(), garbageCollectorLoop())
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "web"}})
	w.run(time.Second)
	w.create(
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "p"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "s"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: "held", Finalizers: []string{"example.com/hold"}}},
	)
	pod := Key{Namespace: "web", Name: "p"}
	w.must(w.ask(func(r *registry.Registry) error { _, err := r.Bind(pod, "node-1"); return err }))
	w.taken()

	w.remove("Namespace", "web", metav1.DeleteOptions{})
	w.run(time.Second)
	if writes := strings.Join(w.taken(), ", "); writes != "delete Pod p" {
		t.Errorf("writes %s; everything else waits for the Pods", writes)
	}
	none := int64(0)
	w.must(w.ask(func(r *registry.Registry) error {
		_, _, err := r.Delete(api.KindNamed("Pod"), pod, metav1.DeleteOptions{GracePeriodSeconds: &none})
		return err
	}))
	w.run(time.Second)
	for _, write := range []string{"delete Service s", "delete ConfigMap held", "delete ConfigMap kube-root-ca.crt", "delete ServiceAccount default"} {
		if !strings.Contains(strings.Join(w.writes, ", "), write) {
			t.Errorf("no %q in %q", write, w.writes)
		}
	}
	w.taken()
	if namespace, found := store.Get[*corev1.Namespace](w.db.View(), "", "web"); !found || namespace.Status.Phase != corev1.NamespaceTerminating {
		t.Fatalf("namespace %v", namespace)
	}
	held, _ := store.Get[*corev1.ConfigMap](w.db.View(), "web", "held")
	held = held.DeepCopy()
	held.Finalizers = nil
	w.update(held, "")
	w.run(time.Second)
	if writes := strings.Join(w.taken(), ", "); writes != "finalize Namespace web" {
		t.Errorf("writes %s", writes)
	}
	if _, found := store.Get[*corev1.Namespace](w.db.View(), "", "web"); found || w.failures > 0 {
		t.Errorf("still there: %v, %d failures", found, w.failures)
	}
}
