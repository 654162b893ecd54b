package mongo_test

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

// manifest is a replica set as in the second part of the series. A name is in DNS before its Pod is ready, or not.
func manifest(replicas int, early bool) []byte {
	return fmt.Appendf(nil, `
apiVersion: v1
kind: Secret
metadata: {name: key}
stringData: {keyfile: "c2VjcmV0IG9mIHRoZSBzZXQ="}
---
apiVersion: v1
kind: Service
metadata: {name: mongodb-hs}
spec: {clusterIP: None, publishNotReadyAddresses: %v, selector: {app: mongo}, ports: [{name: mongo, port: 27017}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: mongod-ss}
spec:
  serviceName: mongodb-hs
  replicas: %d
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: mongo}}
  template:
    metadata: {labels: {app: mongo}}
    spec:
      volumes: [{name: key, secret: {secretName: key, defaultMode: 256}}]
      containers:
      - name: mongo
        image: mongo:3.4
        command: [numactl, --interleave=all, mongod, --bind_ip, 0.0.0.0, --replSet, MainRepSet, --auth, --keyFile, /etc/key/keyfile]
        readinessProbe: {exec: {command: [sh, -c, "mongo --quiet --eval 'db.isMaster().ismaster || db.isMaster().secondary' | grep -q true || %v"]}}
        volumeMounts: [{name: key, mountPath: /etc/key}, {name: data, mountPath: /data/db}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`, early, replicas, early)
}

const host = ".mongodb-hs.default.svc.cluster.local:27017"

const initiate = `mongo --quiet --eval 'rs.initiate({_id: "MainRepSet", version: 1, members: [{_id: 0, host: "mongod-ss-0` + host + `"}, {_id: 1, host: "mongod-ss-1` + host + `"}, {_id: 2, host: "mongod-ss-2` + host + `"}]})'`

const login = `mongo --quiet -u root -p pw --eval `

func start(t *testing.T, replicas int, early bool) *sim.Cluster {
	t.Helper()
	c := sim.New(sim.Options{Nodes: 4, Seed: 1})
	if err := c.Apply(manifest(replicas, early)); err != nil {
		t.Fatal(err)
	}
	c.RunFor(40 * time.Second)
	return c
}

func replicaSet(t *testing.T) *sim.Cluster {
	t.Helper()
	c := start(t, 3, true)
	expect(t, c, "mongod-ss-0", initiate, "{ \"ok\" : 1 }")
	expect(t, c, "mongod-ss-0", `mongo --quiet --eval 'while (rs.status().hasOwnProperty("myState") && rs.status().myState != 1) { print("."); sleep(1000); }'`, "")
	expect(t, c, "mongod-ss-0", `mongo --quiet --eval 'db.getSiblingDB("admin").createUser({user: "root", pwd: "pw", roles: [{role: "root", db: "admin"}]})'`, "Successfully added user: {\n\t\"user\" : \"root\",")
	return c
}

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

// TestReplicaSet follows the tutorial: initiate, a user, documents here and there.
func TestReplicaSet(t *testing.T) {
	c := replicaSet(t)
	expect(t, c, "mongod-ss-0", "mongo --quiet --eval 'rs.status()'", "not authorized on admin to execute command")
	expect(t, c, "mongod-ss-0", `printf 'use admin\ndb.auth("root", "pw")\nuse test\ndb.testcoll.insert({a:1})\ndb.testcoll.insert({b:2})\ndb.testcoll.find()\ndb.testcoll.find({a: {$gt: 0}}).count()\nshow collections\n' | mongo`,
		"switched to db test\nWriteResult({ \"nInserted\" : 1 })\nWriteResult({ \"nInserted\" : 1 })\n{ \"_id\" : ObjectId(\"")
	expect(t, c, "mongod-ss-1", login+"'db.testcoll.find()'", "not master and slaveOk=false")
	expect(t, c, "mongod-ss-1", login+"'rs.slaveOk(); db.testcoll.find()'", "\"b\" : 2 }")
	expect(t, c, "mongod-ss-1", login+"'db.testcoll.insert({c: 3})'", "WriteCommandError(")
	expect(t, c, "mongod-ss-2", login+"'rs.status().members[0].stateStr'", "PRIMARY")
	expect(t, c, "mongod-ss-0", login+"'db.testcoll.aggregate([])'", "is not a function; stsim knows of collections insert, ")
	expect(t, c, "mongod-ss-0", `mongo --quiet -u root -p wrong --eval 1`, "Authentication failed.")
}

