package applet

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// parseMode applies a mode as chmod takes it, octal or symbolic, to the mode that a file has.
func parseMode(text string, mode fs.FileMode, umask fs.FileMode) (fs.FileMode, bool) {
	if text != "" && digits(text, len(text), 8) == len(text) {
		value, err := strconv.ParseUint(text, 8, 16)
		if err != nil || value > 0o7777 {
			return 0, false
		}
		result := mode&fs.ModeType | fs.FileMode(value&0o777)
		for _, special := range specialBits {
			if value&special.value != 0 || special.mode != fs.ModeSticky && mode.IsDir() && len(text) < 5 && mode&special.mode != 0 {
				result |= special.mode // numbers leave a directory's setuid and setgid bits as they are
			}
		}
		return result, true
	}
	for _, clause := range strings.Split(text, ",") {
		var ok bool
		if mode, ok = applyClause(clause, mode, umask); !ok {
			return 0, false
		}
	}
	return mode, text != ""
}

// applyClause does one part of a symbolic mode, such as "u+x" or "go=r".
func applyClause(clause string, mode, umask fs.FileMode) (fs.FileMode, bool) {
	at := strings.IndexAny(clause, "+-=")
	if at < 0 || strings.Trim(clause[:at], "ugoa") != "" {
		return 0, false
	}
	who, masked := fs.FileMode(0), clause[:at] == ""
	for _, char := range clause[:at] {
		who |= map[rune]fs.FileMode{'u': 0o700, 'g': 0o070, 'o': 0o007, 'a': 0o777}[char]
	}
	if masked {
		who = 0o777 &^ umask
	}
	for rest := clause[at:]; rest != ""; {
		operator := rest[0]
		end := strings.IndexAny(rest[1:], "+-=")
		letters := rest[1:]
		if end >= 0 {
			letters = rest[1 : 1+end]
		}
		rest = rest[1+len(letters):]
		bits, special := fs.FileMode(0), fs.FileMode(0)
		for _, letter := range letters {
			switch letter {
			case 'r':
				bits |= 0o444
			case 'w':
				bits |= 0o222
			case 'x':
				bits |= 0o111
			case 'X':
				if mode.IsDir() || mode&0o111 != 0 {
					bits |= 0o111
				}
			case 'u':
				bits |= mode >> 6 & 7 * 0o111
			case 'g':
				bits |= mode >> 3 & 7 * 0o111
			case 'o':
				bits |= mode & 7 * 0o111
			case 's':
				if who&0o700 != 0 {
					special |= fs.ModeSetuid
				}
				if who&0o070 != 0 {
					special |= fs.ModeSetgid
				}
			case 't':
				special |= fs.ModeSticky
			default:
				return 0, false
			}
		}
		switch operator {
		case '+':
			mode |= bits&who | special
		case '-':
			mode &^= bits&who | special
		case '=':
			mode = mode&^who | bits&who | special
		}
	}
	return mode, true
}

// below calls act for a path, and with recursive for everything under it.
func (c *Call) below(name string, recursive bool, act func(name string, info storage.Info) error) error {
	if !recursive {
		info, err := c.files().Stat(name)
		if err != nil {
			return err
		}
		return act(name, info)
	}
	return c.files().Walk(name, func(below string, info storage.Info, err error) error {
		if err != nil {
			return err
		}
		if info.Mode&fs.ModeSymlink != 0 && below != name {
			return nil
		}
		return act(below, info)
	})
}

