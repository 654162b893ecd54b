package storage

import (
	"encoding/binary"
	"io/fs"
	"time"
)

// rootInode is the number of every tree's root directory. Numbers are given out in ascending order and never again.
const rootInode = 1

// inode is one file. It is immutable once it is in a tree.
type inode struct {
	mode     fs.FileMode
	uid, gid int
	modified time.Time
	links    int    // names; of a directory 2 + subdirectories
	content  string // of a regular file; of a symbolic link its target
	device   string
	late     uint8 // of a file of a shape: the number of its content; see [Late]
}

// emptyRoot is what the zero Tree's root is.
var emptyRoot = &inode{mode: fs.ModeDir | 0o755, modified: time.Unix(0, 0).UTC(), links: 2}

func (n *inode) isDir() bool     { return n.mode.IsDir() }
func (n *inode) isLink() bool    { return n.mode&fs.ModeSymlink != 0 }
func (n *inode) isRegular() bool { return n.mode.IsRegular() }

func (n *inode) size() int64 { return int64(len(n.content)) }

func (n *inode) info(name string, number uint64, mount int) Info {
	return Info{
		Name: name, Inode: number, Mode: n.mode, UID: n.uid, GID: n.gid, Size: n.size(),
		ModTime: n.modified, Links: n.links, Device: n.device, Mount: mount,
	}
}

func inodeKey(number uint64) string {
	var key [8]byte
	binary.BigEndian.PutUint64(key[:], number)
	return string(key[:])
}

func entryKey(directory uint64, name string) string { return inodeKey(directory) + name }

// inode is the file of that number, or nil.
func (t Tree) inode(number uint64) *inode {
	t = t.Made()
	if found, ok := t.inodes.Get(inodeKey(number)); ok {
		return t.completed(found)
	}
	if number == rootInode {
		return emptyRoot
	}
	return nil
}

// child is the inode number behind a name in a directory.
func (t Tree) child(directory uint64, name string) (uint64, bool) {
	return t.Made().entries.Get(entryKey(directory, name))
}

// eachChild visits a directory's names in byte order until visit says false.
func (t Tree) eachChild(directory uint64, visit func(name string, number uint64) bool) {
	for key, number := range t.Made().entries.All(inodeKey(directory)) {
		if !visit(key[8:], number) {
			return
		}
	}
}

func (t Tree) isEmpty(directory uint64) bool {
	empty := true
	t.eachChild(directory, func(string, uint64) bool { empty = false; return false })
	return empty
}

// names is how many names the tree has, which bounds its inodes too.
func (t Tree) names() int { return t.Made().count }

// apart lets a tree be gone through while another one is made from it: a draft goes on with pages of its own.
func (t Tree) apart() Tree {
	if t.owner != nil {
		return t.Draft()
	}
	return t
}

// put sets the inode of a number, which must not be changed any more, and keeps count of the bytes.
func (t Tree) put(number uint64, node *inode) Tree {
	t = t.Made()
	if old := t.inode(number); old != nil {
		t.used -= old.size()
	}
	t.used += node.size()
	t.inodes.Put(t.owner, inodeKey(number), node)
	return t
}

// change edits a copy of one inode, which must exist.
func (t Tree) change(number uint64, edit func(*inode)) Tree {
	node := *t.inode(number)
	edit(&node)
	return t.put(number, &node)
}

// add makes a new file under a free name and stamps the directory.
func (t Tree) add(directory uint64, name string, node inode, now time.Time) (Tree, uint64) {
	t = t.Made()
	number := max(t.last, rootInode) + 1
	t.last = number
	node.links = 1
	if node.isDir() {
		node.links = 2
	}
	t = t.put(number, &node)
	return t.enter(directory, name, number, now), number
}

// enter gives a file a free name in a directory. Link counts of files are the caller's, those of directories are kept here.
func (t Tree) enter(directory uint64, name string, number uint64, now time.Time) Tree {
	t = t.Made()
	t.entries.Put(t.owner, entryKey(directory, name), number)
	t.count++
	isDir := t.inode(number).isDir()
	return t.change(directory, func(parent *inode) {
		parent.modified = now
		if isDir {
			parent.links++
		}
	})
}

// leave takes a name out of a directory and keeps the file.
func (t Tree) leave(directory uint64, name string, now time.Time) Tree {
	t = t.Made()
	number, _ := t.child(directory, name)
	isDir := t.inode(number).isDir()
	t.entries.Remove(t.owner, entryKey(directory, name))
	t.count--
	return t.change(directory, func(parent *inode) {
		parent.modified = now
		if isDir {
			parent.links--
		}
	})
}

// remove takes a name away, and with the last name the file. A directory must be empty.
func (t Tree) remove(directory uint64, name string, now time.Time) Tree {
	t = t.Made()
	number, _ := t.child(directory, name)
	t = t.leave(directory, name, now)
	node := t.inode(number)
	if node.isDir() || node.links <= 1 {
		t.used -= node.size()
		t.inodes.Remove(t.owner, inodeKey(number))
		return t
	}
	return t.change(number, func(n *inode) { n.links-- })
}

// removeAll is remove for a directory with everything in it.
func (t Tree) removeAll(directory uint64, name string, now time.Time) Tree {
	number, ok := t.child(directory, name)
	if !ok {
		return t
	}
	before := t
	t = t.apart()
	before.eachChild(number, func(below string, _ uint64) bool {
		t = t.removeAll(number, below, now)
		return true
	})
	return t.remove(directory, name, now)
}
