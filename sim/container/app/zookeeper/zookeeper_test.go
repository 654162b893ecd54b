package zookeeper_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// manifest is an ensemble as in the official tutorial, for as many servers as it is told.
func manifest(replicas, servers int) []byte {
	return fmt.Appendf(nil, `
apiVersion: v1
kind: Service
metadata: {name: zk-hs}
spec: {clusterIP: None, selector: {app: zk}, ports: [{name: server, port: 2888}, {name: election, port: 3888}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: zk}
spec:
  serviceName: zk-hs
  replicas: %d
  selector: {matchLabels: {app: zk}}
  template:
    metadata: {labels: {app: zk}}
    spec:
      securityContext: {runAsUser: 1000, fsGroup: 1000}
      containers:
      - name: zk
        image: registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10
        command: [sh, -c, "start-zookeeper --servers=%d --data_log_dir=/var/lib/zookeeper/data/log"]
        readinessProbe: {exec: {command: [sh, -c, "zookeeper-ready 2181"]}, initialDelaySeconds: 5}
        volumeMounts: [{name: datadir, mountPath: /var/lib/zookeeper}]
  volumeClaimTemplates:
  - metadata: {name: datadir}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`, replicas, servers)
}

// ensemble is a cluster in which that runs.
func ensemble(t *testing.T, replicas, servers int) *sim.Cluster {
	t.Helper()
	c := sim.New(sim.Options{Nodes: 4, Seed: 1})
	if err := c.Apply(manifest(replicas, servers)); err != nil {
		t.Fatal(err)
	}
	if err := c.RunUntil(sim.Ready("StatefulSet", "default", "zk")); err != nil {
		t.Fatalf("%v\n%s", err, logs(c, "zk-0"))
	}
	return c
}

func logs(c *sim.Cluster, pod string) string {
	lines, _, _, err := container.Logs(c.View(), api.Name{Namespace: "default", Name: pod}, "", false, 0)
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintln(&b, line)
	}
	return fmt.Sprint(b.String(), err)
}

