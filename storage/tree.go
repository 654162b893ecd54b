package storage

import (
	"io/fs"
	"iter"
	"path"
	"strings"
	"time"

	"github.com/stsim/stsim/storage/ordered"
)

// Tree is an immutable file tree: one volume, or the root of one image. The zero value is an empty root directory
// (0755, root:root). Copying is free. Every change gives a new Tree and leaves the old one as it was.
type Tree struct {
	inodes  ordered.Map[*inode] // by inode number, 8 bytes big endian
	entries ordered.Map[uint64] // by inode number of the directory, then the name
	count   int                 // of entries
	last    uint64              // highest inode number given out
	used    int64
	stamp   time.Time      // of At
	owner   *ordered.Owner // set while it is a draft
	late    Late           // of a tree that was made of a shape
	promise *promise       // of a tree that nobody has looked into yet; then the rest is empty
}

// Used is the number of bytes of file content and link targets, for capacity.
func (t Tree) Used() int64 {
	t = t.Made()
	return t.used + t.lateBytes()
}

// Same says whether nothing changed between two trees of one history. False does not mean that they differ.
func (t Tree) Same(other Tree) bool {
	return t.inodes == other.inodes && t.entries == other.entries && t.late == other.late && t.promise == other.promise
}

// At sets the modification time that the With methods stamp from here on. Without it: the Unix epoch.
func (t Tree) At(now time.Time) Tree {
	t.stamp = now
	return t
}

func (t Tree) now() time.Time {
	switch {
	case t.late == shape{}:
		return lateTime
	case t.stamp.IsZero():
		return emptyRoot.modified
	}
	return t.stamp
}

// Draft gives a tree for making many changes one after the other, each of the one before: only the newest of them may be looked at. Done makes it an
// ordinary tree again.
func (t Tree) Draft() Tree {
	t.owner = new(ordered.Owner)
	return t
}

// Done ends a draft.
func (t Tree) Done() Tree {
	t.owner = nil
	return t
}

// With puts a regular file there and makes missing parents (0755, root:root).
//
// The With methods are for building images and volumes from data one controls: they cannot fail. A path is taken
// from the tree's root and cleaned, links are not followed, and whatever stands in the way is replaced, except the root.
// No bound is checked.
func (t Tree) With(path string, content []byte, mode fs.FileMode) Tree {
	return t.place(path, inode{mode: permissions(mode), content: string(content)})
}

// WithDir makes a directory, or sets the mode of the one that is there.
func (t Tree) WithDir(path string, mode fs.FileMode) Tree {
	mode = fs.ModeDir | permissions(mode)
	if number, ok := t.find(path); ok && t.inode(number).isDir() {
		return t.change(number, func(n *inode) { n.mode = mode; n.modified = t.now() })
	}
	return t.place(path, inode{mode: mode})
}

// WithSymlink puts a symbolic link there.
func (t Tree) WithSymlink(path, target string) Tree {
	return t.place(path, inode{mode: fs.ModeSymlink | 0o777, content: target})
}

// WithDevice puts a character device there. kind tells whoever opens it what to do ("null", "zero", "full", "stdout").
func (t Tree) WithDevice(path, kind string, mode fs.FileMode) Tree {
	return t.place(path, inode{mode: fs.ModeDevice | fs.ModeCharDevice | permissions(mode), device: kind})
}

// WithOwner gives a file to a user and a group. A missing path changes nothing.
func (t Tree) WithOwner(path string, uid, gid int) Tree {
	number, ok := t.find(path)
	if !ok {
		return t
	}
	return t.change(number, func(n *inode) { n.uid, n.gid = uid, gid })
}

