package apiserver

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
)

func benchClient(b *testing.B) *kubernetes.Clientset {
	client := kubernetes.NewForConfigOrDie(RESTConfig(door.New(sim.New(sim.Options{History: -1}))))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-0"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}}}
	if _, err := client.CoreV1().Pods("default").Create(b.Context(), pod, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	return client
}

func BenchmarkGet(b *testing.B) {
	client := benchClient(b)
	for b.Loop() {
		if _, err := client.CoreV1().Pods("default").Get(b.Context(), "web-0", metav1.GetOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	client := benchClient(b)
	pod, err := client.CoreV1().Pods("default").Get(b.Context(), "web-0", metav1.GetOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		pod.Labels = map[string]string{"i": string(rune('a' + i%26))}
		if pod, err = client.CoreV1().Pods("default").Update(b.Context(), pod, metav1.UpdateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Who set which field of a Pod that three components have written.
func BenchmarkManagers(b *testing.B) {
	d := door.New(sim.New(sim.Options{History: -1}))
	s := newServer(d)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web-0"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}}}
	d.Do(func(cluster *sim.Cluster) {
		if _, err := cluster.Create(pod, false); err != nil {
			b.Fatal(err)
		}
		cluster.RunFor(time.Minute)
	})
	seen := s.look()
	object, found := seen.view.Object(api.KindNamed("Pod"), "default", "web-0")
	if !found {
		b.Fatal("no Pod")
	}
	for b.Loop() {
		s.managers.known, s.managers.older = map[api.Object][]metav1.ManagedFieldsEntry{}, nil
		if entries := s.managers.of(seen.view, object); len(entries) != 2 {
			b.Fatal(entries)
		}
	}
}

// The same for a ConfigMap that one client has written.
func BenchmarkManagersOfOne(b *testing.B) {
	d := door.New(sim.New(sim.Options{History: -1}))
	s := newServer(d)
	object := api.Object(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "a"}, Data: map[string]string{"turn": "1"}})
	d.Do(func(cluster *sim.Cluster) {
		var err error
		if object, err = cluster.Create(object, false); err != nil {
			b.Fatal(err)
		}
	})
	seen := s.look()
	for b.Loop() {
		s.managers.known, s.managers.older = map[api.Object][]metav1.ManagedFieldsEntry{}, nil
		if entries := s.managers.of(seen.view, object); len(entries) != 1 {
			b.Fatal(entries)
		}
	}
}
