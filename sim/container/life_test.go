package container

import (
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const nginxPod = `
hostname: web-0
subdomain: nginx
containers:
- name: nginx
  image: gcr.io/google_containers/nginx-slim:0.8
  ports: [{containerPort: 80, name: web}]
  volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
volumes:
- name: www
  emptyDir: {}
`

// The heart of the tutorial: a file written by exec is what curl on the Pod gets, and what was served is in the log.
func TestNginxServesWhatExecWrites(t *testing.T) {
	b := newBench(t)
	b.pod("web-0", nginxPod)
	b.start("web-0", "nginx")
	b.want("state", string(b.container("web-0", "nginx").State), "running")
	b.want("empty volume", b.exec("web-0", "curl -s -o /dev/null -w '%{http_code}' localhost"), "403")
	b.want("write", b.exec("web-0", "echo $(hostname -f) > /usr/share/nginx/html/index.html"), "")
	b.want("curl", b.exec("web-0", "curl -s localhost"), "web-0.nginx.default.svc.cluster.local\n")
	b.want("cat", b.exec("web-0", "cat /usr/share/nginx/html/index.html"), "web-0.nginx.default.svc.cluster.local\n")
	b.want("in one line", b.exec("web-0", "echo two > /usr/share/nginx/html/index.html; curl -s localhost; echo three > /usr/share/nginx/html/index.html; curl -s localhost"), "two\nthree\n")
	b.wantContains("log", b.logs("web-0"), `"GET / HTTP/1.1" 200 38 "-" "curl/`)
	b.wantContains("log", b.logs("web-0"), `directory index of "/usr/share/nginx/html/" is forbidden`)
}

// A restart keeps the volumes and nothing else.
func TestRestartKeepsVolumesOnly(t *testing.T) {
	b := newBench(t)
	b.pod("web-0", nginxPod)
	b.start("web-0", "nginx")
	b.exec("web-0", "echo kept > /usr/share/nginx/html/index.html; echo lost > /tmp/file")
	b.do(func(w *World) { Execute(w, Command{Action: KillContainer, UID: uid("web-0"), Container: "nginx"}) })
	c := b.container("web-0", "nginx")
	if c.State != Exited || c.ExitCode != 137 || c.Signal != 9 || c.Reason != "Error" {
		t.Errorf("after SIGKILL: %s %d %d %s", c.State, c.ExitCode, c.Signal, c.Reason)
	}
	b.want("while it is down", b.exec("web-0", "true"), "error: unable to upgrade connection: container not found (\"nginx\")\n")
	b.startAttempt("web-0", "nginx", 1)
	b.want("volume", b.exec("web-0", "curl -s localhost"), "kept\n")
	b.wantContains("root", b.exec("web-0", "cat /tmp/file"), "No such file or directory")
	b.do(func(w *World) { Execute(w, Command{Action: RemoveSandbox, UID: uid("web-0")}) })
	for range store.Rows[*Volume](b.db.View(), Volumes, "") {
		t.Error("the emptyDir is still there")
	}
	for range store.Rows[*Container](b.db.View(), Containers, "") {
		t.Error("a container is still there")
	}
}

// How long a container takes to stop, and what it exits with.
func TestStopping(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		after      time.Duration // it is still there shortly before, and gone then
		code       int
	}{
		{"nginx ends by itself", "containers: [{name: main, image: nginx}]", 500 * time.Millisecond, 0},
		{"sleep as PID 1 has no handler and takes the whole grace period", `containers: [{name: main, image: busybox, command: [sh, -c, sleep 3600]}]`, 30 * time.Second, 137},
		{"a trap is heard", `containers: [{name: main, image: busybox, command: [sh, -c, "trap 'exit 3' TERM; sleep 3600 & wait"]}]`, 0, 3},
		{"a trap waits for the command in the foreground", `containers: [{name: main, image: busybox, command: [sh, -c, "trap 'exit 3' TERM; sleep 3600"]}]`, 30 * time.Second, 137},
		{"preStop first", `containers: [{name: main, image: nginx, lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}}]`, 5500 * time.Millisecond, 0},
		{"sleep hook", `containers: [{name: main, image: nginx, lifecycle: {preStop: {sleep: {seconds: 7}}}}]`, 7500 * time.Millisecond, 0},
		{"preStop that takes too long gets the minimum", `containers: [{name: main, image: busybox, command: [sleep, "9999"], lifecycle: {preStop: {exec: {command: [sleep, "99"]}}}}]`, 32 * time.Second, 137},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.pod("p", c.spec)
			b.start("p", "main")
			if got := b.container("p", "main"); got.State != Running {
				t.Fatalf("not running: %s %s", got.Reason, got.Message)
			}
			b.do(func(w *World) {
				Execute(w, Command{Action: StopContainer, UID: uid("p"), Container: "main", Grace: 30 * time.Second})
			})
			if c.after > 0 {
				b.run(c.after - time.Millisecond)
				if b.container("p", "main").State != Running {
					t.Errorf("gone before %s", c.after)
				}
			}
			b.run(2 * time.Millisecond)
			if got := b.container("p", "main"); got.State != Exited || got.ExitCode != c.code {
				t.Errorf("after %s: %s with %d, want %d", c.after, got.State, got.ExitCode, c.code)
			}
		})
	}
}

