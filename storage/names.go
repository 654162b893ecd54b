package storage

import (
	"errors"
	"io/fs"
	gopath "path"
)

// Mkdir makes a directory.
func (f *FileSystem) Mkdir(path string, mode fs.FileMode) error {
	to, err := f.resolve(path, false)
	if err == nil && to.found {
		err = ErrExist
	}
	if err == nil {
		_, err = f.create(to, inode{mode: fs.ModeDir | permissions(mode)})
	}
	return refuse("mkdir", path, err)
}

// MkdirAll makes a directory and its missing parents.
func (f *FileSystem) MkdirAll(path string, mode fs.FileMode) error {
	to, err := f.resolve(path, true)
	switch {
	case err == nil && to.found && f.node(to.at).isDir():
		return nil
	case err == nil && to.found:
		return refuse("mkdir", path, ErrNotDirectory)
	case err == nil:
		return f.Mkdir(path, mode)
	case !errors.Is(err, ErrNotExist) || path == "":
		return refuse("mkdir", path, err)
	}
	parent, last := gopath.Split(trimSlashes(path))
	if parent == "" {
		return refuse("mkdir", path, err)
	}
	if err := f.MkdirAll(parent, mode); err != nil {
		return err
	}
	if last == "." {
		return nil
	}
	err = f.Mkdir(path, mode)
	if errors.Is(err, ErrExist) {
		if info, failed := f.Stat(path); failed == nil && info.IsDir() {
			return nil
		}
	}
	return err
}

// Symlink makes a symbolic link at path that points to target.
func (f *FileSystem) Symlink(target, path string) error {
	to, err := f.resolve(path, false)
	switch {
	case target == "":
		err = ErrNotExist
	case len(target) > MaxPathLength:
		err = ErrNameTooLong
	case err != nil:
	case to.found:
		err = ErrExist
	case to.slash:
		err = ErrNotExist
	default:
		_, err = f.create(to, inode{mode: fs.ModeSymlink | 0o777, content: target})
	}
	return refuse("symlink", path, err)
}

// Link gives an existing file one more name.
func (f *FileSystem) Link(existing, path string) error {
	from, err := f.existing(existing, false)
	if err != nil {
		return refuse("link", existing, err)
	}
	to, err := f.resolve(path, false)
	if err != nil {
		return refuse("link", path, err)
	}
	return refuse("link", path, f.link(from, to))
}

func (f *FileSystem) link(from, to target) error {
	parent := to.parent()
	m := &f.mounts[parent.mount]
	switch {
	case to.found:
		return ErrExist
	case to.slash:
		return ErrNotExist
	case from.at.mount != parent.mount:
		return ErrCrossDevice
	case f.node(from.at).isDir():
		return ErrNotPermitted
	}
	if err := f.mayChangeNames(parent); err != nil {
		return err
	}
	if m.Tree.names() >= MaxInodes {
		return ErrNoSpace
	}
	m.Tree = m.Tree.change(from.at.inode, func(n *inode) { n.links++ }).enter(parent.inode, to.name, from.at.inode, f.now)
	return nil
}

// Remove removes a file, a link or an empty directory.
func (f *FileSystem) Remove(path string) error {
	to, err := f.existing(path, false)
	if err == nil {
		err = f.mayRemove(to)
	}
	if err == nil && f.node(to.at).isDir() && !f.mounts[to.at.mount].Tree.isEmpty(to.at.inode) {
		err = ErrNotEmpty
	}
	if err == nil {
		f.remove(to.parent(), to.at)
	}
	return refuse("remove", path, err)
}

// RemoveAll removes a file, or a directory with everything in it. A missing path is no error.
// It stops at the first thing that cannot be removed; what was removed before stays removed.
func (f *FileSystem) RemoveAll(path string) error {
	to, err := f.existing(path, false)
	if errors.Is(err, ErrNotExist) && path != "" {
		return nil
	}
	if err != nil {
		return refuse("remove", path, err)
	}
	return f.removeAll(path, to)
}

