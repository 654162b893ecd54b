package apiserver

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/stsim/stsim/sim"
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
