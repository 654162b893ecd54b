package container

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

// bench is a small cluster in which a test plays kubelet and API.
type bench struct {
	t        *testing.T
	db       *store.DB
	settings *api.Settings
	choices  int
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: store.New(epoch, append(Tables(), network.Tables()...)...)}
	b.settings = &api.Settings{
		Zone: "cluster.local", ServiceCIDR: netip.MustParsePrefix("10.96.0.0/12"), PodCIDR: netip.MustParsePrefix("10.244.0.0/16"),
		DNSAddress: netip.MustParseAddr("10.96.0.10"), Timings: api.DefaultTimings(),
	}
	b.do(func(w *World) {
		w.Tx.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}})
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: corev1.NodeSpec{PodCIDR: "10.244.1.0/24"}}
		node.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "192.168.49.2"}}
		node.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi")}
		w.Tx.Put(node)
	})
	return b
}

// do runs one transaction.
func (b *bench) do(f func(w *World)) {
	b.t.Helper()
	tx := b.db.Begin()
	f(&World{Tx: tx, Settings: b.settings, Choose: func(_ string, n int) int { b.choices++; return b.choices % n }})
	tx.Commit()
}

// run takes pending events until so much time has passed.
func (b *bench) run(d time.Duration) {
	b.t.Helper()
	until := b.db.View().Meta().Now.Add(d)
	for range 10000 {
		event, found := b.db.View().NextEvent()
		if !found || event.When.After(until) {
			b.do(func(w *World) { w.Tx.AdvanceTo(until) })
			return
		}
		b.do(func(w *World) {
			w.Tx.Take(event)
			Handle(w, event.Key)
		})
	}
	b.t.Fatal("10000 events and no end")
}

// put adds API objects given in YAML, separated by lines of three dashes.
func (b *bench) put(manifest string) {
	b.t.Helper()
	for _, document := range strings.Split(manifest, "\n---\n") {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			b.t.Fatal(err)
		}
		kind := api.KindNamed(head.Kind)
		if kind == nil {
			b.t.Fatalf("no kind %q", head.Kind)
		}
		object := kind.New()
		if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
			b.t.Fatal(err)
		}
		if object.GetNamespace() == "" && kind.Namespaced {
			object.SetNamespace("default")
		}
		if object.GetUID() == "" {
			object.SetUID(api.UID("uid-" + object.GetName()))
		}
		kind.Default(object)
		b.do(func(w *World) { w.Tx.Put(object) })
	}
}

// pod adds a Pod on node-1 with one container main; the rest of the spec is YAML below spec.
func (b *bench) pod(name, spec string) {
	b.t.Helper()
	b.put("kind: Pod\nmetadata: {name: " + name + "}\nspec:\n  nodeName: node-1\n" + indent(spec))
}

func indent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

func uid(pod string) api.UID { return api.UID("uid-" + pod) }

// start makes a Pod's sandbox and starts its container, and waits until both are there.
func (b *bench) start(pod, container string) {
	b.t.Helper()
	b.do(func(w *World) {
		Execute(w, Command{Action: CreateSandbox, UID: uid(pod), Pod: api.Name{Namespace: "default", Name: pod}, Node: "node-1"})
	})
	b.run(time.Second)
	if s, _ := store.GetRow[*Sandbox](b.db.View(), Sandboxes, "uid-"+pod); !s.Ready {
		b.t.Fatalf("sandbox of %s: %s", pod, s.Failure)
	}
	b.startAttempt(pod, container, 0)
}

func (b *bench) startAttempt(pod, container string, attempt int) {
	b.t.Helper()
	b.do(func(w *World) {
		Execute(w, Command{Action: StartContainer, UID: uid(pod), Container: container, Attempt: attempt})
	})
	b.run(time.Second)
}

func (b *bench) container(pod, container string) *Container {
	b.t.Helper()
	c, found := Newest(b.db.View(), uid(pod), container)
	if !found {
		b.t.Fatalf("no container %s of %s", container, pod)
	}
	return c
}

// exec runs a command line in a Pod by sh -c and gives back all it says; an exit status other than 0 is added at the end.
func (b *bench) exec(pod, line string) string {
	b.t.Helper()
	return b.execArgs(pod, "sh", "-c", line)
}

func (b *bench) execArgs(pod string, args ...string) string {
	b.t.Helper()
	number := 0
	var err error
	b.do(func(w *World) {
		number, err = Exec(w, api.Name{Namespace: "default", Name: pod}, "", args, false, false)
	})
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return b.output(number)
}

// output waits for the end of a process (10 minutes at most).
func (b *bench) output(number int) string {
	b.t.Helper()
	for range 600 {
		if _, _, ended, _ := Output(b.db.View(), number, 0); ended {
			break
		}
		b.run(time.Second)
	}
	chunks, _, ended, code := Output(b.db.View(), number, 0)
	var text strings.Builder
	for _, chunk := range chunks {
		text.WriteString(chunk.Data)
	}
	switch {
	case !ended:
		text.WriteString("(still running)\n")
	case code != 0:
		fmt.Fprintf(&text, "exit %d\n", code)
	}
	return text.String()
}

func (b *bench) logs(pod string) string {
	b.t.Helper()
	lines, _, _, err := Logs(b.db.View(), api.Name{Namespace: "default", Name: pod}, "", false, 0)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var text strings.Builder
	for _, line := range lines {
		text.WriteString(line.Text + "\n")
	}
	return text.String()
}

func (b *bench) want(what, got, want string) {
	b.t.Helper()
	if got != want {
		b.t.Errorf("%s:\n got: %q\nwant: %q", what, got, want)
	}
}

func (b *bench) wantContains(what, got, want string) {
	b.t.Helper()
	if !strings.Contains(got, want) {
		b.t.Errorf("%s:\n  got: %q\n want: %q in it", what, got, want)
	}
}
