package storage

import (
	"io/fs"
	"strings"
)

// ReadFile is a copy of a file's content, which the caller may change.
func (f *FileSystem) ReadFile(path string) ([]byte, error) {
	text, err := f.ReadText(path)
	if err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// ReadText is a file's content without a copy.
func (f *FileSystem) ReadText(path string) (string, error) {
	at, err := f.open(path, Read, 0)
	if err != nil {
		return "", refuse("open", path, err)
	}
	switch node := f.node(at); {
	case node.isDir():
		return "", refuse("read", path, ErrIsDirectory)
	case !node.isRegular():
		return "", refuse("read", path, ErrNoDevice)
	case f.mounts[at.mount].Failing:
		return "", refuse("read", path, ErrIO)
	default:
		return node.content, nil
	}
}

// WriteFile writes data to a file at its start, or at its end with Append; Write is implied.
// mode is for a new file; a umask is the caller's to apply. When room runs out, what fits is written.
func (f *FileSystem) WriteFile(path string, data []byte, mode fs.FileMode, flags Flag) error {
	at, err := f.open(path, flags&^Read|Write, mode)
	if err != nil {
		return refuse("open", path, err)
	}
	offset := int64(0)
	if flags&Append != 0 {
		offset = f.node(at).size()
	}
	return f.writeTo(path, at, data, offset)
}

// WriteAt writes data into an existing file from a byte offset on; a gap before it reads as zeros.
func (f *FileSystem) WriteAt(path string, data []byte, offset int64) error {
	at, err := f.open(path, Write, 0)
	if err != nil {
		return refuse("open", path, err)
	}
	if offset < 0 {
		return refuse("write", path, ErrInvalid)
	}
	return f.writeTo(path, at, data, offset)
}

func (f *FileSystem) writeTo(path string, at frame, data []byte, offset int64) error {
	node := f.node(at)
	if !node.isRegular() {
		return refuse("write", path, ErrNoDevice)
	}
	after, _, err := f.written(at.mount, node, data, offset)
	if after != node {
		f.set(at, after)
	}
	return refuse("write", path, err)
}

// Truncate makes a file size bytes long, filled up with zeros.
func (f *FileSystem) Truncate(path string, size int64) error {
	at, err := f.open(path, Write, 0)
	if err != nil {
		return refuse("truncate", path, err)
	}
	node := f.node(at)
	if !node.isRegular() {
		return refuse("truncate", path, ErrInvalid)
	}
	after, err := f.resized(at.mount, node, size)
	if err != nil {
		return refuse("truncate", path, err)
	}
	f.set(at, after)
	return nil
}

// open finds or makes a file by open(2)'s rules.
func (f *FileSystem) open(path string, flags Flag, mode fs.FileMode) (frame, error) {
	if flags&Append != 0 {
		flags |= Write
	}
	var room [usualDepth]frame
	to, err := f.descend(room[:0], path, flags&(Create|Exclusive) != Create|Exclusive)
	if err != nil {
		return frame{}, err
	}
	if !to.found {
		if flags&Create == 0 {
			return frame{}, ErrNotExist
		}
		if to.slash {
			return frame{}, ErrIsDirectory
		}
		return f.create(to, inode{mode: permissions(mode)})
	}
	if flags&(Create|Exclusive) == Create|Exclusive {
		return frame{}, ErrExist
	}
	node := f.node(to.at)
	want := 0
	if flags&Read != 0 {
		want |= CanRead
	}
	if flags&(Write|Truncate) != 0 {
		want |= CanWrite
	}
	if node.isDir() && (want&CanWrite != 0 || flags&Create != 0) {
		return frame{}, ErrIsDirectory
	}
	if !f.identity.may(node, want) {
		return frame{}, ErrPermission
	}
	if want&CanWrite != 0 && node.isRegular() && f.mounts[to.at.mount].ReadOnly {
		return frame{}, ErrReadOnly
	}
	if flags&Truncate != 0 && node.isRegular() {
		if f.mounts[to.at.mount].Failing {
			return frame{}, ErrIO
		}
		empty := *node
		empty.content = ""
		f.set(to.at, &empty)
	}
	return to.at, nil
}

// create makes a new file where resolve found none.
func (f *FileSystem) create(to target, node inode) (frame, error) {
	parent := to.parent()
	if err := f.mayChangeNames(parent); err != nil {
		return frame{}, err
	}
	m := &f.mounts[parent.mount]
	if m.Tree.names() >= MaxInodes || node.size() > f.Available(parent.mount) {
		return frame{}, ErrNoSpace
	}
	directory := m.Tree.inode(parent.inode)
	node.uid, node.gid, node.modified = f.identity.UID, f.identity.GID, f.now
	if directory.mode&fs.ModeSetgid != 0 {
		node.gid = directory.gid
		if node.isDir() {
			node.mode |= fs.ModeSetgid
		}
	}
	tree, number := m.Tree.add(parent.inode, to.name, node, f.now)
	m.Tree = tree
	return frame{mount: parent.mount, inode: number, name: to.name}, nil
}

// mayChangeNames says whether names may be added to and taken from a directory.
func (f *FileSystem) mayChangeNames(directory frame) error {
	node := f.node(directory)
	switch {
	case !node.isDir():
		return ErrNotDirectory
	case f.mounts[directory.mount].ReadOnly:
		return ErrReadOnly
	case !f.identity.may(node, CanWrite|CanExecute):
		return ErrPermission
	case f.mounts[directory.mount].Failing:
		return ErrIO
	}
	return nil
}

// set stores a new inode, which must not be in a tree yet, with the time of change.
func (f *FileSystem) set(at frame, node *inode) {
	node.modified = f.now
	m := &f.mounts[at.mount]
	m.Tree = m.Tree.put(at.inode, node)
}

// tail makes appending to one file over and over cheap: its content is kept in a buffer that has room.
// Older trees go on seeing their shorter part of that buffer.
type tail struct {
	node    *inode // whose content is exactly the builder's
	builder *strings.Builder
}

// append is the inode with zeros and data added to its content.
func (t *tail) append(node *inode, zeros int64, data []byte) *inode {
	if t.node != node {
		t.builder = &strings.Builder{}
		t.builder.WriteString(node.content)
	}
	t.builder.Write(make([]byte, zeros))
	t.builder.Write(data)
	after := *node
	after.content = t.builder.String()
	t.node = &after
	return t.node
}

// written is the inode after a write, and how many bytes were taken: all, or as many as fit and the reason.
func (f *FileSystem) written(mount int, node *inode, data []byte, offset int64) (*inode, int, error) {
	size := node.size()
	if len(data) == 0 {
		return node, 0, nil
	}
	if f.mounts[mount].Failing {
		return node, 0, ErrIO
	}
	if offset >= MaxFileSize {
		return node, 0, ErrTooLarge
	}
	var refused error
	end := offset + int64(len(data))
	if end > MaxFileSize {
		end, refused = MaxFileSize, ErrTooLarge
	}
	if room := size + f.Available(mount); end > room {
		end, refused = room, ErrNoSpace
	}
	if end <= offset {
		return node, 0, refused
	}
	data = data[:end-offset]
	if offset >= size && end > int64(len(data)) {
		return f.tail.append(node, offset-size, data), len(data), refused
	}
	after := *node
	if size == 0 {
		after.content = string(data)
	} else {
		var b strings.Builder
		b.Grow(int(max(end, size)))
		b.WriteString(node.content[:offset])
		b.Write(data)
		if end < size {
			b.WriteString(node.content[end:])
		}
		after.content = b.String()
	}
	return &after, len(data), refused
}

// resized is the inode cut off or filled up with zeros.
func (f *FileSystem) resized(mount int, node *inode, size int64) (*inode, error) {
	switch {
	case size < 0:
		return nil, ErrInvalid
	case size > MaxFileSize:
		return nil, ErrTooLarge
	case f.mounts[mount].Failing:
		return nil, ErrIO
	case size > node.size() && size-node.size() > f.Available(mount):
		return nil, ErrNoSpace
	case size > node.size():
		return f.tail.append(node, size-node.size(), nil), nil
	}
	after := *node
	after.content = node.content[:size]
	return &after, nil
}

// refuse wraps a reason as the standard library does; nil stays nil.
func refuse(operation, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: operation, Path: path, Err: err}
}
