package sim_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// What upstream's controller was seen to do, case by case, here with a whole cluster around it.
func TestMeasured(t *testing.T) {
	for _, one := range []struct {
		name string
		play func(t *testing.T)
	}{
		{"A-a-pod-dies-while-another-is-updated", caseA},
		{"B-a-bad-image-and-back", caseB},
		{"C-start-and-partition", caseC},
		{"D-events", caseD},
		{"F-a-bad-image-and-a-third", caseF},
		{"G-scaling-in-with-sick-pods", caseG},
		{"H-claims-go-with-the-scale-in", caseH},
		{"I-scaling-comes-before-updating", caseI},
	} {
		t.Run(one.name, one.play)
	}
}

// webWith is the set web with pieces of the manifest replaced, when all its Pods are ready.
func webWith(t *testing.T, options sim.Options, replaced ...string) *story {
	t.Helper()
	s := lesson(t, options, strings.NewReplacer(replaced...).Replace(web))
	mustReach(t, s.Cluster, sim.Ready("StatefulSet", "default", "web"))
	s.RunFor(10 * time.Second)
	return s
}

func setImage(s *story, image string) {
	s.t.Helper()
	change(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = image })
}

func scale(s *story, replicas int32) {
	s.t.Helper()
	change(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(replicas) })
}

// wantImages compares what runs, as images tells it.
func wantImages(s *story, what, want string) {
	s.t.Helper()
	if got := images(s); got != want {
		s.t.Errorf("%s: %s, expected %s", what, got, want)
	}
}

// caseA: which revision a Pod gets that dies during a rollout depends on whether rollingUpdate is there.
func caseA(t *testing.T) {
	for _, one := range []struct{ strategy, want string }{
		{"{type: RollingUpdate}", "web-0=0.21 web-1=0.21 web-2=1*"},
		{"{type: RollingUpdate, rollingUpdate: {partition: 0}}", "web-0=1* web-1=0.21 web-2=1*"},
		{"{}", "web-0=1* web-1=0.21 web-2=1*"}, // filled in with the partition 0
	} {
		s := webWith(t, sim.Options{}, "replicas: 3", "replicas: 3\n  updateStrategy: "+one.strategy)
		setImage(s, brokenImage)
		s.RunFor(10 * time.Second)
		s.do("delete web-0", s.deletePod("web-0", false))
		s.RunFor(time.Minute)
		wantImages(s, one.strategy, one.want)
	}
}

// caseB: the template is changed to a bad image and back. The Pod stays bad until somebody deletes it, and the revision is the first one again.
func caseB(t *testing.T) {
	s := webWith(t, sim.Options{})
	first := object[*appsv1.StatefulSet](s, "web").Status.UpdateRevision
	setImage(s, brokenImage)
	s.RunFor(time.Minute)
	setImage(s, "registry.k8s.io/nginx-slim:0.21")
	s.RunFor(time.Hour)
	wantImages(s, "an hour after the template was mended", "web-0=0.21 web-1=0.21 web-2=1*")
	if again := object[*appsv1.StatefulSet](s, "web").Status.UpdateRevision; again != first {
		t.Errorf("the update revision is %s, expected the first, %s, again", again, first)
	}
	if revision := object[*appsv1.ControllerRevision](s, first).Revision; revision != 3 {
		t.Errorf("the first revision has number %d, expected 3", revision)
	}
	s.do("delete web-2", s.deletePod("web-2", false))
	s.RunFor(time.Minute)
	wantImages(s, "after the Pod was deleted", "web-0=0.21 web-1=0.21 web-2=0.21")
}

// caseC: a partition counts from the first ordinal.
func caseC(t *testing.T) {
	s := webWith(t, sim.Options{}, "replicas: 3", "replicas: 3\n  ordinals: {start: 5}\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}")
	setImage(s, newImage)
	s.RunFor(5 * time.Minute)
	wantImages(s, "partition 2 of ordinals 5 to 7", "web-5=0.21 web-6=0.21 web-7=0.24")
}

// caseD: what is told of the creation of a Pod and of its claim.
func caseD(t *testing.T) {
	for release, verb := range map[string]string{"1.34": "create", "1.36": "Create"} {
		s := webWith(t, sim.Options{Kubernetes: release}, "replicas: 3", "replicas: 1")
		want := fmt.Sprintf("%s Claim www-web-0 Pod web-0 in StatefulSet web success|%s Pod web-0 in StatefulSet web successful", verb, verb)
		if got := strings.Join(eventsOf(s, "web", "SuccessfulCreate"), "|"); got != want {
			t.Errorf("%s: %s", release, got)
		}
	}
}

