package explore

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var plantMutants = flag.Bool("explore.mutants", false, "build a test program for each mutant of the StatefulSet controller, and see whether the survival test kills it")

// mutant is a mistake in the StatefulSet controller: a text of one of its files, and what stands there instead.
type mutant struct{ file, is, becomes string }

var mutants = []mutant{
	{"statefulset.go", "\t\twakeSetOfPod(view, change, object, wake)\n", ""},
	{"statefulset.go", "if set.Spec.MinReadySeconds > 0 && status.ReadyReplicas != status.AvailableReplicas {", "if false {"},
	{"statefulset.go", "case owner == nil && matches && s.set.DeletionTimestamp == nil && pod.DeletionTimestamp == nil:", "case false:"},
	{"statefulset.go", "return int(set.Spec.Ordinals.Start)", "return 0"},
	{"statefulset.go", "return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set)+replicasOf(set)", "return ordinal < firstOrdinal(set)+replicasOf(set)"},
	{"statefulset_scale.go", "ObservedGeneration: s.set.Generation,", "ObservedGeneration: s.set.Status.ObservedGeneration,"},
	{"statefulset_scale.go", "s.forAll(condemned, func(pod *corev1.Pod) bool { return s.condemn(pod, firstUnavailable) })", "s.forAll(nil, func(pod *corev1.Pod) bool { return s.condemn(pod, firstUnavailable) })"},
	{"statefulset_scale.go", "\tif !held {\n", "\tif !held || held {\n"},
	{"statefulset_scale.go", "if current.Name == update.Name {", "if true {"},
	{"statefulset_scale.go", "return ordinalOf(b) - ordinalOf(a) })", "return ordinalOf(a) - ordinalOf(b) })"},
	{"statefulset_scale.go", "if s.monotonic && (pod.DeletionTimestamp != nil || !runningAndReady(pod) || !podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)) {", "if s.monotonic && pod.DeletionTimestamp != nil {"},
	{"statefulset_scale.go", "|| !podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)) {\n\t\treturn true\n\t}\n\ts.repair", ") {\n\t\treturn true\n\t}\n\ts.repair"},
	{"statefulset_scale.go", "\ts.createClaims(pod, failure)\n\ts.write(Write{Verb: Create, Object: pod", "\ts.write(Write{Verb: Create, Object: pod"},
	{"statefulset_scale.go", "\tif pod.DeletionTimestamp != nil {\n\t\treturn true\n\t}\n\thealthy", "\tif pod.DeletionTimestamp != nil {\n\t\treturn false\n\t}\n\thealthy"},
	{"statefulset_scale.go", "if s.monotonic && !healthy && pod != firstUnavailable {", "if false && healthy {"},
	{"statefulset_scale.go", "\ts.delete(pod)\n\treturn true\n}\n\n// firstUnavailable", "\ts.delete(pod)\n\treturn false\n}\n\n// firstUnavailable"},
	{"statefulset_scale.go", "return pod.DeletionTimestamp != nil || !podAvailable(pod, s.set.Spec.MinReadySeconds, s.Now)\n}", "return false\n}"},
	{"statefulset_rollout.go", "if s.set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {", "if false {"},
	{"statefulset_rollout.go", "target >= partitionOf(s.set); target-- {", "target >= 0; target-- {"},
	{"statefulset_rollout.go", "\t\tif s.unavailable(pod) {\n\t\t\treturn\n\t\t}\n", ""},
	{"statefulset_rollout.go", "\t\t\ts.delete(pod)\n\t\t\treturn\n", "\t\t\ts.delete(pod)\n"},
	{"statefulset_rollout.go", "\t\tpod := replicas[target]\n\t\tif revisionOf(pod) != update.Name && pod.DeletionTimestamp == nil {\n\t\t\ts.delete(pod)\n\t\t\treturn", "\t\tpod := replicas[len(replicas)-1-target]\n\t\tif revisionOf(pod) != update.Name && pod.DeletionTimestamp == nil {\n\t\t\ts.delete(pod)\n\t\t\treturn"},
	{"statefulset_rollout.go", "if revisionOf(pod) != update.Name && pod.DeletionTimestamp == nil {\n\t\t\ts.delete(pod)\n\t\t\treturn", "if pod.DeletionTimestamp == nil {\n\t\t\ts.delete(pod)\n\t\t\treturn"},
	{"statefulset_pod.go", "old = ordinal < start+partitionOf(currentSet)", "old = ordinal <= start+partitionOf(currentSet)"},
	{"statefulset_pod.go", "old = ordinal < start+partitionOf(currentSet)", "old = false"},
	{"statefulset_pod.go", "\tpod.Labels[appsv1.StatefulSetRevisionLabel] = revision\n", ""},
	{"statefulset_pod.go", "pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, set.Spec.ServiceName", "pod.Spec.Subdomain = set.Spec.ServiceName"},
	{"statefulset_pod.go", "pod.Spec.Hostname, pod.Spec.Subdomain = pod.Name, set.Spec.ServiceName", "pod.Spec.Hostname = pod.Name"},
	{"statefulset_pod.go", "\tpod.Labels[appsv1.StatefulSetPodNameLabel] = podName(set, ordinal)\n", ""},
	{"statefulset_pod.go", "\tsetStorage(set, pod)\n\tpod.Labels", "\tpod.Labels"},
	{"statefulset_claim.go", "return template.Name + \"-\" + set.Name + \"-\" + strconv.Itoa(ordinal)", "return template.Name + \"-\" + set.Name + \"-\" + strconv.Itoa(ordinal/2)"},
	{"statefulset_claim.go", "\t\tcase claim == nil:\n", "\t\tcase false:\n"},
	{"statefulset_claim.go", "return policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType,", "return true,"},
	{"statefulset_claim.go", "return deleteWithSet && !(deleteWhenScaled && condemned), deleteWhenScaled && condemned", "return deleteWithSet || condemned && false, deleteWhenScaled"},
	{"statefulset_claim.go", "if policy == nil {\n\t\treturn false, false", "if policy == nil {\n\t\treturn false, true"},
	{"statefulset_status.go", "if !created(pod) {", "if false {"},
	{"statefulset_status.go", "if revisionOf(pod) == status.CurrentRevision {", "if revisionOf(pod) != status.CurrentRevision {"},
	{"statefulset_status.go", "if revisionOf(pod) == status.UpdateRevision {", "if true {"},
	{"statefulset_status.go", "status.ReadyReplicas != told.ReadyReplicas || ", ""},
	{"statefulset_status.go", "status.UpdatedReplicas == wanted && ", ""},
	{"statefulset_revision.go", "if revision.Name == s.set.Status.CurrentRevision {", "if revision.Name != s.set.Status.CurrentRevision {"},
	{"statefulset_revision.go", "s.set.Status.ObservedGeneration == s.set.Generation && s.set.Status.UpdateRevision == newest.Name && !s.writtenSince(revisions) {", "s.set.Status.UpdateRevision == newest.Name {"},
	{"statefulset_revision.go", "live[current.Name], live[update.Name] = true, true", "live[update.Name] = false"},
	{"statefulset_revision.go", "if !live[revision.Name] {", "if true {"},
}

