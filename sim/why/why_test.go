package why_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/sim/why"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestEverySituation makes each situation in a cluster and compares the answers with testdata/NAME.txt.
func TestEverySituation(t *testing.T) {
	for _, one := range situations {
		t.Run(one.name, func(t *testing.T) {
			s := &situation{T: t, Cluster: sim.New(sim.Options{Check: true, Kubernetes: one.release, Without: one.without})}
			one.make(s)
			for _, broken := range s.BrokenPromises() {
				t.Error(broken)
			}
			var text strings.Builder
			for _, question := range strings.Fields(one.ask) {
				kind, name, _ := strings.Cut(question, "/")
				fmt.Fprintf(&text, "$ why %s\n%s\n", question, why.Text(why.Why(s.View(), s.Settings(), kind, "default", name)))
			}
			path := filepath.Join("testdata", one.name+".txt")
			if *update {
				if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if text.String() != string(want) {
				t.Errorf("%s is told differently (go test ./sim/why -update writes it anew):\n%s", path, text.String())
			}
		})
	}
}

// Every chain of answers ends, whatever is asked for.
func TestWhatCannotBeAskedFor(t *testing.T) {
	cluster := sim.New(sim.Options{})
	for question, want := range map[string]string{
		"Deployment/web":          `nothing is known about why for "Deployment"`,
		"sts/web":                 "there is no StatefulSet default/web",
		"pod/web-0":               "there is no Pod default/web-0",
		"node/node-1":             "Node node-1 is fine: nothing holds it",
		"svc/kubernetes":          "Service default/kubernetes is fine: nothing holds it",
		"statefulsets/":           "there is no StatefulSet default/",
		"PersistentVolumeClaim/x": "there is no PersistentVolumeClaim default/x",
	} {
		kind, name, _ := strings.Cut(question, "/")
		answers := why.Why(cluster.View(), cluster.Settings(), kind, "default", name)
		if len(answers) != 1 || answers[0].Rule != want {
			t.Errorf("%s: %v", question, answers)
		}
		if answers[0].Fine() != strings.Contains(want, "is fine") {
			t.Errorf("%s: fine is %t", question, answers[0].Fine())
		}
	}
}

func TestTheQuestionOfACommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"sts/web":                    "sts default web",
		"sts web -n shop":            "sts shop web",
		"-nshop pvc/www-web-0":       "pvc shop www-web-0",
		"--namespace=shop node node": "node shop node",
		"--namespace shop svc/a":     "svc shop a",
		"sts/web -n":                 "expected a namespace after -n (hint: why KIND/NAME [-n NAMESPACE])",
		"sts/web -o yaml":            "there is no option -o (hint: why KIND/NAME [-n NAMESPACE])",
		"":                           "expected one object, such as sts/web (hint: why KIND/NAME [-n NAMESPACE])",
		"sts":                        "expected one object, such as sts/web (hint: why KIND/NAME [-n NAMESPACE])",
		"sts/":                       "expected one object, such as sts/web (hint: why KIND/NAME [-n NAMESPACE])",
		"sts web other":              "expected one object, such as sts/web (hint: why KIND/NAME [-n NAMESPACE])",
	} {
		kind, namespace, name, err := why.Question(strings.Fields(line))
		got := kind + " " + namespace + " " + name
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("why %s: %s", line, got)
		}
	}
}

// situation is a cluster and what is done to it. What the API refuses ends the test.
type situation struct {
	*testing.T
	*sim.Cluster
}

func (s *situation) apply(manifest string) {
	s.Helper()
	if err := s.Apply([]byte(manifest)); err != nil {
		s.Fatal(err)
	}
}

// web is a StatefulSet of the tutorial, with lines of the manifest replaced.
func (s *situation) web(replaced ...string) {
	s.Helper()
	s.apply(strings.NewReplacer(replaced...).Replace(service + statefulSet))
}

// change gives the StatefulSet anew.
func (s *situation) change(replaced ...string) {
	s.Helper()
	s.apply(strings.NewReplacer(replaced...).Replace(statefulSet))
}

// settle lets a few minutes pass.
func (s *situation) settle() { s.RunFor(3 * time.Minute) }

func (s *situation) delete(kind, name string, force bool) {
	s.Helper()
	var options metav1.DeleteOptions
	if force {
		none := int64(0)
		options.GracePeriodSeconds = &none
	}
	namespace := "default"
	if !api.KindNamed(kind).Namespaced {
		namespace = ""
	}
	if _, _, err := s.Delete(api.KindNamed(kind), api.Name{Namespace: namespace, Name: name}, options); err != nil {
		s.Fatal(err)
	}
}

func (s *situation) pod(name string) *corev1.Pod {
	s.Helper()
	pod, found := store.Get[*corev1.Pod](s.View(), "default", name)
	if !found {
		s.Fatalf("there is no Pod %s", name)
	}
	return pod
}

// edit changes an object.
func edit[T api.Object](s *situation, name string, change func(T)) {
	s.Helper()
	var none T
	kind, namespace := api.KindOf(none), "default"
	if !kind.Namespaced {
		namespace = ""
	}
	_, _, err := s.Mutate(kind, api.Name{Namespace: namespace, Name: name}, "", false, false, func(current api.Object) (api.Object, error) {
		changed := api.Copy(current.(T))
		change(changed)
		return changed, nil
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *situation) check(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
