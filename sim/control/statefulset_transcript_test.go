package control

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

var updateTranscripts = flag.Bool("update", false, "write what the StatefulSet transcripts should say, instead of comparing")

// TestStatefulSetTranscripts runs testdata/statefulset: lines that begin with "$ " are commands (see [setScript.do]), the lines below
// what the loop did in answer. Revisions are called r1, r2 ... in the order of their creation. Status writes are not shown: see the
// command status. After every sync upstream's invariants are checked.
func TestStatefulSetTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/statefulset/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			script := &setScript{loopWorld: newLoopWorld(t, statefulSetLoop()), revisions: map[string]string{}}
			script.after = script.checkInvariants
			for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
				command, is := strings.CutPrefix(line, "$ ")
				if !is {
					if line == "" || strings.HasPrefix(line, "#") {
						out.WriteString(line + "\n")
					}
					continue
				}
				out.WriteString(line + "\n")
				for _, answer := range script.do(strings.Fields(command)) {
					out.WriteString("  " + answer + "\n")
				}
			}
			if *updateTranscripts {
				if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if out.String() != string(text) {
				t.Errorf("%s: expected\n%s\nfound\n%s", file, text, out.String())
			}
		})
	}
}

// setScript is the state of one transcript.
type setScript struct {
	*loopWorld
	revisions map[string]string // by their real names
}

// do carries out one command:
//
//	release 1.34, gate NAME       simulate a release, switch a feature gate on
//	set NAME KEY=VALUE ...        create a StatefulSet, or change it
//	up                            make every new Pod Running and Ready and let every terminating one end, one at a time, until all is quiet
//	ready, unready, pending, running, fail, succeed POD ...
//	delete POD ..., end POD ...   ask for the end of Pods; let terminating ones end
//	delete-set NAME, delete-claim NAME, free-claim NAME
//	label POD KEY=VALUE, orphan POD, foreign POD   change labels; take the owner away; make a Pod that is nobody's
//	wait DURATION, sync           let time go by; look again
//	pods, claims, revisions, status, events, failures
func (s *setScript) do(words []string) []string {
	s.t.Helper()
	args := words[1:]
	switch words[0] {
	case "release":
		release, err := api.ParseRelease(args[0])
		s.must(err)
		s.settings.Release = release
	case "gate":
		gate, err := api.ParseGate(args[0])
		s.must(err)
		s.settings.Release = s.settings.Release.WithGate(gate, true)
	case "set":
		s.change(args[0], args[1:])
	case "up":
		return s.up()
	case "ready", "unready", "pending", "running", "fail", "succeed":
		phase := map[string]corev1.PodPhase{"pending": corev1.PodPending, "fail": corev1.PodFailed, "succeed": corev1.PodSucceeded}[words[0]]
		if phase == "" {
			phase = corev1.PodRunning
		}
		for _, name := range args {
			s.become(name, phase, words[0] == "ready")
		}
	case "delete", "delete-set", "delete-claim":
		kind := map[string]string{"delete": "Pod", "delete-set": "StatefulSet", "delete-claim": "PersistentVolumeClaim"}[words[0]]
		for _, name := range args {
			options := metav1.DeleteOptions{}
			if kind == "StatefulSet" {
				options.PropagationPolicy = ptr.To(metav1.DeletePropagationForeground)
			}
			s.remove(kind, name, options)
		}
	case "end":
		for _, name := range args {
			s.end(name)
		}
	case "free-claim":
		claim, _ := store.Get[*corev1.PersistentVolumeClaim](s.db.View(), "default", args[0])
		claim = claim.DeepCopy()
		claim.Finalizers = nil
		s.update(claim, "")
	case "label":
		pod := s.pod(args[0])
		key, value, _ := strings.Cut(args[1], "=")
		pod.Labels[key] = value
		s.update(pod, "")
	case "orphan":
		pod := s.pod(args[0])
		pod.OwnerReferences = nil
		s.update(pod, "")
	case "foreign":
		s.create(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: args[0]}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}})
	case "wait":
		duration, err := time.ParseDuration(args[0])
		s.must(err)
		s.wait(duration)
		return s.answers()
	case "sync":
		tx := s.db.Begin()
		tx.Schedule(tx.Now(), "statefulset", "default/web")
		tx.Commit()
	case "pods", "claims", "revisions", "status", "events", "failures":
		return s.show(words[0])
	default:
		s.t.Fatalf("unknown command %q", words)
	}
	s.run(100 * time.Millisecond)
	return s.answers()
}

