package apiserver

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
)

// events reads a number of events: "ADDED a", and bookmarks as "BOOKMARK".
func events(t *testing.T, w watch.Interface, count int) string {
	t.Helper()
	var found []string
	for range count {
		select {
		case event, open := <-w.ResultChan():
			if !open {
				found = append(found, "END")
				continue
			}
			line := string(event.Type)
			switch object := event.Object.(type) {
			case *metav1.Status:
				line += " " + object.Message
			case metav1.Object:
				if object.GetName() != "" {
					line += " " + object.GetName()
				}
			}
			found = append(found, line)
		case <-time.After(10 * time.Second):
			t.Fatalf("expected %d events, found only %s", count, strings.Join(found, ", "))
		}
	}
	return strings.Join(found, ", ")
}

func (w *world) watchMaps(client kubernetes.Interface, options metav1.ListOptions) watch.Interface {
	w.Helper()
	watching, err := client.CoreV1().ConfigMaps("default").Watch(w.ctx, options)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(watching.Stop)
	return watching
}

func TestWatch(t *testing.T) {
	for _, contentType := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		t.Run(contentType, func(t *testing.T) {
			w := newWorld(t, sim.Options{})
			config := rest.CopyConfig(w.config)
			config.ContentType = contentType
			client := kubernetes.NewForConfigOrDie(config)
			maps := client.CoreV1().ConfigMaps("default")

			a := w.configMap("a", map[string]string{"some": "label"})
			fromStart := w.watchMaps(client, metav1.ListOptions{})
			fromVersion := w.watchMaps(client, metav1.ListOptions{ResourceVersion: a.ResourceVersion})
			selected := w.watchMaps(client, metav1.ListOptions{LabelSelector: "some=label"})
			named := w.watchMaps(client, metav1.ListOptions{FieldSelector: "metadata.name=b"})

			b := w.configMap("b", nil)
			b.Labels = map[string]string{"some": "label"}
			b, err := maps.Update(w.ctx, b, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			b.Labels = nil
			if _, err := maps.Update(w.ctx, b, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			if err := maps.Delete(w.ctx, "b", metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			life := "ADDED b, MODIFIED b, MODIFIED b, DELETED b"
			for _, c := range []struct {
				name   string
				watch  watch.Interface
				count  int
				wanted string
			}{
				{"from the start", fromStart, 5, "ADDED a, " + life},
				{"from a version", fromVersion, 4, life},
				{"by label", selected, 3, "ADDED a, ADDED b, DELETED b"},
				{"by name", named, 4, life},
			} {
				if found := events(t, c.watch, c.count); found != c.wanted {
					t.Errorf("%s: expected %s, found %s", c.name, c.wanted, found)
				}
			}
		})
	}
}

// A watch-list begins with what is there and says where that ends.
func TestWatchList(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.configMap("a", nil)
	yes := true
	watching := w.watchMaps(w.client, metav1.ListOptions{
		SendInitialEvents: &yes, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan, AllowWatchBookmarks: true,
	})
	if event := <-watching.ResultChan(); event.Type != watch.Added {
		t.Errorf("expected ADDED, found %v", event)
	}
	event := <-watching.ResultChan()
	mark, ok := event.Object.(*corev1.ConfigMap)
	if !ok || event.Type != watch.Bookmark || mark.Annotations[metav1.InitialEventsAnnotationKey] != "true" || mark.ResourceVersion == "" {
		t.Errorf("expected the bookmark, found %v", event)
	}
	w.configMap("b", nil)
	if found := events(t, watching, 1); found != "ADDED b" {
		t.Error(found)
	}
}

// timeoutSeconds is virtual time, and bookmarks come once a minute of it when there is something to tell.
func TestWatchTime(t *testing.T) {
	w := newWorld(t, sim.Options{})
	seconds := int64(300)
	watching := w.watchMaps(w.client, metav1.ListOptions{AllowWatchBookmarks: true, TimeoutSeconds: &seconds, LabelSelector: "no=thing"})
	w.configMap("a", nil)
	for range 5 {
		w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(61 * time.Second) })
		w.configMap(fmt.Sprint("at-", w.now().Unix()), nil)
	}
	found := events(t, watching, 1)
	for range watching.ResultChan() { // until the end, which must come
	}
	if found != "BOOKMARK" {
		t.Errorf("expected a bookmark, found %s", found)
	}
}

func (w *world) now() (now time.Time) {
	w.door.Do(func(cluster *sim.Cluster) { now = cluster.Now() })
	return now
}

