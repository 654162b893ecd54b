package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/stsim/stsim/storage"
)

type kind uint8

const (
	kindFree    kind = iota
	kindNull         // /dev/null: empty, and swallows
	kindZero         // /dev/zero
	kindFull         // /dev/full: nothing can be written
	kindRandom       // /dev/urandom
	kindInput        // the standard input the process was given
	kindOutput       // the standard output or error the process was given
	kindFile         // a file of the container
	kindText         // a here-document
	kindPipe         // the reading end of a pipe, which holds its data
	kindPipeEnd      // the writing end
)

// description is an open file, shared by all descriptors that refer to it. Descriptors are indices into
// machine.descs, so that a copy of the machine needs no pointers changed.
type description struct {
	kind               kind
	refs               int
	readable, writable bool
	stream             int    // of kindOutput
	data               []byte // of kindPipe and kindText: not yet read
	writers            int    // of kindPipe: writing ends that are open
	pipe               int    // of kindPipeEnd
	room               int    // of kindPipe: what it holds beyond pipeSize, because its reader wants to see more at once
	capture            bool   // of kindPipe: nobody reads before the end, so it is never full
	path               string // of kindFile
	offset             int64
	appending          bool
	open               *storage.File // during a run: stays with the file when it is renamed or removed
}

// Bounds of pipes and of what is written.
const (
	pipeSize   = 16 << 10 // bytes at which a writer stops until the reader has read
	maxCapture = 4 << 20  // bytes that a command substitution may give
	maxPipe    = 16 << 20 // bytes in one pipe, when one command writes them at once
	maxMoved   = 32 << 20 // bytes written to files and pipes in one run
)

// add makes a description with one reference.
func (m *machine) add(d description) int {
	d.refs = 1
	for i := range m.descs {
		if m.descs[i].kind == kindFree {
			m.descs[i] = d
			return i
		}
	}
	m.descs = append(m.descs, d)
	return len(m.descs) - 1
}

// release gives one reference back.
func (m *machine) release(i int) {
	d := &m.descs[i]
	if d.refs--; d.refs > 0 {
		return
	}
	if d.open != nil {
		_ = d.open.Close()
	}
	if d.kind == kindPipeEnd {
		m.descs[d.pipe].writers--
		m.free(d.pipe)
	}
	if d.kind == kindPipe {
		d.data = nil
		m.free(i)
		return
	}
	*d = description{}
}

// free forgets a pipe that has neither readers nor writers.
func (m *machine) free(pipe int) {
	if d := &m.descs[pipe]; d.refs <= 0 && d.writers <= 0 {
		*d = description{}
	}
}

// install makes a descriptor of a process refer to a description, whose reference it takes.
func (m *machine) install(p *process, fd, desc int) {
	for len(p.fds) <= fd {
		p.fds = append(p.fds, -1)
	}
	if old := p.fds[fd]; old >= 0 {
		m.release(old)
	}
	p.fds[fd] = desc
}

// descriptor finds the description of a descriptor; -1 when it is closed.
func (p *process) descriptor(fd int) int {
	if fd < 0 || fd >= len(p.fds) {
		return -1
	}
	return p.fds[fd]
}

// full says whether a writer must stop before it writes more.
func (m *machine) full(desc int) bool {
	d := &m.descs[desc]
	if d.kind != kindPipeEnd {
		return false
	}
	pipe := &m.descs[d.pipe]
	return pipe.refs > 0 && !pipe.capture && len(pipe.data) >= pipeSize+pipe.room
}

// available is what can be read now: its length, and whether the end follows.
func (m *machine) available(desc int) (n int, end bool) {
	d := &m.descs[desc]
	switch d.kind {
	case kindInput:
		return m.input.available(m.spec.TTY)
	case kindPipe:
		return len(d.data), d.writers == 0
	case kindText:
		return len(d.data), true
	case kindZero, kindRandom:
		return deviceChunk, false
	case kindFile:
		return 1, true
	}
	return 0, true
}

const deviceChunk = 64 << 10

// peek gives what can be read now from a description, without taking it.
func (m *machine) peek(desc int) (data []byte, end bool) {
	d := &m.descs[desc]
	if !d.readable {
		return nil, true
	}
	switch d.kind {
	case kindInput:
		return m.input.peek(m)
	case kindPipe:
		return d.data, d.writers == 0
	case kindText:
		return d.data, true
	case kindZero:
		return make([]byte, deviceChunk), false
	case kindRandom:
		data = make([]byte, 4096)
		for i := range data {
			data[i] = byte(m.system.Choose("urandom", 256))
		}
		return data, false
	case kindFile:
		content, err := m.content(d)
		if err != nil || d.offset >= int64(len(content)) {
			return nil, true
		}
		return content[d.offset:], true
	}
	return nil, true
}

