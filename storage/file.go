package storage

import (
	"errors"
	"io"
	"io/fs"
	gopath "path"
	"slices"
)

// File is an open file with a position. It stays with its file through renames and removal.
// Devices can be opened too, but their Read and Write are ErrNoDevice: look at Info.Device and act on it.
type File struct {
	system   *FileSystem
	open     *openFile // nil once closed
	path     string
	flags    Flag
	position int64
}

// openFile is one inode that Files are using.
type openFile struct {
	at     place
	users  int
	orphan *inode // the file since it was removed
}

// Open gives a File, which must be closed. With neither Read nor Write it can only be described.
func (f *FileSystem) Open(path string, flags Flag, mode fs.FileMode) (*File, error) {
	users := 0
	for _, open := range f.opened {
		users += open.users
	}
	if users >= MaxOpenFiles {
		return nil, refuse("open", path, ErrTooManyOpenFiles)
	}
	if flags&Append != 0 {
		flags |= Write
	}
	at, err := f.open(path, flags, mode)
	if err != nil {
		return nil, refuse("open", path, err)
	}
	o := &File{system: f, path: path, flags: flags}
	where := place{at.mount, at.inode}
	for _, open := range f.opened {
		if open.at == where && open.orphan == nil {
			o.open = open
		}
	}
	if o.open == nil {
		o.open = &openFile{at: where}
		f.opened = append(f.opened, o.open)
	}
	o.open.users++
	return o, nil
}

// orphan keeps a file that is about to leave its tree for those who have it open.
func (f *FileSystem) orphan(open *openFile) {
	if open.orphan != nil {
		return
	}
	m := &f.mounts[open.at.mount]
	gone := *m.Tree.inode(open.at.inode)
	gone.links = 0
	open.orphan = &gone
	m.orphaned += gone.size()
}

func (o *File) node() *inode {
	if o.open.orphan != nil {
		return o.open.orphan
	}
	return o.system.mounts[o.open.at.mount].Tree.inode(o.open.at.inode)
}

func (o *File) set(node *inode) {
	if o.open.orphan == nil {
		o.system.set(frame{mount: o.open.at.mount, inode: o.open.at.inode}, node)
		return
	}
	o.system.mounts[o.open.at.mount].orphaned += node.size() - o.open.orphan.size()
	node.modified = o.system.now
	o.open.orphan = node
}

// usable is the file's inode for reading or writing its content.
func (o *File) usable(operation string, flag Flag) (*inode, error) {
	if o.open == nil || o.flags&flag == 0 {
		return nil, refuse(operation, o.path, ErrBadDescriptor)
	}
	node := o.node()
	switch {
	case node.isDir():
		return nil, refuse(operation, o.path, ErrIsDirectory)
	case !node.isRegular():
		return nil, refuse(operation, o.path, ErrNoDevice)
	}
	return node, nil
}

// Stat describes the file. Its Name is the last element of the path it was opened by; a removed file has 0 Links.
func (o *File) Stat() (Info, error) {
	if o.open == nil {
		return Info{}, refuse("stat", o.path, ErrBadDescriptor)
	}
	return o.node().info(gopath.Base(o.path), o.open.at.inode, o.open.at.mount), nil
}

// Read implements io.Reader.
func (o *File) Read(buffer []byte) (int, error) {
	node, err := o.usable("read", Read)
	if err != nil {
		return 0, err
	}
	if len(buffer) == 0 {
		return 0, nil
	}
	if o.system.mounts[o.open.at.mount].Failing {
		return 0, refuse("read", o.path, ErrIO)
	}
	if o.position >= node.size() {
		return 0, io.EOF
	}
	n := copy(buffer, node.content[o.position:])
	o.position += int64(n)
	return n, nil
}

// Write implements io.Writer. When room runs out it writes what fits.
func (o *File) Write(data []byte) (int, error) {
	node, err := o.usable("write", Write)
	if err != nil {
		return 0, err
	}
	if o.flags&Append != 0 {
		o.position = node.size()
	}
	after, n, err := o.system.written(o.open.at.mount, node, data, o.position)
	if after != node {
		o.set(after)
	}
	o.position += int64(n)
	return n, refuse("write", o.path, err)
}

// Seek implements io.Seeker.
func (o *File) Seek(offset int64, whence int) (int64, error) {
	if o.open == nil {
		return 0, refuse("seek", o.path, ErrBadDescriptor)
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += o.position
	case io.SeekEnd:
		offset += o.node().size()
	default:
		offset = -1
	}
	if offset < 0 {
		return 0, refuse("seek", o.path, ErrInvalid)
	}
	o.position = offset
	return offset, nil
}

// Truncate makes the file size bytes long. The position stays.
func (o *File) Truncate(size int64) error {
	node, err := o.usable("truncate", Write)
	if err == nil {
		if node, err = o.system.resized(o.open.at.mount, node, size); err == nil {
			o.set(node)
			return nil
		}
		err = refuse("truncate", o.path, err)
	}
	return err
}

// Close ends the use of the file; a second Close is ErrBadDescriptor.
func (o *File) Close() error {
	open, t := o.open, o.system.table
	if open == nil {
		return refuse("close", o.path, ErrBadDescriptor)
	}
	o.open = nil
	if open.users--; open.users > 0 {
		return nil
	}
	if open.orphan != nil {
		t.mounts[open.at.mount].orphaned -= open.orphan.size()
	}
	t.opened = slices.DeleteFunc(t.opened, func(other *openFile) bool { return other == open })
	return nil
}

// ErrnoOf is the reason inside an error of this package, or 0.
func ErrnoOf(err error) Errno {
	var reason Errno
	errors.As(err, &reason)
	return reason
}
