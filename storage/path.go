package storage

import (
	"strings"
)

// frame is one directory (or at the end, one file) on the way from the root.
type frame struct {
	mount int
	inode uint64
	name  string
}

// target is what a path leads to.
type target struct {
	parents []frame // from the root down to the directory that holds name; never empty
	name    string  // the last element; "" if that was "/", "." or "..", which can neither be made nor removed
	at      frame   // the file, with found
	found   bool
	slash   bool // the path demanded a directory by ending in "/"
}

func (t target) parent() frame { return t.parents[len(t.parents)-1] }

// mountPoint says whether the file is the root of a mount, which must not be removed or renamed.
func (t target) mountPoint() bool { return t.found && t.at.mount != t.parent().mount }

// resolve walks a path. A missing last element is no error here. follow says whether a link as the last element
// is followed; before further elements or a final "/" it always is.
//
// ".." leads to the directory one came from, across mounts, and stays at the root.
func (f *FileSystem) resolve(path string, follow bool) (target, error) {
	return f.descend(make([]frame, 0, usualDepth), path, follow)
}

// usualDepth is how many frames nearly all paths take.
const usualDepth = 16

// descend is resolve with room for the way from the root. Who does not give the target away has it on the stack.
func (f *FileSystem) descend(stack []frame, path string, follow bool) (target, error) {
	if path == "" {
		return target{}, ErrNotExist
	}
	if path[0] != '/' {
		path = f.dir + "/" + path
	}
	if len(path) > MaxPathLength {
		return target{}, ErrNameTooLong
	}
	root := f.cross(frame{mount: 0, inode: f.mounts[0].root, name: ""})
	stack = append(stack, root)
	links := 0
	slash, named := true, false // about the last element so far: "/" was after it; it was a name
	rest := path
	for {
		slash = slash || strings.HasPrefix(rest, "/")
		rest = strings.TrimLeft(rest, "/")
		if rest == "" {
			break
		}
		element, tail := rest, ""
		if cut := strings.IndexByte(rest, '/'); cut >= 0 {
			element, tail = rest[:cut], rest[cut:]
		}
		slash, named = false, false
		rest = tail
		here := stack[len(stack)-1]
		node := f.node(here)
		if !node.isDir() {
			return target{}, ErrNotDirectory
		}
		if !f.identity.may(node, CanExecute) {
			return target{}, ErrPermission
		}
		switch {
		case element == ".":
			continue
		case element == "..":
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
			continue
		case len(element) > MaxNameLength:
			return target{}, ErrNameTooLong
		case strings.IndexByte(element, 0) >= 0:
			return target{}, ErrInvalid
		}
		last := strings.Trim(rest, "/") == ""
		number, ok := f.mounts[here.mount].Tree.child(here.inode, element)
		if !ok {
			if !last {
				return target{}, ErrNotExist
			}
			return target{parents: stack, name: element, slash: rest != ""}, nil
		}
		next := f.cross(frame{mount: here.mount, inode: number, name: element})
		if node := f.node(next); node.isLink() && (follow || rest != "") {
			if links++; links > MaxSymlinks {
				return target{}, ErrLoop
			}
			if node.content == "" {
				return target{}, ErrNotExist
			}
			if node.content[0] == '/' {
				stack = append(stack[:0], root)
			}
			rest = node.content + rest
			continue
		}
		named = true
		stack = append(stack, next)
	}
	at := stack[len(stack)-1]
	if slash && !f.node(at).isDir() {
		return target{}, ErrNotDirectory
	}
	if !named || len(stack) == 1 {
		return target{parents: stack, at: at, found: true}, nil
	}
	return target{parents: stack[:len(stack)-1], name: at.name, at: at, found: true, slash: slash}, nil
}

// locate finds a file that is there.
func (f *FileSystem) locate(path string, follow bool) (at frame, err error) {
	var room [usualDepth]frame
	to, err := f.descend(room[:0], path, follow)
	if err == nil && !to.found {
		err = ErrNotExist
	}
	return to.at, err
}

// existing is resolve for operations that need the file to be there.
func (f *FileSystem) existing(path string, follow bool) (target, error) {
	to, err := f.resolve(path, follow)
	if err == nil && !to.found {
		err = ErrNotExist
	}
	return to, err
}

// cross goes from a mount point to the root of what is mounted there.
func (f *FileSystem) cross(at frame) frame {
	for {
		mount, ok := f.points[place{at.mount, at.inode}]
		if !ok {
			return at
		}
		at.mount, at.inode = mount, f.mounts[mount].root
	}
}

func (f *FileSystem) node(at frame) *inode { return f.mounts[at.mount].Tree.inode(at.inode) }

// may says whether the file's mode allows everything in want.
func (i Identity) may(node *inode, want int) bool {
	if i.UID == 0 {
		return want&CanExecute == 0 || node.isDir() || node.mode&0o111 != 0
	}
	bits := int(node.mode.Perm())
	switch {
	case i.UID == node.uid:
		bits >>= 6
	case i.inGroup(node.gid):
		bits >>= 3
	}
	return bits&want == want
}

func (i Identity) inGroup(gid int) bool {
	if i.GID == gid {
		return true
	}
	for _, group := range i.Groups {
		if group == gid {
			return true
		}
	}
	return false
}

// owns says whether the identity may change what only the owner may.
func (i Identity) owns(node *inode) bool { return i.UID == 0 || i.UID == node.uid }
