package applet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stsim/stsim/storage"
)

// step runs a command once more and tells what it printed.
type step struct {
	w    *world
	call runner
	out  bytes.Buffer
}

func start(w *world, argv ...string) *step {
	s := &step{w: w}
	s.call = w.call(argv, &Stdin{}, &s.out, &s.out)
	return s
}

func (s *step) give(t *testing.T, input string, closed bool, want string, waits bool) {
	t.Helper()
	s.out.Reset()
	s.call.Stdin.Data = append(s.call.Stdin.Data, input...)
	s.call.Stdin.Closed = closed
	outcome := s.call.run()
	s.call.State = outcome.State
	if s.out.String() != want || (outcome.Block != nil) != waits {
		t.Fatalf("%v given %q: expected %q, waits %v, found %q, waits %v", s.call.Args, input, want, waits, s.out.String(), outcome.Block != nil)
	}
}

func TestFiltersPassOnWhatComes(t *testing.T) {
	s := start(newWorld(), "cat", "-n")
	s.give(t, "a\n", false, "     1\ta\n", true)
	s.give(t, "b\n", false, "     2\tb\n", true)
	s.give(t, "", true, "", false)

	s = start(newWorld(), "grep", "-n", "b")
	s.give(t, "a\nb\nb", false, "2:b\n", true)
	s.give(t, "x\n", false, "3:bx\n", true)
	s.give(t, "", true, "", false)

	s = start(newWorld(), "tr", "-s", "a")
	s.give(t, "xa", false, "xa", true)
	s.give(t, "ab", true, "b", false)

	s = start(newWorld(), "head", "-n", "1")
	s.give(t, "on", false, "", true)
	s.give(t, "e\nrest", false, "one\n", false)
	if string(s.call.Stdin.Data) != "rest" {
		t.Fatalf("head took more than its line: %q is left", s.call.Stdin.Data)
	}

	s = start(newWorld(), "wc", "-l")
	s.give(t, "a\n", false, "", true)
	s.give(t, "b\n", true, "2\n", false)
}

func TestTailFollowsAFile(t *testing.T) {
	w := newWorld()
	write := func(text string, flags storage.Flag) {
		if err := w.files.WriteFile("/srv/log", []byte(text), 0o644, flags|storage.Create); err != nil {
			t.Fatal(err)
		}
	}
	write("one\ntwo\n", storage.Truncate)
	s := start(w, "tail", "-n1", "-f", "log")
	s.give(t, "", true, "two\n", true)
	s.give(t, "", true, "", true)
	write("three\n", storage.Append)
	s.give(t, "", true, "three\n", true)
	write("new\n", storage.Truncate)
	s.give(t, "", true, "tail: log: file truncated\nnew\n", true)
}

// TestInnerCommandsWait checks that commands that run others go on where those waited, and do nothing twice.
func TestInnerCommandsWait(t *testing.T) {
	for _, test := range []struct{ argv, input, want string }{
		{"xargs -n1 sleep", "1 2", ""},
		{"find /etc -name passwd -print -exec sleep 3 ; -print", "", "/etc/passwd\n/etc/passwd\n"},
		{"find /etc -type f -exec sleep 1 ; -exec echo {} ;", "", "/etc/group\n/etc/hosts\n/etc/passwd\n/etc/resolv.conf\n"},
		{"timeout 10 sleep 3", "", ""},
		{"env A=1 sleep 3", "", ""},
	} {
		w := newWorld()
		var out bytes.Buffer
		code, waits := w.execute(strings.Fields(test.argv), &Stdin{Data: []byte(test.input), Closed: true}, &out, &out)
		if code != 0 || waits != "" || out.String() != test.want || w.now.Sub(clock).Seconds() < 3 {
			t.Errorf("%s: expected %q, found %q, exit %d, waits %q, after %v", test.argv, test.want, out.String(), code, waits, w.now.Sub(clock))
		}
	}
}

// TestNobodyPanics calls every command with lines that make little sense.
func TestNobodyPanics(t *testing.T) {
	for _, name := range Names() {
		for _, args := range []string{"", "-", "--", "-z", "--x", "-n", "a", "a b", "a b c", "-1", "-f", "''", "/", "-r /nothing", "@ +", "= :", "-c x", "-e { }"} {
			w := newWorld()
			var out bytes.Buffer
			argv := append([]string{name}, strings.Fields(args)...)
			if name == "yes" || name == "watch" || name == "ping" {
				w.call(argv, &Stdin{Closed: true}, &out, &out).run()
				continue
			}
			w.execute(argv, &Stdin{Data: []byte("x y\nz\n"), Closed: true}, &out, &out)
		}
	}
}
