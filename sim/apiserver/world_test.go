package apiserver

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// world is a cluster with a client in the same process.
type world struct {
	*testing.T
	ctx    context.Context
	door   *door.Door
	config *rest.Config
	client *kubernetes.Clientset
}

func newWorld(t *testing.T, options sim.Options) *world {
	t.Helper()
	cluster, err := sim.Make(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	w := &world{T: t, ctx: ctx, door: door.New(cluster)}
	w.config = RESTConfig(w.door)
	w.client = kubernetes.NewForConfigOrDie(w.config)
	// The tests count ConfigMaps; this one comes back when time passes.
	if err := w.client.CoreV1().ConfigMaps("default").Delete(ctx, "kube-root-ca.crt", metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return w
}

// reply is an answer, read to its end.
type reply struct {
	code   int
	header http.Header
	body   string
}

// ask sends a request. Headers are "Name: value" lines.
func (w *world) ask(method, path, body string, headers ...string) reply {
	w.Helper()
	req, err := http.NewRequestWithContext(w.ctx, method, w.config.Host+path, strings.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	response, err := w.config.Transport.RoundTrip(req)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, string(data)}
}

// wants fails the test unless the answer has the code and contains the texts.
func (r reply) wants(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("expected code %d, found %d: %s", code, r.code, r.body)
	}
	for _, text := range texts {
		if !strings.Contains(r.body, text) {
			t.Errorf("expected an answer with %q, found: %s", text, r.body)
		}
	}
}

func (w *world) configMap(name string, labels map[string]string) *corev1.ConfigMap {
	w.Helper()
	made, err := w.client.CoreV1().ConfigMaps("default").Create(w.ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Data: map[string]string{"key": "value"},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return made
}

func (w *world) pod(name string) *corev1.Pod {
	w.Helper()
	made, err := w.client.CoreV1().Pods("default").Create(w.ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "nginx"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "nginx", Image: "nginx"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return made
}
