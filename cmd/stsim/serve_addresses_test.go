package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/loopback"
)

// served9000 is a set whose Pods listen on a port that nobody has to be asked for.
const served9000 = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 9000}]}
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, ports: [{port: 9000}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 2
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: registry.k8s.io/e2e-test-images/agnhost:2.55, args: [netexec, --http-port=9000]}]
`

// What the DNS of a served cluster answers can be connected to.
func TestServedNamesLeadToServers(t *testing.T) {
	claimed, err := loopback.Claim()
	if errors.Is(err, loopback.ErrNoAddresses) {
		t.Skip(err)
	}
	if err == nil {
		claimed.Close()
	}
	manifest := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(manifest, []byte(served9000), 0o600); err != nil {
		t.Fatal(err)
	}
	dns := freePort(t)
	_, _, _, stop := startServe(t, filepath.Join(t.TempDir(), "config"), "--pace", "100x", "-f", manifest, "--dns-addr", dns)
	defer stop()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, dns)
	}}
	client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: resolver}).DialContext}, Timeout: time.Second}
	ask := func(name string) string {
		t.Helper()
		var last error
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			response, err := client.Get("http://" + name + ".default.svc.cluster.local.:9000/hostname") //nolint:noctx // it has a timeout
			if last = err; err != nil {
				continue
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			return string(body)
		}
		t.Fatalf("%s does not answer: %v", name, last)
		return ""
	}
	for _, pod := range []string{"web-1", "web-0"} {
		if answer := ask(pod + ".web"); answer != pod {
			t.Errorf("%s.web answers %q", pod, answer)
		}
	}
	if answer := ask("front"); !strings.HasPrefix(answer, "web-") {
		t.Errorf("front answers %q", answer)
	}
}

// freePort is a loopback address that is free at this moment.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it only listens
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestAddressesOfServedClusters(t *testing.T) {
	var first addressSetup
	if err := first.choose(); err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if first.claimed == nil {
		t.Skip("this system has one loopback address")
	}
	second := addressSetup{pods: "10.1.0.0/16"}
	if err := second.choose(); err != nil {
		t.Fatal(err)
	}
	defer second.close()
	if second.pods != "10.1.0.0/16" || second.services == first.services || !netip.MustParsePrefix(second.services).Addr().IsLoopback() {
		t.Errorf("%+v and %+v", first, second)
	}
	for _, wrong := range []addressSetup{{pods: "127.0.0.0/8"}, {services: "nonsense"}, {services: "127.0.0.0/24"}} {
		if err := wrong.choose(); err == nil || !strings.Contains(err.Error(), "hint: ") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
