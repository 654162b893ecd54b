package apiserver

import (
	"bytes"
	"context"
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
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/stsim/stsim/sim"
)

// running is a world with a Pod web-0 that is Ready.
func running(t *testing.T) *world {
	w := newWorld(t, sim.Options{})
	w.pod("web-0")
	var err error
	w.door.Do(func(cluster *sim.Cluster) { err = cluster.RunUntil(sim.Ready("Pod", "default", "web-0")) })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// letting runs a client and lets virtual time pass for it. What is on its way through a port looks like quiet, so this does not wait
// for quiet as [door.Door.Drive] does.
func (w *world) letting(client func()) {
	w.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		client()
	}()
	for {
		select {
		case <-done:
			return
		case <-w.ctx.Done():
			w.Fatal("expected that the client ends")
		case <-time.After(time.Millisecond):
			w.door.Do(func(cluster *sim.Cluster) { cluster.Step() })
		}
	}
}

// overPort is the cluster on a real port, for what needs SPDY.
func (w *world) overPort() *rest.Config {
	server := httptest.NewServer(New(w.door))
	w.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}

func (w *world) execURL(config *rest.Config, options *corev1.PodExecOptions) *rest.Request {
	copied := rest.CopyConfig(config)
	copied.GroupVersion, copied.APIPath, copied.NegotiatedSerializer = &corev1.SchemeGroupVersion, "/api", scheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(copied)
	if err != nil {
		w.Fatal(err)
	}
	return client.Post().Namespace("default").Resource("pods").Name("web-0").SubResource("exec").VersionedParams(options, scheme.ParameterCodec)
}

// run is kubectl exec.
func (w *world) run(config *rest.Config, webSocket bool, stdin string, command ...string) (stdout, stderr string, err error) {
	w.Helper()
	options := &corev1.PodExecOptions{Command: command, Stdout: true, Stderr: true, Stdin: stdin != ""}
	url := w.execURL(config, options).URL()
	executor, err := remotecommand.NewSPDYExecutor(config, "POST", url)
	if webSocket {
		executor, err = remotecommand.NewWebSocketExecutor(config, "GET", url.String())
	}
	if err != nil {
		w.Fatal(err)
	}
	var out, errs bytes.Buffer
	streams := remotecommand.StreamOptions{Stdout: &out, Stderr: &errs}
	if stdin != "" {
		streams.Stdin = strings.NewReader(stdin)
	}
	w.letting(func() { err = executor.StreamWithContext(w.ctx, streams) })
	return out.String(), errs.String(), err
}

func TestExec(t *testing.T) {
	w := running(t)
	port := w.overPort()
	for _, c := range []struct {
		name      string
		config    *rest.Config
		webSocket bool
	}{{"in process", w.config, true}, {"WebSocket", port, true}, {"SPDY", port, false}} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, err := w.run(c.config, c.webSocket, "", "sh", "-c", "hostname; echo wrong >&2; exit 3")
			if stdout != "web-0\n" || stderr != "wrong\n" {
				t.Errorf("expected web-0 and wrong, found %q and %q", stdout, stderr)
			}
			if code, ok := err.(utilexec.ExitError); !ok || code.ExitStatus() != 3 {
				t.Errorf("expected exit code 3, found %v", err)
			}
			if stdout, _, err := w.run(c.config, c.webSocket, "one\ntwo\n", "cat"); stdout != "one\ntwo\n" || err != nil {
				t.Errorf("expected the input back, found %q, %v", stdout, err)
			}
			if stdout, _, err := w.run(c.config, c.webSocket, "", "sh", "-c", "sleep 100; echo done"); stdout != "done\n" || err != nil {
				t.Errorf("expected that sleep takes virtual time only, found %q, %v", stdout, err)
			}
			_, _, err = w.run(c.config, c.webSocket, "", "nonsense")
			if err == nil || !strings.Contains(err.Error(), "error executing command in container: failed to exec in container") {
				t.Errorf("expected that the command is not there, found %v", err)
			}
		})
	}
}

func TestExecRefused(t *testing.T) {
	w := running(t)
	w.pod("pending")
	url := strings.Replace(w.execURL(w.config, &corev1.PodExecOptions{Command: []string{"ls"}, Stdout: true}).URL().String(), "web-0", "pending", 1)
	for _, c := range []struct{ url, wanted string }{
		{url, `unable to upgrade connection: container not found ("nginx")`},
		{strings.Replace(url, "pending", "nobody", 1), `pods "nobody" not found`},
		{url + "&container=other", "container other is not valid for pod pending"},
	} {
		executor, err := remotecommand.NewWebSocketExecutor(w.config, "GET", c.url)
		if err != nil {
			t.Fatal(err)
		}
		if err := executor.StreamWithContext(w.ctx, remotecommand.StreamOptions{Stdout: io.Discard}); err == nil || err.Error() != c.wanted {
			t.Errorf("expected %s, found %v", c.wanted, err)
		}
	}
}