func (m *machine) content(d *description) ([]byte, error) {
	if d.open != nil {
		info, err := d.open.Stat()
		if err != nil {
			return nil, err
		}
		if _, err := d.open.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		data := make([]byte, info.Size)
		n, err := io.ReadFull(d.open, data)
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return data[:n], nil
		}
	}
	return m.files.ReadFile(d.path)
}

// consume takes n bytes that peek has shown.
func (m *machine) consume(desc, n int) {
	d := &m.descs[desc]
	switch d.kind {
	case kindInput:
		m.input.consume(n)
	case kindPipe, kindText:
		d.data = d.data[n:]
	case kindFile:
		d.offset += int64(n)
	}
	m.steps += n >> 12
}

// stop unwinds an applet that must not go on: its reader has gone, or a limit was passed.
type stop struct {
	m       *machine
	process *process
	why     string // for limits
}

// writer writes to a descriptor of a process. It implements io.Writer for applets: it never fails, but a write that must end
// the process panics with *stop, which whoever called the applet recovers.
type writer struct {
	m       *machine
	p       *process
	fd      int
	applets bool
}

// Write implements io.Writer.
func (w *writer) Write(data []byte) (int, error) {
	w.write(data)
	if w.applets && (w.p.brokenPipe || w.m.overflow() != "") {
		panic(&stop{m: w.m, process: w.p, why: w.m.overflow()})
	}
	return len(data), nil
}

// overflow says which limit of output was passed, if one was.
func (m *machine) overflow() string {
	switch {
	case m.tooMuch != "":
		return m.tooMuch
	case m.output > m.spec.Limits.Output:
		return fmt.Sprintf("after %d bytes of output", m.spec.Limits.Output)
	case m.moved > maxMoved:
		return fmt.Sprintf("after %d bytes written to files and pipes", maxMoved)
	}
	return ""
}

func (w *writer) write(data []byte) {
	if len(data) == 0 {
		return
	}
	m, p := w.m, w.p
	desc := p.descriptor(w.fd)
	if desc < 0 {
		p.writeError = "Bad file descriptor"
		return
	}
	m.steps += len(data) >> 12
	d := &m.descs[desc]
	if !d.writable {
		p.writeError = "Bad file descriptor"
		return
	}
	switch d.kind {
	case kindOutput:
		m.output += len(data)
		if over := m.output - m.spec.Limits.Output; over > 0 {
			data = data[:max(0, len(data)-over)]
		}
		if len(data) > 0 {
			m.out.Write(d.stream, data)
		}
	case kindPipeEnd:
		m.moved += len(data)
		pipe := &m.descs[d.pipe]
		limit := maxPipe
		if pipe.capture {
			limit = maxCapture
		}
		switch {
		case pipe.refs <= 0:
			p.brokenPipe = true
		case len(pipe.data)+len(data) > limit:
			m.tooMuch = fmt.Sprintf("at %d bytes in one pipe or command substitution", limit)
		default:
			pipe.data = append(pipe.data, data...)
		}
	case kindFile:
		m.moved += len(data)
		if m.moved <= maxMoved {
			m.writeFile(p, d, data)
		}
	case kindFull:
		p.writeError = storage.ErrNoSpace.Error()
	case kindText, kindPipe, kindInput:
		p.writeError = storage.ErrBadDescriptor.Error()
	}
}

// writeFile writes to a file. One that was removed since an earlier run has no name to be found by: what is written to it is lost with it.
func (m *machine) writeFile(p *process, d *description, data []byte) {
	if d.open == nil {
		f, err := m.files.Open(d.path, storage.Write|storage.Read, 0)
		if errors.Is(err, fs.ErrPermission) {
			f, err = m.files.Open(d.path, storage.Write, 0)
		}
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				p.writeError = reason(err)
			}
			return
		}
		d.open = f
	}
	whence := io.SeekStart
	offset := d.offset
	if d.appending {
		whence, offset = io.SeekEnd, 0
	}
	if at, err := d.open.Seek(offset, whence); err == nil {
		d.offset = at
	}
	n, err := d.open.Write(data)
	d.offset += int64(n)
	m.activity++
	if err != nil {
		p.writeError = reason(err)
	}
}

// closeFiles ends the use of the files that were open in this run; the next one finds them by name.
func (m *machine) closeFiles() {
	for i := range m.descs {
		if f := m.descs[i].open; f != nil {
			_ = f.Close()
			m.descs[i].open = nil
		}
	}
}

// reason is the POSIX text of an error.
func reason(err error) string {
	var errno storage.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

func itoa(n int) string { return strconv.Itoa(n) }
