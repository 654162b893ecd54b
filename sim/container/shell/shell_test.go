package shell

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// world is the smallest System: a clock, a file tree, and dice that always come in the same order.
type world struct {
	now   time.Time
	files *storage.FileSystem
	dice  int
	sent  []string
}

func newWorld(change ...func(storage.Tree) storage.Tree) *world {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tree := storage.Tree{}.WithDir("/tmp", 0o777).WithDir("/root", 0o700).
		With("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n"), 0o644).
		With("/etc/motd", []byte("welcome\n"), 0o644).
		WithDevice("/dev/null", "null", 0o666).WithDevice("/dev/zero", "zero", 0o666).WithDevice("/dev/full", "full", 0o666)
	for _, name := range append(applet.Names(), "sh", "bash", "ash") {
		tree = tree.With("/bin/"+name, Stub(name), 0o755)
	}
	for _, c := range change {
		tree = c(tree)
	}
	return &world{now: now, files: storage.NewFileSystem([]storage.Mount{{Path: "/", Tree: tree}}, storage.Identity{}, now)}
}

func (w *world) Now() time.Time               { return w.now }
func (w *world) Files() *storage.FileSystem   { return w.files }
func (w *world) Hostname() string             { return "web-0" }
func (w *world) Domain() string               { return "nginx.default.svc.cluster.local" }
func (w *world) Addresses() []netip.Addr      { return []netip.Addr{netip.MustParseAddr("10.244.1.5")} }
func (w *world) Resolver() dnsserver.Resolver { return dnsserver.Resolver{} }
func (w *world) Listening() []uint16          { return nil }
func (w *world) Exchange(address netip.AddrPort, _ []byte) ([]byte, error) {
	return nil, &applet.NetworkError{Reason: applet.ConnectionRefused, Address: address}
}
func (w *world) Processes() []applet.ProcessInfo { return nil }
func (w *world) Signal(process, signal int) error {
	w.sent = append(w.sent, fmt.Sprint(process, " ", signal))
	return fmt.Errorf("No such process")
}
func (w *world) Choose(_ string, n int) int { w.dice++; return w.dice * 7919 % n }
func (w *world) Command(name string) applet.Applet {
	if name != "kubectl" {
		return nil
	}
	return func(c *applet.Call) applet.Outcome {
		fmt.Fprintln(c.Stdout, "kubectl", strings.Join(c.Args[1:], " "))
		return applet.Exit(0)
	}
}

// record is an Output.
type record struct{ out, err, both bytes.Buffer }

func (r *record) Write(stream int, data []byte) {
	r.both.Write(data)
	if stream == 1 {
		r.out.Write(data)
	} else {
		r.err.Write(data)
	}
}

func spec(args ...string) Spec {
	return Spec{Args: args, Env: []string{"HOME=/root", "PATH=/bin:/usr/bin"}, Dir: "/tmp"}
}

// complete runs a process to its end; the clock goes on whenever that is what it waits for.
func complete(t testing.TB, p *Process, w *world, r *record) *Process {
	t.Helper()
	for range 1000 {
		p = p.Run(w, r)
		s := p.State()
		switch {
		case s.Exited != nil:
			return p
		case !s.Until.IsZero():
			w.now = s.Until
		default:
			t.Fatalf("it waits for ever: %+v\noutput: %s", s, r.both.String())
		}
	}
	t.Fatal("no end after 1000 runs")
	return nil
}

// TestTranscripts runs the scripts of testdata. A file holds cases: "=== name [shell]", the script, and then "--- stdout",
// "--- stderr" and "--- status N" as far as they are not empty or 0.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range strings.Split("\n"+string(data), "\n=== ")[1:] {
			title, body, _ := strings.Cut(c, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+title, func(t *testing.T) { transcript(t, title, body+"\n") })
		}
	}
}

func transcript(t *testing.T, title, body string) {
	want := map[string]string{}
	script, rest, _ := strings.Cut("\n"+body, "\n--- ")
	script = strings.TrimPrefix(script, "\n")
	status := 0
	for _, section := range strings.Split("\n--- "+rest, "\n--- ")[1:] {
		head, text, _ := strings.Cut(section, "\n")
		if n, err := fmt.Sscanf(head, "status %d", &status); n == 1 && err == nil {
			continue
		}
		want[head] = strings.TrimRight(text, "\n")
	}
	shell := "sh"
	if strings.HasSuffix(title, " bash") {
		shell = "bash"
	}
	w, r := newWorld(), &record{}
	p := complete(t, Start(spec(shell, "-c", script)), w, r)
	if got := strings.TrimRight(r.out.String(), "\n"); got != want["stdout"] {
		t.Errorf("stdout is\n%s\nwant\n%s", got, want["stdout"])
	}
	if got := strings.TrimRight(r.err.String(), "\n"); got != want["stderr"] {
		t.Errorf("stderr is\n%s\nwant\n%s", got, want["stderr"])
	}
	if code := p.State().Exited.Code; code != status {
		t.Errorf("status is %d, want %d", code, status)
	}
}