// TestRollback: what a primary that is cut off acknowledges is gone when it is back; what a majority has is not. A fork in the middle of the election goes the same way.
func TestRollback(t *testing.T) {
	c := replicaSet(t)
	expect(t, c, "mongod-ss-0", login+"'db.c.insert({_id: 1}, {writeConcern: {w: \"majority\"}})'", "nInserted")
	process, err := c.Exec(api.Name{Namespace: "default", Name: "mongod-ss-0"}, "", []string{"sh", "-c", "sleep 2; " + login + "'db.c.insert({_id: 2})'; " + login + "'db.c.insert({_id: 3}, {writeConcern: {w: \"majority\"}})'"}, false, false)
	if err != nil {
		t.Fatal(err)
	}
	befall(t, c, "node-cut "+nodeOf(t, c, "mongod-ss-0"))
	c.RunFor(9 * time.Second)
	output := ""
	chunks, _, _, _ := container.Output(c.View(), process, 0)
	for _, chunk := range chunks {
		output += chunk.Data
	}
	if !strings.Contains(output, "nInserted\" : 1 })") || !strings.Contains(output, "waiting for replication timed out") {
		t.Errorf("expected one write to be acknowledged by the primary alone, and one not, found %q", output)
	}
	for _, world := range []*sim.Cluster{c, c.Fork()} {
		world.RunFor(15 * time.Second)
		expect(t, world, "mongod-ss-1", login+"'db.c.insert({_id: 4})'", "nInserted")
		befall(t, world, "heal")
		world.RunFor(30 * time.Second)
		expect(t, world, "mongod-ss-0", login+"'rs.slaveOk(); db.c.find()'", "{ \"_id\" : 1 }\n{ \"_id\" : 4 }\n")
		expect(t, world, "mongod-ss-0", login+"'rs.status().myState'", "2")
	}
}

// TestMembersComeAndGo: rs.add and rs.remove, and a majority that is lost by scaling down without the latter.
func TestMembersComeAndGo(t *testing.T) {
	c := replicaSet(t)
	if err := c.Apply(manifest(4, true)); err != nil {
		t.Fatal(err)
	}
	c.RunFor(30 * time.Second)
	expect(t, c, "mongod-ss-0", login+"'rs.add(\"mongod-ss-3"+host+"\")'", "{ \"ok\" : 1 }")
	c.RunFor(5 * time.Second)
	expect(t, c, "mongod-ss-3", login+"'rs.status().myState'", "2")
	if err := c.Apply(manifest(2, true)); err != nil {
		t.Fatal(err)
	}
	c.RunFor(60 * time.Second)
	expect(t, c, "mongod-ss-0", login+"'db.c.insert({})'", "not master") // two of four are no majority
	expect(t, c, "mongod-ss-0", login+"'rs.status().members[3].stateStr'", "(not reachable/healthy)")
	if err := c.Apply(manifest(4, true)); err != nil {
		t.Fatal(err)
	}
	c.RunFor(60 * time.Second)
	expect(t, c, "mongod-ss-0", login+"'rs.remove(\"mongod-ss-3"+host+"\")'", "{ \"ok\" : 1 }")
	c.RunFor(30 * time.Second)
	expect(t, c, "mongod-ss-3", login+"'rs.status().myState'", "10")
}

// TestNamesBeforeReady: without publishNotReadyAddresses, Pods whose probe asks for a replica set never get one.
func TestNamesBeforeReady(t *testing.T) {
	c := start(t, 3, false)
	expect(t, c, "mongod-ss-0", initiate, "replSetInitiate quorum check failed because not all proposed set members responded affirmatively")
	expect(t, c, "mongod-ss-0", "mongo --quiet --eval 'rs.initiate({_id: \"Other\", members: [{_id: 0, host: \"x\"}]})'", "but command line reports MainRepSet")
}
