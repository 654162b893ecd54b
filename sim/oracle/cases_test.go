package oracle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	utilfeature "k8s.io/apiserver/pkg/util/feature"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// life is a StatefulSet of three replicas, led by hand: after each step both controllers look until neither does anything, and must agree.
type life struct {
	*world
	t      *testing.T
	u      *upstream
	made   []string // requests but for those of the status, since it was last read
	events []string
}

func live(t *testing.T, maxUnavailable bool, edit ...func(set *appsv1.StatefulSet)) *life {
	must(utilfeature.DefaultMutableFeatureGate.Set(fmt.Sprintf("%s=%v,%s=true", gates[0], maxUnavailable, gates[1])))
	l := &life{world: newWorld(api.Release{}.WithGate(api.MaxUnavailableStatefulSet, maxUnavailable)), t: t, u: newUpstream()}
	set := newSet(chanceOf(0))
	set.Spec = appsv1.StatefulSetSpec{Replicas: ptr.To[int32](3), ServiceName: "nginx", Selector: set.Spec.Selector, Template: set.Spec.Template}
	set.Annotations, set.Spec.Template.Annotations, set.Spec.Template.Finalizers, set.Spec.Template.Spec.Volumes = nil, nil, nil, nil
	set.Spec.Template.Spec.Containers[0].Image = "v1"
	for _, edit := range edit {
		edit(set)
	}
	must(l.create(set))
	l.settle()
	return l
}

// look lets both controllers look once.
func (l *life) look() (busy bool) {
	l.t.Helper()
	ours, theirs := l.serve(nil, nil), l.fork().serve(nil, nil)
	oursDone, theirsDone := ours.outcome(syncOurs(ours)), theirs.outcome(l.u.sync(theirs))
	ours.tx.Commit()
	theirs.tx.Abort()
	if difference := comparison(oursDone, theirsDone); difference != "" {
		l.t.Fatalf("%s%s", sideBySide(oursDone, theirsDone), difference)
	}
	for _, call := range oursDone.calls {
		if call.verb != "update status" {
			l.made = append(l.made, call.title())
		}
	}
	l.events = append(l.events, oursDone.events...)
	return len(oursDone.calls) > 0
}

func (l *life) quiet() {
	for l.look() {
	}
}

// settle lets everything come up that can: a Pod of the image "bad" stays Pending.
func (l *life) settle() {
	l.t.Helper()
	for range 100 {
		l.quiet()
		moved := false
		for _, pod := range l.pods() {
			if stuck := pod.Spec.Containers[0].Image == "bad" && pod.DeletionTimestamp == nil; stuck || isReady(pod) {
				continue
			}
			must(l.advance(pod))
			moved = true
			l.quiet()
		}
		if !moved {
			return
		}
	}
	l.t.Fatal("the set does not come to rest")
}

func isReady(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

func (l *life) edit(edit func(set *appsv1.StatefulSet)) { must(l.editSet(edit)) }

func (l *life) image(image string) {
	l.edit(func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = image })
}

func (l *life) pod(name string) *corev1.Pod {
	pod, found := store.Get[*corev1.Pod](l.db.View(), namespace, name)
	if !found {
		l.t.Fatalf("there is no Pod %s", name)
	}
	return pod
}

func (l *life) unready(names ...string) {
	for _, name := range names {
		must(l.become(l.pod(name), corev1.PodRunning, false))
	}
}

// images are those of the Pods, in the order of their names.
func (l *life) images() string {
	var all []string
	for _, pod := range l.pods() {
		all = append(all, pod.Name+"="+pod.Spec.Containers[0].Image)
	}
	return strings.Join(all, " ")
}

func (l *life) expect(what, found, wanted string) {
	l.t.Helper()
	if found != wanted {
		l.t.Errorf("%s: %s, expected %s", what, found, wanted)
	}
}

// taken are the requests since the last time.
func (l *life) taken() string {
	taken := strings.Join(l.made, "; ")
	l.made = nil
	return taken
}

func parallel(set *appsv1.StatefulSet) { set.Spec.PodManagementPolicy = appsv1.ParallelPodManagement }

func withClaims(set *appsv1.StatefulSet) {
	claim := corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}}}
	claim.Name = "www"
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *quantity("1Gi")}
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim}
}

// The measured cases: what people do not expect of StatefulSets, and both controllers do.

// A: a Pod deleted in the middle of a rollout comes back at the old revision without spec.updateStrategy.rollingUpdate, and at the new one with it.
func TestCaseADeletedDuringARollout(t *testing.T) {
	for image, rolling := range map[string]*appsv1.RollingUpdateStatefulSetStrategy{"v1": nil, "v2": {Partition: ptr.To[int32](0)}} {
		l := live(t, false, func(set *appsv1.StatefulSet) {
			set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: rolling}
		})
		l.image("v2")
		l.quiet()
		must(l.end(l.pod("web-2")))
		must(l.end(l.pod("web-0")))
		l.quiet()
		l.expect("web-0", l.pod("web-0").Spec.Containers[0].Image, image)
	}
}

