package storage

import (
	"io/fs"
	"sync"
	"time"
)

// Most file trees of a simulated world are never looked into, and those of a kind differ in little. So a tree can be made of a shape, which has all that such trees
// have in common, with the rest in one value; and a tree can be made when somebody first looks into it.

// Late is what a tree has beyond its shape. It must be comparable, never change, and say the same whenever it is asked.
type Late interface {
	// Time is the modification time of the files that were made in the shape.
	Time() time.Time
	// Content is the content of the files that were put there WithLate, by their numbers from 1 on; "" beyond the last.
	Content(number int) string
}

// Since is Late for a tree with no content of its own.
type Since time.Time

// Time implements [Late].
func (s Since) Time() time.Time { return time.Time(s) }

// Content implements [Late].
func (s Since) Content(int) string { return "" }

// Shape begins a shape with the files of a tree: what is made from here on is as old as the trees that are made of the shape.
func (t Tree) Shape() Tree {
	t = t.Made()
	t.late = shape{}
	return t
}

// WithLate is With for a file of a shape whose content comes with the tree. Its number is 1, 2, ... up to 255.
func (t Tree) WithLate(path string, number uint8, mode fs.FileMode) Tree {
	return t.place(path, inode{mode: permissions(mode), late: number})
}

// Of is a tree of this shape. It costs nothing, and nothing beyond late is kept for it.
func (t Tree) Of(late Late) Tree {
	t.late, t.stamp = late, late.Time()
	return t
}

// shape is what trees have that are shapes themselves.
type shape struct{}

func (shape) Time() time.Time    { return lateTime }
func (shape) Content(int) string { return "" }

// lateTime is the modification time, in the inodes of a shape, of what is as old as the tree.
var lateTime = time.Time{}

// completed is an inode as it is in this tree.
func (t Tree) completed(node *inode) *inode {
	if t.late == nil || t.late == (shape{}) || node.late == 0 && !node.modified.IsZero() {
		return node
	}
	own := *node
	if own.modified.IsZero() {
		own.modified = t.late.Time()
	}
	if own.late > 0 {
		own.content, own.late = t.late.Content(int(own.late)), 0
	}
	return &own
}

// lateBytes is how much of late content there is. Files that have been changed since are counted apart, as if theirs were still there.
func (t Tree) lateBytes() (bytes int64) {
	if t.late == nil {
		return 0
	}
	for number := 1; ; number++ {
		content := t.late.Content(number)
		if content == "" {
			return bytes
		}
		bytes += int64(len(content))
	}
}

// Maker makes a tree. It must never change, and make the same tree whenever it is asked.
type Maker interface{ Make() Tree }

// promise is a tree that is made when somebody looks into it.
type promise struct {
	by   Maker
	once sync.Once
	tree Tree
}

// Later is a tree that is made when somebody first looks into it, once, in whatever goroutine that is.
func Later(by Maker) Tree { return Tree{promise: &promise{by: by}} }

// Made is the tree itself, if it is one that is made Later.
func (t Tree) Made() Tree {
	if t.promise == nil {
		return t
	}
	t.promise.once.Do(func() { t.promise.tree = t.promise.by.Make() })
	made := t.promise.tree
	made.owner = t.owner
	if !t.stamp.IsZero() {
		made.stamp = t.stamp
	}
	return made
}
