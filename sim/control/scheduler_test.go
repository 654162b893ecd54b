package control_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

type podEdit func(*corev1.Pod)

func podOf(name string, edits ...podEdit) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{"app": strings.TrimRight(name, "-0123456789")}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "nginx"}}},
	}
	for _, edit := range edits {
		edit(pod)
	}
	return pod
}

func on(node string) podEdit { return func(pod *corev1.Pod) { pod.Spec.NodeName = node } }

func requests(list string) podEdit {
	return func(pod *corev1.Pod) { pod.Spec.Containers[0].Resources.Requests = resourcesOf(list) }
}

func resourcesOf(list string) corev1.ResourceList {
	resources := corev1.ResourceList{}
	for item := range strings.FieldsSeq(list) {
		name, amount, _ := strings.Cut(item, "=")
		resources[corev1.ResourceName(name)] = resource.MustParse(amount)
	}
	return resources
}

func hostPort(port int32) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: port, HostPort: port, Protocol: corev1.ProtocolTCP}}
	}
}

func uses(claims ...string) podEdit {
	return func(pod *corev1.Pod) {
		for i, claim := range claims {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}})
		}
	}
}

func term(topologyKey, app string) corev1.PodAffinityTerm {
	return corev1.PodAffinityTerm{TopologyKey: topologyKey, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}}
}

func near(terms ...corev1.PodAffinityTerm) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	}
}

func apart(terms ...corev1.PodAffinityTerm) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	}
}

func spread(action corev1.UnsatisfiableConstraintAction, topologyKey, app string) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.TopologySpreadConstraints = append(pod.Spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			MaxSkew: 1, TopologyKey: topologyKey, WhenUnsatisfiable: action, LabelSelector: term("", app).LabelSelector})
	}
}

func nodeAffinity(key string, operator corev1.NodeSelectorOperator, values ...string) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}}}}}
	}
}

func tolerating(key string) podEdit {
	return func(pod *corev1.Pod) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists})
	}
}

// threeNodes have a zone each, a and b twice; node-3 has faster disks.
func threeNodes() []sim.NodeSpec {
	return []sim.NodeSpec{
		{Name: "node-1", Labels: map[string]string{"zone": "a"}},
		{Name: "node-2", Labels: map[string]string{"zone": "b"}},
		{Name: "node-3", Labels: map[string]string{"zone": "b", "disk": "ssd", "cores": "8"}},
	}
}

func (w *town) editNode(name string, edit func(*corev1.Node)) {
	w.t.Helper()
	node, _ := store.Get[*corev1.Node](w.View(), "", name)
	changed := node.DeepCopy()
	edit(changed)
	if _, err := w.Update(changed, "", false); err != nil {
		w.t.Fatal(err)
	}
}

// outcome is where a Pod is, or else why it is nowhere.
func (w *town) outcome(name string) string {
	pod := w.pod(name)
	if pod == nil {
		return "gone"
	}
	if pod.Spec.NodeName != "" {
		return pod.Spec.NodeName
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled {
			return condition.Reason + ": " + condition.Message
		}
	}
	return "waiting"
}

