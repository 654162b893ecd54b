package sim_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// eventsOf are the messages of the events about an object, oldest first, with how often each was told when that is more than once.
func eventsOf(s *story, name, reason string) (messages []string) {
	s.t.Helper()
	for event := range store.List[*corev1.Event](s.View(), "") {
		if event.InvolvedObject.Name != name || reason != "" && event.Reason != reason {
			continue
		}
		message := event.Message
		if reason == "" {
			message = event.Reason + ": " + message
		}
		if event.Count > 1 {
			message += fmt.Sprintf(" (x%d)", event.Count)
		}
		messages = append(messages, message)
	}
	return messages
}

func volumeOf(s *story, claim string) string {
	s.t.Helper()
	return object[*corev1.PersistentVolumeClaim](s, claim).Spec.VolumeName
}

// object is an object of the namespace default, or of none.
func object[T api.Object](s *story, name string) T {
	s.t.Helper()
	var none T
	namespace := "default"
	if !api.KindOf(none).Namespaced {
		namespace = ""
	}
	found, exists := store.Get[T](s.View(), namespace, name)
	if !exists {
		s.t.Fatalf("there is no %s %s\n%s", api.KindOf(none).Kind, name, state(s.Cluster))
	}
	return found
}

// change edits an object of the namespace default, or of none.
func change[T api.Object](s *story, name string, edit func(T)) {
	s.t.Helper()
	var none T
	kind, namespace := api.KindOf(none), "default"
	if !kind.Namespaced {
		namespace = ""
	}
	_, _, err := s.Mutate(kind, api.Name{Namespace: namespace, Name: name}, "", false, false, func(current api.Object) (api.Object, error) {
		changed := api.Copy(current.(T))
		edit(changed)
		return changed, nil
	})
	s.do("change "+kind.Kind+" "+name, err)
}

// lesson is a cluster with a manifest, whose promises are checked.
func lesson(t *testing.T, options sim.Options, manifests ...string) *story {
	t.Helper()
	options.Check = true
	s := newNodes(t, options)
	for _, manifest := range manifests {
		s.do("apply", s.Apply([]byte(manifest)))
	}
	t.Cleanup(func() {
		for _, broken := range s.BrokenPromises() {
			t.Error(broken)
		}
	})
	return s
}

const newImage = "registry.k8s.io/nginx-slim:0.24"

// brokenImage is one that no registry has.
const brokenImage = "registry.example.com/no-such-image:1"

// followDeletions lets time pass and tells of each Pod of web that is marked for deletion, with those that were ready then and not marked.
func followDeletions(s *story, duration time.Duration) (told []string) {
	s.t.Helper()
	marked := map[api.UID]bool{}
	for end := s.Now().Add(duration); s.Now().Before(end); {
		s.RunFor(100 * time.Millisecond)
		for pod := range store.List[*corev1.Pod](s.View(), "default") {
			if pod.DeletionTimestamp == nil || marked[pod.UID] {
				continue
			}
			marked[pod.UID] = true
			var others []string
			for other := range store.List[*corev1.Pod](s.View(), "default") {
				if other.DeletionTimestamp == nil && isReady(other) {
					others = append(others, other.Name)
				}
			}
			told = append(told, fmt.Sprintf("%s (%s)", pod.Name, strings.Join(append(others, "ready"), " ")))
		}
	}
	return told
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// images are the Pods of the namespace default with the tags of their images, and a star where they are not ready.
func images(s *story) string {
	var list []string
	for pod := range store.List[*corev1.Pod](s.View(), "default") {
		image := pod.Spec.Containers[0].Image
		line := pod.Name + "=" + image[strings.LastIndexByte(image, ':')+1:]
		if !isReady(pod) {
			line += "*"
		}
		list = append(list, line)
	}
	return strings.Join(list, " ")
}

func nameOf(object api.Object) api.Name { return api.NameOf(object) }

// names are those of the objects of a kind in the namespace default.
func names[T api.Object](s *story) string {
	var list []string
	for object := range store.List[T](s.View(), "default") {
		list = append(list, object.GetName())
	}
	return strings.Join(list, " ")
}

// runIn runs a command in the first container of a Pod and gives what it prints.
func runIn(s *story, pod *corev1.Pod, args ...string) string {
	s.t.Helper()
	process, err := s.Exec(nameOf(pod), pod.Spec.Containers[0].Name, args, false, false)
	s.do("exec", err)
	for range 1000 {
		chunks, _, ended, code := s.Output(process, 0)
		if !ended {
			s.Step()
			continue
		}
		var text strings.Builder
		for _, chunk := range chunks {
			text.WriteString(chunk.Data)
		}
		if code != 0 {
			s.t.Errorf("%v in %s: exit status %d\n%s", args, pod.Name, code, text.String())
		}
		return text.String()
	}
	s.t.Fatalf("%v in %s does not end", args, pod.Name)
	return ""
}

func readFile(s *story, pod *corev1.Pod, path string) string {
	s.t.Helper()
	return runIn(s, pod, "cat", path)
}
