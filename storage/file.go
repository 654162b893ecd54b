package storage

// File is an open file with a position. It stays with its file through renames and removal.
// Devices can be opened too, but their Read and Write are ErrNoDevice: look at Info.Device and act on it.
type File struct{}

// Stat describes the file. Its Name is the last element of the path it was opened by.
func (o *File) Stat() (Info, error) { return Info{}, nil }

// Read implements io.Reader.
func (o *File) Read(buffer []byte) (int, error) { return 0, nil }

// Write implements io.Writer. A write that no longer fits writes nothing.
func (o *File) Write(data []byte) (int, error) { return 0, nil }

// Seek implements io.Seeker.
func (o *File) Seek(offset int64, whence int) (int64, error) { return 0, nil }

// Truncate makes the file size bytes long.
func (o *File) Truncate(size int64) error { return nil }

// Close ends the use of the file; a second Close is ErrBadDescriptor.
func (o *File) Close() error { return nil }
