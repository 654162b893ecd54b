package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
)

// File is a journal on disk that goes on. It is locked until it is closed. Its methods are safe for concurrent use.
type File struct {
	mu      sync.Mutex
	done    *sync.Cond // a sync has ended
	file    *os.File
	pending []byte    // not yet handed to the operating system
	last    sim.Point // of the newest record
	next    uint32    // number of the next record
	synced  uint32    // records before this one are on the disk
	syncing bool
	failure error
	failed  chan struct{} // closed with the failure
}

// LockedError says that another process writes the journal.
type LockedError struct{ Path string }

// Error implements [error].
func (e *LockedError) Error() string { return e.Path + " is being written by another stsim" }

// Open locks a journal and reads it; take is given each record in order. What is torn at the end is cut off, and its length in bytes given
// back. When there is no file yet, or an empty one, the file is nil: make it with Create.
//
// Errors: take's; a [LockedError]; a [FormatError] or [DamagedError]; what the operating system says. After an error the file is as it was.
func Open(path string, begin func(Header) error, take func(sim.Recorded) error) (opened *File, torn int64, err error) {
	file, size, err := openLocked(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if opened == nil {
			_ = file.Close() // nothing was written
		}
	}()
	if size == 0 {
		return nil, 0, nil
	}
	reader, last, err := readAll(file, size, begin, take)
	if err != nil {
		return nil, 0, err
	}
	if torn = reader.Torn(); torn > 0 {
		if err := file.Truncate(reader.Offset()); err != nil {
			return nil, torn, err
		}
		if err := file.Sync(); err != nil {
			return nil, torn, err
		}
	}
	if _, err := file.Seek(reader.Offset(), 0); err != nil {
		return nil, torn, err
	}
	return newFile(file, reader.Number(), last), torn, nil
}

// readAll gives all of a journal to those who want it.
func readAll(file *os.File, size int64, begin func(Header) error, take func(sim.Recorded) error) (*Reader, sim.Point, error) {
	reader, err := NewReader(file, size)
	if err != nil {
		return nil, sim.Point{}, err
	}
	if err := begin(reader.Header); err != nil {
		return nil, sim.Point{}, err
	}
	last, err := reader.Each(take)
	return reader, last, err
}

// Create makes a journal with its first records, whole or not at all, and locks it. An empty file of that name is replaced.
//
// Errors: a file of that name holds something; a [LockedError]; what the operating system says.
func Create(path string, header Header, first []sim.Recorded) (*File, error) {
	data, err := Begin(header)
	if err != nil {
		return nil, err
	}
	var last sim.Point
	for i, recorded := range first {
		if data, err = Append(data, uint32(i+1), recorded); err != nil {
			return nil, err
		}
		last = recorded.Point
	}
	// The lock of the name keeps others from making it at the same time; the lock of the new file holds from then on.
	name, size, err := openLocked(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	defer func() { _ = name.Close() }() // it is empty
	if size > 0 {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrExist)
	}
	file, err := writeNew(path, data)
	if err != nil {
		return nil, err
	}
	return newFile(file, uint32(len(first)+1), last), nil
}

// writeNew puts a whole file in the place of a name.
func writeNew(path string, data []byte) (file *os.File, err error) {
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if file, err = os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return nil, err
	}
	if err = lock(file); err == nil {
		_, err = file.Write(data)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		_ = file.Close()
		_ = os.Remove(temporary)
		return nil, err
	}
	return file, nil
}

// openLocked opens a file for this process alone.
func openLocked(path string, flag int) (file *os.File, size int64, err error) {
	if file, err = os.OpenFile(path, flag, 0o600); err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s: expected a file, found %s", path, describe(info.Mode()))
	default:
		if err = lock(file); errors.Is(err, errLocked) {
			err = &LockedError{Path: path}
		}
	}
	if err == nil {
		info, err = file.Stat() // whoever had the lock may have written
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

func describe(mode fs.FileMode) string {
	if mode.IsDir() {
		return "a directory"
	}
	return "a device or a pipe"
}

// syncFolder makes a renaming lasting.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	_ = folder.Close()
	return err
}

func newFile(file *os.File, next uint32, last sim.Point) *File {
	f := &File{file: file, next: next, synced: next, last: last, failed: make(chan struct{})}
	f.done = sync.NewCond(&f.mu)
	return f
}

// Append adds a record. It is on the disk when Wait says so.
func (f *File) Append(recorded sim.Recorded) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.append(recorded)
}

func (f *File) append(recorded sim.Recorded) {
	if f.failure != nil {
		return
	}
	data, err := Append(f.pending, f.next, recorded)
	if err != nil {
		f.fail(err)
		return
	}
	f.pending, f.last = data, recorded.Point
	f.next++
}

// quiet is how much virtual time may go by without a mark while nothing happens.
const quiet = time.Second

// Mark adds a mark if something has happened since the newest record, or a second has gone by, and gives the number to wait for.
func (f *File) Mark(here sim.Point) (number uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if here.Events != f.last.Events || here.Revision != f.last.Revision || here.At.Sub(f.last.At) >= quiet {
		f.append(sim.Recorded{Point: here})
	}
	return f.next
}

// Last is the point of the newest record.
func (f *File) Last() sim.Point {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// Wait returns when all records before a number are on the disk. Those who wait at the same time share one fsync.
//
// Errors: they will never be there, because writing has failed once.
func (f *File) Wait(number uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.synced < number && f.failure == nil {
		if f.syncing {
			f.done.Wait()
			continue
		}
		f.sync()
	}
	if f.synced < number || f.failure != nil {
		return f.failure
	}
	return nil
}

// sync brings what is pending to the disk. The lock is held, but not while the disk works.
func (f *File) sync() {
	data, until := f.pending, f.next
	f.pending, f.syncing = nil, true
	f.mu.Unlock()
	_, err := f.file.Write(data)
	if err == nil {
		err = f.file.Sync()
	}
	f.mu.Lock()
	f.syncing = false
	if err != nil {
		f.fail(err)
	} else {
		f.synced = until
		if f.pending == nil {
			f.pending = data[:0]
		}
	}
	f.done.Broadcast()
}

// fail notes that nothing can be written any more. The lock is held.
func (f *File) fail(err error) {
	if f.failure == nil {
		f.failure = err
		close(f.failed)
	}
}

// Failed is closed when nothing can be written any more; then Failure says why.
func (f *File) Failed() <-chan struct{} { return f.failed }

// Failure is why nothing can be written any more, nil as long as all is well.
func (f *File) Failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failure
}

// Sync brings all records to the disk.
//
// Errors: those of Wait.
func (f *File) Sync() error {
	f.mu.Lock()
	next := f.next
	f.mu.Unlock()
	return f.Wait(next)
}

// Close writes what is pending, and unlocks the file.
func (f *File) Close() error { return errors.Join(f.Sync(), f.file.Close()) }

// ReadFile reads a journal that another process may be writing: as far as it is whole at this moment. The file is left as it is.
func ReadFile(path string) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: expected a file, found %s", path, describe(info.Mode()))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return NewReader(bytes.NewReader(data), int64(len(data)))
}
