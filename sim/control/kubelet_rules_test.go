package control

import (
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

func TestKubeletRejectsPodsItsNodeCannotTake(t *testing.T) {
	asks := func(name corev1.ResourceName, amount string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{name: resource.MustParse(amount)}
		}
	}
	port := func(pod *corev1.Pod) {
		pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 8080, Protocol: corev1.ProtocolTCP}}
	}
	for _, c := range []struct {
		name            string
		other, pod      func(*corev1.Pod)
		taints          []corev1.Taint
		reason, message string
	}{
		{name: "what fits", other: asks("cpu", "2"), pod: asks("cpu", "2")},
		{name: "too much CPU", other: asks("cpu", "1500m"), pod: asks("cpu", "3"),
			reason: "OutOfcpu", message: "Node didn't have enough resource: cpu, requested: 3000, used: 1500, capacity: 4000"},
		{name: "too much memory", pod: asks("memory", "17Gi"),
			reason: "OutOfmemory", message: "Node didn't have enough resource: memory, requested: 18253611008, used: 0, capacity: 17179869184"},
		{name: "a port that is taken", other: port, pod: port,
			reason: "NodePorts", message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"},
		{name: "another node's selector", pod: func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{"disk": "fast"} },
			reason: "NodeAffinity", message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"},
		{name: "a taint that sends Pods away", taints: []corev1.Taint{{Key: "broken", Effect: corev1.TaintEffectNoExecute}},
			reason: "TaintToleration", message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"},
		{name: "a taint that keeps Pods off is the scheduler's", taints: []corev1.Taint{{Key: "reserved", Effect: corev1.TaintEffectNoSchedule}}},
		{name: "another operating system", pod: func(pod *corev1.Pod) { pod.Spec.OS = &corev1.PodOS{Name: corev1.Windows} },
			reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newKubeletWorld(t, "")
			node := kubeletNode("node-1")
			node.Spec.Taints = c.taints
			w.put(node)
			if c.other != nil {
				w.put(kubeletPod("other", c.other))
			}
			w.runUntil(w.start.Add(time.Second))
			w.put(kubeletPod("web-0", c.pod))
			w.runUntil(w.start.Add(5 * time.Second))
			pod, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0")
			if c.reason == "" {
				if pod.Status.Phase != corev1.PodRunning {
					t.Errorf("expected the Pod to run, found %s %s %s", pod.Status.Phase, pod.Status.Reason, pod.Status.Message)
				}
				return
			}
			if pod.Status.Phase != corev1.PodFailed || pod.Status.Reason != c.reason || pod.Status.Message != "Pod was rejected: "+c.message {
				t.Errorf("expected Failed %s %q, found %s %s %q", c.reason, c.message, pod.Status.Phase, pod.Status.Reason, pod.Status.Message)
			}
			if event := "event Warning " + c.reason + ": " + c.message; !strings.Contains(strings.Join(w.lines, "\n"), event) {
				t.Errorf("expected %s, found\n%s", event, strings.Join(w.lines, "\n"))
			}
		})
	}
}

func TestKubeletTakesNoMorePodsThanItsNodeHolds(t *testing.T) {
	w := newKubeletWorld(t, "")
	w.put(kubeletNode("node-1"))
	for _, name := range []string{"a", "b", "c", "d"} {
		w.put(kubeletPod(name, nil))
	}
	w.runUntil(w.start.Add(10 * time.Second))
	last, _ := store.Get[*corev1.Pod](w.db.View(), "default", "d")
	if last.Status.Reason != "OutOfpods" || !strings.HasSuffix(last.Status.Message, "pods, requested: 1, used: 3, capacity: 3") {
		t.Errorf("found %s %s", last.Status.Reason, last.Status.Message)
	}
}

// Pods of one node that want the same image at the same time have it pulled once.
func TestKubeletPullsAnImageOnce(t *testing.T) {
	w := newKubeletWorld(t, "")
	w.put(kubeletNode("node-1"))
	w.put(kubeletPod("a", func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = "nginx:1.27" }))
	w.put(kubeletPod("b", func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = "nginx:1.27" }))
	w.runUntil(w.start.Add(10 * time.Second))
	for text, want := range map[string]int{"pull image": 1, "event Normal Pulling: ": 2, "event Normal Pulled: Successfully": 2} {
		if n := strings.Count(strings.Join(w.lines, "\n"), text); n != want {
			t.Errorf("expected %q %d times, found %d", text, want, n)
		}
	}
	for _, name := range []string{"a", "b"} {
		if pod, _ := store.Get[*corev1.Pod](w.db.View(), "default", name); pod.Status.Phase != corev1.PodRunning {
			t.Errorf("%s is %s", name, pod.Status.Phase)
		}
	}
}

func TestKubeletLeavesPodsOfUnknownNodesAlone(t *testing.T) {
	w := newKubeletWorld(t, "")
	w.put(kubeletPod("web-0", nil))
	w.runUntil(w.start.Add(10 * time.Second))
	if len(w.lines) > 0 {
		t.Errorf("found %v", w.lines)
	}
	w.put(kubeletNode("node-1"))
	w.runUntil(w.start.Add(20 * time.Second))
	if pod, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0"); pod.Status.Phase != corev1.PodRunning {
		t.Errorf("once there is the node the Pod is to run; it is %s", pod.Status.Phase)
	}
}