// caseF: from a bad image to a third one. In order it is stuck, with the feature gate and without, also when the first revision is the bad one. With Parallel it
// heals by itself, but not with the gate.
func caseF(t *testing.T) {
	const gate = "MaxUnavailableStatefulSet=true"
	for _, one := range []struct {
		name, policy string
		gates        []string
		want         string
	}{
		{"OrderedReady", "OrderedReady", nil, "web-0=0.21 web-1=0.21 web-2=1*"},
		{"OrderedReady with the gate", "OrderedReady", []string{gate}, "web-0=0.21 web-1=0.21 web-2=1*"},
		{"Parallel", "Parallel", nil, "web-0=0.24 web-1=0.24 web-2=0.24"},
		{"Parallel with the gate", "Parallel", []string{gate}, "web-0=0.21 web-1=0.21 web-2=1*"},
	} {
		s := webWith(t, sim.Options{Gates: one.gates}, "replicas: 3", "replicas: 3\n  podManagementPolicy: "+one.policy)
		setImage(s, brokenImage)
		s.RunFor(time.Minute)
		setImage(s, newImage)
		s.RunFor(10 * time.Minute)
		wantImages(s, one.name, one.want)
	}
	s := lesson(t, sim.Options{}, strings.Replace(web, "registry.k8s.io/nginx-slim:0.21", brokenImage, 1))
	s.RunFor(time.Minute)
	setImage(s, newImage)
	s.RunFor(10 * time.Minute)
	wantImages(s, "the first revision is bad", "web-0=1*")
}

// caseG: which Pods that are not ready hold up a scale-in.
func caseG(t *testing.T) {
	// A Pod is ready while it has a file that says so.
	const probe = "lifecycle: {postStart: {exec: {command: [touch, /tmp/well]}}}\n        readinessProbe: {exec: {command: [cat, /tmp/well]}, periodSeconds: 1, failureThreshold: 1}\n        volumeMounts:"
	for _, one := range []struct {
		sick string
		to   int32
		want string
	}{
		{"web-0", 1, "web-0=0.21* web-1=0.21 web-2=0.21"},
		{"web-1", 1, "web-0=0.21"},
		{"web-2", 1, "web-0=0.21"},
		{"web-1 web-2", 1, "web-0=0.21 web-1=0.21* web-2=0.21*"},
		{"web-0", 0, ""}, // the others go first, and then it is the only sick one
	} {
		s := webWith(t, sim.Options{}, "volumeMounts:", probe)
		for _, name := range strings.Fields(one.sick) {
			_, err := s.Exec(nameOf(s.pod(name)), "nginx", []string{"rm", "/tmp/well"}, false, false)
			s.do("exec", err)
		}
		s.RunFor(10 * time.Second)
		scale(s, one.to)
		s.RunFor(5 * time.Minute)
		wantImages(s, fmt.Sprintf("3 to %d with %s sick", one.to, one.sick), one.want)
	}
	s := lesson(t, sim.Options{}, strings.Replace(web, "image: registry", "resources: {requests: {cpu: 100}}\n        image: registry", 1))
	s.RunFor(time.Minute)
	if phase := s.pod("web-0").Status.Phase; phase != corev1.PodPending {
		t.Errorf("web-0 is %s", phase)
	}
	scale(s, 0)
	s.RunFor(time.Minute)
	wantImages(s, "to 0 with web-0 Pending", "")
}

// caseH: with whenScaled: Delete the claims of all Pods that are to go get their owners before the first Pod goes.
func caseH(t *testing.T) {
	s := webWith(t, sim.Options{}, "replicas: 3", "replicas: 3\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}")
	scale(s, 1)
	for s.pod("web-2").DeletionTimestamp == nil && s.Step() {
	}
	var owners []string
	for claim := range store.List[*corev1.PersistentVolumeClaim](s.View(), "default") {
		owner := claim.Name + " of nobody"
		for _, reference := range claim.OwnerReferences {
			owner = claim.Name + " of " + reference.Kind + " " + reference.Name
		}
		owners = append(owners, owner)
	}
	if got := strings.Join(owners, ", "); got != "www-web-0 of nobody, www-web-1 of Pod web-1, www-web-2 of Pod web-2" || s.pod("web-1").DeletionTimestamp != nil {
		t.Errorf("when web-2 is deleted: %s", got)
	}
	s.RunFor(2 * time.Minute)
	if got := names[*corev1.PersistentVolumeClaim](s); got != "www-web-0" {
		t.Errorf("claims at the end: %s", got)
	}
}

// caseI: five Pods instead of three and another image, in one change: the new Pods first, at the new revision.
func caseI(t *testing.T) {
	s := webWith(t, sim.Options{})
	change(s, "web", func(set *appsv1.StatefulSet) {
		set.Spec.Replicas = ptr.To[int32](5)
		set.Spec.Template.Spec.Containers[0].Image = newImage
	})
	for s.pod("web-2").DeletionTimestamp == nil && s.Step() {
	}
	wantImages(s, "when web-2 is deleted", "web-0=0.21 web-1=0.21 web-2=0.21 web-3=0.24 web-4=0.24")
	s.RunFor(5 * time.Minute)
	wantImages(s, "at the end", "web-0=0.24 web-1=0.24 web-2=0.24 web-3=0.24 web-4=0.24")
}
