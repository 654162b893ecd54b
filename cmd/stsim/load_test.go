package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The load test asks "stsim serve", in a process of its own, for as much as it gives. It is a test rather than a command so that the product does not carry
// it. By itself it takes a second and only looks that everything is answered; the figures in the README come from
//
//	go test ./cmd/stsim -run TestLoad -v -load 10m
//
// Half of the watchers watch the ConfigMaps of one writer's namespace, the others Pods, Services and other kinds of the whole cluster. A writer makes, reads,
// changes twice and deletes ConfigMaps of its namespace, one request after the other.
var (
	loadFor      = flag.Duration("load", time.Second, "how long TestLoad asks, up to an hour")
	loadWatchers = flag.Int("load.watchers", 200, "how many watches are open, up to 1000")
	loadState    = flag.Bool("load.state", false, "whether the cluster is kept in a file, so that every change waits for a disk")
	loadWriters  = flag.Int("load.writers", 8, "how many clients write, up to 64")
)

// loaded is a served cluster under load.
type loaded struct {
	t          *testing.T
	server     string
	token      string
	trust      *x509.CertPool
	process    int
	started    time.Duration // until it first answered
	events     atomic.Int64  // that watchers were told
	relists    atomic.Int64  // watches that ended before the test
	mu         sync.Mutex
	latencies  []time.Duration
	perRequest map[string][]time.Duration
}

func TestLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	watchers, writers := min(max(*loadWatchers, 0), 1000), min(max(*loadWriters, 1), 64)
	l := startLoaded(t)
	idle := l.memory("VmRSS")
	ctx, cancel := context.WithTimeout(t.Context(), min(*loadFor, time.Hour))
	defer cancel()
	for writer := range writers {
		if code := l.ask(l.client(), http.MethodPost, "/api/v1/namespaces", fmt.Sprintf(`{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"load-%d"}}`, writer)); code != http.StatusCreated {
			t.Fatalf("making a namespace: %d", code)
		}
	}
	var running sync.WaitGroup
	for watcher := range watchers {
		running.Go(func() { l.watch(ctx, watcher, writers) })
	}
	begun, worked, own := time.Now(), processorTime(strconv.Itoa(l.process)), processorTime("self")
	for writer := range writers {
		running.Go(func() { l.write(ctx, writer) })
	}
	running.Go(func() { l.observe(ctx) })
	running.Wait()
	took := time.Since(begun)
	l.t.Logf("processor time a request: %s here, %s in the server", (processorTime("self")-own)/time.Duration(len(l.latencies)),
		(processorTime(strconv.Itoa(l.process))-worked)/time.Duration(len(l.latencies)))
	l.report(took, idle)
}

var apiLine = regexp.MustCompile(`^API +(\S+)`)

// startLoaded builds and starts the server, and waits for its first answer.
func startLoaded(t *testing.T) *loaded {
	t.Helper()
	folder := t.TempDir()
	binary, kubeconfig := filepath.Join(folder, "stsim"), filepath.Join(folder, "config")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	arguments := []string{"serve", "--kubeconfig", kubeconfig}
	if *loadState {
		arguments = append(arguments, "--state", filepath.Join(folder, "state"))
	}
	command := exec.CommandContext(t.Context(), binary, arguments...)
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() && !apiLine.MatchString(lines.Text()) {
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	content, err := os.ReadFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	server, token, authority, err := readKubeconfig(content)
	if err != nil {
		t.Fatal(err)
	}
	l := &loaded{t: t, server: server, token: token, trust: x509.NewCertPool(), process: command.Process.Pid, perRequest: map[string][]time.Duration{}}
	l.trust.AppendCertsFromPEM(authority)
	if code := l.ask(l.client(), http.MethodGet, "/api/v1/nodes", ""); code != http.StatusOK {
		t.Fatalf("the first answer: %d", code)
	}
	l.started = time.Since(begun)
	return l
}

// client has a connection of its own, over HTTP/2 as client-go's have.
func (l *loaded) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.trust, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}

func (l *loaded) send(ctx context.Context, client *http.Client, method, path, body string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, l.server+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+l.token)
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	return client.Do(request)
}

