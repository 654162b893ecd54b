package storage

import (
	"errors"
	"io/fs"
	gopath "path"
	"strings"
	"time"
)

// Stat describes a file, following links.
func (f *FileSystem) Stat(path string) (Info, error) { return f.stat("stat", path, true) }

// Lstat describes a file; if it is a link, the link itself.
func (f *FileSystem) Lstat(path string) (Info, error) { return f.stat("lstat", path, false) }

func (f *FileSystem) stat(operation, path string, follow bool) (Info, error) {
	at, err := f.locate(path, follow)
	if err != nil {
		return Info{}, refuse(operation, path, err)
	}
	return f.node(at).info(gopath.Base(path), at.inode, at.mount), nil
}

// Readlink is where a symbolic link points.
func (f *FileSystem) Readlink(path string) (string, error) {
	to, err := f.existing(path, false)
	if err != nil {
		return "", refuse("readlink", path, err)
	}
	node := f.node(to.at)
	if !node.isLink() {
		return "", refuse("readlink", path, ErrInvalid)
	}
	return node.content, nil
}

// RealPath is the absolute path without links, "." and "..".
func (f *FileSystem) RealPath(path string) (string, error) {
	to, err := f.existing(path, true)
	if err != nil {
		return "", refuse("realpath", path, err)
	}
	var b strings.Builder
	for _, parent := range to.parents[1:] {
		b.WriteString("/" + parent.name)
	}
	if to.name != "" {
		b.WriteString("/" + to.name)
	}
	if b.Len() == 0 {
		return "/", nil
	}
	return b.String(), nil
}

// Access says by its error whether a file may be used in every way in want (CanRead | CanWrite | CanExecute; 0: it exists).
func (f *FileSystem) Access(path string, want int) error {
	to, err := f.existing(path, true)
	if err == nil {
		node := f.node(to.at)
		switch {
		case want&CanWrite != 0 && f.mounts[to.at.mount].ReadOnly && node.device == "":
			err = ErrReadOnly
		case !f.identity.may(node, want):
			err = ErrPermission
		}
	}
	return refuse("access", path, err)
}

// Chmod sets the permission, setuid, setgid and sticky bits.
func (f *FileSystem) Chmod(path string, mode fs.FileMode) error {
	return f.attribute("chmod", path, true, func(n *inode) error {
		if !f.identity.owns(n) {
			return ErrNotPermitted
		}
		n.mode = n.mode.Type() | permissions(mode)
		return nil
	})
}

// Chown sets owner and group; -1 keeps one.
func (f *FileSystem) Chown(path string, uid, gid int) error { return f.chown(path, true, uid, gid) }

// Lchown is Chown of a link itself.
func (f *FileSystem) Lchown(path string, uid, gid int) error { return f.chown(path, false, uid, gid) }

func (f *FileSystem) chown(path string, follow bool, uid, gid int) error {
	return f.attribute("chown", path, follow, func(n *inode) error {
		keepsUser := uid == -1 || uid == n.uid
		keepsGroup := gid == -1 || gid == n.gid
		if f.identity.UID != 0 && !(f.identity.owns(n) && keepsUser && (keepsGroup || f.identity.inGroup(gid))) {
			return ErrNotPermitted
		}
		if uid != -1 {
			n.uid = uid
		}
		if gid != -1 {
			n.gid = gid
		}
		if !n.isDir() {
			n.mode &^= fs.ModeSetuid | fs.ModeSetgid
		}
		return nil
	})
}

// Chtimes sets the modification time. Who may only write, not own, can set it to the present (SetNow) alone.
func (f *FileSystem) Chtimes(path string, modified time.Time) error {
	return f.attribute("chtimes", path, true, func(n *inode) error {
		if !f.identity.owns(n) {
			if !modified.Equal(f.now) {
				return ErrNotPermitted
			}
			if !f.identity.may(n, CanWrite) {
				return ErrPermission
			}
		}
		n.modified = modified
		return nil
	})
}

func (f *FileSystem) attribute(operation, path string, follow bool, edit func(*inode) error) error {
	to, err := f.existing(path, follow)
	if err != nil {
		return refuse(operation, path, err)
	}
	m := &f.mounts[to.at.mount]
	if m.ReadOnly {
		return refuse(operation, path, ErrReadOnly)
	}
	if m.Failing {
		return refuse(operation, path, ErrIO)
	}
	node := *f.node(to.at)
	if err := edit(&node); err != nil {
		return refuse(operation, path, err)
	}
	m.Tree = m.Tree.put(to.at.inode, &node)
	return nil
}

// ReadDir lists a directory, sorted by name, without "." and "..". A mount point shows what is mounted there.
func (f *FileSystem) ReadDir(path string) ([]Info, error) {
	to, err := f.existing(path, true)
	if err != nil {
		return nil, refuse("open", path, err)
	}
	return f.readDir(path, to.at)
}

func (f *FileSystem) readDir(path string, at frame) ([]Info, error) {
	below, err := f.list(at)
	if err != nil {
		return nil, refuse("open", path, err)
	}
	infos := make([]Info, len(below))
	for i, child := range below {
		infos[i] = f.node(child).info(child.name, child.inode, child.mount)
	}
	return infos, nil
}

// list gives a directory's names with what lies behind them, in byte order.
func (f *FileSystem) list(at frame) ([]frame, error) {
	node := f.node(at)
	switch {
	case !node.isDir():
		return nil, ErrNotDirectory
	case !f.identity.may(node, CanRead):
		return nil, ErrPermission
	case f.mounts[at.mount].Failing:
		return nil, ErrIO
	}
	var below []frame
	f.mounts[at.mount].Tree.eachChild(at.inode, func(name string, number uint64) bool {
		below = append(below, f.cross(frame{mount: at.mount, inode: number, name: name}))
		return true
	})
	return below, nil
}

// Walk visits a path and, if it is a directory, everything below, names in byte order; links are not followed.
// visit gets path joined with what lies below it. fs.SkipDir and fs.SkipAll work as in fs.WalkDir;
// a directory that cannot be read is visited a second time with the error.
// What visit removes or adds in a directory that is being walked may or may not be visited.
func (f *FileSystem) Walk(path string, visit func(path string, info Info, err error) error) error {
	info, err := f.Lstat(path)
	if err == nil && info.IsDir() {
		err = f.walk(path, info, visit)
	} else {
		err = visit(path, info, err)
	}
	if err == fs.SkipDir || err == fs.SkipAll {
		return nil
	}
	return err
}

func (f *FileSystem) walk(path string, info Info, visit func(string, Info, error) error) error {
	if err := visit(path, info, nil); err != nil || !info.IsDir() {
		if err == fs.SkipDir && info.IsDir() {
			return nil
		}
		return err
	}
	at := frame{mount: info.Mount, inode: info.Inode}
	if f.node(at) == nil {
		return nil
	}
	below, err := f.readDir(path, at)
	if err == nil && !f.identity.may(f.node(at), CanExecute) {
		err = refuse("stat", path, ErrPermission)
	}
	if err != nil {
		if err = visit(path, info, err); err == fs.SkipDir {
			return nil
		}
		if err != nil {
			return err
		}
	}
	for _, child := range below {
		if err := f.walk(join(path, child.Name), child, visit); err != nil {
			if errors.Is(err, fs.SkipDir) {
				return nil
			}
			return err
		}
	}
	return nil
}
