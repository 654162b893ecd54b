package storage

import (
	"errors"
	"testing"
	"time"
)

// On a mount that fails nothing can be read or changed, and nothing has changed afterwards; what is known of its files still is.
func TestAMountThatFails(t *testing.T) {
	tree := Tree{}.At(noon).WithDir("/", 0o777).With("file", []byte("content"), 0o666)
	f := NewFileSystem([]Mount{{Path: "/", Tree: image()}, {Path: "/data", Tree: tree, Failing: true}}, Identity{}, noon)
	if info, err := f.Stat("/data/file"); err != nil || info.Size != 7 {
		t.Errorf("stat: %v, %v", info, err)
	}
	open, err := f.Open("/data/file", Read|Write, 0)
	if err != nil {
		t.Fatal(err)
	}
	for what, do := range map[string]func() error{
		"read":       func() error { _, err := f.ReadText("/data/file"); return err },
		"read open":  func() error { _, err := open.Read(make([]byte, 9)); return err },
		"write open": func() error { _, err := open.Write([]byte("x")); return err },
		"truncate":   func() error { return open.Truncate(0) },
		"empty":      func() error { _, err := f.Open("/data/file", Write|Truncate, 0); return err },
		"write":      func() error { return f.WriteFile("/data/file", []byte("x"), 0o644, 0) },
		"create":     func() error { return f.WriteFile("/data/new", nil, 0o644, Create) },
		"mkdir":      func() error { return f.Mkdir("/data/new", 0o755) },
		"remove":     func() error { return f.Remove("/data/file") },
		"rename":     func() error { return f.Rename("/data/file", "/data/other") },
		"chmod":      func() error { return f.Chmod("/data/file", 0o600) },
		"touch":      func() error { return f.Chtimes("/data/file", noon.Add(time.Hour)) },
		"list":       func() error { _, err := f.ReadDir("/data"); return err },
	} {
		if err := do(); !errors.Is(err, ErrIO) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if changed := f.Changed(); len(changed) > 0 {
		t.Errorf("mounts %v have changed", changed)
	}
}

// What something else takes up is no room for files, and a larger capacity makes some again.
func TestAMountThatSomethingElseFills(t *testing.T) {
	for capacity, want := range map[int64]int64{100: 0, 150: 50, 0: MaxTreeBytes - 100} {
		f := NewFileSystem([]Mount{{Path: "/", Tree: Tree{}.With("file", []byte("1234567890"), 0o644), Capacity: capacity, Taken: 90}}, Identity{}, noon)
		if got := f.Available(0); got != want {
			t.Errorf("of %d bytes %d are available and not %d", capacity, got, want)
		}
	}
}
