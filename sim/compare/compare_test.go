package compare_test

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/compare"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

var update = flag.Bool("update", false, "write testdata anew")

const manifest = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - {name: nginx, image: "registry.k8s.io/nginx-slim:0.21", volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]}
  volumeClaimTemplates:
  - {metadata: {name: www}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
`

// deed is something that somebody does to a cluster.
type deed struct {
	name string
	do   func(t *testing.T, c *sim.Cluster)
}

func settled(c *sim.Cluster) *sim.Cluster {
	c.Settle(10 * time.Minute)
	return c
}

func up(t *testing.T) *sim.Cluster {
	t.Helper()
	c := sim.New(sim.Options{Nodes: 3, Seed: 1})
	if err := c.Apply([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	return settled(c)
}

func change(t *testing.T, c *sim.Cluster, kind, namespace, name string, do func(api.Object)) {
	t.Helper()
	_, _, err := c.Mutate(api.KindNamed(kind), api.Name{Namespace: namespace, Name: name}, "", false, false, func(current api.Object) (api.Object, error) {
		changed := current.DeepCopyObject().(api.Object)
		do(changed)
		return changed, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func changeSet(do func(*appsv1.StatefulSet)) func(t *testing.T, c *sim.Cluster) {
	return func(t *testing.T, c *sim.Cluster) {
		t.Helper()
		change(t, c, "StatefulSet", "default", "web", func(object api.Object) { do(object.(*appsv1.StatefulSet)) })
	}
}

func remove(kind, name string) func(t *testing.T, c *sim.Cluster) {
	return func(t *testing.T, c *sim.Cluster) {
		t.Helper()
		if err := c.DeleteObject(kind, "default", name); err != nil {
			t.Fatal(err)
		}
	}
}

func execute(pod, script string) func(t *testing.T, c *sim.Cluster) {
	return func(t *testing.T, c *sim.Cluster) {
		t.Helper()
		if _, err := c.Exec(api.Name{Namespace: "default", Name: pod}, "nginx", []string{"sh", "-c", script}, false, false); err != nil {
			t.Fatal(err)
		}
	}
}

func scaled(to int32) func(t *testing.T, c *sim.Cluster) {
	return changeSet(func(set *appsv1.StatefulSet) { set.Spec.Replicas = &to })
}

var deeds = []deed{
	{"nothing", func(*testing.T, *sim.Cluster) {}},
	{"scale to 3", scaled(3)},
	{"scale to 1", scaled(1)},
	{"another image", changeSet(func(set *appsv1.StatefulSet) {
		set.Spec.Template.Spec.Containers[0].Image = "registry.k8s.io/nginx-slim:0.24"
	})},
	{"a restart of all", func(t *testing.T, c *sim.Cluster) {
		change(t, c, "StatefulSet", "default", "web", func(object api.Object) {
			object.(*appsv1.StatefulSet).Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": c.Now().Format(time.RFC3339)}
		})
	}},
	{"a Pod is deleted", remove("Pod", "web-1")},
	{"a file is written", execute("web-0", "echo hello > /usr/share/nginx/html/index.html")},
	{"the Service is deleted", remove("Service", "nginx")},
	{"the StatefulSet is deleted", remove("StatefulSet", "web")},
	{"a container crashes", func(t *testing.T, c *sim.Cluster) {
		if err := c.Befall(sim.Fault{Verb: sim.Crash, Namespace: "default", Name: "web-0"}); err != nil {
			t.Fatal(err)
		}
	}},
	{"a node is cordoned", func(t *testing.T, c *sim.Cluster) {
		change(t, c, "Node", "", "node-1", func(object api.Object) { object.(*corev1.Node).Spec.Unschedulable = true })
	}},
}

// What each deed changes, in words.
func TestChanges(t *testing.T) {
	var told strings.Builder
	for _, deed := range deeds {
		before := up(t)
		after := before.Fork()
		deed.do(t, after)
		settled(after)
		told.WriteString(deed.name + "\n")
		for _, line := range compare.Lines(compare.Changes(before.View(), after.View(), before.Settings()), 10) {
			told.WriteString("  " + line + "\n")
		}
	}
	golden(t, "testdata/changes.txt", told.String())
}

// Two who do the same at different times, with other luck, come to the same; two who do different things do not, and are told what is missing.
func TestDifferences(t *testing.T) {
	base := up(t)
	var told strings.Builder
	for _, one := range deeds {
		want := base.Fork()
		one.do(t, want)
		settled(want)
		for _, other := range deeds {
			have := base.Fork()
			have.Choose("luck", 2)
			have.RunFor(90 * time.Second)
			other.do(t, have)
			settled(have)
			differences := compare.Lines(compare.Differences(base.View(), want.View(), have.View(), base.Settings()), 4)
			if (len(differences) == 0) != (one.name == other.name) {
				t.Errorf("wanted %s, found %s: %q", one.name, other.name, differences)
			}
			if other.name == "nothing" {
				told.WriteString("for " + one.name + "\n  " + strings.Join(differences, "\n  ") + "\n")
			}
		}
	}
	golden(t, "testdata/differences.txt", told.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs\nhint: go test ./sim/compare -update, then read the diff\n%s", name, got)
	}
}
