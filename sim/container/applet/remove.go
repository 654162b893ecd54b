package applet

import (
	"errors"
	"io/fs"
	"path"

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
