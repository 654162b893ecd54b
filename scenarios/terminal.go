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
	readers int  // kubectls of the current command that wait for input
	command int  // counts commands
	listens bool // the shell, or a program in it, waits for input
	more    *sync.Cond
	total   int // bytes printed by the current command
}

// maxCommandOutput bounds, in bytes, what one command may print: nobody reads more, and no page shows it.
const maxCommandOutput = 256 << 10

func newTerminal(show func(string)) *terminal {
	t := &terminal{show: show}
	t.more = sync.NewCond(&t.mu)
	return t
}

// begin makes the terminal ready for the next command. What a command before it has left waiting for input (kubectl exec does when the other side ends)
// gets the end of it, and nothing of what is typed from now on.
func (t *terminal) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines, t.typed, t.closed, t.listens, t.total = nil, nil, false, false, 0
	t.partial.Reset()
	t.command, t.readers = t.command+1, 0
	t.more.Broadcast()
}

// Write prints, as a program does; both streams of a program come here. What is beyond the bound is dropped.
func (t *terminal) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.total += len(data); t.total > maxCommandOutput {
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

// overflowed says whether the command has printed more than a page can hold.
func (t *terminal) overflowed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.total > maxCommandOutput
}

// echo shows a key that a program does not see, and no page has among its output.
func (t *terminal) echo(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show(text)
}

// between does something while nobody prints.
func (t *terminal) between(do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	do()
}

// Read gives a program what was typed; it waits for it.
func (t *terminal) Read(buffer []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	command := t.command
	t.readers++
	for len(t.typed) == 0 && !t.closed {
		t.more.Wait()
		if t.command != command {
			return 0, io.EOF
		}
	}
	t.readers--
	if len(t.typed) == 0 {
		return 0, io.EOF
	}
	n := copy(buffer, t.typed)
	t.typed = t.typed[n:]
	return n, nil
}

// keyboard is the terminal for a program that leaves the echo to it.
type keyboard struct{ terminal *terminal }

// Read implements [io.Reader].
func (k keyboard) Read(buffer []byte) (int, error) {
	n, err := k.terminal.Read(buffer)
	_, _ = k.terminal.Write(buffer[:n])
	return n, err
}

// listen says whether the shell waits for what is typed, which [terminal.take] then gives it.
func (t *terminal) listen(waits bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listens = waits
}

// take gives the shell what was typed for it, Ctrl-D as the byte that it is.
func (t *terminal) take() (typed []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.listens {
		return nil
	}
	typed, t.typed = t.typed, nil
	if t.closed {
		typed, t.closed = append(typed, 4), false
	}
	t.listens = false
	return typed
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

// asking says whether somebody waits for input, and what was printed on the line where the cursor stands.
func (t *terminal) asking() (partial string, waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.partial.String(), (t.readers > 0 || t.listens) && len(t.typed) == 0 && !t.closed
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
