package container

import (
	"testing"
	"time"
)

func TestProbes(t *testing.T) {
	for _, c := range []struct{ probe, want string }{ // want "" is success
		{"httpGet: {port: web}", ""},
		{"httpGet: {port: 80, path: /nope}", "HTTP probe failed with statuscode: 404"},
		{"httpGet: {port: 80, path: /dir}", ""},
		{"httpGet: {port: 81}", `Get "http://10.244.1.2:81/": dial tcp 10.244.1.2:81: connect: connection refused`},
		{"httpGet: {port: 80, scheme: HTTPS, path: /}", `Get "https://10.244.1.2:80/": http: server gave HTTP response to HTTPS client`},
		{"httpGet: {port: other}", "couldn't find port: other in container: main"},
		{"tcpSocket: {port: 80}", ""},
		{"tcpSocket: {port: 81}", "dial tcp 10.244.1.2:81: connect: connection refused"},
		{"exec: {command: [sh, -c, 'echo fine']}", ""},
		{"exec: {command: [cat, /nope]}", "cat: can't open '/nope': No such file or directory\n"},
		{"exec: {command: [sleep, '5']}, timeoutSeconds: 2", "command timed out: rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout 2s exceeded: context deadline exceeded"},
		{"exec: {command: [sleep, '1']}, timeoutSeconds: 2", ""},
		{"grpc: {port: 80}", `timeout: failed to connect service "10.244.1.2:80" within 1s: context deadline exceeded`},
	} {
		b := newBench(t)
		b.pod("p", "containers: [{name: main, image: nginx, ports: [{name: web, containerPort: 80}], readinessProbe: {"+c.probe+"}}]")
		b.start("p", "main")
		b.exec("p", "mkdir /usr/share/nginx/html/dir; echo x > /usr/share/nginx/html/dir/index.html")
		for range 2 {
			b.do(func(w *World) {
				Execute(w, Command{Action: RunProbe, UID: uid("p"), Container: "main", Probe: ReadinessProbe})
			})
			b.run(3 * time.Second)
		}
		got, found := b.container("p", "main").Probes[ReadinessProbe]
		if !found || got.Success != (c.want == "") || got.Successes+got.Failures != 2 {
			t.Errorf("%s: %+v", c.probe, got)
		}
		if c.probe == "exec: {command: [cat, /nope]}" { // whose words these are is the applet's matter
			b.wantContains(c.probe, got.Output, "No such file or directory")
			continue
		}
		b.want(c.probe, got.Output, c.want)
		if n := len(b.container("p", "main").Processes); n != 1 {
			t.Errorf("%s: %d processes", c.probe, n)
		}
	}
}

// A postStart hook that fails stops the container and leaves its reason.
func TestPostStart(t *testing.T) {
	b := newBench(t)
	b.pod("ok", `containers: [{name: main, image: nginx, lifecycle: {postStart: {exec: {command: [sh, -c, "sleep 2; echo hooked > /usr/share/nginx/html/index.html"]}}}}]`)
	b.start("ok", "main")
	if c := b.container("ok", "main"); c.Hook != PostStart || c.State != Running {
		t.Errorf("%s %s", c.Hook, c.State)
	}
	b.run(3 * time.Second)
	b.want("hook", b.exec("ok", "curl -s localhost"), "hooked\n")
	b.pod("bad", `containers: [{name: main, image: nginx, lifecycle: {postStart: {exec: {command: [sh, -c, "echo no; exit 4"]}}}}]`)
	b.start("bad", "main")
	c := b.container("bad", "main")
	b.want("error", c.HookError, `Exec lifecycle hook ([sh -c echo no; exit 4]) for Container "main" in Pod "bad_default(uid-bad)" failed - error: command 'sh -c echo no; exit 4' exited with 4: , message: "no\n"`)
	b.run(time.Second)
	if c := b.container("bad", "main"); c.State != Exited {
		t.Errorf("still %s", c.State)
	}
	b.pod("http", `containers: [{name: main, image: nginx, lifecycle: {postStart: {httpGet: {port: 80, path: /}}}}]`)
	b.start("http", "main")
	b.wantContains("http hook", b.logs("http"), `"GET / HTTP/1.1" 200`)
}
