package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// startServe serves a cluster until the test ends, and gives a client that trusts it, its address and its token.
func startServe(t *testing.T, kubeconfig string, args ...string) (client *http.Client, server, token string, stop func() int) {
	t.Helper()
	client, server, token, _, stop = startServeAt(t, kubeconfig, append([]string{"--kubeconfig", kubeconfig}, args...)...)
	return client, server, token, stop
}

// startServeAt is startServe that looks for a kubeconfig by a pattern.
func startServeAt(t *testing.T, pattern string, args ...string) (client *http.Client, server, token, kubeconfig string, stop func() int) {
	t.Helper()
	before, _ := filepath.Glob(pattern) // the pattern is the test's
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		var out, problems bytes.Buffer
		code := execute(ctx, append([]string{"serve"}, args...), strings.NewReader(""), &out, &problems)
		if code != 0 {
			t.Errorf("serve: exit status %d: %s", code, problems.String())
		}
		ended <- code
	}()
	stop = func() int { cancel(); return <-ended }
	var config struct {
		Clusters []struct{ Cluster map[string]string }
		Users    []struct{ User map[string]string }
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		found, _ := filepath.Glob(pattern)
		found = slices.DeleteFunc(found, func(path string) bool { return slices.Contains(before, path) })
		if len(found) > 0 {
			kubeconfig = found[0]
			content, err := os.ReadFile(kubeconfig)
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(content, &config); err != nil {
				t.Fatal(err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no kubeconfig was written")
		}
	}
	authority, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster["certificate-authority-data"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("the kubeconfig holds no certificate")
	}
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return client, config.Clusters[0].Cluster["server"], config.Users[0].User["token"], kubeconfig, stop
}

func get(t *testing.T, client *http.Client, url, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

func TestServeLetsInWhoHasTheKubeconfig(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	client, server, token, stop := startServe(t, kubeconfig, "--kubernetes", "1.33")
	if info, err := os.Stat(kubeconfig); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the kubeconfig: %v, %v", info.Mode(), err)
	}
	if status, body := get(t, client, server+"/version", ""); status != http.StatusOK || !strings.Contains(body, `"v1.33.`) {
		t.Errorf("/version: %d %s", status, body)
	}
	if status, _ := get(t, client, server+"/api/v1/nodes", ""); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
	if status, body := get(t, client, server+"/api/v1/nodes", token); status != http.StatusOK || strings.Count(body, `"kubelet is posting ready status"`) != 3 {
		t.Errorf("with the token: %d %s", status, body)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if _, err := os.Stat(kubeconfig); !os.IsNotExist(err) {
		t.Errorf("the kubeconfig is still there: %v", err)
	}
}

func TestServedTimeGoesWithTheWallClock(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "pod.yaml")
	pod := "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: busybox, command: [sleep, infinity]}]}}"
	if err := os.WriteFile(manifest, []byte(pod), 0o600); err != nil {
		t.Fatal(err)
	}
	client, server, token, stop := startServe(t, filepath.Join(t.TempDir(), "config"), "--pace", "max", "-f", manifest)
	defer stop()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, body := get(t, client, server+"/api/v1/namespaces/default/pods/p", token); strings.Contains(body, `"phase":"Running"`) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the Pod does not run")
		}
	}
}

func TestServeStaysOnThisMachine(t *testing.T) {
	for _, args := range [][]string{{"--api-addr", "0.0.0.0:0"}, {"--api-addr", "nonsense"}, {"--dns-addr", "0.0.0.0:0"}, {"--dns-addr", "203.0.113.1:53"}, {"--ttl", "4000"}, {"--zone", "a..b"}, {"--pods", "all"}, {"--dns-cache", "1ms"}, {"--dns-forward=x"},
		{"--pace", "fast"}, {"--pace", "-1x"}, {"--kubernetes", "2.0"}, {"--without", "nosuch"}} {
		var out, problems bytes.Buffer
		code := execute(t.Context(), append([]string{"serve"}, args...), strings.NewReader(""), &out, &problems)
		if code == 0 || !strings.HasPrefix(problems.String(), "error: ") {
			t.Errorf("%v: exit status %d, %q", args, code, problems.String())
		}
	}
}