func TestLogs(t *testing.T) {
	w := running(t)
	for i := range 3 {
		w.ask("GET", fmt.Sprintf("/api/v1/namespaces/default/pods/web-0/proxy/?line=%d", i+1), "").wants(t, 200)
		w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(10 * time.Second) })
	}
	const path = "/api/v1/namespaces/default/pods/web-0/log"
	lines := func(parameters string) string {
		var found []string
		for line := range strings.SplitSeq(w.ask("GET", path+parameters, "").body, "\n") {
			if _, number, isAccess := strings.Cut(line, "?line="); isAccess {
				found = append(found, number[:1])
			}
		}
		return strings.Join(found, " ")
	}
	for parameters, wanted := range map[string]string{
		"": "1 2 3", "?tailLines=2": "2 3", "?sinceSeconds=15": "3", "?stream=Stderr": "", "?stream=Stdout&tailLines=1": "3", "?limitBytes=9": "",
	} {
		if found := lines(parameters); found != wanted {
			t.Errorf("%s: expected lines %s, found %s", parameters, wanted, found)
		}
	}
	w.ask("GET", path+"?tailLines=1&timestamps=true", "").wants(t, 200, "2026-01-01T00:00:")
	w.ask("GET", path+"?previous=true", "").wants(t, 400, `previous terminated container \"nginx\" in pod \"web-0\" not found`)
	w.ask("GET", path+"?container=x", "").wants(t, 400, "container x is not valid for pod web-0")
	w.ask("GET", path+"?tailLines=x", "").wants(t, 400, "expected a number")
	w.letting(func() {
		followed, err := w.client.CoreV1().Pods("default").GetLogs("web-0", &corev1.PodLogOptions{Follow: true}).Stream(w.ctx)
		if err != nil {
			t.Error(err)
			return
		}
		if err := w.client.CoreV1().Pods("default").Delete(w.ctx, "web-0", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
		data, err := io.ReadAll(followed)
		if err != nil || !strings.Contains(string(data), "?line=3") {
			t.Errorf("expected that following ends with the container, found %s, %v", data, err)
		}
	})
}

func TestPortForward(t *testing.T) {
	w := running(t)
	port := w.overPort()
	for _, kind := range []string{"SPDY", "WebSocket"} {
		t.Run(kind, func(t *testing.T) {
			target := w.execURL(port, &corev1.PodExecOptions{}).URL()
			target.Path, target.RawQuery = strings.Replace(target.Path, "/exec", "/portforward", 1), ""
			transport, upgrader, err := spdy.RoundTripperFor(port)
			if err != nil {
				t.Fatal(err)
			}
			dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", target)
			if kind == "WebSocket" {
				if dialer, err = portforward.NewSPDYOverWebsocketDialer(target, port); err != nil {
					t.Fatal(err)
				}
			}
			stop, ready := make(chan struct{}), make(chan struct{})
			defer close(stop)
			forwarder, err := portforward.New(dialer, []string{"0:80"}, stop, ready, io.Discard, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = forwarder.ForwardPorts() }()
			select {
			case <-ready:
			case <-time.After(10 * time.Second):
				t.Fatal("expected that forwarding begins")
			}
			ports, err := forwarder.GetPorts()
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if body, _ := io.ReadAll(response.Body); response.StatusCode != 200 || !strings.Contains(string(body), "nginx") {
				t.Errorf("expected a page of nginx, found %d %s", response.StatusCode, body)
			}
		})
	}
}

func TestProxy(t *testing.T) {
	w := running(t)
	w.ask("GET", "/api/v1/namespaces/default/pods/web-0:80/proxy/", "").wants(t, 200, "nginx")
	w.ask("GET", "/api/v1/namespaces/default/pods/web-0/proxy/nowhere", "").wants(t, 404)
	w.ask("GET", "/api/v1/nodes/node-1/proxy/pods", "").wants(t, 501, "is not simulated")
}

// A connection in memory carries whole HTTP conversations.
func TestDialer(t *testing.T) {
	w := newWorld(t, sim.Options{})
	dial := Dialer(w.door)
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address)
	}}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://anything/version")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `"gitVersion": "v1.36.`) {
		t.Errorf("expected the version, found %s", body)
	}
}