func TestKubeletTellsTheWholeStatus(t *testing.T) {
	w := newKubeletWorld(t, "")
	w.put(kubeletNode("node-1"))
	pod := kubeletPod("web-0", func(pod *corev1.Pod) {
		pod.Spec.Containers[0].ReadinessProbe = &corev1.Probe{InitialDelaySeconds: 5, ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{}}}
		pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}
		pod.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "www", MountPath: "/www", ReadOnly: true}}
		pod.Status.QOSClass = corev1.PodQOSBurstable
	})
	w.put(pod)
	w.runUntil(w.start.Add(5 * time.Second))
	unready, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0")
	w.runUntil(w.start.Add(20 * time.Second))
	ready, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0")
	for file, pod := range map[string]*corev1.Pod{"testdata/kubelet/unready.yaml": unready, "testdata/kubelet/ready.yaml": ready} {
		got, err := yaml.Marshal(pod.Status)
		if err != nil {
			t.Fatal(err)
		}
		if *updateKubelet {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || string(got) != string(want) {
			t.Errorf("%s: expected:\n%s\nfound:\n%s", file, want, got)
		}
	}
}

// The wait of a container follows from its runs alone.
func TestBackoffDoublesAndIsForgottenAfterALongRun(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	run := &container.Container{CreatedAt: start, FinishedAt: start.Add(time.Second)}
	var waits []string
	for range 8 {
		waits = append(waits, backoff(run).String())
		run = &container.Container{CreatedAt: start, FinishedAt: start.Add(time.Second), Backoff: nextBackoff(run)}
	}
	if got := strings.Join(waits, " "); got != "0s 10s 20s 40s 1m20s 2m40s 5m0s 5m0s" {
		t.Errorf("found %s", got)
	}
	run.FinishedAt = start.Add(10*time.Minute + time.Second)
	if backoff(run) != 0 || nextBackoff(run) != firstBackoff {
		t.Errorf("after a long run: %v, then %v", backoff(run), nextBackoff(run))
	}
}

func TestPullBackoff(t *testing.T) {
	for failures, want := range map[int]time.Duration{0: 10 * time.Second, 1: 10 * time.Second, 2: 20 * time.Second, 5: 160 * time.Second, 6: 300 * time.Second, 1000: 300 * time.Second} {
		if got := pullBackoff(failures); got != want {
			t.Errorf("%d failures: expected %v, found %v", failures, want, got)
		}
	}
}

// A container's own policy and rules come before those of the Pod.
func TestRestartPolicyOfAContainer(t *testing.T) {
	rule := func(operator corev1.ContainerRestartRuleOnExitCodesOperator, codes ...int32) corev1.Container {
		return corev1.Container{RestartPolicy: ptr.To(corev1.ContainerRestartPolicyNever), RestartPolicyRules: []corev1.ContainerRestartRule{{
			Action: corev1.ContainerRestartRuleActionRestart, ExitCodes: &corev1.ContainerRestartRuleOnExitCodes{Operator: operator, Values: codes}}}}
	}
	for _, c := range []struct {
		name string
		pod  corev1.RestartPolicy
		spec corev1.Container
		code int32
		want bool
	}{
		{"Always", corev1.RestartPolicyAlways, corev1.Container{}, 0, true},
		{"OnFailure, failed", corev1.RestartPolicyOnFailure, corev1.Container{}, 1, true},
		{"OnFailure, succeeded", corev1.RestartPolicyOnFailure, corev1.Container{}, 0, false},
		{"Never", corev1.RestartPolicyNever, corev1.Container{}, 1, false},
		{"the container's OnFailure", corev1.RestartPolicyNever, corev1.Container{RestartPolicy: ptr.To(corev1.ContainerRestartPolicyOnFailure)}, 1, true},
		{"a rule that fits", corev1.RestartPolicyNever, rule(corev1.ContainerRestartRuleOnExitCodesOpIn, 42), 42, true},
		{"a rule that does not", corev1.RestartPolicyAlways, rule(corev1.ContainerRestartRuleOnExitCodesOpIn, 42), 1, false},
		{"a rule about all others", corev1.RestartPolicyNever, rule(corev1.ContainerRestartRuleOnExitCodesOpNotIn, 42), 1, true},
	} {
		pod := &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: c.pod}}
		if got := restarts(pod, &c.spec, c.code); got != c.want {
			t.Errorf("%s: expected %v", c.name, c.want)
		}
	}
}

func TestKubeletOfAnOldReleaseTellsLess(t *testing.T) {
	w := newKubeletWorld(t, "1.27")
	w.put(kubeletNode("node-1"))
	w.put(kubeletPod("web-0", nil))
	w.runUntil(w.start.Add(10 * time.Second))
	pod, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0")
	status := pod.Status.ContainerStatuses[0]
	if status.Resources != nil || status.User != nil || status.VolumeMounts != nil || pod.Status.ObservedGeneration != 0 || pod.Status.HostIPs != nil ||
		podCondition(pod, corev1.PodReadyToStartContainers) != nil {
		t.Errorf("found %+v", pod.Status)
	}
	if !podReady(pod) || api.NameOf(pod).Name != "web-0" {
		t.Errorf("the Pod is not ready: %+v", pod.Status)
	}
}
