package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/klog/v2"
)

// kills is how often TestNothingAcknowledgedIsLost kills the process.
var kills = flag.Int("kills", 50, "how often to kill a served cluster")

// asProgram makes the test binary be stsim, with the arguments that follow.
const asProgram = "STSIM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// killed is a served cluster that is killed again and again, and what its clients have been told.
type killed struct {
	t       *testing.T
	folder  string
	process *exec.Cmd
	said    *bytes.Buffer
	problem error // why it did not answer when it was asked last
	server  string
	client  *http.Client
	config  *rest.Config
	token   string

	mu       sync.Mutex
	told     map[string]string // resource version -> the object that has it, as JSON
	newest   uint64            // resource version that anybody was told of
	have     map[string]string // acknowledged ConfigMaps, by name: uid and resource version
	gone     map[string]bool   // acknowledged deletions
	lines    []string          // acknowledged lines of a file
	requests int
}

// start serves the cluster, and waits until it answers.
func (k *killed) start(patience time.Duration) bool {
	k.t.Helper()
	k.process = exec.Command(os.Args[0], "serve", "--state", filepath.Join(k.folder, "cluster.stsim"), "--kubeconfig", filepath.Join(k.folder, "config"),
		"-f", filepath.Join(k.folder, "web.yaml"), "--pace", "100x")
	k.process.Env = append(os.Environ(), asProgram+"=1")
	k.said = &bytes.Buffer{}
	k.process.Stderr, k.process.Stdout = k.said, k.said
	if err := k.process.Start(); err != nil {
		k.t.Fatal(err)
	}
	process := k.process.Process
	k.t.Cleanup(func() { _ = process.Kill() }) // when the test has failed; else it was
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if k.connect() && k.answers() {
			return true
		}
	}
	return false
}

// connect reads the kubeconfig, whose content must never change.
func (k *killed) connect() bool {
	content, err := os.ReadFile(filepath.Join(k.folder, "config"))
	if err != nil {
		return false
	}
	server, token, authority, err := readKubeconfig(content)
	if err != nil {
		k.t.Fatal(err)
	}
	if k.token != "" && (token != k.token || server != k.server) {
		k.t.Fatalf("the kubeconfig is another one: %s, before %s", server, k.server)
	}
	if k.client == nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(authority)
		k.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
		k.config = &rest.Config{Host: server, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{CAData: authority}}
	}
	k.server, k.token = server, token
	return true
}

