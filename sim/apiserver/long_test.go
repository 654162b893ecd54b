package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// A reflector, which is what informers and controllers stand on, lists once. Its watches end again and again; then it goes on where it was, however much has
// happened to other kinds, and whatever time has passed in the cluster.
func TestReflectorListsOnce(t *testing.T) {
	w := newWorld(t, sim.Options{})
	var lists, watches atomic.Int32
	handler := NewBeyond(w.door)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if query := request.URL.Query(); query.Get("watch") == "" || query.Get("sendInitialEvents") == "true" {
			lists.Add(1)
		} else {
			watches.Add(1)
		}
		shortened := request.URL.Query()
		shortened.Set("timeoutSeconds", "1") // clients ask for five minutes at least
		request.URL.RawQuery = shortened.Encode()
		handler.ServeHTTP(writer, request)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	client := kubernetes.NewForConfigOrDie(&rest.Config{Host: server.URL})
	seen := cache.NewStore(cache.MetaNamespaceKeyFunc)
	reflector := cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "services", "", fields.Everything()), client),
		&corev1.Service{}, seen, cache.ReflectorOptions{})
	go reflector.RunWithContext(ctx)
	for turn := 0; watches.Load() < 2; turn++ {
		if w.ctx.Err() != nil {
			t.Fatalf("%d lists and %d watches", lists.Load(), watches.Load())
		}
		w.door.Do(func(cluster *sim.Cluster) {
			for i := range store.DefaultLog / 16 {
				object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "busy"}, Data: map[string]string{"turn": fmt.Sprint(turn, " ", i)}}
				if _, err := cluster.Update(object.DeepCopy(), "", false); err != nil {
					_, _ = cluster.Create(object, false)
				}
			}
			cluster.RunFor(time.Hour)
		})
		time.Sleep(20 * time.Millisecond)
	}
	if lists.Load() != 1 {
		t.Errorf("it listed %d times", lists.Load())
	}
	if _, err := client.CoreV1().Services("default").Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "new"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for len(seen.ListKeys()) < 3 {
		if w.ctx.Err() != nil {
			t.Fatalf("it knows of %v only", seen.ListKeys())
		}
		time.Sleep(time.Millisecond)
	}
}
