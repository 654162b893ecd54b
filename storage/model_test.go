package storage

import (
	gopath "path"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is a file system as a table of cleaned paths: a file's number, or 0 for a directory.
type model struct {
	paths map[string]int
	data  map[int]string
	next  int
}

func (m *model) below(path string) []string {
	var below []string
	for other := range m.paths {
		if strings.HasPrefix(other, strings.TrimSuffix(path, "/")+"/") && other != path {
			below = append(below, other)
		}
	}
	slices.Sort(below)
	return below
}

// lookup is what every operation asks first: the reason why a path's parent cannot be used, if any.
func (m *model) lookup(path string) error {
	for parent := gopath.Dir(path); ; parent = gopath.Dir(parent) {
		if number, ok := m.paths[parent]; ok {
			if number != 0 {
				return ErrNotDirectory
			}
			if parent != gopath.Dir(path) {
				return ErrNotExist
			}
			return nil
		}
	}
}

func (m *model) write(path, data string, appending bool) error {
	if err := m.lookup(path); err != nil {
		return err
	}
	number, ok := m.paths[path]
	switch {
	case ok && number == 0:
		return ErrIsDirectory
	case !ok:
		m.next++
		number = m.next
		m.paths[path] = number
	}
	if appending {
		data = m.data[number] + data
	}
	m.data[number] = data
	return nil
}

func (m *model) mkdir(path string) error {
	if err := m.lookup(path); err != nil {
		return err
	}
	if _, ok := m.paths[path]; ok {
		return ErrExist
	}
	m.paths[path] = 0
	return nil
}

func (m *model) remove(path string) error {
	if err := m.lookup(path); err != nil {
		return err
	}
	if _, ok := m.paths[path]; !ok {
		return ErrNotExist
	}
	if len(m.below(path)) > 0 {
		return ErrNotEmpty
	}
	delete(m.paths, path)
	return nil
}

func (m *model) link(from, to string) error {
	if err := m.lookup(from); err != nil {
		return err
	}
	number, ok := m.paths[from]
	if !ok {
		return ErrNotExist
	}
	if err := m.lookup(to); err != nil {
		return err
	}
	if _, ok := m.paths[to]; ok {
		return ErrExist
	}
	if number == 0 {
		return ErrNotPermitted
	}
	m.paths[to] = number
	return nil
}

func (m *model) rename(from, to string) error {
	for _, err := range []error{m.lookup(from), m.lookup(to)} {
		if err != nil {
			return err
		}
	}
	moved, ok := m.paths[from]
	if !ok {
		return ErrNotExist
	}
	if moved == 0 && strings.HasPrefix(to, from+"/") {
		return ErrInvalid
	}
	replaced, exists := m.paths[to]
	switch {
	case from == to || exists && moved != 0 && moved == replaced:
		return nil
	case !exists:
	case moved == 0 && replaced != 0:
		return ErrNotDirectory
	case moved != 0 && replaced == 0:
		return ErrIsDirectory
	case len(m.below(to)) > 0:
		return ErrNotEmpty
	}
	below := m.below(from)
	delete(m.paths, from)
	m.paths[to] = moved
	for _, path := range below {
		m.paths[to+strings.TrimPrefix(path, from)] = m.paths[path]
		delete(m.paths, path)
	}
	return nil
}

func TestAnyHistoryOfOperationsAgreesWithAPlainTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{paths: map[string]int{"/": 0}, data: map[int]string{}}
		f := NewFileSystem(nil, root, noon)
		path := rapid.Custom(func(t *rapid.T) string {
			return "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 1, 3).Draw(t, "elements"), "/")
		})
		agree := func(t *rapid.T, got, want error) {
			if wanted, _ := want.(Errno); ErrnoOf(got) != wanted {
				t.Fatalf("want %v, got %v", want, got)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				p, data := path.Draw(t, "path"), rapid.SampledFrom([]string{"", "x", "yz"}).Draw(t, "data")
				agree(t, f.WriteFile(p, []byte(data), 0o644, Create|Truncate), m.write(p, data, false))
			},
			"append": func(t *rapid.T) {
				p := path.Draw(t, "path")
				agree(t, f.WriteFile(p, []byte("+"), 0o644, Create|Append), m.write(p, "+", true))
			},
			"mkdir":  func(t *rapid.T) { p := path.Draw(t, "path"); agree(t, f.Mkdir(p, 0o755), m.mkdir(p)) },
			"remove": func(t *rapid.T) { p := path.Draw(t, "path"); agree(t, f.Remove(p), m.remove(p)) },
			"link": func(t *rapid.T) {
				from, to := path.Draw(t, "from"), path.Draw(t, "to")
				agree(t, f.Link(from, to), m.link(from, to))
			},
			"rename": func(t *rapid.T) {
				from, to := path.Draw(t, "from"), path.Draw(t, "to")
				agree(t, f.Rename(from, to), m.rename(from, to))
			},
			"": func(t *rapid.T) { compare(t, m, f.Mounts()[0].Tree) },
		})
	})
}

// compare checks every path, its content, its link count, and that bytes are counted right.
func compare(t *rapid.T, m *model, tree Tree) {
	seen, used := 0, int64(0)
	counted := map[uint64]bool{}
	for path, info := range tree.All() {
		seen++
		number, ok := m.paths[path]
		if !ok || (number == 0) != info.IsDir() {
			t.Fatalf("%s: only one side has it so", path)
		}
		if content, _ := tree.Content(path); content != m.data[number] {
			t.Fatalf("%s: want %q, got %q", path, m.data[number], content)
		}
		links := 0
		for other, same := range m.paths {
			if number != 0 && same == number || number == 0 && same == 0 && (other == path || gopath.Dir(other) == path) {
				links++
			}
		}
		if number == 0 {
			links++ // its own "."
		}
		if path == "/" {
			links = max(links, 2)
		}
		if info.Links != links {
			t.Fatalf("%s: want %d links, got %d", path, links, info.Links)
		}
		if !counted[info.Inode] {
			counted[info.Inode] = true
			used += info.Size
		}
	}
	if seen != len(m.paths) {
		t.Fatalf("want %d paths, got %d", len(m.paths), seen)
	}
	if used != tree.Used() {
		t.Fatalf("want %d bytes used, got %d", used, tree.Used())
	}
}

// FuzzResolve: whatever path and links are given, resolution ends, and a real path is its own real path.
func FuzzResolve(f *testing.F) {
	for _, seed := range [][2]string{
		{"/l/x", "/a"}, {"l", "l"}, {"/data/../l/..//", "../data/./x/"}, {"", ""}, {"a/l/../..", "/"}, {"//", "a/../l"}, {"/l\x00", "."},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, target string) {
		tree := Tree{}.With("/a/x", []byte("1"), 0o644).WithSymlink("/l", target).WithSymlink("/a/l", target)
		fsys := NewFileSystem([]Mount{{Path: "/", Tree: tree}, {Path: "/data", Tree: tree}}, root, noon).In("/a")
		real, err := fsys.RealPath(path)
		if err == nil {
			again, err := fsys.RealPath(real)
			if err != nil || again != real || gopath.Clean(real) != real {
				t.Fatalf("%q is %q, which is %q (%v)", path, real, again, err)
			}
			return
		}
		if ErrnoOf(err) == 0 {
			t.Fatalf("an error without a reason: %v", err)
		}
		if fsys.WriteFile(path, []byte("new"), 0o644, Create) == nil {
			if got, err := fsys.ReadText(path); err != nil || got != "new" {
				t.Fatalf("%q was made and reads %q (%v)", path, got, err)
			}
		}
	})
}
