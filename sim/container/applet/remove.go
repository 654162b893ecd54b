package applet

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

// rm removes files, and directories with -r.
func rm(c *Call) Outcome {
	o, outcome, ok := c.options("rRfvidI", "recursive=r", "force=f", "verbose=v", "dir=d", "no-preserve-root", "preserve-root;")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 && !o.has("f") {
		return c.fail(1, "missing operand")
	}
	failed := false
	problem := func(format string, values ...any) {
		c.errorf(format, values...)
		failed = true
	}
	var remove func(name string, info storage.Info)
	remove = func(name string, info storage.Info) {
		if info.IsDir() && o.has("r", "R") {
			list, err := c.files().ReadDir(name)
			if err != nil {
				problem("cannot remove %s: %s", quote(name), reason(err))
				return
			}
			before := failed
			failed = false
			for _, below := range list {
				remove(joinPath(name, below.Name), below)
			}
			if failed {
				return
			}
			failed = before
		}
		if err := c.files().Remove(name); err != nil {
			problem("cannot remove %s: %s", quote(name), reason(err))
			return
		}
		if o.has("v") && info.IsDir() {
			c.printf("removed directory '%s'\n", name)
		} else if o.has("v") {
			c.printf("removed '%s'\n", name)
		}
	}
	for _, name := range o.operands {
		if base := path.Base(name); base == "." || base == ".." {
			problem("refusing to remove '.' or '..' directory: skipping %s", quote(name))
			continue
		}
		if c.absolute(name) == "/" && o.has("r", "R") {
			problem("it is dangerous to operate recursively on '/'")
			continue
		}
		info, err := c.files().Lstat(name)
		if err != nil {
			if !o.has("f") || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, storage.ErrNotDirectory) {
				problem("cannot remove %s: %s", quote(name), reason(err))
			}
			continue
		}
		if info.IsDir() && !o.has("r", "R", "d") {
			problem("cannot remove %s: Is a directory", quote(name))
			continue
		}
		remove(name, info)
	}
	return exitFailed(failed)
}

// mkdir makes directories.
func mkdir(c *Call) Outcome {
	o, outcome, ok := c.options("pm:v", "parents=p", "mode=m", "verbose=v")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	mode := fs.FileMode(0o755)
	if o.has("m") {
		var ok bool
		if mode, ok = parseMode(o.value("m", ""), 0o777|fs.ModeDir, 0o022); !ok {
			return c.fail(1, "invalid mode %s", quote(o.value("m", "")))
		}
	}
	failed := false
	one := func(name string, mode fs.FileMode) bool {
		if err := c.files().Mkdir(name, mode.Perm()); err != nil {
			c.errorf("cannot create directory %s: %s", quote(name), reason(err))
			failed = true
			return false
		}
		if mode&(fs.ModeSetgid|fs.ModeSticky|fs.ModeSetuid) != 0 {
			_ = c.files().Chmod(name, mode)
		}
		if o.has("v") {
			c.printf("mkdir: created directory '%s'\n", name)
		}
		return true
	}
	for _, name := range o.operands {
		if !o.has("p") {
			one(name, mode)
			continue
		}
		parts := strings.Split(strings.TrimRight(name, "/"), "/")
		for i := range parts {
			part := strings.Join(parts[:i+1], "/")
			if part == "" {
				continue
			}
			info, err := c.files().Stat(part)
			switch {
			case err == nil && info.IsDir():
				continue
			case err == nil:
				text := "File exists"
				if i < len(parts)-1 {
					text = "Not a directory"
				}
				c.errorf("cannot create directory %s: %s", quote(part), text)
				failed = true
			case i == len(parts)-1:
				one(part, mode)
				continue
			case one(part, 0o755):
				continue
			}
			break
		}
	}
	return exitFailed(failed)
}

// rmdir removes empty directories.
func rmdir(c *Call) Outcome {
	o, outcome, ok := c.options("pv", "parents=p", "verbose=v", "ignore-fail-on-non-empty")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	failed := false
	for _, name := range o.operands {
		for name = strings.TrimRight(name, "/"); name != ""; {
			if o.has("v") {
				c.printf("rmdir: removing directory, '%s'\n", name)
			}
			info, err := c.files().Lstat(name)
			if err == nil && !info.IsDir() {
				err = storage.ErrNotDirectory
			}
			if err == nil {
				err = c.files().Remove(name)
			}
			if err != nil {
				if !o.has("ignore-fail-on-non-empty") || !errors.Is(err, storage.ErrNotEmpty) {
					c.errorf("failed to remove %s: %s", quote(name), reason(err))
					failed = true
				}
				break
			}
			at := strings.LastIndexByte(name, '/')
			if !o.has("p") || at <= 0 {
				break
			}
			name = name[:at]
		}
	}
	return exitFailed(failed)
}

