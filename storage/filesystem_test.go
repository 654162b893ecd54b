package storage

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	root  = Identity{}
	alice = Identity{UID: 1000, GID: 1000, Groups: []int{2000}}
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func image() Tree {
	return Tree{}.
		With("/etc/hostname", []byte("web-0\n"), 0o644).
		With("/root/secret", []byte("s"), 0o600).
		WithDir("/root", 0o700).
		WithDir("/tmp", 0o777|fs.ModeSticky).
		WithSymlink("/var/run", "/run").
		WithSymlink("/loop", "loop").
		WithDevice("/dev/null", "null", 0o666).
		WithDir("/home/alice", 0o755).WithOwner("/home/alice", 1000, 1000)
}

func world(identity Identity) *FileSystem {
	return NewFileSystem([]Mount{
		{Path: "/", Tree: image(), Source: "overlay", Type: "overlay"},
		{Path: "/data", Volume: "www-web-0", Tree: Tree{}.WithDir("/", 0o777), Capacity: 100},
		{Path: "/etc/config", Tree: Tree{}.With("key", []byte("value"), 0o644), ReadOnly: true},
	}, identity, noon)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestErrorsReadAsPOSIXPrintsThem(t *testing.T) {
	for name, c := range map[string]struct {
		as   Identity
		do   func(f *FileSystem) error
		want string
	}{
		"missing file":                      {root, func(f *FileSystem) error { _, err := f.ReadFile("/nope"); return err }, "No such file or directory"},
		"empty path":                        {root, func(f *FileSystem) error { _, err := f.Stat(""); return err }, "No such file or directory"},
		"file used as directory":            {root, func(f *FileSystem) error { _, err := f.Stat("/etc/hostname/x"); return err }, "Not a directory"},
		"file with a final slash":           {root, func(f *FileSystem) error { _, err := f.Stat("/etc/hostname/"); return err }, "Not a directory"},
		"file with a final dot":             {root, func(f *FileSystem) error { _, err := f.Stat("/etc/hostname/."); return err }, "Not a directory"},
		"reading a directory":               {root, func(f *FileSystem) error { _, err := f.ReadFile("/etc"); return err }, "Is a directory"},
		"writing a directory":               {root, func(f *FileSystem) error { return f.WriteFile("/etc", nil, 0o644, Create) }, "Is a directory"},
		"making a file with a slash":        {root, func(f *FileSystem) error { return f.WriteFile("/tmp/x/", nil, 0o644, Create) }, "Is a directory"},
		"mkdir on what is there":            {root, func(f *FileSystem) error { return f.Mkdir("/etc", 0o755) }, "File exists"},
		"exclusive on a dangling link":      {root, func(f *FileSystem) error { return f.WriteFile("/var/run", nil, 0o644, Create|Exclusive) }, "File exists"},
		"rmdir with content":                {root, func(f *FileSystem) error { return f.Remove("/etc") }, "Directory not empty"},
		"rmdir of .":                        {root, func(f *FileSystem) error { return f.Remove("/tmp/.") }, "Invalid argument"},
		"remove the root":                   {root, func(f *FileSystem) error { return f.Remove("/") }, "Device or resource busy"},
		"remove a mount point":              {root, func(f *FileSystem) error { return f.Remove("/data") }, "Device or resource busy"},
		"rename a mount point":              {root, func(f *FileSystem) error { return f.Rename("/data", "/old") }, "Device or resource busy"},
		"rename across mounts":              {root, func(f *FileSystem) error { return f.Rename("/etc/hostname", "/data/h") }, "Invalid cross-device link"},
		"link across mounts":                {root, func(f *FileSystem) error { return f.Link("/etc/hostname", "/data/h") }, "Invalid cross-device link"},
		"link to a directory":               {root, func(f *FileSystem) error { return f.Link("/tmp", "/tmp2") }, "Operation not permitted"},
		"rename into itself":                {root, func(f *FileSystem) error { return f.Rename("/etc", "/etc/config2") }, "Invalid argument"},
		"rename a file onto a directory":    {root, func(f *FileSystem) error { return f.Rename("/etc/hostname", "/tmp") }, "Is a directory"},
		"rename a directory onto a file":    {root, func(f *FileSystem) error { return f.Rename("/tmp", "/etc/hostname") }, "Not a directory"},
		"links in a circle":                 {root, func(f *FileSystem) error { _, err := f.ReadFile("/loop"); return err }, "Too many levels of symbolic links"},
		"a name of 256 bytes":               {root, func(f *FileSystem) error { return f.Mkdir("/"+strings.Repeat("x", 256), 0o755) }, "File name too long"},
		"a path of 5000 bytes":              {root, func(f *FileSystem) error { _, err := f.Stat(strings.Repeat("/x", 2500)); return err }, "File name too long"},
		"read-only mount, even for root":    {root, func(f *FileSystem) error { return f.WriteFile("/etc/config/key", nil, 0, Truncate) }, "Read-only file system"},
		"new file on a read-only mount":     {root, func(f *FileSystem) error { return f.WriteFile("/etc/config/n", nil, 0o644, Create) }, "Read-only file system"},
		"remove from a read-only mount":     {root, func(f *FileSystem) error { return f.Remove("/etc/config/key") }, "Read-only file system"},
		"chmod on a read-only mount":        {root, func(f *FileSystem) error { return f.Chmod("/etc/config/key", 0) }, "Read-only file system"},
		"volume full":                       {root, func(f *FileSystem) error { return f.WriteFile("/data/big", make([]byte, 101), 0o644, Create) }, "No space left on device"},
		"file beyond the bound":             {root, func(f *FileSystem) error { return f.Truncate("/etc/hostname", MaxFileSize+1) }, "File too large"},
		"write beyond the bound":            {root, func(f *FileSystem) error { return f.WriteAt("/etc/hostname", []byte("x"), 1<<62) }, "File too large"},
		"a device is its opener's":          {root, func(f *FileSystem) error { _, err := f.ReadFile("/dev/null"); return err }, "No such device or address"},
		"another's private file":            {alice, func(f *FileSystem) error { _, err := f.ReadFile("/root/secret"); return err }, "Permission denied"},
		"another's directory":               {alice, func(f *FileSystem) error { return f.Mkdir("/etc/x", 0o755) }, "Permission denied"},
		"chmod of another's file":           {alice, func(f *FileSystem) error { return f.Chmod("/etc/hostname", 0o777) }, "Operation not permitted"},
		"giving a file away":                {alice, func(f *FileSystem) error { return f.Chown("/home/alice", 0, 0) }, "Operation not permitted"},
		"overwriting another's file":        {alice, func(f *FileSystem) error { return f.WriteFile("/etc/hostname", nil, 0, Truncate) }, "Permission denied"},
		"sticky directory, another's file":  {alice, func(f *FileSystem) error { return stickyRemoval(f) }, "Operation not permitted"},
		"readlink of a file":                {root, func(f *FileSystem) error { _, err := f.Readlink("/etc/hostname"); return err }, "Invalid argument"},
		"executing a file without any x":    {root, func(f *FileSystem) error { return f.Access("/etc/hostname", CanExecute) }, "Permission denied"},
		"mkdir -p through a file":           {root, func(f *FileSystem) error { return f.MkdirAll("/etc/hostname/a/b", 0o755) }, "Not a directory"},
		"mkdir -p onto a dangling link":     {root, func(f *FileSystem) error { return f.MkdirAll("/var/run", 0o755) }, "File exists"},
		"listing a file":                    {root, func(f *FileSystem) error { _, err := f.ReadDir("/etc/hostname"); return err }, "Not a directory"},
		"mkdir without the parent":          {root, func(f *FileSystem) error { return f.Mkdir("/a/b", 0o755) }, "No such file or directory"},
		"removing a missing file":           {root, func(f *FileSystem) error { return f.Remove("/a") }, "No such file or directory"},
		"removing everything stays mounted": {root, func(f *FileSystem) error { return f.RemoveAll("/data") }, "Device or resource busy"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.do(world(c.as))
			var refused *fs.PathError
			if !errors.As(err, &refused) {
				t.Fatalf("want an *fs.PathError, got %v", err)
			}
			if refused.Err.Error() != c.want || ErrnoOf(err) != refused.Err {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

func stickyRemoval(f *FileSystem) error {
	if err := f.As(root).WriteFile("/tmp/roots", nil, 0o666, Create); err != nil {
		return err
	}
	return f.Remove("/tmp/roots")
}

func TestErrorsAreThoseOfTheStandardLibraryToo(t *testing.T) {
	_, err := world(root).In("/etc").Stat("nope")
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "stat nope: No such file or directory" {
		t.Error(err)
	}
}

func TestPathsAreResolvedAcrossLinksAndMounts(t *testing.T) {
	f := world(root)
	must(t, f.MkdirAll("/run/nginx", 0o755))
	must(t, f.MkdirAll("/data/site", 0o755))
	must(t, f.Symlink("../data/site", "/home/site"))
	must(t, f.Symlink("/etc/./hostname", "/data/site/name"))
	for path, want := range map[string]string{
		"/":                          "/",
		"//":                         "/",
		"/..":                        "/",
		"/../../etc/":                "/etc",
		"/var/run/nginx":             "/run/nginx",
		"/var/run/":                  "/run",
		"/home/site":                 "/data/site",
		"/home/site/..":              "/data",
		"/home/site/../../etc":       "/etc",
		"/home/site/name":            "/etc/hostname",
		"/data/..":                   "/",
		"/etc/config/../hostname":    "/etc/hostname",
		"/data/./site//../site/name": "/etc/hostname",
	} {
		if got, err := f.RealPath(path); err != nil || got != want {
			t.Errorf("%s: want %s, got %s %v", path, want, got, err)
		}
	}
	if got, err := f.In("/home").In("site").RealPath("name"); err != nil || got != "/etc/hostname" {
		t.Error(got, err)
	}
	must(t, f.WriteFile("/home/site/name", []byte("new"), 0, Truncate))
	if got, _ := f.ReadText("/etc/hostname"); got != "new" {
		t.Errorf("writing through links: %q", got)
	}
}

func TestOnlyWhatWasWrittenCountsAsChanged(t *testing.T) {
	f := world(root)
	if got := f.Changed(); got != nil {
		t.Errorf("mount points were made, which is no change: %v", got)
	}
	before := f.Mounts()[1].Tree
	must(t, f.WriteFile("/data/index.html", []byte("hi"), 0o644, Create))
	if got := f.Changed(); !slices.Equal(got, []int{1}) {
		t.Errorf("changed: %v", got)
	}
	if _, ok := before.Lookup("/index.html"); ok {
		t.Error("the old tree saw the write")
	}
	after := f.Mounts()[1].Tree
	if got, _ := after.Content("/index.html"); got != "hi" || after.Used() != 2 {
		t.Errorf("content %q, used %d", got, after.Used())
	}
	f.Replace(1, after)
	if got := f.Changed(); got != nil {
		t.Errorf("after Replace: %v", got)
	}
	f.Replace(0, Tree{})
	if got, err := f.ReadText("/data/index.html"); err != nil || got != "hi" {
		t.Errorf("a replaced root keeps its mounts: %q %v", got, err)
	}
}

func TestSubPathShowsPartOfAVolume(t *testing.T) {
	volume := Tree{}.With("/..1/nginx.conf", []byte("a"), 0o644).WithSymlink("/..data", "..1").WithSymlink("/nginx.conf", "..data/nginx.conf")
	f := NewFileSystem([]Mount{
		{Path: "/", Tree: image()},
		{Path: "/etc/nginx/nginx.conf", Tree: volume, SubPath: "nginx.conf"},
		{Path: "/sites", Tree: Tree{}, SubPath: "a/b"},
	}, root, noon)
	must(t, f.MountError())
	if got, err := f.ReadText("/etc/nginx/nginx.conf"); got != "a" || err != nil {
		t.Error(got, err)
	}
	must(t, f.WriteFile("/sites/x", []byte("x"), 0o644, Create))
	if got, _ := f.Mounts()[2].Tree.Content("/a/b/x"); got != "x" {
		t.Error("the file is not under the sub-path")
	}
	clash := NewFileSystem([]Mount{{Path: "/", Tree: image()}, {Path: "/etc/hostname"}}, root, noon)
	if err := clash.MountError(); ErrnoOf(err) != ErrNotDirectory {
		t.Errorf("a directory over a file: %v", err)
	}
}

func TestHardLinksShareTheirFile(t *testing.T) {
	f := world(root)
	must(t, f.Link("/etc/hostname", "/tmp/h"))
	must(t, f.WriteFile("/tmp/h", []byte("more\n"), 0, Append))
	if got, _ := f.ReadText("/etc/hostname"); got != "web-0\nmore\n" {
		t.Errorf("%q", got)
	}
	a, _ := f.Stat("/etc/hostname")
	b, _ := f.Stat("/tmp/h")
	if a.Inode != b.Inode || a.Links != 2 {
		t.Errorf("%+v %+v", a, b)
	}
	must(t, f.Remove("/etc/hostname"))
	if b, _ = f.Stat("/tmp/h"); b.Links != 1 || b.Size != 11 {
		t.Errorf("%+v", b)
	}
	must(t, f.Rename("/tmp/h", "/etc/hostname"))
	if a, _ = f.Stat("/etc/hostname"); a.Inode != b.Inode || a.Name != "hostname" {
		t.Errorf("a renamed file keeps its inode: %+v", a)
	}
	if home, _ := f.Stat("/home"); home.Links != 3 {
		t.Errorf("/home has one directory in it: %d links", home.Links)
	}
}

func TestNewFilesInASetgidDirectoryGetItsGroup(t *testing.T) {
	volume := Tree{}.With("/old", []byte("x"), 0o600).WithGroup(2000, false)
	f := NewFileSystem([]Mount{{Path: "/", Tree: image()}, {Path: "/data", Tree: volume}}, alice, noon)
	must(t, f.WriteFile("/data/new", nil, 0o644, Create))
	must(t, f.WriteFile("/data/old", []byte("y"), 0, Append))
	must(t, f.Mkdir("/data/dir", 0o755))
	info, _ := f.Stat("/data/new")
	dir, _ := f.Stat("/data/dir")
	if info.GID != 2000 || info.UID != 1000 || dir.GID != 2000 || dir.Mode&fs.ModeSetgid == 0 {
		t.Errorf("%+v %+v", info, dir)
	}
}

func TestAFullVolumeTakesWhatFits(t *testing.T) {
	f := world(root)
	o, err := f.Open("/data/f", Create|Write|Read, 0o644)
	must(t, err)
	n, err := o.Write(make([]byte, 80))
	if n != 80 || err != nil {
		t.Fatal(n, err)
	}
	n, err = o.Write(make([]byte, 80))
	if n != 20 || ErrnoOf(err) != ErrNoSpace {
		t.Errorf("want the 20 bytes that fit, got %d %v", n, err)
	}
	must(t, f.Remove("/data/f"))
	if f.Available(1) != 0 || f.Mounts()[1].Tree.Used() != 0 {
		t.Errorf("an open removed file still takes up room: %d", f.Available(1))
	}
	if _, err := o.Seek(98, io.SeekStart); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(o); len(rest) != 2 || err != nil {
		t.Error(rest, err)
	}
	must(t, o.Close())
	if f.Available(1) != 100 {
		t.Error("closing frees the room")
	}
	if err := o.Close(); ErrnoOf(err) != ErrBadDescriptor {
		t.Error(err)
	}
}

func TestAppendingNeverShowsInOlderTrees(t *testing.T) {
	f := world(root)
	must(t, f.WriteFile("/tmp/log", []byte("0"), 0o644, Create))
	var trees []Tree
	for range 50 {
		must(t, f.WriteFile("/tmp/log", []byte("1"), 0, Append))
		trees = append(trees, f.Mounts()[0].Tree)
	}
	fork := NewFileSystem([]Mount{{Path: "/", Tree: trees[20]}}, root, noon)
	must(t, fork.WriteFile("/tmp/log", []byte("fork"), 0, Append))
	must(t, f.WriteAt("/tmp/log", []byte("x"), 3))
	for i, tree := range trees {
		if got, _ := tree.Content("/tmp/log"); got != "0"+strings.Repeat("1", i+1) {
			t.Fatalf("tree %d: %q", i, got)
		}
	}
	if got, _ := f.ReadText("/tmp/log"); len(got) != 51 || got[3] != 'x' {
		t.Errorf("%q", got)
	}
}

func TestWriteAtFillsGapsWithZeros(t *testing.T) {
	f := world(root)
	must(t, f.WriteFile("/tmp/d", nil, 0o644, Create))
	must(t, f.WriteAt("/tmp/d", []byte("end"), 4))
	must(t, f.Truncate("/tmp/d", 9))
	got, err := f.ReadFile("/tmp/d")
	if err != nil || !bytes.Equal(got, []byte("\x00\x00\x00\x00end\x00\x00")) {
		t.Errorf("%q %v", got, err)
	}
}

func TestWalkGoesInByteOrderAndAcrossMounts(t *testing.T) {
	f := world(root)
	must(t, f.WriteFile("/data/b", nil, 0o644, Create))
	must(t, f.MkdirAll("/data/a/deep", 0o755))
	var seen []string
	must(t, f.In("/").Walk("data", func(path string, info Info, err error) error {
		seen = append(seen, path)
		if info.Name == "deep" {
			return fs.SkipDir
		}
		return err
	}))
	if got := strings.Join(seen, " "); got != "data data/a data/a/deep data/b" {
		t.Error(got)
	}
	infos, err := f.ReadDir("/")
	must(t, err)
	for _, info := range infos {
		if info.Name == "data" && (info.Mount != 1 || info.Mode.Perm() != 0o777) {
			t.Errorf("a mount point shows what is mounted: %+v", info)
		}
	}
}

func BenchmarkWriteFileReadFile(b *testing.B) {
	f := world(root)
	data := []byte("hello from web-0\n")
	b.ReportAllocs()
	for b.Loop() {
		if err := f.WriteFile("/tmp/index.html", data, 0o644, Create|Truncate); err != nil {
			b.Fatal(err)
		}
		if _, err := f.ReadFile("/tmp/index.html"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	f := world(root)
	must(&testing.T{}, f.WriteFile("/tmp/log", nil, 0o644, Create))
	b.ReportAllocs()
	for b.Loop() {
		if err := f.WriteFile("/tmp/log", []byte("line\n"), 0, Append); err != nil {
			b.Fatal(err)
		}
	}
}
