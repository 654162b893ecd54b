package applet

import (
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

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
