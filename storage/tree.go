package storage

import (
	"io/fs"
	"iter"
	"time"
)

// Tree is an immutable file tree: one volume, or the root of one image. The zero value is an empty root directory
// (0755, root:root). Copying is free. Every change gives a new Tree and leaves the old one as it was.
type Tree struct{ used int64 }

// Used is the number of bytes of file content, for capacity.
func (t Tree) Used() int64 { return t.used }

// Same says whether nothing changed between two trees of one history. False does not mean that they differ.
func (t Tree) Same(other Tree) bool { return t == other }

// At sets the modification time that the With methods stamp from here on. Without it: the Unix epoch.
func (t Tree) At(now time.Time) Tree { return t }

// With puts a regular file there and makes missing parents (0755, root:root).
//
// The With methods are for building images and volumes from data one controls: they cannot fail. A path is taken
// from the tree's root and cleaned, links are not followed, and whatever stands in the way is replaced.
// No bound is checked.
func (t Tree) With(path string, content []byte, mode fs.FileMode) Tree { return t }

// WithDir makes a directory, or sets the mode of the one that is there.
func (t Tree) WithDir(path string, mode fs.FileMode) Tree { return t }

// WithSymlink puts a symbolic link there.
func (t Tree) WithSymlink(path, target string) Tree { return t }

// WithDevice puts a character device there. kind tells whoever opens it what to do ("null", "zero", "full", "stdout").
func (t Tree) WithDevice(path, kind string, mode fs.FileMode) Tree { return t }

// WithOwner gives a file to a user and a group. A missing path changes nothing.
func (t Tree) WithOwner(path string, uid, gid int) Tree { return t }

// WithGroup gives the whole tree to a group, as the kubelet does for fsGroup: files become readable and (unless readOnly)
// writable for it, and directories hand the group on to new files.
//
// Upstream: pkg/volume/volume_linux.go.
func (t Tree) WithGroup(gid int, readOnly bool) Tree { return t }

// Without removes a file, or a directory with everything in it.
func (t Tree) Without(path string) Tree { return t }

// Lookup finds a file by its cleaned path without following links.
func (t Tree) Lookup(path string) (Info, bool) { return Info{}, false }

// Content is what a regular file holds, or where a symbolic link points. Links are not followed.
func (t Tree) Content(path string) (string, bool) { return "", false }

// All yields every path from "/" on with its description, a directory before its content, names in byte order.
func (t Tree) All() iter.Seq2[string, Info] { return func(func(string, Info) bool) {} }
