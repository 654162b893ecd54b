package storage

import (
	"io/fs"
	"time"
)

// FileSystem is what a process sees: a root and mounts, as one user. It is mutable scratch: a process runs on it,
// then the caller takes the changed trees out. It is not safe for use by several goroutines.
//
// Paths are absolute, or relative to the directory of In ("/" at first). Symbolic links are followed across mounts.
// Errors are *fs.PathError with the path as the caller gave it and an Errno.
type FileSystem struct{}

// NewFileSystem mounts the trees in order; the first must be the root. A missing mount point is made in the tree
// below it, as container runtimes do; that alone does not count as a change. now stamps modification times.
func NewFileSystem(mounts []Mount, identity Identity, now time.Time) *FileSystem { return nil }

// In is the same file system with relative paths starting at dir. Changes are seen by both.
// dir itself is looked up only when a path is used.
func (f *FileSystem) In(dir string) *FileSystem { return nil }

// As is the same file system seen by another user. Changes are seen by both.
func (f *FileSystem) As(identity Identity) *FileSystem { return nil }

// Directory is where relative paths start.
func (f *FileSystem) Directory() string { return "" }

// Identity is whose permissions count.
func (f *FileSystem) Identity() Identity { return Identity{} }

// SetNow sets the modification time of further changes, for every FileSystem that shares these mounts.
func (f *FileSystem) SetNow(now time.Time) {}

// Mounts are the mounts with their trees as they are now.
func (f *FileSystem) Mounts() []Mount { return nil }

// Changed are the indices of the mounts whose tree changed since NewFileSystem or Replace, ascending.
func (f *FileSystem) Changed() []int { return nil }

// Replace puts another state of a mount's tree in place, after it was committed or changed by others.
// It does not count as a change.
func (f *FileSystem) Replace(mount int, tree Tree) {}

// Stat describes a file, following links.
func (f *FileSystem) Stat(path string) (Info, error) { return Info{}, nil }

// Lstat describes a file; if it is a link, the link itself.
func (f *FileSystem) Lstat(path string) (Info, error) { return Info{}, nil }

// ReadFile is a copy of a file's content, which the caller may change.
func (f *FileSystem) ReadFile(path string) ([]byte, error) { return nil, nil }

// ReadText is a file's content without a copy.
func (f *FileSystem) ReadText(path string) (string, error) { return "", nil }

// WriteFile writes data to a file at its start, or at its end with Append. Write is implied.
// mode is for a new file; a umask is the caller's to apply.
func (f *FileSystem) WriteFile(path string, data []byte, mode fs.FileMode, flags Flag) error {
	return nil
}

// WriteAt writes data into an existing file from a byte offset on; a gap before it reads as zeros.
func (f *FileSystem) WriteAt(path string, data []byte, offset int64) error { return nil }

// Open gives a File, which stays with its file through renames and removal until Close.
func (f *FileSystem) Open(path string, flags Flag, mode fs.FileMode) (*File, error) { return nil, nil }

// Truncate makes a file size bytes long, filled up with zeros.
func (f *FileSystem) Truncate(path string, size int64) error { return nil }

// Mkdir makes a directory.
func (f *FileSystem) Mkdir(path string, mode fs.FileMode) error { return nil }

// MkdirAll makes a directory and its missing parents.
func (f *FileSystem) MkdirAll(path string, mode fs.FileMode) error { return nil }

// Remove removes a file, a link or an empty directory.
func (f *FileSystem) Remove(path string) error { return nil }

// RemoveAll removes a file, or a directory with everything in it. A missing path is no error.
// It stops at the first thing that cannot be removed; what was removed before stays removed.
func (f *FileSystem) RemoveAll(path string) error { return nil }

// Rename moves a file or directory, replacing a file or an empty directory of that name.
func (f *FileSystem) Rename(from, to string) error { return nil }

// Symlink makes a symbolic link at path that points to target.
func (f *FileSystem) Symlink(target, path string) error { return nil }

// Readlink is where a symbolic link points.
func (f *FileSystem) Readlink(path string) (string, error) { return "", nil }

// Link gives an existing file one more name.
func (f *FileSystem) Link(existing, path string) error { return nil }

// Chmod sets the permission, setuid, setgid and sticky bits.
func (f *FileSystem) Chmod(path string, mode fs.FileMode) error { return nil }

// Chown sets owner and group; -1 keeps one.
func (f *FileSystem) Chown(path string, uid, gid int) error { return nil }

// Lchown is Chown of a link itself.
func (f *FileSystem) Lchown(path string, uid, gid int) error { return nil }

// Chtimes sets the modification time.
func (f *FileSystem) Chtimes(path string, modified time.Time) error { return nil }

// ReadDir lists a directory, sorted by name, without "." and "..".
func (f *FileSystem) ReadDir(path string) ([]Info, error) { return nil, nil }

// Walk visits a path and, if it is a directory, everything below, names in byte order; links are not followed.
// visit gets path joined with what lies below it. fs.SkipDir and fs.SkipAll work as in fs.WalkDir;
// a directory that cannot be read is visited a second time with the error.
func (f *FileSystem) Walk(path string, visit func(path string, info Info, err error) error) error {
	return nil
}

// RealPath is the absolute path without links, "." and "..".
func (f *FileSystem) RealPath(path string) (string, error) { return "", nil }

// Access says by its error whether a file may be used in every way in want (CanRead | CanWrite | CanExecute; 0: it exists).
func (f *FileSystem) Access(path string, want int) error { return nil }
