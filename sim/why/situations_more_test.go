package why_test

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

func init() { situations = append(situations, more...) }

// more are the situations of sets that were fine before.
var more = []struct {
	name, release string
	without       []string
	make          func(s *situation)
	ask           string
}{
	{name: "terminating", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web(mount, "lifecycle: {preStop: {exec: {command: [sleep, '25']}}}\n        volumeMounts:")
		s.settle()
		s.delete("Pod", "web-1", false)
		s.RunFor(5 * time.Second)
	}},
	{name: "finalizer", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web()
		s.settle()
		edit(s, "web-1", func(pod *corev1.Pod) { pod.Finalizers = []string{"example.com/backup"} })
		s.delete("Pod", "web-1", false)
		s.settle()
	}},
	{name: "node-unreachable", ask: "sts/web pod/web-1 no/node-1 svc/nginx", make: func(s *situation) {
		s.web()
		s.settle()
		s.check(s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.pod("web-1").Spec.NodeName}))
		s.RunFor(2 * time.Minute)
	}},
	{name: "node-unreachable-terminating", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web()
		s.settle()
		s.check(s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.pod("web-1").Spec.NodeName}))
		s.RunFor(10 * time.Minute)
	}},
	{name: "scaling-down-behind-a-finalizer", ask: "sts/web", make: func(s *situation) {
		s.web()
		s.settle()
		edit(s, "web-2", func(pod *corev1.Pod) { pod.Finalizers = []string{"example.com/backup"} })
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(1)) })
		s.settle()
	}},
	{name: "broken-revision", ask: "sts/web", make: func(s *situation) {
		s.web()
		s.settle()
		s.change(image, badImage)
		s.settle()
	}},
	{name: "broken-revision-mended", ask: "sts/web pod/web-2", make: func(s *situation) {
		s.web()
		s.settle()
		s.change(image, badImage)
		s.settle()
		s.change(image, newImage)
		s.settle()
	}},
	{name: "partition-reached", ask: "sts/web pod/web-0", make: func(s *situation) {
		s.web()
		s.settle()
		s.change(image, newImage, "replicas: 3", "replicas: 3\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}")
		s.settle()
	}},
	{name: "on-delete", ask: "sts/web", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 3\n  updateStrategy: {type: OnDelete}")
		s.settle()
		s.change(image, newImage, "replicas: 3", "replicas: 3\n  updateStrategy: {type: OnDelete}")
		s.settle()
	}},
	{name: "rollout-under-way", ask: "sts/web", make: func(s *situation) {
		s.web()
		s.settle()
		s.change(image, newImage)
		s.RunFor(time.Second)
	}},
	{name: "name-too-long", ask: "sts/" + longName, make: func(s *situation) { s.web("{name: web}\nspec", "{name: "+longName+"}\nspec"); s.settle() }},
	{name: "parallel-rollout", ask: "sts/web", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 3\n  podManagementPolicy: Parallel")
		s.settle()
		s.change(image, newImage, mount, probing, "replicas: 3", "replicas: 3\n  podManagementPolicy: Parallel")
		s.settle()
	}},
	{name: "name-taken", ask: "sts/web", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Pod, metadata: {name: web-1, labels: {app: other}}, spec: {containers: [{name: a, image: busybox:1.28, command: [sleep, infinity]}]}}")
		s.web()
		s.settle()
	}},
	{name: "failed-pod", ask: "pod/web-1 pod/done", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Pod, metadata: {name: done}, spec: {restartPolicy: Never, containers: [{name: a, image: busybox:1.28, command: [sh, -c, exit 1]}]}}")
		s.web()
		s.settle()
	}},

	{name: "no-service", ask: "sts/web", make: func(s *situation) { s.change(); s.settle() }},
	{name: "another-service", ask: "sts/web svc/nginx", make: func(s *situation) { s.web("serviceName: nginx", "serviceName: web"); s.settle() }},
	{name: "service-not-headless", ask: "sts/web svc/nginx", make: func(s *situation) { s.web("clusterIP: None", "type: ClusterIP"); s.settle() }},
	{name: "selector-matches-nothing", ask: "sts/web svc/nginx", make: func(s *situation) { s.web(selector, "  selector: {app: web}"); s.settle() }},
	{name: "endpoints-not-ready", ask: "svc/nginx", make: func(s *situation) { s.web(mount, probing); s.settle() }},
	{name: "port-without-a-name", ask: "svc/nginx", make: func(s *situation) {
		s.web("ports: [{port: 80, name: web}]", "ports: [{port: 80, name: web, targetPort: http}]")
		s.settle()
	}},
	{name: "no-selector", ask: "svc/manual", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Service, metadata: {name: manual}, spec: {ports: [{port: 80}]}}")
	}},

	{name: "budget", ask: "pdb/web", make: func(s *situation) { s.web(); s.apply(budget); s.settle() }},
	{name: "drain", ask: "no/node-1", make: func(s *situation) {
		s.web()
		s.apply(budget)
		s.settle()
		edit(s, "node-1", func(node *corev1.Node) { node.Spec.Unschedulable = true })
	}},
	{name: "budget-with-a-sick-pod", ask: "pdb/web", make: func(s *situation) {
		s.web(mount, probing)
		s.apply(strings.Replace(budget, "minAvailable: 3", "maxUnavailable: 1", 1))
		s.settle()
	}},
	{name: "budget-of-nobody", ask: "pdb/web", make: func(s *situation) { s.apply(budget); s.settle() }},
	{name: "two-budgets", ask: "pdb/web", make: func(s *situation) {
		s.web()
		s.apply(strings.Replace(budget, "minAvailable: 3", "minAvailable: 1", 1))
		s.apply(strings.NewReplacer("minAvailable: 3", "minAvailable: 1", "name: web", "name: other").Replace(budget))
		s.settle()
	}},
}

const longName = "a-statefulset-with-a-name-that-is-longer-than-it-ought-to-be"

func replaceAll(text, old, with string) string { return strings.ReplaceAll(text, old, with) }

// volumeOf is the name of a claim's volume.
func (s *situation) volumeOf(name string) string {
	s.Helper()
	claim, found := store.Get[*corev1.PersistentVolumeClaim](s.View(), "default", name)
	if !found {
		s.Fatalf("there is no claim %s", name)
	}
	return claim.Spec.VolumeName
}
