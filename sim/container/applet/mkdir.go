package applet

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

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