func TestSchedulerFilters(t *testing.T) {
	const (
		none   = "Unschedulable: 0/3 nodes are available: "
		unable = " no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
		noPrey = " no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
	)
	cordon := func(node *corev1.Node) { node.Spec.Unschedulable = true }
	taint := func(node *corev1.Node) {
		node.Spec.Taints = append(node.Spec.Taints, corev1.Taint{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule})
	}
	for _, situation := range []struct {
		sentence string
		nodes    map[string]func(*corev1.Node)
		there    []*corev1.Pod // on nodes already
		pod      *corev1.Pod
		want     string
	}{
		{"a node selector leaves one node", nil, nil, podOf("a", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }), "node-3"},
		{"a node selector that nothing matches", nil, nil, podOf("a", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "tape"} }),
			none + "3 node(s) didn't match Pod's node affinity/selector." + unable},
		{"affinity to a node by In", nil, nil, podOf("a", nodeAffinity("zone", corev1.NodeSelectorOpIn, "a", "c")), "node-1"},
		{"affinity to a node by Gt", nil, nil, podOf("a", nodeAffinity("cores", corev1.NodeSelectorOpGt, "4")), "node-3"},
		{"affinity to a node by NotIn takes nodes without the label", map[string]func(*corev1.Node){"node-2": cordon}, nil,
			podOf("a", nodeAffinity("zone", corev1.NodeSelectorOpNotIn, "a")), "node-3"},
		{"cordoned nodes are left out", map[string]func(*corev1.Node){"node-1": cordon, "node-2": cordon}, nil, podOf("a"), "node-3"},
		{"every node is cordoned or tainted", map[string]func(*corev1.Node){"node-1": cordon, "node-2": taint, "node-3": taint}, nil, podOf("a"),
			none + "1 node(s) were unschedulable, 2 node(s) had untolerated taint(s)." + unable},
		{"a tolerated taint is none", map[string]func(*corev1.Node){"node-1": cordon, "node-2": cordon, "node-3": taint}, nil, podOf("a", tolerating("dedicated")), "node-3"},
		{"CPU is taken on two nodes", nil, []*corev1.Pod{podOf("x-1", on("node-1"), requests("cpu=3")), podOf("x-2", on("node-2"), requests("cpu=3"))}, podOf("a", requests("cpu=2")), "node-3"},
		{"no node has enough left", nil, []*corev1.Pod{podOf("x-1", on("node-1"), requests("cpu=3")), podOf("x-2", on("node-2"), requests("cpu=3")), podOf("x-3", on("node-3"), requests("memory=15Gi"))},
			podOf("a", requests("cpu=2 memory=2Gi")), none + "1 Insufficient memory, 2 Insufficient cpu." + noPrey},
		{"no node would ever have enough", nil, nil, podOf("a", requests("cpu=5")), none + "3 Insufficient cpu." + unable},
		{"an init container counts at its peak", nil, nil, podOf("a", requests("cpu=1"), func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: "busybox", Resources: corev1.ResourceRequirements{Requests: resourcesOf("cpu=5")}}}
		}), none + "3 Insufficient cpu." + unable},
		{"a sidecar counts beside the containers", nil, nil, podOf("a", requests("cpu=3"), func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "side", Image: "busybox", RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
				Resources: corev1.ResourceRequirements{Requests: resourcesOf("cpu=2")}}}
		}), none + "3 Insufficient cpu." + unable},
		{"a resource nobody has", nil, nil, podOf("a", requests("example.com/gpu=1"), func(p *corev1.Pod) {
			p.Spec.Containers[0].Resources.Limits = resourcesOf("example.com/gpu=1")
		}), none + "3 Insufficient example.com/gpu." + unable},
		{"a host port is taken on two nodes", nil, []*corev1.Pod{podOf("x-1", on("node-1"), hostPort(80)), podOf("x-2", on("node-3"), hostPort(80))}, podOf("a", hostPort(80)), "node-2"},
		{"a host port is taken everywhere", nil, []*corev1.Pod{podOf("x-1", on("node-1"), hostPort(80)), podOf("x-2", on("node-2"), hostPort(80)), podOf("x-3", on("node-3"), hostPort(80))},
			podOf("a", hostPort(80)), none + "3 node(s) didn't have free ports for the requested pod ports." + noPrey},
		{"near a Pod, by zone", map[string]func(*corev1.Node){"node-2": cordon}, []*corev1.Pod{podOf("db-0", on("node-2"))}, podOf("a", near(term("zone", "db"))), "node-3"},
		{"near a Pod that is not there", nil, nil, podOf("a", near(term("zone", "db"))), none + "3 node(s) didn't match pod affinity rules." + unable},
		{"near itself: the first is let in", map[string]func(*corev1.Node){"node-1": cordon, "node-2": cordon}, nil, podOf("db-0", near(term("zone", "db"))), "node-3"},
		{"apart from Pods, by host", nil, []*corev1.Pod{podOf("db-0", on("node-1")), podOf("db-1", on("node-3"))}, podOf("db-2", apart(term(corev1.LabelHostname, "db"))), "node-2"},
		{"apart from Pods in all zones", nil, []*corev1.Pod{podOf("db-0", on("node-1")), podOf("db-1", on("node-3"))}, podOf("db-2", apart(term("zone", "db"))),
			none + "3 node(s) didn't match pod anti-affinity rules." + noPrey},
		{"a Pod on a node wants to be left alone", nil, []*corev1.Pod{podOf("db-0", on("node-2"), apart(term("zone", "web")))}, podOf("web-0"), "node-1"},
		{"Pods on all nodes want to be left alone", nil, []*corev1.Pod{podOf("db-0", on("node-1"), apart(term("zone", "web"))), podOf("db-1", on("node-2"), apart(term("zone", "web")))}, podOf("web-0"),
			none + "3 node(s) didn't satisfy existing pods anti-affinity rules." + noPrey},
		{"Pods of other namespaces do not count", map[string]func(*corev1.Node){"node-2": cordon, "node-3": cordon},
			[]*corev1.Pod{podOf("db-0", on("node-1"), func(p *corev1.Pod) { p.Namespace = "kube-public" })}, podOf("db-1", apart(term(corev1.LabelHostname, "db"))), "node-1"},
		{"Pods of other namespaces count when all are selected", map[string]func(*corev1.Node){"node-3": cordon},
			[]*corev1.Pod{podOf("db-0", on("node-1"), func(p *corev1.Pod) { p.Namespace = "kube-public" })},
			podOf("db-1", apart(corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: term("", "db").LabelSelector, NamespaceSelector: &metav1.LabelSelector{}})), "node-2"},
		{"spread over hosts", nil, []*corev1.Pod{podOf("web-0", on("node-1")), podOf("web-1", on("node-2"))}, podOf("web-2", spread(corev1.DoNotSchedule, corev1.LabelHostname, "web")), "node-3"},
		{"spread over zones, where the other zone is closed", map[string]func(*corev1.Node){"node-1": cordon}, []*corev1.Pod{podOf("web-0", on("node-2"))},
			podOf("web-1", spread(corev1.DoNotSchedule, "zone", "web")),
			none + "1 node(s) were unschedulable, 2 node(s) didn't match pod topology spread constraints. no new claims to deallocate, preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod."},
		{"spread over a label that no node has", nil, nil, podOf("web-0", spread(corev1.DoNotSchedule, "rack", "web")),
			none + "3 node(s) didn't match pod topology spread constraints (missing required label)." + unable},
		{"a claim that does not exist", nil, nil, podOf("a", uses("data")), none + `persistentvolumeclaim "data" not found. not found`},
		{"a claim that is never bound", nil, nil, podOf("a", uses("orphan")), none + "pod has unbound immediate PersistentVolumeClaims. not found"},
		{"a claim for which nobody makes volumes by hand", nil, nil, podOf("a", uses("late")), none + "3 node(s) didn't find available persistent volumes to bind." + unable},
		{"gates keep the Pod out of the queue", nil, nil, podOf("a", func(p *corev1.Pod) { p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}} }),
			"SchedulingGated: Scheduling is blocked due to non-empty scheduling gates"},
		{"another scheduler's Pod is left alone", nil, nil, podOf("a", func(p *corev1.Pod) { p.Spec.SchedulerName = "mine" }), "waiting"},
	} {
		t.Run(situation.sentence, func(t *testing.T) {
			w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
			for name, edit := range situation.nodes {
				w.editNode(name, edit)
			}
			w.create(claimOf("orphan", ""), claimOf("late", "by-hand"))
			for _, pod := range situation.there {
				w.create(pod)
			}
			w.create(situation.pod)
			w.run(time.Second)
			equal(t, "the Pod", w.outcome(situation.pod.Name), situation.want)
		})
	}
}