// chmod changes permissions.
func chmod(c *Call) Outcome {
	// A mode such as -x looks like a flag.
	args := append([]string(nil), c.Args...)
	for i := 1; i < len(args); i++ {
		if len(args[i]) > 1 && args[i][0] == '-' && strings.Trim(args[i][1:], "rwxXst") == "" {
			args[i] = "a" + args[i]
		}
	}
	copied := *c
	copied.Args = args
	c = &copied
	o, outcome, ok := c.options("Rvcf", "recursive=R", "verbose=v", "changes=c", "silent=f", "reference:")
	if !ok {
		return outcome
	}
	text, names := "", o.operands
	if o.has("reference") {
		info, err := c.files().Stat(o.value("reference", ""))
		if err != nil {
			return c.fail(1, "failed to get attributes of %s: %s", quote(o.value("reference", "")), reason(err))
		}
		text = strconv.FormatUint(uint64(info.Mode.Perm()), 8)
	} else if len(names) > 0 {
		text, names = names[0], names[1:]
	}
	if len(names) == 0 {
		return c.missingOperand(o.operands)
	}
	if _, ok := parseMode(text, 0, 0); !ok {
		return c.fail(1, "invalid mode: %s", quote(text))
	}
	failed := false
	for _, name := range names {
		if _, err := c.files().Stat(name); err != nil {
			if !o.has("f") {
				c.errorf("cannot access %s: %s", quote(name), reason(err))
			}
			failed = true
			continue
		}
		err := c.below(name, o.has("R"), func(name string, info storage.Info) error {
			mode, _ := parseMode(text, info.Mode, 0o022)
			if err := c.files().Chmod(name, mode); err != nil {
				return err
			}
			changed := mode != info.Mode
			if o.has("v") || o.has("c") && changed {
				info.Mode, mode = mode, info.Mode
				verb := "changed from " + octal(mode) + " (" + modeText(storage.Info{Mode: mode})[1:] + ") to "
				if !changed {
					verb = "retained as "
				}
				c.printf("mode of '%s' %s%s (%s)\n", name, verb, octal(info.Mode), modeText(info)[1:])
			}
			return nil
		})
		if err != nil {
			c.errorf("changing permissions of %s: %s", quote(name), reason(err))
			failed = true
		}
	}
	return exitFailed(failed)
}

// specialBits are the bits above the permissions and their octal values.
var specialBits = []struct {
	value uint64
	mode  fs.FileMode
}{{0o4000, fs.ModeSetuid}, {0o2000, fs.ModeSetgid}, {0o1000, fs.ModeSticky}}

// octal is a mode in four octal digits.
func octal(mode fs.FileMode) string {
	value := uint64(mode.Perm())
	for _, special := range specialBits {
		if mode&special.mode != 0 {
			value |= special.value
		}
	}
	return fmt.Sprintf("%04o", value)
}

// chown changes owner and group; chgrp the group alone.
func chown(c *Call) Outcome {
	o, outcome, ok := c.options("Rvhcf", "recursive=R", "verbose=v", "no-dereference=h", "silent=f", "changes=c", "reference:")
	if !ok {
		return outcome
	}
	if len(o.operands) < 2 {
		return c.missingOperand(o.operands)
	}
	user, group, grouped := strings.Cut(o.operands[0], ":")
	if c.name() == "chgrp" {
		user, group, grouped = "", o.operands[0], true
	}
	uid, gid := -1, -1
	if user != "" {
		var ok bool
		if uid, ok = c.accountID("/etc/passwd", user); !ok {
			return c.fail(1, "invalid user: %s", quote(o.operands[0]))
		}
	}
	if grouped && group != "" {
		var ok bool
		if gid, ok = c.accountID("/etc/group", group); !ok {
			return c.fail(1, "invalid group: %s", quote(o.operands[0]))
		}
	}
	what := "ownership"
	if uid < 0 {
		what = "group"
	}
	failed := false
	for _, name := range o.operands[1:] {
		if _, err := c.files().Lstat(name); err != nil {
			c.errorf("cannot access %s: %s", quote(name), reason(err))
			failed = true
			continue
		}
		change := c.files().Chown
		if o.has("h") {
			change = c.files().Lchown
		}
		err := c.below(name, o.has("R"), func(name string, _ storage.Info) error { return change(name, uid, gid) })
		if err != nil {
			c.errorf("changing %s of %s: %s", what, quote(name), reason(err))
			failed = true
		} else if o.has("v") {
			c.printf("changed %s of '%s' to %s\n", what, name, o.operands[0])
		}
	}
	return exitFailed(failed)
}