// answers are the loop's writes since the last command, except those of the status.
func (s *setScript) answers() []string {
	s.learn()
	var answers []string
	for _, write := range s.taken() {
		if !strings.HasPrefix(write, "update status") {
			answers = append(answers, s.plain(write))
		}
	}
	return answers
}

// learn gives new revisions their names.
func (s *setScript) learn() {
	changes, err := s.db.Since(0)
	s.must(err)
	for _, change := range changes {
		if revision, ok := change.New.(*appsv1.ControllerRevision); ok && s.revisions[revision.Name] == "" {
			s.revisions[revision.Name] = fmt.Sprintf("r%d", len(s.revisions)+1)
		}
	}
}

func (s *setScript) plain(text string) string {
	for name, short := range s.revisions {
		text = strings.ReplaceAll(text, name, short)
	}
	return text
}

// up moves the Pods on one by one, the lowest first, and says what the loop did after each.
func (s *setScript) up() (answers []string) {
	for range 1000 {
		moved := ""
		for _, pod := range s.pods() {
			switch {
			case pod.DeletionTimestamp != nil:
				s.end(pod.Name)
				moved = pod.Name + " is gone"
			case pod.Status.Phase == corev1.PodPending:
				s.become(pod.Name, corev1.PodRunning, false)
				s.run(100 * time.Millisecond)
				s.become(pod.Name, corev1.PodRunning, true)
				moved = pod.Name + " is ready"
			}
			if moved != "" {
				break
			}
		}
		s.run(100 * time.Millisecond)
		if moved != "" {
			answers = append(answers, moved)
		} else if len(s.writes) == 0 {
			return answers
		}
		for _, answer := range s.answers() {
			answers = append(answers, "  "+answer)
		}
	}
	s.t.Fatal("the set does not come to rest")
	return nil
}

// change makes the set, or an update of it.
func (s *setScript) change(name string, settings []string) {
	s.t.Helper()
	set, found := store.Get[*appsv1.StatefulSet](s.db.View(), "default", name)
	if found {
		set = set.DeepCopy()
	} else {
		labels := map[string]string{"app": name}
		set = &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
		set.Spec.Selector, set.Spec.ServiceName = &metav1.LabelSelector{MatchLabels: labels}, "nginx"
		set.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "v1"}}}}
	}
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		s.apply(set, key, value)
	}
	s.must(s.ask(func(r *registry.Registry) error {
		if found {
			_, err := r.Update(set, "")
			return err
		}
		_, err := r.Create(set)
		return err
	}))
}

func (s *setScript) apply(set *appsv1.StatefulSet, key, value string) {
	s.t.Helper()
	number := func() int32 {
		number, err := strconv.Atoi(value)
		s.must(err)
		return int32(number)
	}
	rolling := func() *appsv1.RollingUpdateStatefulSetStrategy {
		if set.Spec.UpdateStrategy.RollingUpdate == nil {
			set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{}
		}
		return set.Spec.UpdateStrategy.RollingUpdate
	}
	switch key {
	case "replicas":
		set.Spec.Replicas = ptr.To(number())
	case "image":
		set.Spec.Template.Spec.Containers[0].Image = value
	case "policy":
		set.Spec.PodManagementPolicy = appsv1.PodManagementPolicyType(value)
	case "strategy":
		set.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.StatefulSetUpdateStrategyType(value)}
	case "partition":
		rolling().Partition = ptr.To(number())
	case "max":
		rolling().MaxUnavailable = ptr.To(intstr.Parse(value))
	case "start":
		set.Spec.Ordinals = &appsv1.StatefulSetOrdinals{Start: number()}
	case "minready":
		set.Spec.MinReadySeconds = number()
	case "history":
		set.Spec.RevisionHistoryLimit = ptr.To(number())
	case "retention":
		deleted, scaled, _ := strings.Cut(value, "/")
		set.Spec.PersistentVolumeClaimRetentionPolicy = &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
			WhenDeleted: appsv1.PersistentVolumeClaimRetentionPolicyType(deleted), WhenScaled: appsv1.PersistentVolumeClaimRetentionPolicyType(scaled),
		}
	case "claims":
		set.Spec.VolumeClaimTemplates = nil
		for _, name := range strings.Split(value, ",") {
			set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, claimTemplate(name))
		}
	default:
		s.t.Fatalf("unknown setting %q", key)
	}
}
