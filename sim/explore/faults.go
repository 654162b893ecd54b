package explore

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// Every fault that a cluster knows is a verb here, if what its text names can be found in a cluster. The Operation's text is the fault's.
func init() {
	for _, word := range sim.FaultWords() {
		parts := strings.Fields(strings.TrimPrefix(word.Usage, string(word.Verb)))
		if slices.ContainsFunc(parts, func(part string) bool { return faultParts[part] == nil }) {
			continue
		}
		verbs = append(verbs, verb{name: string(word.Verb), fault: true, choices: faultChoices(parts), do: func(_ *World, c *sim.Cluster, o Operation) error {
			fault, err := sim.ParseFault(o.String())
			if err != nil {
				return err
			}
			return c.Befall(fault)
		}})
	}
}

// faultParts list what could stand for a part of a fault's text, behind the parts before it.
var faultParts = map[string]func(w *World, view store.View, before []string) []string{
	"NODE":     func(w *World, view store.View, _ []string) []string { return namesOf(eachNode(anyNode)(w, view)) },
	"POD":      func(w *World, view store.View, _ []string) []string { return namesOf(eachPod(w, view)) },
	"CLAIM":    func(w *World, view store.View, _ []string) []string { return namesOf(eachClaim(w, view)) },
	"DURATION": func(*World, store.View, []string) []string { return durations },
	"[CONTAINER]": func(_ *World, view store.View, before []string) (names []string) {
		for _, c := range podNamed(view, before).Spec.Containers {
			names = append(names, c.Name)
		}
		return names
	},
	"PROBE": func(_ *World, view store.View, before []string) []string {
		pod := podNamed(view, before)
		for i := range pod.Spec.Containers {
			if pod.Spec.Containers[i].Name == before[1] {
				return container.ProbesOf(&pod.Spec.Containers[i])
			}
		}
		return nil
	},
}

// durations are those that a fault may have: a short one, one after which a node that was not heard of is not Ready, and one after which its Pods are evicted.
var durations = []string{"10s", "2m", "10m"}

// podNamed is the Pod that a fault's text begins with.
func podNamed(view store.View, words []string) *corev1.Pod {
	name := nameOf(Operation{Name: words[0]})
	pod, found := store.Get[*corev1.Pod](view, name.Namespace, name.Name)
	if !found {
		return &corev1.Pod{}
	}
	return pod
}

// faultChoices are all texts that a fault could have now.
func faultChoices(parts []string) func(*World, store.View) []Operation {
	return func(w *World, view store.View) (all []Operation) {
		texts := [][]string{nil}
		for _, part := range parts {
			var longer [][]string
			for _, before := range texts {
				for _, word := range faultParts[part](w, view, before) {
					longer = append(longer, append(slices.Clone(before), word))
				}
			}
			texts = longer
		}
		for _, words := range texts {
			all = append(all, Operation{Name: strings.Join(words, " ")})
		}
		return all
	}
}

func namesOf(operations []Operation) (names []string) {
	for _, o := range operations {
		names = append(names, o.Name)
	}
	return names
}

func anyNode(*corev1.Node) bool { return true }

// eachClaim are the claims in the namespaces of the sets.
func eachClaim(w *World, view store.View) (all []Operation) {
	seen := map[string]bool{}
	for _, set := range w.sets {
		if seen[set.Namespace] {
			continue
		}
		seen[set.Namespace] = true
		for claim := range store.List[*corev1.PersistentVolumeClaim](view, set.Namespace) {
			all = append(all, Operation{Name: api.NameOf(claim).String()})
		}
	}
	return all
}
