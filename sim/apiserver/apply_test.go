package apiserver

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/stsim/stsim/sim"
)

func setOf(replicas int32, image string) *applyappsv1.StatefulSetApplyConfiguration {
	labels := map[string]string{"app": "nginx"}
	return applyappsv1.StatefulSet("web", "default").WithSpec(applyappsv1.StatefulSetSpec().
		WithReplicas(replicas).WithServiceName("nginx").
		WithSelector(applymetav1.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(applycorev1.PodTemplateSpec().WithLabels(labels).
			WithSpec(applycorev1.PodSpec().WithContainers(applycorev1.Container().WithName("nginx").WithImage(image)))))
}

// Two managers share an object, meet, and one of them takes a field from the other.
func TestServerSideApply(t *testing.T) {
	w := newWorld(t, sim.Options{})
	sets := w.client.AppsV1().StatefulSets("default")
	made, err := sets.Apply(w.ctx, setOf(2, "nginx:1"), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.ManagedFields) != 1 || made.ManagedFields[0].Manager != "one" || !made.ManagedFields[0].Time.Time.Equal(w.now()) {
		t.Errorf("expected the manager one at %s, found %v", w.now(), made.ManagedFields)
	}
	w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(time.Hour) })
	before, err := sets.Get(w.ctx, "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := sets.Apply(w.ctx, setOf(2, "nginx:1"), metav1.ApplyOptions{FieldManager: "one"})
	if err != nil || again.ResourceVersion != before.ResourceVersion {
		t.Errorf("expected that the same again changes nothing, found %v, %v", again.ResourceVersion, err)
	}
	scale := applyappsv1.StatefulSet("web", "default").WithSpec(applyappsv1.StatefulSetSpec().WithReplicas(3))
	_, err = sets.Apply(w.ctx, scale, metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) || err.Error() != `Apply failed with 1 conflict: conflict with "one": .spec.replicas` {
		t.Errorf("expected a conflict, found %v", err)
	}
	forced, err := sets.Apply(w.ctx, scale, metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil || *forced.Spec.Replicas != 3 || len(forced.ManagedFields) != 3 {
		t.Fatalf("expected three replicas, found %v, %v", forced, err)
	}
	one, two, controller := forced.ManagedFields[0], forced.ManagedFields[1], forced.ManagedFields[2]
	if controller.Manager != "kube-controller-manager" || controller.Subresource != "status" {
		t.Errorf("expected the manager of the status, found %v", controller)
	}
	if one.Manager != "one" || two.Manager != "two" || !two.Time.Time.Equal(w.now()) || !one.Time.Before(two.Time) && !one.Time.Equal(two.Time) {
		t.Errorf("expected the managers in the order of their time, found %v", forced.ManagedFields)
	}
	patched, err := sets.Patch(w.ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":4}}`), metav1.PatchOptions{FieldManager: "three"})
	if err != nil || len(patched.ManagedFields) != 3 || patched.ManagedFields[2].Manager != "three" || patched.ManagedFields[2].Operation != metav1.ManagedFieldsOperationUpdate {
		t.Errorf("expected that three has taken the replicas from two, found %v, %v", patched.ManagedFields, err)
	}
}

// Who made the object that is applied for the first time?
func TestFirstApply(t *testing.T) {
	w := newWorld(t, sim.Options{})
	maps := w.client.CoreV1().ConfigMaps("default")
	live := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"key": "value"}}
	if _, err := maps.Create(w.ctx, live, metav1.CreateOptions{FieldManager: "creator"}); err != nil {
		t.Fatal(err)
	}
	other := applycorev1.ConfigMap("a", "default").WithData(map[string]string{"key": "other"})
	for _, expected := range []string{"creator", "before-first-apply"} {
		_, err := maps.Apply(w.ctx, other, metav1.ApplyOptions{FieldManager: "me"})
		if wanted := `Apply failed with 1 conflict: conflict with "` + expected + `" using v1: .data.key`; err == nil || err.Error() != wanted {
			t.Errorf("expected %s, found %v", wanted, err)
		}
		if _, err := maps.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"metadata":{"managedFields":[{}]}}`), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestApplyRefusals(t *testing.T) {
	w := newWorld(t, sim.Options{})
	const path, header = "/api/v1/namespaces/default/configmaps/a", "Content-Type: application/apply-patch+yaml"
	w.ask("PATCH", path, "{}", header).wants(t, 422, `fieldManager: Required value: is required for apply patch`)
	w.ask("PATCH", path+"?fieldManager=me", "a: [", header).wants(t, 400, "error decoding YAML")
	w.ask("PATCH", path+"?fieldManager=me", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nfoo: bar\n", header).wants(t, 500, "field not declared in schema")
	w.ask("PATCH", path+"?fieldManager=me&fieldValidation=Strict", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndata: {}\n", header).wants(t, 400, "error strict decoding YAML")
	w.ask("PATCH", path+"?fieldManager=me", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", header).wants(t, 201, `"name":"a"`)
	old := newWorld(t, sim.Options{Kubernetes: "1.9"})
	old.ask("PATCH", path+"?fieldManager=me", "{}", header).wants(t, 415, "strategic-merge-patch+json")
}

func TestScale(t *testing.T) {
	w := newWorld(t, sim.Options{})
	sets := w.client.AppsV1().StatefulSets("default")
	if _, err := sets.Apply(w.ctx, setOf(2, "nginx:1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		t.Fatal(err)
	}
	scale, err := sets.GetScale(w.ctx, "web", metav1.GetOptions{})
	if err != nil || scale.Spec.Replicas != 2 || scale.Status.Selector != "app=nginx" {
		t.Fatalf("expected two replicas, found %v, %v", scale, err)
	}
	scale.ResourceVersion, scale.Spec.Replicas = "", 5
	if scale, err = sets.UpdateScale(w.ctx, "web", scale, metav1.UpdateOptions{}); err != nil || scale.Spec.Replicas != 5 {
		t.Errorf("expected five replicas, found %v, %v", scale, err)
	}
	for _, kind := range []types.PatchType{types.MergePatchType, types.StrategicMergePatchType} {
		if _, err := sets.Patch(w.ctx, "web", kind, []byte(`{"spec":{"replicas":6}}`), metav1.PatchOptions{}, "scale"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	_, err = sets.Patch(w.ctx, "web", types.MergePatchType, []byte(`{"spec":{"replicas":-1}}`), metav1.PatchOptions{}, "scale")
	if err == nil || !strings.Contains(err.Error(), "must be greater than or equal to 0") {
		t.Errorf("expected a refusal, found %v", err)
	}
	var set *appsv1.StatefulSet
	if set, err = sets.Get(w.ctx, "web", metav1.GetOptions{}); err != nil || *set.Spec.Replicas != 6 {
		t.Errorf("expected six replicas, found %v, %v", set, err)
	}
}
