package control

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
)

// deploymentWith is a look at a Deployment and sets of the given sizes, the fresh one first and then the younger before the older; they
// were last scaled when the Deployment wanted before replicas.
func deploymentWith(wanted, before int32, surge, unavailable string, sizes ...int32) *deploymentSync {
	number := func(text string) *intstr.IntOrString { return ptr.To(intstr.Parse(text)) }
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
	d.Spec.Replicas = &wanted
	d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: number(surge), MaxUnavailable: number(unavailable)}}
	s := &deploymentSync{Input: Input{Now: worldStart, Settings: &api.Settings{}}, d: d}
	for i, size := range sizes {
		earlier := s.d.DeepCopy()
		earlier.Spec.Replicas = &before
		set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("web-v%d", len(sizes)-i), Annotations: map[string]string{},
			CreationTimestamp: api.Timestamp(worldStart.Add(-time.Duration(i) * time.Minute))}, Spec: appsv1.ReplicaSetSpec{Replicas: ptr.To(size)}}
		(&deploymentSync{d: earlier}).setReplicasAnnotations(set)
		if i == 0 {
			s.fresh = set
		} else {
			s.old = append(s.old, set)
		}
	}
	return s
}

// sizes are those of the sets after the Plan, in the order in which they were given.
func (s *deploymentSync) sizes() string {
	found := map[string]int32{}
	for _, write := range s.plan.Writes {
		set := write.Object.(*appsv1.ReplicaSet)
		found[set.Name] = *set.Spec.Replicas
	}
	var sizes []string
	for _, set := range append([]*appsv1.ReplicaSet{s.fresh}, s.old...) {
		size, changed := found[set.Name]
		if !changed {
			size = *set.Spec.Replicas
		}
		sizes = append(sizes, strconv.Itoa(int(size)))
	}
	return strings.Join(sizes, " ")
}

// Scaling in the midst of a rollout (upstream: TestScale).
func TestDeploymentScalesInProportion(t *testing.T) {
	for _, c := range []struct {
		before, wanted int32
		surge          string
		sizes          []int32
		want           string
	}{
		{10, 12, "0", []int32{10}, "12"},
		{10, 5, "0", []int32{10}, "5"},
		{5, 10, "0", []int32{2, 3}, "4 6"},
		{5, 3, "0", []int32{2, 3}, "1 2"},
		{9, 4, "0", []int32{8, 1}, "4 0"},
		{7, 10, "0", []int32{2, 3, 2}, "3 4 3"},
		{13, 8, "0", []int32{2, 8, 3}, "1 5 2"},
		{3, 4, "0", []int32{0, 1, 1, 1}, "0 2 1 1"}, // the youngest gets what is left over
		{3, 2, "0", []int32{0, 1, 1, 1}, "0 1 1 0"},
		{10, 0, "0", []int32{3, 3, 4}, "0 0 0"},
		{5, 5, "0", []int32{0, 5}, "0 5"},
		{3, 6, "25%", []int32{1, 3}, "2 6"}, // four of three are eight of six
		{6, 0, "0", []int32{0, 0, 0}, "0 0 0"},
		{0, 6, "0", []int32{0, 0}, "6 0"},
	} {
		s := deploymentWith(c.wanted, c.before, c.surge, "25%", c.sizes...)
		s.scaleInProportion()
		if found := s.sizes(); found != c.want {
			t.Errorf("%d to %d with %v: %s, want %s", c.before, c.wanted, c.sizes, found, c.want)
		}
	}
	s := deploymentWith(2, 2, "0", "1", 2, 3)
	s.fresh.Status.AvailableReplicas = 2
	s.scaleInProportion()
	if found := s.sizes(); found != "2 0" {
		t.Errorf("a set that has all Pods leaves the others %s", found)
	}
}

