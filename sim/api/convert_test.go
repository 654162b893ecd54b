package api

import (
	"testing"

	appsv1beta1 "k8s.io/api/apps/v1beta1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	policyv1 "k8s.io/api/policy/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestEveryServedVersionConverts(t *testing.T) {
	for _, release := range Releases() {
		for _, served := range release.Served() {
			for _, name := range served.Kinds {
				object := KindNamed(name).New()
				object.SetName("a")
				Stamp(object)
				older, err := FromStored(object, served.GroupVersion)
				if err != nil {
					t.Errorf("%s: %s as %s: %v", release, name, served.GroupVersion, err)
					continue
				}
				if got := older.GetObjectKind().GroupVersionKind(); got != served.WithKind(name) {
					t.Errorf("%s: %s is served as %v", release, name, got)
				}
				back, err := ToStored(older)
				if err != nil || KindOf(back) != KindNamed(name) || back.GetName() != "a" {
					t.Errorf("%s: %s from %s comes back as %T (%v)", release, name, served.GroupVersion, back, err)
				}
			}
		}
	}
}

func TestOldVersionsHaveOldDefaults(t *testing.T) {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}}
	old := &extensionsv1beta1.Deployment{Spec: extensionsv1beta1.DeploymentSpec{Template: template}}
	stored, err := ToStored(old)
	if err != nil {
		t.Fatal(err)
	}
	KindOf(stored).Default(stored)
	if old.Spec.Selector != nil {
		t.Error("ToStored changed its argument")
	}
	got, err := FromStored(stored, extensionsv1beta1.SchemeGroupVersion)
	if err != nil {
		t.Fatal(err)
	}
	spec := got.(*extensionsv1beta1.Deployment).Spec
	if spec.Selector.MatchLabels["a"] != "b" || spec.Strategy.RollingUpdate.MaxSurge.IntValue() != 1 || *spec.ProgressDeadlineSeconds != 1<<31-1 {
		t.Errorf("found %+v", spec)
	}
	apps, err := ToStored(&appsv1beta1.Deployment{Spec: appsv1beta1.DeploymentSpec{Template: template}})
	if err != nil || apps.GetLabels()["a"] != "b" {
		t.Errorf("found %+v (%v)", apps, err)
	}
}

// An empty selector is nothing in policy/v1beta1 and everything in policy/v1.
func TestEmptySelectorsOfBudgets(t *testing.T) {
	nothing := &policyv1beta1.PodDisruptionBudget{Spec: policyv1beta1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{}}}
	stored, err := ToStored(nothing)
	if err != nil {
		t.Fatal(err)
	}
	selector, err := metav1.LabelSelectorAsSelector(stored.(*policyv1.PodDisruptionBudget).Spec.Selector)
	if err != nil || selector.Empty() {
		t.Errorf("nothing became %v (%v)", selector, err)
	}
	back, err := FromStored(stored, policyv1beta1.SchemeGroupVersion)
	if err != nil || !sameMeaning(back.(*policyv1beta1.PodDisruptionBudget).Spec.Selector, nothing.Spec.Selector) {
		t.Errorf("came back as %+v (%v)", back, err)
	}
	all := &policyv1.PodDisruptionBudget{Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{}}}
	older, err := FromStored(all, policyv1beta1.SchemeGroupVersion)
	if err != nil || len(older.(*policyv1beta1.PodDisruptionBudget).Spec.Selector.MatchExpressions) != 1 {
		t.Errorf("everything became %+v (%v)", older, err)
	}
	if again, err := ToStored(older); err != nil || !sameMeaning(again.(*policyv1.PodDisruptionBudget).Spec.Selector, all.Spec.Selector) {
		t.Errorf("everything came back as %+v (%v)", again, err)
	}
}

func TestEventsOfBothGroups(t *testing.T) {
	event := &corev1.Event{Message: "Created", Reason: "r", Count: 3, InvolvedObject: corev1.ObjectReference{Name: "web"}, Series: &corev1.EventSeries{Count: 2}}
	served, err := FromStored(event, eventsv1.SchemeGroupVersion)
	if err != nil {
		t.Fatal(err)
	}
	if v1 := served.(*eventsv1.Event); v1.Note != "Created" || v1.Regarding.Name != "web" || v1.DeprecatedCount != 3 || v1.Series.Count != 2 {
		t.Errorf("found %+v", v1)
	}
	back, err := ToStored(served)
	if err != nil || !sameMeaning(back, Stamp(event)) {
		t.Errorf("came back as %+v (%v)", back, err)
	}
}

func TestUnknownVersionsAreRefused(t *testing.T) {
	if _, err := FromStored(&corev1.Pod{}, schema.GroupVersion{Group: "example.com", Version: "v1"}); err == nil || err.Error() != `no matches for kind "Pod" in version "example.com/v1"` {
		t.Errorf("found %v", err)
	}
	if _, err := ToStored(&metav1.Status{}); err == nil {
		t.Error("a Status is no kept object")
	}
}
