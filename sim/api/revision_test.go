package api

import (
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

const revisionManifest = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: test, namespace: default, uid: ec335e25-1045-4216-8634-50cfbe05f3d6}
spec:
  selector: {matchLabels: {app: foo}}
  template:
    metadata: {annotations: {test: value}, labels: {app: foo}}
    spec: {containers: [{name: test, image: test}]}
`

func statefulSetFrom(t testing.TB, manifest string) *appsv1.StatefulSet {
	t.Helper()
	set := objectFrom(t, manifest).(*appsv1.StatefulSet)
	KindOf(set).Default(set)
	return set
}

func objectFrom(t testing.TB, manifest string) Object {
	t.Helper()
	objects, err := Decode([]byte(manifest), Release{})
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 1 {
		t.Fatalf("expected one object, found %d", len(objects))
	}
	return objects[0]
}

// The names and bytes are those that real API servers of 1.33.0 and 1.34.0 wrote for this set, which upstream keeps
// beside the controller as compatibility fixtures.
func TestRevisionsAreThoseOfRealClusters(t *testing.T) {
	set := statefulSetFrom(t, revisionManifest)
	for _, c := range []struct{ release, name, data string }{
		{"1.33", "test-c77f6d978", `{"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"test":"value"},"creationTimestamp":null,"labels":{"app":"foo"}},"spec":{"containers":[{"image":"test","imagePullPolicy":"Always","name":"test","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}`},
		{"1.34", "test-776999688b", `{"spec":{"template":{"$patch":"replace","metadata":{"annotations":{"test":"value"},"labels":{"app":"foo"}},"spec":{"containers":[{"image":"test","imagePullPolicy":"Always","name":"test","resources":{},"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always","schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30}}}}`},
	} {
		t.Run(c.release, func(t *testing.T) {
			revision, err := release(t, c.release).NewRevision(set, 1, ptr.To[int32](0))
			if err != nil {
				t.Fatal(err)
			}
			if string(revision.Data.Raw) != c.data {
				t.Errorf("data:\n got %s\nwant %s", revision.Data.Raw, c.data)
			}
			if revision.Name != c.name || revision.Labels[RevisionHashLabel] != strings.TrimPrefix(c.name, "test-") {
				t.Errorf("name %s, labels %v, expected the name %s", revision.Name, revision.Labels, c.name)
			}
			if revision.Labels["app"] != "foo" || revision.OwnerReferences[0].Name != "test" || !*revision.OwnerReferences[0].Controller {
				t.Errorf("labels %v and owner %v are not the set's", revision.Labels, revision.OwnerReferences)
			}
		})
	}
}

func TestApplyRevisionGoesBack(t *testing.T) {
	set := statefulSetFrom(t, revisionManifest)
	first, err := NewRevision(set, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := set.DeepCopy()
	changed.Spec.Template.Spec.Containers[0].Image = "other"
	changed.Spec.Template.Labels["more"] = "labels"
	changed.Spec.Replicas = ptr.To[int32](7)
	second, err := NewRevision(changed, NextRevision([]*appsv1.ControllerRevision{first}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if second.Revision != 2 || EqualRevision(first, second) || second.Name == first.Name {
		t.Errorf("another template gave revision %d named %s beside %s", second.Revision, second.Name, first.Name)
	}
	restored, err := ApplyRevision(changed, first)
	if err != nil {
		t.Fatal(err)
	}
	if !sameMeaning(restored.Spec.Template, set.Spec.Template) || *restored.Spec.Replicas != 7 {
		t.Errorf("restored %+v", restored.Spec)
	}
	again, err := NewRevision(restored, 3, nil)
	if err != nil || !EqualRevision(again, first) || again.Name != first.Name {
		t.Errorf("the restored set has revision %s, expected %s (%v)", again.Name, first.Name, err)
	}
	if changed.Spec.Template.Spec.Containers[0].Image != "other" {
		t.Error("ApplyRevision changed its argument")
	}
}

// Data that somebody wrote by hand is a strategic merge patch like any other, or nothing that can be applied.
func TestApplyRevisionTakesOtherPatches(t *testing.T) {
	set := statefulSetFrom(t, revisionManifest)
	apply := func(data string) (*appsv1.StatefulSet, error) {
		return ApplyRevision(set, &appsv1.ControllerRevision{Data: runtime.RawExtension{Raw: []byte(data)}})
	}
	for _, data := range []string{"", "[]", `{"spec":{"template":5}}`, `{"spec":{"template":{"$patch":"replace","spec":5}}}`} {
		if _, err := apply(data); err == nil {
			t.Errorf("%q was accepted", data)
		}
	}
	for data, replicas := range map[string]int32{`{}`: *set.Spec.Replicas, `{"spec":{"replicas":9}}`: 9} {
		restored, err := apply(data)
		if err != nil || *restored.Spec.Replicas != replicas || !sameMeaning(restored.Spec.Template, set.Spec.Template) {
			t.Errorf("%q: %+v, %v", data, restored, err)
		}
	}
}

func TestCollisionsChangeTheName(t *testing.T) {
	set := statefulSetFrom(t, revisionManifest)
	names := map[string]bool{}
	for collisions := range int32(20) {
		revision, err := NewRevision(set, 1, &collisions)
		if err != nil {
			t.Fatal(err)
		}
		names[revision.Name] = true
	}
	if len(names) != 20 {
		t.Errorf("20 collision counts gave %d names", len(names))
	}
}

func TestRevisionNameIsCut(t *testing.T) {
	if name := RevisionName(strings.Repeat("a", 300), "b"); len(name) != 225 {
		t.Errorf("the name has %d characters, expected 223, a dash and the hash", len(name))
	}
}

func release(t testing.TB, text string) Release {
	t.Helper()
	r, err := ParseRelease(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
