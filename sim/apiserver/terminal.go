package apiserver

import (
	"io"
	"strings"
)

// terminal translates the line ends between a client's terminal, which sends \r and wants \r\n, and a process's. What the keys mean, and
// the echo, are the process's side (package shell). Without a terminal everything passes as it is.
type terminal struct {
	tty bool
	out io.Writer
}

// typed is what a client typed, as the process reads it.
func (t terminal) typed(keys []byte) []byte {
	data := append([]byte(nil), keys...)
	for i := range data {
		if t.tty && data[i] == '\r' {
			data[i] = '\n'
		}
	}
	return data
}

// print writes what the process printed.
func (t terminal) print(text string) error {
	if t.tty {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	_, err := io.WriteString(t.out, text)
	return err
}
