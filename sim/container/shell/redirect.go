package shell

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
	"mvdan.cc/sh/v3/syntax"
)

// redirector makes the redirections of a command, and undoes them.
type redirector struct {
	next int
	old  []savedDescriptor
}

// savedDescriptor is what a descriptor referred to before; -1 is closed.
type savedDescriptor struct{ fd, desc int }

type redirectResult uint8

const (
	redirectDone   redirectResult = iota
	redirectAgain                 // a command substitution is under way
	redirectFailed                // with a message
)

func (r redirector) clone() redirector {
	r.old = r.old[:len(r.old):len(r.old)]
	return r
}

// set replaces a descriptor and keeps what it was.
func (r *redirector) set(m *machine, p *process, fd, desc int) {
	r.old = append(r.old, savedDescriptor{fd, p.descriptor(fd)})
	for len(p.fds) <= fd {
		p.fds = append(p.fds, -1)
	}
	p.fds[fd] = desc
}

func (r *redirector) undo(m *machine, p *process) {
	for i := len(r.old) - 1; i >= 0; i-- {
		o := r.old[i]
		if now := p.fds[o.fd]; now >= 0 {
			m.release(now)
		}
		p.fds[o.fd] = o.desc
	}
	r.old = nil
}

// forget makes the redirections stay.
func (r *redirector) forget(m *machine) {
	for _, o := range r.old {
		if o.desc >= 0 {
			m.release(o.desc)
		}
	}
	r.old = nil
}

func (r *redirector) apply(m *machine, p *process, list []*syntax.Redirect) redirectResult {
	for r.next < len(list) {
		if result := r.one(m, p, list[r.next]); result != redirectDone {
			return result
		}
		r.next++
	}
	return redirectDone
}

const maxDescriptor = 255

func (r *redirector) one(m *machine, p *process, x *syntax.Redirect) redirectResult {
	fd := 1
	switch x.Op {
	case syntax.RdrIn, syntax.RdrInOut, syntax.DplIn, syntax.Hdoc, syntax.DashHdoc, syntax.WordHdoc:
		fd = 0
	}
	if x.N != nil {
		n, err := strconv.Atoi(x.N.Value)
		if err != nil || n > maxDescriptor {
			m.complain(p, "%s: bad file descriptor", x.N.Value)
			return redirectFailed
		}
		fd = n
	}
	switch x.Op {
	case syntax.Hdoc, syntax.DashHdoc:
		body, ok := r.body(m, p, x)
		if !ok {
			return redirectAgain
		}
		r.set(m, p, fd, m.add(description{kind: kindText, data: []byte(body), readable: true}))
		return redirectDone
	}
	word, ok := m.literal(p, x.Word)
	if !ok {
		return redirectAgain
	}
	switch x.Op {
	case syntax.WordHdoc:
		r.set(m, p, fd, m.add(description{kind: kindText, data: []byte(word + "\n"), readable: true}))
	case syntax.DplIn, syntax.DplOut:
		return r.duplicate(m, p, x, fd, word)
	case syntax.RdrAll, syntax.AppAll, syntax.RdrAllClob, syntax.AppAllClob:
		return r.both(m, p, x, word)
	default:
		desc, message := m.open(p, x.Op, word)
		if message != "" {
			m.complain(p, "%s", message)
			return redirectFailed
		}
		r.set(m, p, fd, desc)
	}
	return redirectDone
}

// body is the text of a here-document: expanded, unless its delimiter is quoted.
func (r *redirector) body(m *machine, p *process, x *syntax.Redirect) (string, bool) {
	if x.Hdoc == nil {
		return "", true
	}
	word := x.Hdoc
	if x.Op == syntax.DashHdoc {
		word = withoutTabs(word)
	}
	for _, part := range x.Word.Parts {
		if lit, ok := part.(*syntax.Lit); !ok || strings.Contains(lit.Value, "\\") {
			var b strings.Builder
			for _, p := range word.Parts {
				if lit, ok := p.(*syntax.Lit); ok {
					b.WriteString(lit.Value)
				}
			}
			return b.String(), true
		}
	}
	return m.document(p, word)
}

// withoutTabs removes the tabs at the beginning of each line of a here-document.
func withoutTabs(word *syntax.Word) *syntax.Word {
	c := &syntax.Word{Parts: make([]syntax.WordPart, len(word.Parts))}
	start := true
	for i, part := range word.Parts {
		c.Parts[i] = part
		lit, ok := part.(*syntax.Lit)
		if !ok {
			start = false
			continue
		}
		var b strings.Builder
		for line := range strings.Lines(lit.Value) {
			if start {
				line = strings.TrimLeft(line, "\t")
			}
			b.WriteString(line)
			start = strings.HasSuffix(line, "\n")
		}
		c.Parts[i] = &syntax.Lit{Value: b.String(), ValuePos: lit.ValuePos, ValueEnd: lit.ValueEnd}
	}
	return c
}

// duplicate is n>&m and n<&m.
func (r *redirector) duplicate(m *machine, p *process, x *syntax.Redirect, fd int, word string) redirectResult {
	if word == "-" {
		r.set(m, p, fd, -1)
		return redirectDone
	}
	source, move := strings.CutSuffix(word, "-")
	n, err := strconv.Atoi(source)
	if err != nil {
		if x.Op == syntax.DplOut && x.N == nil && !move {
			return r.both(m, p, x, word) // >&file
		}
		m.complain(p, "%s: bad file descriptor", word)
		return redirectFailed
	}
	desc := p.descriptor(n)
	if desc < 0 {
		m.complain(p, "%d: Bad file descriptor", n)
		return redirectFailed
	}
	m.descs[desc].refs++
	r.set(m, p, fd, desc)
	if move && n != fd {
		r.set(m, p, n, -1)
	}
	return redirectDone
}

