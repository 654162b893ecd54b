package container

import (
	"time"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// watchLatency is how long a change of files takes to reach a program that waits for one (tail -f). It is not zero, so that two
// programs that answer each other through files cannot hold up the clock.
const watchLatency = 10 * time.Millisecond

// mount makes the file system of a container from its rows.
func (g *Guest) mount(c *Container) {
	mounts := []storage.Mount{{Path: "/", Tree: c.Root, ReadOnly: c.Config.ReadOnly, Source: "overlay", Type: "overlay"}}
	g.volumes = []string{""}
	for _, b := range c.Config.Mounts {
		tree, capacity := g.w.volumeTree(b.Volume)
		source := "/dev/vda1"
		if b.Type == "tmpfs" {
			source = "tmpfs"
		}
		mount := storage.Mount{
			Path: b.Path, Volume: b.Volume, Tree: tree, ReadOnly: b.ReadOnly, Capacity: capacity, SubPath: b.SubPath, Source: source, Type: b.Type,
		}
		if fault := BadVolumeOf(g.w.Tx.View, b.Volume); fault != nil {
			mount.Taken, mount.Failing = fault.Taken, fault.Taken == 0
		}
		mounts = append(mounts, mount)
		for _, earlier := range g.volumes {
			g.twice = g.twice || earlier == b.Volume
		}
		g.volumes = append(g.volumes, b.Volume)
	}
	g.files = storage.NewFileSystem(mounts, c.Config.Identity, g.w.now())
}

// volumeTree is the current content of a volume. One whose row is gone is empty.
func (w *World) volumeTree(key string) (storage.Tree, int64) {
	w.refreshProjected(key)
	if row, found := store.GetRow[*Volume](w.Tx.View, Volumes, key); found {
		return row.Tree, row.Capacity
	}
	return storage.Tree{}, 0
}

// mirror shows a change made through one mount of a volume at its other mounts.
func (g *Guest) mirror() {
	changed := g.files.Changed()
	if len(changed) == 0 {
		return
	}
	for _, i := range changed {
		g.commit(i)
		for j, volume := range g.volumes {
			if j != i && volume != "" && volume == g.volumes[i] {
				g.files.Replace(j, g.files.Mounts()[i].Tree)
			}
		}
	}
}

// commit takes the tree of a mount back into its row.
func (g *Guest) commit(mount int) {
	tree := g.files.Mounts()[mount].Tree
	switch volume := g.volumes[mount]; {
	case volume != "":
		changed := Volume{Key: volume}
		if row, found := store.GetRow[*Volume](g.w.Tx.View, Volumes, volume); found {
			changed = *row
		}
		changed.Tree = tree
		g.w.Tx.PutRow(Volumes, &changed)
	default:
		g.w.changeContainer(g.container, func(c *Container) { c.Root = tree })
	}
	g.files.Replace(mount, tree)
	g.w.dirty = true
}

// Flush puts changed files into their rows, and output that is waiting into its log.
func (g *Guest) Flush() {
	if g.twice {
		g.mirror()
	}
	for _, mount := range g.files.Changed() {
		g.commit(mount)
	}
	if g.current != nil {
		g.current.flushOutput()
	} else {
		g.w.wakeWatchers()
	}
}

// reload shows what others have changed in the meantime.
func (g *Guest) reload() {
	for i, m := range g.files.Mounts() {
		var tree storage.Tree
		if g.volumes[i] != "" {
			tree, _ = g.w.volumeTree(g.volumes[i])
		} else if c, found := g.w.container(g.container); found {
			tree = c.Root
		} else {
			continue
		}
		if !tree.Same(m.Tree) {
			g.files.Replace(i, tree)
		}
	}
}

// wakeWatchers lets programs that wait for files look, when files have changed in this transaction.
func (w *World) wakeWatchers() {
	if !w.dirty || w.depth > 0 || len(w.active) > 0 {
		return
	}
	w.dirty = false
	for p := range store.Rows[*Process](w.Tx.View, Processes, "") {
		if !p.Ended && p.Shell != nil && p.Shell.State().Files {
			w.schedule(w.now().Add(watchLatency), wake, p.RowKey())
		}
	}
}
