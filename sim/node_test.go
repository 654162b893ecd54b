package sim_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

func (s *story) node(name string) string {
	s.t.Helper()
	node, found := store.Get[*corev1.Node](s.View(), "", name)
	if !found {
		s.t.Fatalf("there is no node %s", name)
	}
	return nodeLine(node)
}

func (s *story) wantNode(name, want string) {
	s.t.Helper()
	if got := s.node(name); got != want {
		s.t.Errorf("%s: got %s, want %s", name, got, want)
	}
}

// newNodes is a story without a set.
func newNodes(t *testing.T, options sim.Options) *story {
	s := &story{t: t, Cluster: sim.New(options)}
	s.begin = s.Now()
	return s
}

func (s *story) patchStatus(name string, kind corev1.NodeConditionType, status corev1.ConditionStatus) error {
	_, _, err := s.Mutate(api.KindNamed("Node"), api.Name{Name: name}, "status", false, false, func(current api.Object) (api.Object, error) {
		changed := current.DeepCopyObject().(*corev1.Node)
		for i := range changed.Status.Conditions {
			if changed.Status.Conditions[i].Type == kind {
				changed.Status.Conditions[i].Status = status
			}
		}
		return changed, nil
	})
	return err
}

func TestACordonIsATaint(t *testing.T) {
	s := newNodes(t, sim.Options{})
	s.do("cordon", s.editNode("node-1", func(node *corev1.Node) { node.Spec.Unschedulable = true }))
	s.RunFor(time.Second)
	s.wantNode("node-1", "Ready=True unschedulable:NoSchedule")
	s.do("taint", s.taint("node-1", "mine", corev1.TaintEffectNoSchedule))
	s.do("uncordon", s.editNode("node-1", func(node *corev1.Node) { node.Spec.Unschedulable = false }))
	if !s.Settle(time.Minute) {
		t.Error("the cluster does not come to rest")
	}
	s.wantNode("node-1", "Ready=True mine:NoSchedule")
}

// Conditions set by hand taint the node until its kubelet looks at it, ten seconds later at most.
func TestConditionsSetByHand(t *testing.T) {
	s := newNodes(t, sim.Options{})
	s.RunFor(3 * time.Second)
	s.do("not ready", s.patchStatus("node-1", corev1.NodeReady, corev1.ConditionFalse))
	s.do("memory pressure", s.patchStatus("node-2", corev1.NodeMemoryPressure, corev1.ConditionTrue))
	s.RunFor(6 * time.Second)
	s.wantNode("node-1", "Ready=False not-ready:NoSchedule not-ready:NoExecute")
	s.wantNode("node-2", "Ready=True memory-pressure:NoSchedule")
	if !s.Settle(time.Minute) {
		t.Error("the cluster does not come to rest")
	}
	s.wantNode("node-1", "Ready=True")
	s.wantNode("node-2", "Ready=True")

	// Where no kubelet speaks up, the taint of one sort takes the place of that of the other.
	s.do("cut", s.Befall(sim.Fault{Verb: sim.NodeCut, Node: "node-1"}))
	s.do("not ready", s.patchStatus("node-1", corev1.NodeReady, corev1.ConditionFalse))
	s.RunFor(20 * time.Second)
	s.wantNode("node-1", "Ready=False not-ready:NoSchedule not-ready:NoExecute")
	s.RunFor(time.Minute)
	s.wantNode("node-1", "Ready=Unknown unreachable:NoSchedule unreachable:NoExecute")
}

// Nodes that fail at the same time are tainted one every ten seconds, so that not all Pods are evicted at once; and none when all nodes fail: then it
// must be the control plane that sees nobody.
func TestManyNodesFail(t *testing.T) {
	executing := func(s *story) (count int) {
		for node := range store.List[*corev1.Node](s.View(), "") {
			if strings.Contains(nodeLine(node), "unreachable:NoExecute") {
				count++
			}
		}
		return count
	}
	for _, one := range []struct {
		name         string
		nodes, fail  int
		early, later int // nodes that are tainted 55 s and 2 min after
	}{
		{"one of one", 1, 1, 0, 0},
		{"two of three", 3, 2, 1, 2},
		{"three of three", 3, 3, 0, 0},
		{"four of seven are most of a small zone", 7, 4, 0, 0},
		{"three of seven", 7, 3, 1, 3},
	} {
		s := newNodes(t, sim.Options{Nodes: one.nodes})
		for i := range one.fail {
			s.do("stop", s.Befall(sim.Fault{Verb: sim.NodeDown, Node: "node-" + string(rune('1'+i))}))
		}
		s.RunFor(55 * time.Second)
		early := executing(s)
		s.RunFor(time.Minute)
		if later := executing(s); early != one.early || later != one.later {
			t.Errorf("%s: %d nodes are tainted, and later %d", one.name, early, later)
		}
		if !s.Settle(time.Hour) {
			t.Errorf("%s: the cluster does not come to rest", one.name)
		}
		if one.name != "three of three" {
			continue
		}
		s.do("return", s.Befall(sim.Fault{Verb: sim.NodeUp, Node: "node-3"})) // the control plane sees again, and evicts
		s.RunFor(time.Minute)
		if later := executing(s); later != 2 {
			t.Errorf("when one is back %d are tainted", later)
		}
	}
}

// NoExecute taints set by hand: Pods that do not tolerate them go at once, others when their time is up, or never.
func TestTaintsByHand(t *testing.T) {
	const pods = `
apiVersion: v1
kind: Pod
metadata: {name: weak}
spec: {nodeName: node-1, containers: [{name: main, image: nginx}]}
---
apiVersion: v1
kind: Pod
metadata: {name: patient}
spec:
  nodeName: node-1
  tolerations: [{key: gpu, operator: Exists, effect: NoExecute, tolerationSeconds: 90}]
  containers: [{name: main, image: nginx}]
---
apiVersion: v1
kind: Pod
metadata: {name: stoic}
spec:
  nodeName: node-1
  tolerations: [{key: gpu, operator: Exists}]
  containers: [{name: main, image: nginx}]
`
	var s *story
	told := false
	s = newNodes(t, sim.Options{Trace: func(record sim.Record) {
		if told {
			s.tell(record)
		}
	}})
	if err := s.Apply([]byte(pods)); err != nil {
		t.Fatal(err)
	}
	s.RunFor(s.begin.Add(time.Minute).Sub(s.Now()))
	s.begin, told = s.Now(), true
	untaint := func() error {
		return s.editNode("node-1", func(node *corev1.Node) { node.Spec.Taints = nil })
	}
	s.do("taint", s.taint("node-1", "gpu", corev1.TaintEffectNoExecute))
	s.RunFor(30 * time.Second)
	s.do("untaint", untaint())
	s.RunFor(30 * time.Second)
	s.do("taint again", s.taint("node-1", "gpu", corev1.TaintEffectNoExecute)) // the time begins anew
	s.RunFor(80 * time.Second)
	s.pod("patient")
	if !s.Settle(time.Hour) {
		t.Error("the cluster does not come to rest")
	}
	s.check("taints-by-hand")
	s.pod("stoic")
}
