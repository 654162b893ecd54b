package container

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// rows prints everything this package keeps that a person could see.
func rows(db *store.DB) string {
	var b strings.Builder
	view := db.View()
	for c := range store.Rows[*Container](view, Containers, "") {
		lines, _ := c.Log.Lines(0)
		fmt.Fprintln(&b, c.RowKey(), c.ID, c.State, c.ExitCode, c.Processes, lines)
		for path, info := range c.Root.All() {
			fmt.Fprintln(&b, path, info.Inode, info.Size, info.ModTime)
		}
	}
	for p := range store.Rows[*Process](view, Processes, "") {
		chunks, _ := p.Output.Chunks(0)
		fmt.Fprintln(&b, p.RowKey(), p.Ended, p.ExitCode, chunks)
	}
	for v := range store.Rows[*Volume](view, Volumes, "") {
		for path, info := range v.Tree.All() {
			fmt.Fprintln(&b, v.Key, path, info.Inode, info.Size, info.ModTime)
		}
	}
	for event := range view.Events() {
		fmt.Fprintln(&b, event)
	}
	return b.String()
}

const loop = `
containers:
- name: main
  image: busybox
  command: [sh, -c, "i=0; while true; do i=$((i+1)); echo $i; echo $i >> /data/f; sleep 1; done"]
  volumeMounts: [{name: v, mountPath: /data}]
volumes: [{name: v, emptyDir: {}}]`

// A world forked in the middle of a script goes on twice, and neither knows of the other.
func TestFork(t *testing.T) {
	b := newBench(t)
	b.pod("p", loop)
	b.start("p", "main")
	b.run(3 * time.Second)
	twin := *b
	twin.db = b.db.Fork()
	b.run(2 * time.Second)
	before := rows(b.db)
	twin.exec("p", "rm /data/f")
	twin.run(2 * time.Second)
	twin.do(func(w *World) { Execute(w, Command{Action: KillContainer, UID: uid("p"), Container: "main"}) })
	if rows(b.db) != before {
		t.Error("the twin has changed the other world")
	}
	b.want("log", b.logs("p"), "1\n2\n3\n4\n5\n6\n")
	b.want("twin's log", twin.logs("p"), "1\n2\n3\n4\n5\n6\n")
	b.want("file", b.exec("p", "wc -l < /data/f"), "6\n")
}

// The same requests give the same rows, to the byte.
func TestRepeatable(t *testing.T) {
	history := func() string {
		b := newBench(t)
		b.put("kind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1', b: '2', c: '3', d: '4'}")
		b.pod("web-0", nginxPod)
		b.pod("p", loop)
		b.pod("q", "containers: [{name: main, image: busybox, command: [sh, -c, 'env; ls -R /etc; sleep 5; kill -9 1; nc -z 10.244.1.2 80'], envFrom: [{configMapRef: {name: c}}], volumeMounts: [{name: v, mountPath: /v}]}]\nvolumes: [{name: v, configMap: {name: c}}]")
		b.start("web-0", "nginx")
		b.start("p", "main")
		b.start("q", "main")
		b.exec("web-0", "curl -s localhost; head -c 20 /dev/urandom | md5sum > /tmp/r")
		b.run(10 * time.Second)
		return rows(b.db)
	}
	first := history()
	for range 3 {
		if again := history(); again != first {
			t.Fatalf("two histories with the same requests differ:\n%s\n%s", first, again)
		}
	}
}

// A container whose configuration could not be made is tried again under its number.
func TestConfigErrorIsTriedAgain(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: busybox, command: [env], env: [{name: A, valueFrom: {configMapKeyRef: {name: later, key: a}}}]}]")
	b.start("p", "main")
	b.want("at first", b.container("p", "main").Reason, "CreateContainerConfigError")
	b.put("kind: ConfigMap\nmetadata: {name: later}\ndata: {a: here}")
	b.startAttempt("p", "main", 0)
	b.wantContains("then", b.logs("p"), "A=here\n")
}

// A forced deletion takes the object and leaves the programs.
func TestGhost(t *testing.T) {
	b := newBench(t)
	b.pod("p", loop)
	b.start("p", "main")
	b.do(func(w *World) {
		pod, _ := w.Tx.Object(api.KindNamed("Pod"), "default", "p")
		w.Tx.Delete(pod)
	})
	b.run(5 * time.Second)
	if lines, _ := b.container("p", "main").Log.Lines(0); len(lines) < 5 {
		t.Errorf("the ghost has stopped after %d lines", len(lines))
	}
}

func BenchmarkLife(b *testing.B) {
	for range b.N {
		t := &testing.T{}
		c := newBench(t)
		c.pod("web-0", nginxPod)
		c.start("web-0", "nginx")
		for range 10 {
			c.do(func(w *World) {
				Execute(w, Command{Action: StopContainer, UID: uid("web-0"), Container: "nginx", Attempt: c.container("web-0", "nginx").Attempt, Grace: time.Second})
			})
			c.run(time.Second)
			c.startAttempt("web-0", "nginx", c.container("web-0", "nginx").Attempt+1)
		}
	}
}

func BenchmarkExec(b *testing.B) {
	c := newBench(&testing.T{})
	c.pod("web-0", nginxPod)
	c.start("web-0", "nginx")
	b.ResetTimer()
	for range b.N {
		c.do(func(w *World) {
			number, _ := Exec(w, api.Name{Namespace: "default", Name: "web-0"}, "", []string{"sh", "-c", "echo $(hostname -f) > /usr/share/nginx/html/index.html"}, false, false)
			Close(w, number)
		})
	}
}

func BenchmarkProbe(b *testing.B) {
	c := newBench(&testing.T{})
	c.pod("p", "containers: [{name: main, image: nginx, readinessProbe: {httpGet: {port: 80, path: /}}}]")
	c.start("p", "main")
	b.ResetTimer()
	for range b.N {
		c.do(func(w *World) {
			Execute(w, Command{Action: RunProbe, UID: uid("p"), Container: "main", Probe: ReadinessProbe})
		})
	}
}
