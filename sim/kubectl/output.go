package kubectl

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
)

// outputs are what a command prints to. When the command has ended they take nothing more: goroutines that it leaves behind must
// not print into the output of the next one.
type outputs struct {
	mu     sync.Mutex
	closed bool
	held   []string // lines of several goroutines, to be sorted
	last   io.Writer
}

// newOutputs puts outputs between a command and its writers.
func newOutputs(command *Command, files *staged) *outputs {
	o := &outputs{last: files.output(command.Stdout)}
	stderr := files.output(command.Stderr)
	if command.Terminal && wantsTerminal(command.Args) {
		stderr = &withoutWarning{to: stderr}
	}
	command.Stdout, command.Stderr = &output{o, o.last}, &output{o, stderr}
	return o
}

// output is one of the two streams.
type output struct {
	outputs *outputs
	to      io.Writer
}

// evicting begins the line that kubectl drain prints once for every Pod, each in a goroutine of its own and all at the same time.
const evicting = "evicting pod "

// Write implements [io.Writer].
func (o *output) Write(data []byte) (int, error) {
	all := o.outputs
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.closed {
		return len(data), nil
	}
	if bytes.HasPrefix(data, []byte(evicting)) {
		all.held = append(all.held, string(data))
		return len(data), nil
	}
	all.release()
	return o.to.Write(data)
}

// release prints the lines held back, in the order of their text. The lock is held.
func (o *outputs) release() {
	slices.Sort(o.held)
	_, _ = io.WriteString(o.last, strings.Join(o.held, "")) // what cannot be printed is lost
	o.held = nil
}

func (o *outputs) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release()
}

func (o *outputs) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.release()
		o.closed = true
	}
}
