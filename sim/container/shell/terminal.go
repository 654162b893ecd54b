package shell

import "bytes"

// terminal is standard input: what has come and was not read. On a TTY it works by lines: only whole ones can be
// read, and a line is echoed when it is handed out, so that the output reads as it would on a screen.
type terminal struct {
	data   []byte
	end    bool
	echoed int // bytes at the front of data that were echoed
}

// eof is the byte of ^D.
const eof = 4

// typed appends input. On a TTY ^C interrupts at once and drops what was typed before.
func (m *machine) typed(data []byte, end bool) {
	in := &m.input
	in.end = in.end || end
	if !m.spec.TTY {
		in.data = append(in.data, data...)
		return
	}
	for _, c := range data {
		switch c {
		case '\r':
			in.data = append(in.data, '\n')
		case 3:
			in.data, in.echoed = nil, 0
			m.interrupted = true
			m.interrupt()
		default:
			in.data = append(in.data, c)
		}
	}
}

// line is the length of the first line that can be read, with its newline; end says that it is the end of input. Without newline
// a line ends at ^D, which is not part of it.
func (t *terminal) line() (n int, complete, end bool) {
	for i, c := range t.data {
		switch c {
		case '\n':
			return i + 1, true, false
		case eof:
			return i, true, i == 0
		}
	}
	return len(t.data), t.end, t.end && len(t.data) == 0
}

func (t *terminal) available(tty bool) (n int, end bool) {
	if !tty {
		return len(t.data), t.end
	}
	n, complete, end := t.line()
	if !complete {
		return 0, false
	}
	return n, end
}

// peek hands out what can be read, on a TTY one line.
func (t *terminal) peek(m *machine) ([]byte, bool) {
	if !m.spec.TTY {
		return t.data, t.end
	}
	n, complete, end := t.line()
	if !complete {
		return nil, false
	}
	if t.echoed < n && !m.silent {
		m.out.Write(1, visible(t.data[t.echoed:n]))
		t.echoed = n
	}
	if end && len(t.data) > 0 { // one ^D is one end of input
		t.data = t.data[1:]
	}
	return t.data[:n:n], end
}

// visible is how a terminal echoes control characters.
func visible(data []byte) []byte {
	if bytes.IndexFunc(data, func(r rune) bool { return r < 32 && r != '\n' && r != '\t' }) < 0 {
		return data
	}
	var out []byte
	for _, c := range data {
		if c < 32 && c != '\n' && c != '\t' {
			out = append(out, '^', c+64)
		} else {
			out = append(out, c)
		}
	}
	return out
}

func (t *terminal) consume(n int) {
	partial := n > 0 && t.data[n-1] != '\n'
	t.data = t.data[n:]
	t.echoed = max(0, t.echoed-n)
	if len(t.data) > 0 && partial && t.data[0] == eof {
		t.data = t.data[1:] // the ^D that ended the line
	}
}