func TestWatchTooOld(t *testing.T) {
	w := newWorld(t, sim.Options{})
	a := w.configMap("a", nil)
	for i := range 2*store.DefaultLog + 1 {
		a.Data = map[string]string{"i": fmt.Sprint(i)}
		w.door.Do(func(cluster *sim.Cluster) {
			if _, err := cluster.Update(a.DeepCopy(), "", false); err != nil {
				t.Fatal(err)
			}
		})
		a.ResourceVersion = ""
	}
	watching := w.watchMaps(w.client, metav1.ListOptions{ResourceVersion: "1"})
	if found := events(t, watching, 2); !strings.HasPrefix(found, "ERROR too old resource version: 1 (") || !strings.HasSuffix(found, ", END") {
		t.Errorf("expected 410 Gone, found %s", found)
	}
	w.ask("GET", "/api/v1/configmaps?resourceVersion=1&resourceVersionMatch=Exact", "").wants(t, 410, "The resourceVersion for the provided list is too old.", `"reason":"Expired"`)
	token := formatContinue(position{Version: 1, after: "default/a"})
	w.ask("GET", "/api/v1/configmaps?continue="+token, "").wants(t, 410, "The provided continue parameter is too old", `"continue":"`)
}

// A Table watch has columns in its first event only.
func TestWatchTable(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.configMap("a", nil)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", w.config.Host+"/api/v1/namespaces/default/configmaps?watch=true", nil)
	req.Header.Set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
	response, err := w.config.Transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	var heads []int
	for range 2 {
		if !lines.Scan() {
			t.Fatal("expected another event")
		}
		var event struct {
			Type   string
			Object metav1.Table
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, len(event.Object.ColumnDefinitions))
		if len(heads) == 1 {
			w.configMap("b", nil)
		}
	}
	if heads[0] == 0 || heads[1] != 0 {
		t.Errorf("expected columns in the first event only, found %v", heads)
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		w.configMap(name, nil)
	}
	maps := w.client.CoreV1().ConfigMaps("default")
	first, err := maps.List(w.ctx, metav1.ListOptions{Limit: 2})
	if err != nil || len(first.Items) != 2 || first.Continue == "" || *first.RemainingItemCount != 3 {
		t.Fatalf("expected two of five, found %v, %v", first, err)
	}
	// What happens meanwhile does not show in the pages that follow.
	if err := maps.Delete(w.ctx, "c", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	w.configMap("ab", nil)
	w.configMap("dd", nil)
	second, err := maps.List(w.ctx, metav1.ListOptions{Limit: 2, Continue: first.Continue})
	if err != nil || len(second.Items) != 2 || second.Items[0].Name != "c" || second.Items[1].Name != "d" || second.ResourceVersion != first.ResourceVersion {
		t.Fatalf("expected c and d of the same version, found %v, %v", second, err)
	}
	third, err := maps.List(w.ctx, metav1.ListOptions{Limit: 2, Continue: second.Continue})
	if err != nil || len(third.Items) != 1 || third.Items[0].Name != "e" || third.Continue != "" {
		t.Fatalf("expected e, found %v, %v", third, err)
	}
	w.ask("GET", "/api/v1/configmaps?continue=nonsense", "").wants(t, 400, "continue key is not valid")
}

// An informer sees the same as a list.
func TestInformer(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.configMap("a", nil)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	factory := informers.NewSharedInformerFactory(w.client, 0)
	informer := factory.Core().V1().ConfigMaps().Informer()
	lister := factory.Core().V1().ConfigMaps().Lister()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		t.Fatal("expected that the informer gets in step")
	}
	w.configMap("b", nil)
	for {
		if _, err := lister.ConfigMaps("default").Get("b"); err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal("expected that the informer sees b")
		}
		time.Sleep(time.Millisecond)
	}
}

// A client that does not read what it watches holds up nobody and makes nothing grow: when it reads again it is told that it has missed too much.
func TestSlowWatcherIsToldThatItMissedTooMuch(t *testing.T) {
	w := newWorld(t, sim.Options{})
	server := httptest.NewServer(New(w.door))
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String()) //nolint:noctx // it is answered at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection, "GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err != nil { // it watches
		t.Fatal(err)
	}
	text := strings.Repeat("x", 4<<10)
	w.door.Do(func(cluster *sim.Cluster) {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "c"}}
		if _, err = cluster.Create(object, false); err != nil {
			t.Fatal(err)
		}
	})
	for i := range 2 * store.DefaultLog {
		w.door.Do(func(cluster *sim.Cluster) {
			_, err = cluster.Update(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "c"}, Data: map[string]string{"text": text, "turn": fmt.Sprint(i)}}, "", false)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_ = connection.SetReadDeadline(time.Now().Add(20 * time.Second))
	lines, last := bufio.NewScanner(connection), ""
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), `{"type":`) {
			last = lines.Text()
		}
		if strings.HasPrefix(last, `{"type":"ERROR"`) {
			break
		}
	}
	if !strings.Contains(last, `"reason":"Expired"`) || !strings.Contains(last, `"code":410`) {
		t.Errorf("the last event: %.200s", last)
	}
}