// WithGroup gives the whole tree to a group, as the kubelet does for fsGroup: files become readable and (unless readOnly)
// writable for it, and directories hand the group on to new files.
//
// Upstream: pkg/volume/volume_linux.go.
func (t Tree) WithGroup(gid int, readOnly bool) Tree {
	add := fs.FileMode(0o660)
	if readOnly {
		add = 0o440
	}
	before := t
	t = t.apart()
	for _, info := range before.All() {
		if info.Mode&fs.ModeSymlink != 0 {
			t = t.change(info.Inode, func(n *inode) { n.gid = gid })
			continue
		}
		mode := info.Mode | add
		if info.IsDir() {
			mode |= fs.ModeSetgid | 0o110
		}
		if mode != info.Mode || gid != info.GID {
			t = t.change(info.Inode, func(n *inode) { n.gid, n.mode = gid, mode })
		}
	}
	return t
}

// Without removes a file, or a directory with everything in it; of "/", what is in it.
func (t Tree) Without(path string) Tree {
	elements := split(path)
	if len(elements) == 0 {
		before := t
		t = t.apart()
		before.eachChild(rootInode, func(name string, _ uint64) bool {
			t = t.removeAll(rootInode, name, t.now())
			return true
		})
		return t
	}
	directory, ok := t.descend(elements[:len(elements)-1])
	if !ok {
		return t
	}
	return t.removeAll(directory, elements[len(elements)-1], t.now())
}

// Lookup finds a file by its cleaned path without following links.
func (t Tree) Lookup(path string) (Info, bool) {
	number, ok := t.find(path)
	if !ok {
		return Info{}, false
	}
	name := "/"
	if elements := split(path); len(elements) > 0 {
		name = elements[len(elements)-1]
	}
	return t.inode(number).info(name, number, 0), true
}

// Content is what a regular file holds, or where a symbolic link points. Links are not followed.
func (t Tree) Content(path string) (string, bool) {
	number, ok := t.find(path)
	if !ok {
		return "", false
	}
	node := t.inode(number)
	return node.content, node.isRegular() || node.isLink()
}

// All yields every path from "/" on with its description, a directory before its content, names in byte order.
func (t Tree) All() iter.Seq2[string, Info] {
	return func(yield func(string, Info) bool) {
		t.walk("/", "/", rootInode, yield)
	}
}

func (t Tree) walk(path, name string, number uint64, yield func(string, Info) bool) bool {
	if !yield(path, t.inode(number).info(name, number, 0)) {
		return false
	}
	more := true
	t.eachChild(number, func(below string, child uint64) bool {
		more = t.walk(join(path, below), below, child, yield)
		return more
	})
	return more
}

// place puts a new file at a path, makes its parents, and clears the way.
func (t Tree) place(path string, node inode) Tree {
	elements := split(path)
	if len(elements) == 0 {
		return t
	}
	now := t.now()
	node.modified = now
	directory := uint64(rootInode)
	for _, name := range elements[:len(elements)-1] {
		number, ok := t.child(directory, name)
		if !ok || !t.inode(number).isDir() {
			t = t.removeAll(directory, name, now)
			t, number = t.add(directory, name, inode{mode: fs.ModeDir | 0o755, modified: now}, now)
		}
		directory = number
	}
	name := elements[len(elements)-1]
	t = t.removeAll(directory, name, now)
	t, _ = t.add(directory, name, node, now)
	return t
}

func (t Tree) find(path string) (uint64, bool) { return t.descend(split(path)) }

func (t Tree) descend(elements []string) (uint64, bool) {
	number := uint64(rootInode)
	for _, name := range elements {
		child, ok := t.child(number, name)
		if !ok {
			return 0, false
		}
		number = child
	}
	return number, true
}

// split gives the names of a cleaned path; none for the root.
func split(name string) []string {
	name = path.Clean("/" + name)[1:]
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

func join(directory, name string) string {
	if strings.HasSuffix(directory, "/") {
		return directory + name
	}
	return directory + "/" + name
}

// permissions are the mode bits that chmod(2) sets.
func permissions(mode fs.FileMode) fs.FileMode {
	return mode & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
}
