package apiserver

import (
	"bytes"
	"testing"
)

// A terminal sends carriage returns and wants them back; a pipe does not.
func TestTerminal(t *testing.T) {
	for _, c := range []struct {
		tty          bool
		typed, shown string
	}{{true, "ls\n", "a\r\nb\r\n"}, {false, "ls\r", "a\nb\n"}} {
		var out bytes.Buffer
		line := terminal{tty: c.tty, out: &out}
		if found := string(line.typed([]byte("ls\r"))); found != c.typed {
			t.Errorf("expected %q, found %q", c.typed, found)
		}
		if err := line.print("a\nb\n"); err != nil || out.String() != c.shown {
			t.Errorf("expected %q, found %q, %v", c.shown, out.String(), err)
		}
	}
}