func TestSchedulerSaysOnceWhatItDid(t *testing.T) {
	w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
	w.create(podOf("a", requests("cpu=3")), podOf("b", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "ssd"} }), podOf("c", requests("cpu=9")))
	w.run(time.Second)
	equalLines(t, "events of a Pod with a node", w.events("Pod", "b"), "Normal Scheduled default-scheduler: Successfully assigned default/b to node-3")
	w.editNode("node-1", func(n *corev1.Node) { n.Labels["new"] = "yes" })
	w.run(time.Second)
	w.editNode("node-1", func(n *corev1.Node) { n.Labels["new"] = "no" })
	w.run(time.Second)
	equalLines(t, "events of a Pod without", w.events("Pod", "c"), "Warning FailedScheduling default-scheduler: 0/3 nodes are available: 3 Insufficient cpu. "+
		"no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")
}

func TestSchedulerTriesAgainWhenSomethingChanges(t *testing.T) {
	cordoned := func(w *town) {
		for _, spec := range threeNodes() {
			w.editNode(spec.Name, func(n *corev1.Node) { n.Spec.Unschedulable = true })
		}
	}
	for _, story := range []struct {
		sentence string
		before   func(w *town)
		pod      *corev1.Pod
		change   func(w *town)
	}{
		{"a node is opened", cordoned, podOf("a"), func(w *town) { w.editNode("node-2", func(n *corev1.Node) { n.Spec.Unschedulable = false }) }},
		{"a node gets the label", func(*town) {}, podOf("a", func(p *corev1.Pod) { p.Spec.NodeSelector = map[string]string{"disk": "nvme"} }),
			func(w *town) { w.editNode("node-2", func(n *corev1.Node) { n.Labels["disk"] = "nvme" }) }},
		{"a Pod goes", func(w *town) {
			w.create(podOf("x-1", on("node-1"), hostPort(80)), podOf("x-2", on("node-2"), hostPort(80)), podOf("x-3", on("node-3"), hostPort(80)))
		}, podOf("a", hostPort(80)), func(w *town) {
			now := int64(0)
			if _, _, err := w.Delete(api.KindNamed("Pod"), api.Name{Namespace: "default", Name: "x-2"}, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
				w.t.Fatal(err)
			}
		}},
		{"the claim comes", func(*town) {}, podOf("a", uses("data")), func(w *town) { w.create(claimOf("data", "standard")) }},
		{"a volume is made by hand", func(w *town) { w.create(claimOf("data", "by-hand")) }, podOf("a", uses("data")), func(w *town) { w.create(volumeOf("pv", "by-hand", "1Gi")) }},
		{"the Pod it wants to be near comes", func(*town) {}, podOf("a", near(term("zone", "db"))), func(w *town) { w.create(podOf("db-0")) }},
		{"the gates are opened", func(*town) {}, podOf("a", func(p *corev1.Pod) { p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}} }), func(w *town) {
			changed := w.pod("a").DeepCopy()
			changed.Spec.SchedulingGates = nil
			if _, err := w.Update(changed, "", false); err != nil {
				w.t.Fatal(err)
			}
		}},
	} {
		t.Run(story.sentence, func(t *testing.T) {
			w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
			story.before(w)
			w.create(story.pod)
			w.run(2 * time.Second)
			if got := w.outcome("a"); strings.HasPrefix(got, "node-") {
				t.Fatalf("before: the Pod is on %s already", got)
			}
			story.change(w)
			w.run(2 * time.Second)
			if got := w.outcome("a"); !strings.HasPrefix(got, "node-") {
				t.Errorf("after: %s", got)
			}
		})
	}
}

