package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/store"
)

// seen are what one sees in a cluster of a release: for each row of api.Changes an observation, what it is in the release before, and what since.
var seen = map[string]struct {
	look          func(t *testing.T, release string) string
	before, since string
}{
	"claim retention": {func(t *testing.T, release string) string {
		s := small(t, release, "replicas: 1", "replicas: 1\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}")
		s.do("delete", s.DeleteObject("StatefulSet", "default", "web"))
		s.RunFor(time.Minute)
		return names[*corev1.PersistentVolumeClaim](s)
	}, "www-web-0", ""},
	"start ordinal": {func(t *testing.T, release string) string {
		return names[*corev1.Pod](small(t, release, "replicas: 1", "replicas: 1\n  ordinals: {start: 5}"))
	}, "web-0", "web-5"},
	"crash loop text": {func(t *testing.T, release string) string {
		s := unready(t, release, "image: registry", "command: [sh, -c, exit 1]\n        image: registry")
		return strings.Split(strings.Split(eventsOf(s, "web-0", "BackOff")[0], " in pod")[0], " (x")[0]
	}, "Back-off restarting failed container", "Back-off restarting failed container nginx"},
	"pod index": {func(t *testing.T, release string) string {
		return small(t, release).pod("web-0").Labels[appsv1.PodIndexLabel]
	}, "", "0"},
	"sandbox condition": {func(t *testing.T, release string) string {
		return fmt.Sprint(slices.ContainsFunc(small(t, release).pod("web-0").Status.Conditions, func(condition corev1.PodCondition) bool {
			return condition.Type == corev1.PodReadyToStartContainers
		}))
	}, "false", "true"},
	"eviction source": {func(t *testing.T, release string) string {
		s := small(t, release)
		s.do("taint", s.taint(s.pod("web-0").Spec.NodeName, "gone", corev1.TaintEffectNoExecute))
		s.RunFor(time.Minute)
		for event := range store.List[*corev1.Event](s.View(), "default") {
			if event.Reason == "TaintManagerEviction" {
				return event.Source.Component
			}
		}
		return ""
	}, "taint-controller", "taint-eviction-controller"},
	"pulled text": {func(t *testing.T, release string) string {
		return fmt.Sprint(strings.Contains(eventsOf(small(t, release), "web-0", "Pulled")[0], "Image size: "))
	}, "false", "true"},
	"volume mounts": {func(t *testing.T, release string) string {
		return fmt.Sprint(len(small(t, release).pod("web-0").Status.ContainerStatuses[0].VolumeMounts) > 0)
	}, "false", "true"},
	"node grace period": {func(t *testing.T, release string) string {
		s := small(t, release)
		s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: "node-1"}))
		s.RunFor(45 * time.Second)
		return strings.Fields(s.node("node-1"))[0]
	}, "Ready=Unknown", "Ready=True"},
	"pull back-off text": {func(t *testing.T, release string) string {
		s := unready(t, release, "registry.k8s.io/nginx-slim:0.21", brokenImage)
		return fmt.Sprint(strings.Contains(s.pod("web-0").Status.ContainerStatuses[0].State.Waiting.Message, "ErrImagePull: "))
	}, "false", "true"},
	"no service name": {func(t *testing.T, release string) string {
		return refusal(t, release, "serviceName: nginx", "serviceName: a.b")
	}, "", `StatefulSet.apps "web" is invalid: spec.serviceName: Invalid value: "a.b": must not contain dots`},
	"revision history": {func(t *testing.T, release string) string {
		return changeRefused(small(t, release), func(set *appsv1.StatefulSet) { set.Spec.RevisionHistoryLimit = ptr.To[int32](3) })
	}, `StatefulSet.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', ` +
		`'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`, ""},
	"managed endpoints": {func(t *testing.T, release string) string {
		return object[*corev1.Endpoints](small(t, release), "nginx").Labels["endpoints.kubernetes.io/managed-by"]
	}, "", "endpoint-controller"},
	"minReadySeconds in rollouts": {func(t *testing.T, release string) string {
		s := unready(t, release, "replicas: 1", "replicas: 2\n  podManagementPolicy: Parallel\n  minReadySeconds: 60")
		s.RunFor(2 * time.Minute)
		setImage(s, newImage)
		return strings.Join(followDeletions(s, time.Minute), " ")
	}, "web-1 (web-0 ready) web-0 (web-1 ready)", "web-1 (web-0 ready)"},
	"minReadySeconds in scale-in": {func(t *testing.T, release string) string {
		s := small(t, release)
		s.RunFor(5 * time.Minute)
		scale(s, 2)
		s.RunFor(time.Minute) // web-0 has been Ready for long, web-1 has not
		change(s, "web", func(set *appsv1.StatefulSet) { set.Spec.MinReadySeconds, set.Spec.Replicas = 120, ptr.To[int32](1) })
		s.RunFor(20 * time.Second)
		return names[*corev1.Pod](s)
	}, "web-0 web-1", "web-0"},
	"semantic revisions": {sameTemplateOtherwiseWritten, "a new revision", "the same revision"},
	"claim templates": {func(t *testing.T, release string) string {
		return fmt.Sprint(strings.Contains(refusal(t, release, "accessModes: [ReadWriteOnce]", "accessModes: []"), "volumeClaimTemplates[0]"))
	}, "false", "true"},
	"observed generation": {func(t *testing.T, release string) string {
		return fmt.Sprint(small(t, release).pod("web-0").Status.ObservedGeneration)
	}, "0", "1"},
	"event capitals": {func(t *testing.T, release string) string {
		return strings.Join(eventsOf(small(t, release), "web", "SuccessfulCreate"), ", ")
	}, "create Claim www-web-0 Pod web-0 in StatefulSet web success, create Pod web-0 in StatefulSet web successful",
		"Create Claim www-web-0 Pod web-0 in StatefulSet web success, Create Pod web-0 in StatefulSet web successful"},
	"container events": {func(t *testing.T, release string) string {
		return strings.Join(eventsOf(small(t, release), "web-0", "Created"), ", ")
	}, "Created container: nginx", "Container created"},
	"taints of nodes": {func(t *testing.T, release string) string {
		s := lesson(t, sim.Options{Kubernetes: release, Nodes: 1})
		s.do("taint", s.taint("node-1", "dedicated", corev1.TaintEffectNoSchedule))
		s.do("apply", s.Apply([]byte(web)))
		s.RunFor(time.Minute)
		told := eventsOf(s, "web-0", "FailedScheduling") // first that the claim is not bound
		text, _, _ := strings.Cut(told[len(told)-1], ". ")
		return text
	}, "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: }", "0/1 nodes are available: 1 node(s) had untolerated taint(s)"},
	"gone pods": {goneWhenDeleted, `FailedDelete: Delete Pod web-0 in StatefulSet web failed error: pods "web-0" not found`, "SuccessfulDelete: Delete Pod web-0 in StatefulSet web successful"},
	"service names": {func(t *testing.T, release string) string {
		return fmt.Sprint(refusal(t, release, "metadata: {name: nginx, ", "metadata: {name: 1nginx, ") == "")
	}, "false", "true"},
}

