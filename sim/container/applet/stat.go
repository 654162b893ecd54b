package applet

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// fileKind is a file's type in words, as stat has it.
func fileKind(info storage.Info) string {
	switch {
	case info.IsDir():
		return "directory"
	case info.Mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case info.Device != "":
		return "character special file"
	case info.Size == 0:
		return "regular empty file"
	}
	return "regular file"
}

// stat describes files.
func stat(c *Call) Outcome {
	o, outcome, ok := c.options("Lc:tf", "dereference=L", "format=c", "printf:", "terse=t", "file-system=f")
	if !ok {
		return outcome
	}
	if o.has("f", "t") {
		return c.fail(1, "the flags -f and -t are not simulated; hint: df, or stat -c FORMAT")
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	failed := false
	for _, name := range o.operands {
		look := c.files().Lstat
		if o.has("L") {
			look = c.files().Stat
		}
		info, err := look(name)
		if err != nil {
			c.errorf("cannot statx %s: %s", quote(name), reason(err))
			failed = true
			continue
		}
		switch {
		case o.has("printf"):
			text, _ := unescape(c.statFormat(o.value("printf", ""), name, info), false)
			c.print(text)
		case o.has("c"):
			c.print(c.statFormat(o.value("c", ""), name, info) + "\n")
		default:
			title := name
			if info.Mode&fs.ModeSymlink != 0 {
				target, _ := c.files().Readlink(name)
				title += " -> " + target
			}
			moment := info.ModTime.UTC().Format("2006-01-02 15:04:05.000000000 -0700")
			c.printf("  File: %s\n", title)
			c.printf("  Size: %-10d\tBlocks: %-10d IO Block: %-6d %s\n", sizeOf(info), blocksOf(info)*2, blockSize, fileKind(info))
			c.printf("Device: 0,%d\tInode: %-11d Links: %d\n", info.Mount+1, info.Inode, info.Links)
			c.printf("Access: (%s/%s)  Uid: (%5d/%8s)   Gid: (%5d/%8s)\n", octal(info.Mode), modeText(info), info.UID, c.userName(info.UID), info.GID, c.groupName(info.GID))
			c.printf("Access: %s\nModify: %s\nChange: %s\n Birth: -\n", moment, moment, moment)
		}
	}
	return exitFailed(failed)
}

// statFormat fills in a format of stat -c.
func (c *Call) statFormat(format, name string, info storage.Info) string {
	var out strings.Builder
	moment := info.ModTime.UTC()
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'n':
			out.WriteString(name)
		case 'N':
			out.WriteString(quote(name))
			if target, err := c.files().Readlink(name); err == nil {
				out.WriteString(" -> " + quote(target))
			}
		case 's':
			fmt.Fprint(&out, sizeOf(info))
		case 'a':
			out.WriteString(strings.TrimPrefix(octal(info.Mode), "0"))
		case 'A':
			out.WriteString(modeText(info))
		case 'f':
			kind := uint32(0o100000)
			switch {
			case info.IsDir():
				kind = 0o040000
			case info.Mode&fs.ModeSymlink != 0:
				kind = 0o120000
			case info.Device != "":
				kind = 0o020000
			}
			bits, _ := strconv.ParseUint(octal(info.Mode), 8, 32)
			fmt.Fprintf(&out, "%x", kind|uint32(bits))
		case 'u':
			fmt.Fprint(&out, info.UID)
		case 'U':
			out.WriteString(c.userName(info.UID))
		case 'g':
			fmt.Fprint(&out, info.GID)
		case 'G':
			out.WriteString(c.groupName(info.GID))
		case 'h':
			fmt.Fprint(&out, info.Links)
		case 'i':
			fmt.Fprint(&out, info.Inode)
		case 'F':
			out.WriteString(fileKind(info))
		case 'b':
			fmt.Fprint(&out, blocksOf(info)*2)
		case 'B':
			out.WriteString("512")
		case 'o':
			fmt.Fprint(&out, blockSize)
		case 'd':
			fmt.Fprint(&out, info.Mount+1)
		case 'm':
			out.WriteString(c.System.Files().Mounts()[info.Mount].Path)
		case 'x', 'y', 'z':
			out.WriteString(moment.Format("2006-01-02 15:04:05.000000000 -0700"))
		case 'X', 'Y', 'Z':
			fmt.Fprint(&out, moment.Unix())
		case 'w':
			out.WriteString("-")
		case 'W':
			out.WriteString("0")
		case '%':
			out.WriteString("%")
		default:
			out.WriteString("?")
		}
	}
	return out.String()
}

// readlink prints where links point.
func readlink(c *Call) Outcome {
	o, outcome, ok := c.options("femnqvs", "canonicalize=f", "canonicalize-existing=e", "canonicalize-missing=m", "no-newline=n")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	failed := false
	for _, name := range o.operands {
		var text string
		var err error
		switch o.last("f", "e", "m") {
		case "":
			text, err = c.files().Readlink(name)
		case "m":
			text, _ = c.resolve(name, 1<<16)
		case "f":
			text, err = c.resolve(name, 1)
		case "e":
			text, err = c.files().RealPath(name)
		}
		if err != nil {
			if o.has("v") {
				c.errorf("%s: %s", name, reason(err))
			}
			failed = true
			continue
		}
		c.print(text)
		if !o.has("n") {
			c.print("\n")
		}
	}
	return exitFailed(failed)
}

// resolve is the path without links, of which the last elements, at most missing, need not exist.
func (c *Call) resolve(name string, missing int) (string, error) {
	name = c.absolute(name)
	rest := ""
	for {
		real, err := c.files().RealPath(name)
		if err == nil {
			return path.Join(real, rest), nil
		}
		if missing == 0 || name == "/" {
			return "", err
		}
		if target, failed := c.files().Readlink(name); failed == nil && !path.IsAbs(target) {
			return path.Join(path.Dir(name), target, rest), nil // a dangling link
		} else if failed == nil {
			return path.Join(target, rest), nil
		}
		missing--
		rest = path.Join(path.Base(name), rest)
		name = path.Dir(name)
	}
}

// realpath prints paths without links.
func realpath(c *Call) Outcome {
	o, outcome, ok := c.options("emsqz", "canonicalize-existing=e", "canonicalize-missing=m", "no-symlinks=s", "strip=s", "quiet=q", "relative-to:")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	if o.has("relative-to") {
		return c.fail(1, "the flag --relative-to is not simulated")
	}
	failed := false
	for _, name := range o.operands {
		text, err := c.absolute(name), error(nil)
		switch o.last("e", "m", "s") {
		case "s":
		case "m":
			text, _ = c.resolve(name, 1<<16)
		case "e":
			text, err = c.files().RealPath(name)
		default:
			text, err = c.resolve(name, 1)
		}
		if err != nil {
			if !o.has("q") {
				c.errorf("%s: %s", name, reason(err))
			}
			failed = true
			continue
		}
		c.print(text + "\n")
	}
	return exitFailed(failed)
}
