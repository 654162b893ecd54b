package served

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a running "stsim serve".
type Cluster struct {
	Kubeconfig string // of it, a file that only this user may read
	binary     string
	folder     string
}

// ready is how long a cluster may take until it can be used, on a busy machine.
const ready = 30 * time.Second

// Start serves a cluster until the test ends. Args are those of "stsim serve".
func Start(t testing.TB, args ...string) *Cluster {
	t.Helper()
	folder := t.TempDir()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cluster := &Cluster{Kubeconfig: filepath.Join(folder, "kubeconfig"), binary: binary, folder: folder}
	var said lines
	command := exec.Command(binary, append([]string{"serve", "--kubeconfig", cluster.Kubeconfig}, args...)...)
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("stsim serve: %v\n%s", err, said.String())
			}
		case <-time.After(ready):
			_ = command.Process.Kill()
			t.Errorf("stsim serve did not end within %s of SIGTERM\n%s", ready, said.String())
		}
	})
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		// The kubeconfig is written before the addresses are told.
		if strings.Contains(said.String(), "export KUBECONFIG=") {
			return cluster
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("stsim serve ended: %v\n%s", err, said.String())
		default:
		}
		if time.Since(begun) > ready {
			t.Fatalf("stsim serve was not ready within %s\n%s", ready, said.String())
		}
	}
}

// Config leads client-go to the cluster. Its requests are not throttled.
func (c *Cluster) Config(t testing.TB) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return config
}

// Kubectl is the path of a program named kubectl, which is the embedded one with this cluster's kubeconfig.
func (c *Cluster) Kubectl(t testing.TB) string {
	t.Helper()
	path := filepath.Join(c.folder, "kubectl")
	script := fmt.Sprintf("#!/bin/sh\nKUBECONFIG=%q exec %q kubectl \"$@\"\n", c.Kubeconfig, c.binary)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// Run runs a command line of the embedded kubectl and gives what it printed, to both ends.
func (c *Cluster) Run(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, c.binary, append([]string{"kubectl"}, args...)...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	out, err := command.CombinedOutput()
	return string(out), err
}

// Main is what TestMain of a package that serves clusters does: it runs the tests, and removes what was built for them.
func Main(m *testing.M) int {
	defer func() {
		if built != "" {
			_ = os.RemoveAll(built)
		}
	}()
	return m.Run()
}

// built is the folder that build made; empty when nothing was built.
var built string

// build builds the stsim of this checkout once and gives its path, unless the environment's STSIM names one.
var build = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("STSIM"); given != "" {
		return filepath.Abs(given)
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/stsim/stsim").Output()
	if err != nil {
		return "", fmt.Errorf("where the module stsim is: %w", err)
	}
	if built, err = os.MkdirTemp("", "stsim-built-"); err != nil {
		return "", err
	}
	binary := filepath.Join(built, "stsim")
	command := exec.Command("go", "build", "-o", binary, "./cmd/stsim")
	command.Dir = strings.TrimSpace(string(root))
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/stsim: %w\n%s", err, out)
	}
	return binary, nil
})

// lines is what a process has said so far.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements [io.Writer].
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}
