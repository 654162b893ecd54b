// Package storage holds what volumes are made of, as pure functions over immutable values.
//
// # Files
//
// A [Tree] is one volume or one image's root: an immutable table of inodes. A [FileSystem] mounts trees at paths and
// gives a process the operations it knows from POSIX, with POSIX's error texts. When the process is through,
// the caller takes the trees that changed and stores them; the old ones are still what they were, which is what makes
// a snapshot of a whole cluster free.
//
// Not simulated: access times, ownership by capability, extended attributes, named pipes, sockets, memory mapping.
package storage
