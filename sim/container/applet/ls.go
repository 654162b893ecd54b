package applet

import (
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// entry is one file as ls shows it: under this name.
type entry struct {
	name string
	full string // the path that reaches it
	info storage.Info
}

// ls lists files.
func ls(c *Call) Outcome {
	o, outcome, ok := c.options("aAl1dhiRtrSFpngGosLCkBUQqNHx", "all=a", "almost-all=A", "directory=d", "human-readable=h", "inode=i", "recursive=R", "reverse=r", "size=s",
		"classify=F", "numeric-uid-gid=n", "no-group=G", "dereference=L", "color;", "full-time", "time-style:", "group-directories-first", "sort:")
	if !ok {
		return outcome
	}
	if o.has("sort") {
		key, known := map[string]string{"time": "t", "size": "S", "none": "U", "name": "", "version": "v"}[o.value("sort", "")]
		if !known || key == "v" {
			return c.fail(2, "invalid argument %s for '--sort': expected none, name, time or size", quote(o.value("sort", "")))
		}
		o.used = append(o.used, option{key, ""})
	}
	l := &lister{Call: c, o: o}
	l.long = o.has("l", "n", "g", "o", "full-time") && o.last("l", "n", "g", "o", "full-time", "1", "C") != "C"
	names := o.operands
	if len(names) == 0 {
		names = []string{"."}
	}
	var files, dirs []entry
	for _, name := range names {
		info, err := l.stat(name)
		if err != nil {
			c.errorf("cannot access %s: %s", quote(name), reason(err))
			l.code = 2
			continue
		}
		item := entry{name, name, info}
		if info.IsDir() && !o.has("d") {
			dirs = append(dirs, item)
		} else {
			files = append(files, item)
		}
	}
	l.sort(files)
	l.sort(dirs)
	l.show(files)
	for i, dir := range dirs {
		if len(names) > 1 || o.has("R") {
			if i > 0 || len(files) > 0 {
				c.print("\n")
			}
			c.print(dir.name + ":\n")
		}
		l.directory(dir.name)
	}
	return Exit(l.code)
}

type lister struct {
	*Call
	o    options
	long bool
	code int
}

// stat follows a link on the command line only where ls does: not with -l, -d or -F.
func (l *lister) stat(name string) (storage.Info, error) {
	if l.o.has("L", "H") || !l.long && !l.o.has("d", "F") {
		if info, err := l.files().Stat(name); err == nil {
			return info, nil
		}
	}
	return l.files().Lstat(name)
}

// directory lists what is in a directory, and with -R below it.
func (l *lister) directory(name string) {
	list, err := l.files().ReadDir(name)
	if err != nil {
		l.errorf("cannot open directory %s: %s", quote(name), reason(err))
		l.code = max(l.code, 1)
		return
	}
	var entries []entry
	if l.o.last("a", "A") == "a" {
		for _, special := range []string{".", ".."} {
			if info, err := l.files().Stat(path.Join(name, special)); err == nil {
				entries = append(entries, entry{special, path.Join(name, special), info})
			}
		}
	}
	for _, info := range list {
		if strings.HasPrefix(info.Name, ".") && !l.o.has("a", "A") {
			continue
		}
		full := joinPath(name, info.Name)
		if l.o.has("L") {
			if target, err := l.files().Stat(full); err == nil {
				info.Mode, info.Size, info.ModTime = target.Mode, target.Size, target.ModTime
			}
		}
		entries = append(entries, entry{info.Name, full, info})
	}
	l.sort(entries)
	if l.long || l.o.has("s") {
		blocks := int64(0)
		for _, e := range entries {
			blocks += blocksOf(e.info)
		}
		text := strconv.FormatInt(blocks, 10)
		if l.o.has("h") {
			text = humanSize(blocks * 1024)
		}
		l.print("total " + text + "\n")
	}
	l.show(entries)
	if !l.o.has("R") {
		return
	}
	for _, e := range entries {
		if e.info.IsDir() && e.name != "." && e.name != ".." {
			l.print("\n" + e.full + ":\n")
			l.directory(e.full)
		}
	}
}

// joinPath is path.Join that keeps a leading "./".
func joinPath(dir, name string) string {
	if strings.HasSuffix(dir, "/") {
		return dir + name
	}
	return dir + "/" + name
}

func (l *lister) sort(entries []entry) {
	if l.o.has("U") {
		return
	}
	less := func(a, b entry) bool {
		switch l.o.last("t", "S") {
		case "t":
			if !a.info.ModTime.Equal(b.info.ModTime) {
				return a.info.ModTime.After(b.info.ModTime)
			}
		case "S":
			if a.info.Size != b.info.Size {
				return a.info.Size > b.info.Size
			}
		}
		return a.name < b.name
	}
	sort.SliceStable(entries, func(i, j int) bool {
		if first := l.o.has("group-directories-first"); first && entries[i].info.IsDir() != entries[j].info.IsDir() {
			return entries[i].info.IsDir()
		}
		if l.o.has("r") {
			i, j = j, i
		}
		return less(entries[i], entries[j])
	})
}

// show prints entries: long, one a line, or in columns on a terminal.
func (l *lister) show(entries []entry) {
	if len(entries) == 0 {
		return
	}
	if l.long {
		l.showLong(entries)
		return
	}
	names := make([]string, len(entries))
	width := 0
	for _, e := range entries {
		width = max(width, len(strconv.FormatUint(e.info.Inode, 10)))
	}
	for i, e := range entries {
		if l.o.has("i") {
			names[i] = padLeft(strconv.FormatUint(e.info.Inode, 10), width) + " "
		}
		if l.o.has("s") {
			names[i] += padLeft(strconv.FormatInt(blocksOf(e.info), 10), 1) + " "
		}
		names[i] += e.name + l.mark(e.info)
	}
	if l.TTY && !l.o.has("1") || l.o.last("1", "C") == "C" {
		l.print(inColumns(names, 80))
		return
	}
	l.print(strings.Join(names, "\n") + "\n")
}
