package storage

import (
	"io/fs"
	"time"
)

// Bounds, so that no script can take the host's memory. A change beyond one of them is refused with the error named.
const (
	MaxFileSize   = 64 << 20  // bytes in one file; ErrTooLarge
	MaxTreeBytes  = 256 << 20 // bytes of content in one tree, also when Mount.Capacity is 0; ErrNoSpace
	MaxInodes     = 1 << 18   // files, directories and links in one tree; ErrNoSpace
	MaxOpenFiles  = 1024      // Files open at once on one FileSystem; ErrTooManyOpenFiles
	MaxNameLength = 255       // bytes in one name; ErrNameTooLong
	MaxPathLength = 4096      // bytes in one path; ErrNameTooLong
	MaxSymlinks   = 40        // links followed while one path is resolved; ErrLoop
)

// Mount puts one tree at a path of a FileSystem.
type Mount struct {
	Path     string // where it appears; "/" for the first
	Volume   string // the caller's key for where Tree came from; not interpreted
	Tree     Tree
	ReadOnly bool   // nothing may be changed through this mount, not even by root
	Capacity int64  // bytes of file content allowed; 0: MaxTreeBytes
	Taken    int64  // bytes of the capacity that something outside of Tree takes up
	Failing  bool   // what it lies on is broken: content and names can be neither read nor changed, ErrIO; what is known of a file still can
	SubPath  string // the part of Tree that appears at Path (a directory or a file); "" is all of it
	Source   string // first column of mount(8) and df(1), such as "overlay", "tmpfs", "/dev/vdb"
	Type     string // file system type, such as "overlay", "ext4", "tmpfs"
}

// Identity is whom a process runs as. UID 0 passes every permission check except those of read-only mounts.
type Identity struct {
	UID, GID int
	Groups   []int
}

// Info describes one file.
type Info struct {
	Name    string
	Inode   uint64
	Mode    fs.FileMode // type and permission bits, as in io/fs
	UID     int
	GID     int
	Size    int64 // bytes of content; of a symbolic link, the length of its target
	ModTime time.Time
	Links   int    // names of a file; 2 + subdirectories of a directory
	Device  string // the kind of a device node, such as "null"; "" for everything else
	Mount   int    // index into FileSystem.Mounts; two files are one when Mount and Inode are equal. 0 from a Tree
}

// IsDir says whether the file is a directory.
func (i Info) IsDir() bool { return i.Mode.IsDir() }

// FileInfo is the same as the standard library's interface.
func (i Info) FileInfo() fs.FileInfo { return fileInfo{i} }

// DirEntry is the same as the standard library's interface.
func (i Info) DirEntry() fs.DirEntry { return fs.FileInfoToDirEntry(fileInfo{i}) }

type fileInfo struct{ info Info }

func (i fileInfo) Name() string       { return i.info.Name }
func (i fileInfo) Size() int64        { return i.info.Size }
func (i fileInfo) Mode() fs.FileMode  { return i.info.Mode }
func (i fileInfo) ModTime() time.Time { return i.info.ModTime }
func (i fileInfo) IsDir() bool        { return i.info.IsDir() }
func (i fileInfo) Sys() any           { return i.info }

// Flag says how a file is opened or written. Combine with |.
type Flag uint8

// The flags, as open(2) has them.
const (
	Read      Flag = 1 << iota // the File may be read
	Write                      // the File may be written
	Append                     // every write goes to the end; implies Write
	Create                     // make the file when it is missing
	Exclusive                  // with Create: ErrExist when the file is there, even as a dangling link
	Truncate                   // empty an existing file first
)

// Permission bits for FileSystem.Access.
const (
	CanExecute = 1 << iota
	CanWrite
	CanRead
)
