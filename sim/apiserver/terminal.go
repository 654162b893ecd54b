package apiserver

import (
	"io"
	"strings"
	"sync"
)

const sigInterrupt = 2

// terminal is the line discipline of a terminal between a person and a process: it echoes, collects a line at a time, and knows
// the keys for erasing, interrupting and ending. Without a terminal everything passes as it is.
type terminal struct {
	mu   sync.Mutex
	tty  bool
	out  io.Writer
	line []byte
}

func newTerminal(tty bool, out io.Writer) *terminal { return &terminal{tty: tty, out: out} }

// input is what keys mean to the process.
type input struct {
	data      []byte
	interrupt bool
	end       bool
}

// typed takes keys. Only whole lines go on to the process.
func (t *terminal) typed(keys []byte) input {
	if !t.tty {
		return input{data: keys}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var result input
	var echo strings.Builder
	for _, key := range keys {
		switch key {
		case '\r', '\n':
			echo.WriteString("\r\n")
			result.data = append(append(result.data, t.line...), '\n')
			t.line = nil
		case 0x03: // ^C
			echo.WriteString("^C")
			t.line, result.interrupt = nil, true
		case 0x04: // ^D ends the input at the beginning of a line, and sends the line elsewhere
			if len(t.line) == 0 {
				result.end = true
			}
			result.data = append(result.data, t.line...)
			t.line = nil
		case 0x15: // ^U
			echo.WriteString(strings.Repeat("\b \b", len(t.line)))
			t.line = nil
		case 0x7f, '\b':
			if len(t.line) > 0 {
				t.line = t.line[:len(t.line)-1]
				echo.WriteString("\b \b")
			}
		default:
			t.line = append(t.line, key)
			echo.WriteByte(key)
		}
	}
	_, _ = io.WriteString(t.out, echo.String()) // a client that has gone is noticed elsewhere
	return result
}

// print writes output, with the carriage returns that a terminal wants.
func (t *terminal) print(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tty {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	_, err := io.WriteString(t.out, text)
	return err
}