func TestSchedulerScores(t *testing.T) {
	preferring := func(key, value string) podEdit {
		return func(pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 1, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}}}}}}}
		}
	}
	rather := func(affinity, apart []corev1.PodAffinityTerm) podEdit {
		weighted := func(terms []corev1.PodAffinityTerm) (list []corev1.WeightedPodAffinityTerm) {
			for _, term := range terms {
				list = append(list, corev1.WeightedPodAffinityTerm{Weight: 50, PodAffinityTerm: term})
			}
			return list
		}
		return func(pod *corev1.Pod) {
			pod.Spec.Affinity = &corev1.Affinity{
				PodAffinity:     &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted(affinity)},
				PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: weighted(apart)},
			}
		}
	}
	ofSet := func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "web", UID: "set", Controller: new(true)}}
	}
	for _, situation := range []struct {
		sentence string
		there    []*corev1.Pod
		pod      *corev1.Pod
		want     string
	}{
		{"the emptiest node", []*corev1.Pod{podOf("x-1", on("node-1"), requests("cpu=1")), podOf("x-2", on("node-3"), requests("cpu=1"))}, podOf("a"), "node-2"},
		{"the node without a Pod of the same set, though it is fuller", []*corev1.Pod{podOf("web-0", on("node-1"), ofSet), podOf("web-1", on("node-2"), ofSet), podOf("x-3", on("node-3"), requests("cpu=1"))},
			podOf("web-2", ofSet), "node-3"},
		{"a preferred node", nil, podOf("a", preferring("disk", "ssd")), "node-3"},
		{"near a Pod, rather", []*corev1.Pod{podOf("db-0", on("node-2"), requests("cpu=1"))}, podOf("a", rather([]corev1.PodAffinityTerm{term(corev1.LabelHostname, "db")}, nil)), "node-2"},
		{"far from Pods, rather", []*corev1.Pod{podOf("db-0", on("node-1")), podOf("db-1", on("node-2")), podOf("x-0", on("node-3"), requests("cpu=1"))},
			podOf("a", rather(nil, []corev1.PodAffinityTerm{term(corev1.LabelHostname, "db")})), "node-3"},
		{"a Pod on a node would rather have it near", []*corev1.Pod{podOf("db-0", on("node-2"), requests("cpu=1"), rather([]corev1.PodAffinityTerm{term(corev1.LabelHostname, "web")}, nil))}, podOf("web-0"), "node-2"},
		{"spread by zone when possible", []*corev1.Pod{podOf("web-0", on("node-2")), podOf("x-0", on("node-1"), requests("cpu=1"))}, podOf("web-1", spread(corev1.ScheduleAnyway, "zone", "web")), "node-1"},
	} {
		t.Run(situation.sentence, func(t *testing.T) {
			w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
			for _, pod := range situation.there {
				w.create(pod)
			}
			w.create(situation.pod)
			w.run(time.Second)
			equal(t, "the Pod", w.outcome(situation.pod.Name), situation.want)
		})
	}
}