// run runs a command in a Pod and gives what it prints.
func run(t *testing.T, c *sim.Cluster, pod, command string) string {
	t.Helper()
	process, err := c.Exec(api.Name{Namespace: "default", Name: pod}, "", []string{"sh", "-c", command}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	chunks, _, _, _ := container.Output(c.View(), process, 0)
	for _, chunk := range chunks {
		b.WriteString(chunk.Data)
	}
	return b.String()
}

func expect(t *testing.T, c *sim.Cluster, pod, command, want string) {
	t.Helper()
	if got := run(t, c, pod, command); !strings.Contains(got, want) {
		t.Errorf("%s: %s: expected %q, found %q", pod, command, want, got)
	}
}

func pass(t *testing.T, c *sim.Cluster, d time.Duration) {
	t.Helper()
	c.RunFor(d)
}

// TestEnsemble: three servers elect, write, and count as upstream does.
func TestEnsemble(t *testing.T) {
	c := ensemble(t, 3, 3)
	expect(t, c, "zk-1", "zkServer.sh status", "Mode: leader") // the second of three made the majority, and has the higher id
	expect(t, c, "zk-0", "zkCli.sh create /hello world", "WatchedEvent state:SyncConnected type:None path:null\nCreated /hello\n")
	expect(t, c, "zk-2", "zkCli.sh get /hello", "world\ncZxid = 0x100000002\n")
}

func befall(t *testing.T, c *sim.Cluster, fault string) {
	t.Helper()
	parsed, err := sim.ParseFault(fault)
	if err == nil {
		err = c.Befall(parsed)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func nodeOf(t *testing.T, c *sim.Cluster, pod string) string {
	t.Helper()
	object, found := store.Get[*corev1.Pod](c.View(), "default", pod)
	if !found {
		t.Fatalf("no Pod %s", pod)
	}
	return object.Spec.NodeName
}

// TestLoss: what a loss of members means, by how many there are left.
func TestLoss(t *testing.T) {
	c := ensemble(t, 3, 3)
	run(t, c, "zk-0", "zkCli.sh create /hello world")
	middle := c.Fork()

	befall(t, c, "node-cut "+nodeOf(t, c, "zk-1")) // the leader's
	pass(t, c, 5*time.Second)
	expect(t, c, "zk-0", "zkCli.sh get /hello", "ConnectionLoss") // silence: nobody knows yet, nobody may write; reads of what is known go on below
	pass(t, c, 10*time.Second)
	expect(t, c, "zk-2", "zkServer.sh status", "Mode: leader")
	expect(t, c, "zk-0", "zkCli.sh create /second era", "Created /second")
	expect(t, c, "zk-2", "zkCli.sh get /second", "cZxid = 0x200000002")
	expect(t, c, "zk-2", "zkCli.sh get /hello", "cZxid = 0x100000002")
	befall(t, c, "node-cut "+nodeOf(t, c, "zk-2"))
	pass(t, c, 15*time.Second)
	expect(t, c, "zk-0", "echo ruok | nc localhost 2181", "imok")
	expect(t, c, "zk-0", "echo srvr | nc localhost 2181", "This ZooKeeper instance is not currently serving requests")
	expect(t, c, "zk-0", "zkCli.sh create /third x", "KeeperErrorCode = ConnectionLoss for /third")
	befall(t, c, "heal")
	pass(t, c, 30*time.Second)
	expect(t, c, "zk-1", "zkCli.sh get /second", "era")

	// A fork goes on by itself, also from the middle of an election.
	befall(t, middle, "crash zk-1")
	pass(t, middle, time.Second)
	again := middle.Fork()
	for _, world := range []*sim.Cluster{middle, again} {
		pass(t, world, 20*time.Second)
		expect(t, world, "zk-0", "zkCli.sh get /hello", "cZxid = 0x100000002")
		expect(t, world, "zk-1", "echo mntr | nc localhost 2181", "zk_server_state\tfollower")
	}
}

// TestForgottenVolume: a server whose volume is lost gets everything from the others, its id included.
func TestForgottenVolume(t *testing.T) {
	c := ensemble(t, 3, 3)
	run(t, c, "zk-0", "zkCli.sh create /hello world")
	run(t, c, "zk-2", "rm -rf /var/lib/zookeeper/data; pkill java")
	pass(t, c, 30*time.Second)
	expect(t, c, "zk-2", "cat /var/lib/zookeeper/data/myid", "3\n")
	expect(t, c, "zk-2", "zkCli.sh get /hello", "world")
	befall(t, c, "volume-full datadir-zk-0")
	expect(t, c, "zk-0", "zkCli.sh create /full x", "ConnectionLoss")
	pass(t, c, time.Second)
	if text := logs(c, "zk-0"); !strings.Contains(text, "Severe unrecoverable error") {
		t.Errorf("expected the server with the full volume to have ended, found %s", text)
	}
}

// TestScaleWithoutConfiguration: a Pod more is no server more.
func TestScaleWithoutConfiguration(t *testing.T) {
	c := ensemble(t, 3, 3)
	if err := c.Apply(manifest(4, 3)); err != nil {
		t.Fatal(err)
	}
	pass(t, c, time.Minute)
	if text := logs(c, "zk-3"); !strings.Contains(text, "my id 4 not in the peer list") {
		t.Errorf("expected zk-3 to say that nobody knows it, found %s", text)
	}
}

// TestSessions: ephemeral nodes end with their session, and watches tell once.
func TestSessions(t *testing.T) {
	c := ensemble(t, 3, 3)
	expect(t, c, "zk-0", `printf 'create -e /lock me\nls /\ncreate -s /n x\ncreate /lock/below x\nget /nothing\nget x\nquit\n' | zkCli.sh`, "[zk: localhost:2181(CONNECTED) 1] [lock, zookeeper]\n")
	expect(t, c, "zk-1", "zkCli.sh ls /", "[n0000000000, zookeeper]\n")
	expect(t, c, "zk-1", "zkCli.sh set /n0000000000 y 7", "version No is not valid : /n0000000000")
	expect(t, c, "zk-1", "zkCli.sh set /n0000000000 y 0", "dataVersion = 1\n")
	expect(t, c, "zk-1", "zkCli.sh create /n0000000000 z", "Node already exists: /n0000000000")
	process, err := c.Exec(api.Name{Namespace: "default", Name: "zk-2"}, "", []string{"zkCli.sh"}, true, true)
	if err != nil {
		t.Fatal(err)
	}
	c.Input(process, []byte("create -e /lock me\nget /n0000000000 true\n"), false)
	expect(t, c, "zk-0", "zkCli.sh set /n0000000000 news", "dataVersion = 2")
	pass(t, c, 2*time.Second)
	screen := ""
	chunks, _, _, _ := container.Output(c.View(), process, 0)
	for _, chunk := range chunks {
		screen += chunk.Data
	}
	if !strings.Contains(screen, "WatchedEvent state:SyncConnected type:NodeDataChanged path:/n0000000000\n[zk: localhost:2181(CONNECTED) 2] ") {
		t.Errorf("expected the watch to have told, found %s", screen)
	}
	pass(t, c, time.Minute)
	expect(t, c, "zk-1", "zkCli.sh ls /", "[lock, n0000000000, zookeeper]")
	run(t, c, "zk-2", "pkill zkCli.sh")
	pass(t, c, 45*time.Second)
	expect(t, c, "zk-1", "zkCli.sh ls /", "[n0000000000, zookeeper]")
}