// The clock of a served cluster can be stopped, moved and asked.
func TestClock(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	client, server, token, stop := startServe(t, kubeconfig)
	defer stop()
	clock := func(args ...string) string {
		t.Helper()
		var out, problems bytes.Buffer
		if code := execute(t.Context(), append([]string{"clock", "--kubeconfig", kubeconfig}, args...), strings.NewReader(""), &out, &problems); code != 0 {
			t.Fatalf("clock %s: exit status %d: %s", args, code, problems.String())
		}
		return out.String()
	}
	paused := clock("pause")
	if !strings.Contains(paused, "1x, paused") {
		t.Errorf("after pause:\n%s", paused)
	}
	if again := clock(); again != paused {
		t.Errorf("a paused clock went on, from\n%sto\n%s", paused, again)
	}
	stateOf := func() (state clockState) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server+clockPath+"?do=show", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	before := stateOf()
	clock("advance", "1h30m")
	after := stateOf()
	if passed := after.Now.Sub(before.Now); passed != 90*time.Minute || !after.Paused {
		t.Errorf("advance 1h30m let %s pass, paused: %v", passed, after.Paused)
	}
	if after.Next != nil {
		clock("step")
		if stepped := stateOf(); stepped.Events != after.Events+1 {
			t.Errorf("step took %d events", stepped.Events-after.Events)
		}
	}
	if shown := clock("pace", "1000x"); !strings.Contains(shown, "1000x, paused") {
		t.Errorf("after pace:\n%s", shown)
	}
	clock("resume")
	began := stateOf().Now
	for deadline := time.Now().Add(20 * time.Second); stateOf().Now.Sub(began) < 10*time.Second; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a resumed clock stands still")
		}
	}
	for _, wrong := range [][]string{{"advance", "-5m"}, {"advance", "soon"}, {"step", "0"}, {"pace", "0x"}, {"pace", "NaNx"}, {"backwards"}} {
		var out, problems bytes.Buffer
		if code := execute(t.Context(), append([]string{"clock"}, wrong...), strings.NewReader(""), &out, &problems); code != exitUsage || !strings.Contains(problems.String(), "hint: ") {
			t.Errorf("clock %s: exit status %d: %s", wrong, code, problems.String())
		}
	}
	if status, _ := get(t, client, server+clockPath, ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
}

// Of several clusters that are served, the commands mean the last one that still is.
func TestServeTwice(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	t.Setenv("KUBECONFIG", "")
	pattern := filepath.Join(state, "stsim", "kubeconfig-*[0-9]")
	last := func() string {
		t.Helper()
		path, err := lastKubeconfig()
		if err != nil {
			return err.Error()
		}
		return path
	}
	_, firstServer, _, first, stopFirst := startServeAt(t, pattern)
	time.Sleep(20 * time.Millisecond) // file times may be coarse
	_, secondServer, _, second, stopSecond := startServeAt(t, pattern)
	if firstServer == secondServer || first == second {
		t.Fatalf("both are at %s, with %s and %s", firstServer, first, second)
	}
	if found := last(); found != second {
		t.Errorf("while both are served: %s, want the second one's", found)
	}
	content, err := os.ReadFile(second)
	if err != nil {
		t.Fatal(err)
	}
	stopSecond()
	if _, err := os.Stat(second); !os.IsNotExist(err) {
		t.Errorf("the second left its kubeconfig behind: %v", err)
	}
	if err := os.WriteFile(second, content, 0o600); err != nil { // as if it had been killed
		t.Fatal(err)
	}
	if found := last(); found != first {
		t.Errorf("when the second is gone: %s, want the first one's", found)
	}
	stopFirst()
	if found := last(); !strings.Contains(found, "no cluster is being served") || !strings.Contains(found, "hint: ") {
		t.Errorf("when both are gone: %s", found)
	}
}