// both is &> and &>>: standard output and error.
func (r *redirector) both(m *machine, p *process, x *syntax.Redirect, word string) redirectResult {
	op := syntax.RdrOut
	if x.Op == syntax.AppAll || x.Op == syntax.AppAllClob {
		op = syntax.AppOut
	}
	desc, message := m.open(p, op, word)
	if message != "" {
		m.complain(p, "%s", message)
		return redirectFailed
	}
	r.set(m, p, 1, desc)
	m.descs[desc].refs++
	r.set(m, p, 2, desc)
	return redirectDone
}

// open opens a file for a redirection; message says why it could not.
func (m *machine) open(p *process, op syntax.RedirOperator, name string) (desc int, message string) {
	creating := op != syntax.RdrIn
	fail := func(why string) (int, string) {
		switch {
		case p.shell.bash:
			return -1, name + ": " + why
		case creating && why == storage.ErrNotExist.Error():
			return -1, "can't create " + name + ": nonexistent directory"
		case creating:
			return -1, "can't create " + name + ": " + why
		case why == storage.ErrNotExist.Error():
			return -1, "can't open " + name + ": no such file"
		}
		return -1, "can't open " + name + ": " + why
	}
	if name == "" {
		return fail(storage.ErrNotExist.Error())
	}
	full := p.shell.absolute(name)
	clean := path.Clean(full)
	if strings.HasPrefix(clean, "/dev/tcp/") || strings.HasPrefix(clean, "/dev/udp/") {
		return -1, name + ": network redirections are not simulated; use nc or curl"
	}
	switch clean {
	case "/dev/stdin":
		return m.reopen(p, 0, name)
	case "/dev/stdout":
		return m.reopen(p, 1, name)
	case "/dev/stderr":
		return m.reopen(p, 2, name)
	}
	if fd, ok := strings.CutPrefix(clean, "/dev/fd/"); ok {
		if n, err := strconv.Atoi(fd); err == nil {
			return m.reopen(p, n, name)
		}
	}
	info, err := m.files.Stat(full)
	if errors.Is(err, fs.ErrNotExist) && clean == "/dev/null" {
		return m.add(description{kind: kindNull, readable: true, writable: true}), "" // an image without devices gets this one
	}
	if err == nil && info.Mode&fs.ModeDevice != 0 {
		return m.device(p, op, full, name, info.Device)
	}
	d := description{kind: kindFile, path: full, readable: op == syntax.RdrIn || op == syntax.RdrInOut,
		writable: op != syntax.RdrIn, appending: op == syntax.AppOut || op == syntax.AppClob}
	var flags storage.Flag
	switch op {
	case syntax.RdrIn:
		flags = storage.Read
	case syntax.RdrInOut:
		flags = storage.Read | storage.Write | storage.Create
	case syntax.AppOut, syntax.AppClob:
		flags = storage.Append | storage.Create
	default:
		flags = storage.Write | storage.Create | storage.Truncate
		if p.shell.options.noclobber && op != syntax.RdrClob && err == nil && info.Mode.IsRegular() {
			if p.shell.bash {
				return -1, name + ": cannot overwrite existing file"
			}
			return fail(storage.ErrExist.Error())
		}
	}
	if err == nil && info.IsDir() {
		if creating {
			return fail(storage.ErrIsDirectory.Error())
		}
		d.kind = kindNull // reading a directory fails later; it is empty here
		return m.add(d), ""
	}
	f, err := m.files.Open(full, flags, fs.FileMode(0o666&^p.shell.umask))
	if err != nil {
		return fail(reason(err))
	}
	d.open = f
	m.activity++
	return m.add(d), ""
}

// device opens a device node.
func (m *machine) device(p *process, op syntax.RedirOperator, full, name, device string) (int, string) {
	want := storage.CanRead
	if op != syntax.RdrIn {
		want = storage.CanWrite
	}
	if err := m.files.Access(full, want); err != nil {
		return -1, "can't open " + name + ": " + reason(err)
	}
	d := description{readable: true, writable: true}
	switch device {
	case "null":
		d.kind = kindNull
	case "zero":
		d.kind = kindZero
	case "full":
		d.kind = kindFull
	case "random", "urandom":
		d.kind = kindRandom
	case "stdin":
		return m.reopen(p, 0, name)
	case "stdout":
		return m.reopen(p, 1, name)
	case "stderr":
		return m.reopen(p, 2, name)
	case "tty":
		if !m.spec.TTY {
			return -1, "can't open " + name + ": " + storage.ErrNoDevice.Error()
		}
		if op == syntax.RdrIn {
			d.kind = kindInput
		} else {
			d.kind, d.stream = kindOutput, 1
		}
	default:
		return -1, name + ": this device is not simulated"
	}
	return m.add(d), ""
}

// reopen is /dev/fd/N and its like: one more reference to what is open.
func (m *machine) reopen(p *process, fd int, name string) (int, string) {
	desc := p.descriptor(fd)
	if desc < 0 {
		return -1, "can't open " + name + ": no such file"
	}
	m.descs[desc].refs++
	return desc, ""
}

// absolute is a path seen from the shell's working directory.
func (s *shell) absolute(name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	if s.dir == "/" {
		return "/" + name
	}
	return s.dir + "/" + name
}