// TestReleases looks at each change in the release before and in the release that made it.
func TestReleases(t *testing.T) {
	releases := api.Releases()
	for _, change := range api.Changes() {
		t.Run(fmt.Sprintf("1.%d-%s", change.Minor, strings.ReplaceAll(change.Name, " ", "-")), func(t *testing.T) {
			row, found := seen[change.Name]
			at := slices.IndexFunc(releases, func(release api.Release) bool { return release.Minor() == change.Minor })
			if !found || at < 1 {
				t.Fatalf("nothing is seen of it, or the release has none before it")
			}
			if before := row.look(t, releases[at-1].String()); before != row.before {
				t.Errorf("%s: %q, expected %q", releases[at-1], before, row.before)
			}
			if since := row.look(t, releases[at].String()); since != row.since {
				t.Errorf("%s: %q, expected %q", releases[at], since, row.since)
			}
		})
	}
	if len(seen) != len(api.Changes()) {
		t.Errorf("%d changes are looked at, there are %d", len(seen), len(api.Changes()))
	}
}

// small is the set web of one Pod, a minute after the cluster began.
func small(t *testing.T, release string, replaced ...string) *story {
	t.Helper()
	s := unready(t, release, replaced...)
	if !sim.Ready("StatefulSet", "default", "web").Holds(s.View()) {
		t.Fatalf("the set is not ready\n%s", state(s.Cluster))
	}
	return s
}

