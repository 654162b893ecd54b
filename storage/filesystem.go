package storage

import (
	"errors"
	"fmt"
	"io/fs"
	gopath "path"
	"strings"
	"time"
)

// FileSystem is what a process sees: a root and mounts, as one user. It is mutable scratch: a process runs on it,
// then the caller takes the changed trees out. It is not safe for use by several goroutines.
//
// Paths are absolute, or relative to the directory of In ("/" at first). Symbolic links are followed across mounts.
// Errors are *fs.PathError with the path as the caller gave it and an Errno.
type FileSystem struct {
	*table
	dir      string
	identity Identity
}

// table is what every FileSystem made by In and As from one another shares.
type table struct {
	mounts  []mounted
	points  map[place]int // mount point: index of the mount that covers it
	now     time.Time
	opened  []*openFile
	tail    tail
	problem error // why the first mount that could not be put in place could not
}

type mounted struct {
	Mount
	base     Tree   // the tree that counts as unchanged
	root     uint64 // inode that appears at Path
	orphaned int64  // bytes of removed files that are still open; they take up room
}

// place is one file of one mount.
type place struct {
	mount int
	inode uint64
}

// NewFileSystem mounts the trees in order; the first must be the root. A missing mount point or SubPath is made
// in the tree, as container runtimes and the kubelet do; that alone does not count as a change.
// now stamps modification times. See MountError for mounts that cannot be put in place.
func NewFileSystem(mounts []Mount, identity Identity, now time.Time) *FileSystem {
	t := &table{now: now}
	if len(mounts) == 0 {
		mounts = []Mount{{Path: "/"}}
	}
	for _, mount := range mounts {
		t.mounts = append(t.mounts, mounted{Mount: mount, base: mount.Tree})
	}
	f := &FileSystem{table: t, dir: "/", identity: identity}
	f.mountAll()
	return f
}

// MountError says why a mount could not be put in place (a file is in the way, for example), or nil.
// Such a mount cannot be reached; a runtime refuses to start a container with it.
func (f *FileSystem) MountError() error { return f.problem }

// In is the same file system with relative paths starting at dir. Changes are seen by both.
// dir itself is looked up only when a path is used.
func (f *FileSystem) In(dir string) *FileSystem {
	if !strings.HasPrefix(dir, "/") {
		dir = join(f.dir, dir)
	}
	return &FileSystem{table: f.table, dir: dir, identity: f.identity}
}

// As is the same file system seen by another user. Changes are seen by both.
func (f *FileSystem) As(identity Identity) *FileSystem {
	return &FileSystem{table: f.table, dir: f.dir, identity: identity}
}

// Directory is where relative paths start.
func (f *FileSystem) Directory() string { return f.dir }

// Identity is whose permissions count.
func (f *FileSystem) Identity() Identity { return f.identity }

// SetNow sets the modification time of further changes, for every FileSystem that shares these mounts.
func (f *FileSystem) SetNow(now time.Time) { f.now = now }

// Mounts are the mounts with their trees as they are now.
func (f *FileSystem) Mounts() []Mount {
	mounts := make([]Mount, len(f.mounts))
	for i, m := range f.mounts {
		mounts[i] = m.Mount
	}
	return mounts
}

// Changed are the indices of the mounts whose tree changed since NewFileSystem or Replace, ascending.
func (f *FileSystem) Changed() []int {
	var changed []int
	for i, m := range f.mounts {
		if !m.Tree.Same(m.base) {
			changed = append(changed, i)
		}
	}
	return changed
}

// Replace puts another state of a mount's tree in place, after it was committed or changed by others.
// It does not count as a change. Open files that the new tree lacks go on as removed files.
func (f *FileSystem) Replace(mount int, tree Tree) {
	m := &f.mounts[mount]
	if m.Tree.Same(tree) {
		m.base = m.Tree
		return
	}
	for _, open := range f.opened {
		if open.orphan == nil && open.at.mount == mount && tree.inode(open.at.inode) == nil {
			f.orphan(open)
		}
	}
	m.Tree, m.base = tree, tree
	f.mountAll()
}