func TestSchedulerAvoidsTaintsThatAreNotStrict(t *testing.T) {
	w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
	for _, name := range []string{"node-1", "node-3"} {
		w.editNode(name, func(n *corev1.Node) {
			n.Spec.Taints = []corev1.Taint{{Key: "slow", Effect: corev1.TaintEffectPreferNoSchedule}}
		})
	}
	w.create(podOf("a"))
	w.run(time.Second)
	equal(t, "the Pod", w.outcome("a"), "node-2")
}

func TestSchedulerOfOlderReleases(t *testing.T) {
	for _, situation := range []struct{ release, want, wantClaim string }{
		{"1.33", "Unschedulable: 0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: db}. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
			"Unschedulable: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."},
		{"1.36", "Unschedulable: 0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
			"Unschedulable: 0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"},
	} {
		w := newTown(t, sim.Options{Kubernetes: situation.release, NodeSpecs: []sim.NodeSpec{{Name: "node-1", Taints: []corev1.Taint{{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}}}}})
		w.create(podOf("a"), podOf("b", uses("orphan")), claimOf("orphan", ""))
		w.run(time.Second)
		equal(t, situation.release, w.outcome("a"), situation.want)
		equal(t, situation.release, w.outcome("b"), situation.wantClaim)
	}
}

func TestSchedulerWithoutNodes(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 1})
	node, _ := store.Get[*corev1.Node](w.View(), "", "node-1")
	w.remove(node)
	w.create(podOf("a"))
	w.run(time.Second)
	equal(t, "the Pod", w.outcome("a"), "Unschedulable: no nodes available to schedule pods")
}

func TestSchedulerPlacesPodsOfOneInstantAsOneByOne(t *testing.T) {
	w := newTown(t, sim.Options{NodeSpecs: threeNodes()})
	for i := range 4 {
		w.create(podOf(fmt.Sprint("db-", i), apart(term(corev1.LabelHostname, "db"))))
	}
	w.create(podOf("a", near(term(corev1.LabelHostname, "late"))), podOf("late-0"))
	w.run(time.Second)
	nodes := map[string]bool{}
	for i := range 3 {
		nodes[w.outcome(fmt.Sprint("db-", i))] = true
	}
	equal(t, "nodes of the first three", len(nodes), 3)
	if got := w.outcome("db-3"); !strings.Contains(got, "3 node(s) didn't match pod anti-affinity rules") {
		t.Errorf("the fourth: %s", got)
	}
	equal(t, "a Pod that comes before the one it follows", w.outcome("a"), w.outcome("late-0"))
}