// unready is the same, whatever became of the set.
func unready(t *testing.T, release string, replaced ...string) *story {
	t.Helper()
	manifest := strings.NewReplacer(replaced...).Replace(strings.Replace(web, "replicas: 3", "replicas: 1", 1))
	s := lesson(t, sim.Options{Kubernetes: release}, manifest)
	s.RunFor(time.Minute)
	return s
}

// refusal is what the API says of the manifest; empty when it takes it.
func refusal(t *testing.T, release string, replaced ...string) string {
	t.Helper()
	cluster := sim.New(sim.Options{Kubernetes: release})
	err := cluster.Apply([]byte(strings.NewReplacer(replaced...).Replace(web)))
	if err == nil {
		return ""
	}
	return err.Error()
}

// changeRefused is what the API says of a change of the set; empty when it takes it.
func changeRefused(s *story, edit func(*appsv1.StatefulSet)) string {
	_, _, err := s.Mutate(api.KindNamed("StatefulSet"), api.Name{Namespace: "default", Name: "web"}, "", false, false, func(current api.Object) (api.Object, error) {
		set := current.DeepCopyObject().(*appsv1.StatefulSet)
		edit(set)
		return set, nil
	})
	if err == nil {
		return ""
	}
	return err.Error()
}

// sameTemplateOtherwiseWritten gives a set a revision that lacks what is filled in by default, as another release may have written it.
func sameTemplateOtherwiseWritten(t *testing.T, release string) string {
	s := small(t, release)
	first := object[*appsv1.StatefulSet](s, "web").Status.UpdateRevision
	written := object[*appsv1.ControllerRevision](s, first).DeepCopy()
	_, _, err := s.Delete(api.KindNamed("StatefulSet"), api.Name{Namespace: "default", Name: "web"}, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationOrphan)})
	s.do("delete the set", err)
	s.RunFor(10 * time.Second)
	s.do("delete the revision", s.DeleteObject("ControllerRevision", "default", first))
	written.ObjectMeta = metav1.ObjectMeta{Namespace: "default", Name: first, Labels: written.Labels}
	written.Data.Raw = []byte(strings.Replace(string(written.Data.Raw), `"dnsPolicy":"ClusterFirst",`, "", 1))
	_, err = s.Create(written, false)
	s.do("write the revision", err)
	_, set, _ := strings.Cut(strings.Replace(web, "replicas: 3", "replicas: 1", 1), "---")
	s.do("apply", s.Apply([]byte(set)))
	s.RunFor(time.Minute)
	if object[*appsv1.StatefulSet](s, "web").Status.UpdateRevision == first {
		return "the same revision"
	}
	return "a new revision"
}

// goneWhenDeleted lets the controller see a Pod that somebody deletes by force before the controller does: what it tells of its own deletion.
func goneWhenDeleted(t *testing.T, release string) string {
	s := small(t, release)
	scale(s, 0)
	loops := control.Loops()
	at := slices.IndexFunc(loops, func(loop control.Loop) bool { return loop.Name == "statefulset" })
	plan := loops[at].Sync(control.Input{View: s.View(), Key: control.Key{Namespace: "default", Name: "web"}, Now: s.Now(), Settings: s.Settings()})
	for _, write := range plan.Writes {
		if write.Verb != control.Delete {
			continue
		}
		if slices.Contains(write.Tolerate, "NotFound") {
			return write.Success.Reason + ": " + write.Success.Message
		}
		return write.Failure()[0].Reason + ": " + strings.ReplaceAll(write.Failure()[0].Message, "{error}", `pods "web-0" not found`)
	}
	return ""
}
