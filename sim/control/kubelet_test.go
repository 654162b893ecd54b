package control

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

var updateKubelet = flag.Bool("update.kubelet", false, "write the transcripts in testdata/kubelet anew")

// A transcript in testdata/kubelet has four parts: what it is about, the Pod, what happens to it when, and what the kubelet does.
func TestKubeletTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/kubelet/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(string(text), "\n---\n")
			if len(parts) != 4 {
				t.Fatalf("expected four parts divided by ---, found %d", len(parts))
			}
			got := strings.Join(playKubelet(t, parts[1], parts[2]), "\n") + "\n"
			if *updateKubelet {
				parts[3] = got
				if err := os.WriteFile(file, []byte(strings.Join(parts, "\n---\n")), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != parts[3] {
				t.Errorf("expected:\n%s\nfound:\n%s", parts[3], got)
			}
		})
	}
}

// playKubelet puts a Pod on node-1 and plays a script: lines of a time and what happens then; at "end" it stops.
func playKubelet(t *testing.T, manifest, script string) []string {
	pod := &corev1.Pod{}
	if err := yaml.UnmarshalStrict([]byte(manifest), pod); err != nil {
		t.Fatal(err)
	}
	release := pod.Labels["release"]
	w := newKubeletWorld(t, release)
	pod.Name, pod.Namespace, pod.UID, pod.Generation = "web-0", "default", "uid-1", 1
	if pod.Spec.NodeName == "" {
		pod.Spec.NodeName = "node-1"
	}
	w.settings.Release.Default(pod)
	pod.Status.Phase = corev1.PodPending
	w.put(kubeletNode("node-1"))
	placed := false
	for _, line := range strings.Split(strings.TrimSpace(script), "\n") {
		words := strings.Fields(line)
		after, err := time.ParseDuration(words[0])
		if err != nil {
			t.Fatal(err)
		}
		if after > 0 && !placed {
			placed = true
			w.put(pod)
		}
		w.runUntil(w.start.Add(after))
		if words[1] == "end" {
			break
		}
		w.play(words[1:])
	}
	return w.lines
}

// play is one line of a script.
func (w *kubeletWorld) play(words []string) {
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	number := func(i int) int { n, _ := strconv.Atoi(arg(i)); return n }
	duration := func(i int) time.Duration { d, _ := time.ParseDuration(arg(i)); return d }
	rest := func(i int) string { return strings.Join(words[min(i, len(words)):], " ") }
	pod, _ := store.Get[*corev1.Pod](w.db.View(), "default", "web-0")
	change := func(do func(pod *corev1.Pod)) {
		changed := pod.DeepCopy()
		do(changed)
		w.put(changed)
	}
	switch words[0] {
	case "exit": // CONTAINER CODE
		row, _ := container.Newest(w.db.View(), "uid-1", arg(1))
		w.commit(func(tx *store.Tx) { w.exit(tx, row.RowKey(), number(2), 0) })
	case "runs": // CONTAINER for DURATION exit CODE: every run from now on
		w.runs[arg(1)] = run{duration(3), number(5)}
	case "runs-on": // CONTAINER
		delete(w.runs, arg(1))
	case "stops": // CONTAINER after DURATION
		w.stops[arg(1)] = duration(3)
	case "starts": // CONTAINER with REASON MESSAGE
		w.starts[arg(1)] = [2]string{arg(3), rest(4)}
	case "starts-well": // CONTAINER
		delete(w.starts, arg(1))
	case "image": // NAME FAILURE
		w.images[arg(1)] = rest(2)
	case "probe": // CONTAINER KIND OUTPUT
		w.probes[arg(1)+"/"+arg(2)] = rest(3)
	case "hook": // CONTAINER takes DURATION FAILURE
		w.hooks[arg(1)] = hook{duration(3), rest(4)}
	case "sandbox": // FAILURE
		w.sandbox = rest(1)
	case "present": // IMAGE
		w.commit(func(tx *store.Tx) {
			tx.PutRow(container.Images, &container.Image{Node: "node-1", Name: arg(1), Present: true, PulledAt: w.start.Add(-time.Hour)})
		})
	case "configmap": // NAME
		w.put(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: arg(1)}})
	case "claim": // NAME PHASE
		w.commit(func(tx *store.Tx) {
			claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: arg(1), UID: "claim"}}
			if claim.Status.Phase = corev1.PersistentVolumeClaimPhase(arg(2)); arg(2) == "Bound" {
				claim.Spec.VolumeName = "pv"
				tx.Put(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv"}, Spec: corev1.PersistentVolumeSpec{
					ClaimRef: &corev1.ObjectReference{Namespace: "default", Name: arg(1), UID: "claim"}}})
			}
			tx.Put(claim)
		})
	case "gate": // TYPE STATUS
		change(func(pod *corev1.Pod) {
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodConditionType(arg(1)), Status: corev1.ConditionStatus(arg(2))})
		})
	case "debug": // CONTAINER IMAGE
		change(func(pod *corev1.Pod) {
			pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{
				EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: arg(1), Image: arg(2), ImagePullPolicy: corev1.PullIfNotPresent}})
		})
	case "delete": // GRACE
		change(func(pod *corev1.Pod) {
			grace := *pod.Spec.TerminationGracePeriodSeconds
			if len(words) > 1 {
				grace = int64(number(1))
			}
			end := api.Timestamp(w.now.Add(time.Duration(grace) * time.Second))
			pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &end, ptr.To(grace)
			pod.Generation++
		})
	case "force-delete":
		w.commit(func(tx *store.Tx) { tx.Delete(pod) })
	case "create-again":
		fresh := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-0", UID: "uid-2", Generation: 1}, Spec: *pod.Spec.DeepCopy()}
		fresh.Status.Phase = corev1.PodPending
		w.commit(func(tx *store.Tx) { tx.Delete(pod); tx.Put(fresh) })
	case "finalize":
		w.commit(func(tx *store.Tx) { tx.Delete(pod) })
	default:
		w.t.Fatalf("unknown word %q in the script", words[0])
	}
	w.say("-- %s", strings.Join(words, " "))
}

// A kubelet that has nothing to do does nothing: whatever the Pod is in, a second look changes nothing.
func TestKubeletIsAtRestBetweenChanges(t *testing.T) {
	w := newKubeletWorld(t, "")
	w.put(kubeletNode("node-1"))
	pod := kubeletPod("web-0", nil)
	w.put(pod)
	w.runUntil(w.start.Add(time.Minute))
	before, lines := w.syncs, len(w.lines)
	w.runUntil(w.start.Add(time.Hour))
	if w.syncs != before {
		t.Errorf("an idle Pod was looked at %d times in an hour", w.syncs-before)
	}
	for range 3 {
		w.sync(Key{Namespace: "default", Name: "web-0"})
	}
	if len(w.lines) != lines {
		t.Errorf("looking again did something: %s", strings.Join(w.lines[lines:], "\n"))
	}
}

func kubeletPod(name string, change func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: api.UID(name), Generation: 1},
		Spec:       corev1.PodSpec{NodeName: "node-1", Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
	}
	if change != nil {
		change(pod)
	}
	api.Release{}.Default(pod)
	pod.Status.Phase = corev1.PodPending
	return pod
}