const controller = "../control"

// planted is the file with the mistake in it.
func (m mutant) planted() ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(controller, m.file))
	if err != nil {
		return nil, err
	}
	if strings.Count(string(source), m.is) < 1 {
		return nil, fmt.Errorf("%s has no %q any more: say what is to be changed instead", m.file, m.is)
	}
	return []byte(strings.Replace(string(source), m.is, m.becomes, 1)), nil
}

// TestMutantsAreUpToDate finds every text that a mutant changes.
func TestMutantsAreUpToDate(t *testing.T) {
	for _, mutant := range mutants {
		if _, err := mutant.planted(); err != nil {
			t.Error(err)
		}
	}
	if len(mutants) < 30 {
		t.Errorf("%d mutants, want 30 or more", len(mutants))
	}
}

// TestMutants plants one mistake after the other, and counts those that the survival test finds. It takes minutes, and is run with
//
//	go test ./sim/explore -run TestMutants -timeout 60m -args -explore.mutants
//
// and with -run 'TestMutants/^(7|8)$' for some of them, by their places in the list.
func TestMutants(t *testing.T) {
	if !*plantMutants {
		t.Skip("asked for with -explore.mutants")
	}
	killed, planted := 0, 0
	for i, mutant := range mutants {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			planted++
			if found := mutant.dies(t); found != "" {
				killed++
				t.Logf("killed: %s: %q: %s", mutant.file, mutant.becomes, found)
			} else {
				t.Logf("SURVIVES: %s: %q for %q", mutant.file, mutant.becomes, mutant.is)
			}
		})
	}
	if t.Logf("%d of %d mutants killed", killed, planted); killed*100 < planted*95 {
		t.Error("want 95 of a hundred or more")
	}
}

// dies builds the mutant, and says what the survival test finds in it; "" is nothing.
func (m mutant) dies(t *testing.T) string {
	t.Helper()
	source, err := m.planted()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	original, err := filepath.Abs(filepath.Join(controller, m.file))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: filepath.Join(folder, m.file)}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{m.file: source, "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(folder, "explore.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(folder, "overlay.json"), "-o", program, ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("%q does not build: %s", m.becomes, output)
		return ""
	}
	output, err := exec.Command(program, "-test.run", "^TestSurvival$", "-test.timeout", "5m", "-test.failfast", "-explore.histories", "250").CombinedOutput()
	if err == nil {
		return ""
	}
	for line := range strings.Lines(string(output)) {
		if strings.Contains(line, "_test.go:") || strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return "it failed"
}
