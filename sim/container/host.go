package container

import (
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// hostVolume is the key of the file tree of the machine of the person at the keyboard.
const hostVolume = "host"

// HostName is what that machine is called.
const HostName = "stsim"

// Host is the machine of the person at the keyboard: it is outside of the cluster, but reaches node addresses, Pod addresses and the cluster's DNS, as on a
// single-machine cluster. Its files are a tree of their own, which begins as a usual system. Run a shell on it, then call Flush.
func Host(w *World) *Guest {
	if _, found := store.GetRow[*Volume](w.Tx.View, Volumes, hostVolume); !found {
		tree := app.FullRoot().At(w.now()).
			With("/etc/hostname", []byte(HostName+"\n"), 0o644).
			With("/etc/hosts", []byte("127.0.0.1\tlocalhost "+HostName+"\n"), 0o644).
			With("/etc/resolv.conf", []byte("nameserver "+w.Settings.DNSAddress.String()+"\n"), 0o644).
			WithDir("/home/user", 0o755).WithOwner("/home/user", 1000, 1000)
		w.Tx.PutRow(Volumes, &Volume{Key: hostVolume, Tree: tree})
	}
	tree, _ := w.volumeTree(hostVolume)
	g := &Guest{w: w, hostname: HostName, volumes: []string{hostVolume}, config: &Config{}}
	g.files = storage.NewFileSystem([]storage.Mount{{Path: "/", Volume: hostVolume, Tree: tree, Source: "/dev/vda1", Type: "ext4"}}, storage.Identity{}, w.now())
	return g
}
