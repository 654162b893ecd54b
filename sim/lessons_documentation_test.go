package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// documentation are the sentences of Kubernetes' own pages about StatefulSets that are not so, each with where it is shown: the section "## N." of a page
// that the scenarios' tests play with the real kubectl, and a story of this package where something cannot be seen with kubectl alone.
var documentation = []struct {
	row  int
	name string
	page string
	play func(t *testing.T)
}{
	{1, "a-patch-to-OnDelete-is-refused", "lessons-updates", nil},
	{2, "a-pod-that-dies-in-a-rollout-may-come-back-new", "lessons-updates", caseA},
	{3, "podManagementPolicy-is-immutable", "lessons-commands", nil},
	{4, "updates-go-from-the-highest-ordinal-down", "lessons-updates", updatesGoDown},
	{5, "a-cascading-deletion-has-no-order", "lessons-scaling", deletionHasNoOrder},
	{6, "updateStrategy-is-not-in-the-template", "lessons-updates", nil},
	{7, "after-a-rollout-the-new-image-runs", "lessons-updates", nil},
	{8, "apply-of-what-exists-is-no-error", "lessons-commands", nil},
	{9, "delete-prints-the-group", "lessons-commands", nil},
	{10, "maxUnavailable-rounds-down", "lessons-updates", maxUnavailableRoundsDown},
	{11, "the-partition-counts-from-the-first-ordinal", "lessons-updates", caseC},
	{12, "which-sick-pods-hold-up-a-scale-in", "lessons-scaling", caseG},
	{13, "a-deleted-set-is-not-scaled-down", "lessons-scaling", deletionScalesNothing},
	{14, "no-headless-service-is-required", "lessons-names", noServiceRequired},
	{15, "parallel-changes-rollouts", "lessons-updates", caseF},
	{16, "get-statefulset-has-READY", "lessons-commands", nil},
	{17, "there-is-no-CNAME", "lessons-names", nil},
	{18, "the-manifest-of-zookeeper-counts", "lessons-commands", nil},
	{19, "exec-needs-two-dashes", "lessons-commands", nil},
	{20, "tolerate-unready-endpoints-does-nothing", "lessons-names", oldAnnotationDoesNothing},
}

func TestDocumentation(t *testing.T) {
	for i, one := range documentation {
		t.Run(fmt.Sprintf("row-%02d-%s", one.row, one.name), func(t *testing.T) {
			if one.row != i+1 {
				t.Errorf("row %d is at place %d", one.row, i+1)
			}
			page, err := os.ReadFile(filepath.Join("..", "scenarios", "tutorials", one.page, "page.md"))
			if err != nil {
				t.Fatal(err)
			}
			_, section, found := strings.Cut(string(page), fmt.Sprintf("\n## %d. ", one.row))
			section, _, _ = strings.Cut(section, "\n## ")
			if !found || !strings.Contains(section, "\n$ ") {
				t.Errorf("%s has no section %d with a command", one.page, one.row)
			}
			if one.play != nil {
				one.play(t)
			}
		})
	}
}

// updatesGoDown: one Pod after the other, each when the one before it is ready again.
func updatesGoDown(t *testing.T) {
	s := lesson(t, sim.Options{}, web)
	mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
	change(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = newImage })
	deletions := followDeletions(s, 2*time.Minute)
	if got := strings.Join(deletions, " "); got != "web-2 (web-0 web-1 ready) web-1 (web-0 web-2 ready) web-0 (web-1 web-2 ready)" {
		t.Errorf("deleted: %s", got)
	}
}

// deletionHasNoOrder: the garbage collector marks all Pods before any of them has ended.
func deletionHasNoOrder(t *testing.T) {
	s := lesson(t, sim.Options{}, web)
	mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
	s.do("delete", s.DeleteObject("StatefulSet", "default", "web"))
	most := 0
	for end := s.Now().Add(time.Minute); s.Now().Before(end) && s.Step(); {
		terminating := 0
		for pod := range store.List[*corev1.Pod](s.View(), "default") {
			if pod.DeletionTimestamp != nil {
				terminating++
			}
		}
		most = max(most, terminating)
	}
	if most != 3 {
		t.Errorf("up to %d Pods were being deleted at a time, expected 3", most)
	}
}

// deletionScalesNothing: the controller has no part in it, and replicas stay as they are.
func deletionScalesNothing(t *testing.T) {
	s := lesson(t, sim.Options{}, web)
	mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
	s.do("delete", s.DeleteObject("StatefulSet", "default", "web"))
	s.RunFor(time.Minute)
	if events := eventsOf(s, "web", "SuccessfulDelete"); len(events) != 0 {
		t.Errorf("the controller deleted Pods: %q", events)
	}
	for pod := range store.List[*corev1.Pod](s.View(), "default") {
		t.Errorf("%s is still there", pod.Name)
	}
}

// maxUnavailableRoundsDown: of five Pods, 50% are two; 10% are one.
func maxUnavailableRoundsDown(t *testing.T) {
	for percent, most := range map[string]int{"50%": 2, "10%": 1, "99%": 4} {
		s := lesson(t, sim.Options{Gates: []string{"MaxUnavailableStatefulSet=true"}}, strings.Replace(web, "replicas: 3", "replicas: 5", 1))
		mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
		change(s, "web", func(set *appsv1.StatefulSet) {
			set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = ptr.To(intstr.FromString(percent))
			set.Spec.Template.Spec.Containers[0].Image = newImage
		})
		least := 5
		for end := s.Now().Add(3 * time.Minute); s.Now().Before(end); s.RunFor(50 * time.Millisecond) {
			least = min(least, len(readyPods(s.View())))
		}
		if unavailable := 5 - least; unavailable != most {
			t.Errorf("%s of five Pods: up to %d are unavailable, expected %d", percent, unavailable, most)
		}
	}
}

// noServiceRequired: a set runs without the Service that it names, and since 1.33 without naming one.
func noServiceRequired(t *testing.T) {
	for release, manifest := range map[string]string{"1.32": "serviceName: nginx", "1.33": "serviceName: ''", "1.36": ""} {
		_, set, _ := strings.Cut(web, "---")
		s := lesson(t, sim.Options{Kubernetes: release}, strings.Replace(set, "serviceName: nginx", manifest, 1))
		mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
	}
}

// oldAnnotationDoesNothing: the endpoints of Pods that are not ready are not ready, whatever the annotation says.
func oldAnnotationDoesNothing(t *testing.T) {
	manifest := strings.NewReplacer("labels: {app: nginx}}\nspec:\n  ports", "annotations: {service.alpha.kubernetes.io/tolerate-unready-endpoints: 'true'}}\nspec:\n  ports",
		"volumeMounts:", "readinessProbe: {httpGet: {path: /none, port: 80}}\n        volumeMounts:").Replace(web)
	s := lesson(t, sim.Options{}, manifest)
	s.RunFor(time.Minute)
	if addresses := object[*corev1.Endpoints](s, "nginx").Subsets; len(addresses) != 1 || len(addresses[0].Addresses) != 0 || len(addresses[0].NotReadyAddresses) != 1 {
		t.Errorf("endpoints: %v", addresses)
	}
	change(s, "nginx", func(service *corev1.Service) { service.Spec.PublishNotReadyAddresses = true })
	s.RunFor(time.Second)
	if addresses := object[*corev1.Endpoints](s, "nginx").Subsets; len(addresses) != 1 || len(addresses[0].Addresses) != 1 {
		t.Errorf("endpoints with publishNotReadyAddresses: %v", addresses)
	}
}