func (k *killed) answers() bool {
	response, err := k.client.Get(k.server + "/livez")
	if k.problem = err; err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// kill ends the process at once. Its clients' connections break.
func (k *killed) kill() {
	_ = k.process.Process.Kill()
	_ = k.process.Wait() // it was killed
	k.client.CloseIdleConnections()
}

// ask makes one request; an error means that nobody knows whether it was done.
func (k *killed) ask(ctx context.Context, method, path, contentType, body string) (code int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, method, k.server+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+k.token)
	request.Header.Set("Content-Type", contentType)
	response, err := k.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

// metadata is what every object has.
type metadata struct {
	Metadata struct {
		Name, Namespace, UID, ResourceVersion string
	}
}

// learn notes what a client was told. A resource version belongs to one object in one state, for ever.
func (k *killed) learn(object []byte) (m metadata) {
	if err := json.Unmarshal(object, &m); err != nil {
		k.t.Errorf("%v in %s", err, object)
		return m
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, object) // it was read
	version := m.Metadata.ResourceVersion
	k.mu.Lock()
	defer k.mu.Unlock()
	if before, known := k.told[version]; known && before != compact.String() {
		k.t.Errorf("resource version %s was told twice:\n%s\n%s", version, before, compact.String())
	}
	k.told[version] = compact.String()
	k.see(version)
	return m
}

// see notes that a resource version was told. The lock is held.
func (k *killed) see(version string) {
	if number, err := strconv.ParseUint(version, 10, 64); err == nil {
		k.newest = max(k.newest, number)
	}
}

const configMaps = "/api/v1/namespaces/default/configmaps"

// write makes, changes and deletes ConfigMaps until the context ends. Each writer has names of its own.
func (k *killed) write(ctx context.Context, writer, round int) {
	for i := 0; ctx.Err() == nil; i++ {
		name := fmt.Sprintf("w%d-r%d-%d", writer, round, i)
		code, answer, err := k.ask(ctx, http.MethodPost, configMaps, "application/json", fmt.Sprintf(`{"metadata":{"name":%q},"data":{"i":"%d"}}`, name, i))
		if !k.acknowledged(name, code, http.StatusCreated, answer, err) {
			return
		}
		if i%3 == 0 {
			code, answer, err = k.ask(ctx, http.MethodPatch, configMaps+"/"+name, "application/merge-patch+json", `{"data":{"more":"x"}}`)
			if !k.acknowledged(name, code, http.StatusOK, answer, err) {
				return
			}
		}
		if i%5 == 0 {
			k.mu.Lock()
			delete(k.have, name) // from here on nobody knows
			k.mu.Unlock()
			if code, _, err = k.ask(ctx, http.MethodDelete, configMaps+"/"+name, "", ""); err == nil && code == http.StatusOK {
				k.mu.Lock()
				k.gone[name] = true
				k.mu.Unlock()
			}
		}
		if i%4 == 0 {
			_, _, _ = k.ask(ctx, http.MethodPatch, "/apis/apps/v1/namespaces/default/statefulsets/web", "application/merge-patch+json", fmt.Sprintf(`{"spec":{"replicas":%d}}`, 1+i%3))
		}
	}
}

// acknowledged notes what was answered. While it is asked, what there is of the object is unknown.
func (k *killed) acknowledged(name string, code, want int, answer []byte, err error) bool {
	if err != nil {
		k.mu.Lock()
		delete(k.have, name)
		k.mu.Unlock()
		return false
	}
	if code != want {
		k.t.Errorf("%s: %d %s", name, code, answer)
		return false
	}
	m := k.learn(answer)
	k.mu.Lock()
	k.have[name] = m.Metadata.UID + " " + m.Metadata.ResourceVersion
	k.requests++
	k.mu.Unlock()
	return true
}

// watch notes everything that a watch of a resource tells.
func (k *killed) watch(ctx context.Context, path string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.server+path+"?watch=1", nil)
	if err != nil {
		return
	}
	request.Header.Set("Authorization", "Bearer "+k.token)
	response, err := k.client.Do(request)
	if err != nil {
		return
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewReader(response.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return // what is left of a line was not told
		}
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := json.Unmarshal(line, &event); err != nil {
			k.t.Errorf("%v in %s", err, line)
			return
		}
		if event.Type == "ADDED" || event.Type == "MODIFIED" {
			k.learn(event.Object)
		}
	}
}

// run runs a command in web-0; its output is worth something only when there is no error.
func (k *killed) run(ctx context.Context, command string) (string, error) {
	at, err := url.Parse(k.server + "/api/v1/namespaces/default/pods/web-0/exec")
	if err != nil {
		return "", err
	}
	at.RawQuery = url.Values{"command": {"sh", "-c", command}, "stdout": {"1"}, "stderr": {"1"}}.Encode()
	executor, err := remotecommand.NewWebSocketExecutor(k.config, http.MethodGet, at.String())
	if err != nil {
		return "", err
	}
	var out, complaints bytes.Buffer // each is written by a goroutine of its own
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &complaints})
	return out.String() + complaints.String(), err
}

const webPage = "/usr/share/nginx/html/index.html"

// scribble writes lines into a file on a volume until the context ends.
func (k *killed) scribble(ctx context.Context, round int) {
	for i := 0; ctx.Err() == nil; i++ {
		line := fmt.Sprintf("round %d line %d", round, i)
		// A connection that breaks looks like a success to the client: only what the command says counts.
		if out, err := k.run(ctx, "echo "+line+" >> "+webPage+" && echo written"); err != nil || out != "written\n" {
			return
		}
		k.mu.Lock()
		k.lines = append(k.lines, line)
		k.mu.Unlock()
	}
}

// check compares what there is with what anybody was told.
func (k *killed) check() {
	ctx, cancel := context.WithTimeout(k.t.Context(), 20*time.Second)
	defer cancel()
	for _, path := range []string{configMaps, "/api/v1/pods", "/api/v1/persistentvolumeclaims", "/apis/apps/v1/statefulsets"} {
		_, answer, err := k.ask(ctx, http.MethodGet, path, "", "")
		if err != nil {
			k.t.Fatalf("%v\n%s", err, k.said)
		}
		var list struct {
			metadata
			Items []json.RawMessage
		}
		if err := json.Unmarshal(answer, &list); err != nil {
			k.t.Fatalf("%v in %s", err, answer)
		}
		if number, _ := strconv.ParseUint(list.Metadata.ResourceVersion, 10, 64); number < k.newest {
			k.t.Fatalf("the newest resource version is %d, and clients have been told of %d", number, k.newest)
		}
		found := map[string]string{}
		for _, item := range list.Items {
			m := k.learnItem(path, item)
			found[m.Metadata.Name] = m.Metadata.UID + " " + m.Metadata.ResourceVersion
		}
		if path != configMaps {
			continue
		}
		for name, want := range k.have {
			if found[name] != want {
				k.t.Errorf("ConfigMap %s: acknowledged %s, found %s", name, want, found[name])
			}
		}
		for name := range k.gone {
			if found[name] != "" {
				k.t.Errorf("ConfigMap %s is there again", name)
			}
		}
	}
}

