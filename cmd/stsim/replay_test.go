package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/journal"
)

// history is a file with the history of a cluster that live has used for a while.
func history(t *testing.T, live func(cluster *sim.Cluster)) string {
	t.Helper()
	options := sim.Options{Nodes: 2, Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	cluster := sim.New(options)
	data, err := journal.Begin(journal.Header{Program: programVersion(), Options: options})
	if err != nil {
		t.Fatal(err)
	}
	number := uint32(0)
	record := func(recorded sim.Recorded) {
		number++
		if data, err = journal.Append(data, number, recorded); err != nil {
			t.Error(err)
		}
	}
	cluster.Record(record)
	live(cluster)
	record(sim.Recorded{Point: cluster.Point()})
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// scaledOnce brings up a set of one, scales it after 20 s and looks at it for another 20.
func scaledOnce(t *testing.T) func(cluster *sim.Cluster) {
	return func(cluster *sim.Cluster) {
		if err := cluster.Apply([]byte(strings.Replace(killedSet, "replicas: 2", "replicas: 1", 1))); err != nil {
			t.Error(err)
		}
		cluster.RunFor(20 * time.Second)
		_, err := cluster.UpdateScale(api.KindNamed("StatefulSet"), api.Name{Namespace: "default", Name: "web"}, false, func(scale *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
			scale.Spec.Replicas = 2
			return scale, nil
		})
		if err != nil {
			t.Error(err)
		}
		cluster.RunFor(20 * time.Second)
	}
}

func run(t *testing.T, args ...string) (code int, out, problems string) {
	t.Helper()
	var printed, said bytes.Buffer
	code = execute(t.Context(), args, strings.NewReader(""), &printed, &said)
	return code, printed.String(), said.String()
}

func TestReplayTellsAHistory(t *testing.T) {
	path := history(t, scaledOnce(t))
	code, out, problems := run(t, "replay", path)
	if code != 0 || problems != "" {
		t.Fatalf("%d %s", code, problems)
	}
	for _, line := range []string{
		"        0.000s  > apply         Service nginx StatefulSet web\n",
		"        4.055s  container       default/web-0 nginx is running\n",
		"       20.000s  > scale         StatefulSet default/web to 2\n",
		"\nAt 40s, after 2 inputs and ",
		"default     pod/web-1   1/1     Running   0          20s\n",
		"\nAll promises were kept.\n",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("expected %q in:\n%s", line, out)
		}
	}
	if _, again, _ := run(t, "replay", path); again != out {
		t.Error("the second time it is another history")
	}
	code, out, _ = run(t, "replay", path, "--until", "10s")
	if code != 0 || !strings.Contains(out, "At 10s, after 1 input and") || !strings.Contains(out, "(1 input came later)") || strings.Contains(out, "web-1") {
		t.Errorf("%d\n%s", code, out)
	}
	if _, same, _ := run(t, "replay", path, "--until", "2026-01-01T00:00:10Z"); same != out {
		t.Errorf("an instant named by its time:\n%s", same)
	}
}

func TestReplayTellsProgramsToo(t *testing.T) {
	_, out, _ := run(t, "replay", history(t, scaledOnce(t)), "-o", "json")
	inputs, last := 0, map[string]any{}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		last = map[string]any{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if last["input"] != nil {
			inputs++
		}
	}
	if end, is := last["end"].(map[string]any); !is || inputs != 2 || end["inputs"] != 2.0 || end["virtualSeconds"] != 40.0 {
		t.Errorf("%d inputs, the end is %v", inputs, last)
	}
}

// A Pod that is deleted by force while its node is cut off, and comes up elsewhere, is there twice.
func TestReplayTellsOfBrokenPromises(t *testing.T) {
	path := history(t, func(cluster *sim.Cluster) {
		withoutVolumes, _, _ := strings.Cut(killedSet, "  volumeClaimTemplates:")
		if err := cluster.Apply([]byte(strings.Replace(withoutVolumes, ", volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]", "", 1))); err != nil {
			t.Error(err)
		}
		cluster.RunFor(20 * time.Second)
		first := api.Name{Namespace: "default", Name: "web-0"}
		pod, err := cluster.Get(api.KindNamed("Pod"), first)
		if err != nil {
			t.Error(err)
			return
		}
		if err := cluster.Befall(sim.Fault{Verb: sim.NodeCut, Node: pod.(*corev1.Pod).Spec.NodeName}); err != nil {
			t.Error(err)
		}
		cluster.RunFor(time.Minute) // until the scheduler knows
		now := int64(0)
		if _, _, err = cluster.Delete(api.KindNamed("Pod"), first, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
			t.Error(err)
		}
		cluster.RunFor(10 * time.Minute)
	})
	code, out, _ := run(t, "replay", path)
	if code != exitFailed || !strings.Contains(out, "\nBroken promises: ") {
		t.Errorf("%d\n%s", code, out[strings.Index(out, "\nAt "):])
	}
}

func TestReplaySaysWhatIsWrong(t *testing.T) {
	path := history(t, scaledOnce(t))
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	torn, other := path+".torn", path+".other"
	for name, data := range map[string][]byte{torn: content[:len(content)-3], other: []byte("hello")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{path + ".nothing"}, exitFailed, "no such file"},
		{[]string{filepath.Dir(path)}, exitFailed, "expected a file, found a directory"},
		{[]string{other}, exitFailed, "expected a journal of stsim"},
		{[]string{path, "--until", "5h"}, exitFailed, "ends at 40s of its time, before 5h"},
		{[]string{path, "--until", "soon"}, exitUsage, `expected how long after the beginning, such as 3m12s`},
		{[]string{path, "--until", "2020-01-01T00:00:00Z"}, exitUsage, "the cluster begins at 2026-01-01T00:00:00Z"},
		{[]string{path, "-o", "yaml"}, exitUsage, "expected text or json"},
		{nil, exitUsage, "accepts 1 arg"},
		{[]string{torn}, 0, "ends with"},
	} {
		if code, _, said := run(t, append([]string{"replay"}, c.args...)...); code != c.code || !strings.Contains(said, c.want) || code != 0 && !strings.Contains(said, "hint: ") {
			t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
}