// What a container exits with, and what it leaves as its message.
func TestExitCodesAndMessages(t *testing.T) {
	b := newBench(t)
	b.pod("ok", `containers: [{name: main, image: busybox, command: [sh, -c, "echo done > /dev/termination-log"]}]`)
	b.pod("bad", `containers: [{name: main, image: busybox, command: [sh, -c, "echo why; printf tail; exit 7"], terminationMessagePolicy: FallbackToLogsOnError}]`)
	b.pod("none", `containers: [{name: main, image: busybox, command: [nothing]}]`)
	for _, pod := range []string{"ok", "bad", "none"} {
		b.start(pod, "main")
	}
	c := b.container("ok", "main")
	b.want("ok", c.Reason+" "+c.Message, "Completed done\n")
	c = b.container("bad", "main")
	b.want("bad", c.Reason+" "+c.Message, "Error why\ntail\n")
	b.want("log", b.logs("bad"), "why\ntail\n")
	c = b.container("none", "main")
	b.want("none", c.Reason, "StartError")
	b.wantContains("none", c.Message, `exec: "nothing": executable file not found in $PATH: unknown`)
}

// Exec of what is not there is the runtime's error, and the exit status of what runs is its own.
func TestExecErrors(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: busybox, command: [sleep, infinity]}]")
	b.start("p", "main")
	b.want("status", b.exec("p", "exit 5"), "exit 5\n")
	b.wantContains("missing", b.execArgs("p", "nothing"), `OCI runtime exec failed: exec failed: unable to start container process: exec: "nothing": executable file not found in $PATH: unknown`)
	var err error
	b.do(func(w *World) {
		_, err = Exec(w, api.Name{Namespace: "default", Name: "p"}, "other", []string{"true"}, false, false)
	})
	b.want("container", err.Error(), "container other is not valid for pod p")
	b.want("ps", b.exec("p", "ps -o pid,args | head -n 2 | tail -n 1"), "  1 sleep infinity\n")
	b.want("sleeps", b.exec("p", "date +%s; sleep 3; date +%s"), "1767225602\n1767225605\n")
}

// An interactive shell reads what is typed.
func TestInput(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: busybox, command: [sleep, infinity]}]")
	b.start("p", "main")
	number := 0
	b.do(func(w *World) {
		number, _ = Exec(w, api.Name{Namespace: "default", Name: "p"}, "", []string{"cat"}, false, true)
	})
	b.do(func(w *World) { Input(w, number, []byte("hello\n"), false) })
	chunks, next, ended, _ := Output(b.db.View(), number, 0)
	if len(chunks) != 1 || chunks[0].Data != "hello\n" || ended {
		t.Errorf("%v %v", chunks, ended)
	}
	if got := b.container("p", "main").Processes; len(got) != 2 {
		t.Errorf("processes %v", got)
	}
	b.do(func(w *World) { Input(w, number, nil, true) })
	chunks, _, ended, code := Output(b.db.View(), number, next)
	if len(chunks) != 0 || !ended || code != 0 {
		t.Errorf("%v %v %d", chunks, ended, code)
	}
	b.do(func(w *World) { Close(w, number) })
	if got := b.container("p", "main").Processes; len(got) != 1 {
		t.Errorf("processes %v", got)
	}
}

// Pulls take time; an image no registry has fails in containerd's words.
func TestPull(t *testing.T) {
	b := newBench(t)
	pull := func(image string) *Image {
		b.do(func(w *World) { Execute(w, Command{Action: PullImage, Node: "node-1", Image: image}) })
		b.run(3 * time.Second)
		row, _ := store.GetRow[*Image](b.db.View(), Images, "node-1/"+image)
		return row
	}
	if row := pull("nginx:1.25"); !row.Present || row.Pulling || row.Failure != "" || row.PulledAt.Sub(row.StartedAt) != 2*time.Second {
		t.Errorf("%+v", row)
	}
	row := pull("nginx:does-not-exist")
	b.want("failure", row.Failure, `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:does-not-exist": failed to resolve reference "docker.io/library/nginx:does-not-exist": docker.io/library/nginx:does-not-exist: not found`)
	pull("nginx:does-not-exist")
	row, _ = store.GetRow[*Image](b.db.View(), Images, row.RowKey())
	if row.Failures != 2 || row.Present {
		t.Errorf("%+v", row)
	}
}

// A second, shorter grace period counts; a longer one does not.
func TestShorterGrace(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: busybox, command: [sleep, infinity]}]")
	b.start("p", "main")
	for _, grace := range []time.Duration{30 * time.Second, 5 * time.Second, 60 * time.Second} {
		b.do(func(w *World) {
			Execute(w, Command{Action: StopContainer, UID: uid("p"), Container: "main", Grace: grace})
		})
	}
	b.run(5*time.Second - 1)
	b.want("before", string(b.container("p", "main").State), "running")
	b.run(1)
	b.want("after", string(b.container("p", "main").State), "exited")
}

// An address that has become free is not given out again before the others of its node's range.
func TestAddresses(t *testing.T) {
	b := newBench(t)
	var got []string
	for _, pod := range []string{"a", "b", "c"} {
		b.pod(pod, "containers: [{name: main, image: nginx}]")
		b.start(pod, "main")
		s, _ := store.GetRow[*Sandbox](b.db.View(), Sandboxes, "uid-"+pod)
		got = append(got, s.IPs[0].String())
		if pod == "b" {
			b.do(func(w *World) { Execute(w, Command{Action: RemoveSandbox, UID: uid(pod)}) })
		}
	}
	b.want("addresses", strings.Join(got, " "), "10.244.1.2 10.244.1.3 10.244.1.4")
	b.pod("h", "hostNetwork: true\ncontainers: [{name: main, image: nginx}]")
	b.start("h", "main")
	b.want("host network", b.exec("h", "hostname; hostname -i"), "node-1\n192.168.49.2\n")
}