// ask gives the status of an answer; 0 for none.
func (l *loaded) ask(client *http.Client, method, path, body string) int {
	begun := time.Now()
	response, err := l.send(context.Background(), client, method, path, body)
	if err != nil {
		l.t.Errorf("%s %s: %v", method, path, err)
		return 0
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	took := time.Since(begun)
	l.mu.Lock()
	l.latencies = append(l.latencies, took)
	l.perRequest[method] = append(l.perRequest[method], took)
	l.mu.Unlock()
	return response.StatusCode
}

// write asks as one writer does, until the context ends.
func (l *loaded) write(ctx context.Context, writer int) {
	client := l.client()
	collection := fmt.Sprintf("/api/v1/namespaces/load-%d/configmaps", writer)
	for turn := 0; ctx.Err() == nil; turn++ {
		name := fmt.Sprintf("c%d", turn%100)
		object := collection + "/" + name
		for _, one := range []struct {
			method, path, body string
			want               int
		}{
			{http.MethodPost, collection, fmt.Sprintf(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":%q},"data":{"turn":"%d"}}`, name, turn), http.StatusCreated},
			{http.MethodGet, object, "", http.StatusOK},
			{http.MethodPut, object, fmt.Sprintf(`{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":%q},"data":{"turn":"put %d"}}`, name, turn), http.StatusOK},
			{http.MethodPatch, object, fmt.Sprintf(`{"data":{"turn":"patch %d"}}`, turn), http.StatusOK},
			{http.MethodDelete, object, "", http.StatusOK},
		} {
			if code := l.ask(client, one.method, one.path, one.body); code != one.want {
				l.t.Errorf("%s %s: %d", one.method, one.path, code)
				return
			}
		}
	}
}

// watch watches until the context ends, again and again if need be. Ten watchers share a connection.
func (l *loaded) watch(ctx context.Context, watcher, writers int) {
	kinds := []string{"/api/v1/pods", "/api/v1/services", "/apis/apps/v1/statefulsets", "/api/v1/nodes", "/api/v1/persistentvolumeclaims", "/apis/discovery.k8s.io/v1/endpointslices", "/api/v1/namespaces"}
	path := kinds[watcher%len(kinds)]
	if watcher%2 == 0 {
		path = fmt.Sprintf("/api/v1/namespaces/load-%d/configmaps", watcher/2%writers)
	}
	client := l.client()
	buffer := make([]byte, 64<<10)
	for ctx.Err() == nil {
		response, err := l.send(ctx, client, http.MethodGet, path+"?watch=true&allowWatchBookmarks=true", "")
		if err != nil {
			if ctx.Err() == nil {
				l.t.Errorf("watching %s: %v", path, err)
			}
			return
		}
		for err == nil {
			var count int
			count, err = response.Body.Read(buffer)
			l.events.Add(int64(bytes.Count(buffer[:count], []byte("\n"))))
		}
		_ = response.Body.Close()
		if !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			l.relists.Add(1)
		}
	}
}

// memory is a line of the server's status, in MiB; 0 where there is no such file.
func (l *loaded) memory(what string) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", l.process))
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(content), "\n") {
		if rest, found := strings.CutPrefix(line, what+":"); found {
			kilo, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kilo >> 10
		}
	}
	return 0
}

// processorTime is how long processors have worked for a process; 0 where there is no such file.
func processorTime(process string) time.Duration {
	content, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(content), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// observe tells how it goes from time to time.
func (l *loaded) observe(ctx context.Context) {
	for minute := 1; ; minute++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(*loadFor/10, time.Second)):
			l.mu.Lock()
			asked := len(l.latencies)
			l.mu.Unlock()
			l.t.Logf("%d requests, %d events, %d MiB", asked, l.events.Load(), l.memory("VmRSS"))
		}
	}
}

func (l *loaded) report(took time.Duration, idle int) {
	at := func(latencies []time.Duration, share float64) time.Duration {
		slices.Sort(latencies)
		return latencies[int(float64(len(latencies)-1)*share)].Round(time.Microsecond)
	}
	l.t.Logf("first answer after %s; %d MiB then, %d MiB at the end, %d MiB at most", l.started.Round(time.Millisecond), idle, l.memory("VmRSS"), l.memory("VmHWM"))
	l.t.Logf("%.0f requests a second: half within %s, 99 of 100 within %s; %d events told; %d watches ended", float64(len(l.latencies))/took.Seconds(),
		at(l.latencies, 0.5), at(l.latencies, 0.99), l.events.Load(), l.relists.Load())
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		l.t.Logf("%-6s half within %s, 99 of 100 within %s", method, at(l.perRequest[method], 0.5), at(l.perRequest[method], 0.99))
	}
}
