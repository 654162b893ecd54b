package storage

import "io/fs"

// Errno is the reason why a file operation was refused. Its text is the one POSIX systems print (strerror),
// because programs in containers show it to people. Operations return it wrapped in an *fs.PathError;
// errors.Is(err, fs.ErrNotExist), fs.ErrExist and fs.ErrPermission also work.
type Errno uint8

// The reasons, each with its customary name in a comment.
const (
	ErrPermission       Errno = iota + 1 // EACCES
	ErrNotPermitted                      // EPERM
	ErrNotExist                          // ENOENT
	ErrExist                             // EEXIST
	ErrNotDirectory                      // ENOTDIR
	ErrIsDirectory                       // EISDIR
	ErrNotEmpty                          // ENOTEMPTY
	ErrInvalid                           // EINVAL
	ErrLoop                              // ELOOP
	ErrNameTooLong                       // ENAMETOOLONG
	ErrNoSpace                           // ENOSPC
	ErrReadOnly                          // EROFS
	ErrCrossDevice                       // EXDEV
	ErrBusy                              // EBUSY
	ErrTooLarge                          // EFBIG
	ErrBadDescriptor                     // EBADF
	ErrNoDevice                          // ENXIO: the file is a device; whoever opens it does its reads and writes
	ErrTooManyOpenFiles                  // EMFILE
	ErrIO                                // EIO
)

var errnoText = [...]string{
	ErrPermission:       "Permission denied",
	ErrNotPermitted:     "Operation not permitted",
	ErrNotExist:         "No such file or directory",
	ErrExist:            "File exists",
	ErrNotDirectory:     "Not a directory",
	ErrIsDirectory:      "Is a directory",
	ErrNotEmpty:         "Directory not empty",
	ErrInvalid:          "Invalid argument",
	ErrLoop:             "Too many levels of symbolic links",
	ErrNameTooLong:      "File name too long",
	ErrNoSpace:          "No space left on device",
	ErrReadOnly:         "Read-only file system",
	ErrCrossDevice:      "Invalid cross-device link",
	ErrBusy:             "Device or resource busy",
	ErrTooLarge:         "File too large",
	ErrBadDescriptor:    "Bad file descriptor",
	ErrNoDevice:         "No such device or address",
	ErrTooManyOpenFiles: "Too many open files",
	ErrIO:               "Input/output error",
}

// Error is the POSIX text.
func (e Errno) Error() string {
	if e == 0 || int(e) >= len(errnoText) {
		return "Unknown error"
	}
	return errnoText[e]
}

// Is lets errors.Is find the matching io/fs errors, so that callers need not know this type.
func (e Errno) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e == ErrNotExist
	case fs.ErrExist:
		return e == ErrExist || e == ErrNotEmpty
	case fs.ErrPermission:
		return e == ErrPermission || e == ErrNotPermitted
	case fs.ErrInvalid:
		return e == ErrInvalid
	}
	return false
}