// Available are the bytes of content that still fit into a mount's tree, at least 0.
func (f *FileSystem) Available(mount int) int64 {
	m := f.mounts[mount]
	return max(0, m.limit()-m.Tree.Used()-m.orphaned)
}

func (m mounted) limit() int64 {
	if m.Capacity > 0 {
		return min(m.Capacity-m.Taken, MaxTreeBytes)
	}
	return MaxTreeBytes - m.Taken
}

// isDir says whether what the mount shows is a directory. The root of a tree always is.
func (m *mounted) isDir() bool { return m.root == rootInode || m.Tree.inode(m.root).isDir() }

// mountAll works out where every mount appears, which may change when a tree was replaced.
func (f *FileSystem) mountAll() {
	f.points, f.problem = map[place]int{}, nil
	for i := range f.mounts {
		f.mounts[i].root = rootInode
	}
	for i := range f.mounts {
		m := &f.mounts[i]
		if strings.Trim(m.SubPath, "/") != "" {
			f.prepare(i, func() error {
				root, err := f.subPath(m)
				if err != nil {
					return fmt.Errorf("subPath %q: %w", m.SubPath, err)
				}
				m.root = root
				return nil
			})
		}
		if i == 0 {
			continue
		}
		root := &FileSystem{table: f.table, dir: "/"}
		if at, err := root.locate(m.Path, true); err == nil && f.node(at).isDir() == m.isDir() {
			f.points[place{at.mount, at.inode}] = i
			continue
		}
		f.prepare(i, func() error {
			at, err := f.mountPoint(m.Path, m.isDir())
			if err != nil {
				return err
			}
			f.points[place{at.mount, at.inode}] = i
			return nil
		})
	}
}

// prepare runs a step as root on writable mounts, and does not let its effects on trees count as changes.
func (f *FileSystem) prepare(mount int, step func() error) {
	before := make([]mounted, len(f.mounts))
	copy(before, f.mounts)
	for i := range f.mounts {
		f.mounts[i].ReadOnly = false
		f.mounts[i].Tree = f.mounts[i].Tree.Draft()
	}
	if err := step(); err != nil && f.problem == nil {
		f.problem = fmt.Errorf("mount %d at %s cannot be put in place: %w", mount, f.mounts[mount].Path, err)
	}
	for i := range f.mounts {
		f.mounts[i].ReadOnly = before[i].ReadOnly
		f.mounts[i].Tree = f.mounts[i].Tree.Done()
		if before[i].base.Same(before[i].Tree) {
			f.mounts[i].base = f.mounts[i].Tree
		}
	}
}

// subPath finds the inode that a mount shows. Links are followed inside the mount's own tree only.
func (f *FileSystem) subPath(m *mounted) (uint64, error) {
	alone := &FileSystem{table: &table{mounts: []mounted{{Mount: Mount{Tree: m.Tree}, root: rootInode}}, now: f.now}, dir: "/"}
	to, err := alone.existing(m.SubPath, true)
	if errors.Is(err, fs.ErrNotExist) {
		if err = alone.MkdirAll(m.SubPath, m.Tree.inode(rootInode).mode); err == nil {
			to, err = alone.existing(m.SubPath, true)
		}
	}
	if err != nil {
		return 0, err
	}
	m.Tree = alone.mounts[0].Tree
	return to.at.inode, nil
}

// mountPoint finds or makes the directory or file that a mount covers.
func (f *FileSystem) mountPoint(path string, isDir bool) (frame, error) {
	root := &FileSystem{table: f.table, dir: "/"}
	to, err := root.resolve(path, true)
	if err != nil && !errors.Is(err, ErrNotExist) {
		return frame{}, err
	}
	if err != nil || !to.found {
		if isDir {
			err = root.MkdirAll(path, 0o755)
		} else if err = root.MkdirAll(gopath.Dir(path), 0o755); err == nil {
			err = root.WriteFile(path, nil, 0o644, Create)
		}
		if err == nil {
			to, err = root.existing(path, true)
		}
		if err != nil {
			return frame{}, err
		}
	}
	if found := f.node(to.at).isDir(); found != isDir {
		if isDir {
			return frame{}, ErrNotDirectory
		}
		return frame{}, ErrIsDirectory
	}
	return to.at, nil
}
