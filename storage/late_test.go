package storage_test

import (
	"testing"
	"time"

	"github.com/stsim/stsim/storage"
)

// late is what a tree of the shape below has of its own.
type late struct {
	at   time.Time
	name string
}

func (l late) Time() time.Time { return l.at }

func (l late) Content(number int) string {
	if number == 1 {
		return l.name
	}
	return ""
}

// A tree that is made of a shape says what one says that was made file by file, before and after it is changed.
func TestTreesOfAShape(t *testing.T) {
	image := storage.Tree{}.With("/etc/passwd", []byte("root"), 0o644)
	shape := image.Shape().WithLate("/etc/hostname", 1, 0o640).WithDir("/data", 0o700)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	plain := image.At(at).With("/etc/hostname", []byte("web-0"), 0o640).WithDir("/data", 0o700)
	tree := shape.Of(late{at, "web-0"})
	sameTrees(t, "as it is", tree, plain)
	if other := shape.Of(late{at, "web-1"}); other.Same(tree) || !tree.Same(shape.Of(late{at, "web-0"})) {
		t.Error("trees are the same that differ, or differ that are the same")
	}
	for what, change := range map[string]func(storage.Tree) storage.Tree{
		"another content":       func(tree storage.Tree) storage.Tree { return tree.With("/etc/hostname", []byte("x"), 0o640) },
		"another owner":         func(tree storage.Tree) storage.Tree { return tree.WithOwner("/etc/hostname", 7, 7) },
		"without the late file": func(tree storage.Tree) storage.Tree { return tree.Without("/etc/hostname") },
		"without all":           func(tree storage.Tree) storage.Tree { return tree.Without("/etc") },
		"a group":               func(tree storage.Tree) storage.Tree { return tree.WithGroup(7, false) },
		"more, later": func(tree storage.Tree) storage.Tree {
			return tree.At(at.Add(time.Hour)).With("/data/x", []byte("y"), 0o600)
		},
	} {
		sameTrees(t, what, change(tree), change(plain))
	}
}

type counting struct {
	tree  storage.Tree
	times int
}

func (c *counting) Make() storage.Tree {
	c.times++
	return c.tree
}

// A tree that is made later is made once, when somebody looks, and then says the same as the one that is made.
func TestTreesMadeLater(t *testing.T) {
	plain := storage.Tree{}.With("/a/b", []byte("c"), 0o644)
	maker := &counting{tree: plain}
	tree := storage.Later(maker)
	if copied := tree; maker.times != 0 || !copied.Same(tree) {
		t.Fatal("somebody has looked")
	}
	sameTrees(t, "as it is", tree, plain)
	sameTrees(t, "changed", tree.With("/a/c", []byte("d"), 0o644), plain.With("/a/c", []byte("d"), 0o644))
	if maker.times != 1 {
		t.Errorf("made %d times", maker.times)
	}
}

func sameTrees(t *testing.T, what string, tree, want storage.Tree) {
	t.Helper()
	if tree.Used() != want.Used() {
		t.Errorf("%s: %d bytes, want %d", what, tree.Used(), want.Used())
	}
	seen := 0
	for path, info := range tree.All() {
		seen++
		wanted, found := want.Lookup(path)
		content, _ := tree.Content(path)
		if wantedContent, _ := want.Content(path); !found || content != wantedContent {
			t.Errorf("%s: %s holds %q, want %q", what, path, content, wantedContent)
		}
		if wanted.Name = info.Name; info != wanted {
			t.Errorf("%s: %s is\n%+v, want\n%+v", what, path, info, wanted)
		}
	}
	for range want.All() {
		seen--
	}
	if seen != 0 {
		t.Errorf("%s: %d files too many", what, seen)
	}
}
