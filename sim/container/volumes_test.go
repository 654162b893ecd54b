package container

import (
	"fmt"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const claimAndVolume = `
kind: PersistentVolume
metadata: {name: pv-1}
spec: {capacity: {storage: 1Ki}, accessModes: [ReadWriteOnce]}
---
kind: PersistentVolumeClaim
metadata: {name: www-web-0}
spec: {volumeName: pv-1, accessModes: [ReadWriteOnce]}
`

// The content of a PersistentVolume outlives the Pod, and there is room for so much and no more.
func TestPersistentVolume(t *testing.T) {
	b := newBench(t)
	b.put(claimAndVolume)
	const spec = `
containers: [{name: main, image: busybox, command: [sleep, infinity], volumeMounts: [{name: www, mountPath: /data}]}]
volumes: [{name: www, persistentVolumeClaim: {claimName: www-web-0}}]`
	b.pod("one", spec)
	b.start("one", "main")
	b.want("write", b.exec("one", "echo kept > /data/file; seq 1 1000 > /data/big; ls /data"), "seq: write error: No space left on device\nbig\nfile\n")
	b.exec("one", "rm /data/big")
	b.do(func(w *World) { Execute(w, Command{Action: RemoveSandbox, UID: uid("one")}) })
	b.pod("two", spec)
	b.start("two", "main")
	b.want("read", b.exec("two", "cat /data/file"), "kept\n")
}

// A volume of the class for local volumes is a disk of its own, whose directory need not be made by hand.
func TestLocalVolume(t *testing.T) {
	const local = `
kind: PersistentVolume
metadata: {name: pv-1%s}
spec: {capacity: {storage: 1Ki}, accessModes: [ReadWriteOnce], local: {path: /mnt/disk}}
---
kind: PersistentVolumeClaim
metadata: {name: www-web-0}
spec: {volumeName: pv-1, accessModes: [ReadWriteOnce]}
`
	const spec = `
containers: [{name: main, image: busybox, command: [sleep, infinity], volumeMounts: [{name: www, mountPath: /data}]}]
volumes: [{name: www, persistentVolumeClaim: {claimName: www-web-0}}]`
	b := newBench(t)
	b.put(fmt.Sprintf(local, ", annotations: {pv.kubernetes.io/provisioned-by: local.stsim.io}"))
	for _, pod := range []string{"one", "two"} {
		b.pod(pod, spec)
		b.start(pod, "main")
	}
	b.want("write", b.exec("one", "echo kept > /data/file; seq 1 1000 > /data/big; rm /data/big"), "seq: write error: No space left on device\n")
	b.want("read", b.exec("two", "cat /data/file"), "kept\n")

	b = newBench(t)
	b.put(fmt.Sprintf(local, ""))
	b.pod("one", spec)
	b.do(func(w *World) {
		Execute(w, Command{Action: CreateSandbox, UID: uid("one"), Pod: api.Name{Namespace: "default", Name: "one"}, Node: "node-1"})
	})
	b.run(time.Second)
	made, _ := store.GetRow[*Sandbox](b.db.View(), Sandboxes, "uid-one")
	b.want("by hand", made.Failure, `MountVolume.SetUp failed for volume "pv-1" : path "/mnt/disk" does not exist`)
}

// Two Pods that have one volume see each other's changes at once, and so do two mounts of it in one container.
func TestSharedVolume(t *testing.T) {
	b := newBench(t)
	b.put(claimAndVolume)
	for _, pod := range []string{"one", "two"} {
		b.pod(pod, `
containers:
- name: main
  image: busybox
  command: [sleep, infinity]
  volumeMounts: [{name: www, mountPath: /all}, {name: www, mountPath: /part, subPath: part}]
volumes: [{name: www, persistentVolumeClaim: {claimName: www-web-0}}]`)
		b.start(pod, "main")
	}
	b.want("within", b.exec("one", "echo a > /part/file; cat /all/part/file; echo b > /all/part/file; cat /part/file; echo c > /all/other; ls /all"), "a\nb\nother\npart\n")
	b.want("across", b.exec("two", "cat /part/file /all/other"), "b\nc\n")
}

// A program that waits for a file to grow is woken by whoever writes.
func TestTailFollows(t *testing.T) {
	b := newBench(t)
	b.pod("p", `
containers: [{name: main, image: busybox, command: [sh, -c, "touch /log; tail -f /log"]}]`)
	b.start("p", "main")
	b.exec("p", "echo one >> /log")
	b.run(2 * time.Second)
	b.exec("p", "echo two >> /log")
	b.run(2 * time.Second)
	b.want("log", b.logs("p"), "one\ntwo\n")
}

// Volumes whose content the kubelet writes.
func TestProjectedVolumes(t *testing.T) {
	b := newBench(t)
	b.put(`
kind: ConfigMap
metadata: {name: config}
data: {a.conf: "alpha\n", b.conf: "beta\n"}
---
kind: Secret
metadata: {name: key}
data: {password: c2VjcmV0}`)
	b.pod("p", `
serviceAccountName: default
containers:
- name: main
  image: busybox
  command: [sleep, infinity]
  volumeMounts:
  - {name: config, mountPath: /config}
  - {name: items, mountPath: /items}
  - {name: secret, mountPath: /secret}
  - {name: pod, mountPath: /pod}
  - {name: all, mountPath: /all}
  - {name: config, mountPath: /etc/one.conf, subPath: a.conf}
volumes:
- {name: config, configMap: {name: config}}
- {name: items, configMap: {name: config, items: [{key: a.conf, path: dir/renamed, mode: 256}]}}
- {name: secret, secret: {secretName: key, defaultMode: 256}}
- {name: pod, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}, {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu}}]}}
- name: all
  projected:
    sources: [{serviceAccountToken: {path: token}}, {configMap: {name: config}}, {secret: {name: missing, optional: true}}]`)
	b.start("p", "main")
	for _, c := range []struct{ line, want string }{
		{"cat /config/a.conf /config/b.conf", "alpha\nbeta\n"},
		{"ls /config", "a.conf\nb.conf\n"},
		{"readlink /config/a.conf", "..data/a.conf\n"},
		{"cat /items/dir/renamed; stat -L -c %a /items/dir/renamed", "alpha\n400\n"},
		{"cat /secret/password; stat -L -c %a /secret/password", "secret400\n"},
		{"cat /pod/cpu", "4"},
		{"ls /all; cut -d. -f1 /all/token", "a.conf\nb.conf\ntoken\neyJhbGciOiJSUzI1NiIsImtpZCI6InN0c2ltIn0\n"},
		{"cat /etc/one.conf", "alpha\n"},
		{"echo x > /config/a.conf", "sh: can't create /config/a.conf: Read-only file system\nexit 1\n"},
	} {
		b.want(c.line, b.exec("p", c.line), c.want)
	}
	b.put("kind: ConfigMap\nmetadata: {name: config}\ndata: {a.conf: \"new\\n\"}")
	b.run(time.Second)
	b.want("at once", b.exec("p", "cat /config/a.conf"), "alpha\n")
	b.run(2 * time.Minute)
	b.want("later", b.exec("p", "cat /config/a.conf; ls /config"), "new\na.conf\n")
}

// Why a sandbox cannot be made, in the words of FailedMount; and that it can once the reason is gone.
func TestFailedMount(t *testing.T) {
	for _, c := range []struct{ volume, want string }{
		{"configMap: {name: nope}", `MountVolume.SetUp failed for volume "v" : configmap "nope" not found`},
		{"secret: {secretName: nope}", `MountVolume.SetUp failed for volume "v" : secret "nope" not found`},
		{"configMap: {name: here, items: [{key: other, path: x}]}", `MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: other`},
		{"hostPath: {path: /nope, type: Directory}", `MountVolume.SetUp failed for volume "v" : hostPath type check failed: /nope is not a directory`},
		{"nfs: {server: a, path: /}", `MountVolume.SetUp failed for volume "v" : this type of volume is not simulated; hint: use persistentVolumeClaim, emptyDir, configMap, secret, downwardAPI, projected or hostPath`},
		{"configMap: {name: nope, optional: true}", ""},
		{"hostPath: {path: /made, type: DirectoryOrCreate}", ""},
	} {
		b := newBench(t)
		b.put("kind: ConfigMap\nmetadata: {name: here}")
		b.pod("p", "containers: [{name: main, image: busybox}]\nvolumes: [{name: v, "+c.volume+"}]")
		sandbox := func() *Sandbox {
			b.do(func(w *World) {
				Execute(w, Command{Action: CreateSandbox, UID: uid("p"), Pod: api.Name{Namespace: "default", Name: "p"}, Node: "node-1"})
			})
			b.run(time.Second)
			s, _ := store.GetRow[*Sandbox](b.db.View(), Sandboxes, "uid-p")
			return s
		}
		s := sandbox()
		b.want(c.volume, s.Failure, c.want)
		if s.Ready != (c.want == "") {
			t.Errorf("%s: ready %v", c.volume, s.Ready)
		}
		if c.volume == "configMap: {name: nope}" {
			b.put("kind: ConfigMap\nmetadata: {name: nope}")
			if s := sandbox(); !s.Ready {
				t.Errorf("still %q", s.Failure)
			}
		}
	}
}

// Whom a program runs as decides what it may do.
func TestIdentity(t *testing.T) {
	b := newBench(t)
	b.pod("p", `
securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}
containers:
- name: main
  image: busybox
  command: [sleep, infinity]
  securityContext: {readOnlyRootFilesystem: true}
  volumeMounts: [{name: v, mountPath: /data}]
volumes: [{name: v, emptyDir: {}}]`)
	b.start("p", "main")
	b.want("id", b.exec("p", "id -u; id -g"), "1000\n3000\n")
	b.want("volume", b.exec("p", "echo x > /data/f; stat -c %g /data/f"), "2000\n")
	b.wantContains("root", b.exec("p", "echo x > /f"), "Read-only file system")
	b.pod("q", "securityContext: {runAsNonRoot: true}\ncontainers: [{name: main, image: busybox}]")
	b.start("q", "main")
	c := b.container("q", "main")
	b.want("root refused", c.Reason+": "+c.Message, "CreateContainerConfigError: container has runAsNonRoot and image will run as root (pod: \"q_default(uid-q)\", container: main)")
}

// hostPath volumes are the disk of the node: another Pod there finds what one has written.
func TestHostPath(t *testing.T) {
	b := newBench(t)
	for _, pod := range []string{"one", "two"} {
		b.pod(pod, `
containers: [{name: main, image: busybox, command: [sleep, infinity], volumeMounts: [{name: v, mountPath: /data}]}]
volumes: [{name: v, hostPath: {path: /srv/data}}]`)
		b.start(pod, "main")
	}
	b.exec("one", "echo disk > /data/file")
	b.want("other Pod", b.exec("two", "cat /data/file"), "disk\n")
}