func (f *FileSystem) removeAll(path string, to target) error {
	if node := f.node(to.at); node.isDir() {
		below, err := f.list(to.at)
		if err != nil {
			return refuse("open", path, err)
		}
		parents := append(append(make([]frame, 0, len(to.parents)+1), to.parents...), to.at)
		for _, child := range below {
			if err := f.removeAll(join(path, child.name), target{parents: parents, name: child.name, at: child, found: true}); err != nil {
				return err
			}
		}
	}
	if err := f.mayRemove(to); err != nil {
		return refuse("remove", path, err)
	}
	f.remove(to.parent(), to.at)
	return nil
}

// mayRemove says whether a name may be taken away; whether a directory is empty is the caller's to check.
func (f *FileSystem) mayRemove(to target) error {
	parent := to.parent()
	switch {
	case to.mountPoint() || to.at == parent && len(to.parents) == 1:
		return ErrBusy
	case to.name == "":
		return ErrInvalid
	}
	if err := f.mayChangeNames(parent); err != nil {
		return err
	}
	if directory := f.node(parent); directory.mode&fs.ModeSticky != 0 && !f.identity.owns(directory) && !f.identity.owns(f.node(to.at)) {
		return ErrNotPermitted
	}
	return nil
}

// remove takes a name away and keeps the file aside if it is open and this was its last name.
func (f *FileSystem) remove(parent, at frame) {
	m := &f.mounts[at.mount]
	if node := f.node(at); node.isDir() || node.links == 1 {
		for _, open := range f.opened {
			if open.at == (place{at.mount, at.inode}) {
				f.orphan(open)
			}
		}
	}
	m.Tree = m.Tree.remove(parent.inode, at.name, f.now)
}

// Rename moves a file or directory, replacing a file or an empty directory of that name.
func (f *FileSystem) Rename(from, to string) error {
	source, err := f.resolve(from, false)
	if err != nil {
		return refuse("rename", from, err)
	}
	destination, err := f.resolve(to, false)
	if err != nil {
		return refuse("rename", to, err)
	}
	return refuse("rename", from, f.rename(source, destination))
}

func (f *FileSystem) rename(source, destination target) error {
	from, to := source.parent(), destination.parent()
	switch {
	case !source.found:
		return ErrNotExist
	case source.name == "" || destination.name == "" || source.mountPoint() || destination.mountPoint():
		return ErrBusy
	case from.mount != to.mount:
		return ErrCrossDevice
	}
	moved := f.node(source.at)
	if !moved.isDir() && destination.slash {
		return ErrNotDirectory
	}
	if moved.isDir() {
		for _, parent := range destination.parents {
			if parent.mount == source.at.mount && parent.inode == source.at.inode {
				return ErrInvalid
			}
		}
	}
	if err := f.mayRemove(source); err != nil {
		return err
	}
	if err := f.mayChangeNames(to); err != nil {
		return err
	}
	if moved.isDir() && from.inode != to.inode && !f.identity.may(moved, CanWrite) {
		return ErrPermission
	}
	if destination.found {
		if destination.at.inode == source.at.inode {
			return nil
		}
		if err := f.mayReplace(destination, moved); err != nil {
			return err
		}
		f.remove(to, destination.at)
	}
	m := &f.mounts[from.mount]
	m.Tree = m.Tree.leave(from.inode, source.name, f.now).enter(to.inode, destination.name, source.at.inode, f.now)
	return nil
}

// mayReplace says whether a rename may remove what bears the new name.
func (f *FileSystem) mayReplace(to target, moved *inode) error {
	replaced := f.node(to.at)
	switch {
	case moved.isDir() && !replaced.isDir():
		return ErrNotDirectory
	case !moved.isDir() && replaced.isDir():
		return ErrIsDirectory
	case replaced.isDir() && !f.mounts[to.at.mount].Tree.isEmpty(to.at.inode):
		return ErrNotEmpty
	}
	return f.mayRemove(to)
}

func trimSlashes(path string) string {
	for len(path) > 1 && path[len(path)-1] == '/' {
		path = path[:len(path)-1]
	}
	return path
}