// B: a broken revision stays stuck after it is reverted, until its Pod is deleted; the first revision is used again under its name.
func TestCaseBRevert(t *testing.T) {
	l := live(t, false)
	first := l.set().Status.UpdateRevision
	l.image("bad")
	l.settle()
	l.image("v1")
	l.settle()
	l.expect("after the revert", l.images(), "web-0=v1 web-1=v1 web-2=bad")
	l.expect("update revision", l.set().Status.UpdateRevision, first)
	must(l.end(l.pod("web-2")))
	l.settle()
	l.expect("after the deletion", l.images(), "web-0=v1 web-1=v1 web-2=v1")
}

// C: a partition counts from the first ordinal on.
func TestCaseCPartitionFromTheStart(t *testing.T) {
	l := live(t, false, func(set *appsv1.StatefulSet) {
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: 5}
		rollingOf(set).Partition = ptr.To[int32](2)
	})
	l.image("v2")
	l.settle()
	l.expect("images", l.images(), "web-5=v1 web-6=v1 web-7=v2")
}

// D: the events.
func TestCaseDEvents(t *testing.T) {
	l := live(t, false, withClaims, func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](1) })
	l.expect("events", strings.Join(l.events, "; "), "Normal SuccessfulCreate: Create Claim www-web-0 Pod web-0 in StatefulSet web success; "+
		"Normal SuccessfulCreate: Create Pod web-0 in StatefulSet web successful")
}

// E: the speed of a sync, measured.
func BenchmarkCaseESyncs(b *testing.B) {
	must(utilfeature.DefaultMutableFeatureGate.Set(fmt.Sprintf("%s=false,%s=true", gates[0], gates[1])))
	for name, sync := range map[string]func(s *server, u *upstream){
		"ours": func(s *server, _ *upstream) { _, _ = syncOurs(s) }, "upstream": func(s *server, u *upstream) { _, _ = u.sync(s) },
	} {
		b.Run(name, func(b *testing.B) {
			w, u := newWorld(api.Release{}), newUpstream()
			must(w.create(newSet(chanceOf(3))))
			for b.Loop() {
				s := w.serve(nil, nil)
				sync(s, u)
				s.tx.Abort()
			}
		})
	}
}

// F: a bad image that is followed by a good one heals by itself only with Parallel and without the gate.
func TestCaseFBadThenGood(t *testing.T) {
	for _, c := range []struct {
		policy func(set *appsv1.StatefulSet)
		gate   bool
		images string
	}{
		{func(*appsv1.StatefulSet) {}, false, "web-0=v1 web-1=v1 web-2=bad"},
		{func(*appsv1.StatefulSet) {}, true, "web-0=v1 web-1=v1 web-2=bad"},
		{parallel, false, "web-0=v3 web-1=v3 web-2=v3"},
		{parallel, true, "web-0=v1 web-1=v1 web-2=bad"},
	} {
		l := live(t, c.gate, c.policy, func(set *appsv1.StatefulSet) { rollingOf(set).MaxUnavailable = ptr.To(intstr.FromInt32(1)) })
		l.image("bad")
		l.settle()
		l.image("v3")
		l.settle()
		l.expect(fmt.Sprintf("gate %v", c.gate), l.images(), c.images)
	}
	l := live(t, false, func(set *appsv1.StatefulSet) { set.Spec.Template.Spec.Containers[0].Image = "bad" })
	l.image("v3")
	l.settle()
	l.expect("the first revision is bad", l.images(), "web-0=bad")
}

// G: what blocks a scale-in from three to one, and what does not.
func TestCaseGScaleInAndHealth(t *testing.T) {
	for unready, requests := range map[string]string{
		"web-0": "", "web-1": "delete Pod web-2", "web-2": "delete Pod web-2", "web-1 web-2": "",
	} {
		l := live(t, false)
		l.unready(strings.Fields(unready)...)
		l.quiet()
		l.taken()
		l.edit(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](1) })
		l.quiet()
		l.expect(unready+" unready", l.taken(), requests)
	}
	l := live(t, false, func(set *appsv1.StatefulSet) {
		set.Spec.Replicas = ptr.To[int32](1)
		set.Spec.Template.Spec.Containers[0].Image = "bad"
	})
	l.taken()
	l.edit(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](0) })
	l.quiet()
	l.expect("from one to none with web-0 Pending", l.taken(), "delete Pod web-0")
}

// H: with whenScaled=Delete the claims of all condemned Pods get their owners before the first is deleted.
func TestCaseHRetention(t *testing.T) {
	l := live(t, false, withClaims, func(set *appsv1.StatefulSet) {
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{WhenDeleted: retentions[0], WhenScaled: retentions[1]}
	})
	l.taken()
	l.edit(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](1) })
	l.look()
	l.expect("one look", l.taken(), "update PersistentVolumeClaim www-web-2; update PersistentVolumeClaim www-web-1; delete Pod web-2")
}

// I: scaling comes before updating, and new ordinals are born new.
func TestCaseIScaleAndUpdate(t *testing.T) {
	l := live(t, false)
	l.taken()
	l.edit(func(set *appsv1.StatefulSet) {
		set.Spec.Replicas = ptr.To[int32](5)
		set.Spec.Template.Spec.Containers[0].Image = "v2"
	})
	l.settle()
	steps := strings.SplitN(l.taken(), "; ", 5)
	l.expect("first steps", strings.Join(steps[1:4], "; "), "create Pod web-3; create Pod web-4; delete Pod web-2")
	l.expect("images", l.images(), "web-0=v2 web-1=v2 web-2=v2 web-3=v2 web-4=v2")
}