// touch makes files or sets their times.
func touch(c *Call) Outcome {
	o, outcome, ok := c.options("acmd:r:t:", "no-create=c", "date=d", "reference=r", "time:")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.fail(1, "missing file operand")
	}
	moment := c.System.Now()
	switch {
	case o.has("r"):
		info, err := c.files().Stat(o.value("r", ""))
		if err != nil {
			return c.fail(1, "failed to get attributes of %s: %s", quote(o.value("r", "")), reason(err))
		}
		moment = info.ModTime
	case o.has("d"):
		given, ok := parseTime(o.value("d", ""), moment.UTC())
		if !ok {
			return c.fail(1, "invalid date format %s", quote(o.value("d", "")))
		}
		moment = given
	case o.has("t"):
		text := o.value("t", "")
		layout := map[int]string{8: "01021504", 10: "0601021504", 12: "200601021504"}[len(strings.Split(text, ".")[0])]
		if strings.Contains(text, ".") {
			layout += ".05"
		}
		given, err := time.Parse(layout, text)
		if err != nil || layout == "" {
			return c.fail(1, "invalid date format %s", quote(text))
		}
		if len(layout) < 10 {
			given = given.AddDate(moment.Year(), 0, 0)
		}
		moment = given
	}
	failed := false
	for _, name := range o.operands {
		_, err := c.files().Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			if o.has("c") {
				continue
			}
			err = c.files().WriteFile(name, nil, 0o644, storage.Create)
		}
		if err == nil {
			err = c.files().Chtimes(name, moment)
		}
		if err != nil {
			c.errorf("cannot touch %s: %s", quote(name), reason(err))
			failed = true
		}
	}
	return exitFailed(failed)
}

// ln makes links.
func ln(c *Call) Outcome {
	o, outcome, ok := c.options("sfnvTrt:", "symbolic=s", "force=f", "no-dereference=n", "verbose=v", "no-target-directory=T", "target-directory=t")
	if !ok {
		return outcome
	}
	if o.has("r") {
		return c.fail(1, "the flag -r is not simulated")
	}
	if len(o.operands) == 1 && !o.has("t") {
		o.operands = append(o.operands, ".")
	}
	if o.has("n") && len(o.operands) == 2 {
		if info, err := c.files().Lstat(o.operands[1]); err == nil && info.Mode&fs.ModeSymlink != 0 {
			o.used = append(o.used, option{"T", ""})
		}
	}
	sources, target, dir, outcome, ok := c.target(o)
	if !ok {
		return outcome
	}
	failed := false
	for _, source := range sources {
		name := into(source, target, dir)
		if o.has("f") {
			if _, err := c.files().Lstat(name); err == nil {
				_ = c.files().Remove(name) // making the link tells what is wrong
			}
		}
		kind, arrow := "hard", "=>"
		var err error
		if o.has("s") {
			kind, arrow = "symbolic", "->"
			err = c.files().Symlink(source, name)
		} else {
			info, problem := c.files().Lstat(source)
			switch {
			case problem != nil:
				c.errorf("failed to access %s: %s", quote(source), reason(problem))
				failed = true
				continue
			case info.IsDir():
				c.errorf("%s: hard link not allowed for directory", source)
				failed = true
				continue
			}
			err = c.files().Link(source, name)
		}
		if err != nil {
			if kind == "hard" {
				c.errorf("failed to create hard link %s => %s: %s", quote(name), quote(source), reason(err))
			} else {
				c.errorf("failed to create symbolic link %s: %s", quote(name), reason(err))
			}
			failed = true
			continue
		}
		if o.has("v") {
			c.printf("'%s' %s '%s'\n", name, arrow, source)
		}
	}
	return exitFailed(failed)
}

// mktemp makes a file or directory with a name that is new.
func mktemp(c *Call) Outcome {
	o, outcome, ok := c.options("dup:tq", "directory=d", "dry-run=u", "tmpdir;", "suffix:", "quiet=q")
	if !ok {
		return outcome
	}
	template := "tmp.XXXXXXXXXX"
	inTemp := len(o.operands) == 0 || o.has("p", "t", "tmpdir")
	if len(o.operands) > 0 {
		template = o.operands[0]
	}
	end := strings.LastIndexByte(template, 'X') + 1
	start := end
	for start > 0 && template[start-1] == 'X' {
		start--
	}
	if end-start < 3 {
		return c.fail(1, "too few X's in template %s", quote(template))
	}
	if inTemp {
		dir := o.value("p", o.value("tmpdir", ""))
		if dir == "" {
			dir = c.getenv("TMPDIR")
		}
		if dir == "" {
			dir = "/tmp"
		}
		start, end = start+len(dir)+1, end+len(dir)+1
		template = dir + "/" + template
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for range 100 {
		var middle strings.Builder
		for range end - start {
			middle.WriteByte(letters[c.System.Choose("mktemp", len(letters))])
		}
		name := template[:start] + middle.String() + template[end:] + o.value("suffix", "")
		var err error
		switch {
		case o.has("u"):
		case o.has("d"):
			err = c.files().Mkdir(name, 0o700)
		default:
			err = c.files().WriteFile(name, nil, 0o600, storage.Write|storage.Create|storage.Exclusive)
		}
		if err == nil {
			c.print(name + "\n")
			return Exit(0)
		}
		if !errors.Is(err, storage.ErrExist) {
			kind := map[bool]string{true: "directory", false: "file"}[o.has("d")]
			return c.fail(1, "failed to create %s via template %s: %s", kind, quote(template), reason(err))
		}
	}
	return c.fail(1, "found no free name after 100 tries with template %s; hint: use more X's, there are %s", quote(template), strconv.Itoa(end-start))
}
