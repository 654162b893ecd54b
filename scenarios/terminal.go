package scenarios

import (
	"io"
	"strings"
	"sync"
)

// terminal is what the person of a page sits at: it collects what is printed and holds what is typed. Programs read and write it from
// goroutines of their own.
type terminal struct {
	mu      sync.Mutex
	show    func(text string) // called with everything printed, at once
	lines   []string          // complete lines of the current command
	partial strings.Builder   // the line that has not ended yet
	typed   []byte
	closed  bool // Ctrl-D was typed
	readers int  // programs that wait for input
	more    *sync.Cond
	total   int
	limit   int
	tooMuch func() // called once when the command has printed more than limit
}

// maxCommandOutput bounds what one command may print: more is an endless loop, and no page could show it.
const maxCommandOutput = 4 << 20

func newTerminal(show func(string)) *terminal {
	t := &terminal{show: show, limit: maxCommandOutput}
	t.more = sync.NewCond(&t.mu)
	return t
}

// begin makes the terminal ready for the next command.
func (t *terminal) begin(tooMuch func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines, t.typed, t.closed, t.total, t.tooMuch = nil, nil, false, 0, tooMuch
	t.partial.Reset()
}

// Write prints, as a program does; both streams of a program come here.
func (t *terminal) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total += len(data); t.total > t.limit {
		if t.tooMuch != nil {
			t.tooMuch()
			t.tooMuch = nil
		}
		return len(data), nil
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	t.show(text)
	for {
		line, rest, ended := strings.Cut(text, "\n")
		t.partial.WriteString(line)
		if !ended {
			return len(data), nil
		}
		t.lines = append(t.lines, t.partial.String())
		t.partial.Reset()
		text = rest
	}
}

// Read gives a program what was typed; it waits for it.
func (t *terminal) Read(buffer []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readers++
	defer func() { t.readers-- }()
	for len(t.typed) == 0 {
		if t.closed {
			return 0, io.EOF
		}
		t.more.Wait()
	}
	n := copy(buffer, t.typed)
	t.typed = t.typed[n:]
	return n, nil
}

// enter types a line; end types Ctrl-D.
func (t *terminal) enter(line string) { t.feed([]byte(line+"\n"), false) }
func (t *terminal) end()              { t.feed(nil, true) }

func (t *terminal) feed(data []byte, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.typed = append(t.typed, data...)
	t.closed = t.closed || closed
	t.more.Broadcast()
}

// asking says whether a program waits for input, and what it has printed on the line where the cursor stands.
func (t *terminal) asking() (partial string, waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.partial.String(), t.readers > 0 && len(t.typed) == 0 && !t.closed
}

// printed gives the lines printed so far, with the last one even if it has not ended.
func (t *terminal) printed() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := append([]string(nil), t.lines...)
	if t.partial.Len() > 0 {
		lines = append(lines, t.partial.String())
	}
	return lines
}
