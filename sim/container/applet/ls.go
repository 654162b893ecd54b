package applet

import (
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

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

// mark is what -F and -p put behind a name.
func (l *lister) mark(info storage.Info) string {
	switch {
	case info.IsDir() && l.o.has("F", "p"):
		return "/"
	case !l.o.has("F"):
	case info.Mode&fs.ModeSymlink != 0:
		return "@"
	case info.Mode.IsRegular() && info.Mode&0o111 != 0:
		return "*"
	}
	return ""
}

// showLong prints one line for each entry with all about it.
func (l *lister) showLong(entries []entry) {
	right := map[int]bool{}
	var rows [][]string
	for _, e := range entries {
		var row []string
		add := func(text string, flushRight bool) {
			right[len(row)] = flushRight
			row = append(row, text)
		}
		if l.o.has("i") {
			add(strconv.FormatUint(e.info.Inode, 10), true)
		}
		if l.o.has("s") {
			add(strconv.FormatInt(blocksOf(e.info), 10), true)
		}
		add(modeText(e.info), false)
		add(strconv.Itoa(e.info.Links), true)
		user, group := l.userName(e.info.UID), l.groupName(e.info.GID)
		if l.o.has("n") {
			user, group = strconv.Itoa(e.info.UID), strconv.Itoa(e.info.GID)
		}
		if !l.o.has("g") {
			add(user, l.o.has("n"))
		}
		if !l.o.has("o", "G") {
			add(group, l.o.has("n"))
		}
		size := strconv.FormatInt(sizeOf(e.info), 10)
		if l.o.has("h") {
			size = humanSize(sizeOf(e.info))
		}
		if e.info.Device != "" {
			size = deviceNumbers(e.info.Device)
		}
		add(size, true)
		add(l.timeText(e.info.ModTime), false)
		name := e.name + l.mark(e.info)
		if e.info.Mode&fs.ModeSymlink != 0 {
			target, _ := l.files().Readlink(e.full)
			name = e.name + " -> " + target
		}
		add(name, false)
		rows = append(rows, row)
	}
	l.print(layOut(rows, right, " "))
}

// timeText is a time as ls prints it: with the year instead of the hour when it is half a year away.
func (l *lister) timeText(t time.Time) string {
	t = t.UTC()
	switch style := l.o.value("time-style", ""); {
	case l.o.has("full-time") || style == "full-iso":
		return t.Format("2006-01-02 15:04:05.000000000 -0700")
	case style == "long-iso":
		return t.Format("2006-01-02 15:04")
	case strings.HasPrefix(style, "+"):
		return strftime(style[1:], t)
	}
	age := l.System.Now().Sub(t)
	if age < 365*24*time.Hour/2 && age > -time.Hour {
		return t.Format("Jan _2 15:04")
	}
	return t.Format("Jan _2  2006")
}

// modeText is type and permissions, as in "drwxr-xr-x".
func modeText(info storage.Info) string {
	mode := info.Mode
	text := []byte("-rwxrwxrwx")
	switch {
	case mode.IsDir():
		text[0] = 'd'
	case mode&fs.ModeSymlink != 0:
		text[0] = 'l'
	case mode&fs.ModeDevice != 0:
		text[0] = 'c'
	}
	for i := range 9 {
		if mode.Perm()&(1<<(8-i)) == 0 {
			text[i+1] = '-'
		}
	}
	for _, special := range []struct {
		bit  fs.FileMode
		at   int
		char byte
	}{{fs.ModeSetuid, 3, 's'}, {fs.ModeSetgid, 6, 's'}, {fs.ModeSticky, 9, 't'}} {
		if mode&special.bit == 0 {
			continue
		}
		if text[special.at] == '-' {
			special.char -= 'a' - 'A'
		}
		text[special.at] = special.char
	}
	return string(text)
}