// How far the sets go in one look (upstream: TestReconcileNewReplicaSet, TestReconcileOldReplicaSets).
func TestDeploymentStep(t *testing.T) {
	for _, c := range []struct {
		wanted             int32
		surge, unavailable string
		sizes, available   []int32
		want               string
	}{
		{10, "0", "0", []int32{0, 10}, []int32{0, 10}, "0 9"}, // not both are none: one may be missing
		{10, "2", "0", []int32{0, 10}, []int32{0, 10}, "2 10"},
		{10, "0", "2", []int32{0, 5}, []int32{0, 5}, "5 5"},
		{10, "2", "0", []int32{11, 0}, []int32{11, 0}, "10 0"},
		{10, "0", "5", []int32{0, 10}, []int32{0, 10}, "0 5"},
		{10, "0", "2", []int32{0, 10}, []int32{0, 8}, "0 8"},            // those that are not available first
		{10, "2", "0", []int32{2, 10}, []int32{0, 10}, "2 10"},          // the new ones must come up
		{10, "2", "0", []int32{2, 10}, []int32{2, 10}, "2 8"},           // and then old ones go
		{10, "2", "0", []int32{2, 8, 2}, []int32{0, 8, 0}, "2 8 2"},     // nothing to spare
		{10, "2", "0", []int32{2, 9}, []int32{2, 10}, "3 9"},            // up before down
		{10, "2", "0", []int32{3, 9}, []int32{3, 10}, "3 9"},            // the old set has yet to do what it was told
		{3, "25%", "25%", []int32{0, 3}, []int32{0, 3}, "1 3"},          // the defaults: one more, none less
		{4, "25%", "25%", []int32{1, 4}, []int32{0, 4}, "1 3"},          //
		{1, "25%", "25%", []int32{1, 1}, []int32{1, 1}, "1 0"},          //
		{5, "100%", "0", []int32{0, 5}, []int32{0, 5}, "5 5"},           //
		{5, "0", "100%", []int32{0, 3, 2}, []int32{0, 3, 2}, "0 0 0"},   //
		{4, "0", "50%", []int32{0, 2, 2}, []int32{0, 2, 2}, "0 2 0"},    // the oldest first
		{0, "25%", "25%", []int32{0, 0}, []int32{0, 0}, "0 0"},          //
		{2, "1", "0", []int32{2, 0}, []int32{2, 0}, "2 0"},              //
		{10, "1", "5", []int32{1, 5, 5}, []int32{1, 5, 0}, "1 4 0"},     // the broken revision first
		{10, "30%", "20%", []int32{5, 8}, []int32{0, 8}, "5 8"},         // upstream's example: nothing to spare
		{10, "30%", "20%", []int32{8, 5}, []int32{7, 0}, "8 1"},         // and after going back
		{10, "30%", "20%", []int32{0, 5, 8}, []int32{0, 0, 8}, "0 0 8"}, // and with yet another template
	} {
		s := deploymentWith(c.wanted, c.wanted, c.surge, c.unavailable, c.sizes...)
		s.fresh.Status.AvailableReplicas = c.available[0]
		for i, set := range s.old {
			set.Status.AvailableReplicas = c.available[i+1]
		}
		s.old = reversed(s.old) // oldest first, as claimSets has them
		if !s.growFresh() {
			s.shrinkOld()
		}
		s.old = reversed(s.old)
		if found := s.sizes(); found != c.want {
			t.Errorf("%d, surge %s, unavailable %s, sets %v of which %v are available: %s, want %s", c.wanted, c.surge, c.unavailable, c.sizes, c.available, found, c.want)
		}
	}
}

func reversed(sets []*appsv1.ReplicaSet) (all []*appsv1.ReplicaSet) {
	for i := range sets {
		all = append(all, sets[len(sets)-1-i])
	}
	return all
}

// What a set is told of its Deployment, and the revisions it remembers (upstream: TestAnnotationUtils).
func TestDeploymentAnnotations(t *testing.T) {
	s := deploymentWith(3, 3, "1", "0", 3)
	s.d.Annotations = map[string]string{"kubernetes.io/change-cause": "first", corev1.LastAppliedConfigAnnotation: "{}", deploymentRevision: "9"}
	for _, c := range []struct {
		revision int64
		changed  bool
		want     string
	}{{1, true, "1 "}, {1, false, "1 "}, {3, true, "3 1"}, {2, false, "3 1"}, {5, true, "5 1,3"}} {
		changed := s.annotate(s.fresh, c.revision)
		if found := s.fresh.Annotations[deploymentRevision] + " " + s.fresh.Annotations[revisionHistory]; changed != c.changed || found != c.want {
			t.Errorf("revision %d: changed %t, %q, want %q", c.revision, changed, found, c.want)
		}
	}
	if s.fresh.Annotations["kubernetes.io/change-cause"] != "first" || s.fresh.Annotations[corev1.LastAppliedConfigAnnotation] != "" {
		t.Errorf("annotations %v", s.fresh.Annotations)
	}
	for revision := int64(1000); revision < 2000; revision++ {
		s.annotate(s.fresh, revision)
	}
	history := s.fresh.Annotations[revisionHistory]
	if len(history) > maxHistoryLength || !strings.HasSuffix(history, ",1997,1998") || len(history) < maxHistoryLength-5 {
		t.Errorf("a history of %d characters ends in %s", len(history), history[len(history)-10:])
	}
	s.fresh.Annotations[deploymentRevision] = "x"
	if before := maps.Clone(s.fresh.Annotations); s.annotate(s.fresh, 7) || !maps.Equal(before, s.fresh.Annotations) {
		t.Error("a revision that is no number was replaced")
	}
}

// The hash is the same for the same template, and another one after a collision (upstream: hash_test.go).
func TestTemplateHash(t *testing.T) {
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "1", "b": "2", "c": "3"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}}
	first := templateHash(&template, nil)
	for range 20 {
		if again := templateHash(template.DeepCopy(), nil); again != first {
			t.Fatalf("%s and %s", first, again)
		}
	}
	seen := map[string]bool{first: true}
	for collisions := range int32(3) {
		seen[templateHash(&template, &collisions)] = true
	}
	template.Spec.Containers[0].Image = "v2"
	seen[templateHash(&template, nil)] = true
	if len(seen) != 5 || strings.Trim(first, "bcdfghjklmnpqrstvwxz2456789") != "" {
		t.Errorf("hashes %v", seen)
	}
	if long := setName(strings.Repeat("a", 253), first); len(long) != 253 || !strings.HasSuffix(long, "a-"+first) {
		t.Errorf("name %s", long)
	}
}