// learnItem is learn for what a list holds, which lacks the kind that an object by itself has.
func (k *killed) learnItem(path string, item []byte) metadata {
	kind := map[string]string{configMaps: `"kind":"ConfigMap","apiVersion":"v1",`, "/api/v1/pods": `"kind":"Pod","apiVersion":"v1",`,
		"/api/v1/persistentvolumeclaims": `"kind":"PersistentVolumeClaim","apiVersion":"v1",`, "/apis/apps/v1/statefulsets": `"kind":"StatefulSet","apiVersion":"apps/v1",`}[path]
	if !bytes.HasPrefix(item, []byte(`{"kind"`)) {
		item = append([]byte("{"+kind), item[1:]...)
	}
	return k.learn(item)
}

// checkFile compares the file with the acknowledged lines. It says whether it could be read.
func (k *killed) checkFile() bool {
	ctx, cancel := context.WithTimeout(k.t.Context(), 5*time.Second)
	defer cancel()
	content, err := k.run(ctx, "cat "+webPage+"; echo end")
	if err != nil || !strings.HasSuffix(content, "end\n") {
		return false // the Pod is not there just now
	}
	for _, line := range k.lines {
		if !strings.Contains(content, line+"\n") {
			k.t.Fatalf("%q was written, and is not in the file:\n%s", line, content)
		}
	}
	return true
}

// A served cluster is killed under load, again and again, at any instant. Whatever anybody was told is there when it comes back: objects with their
// uids and resource versions, deletions, lines in files; no resource version ever means anything else.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	if raceDetector {
		t.Skip("client-go leaves goroutines behind when its server dies, and they go on writing; what is tested is another process")
	}
	k := &killed{t: t, folder: t.TempDir(), told: map[string]string{}, have: map[string]string{}, gone: map[string]bool{}}
	if err := os.WriteFile(filepath.Join(k.folder, "web.yaml"), []byte(killedSet), 0o600); err != nil {
		t.Fatal(err)
	}
	klog.SetLogger(klog.Logger{}) // the client tells of every connection that breaks
	t.Cleanup(klog.ClearLogger)
	begun := time.Now()
	random := rand.New(rand.NewPCG(1, 2))
	files := 0
	for round := range *kills {
		if round%7 == 3 { // while it comes back, or just after
			if k.start(time.Duration(random.IntN(300)) * time.Millisecond) {
				time.Sleep(time.Duration(random.IntN(10)) * time.Millisecond)
			}
			k.kill()
			continue
		}
		if !k.start(time.Minute) {
			t.Fatalf("round %d: it does not come back (%v):\n%s", round, k.problem, k.said)
		}
		k.check()
		if round%4 == 1 && k.checkFile() {
			files++
		}
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for writer := range 3 {
			clients.Go(func() { k.write(ctx, writer, round) })
		}
		clients.Go(func() { k.watch(ctx, "/api/v1/pods") })
		clients.Go(func() { k.watch(ctx, configMaps) })
		clients.Go(func() { k.scribble(ctx, round) })
		time.Sleep(time.Duration(20+random.IntN(120)) * time.Millisecond)
		k.kill()
		cancel()
		clients.Wait()
	}
	if !k.start(time.Minute) {
		t.Fatalf("it does not come back:\n%s", k.said)
	}
	k.check()
	for deadline := time.Now().Add(20 * time.Second); !k.checkFile(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file cannot be read")
		}
	}
	if err := k.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := k.process.Wait(); errors.As(err, &exit) {
		t.Errorf("%v: %s", err, k.said)
	}
	if len(k.lines) == 0 || k.requests < *kills {
		t.Errorf("too little was done: %d lines, %d requests", len(k.lines), k.requests)
	}
	info, err := os.Stat(filepath.Join(k.folder, "cluster.stsim"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills in %s: %d requests, %d lines in a file, %d resource versions told, %d bytes of journal, %d looks at the file between", *kills, time.Since(begun).Round(time.Millisecond), k.requests, len(k.lines), len(k.told), info.Size(), files)
}

const killedSet = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - {name: nginx, image: nginx, ports: [{containerPort: 80}], volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`
