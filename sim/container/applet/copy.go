package applet

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/stsim/stsim/storage"
)

// target splits the operands of cp, mv and ln into sources and where they go. dir says that the target is a directory.
func (c *Call) target(o options) (sources []string, target string, dir bool, outcome Outcome, ok bool) {
	sources = o.operands
	if o.has("t") {
		target = o.value("t", "")
	} else if len(sources) > 0 {
		target, sources = sources[len(sources)-1], sources[:len(sources)-1]
	}
	if len(o.operands) == 0 {
		return nil, "", false, c.fail(1, "missing file operand"), false
	}
	if len(sources) == 0 {
		return nil, "", false, c.fail(1, "missing destination file operand after %s", quote(o.operands[0])), false
	}
	info, err := c.files().Stat(target)
	dir = err == nil && info.IsDir() && !o.has("T")
	if (len(sources) > 1 || o.has("t")) && !dir {
		if err != nil {
			return nil, "", false, c.fail(1, "target %s: %s", quote(target), reason(err)), false
		}
		return nil, "", false, c.fail(1, "target %s: Not a directory", quote(target)), false
	}
	return sources, target, dir, Outcome{}, true
}

// into is the path that a source gets in a target.
func into(source, target string, dir bool) string {
	if !dir {
		return target
	}
	return joinPath(target, path.Base(source))
}

// cp copies files and directories.
func cp(c *Call) Outcome {
	o, outcome, ok := c.options("rRapvfnidLPHut:Tl", "recursive=r", "archive=a", "preserve;", "verbose=v", "force=f", "no-clobber=n", "update=u", "target-directory=t", "no-target-directory=T", "no-dereference=P", "dereference=L")
	if !ok {
		return outcome
	}
	sources, target, dir, outcome, ok := c.target(o)
	if !ok {
		return outcome
	}
	run := &copier{Call: c, o: o}
	for _, source := range sources {
		info, err := run.stat(source)
		if err != nil {
			c.errorf("cannot stat %s: %s", quote(source), reason(err))
			run.failed = true
			continue
		}
		destination := into(source, target, dir)
		if info.IsDir() {
			if !o.has("r", "R", "a") {
				c.errorf("-r not specified; omitting directory %s", quote(source))
				run.failed = true
				continue
			}
			if dir && (strings.HasSuffix(source, "/.") || source == "." || strings.HasSuffix(source, "..")) {
				destination = target
			}
			from, to := c.absolute(source), c.absolute(destination)
			if to == from || strings.HasPrefix(to, strings.TrimSuffix(from, "/")+"/") {
				c.errorf("cannot copy a directory, %s, into itself, %s", quote(source), quote(destination))
				run.failed = true
				continue
			}
		}
		run.copy(source, destination, info)
	}
	return exitFailed(run.failed)
}

type copier struct {
	*Call
	o      options
	failed bool
}

// stat follows links unless the copy keeps them.
func (r *copier) stat(name string) (storage.Info, error) {
	if r.o.has("a", "P", "d") || r.o.has("r", "R") && !r.o.has("L", "H") {
		return r.files().Lstat(name)
	}
	return r.files().Stat(name)
}

func (r *copier) problem(format string, values ...any) {
	r.errorf(format, values...)
	r.failed = true
}

func (r *copier) copy(source, target string, info storage.Info) {
	old, err := r.files().Lstat(target)
	exists := err == nil
	if exists && old.Mode&fs.ModeSymlink != 0 && info.Mode&fs.ModeSymlink == 0 {
		if followed, err := r.files().Stat(target); err == nil {
			old = followed
		}
	}
	switch {
	case exists && old.Mount == info.Mount && old.Inode == info.Inode:
		r.problem("%s and %s are the same file", quote(source), quote(target))
		return
	case exists && !info.IsDir() && r.o.has("n"):
		return
	case exists && !info.IsDir() && r.o.has("u") && !info.ModTime.After(old.ModTime):
		return
	case exists && old.IsDir() && !info.IsDir():
		r.problem("cannot overwrite directory %s with non-directory", quote(target))
		return
	case exists && !old.IsDir() && info.IsDir():
		r.problem("cannot overwrite non-directory %s with directory %s", quote(target), quote(source))
		return
	}
	switch {
	case info.IsDir():
		if !exists {
			if err := r.files().Mkdir(target, info.Mode.Perm()|0o700); err != nil {
				r.problem("cannot create directory %s: %s", quote(target), reason(err))
				return
			}
			r.tell(source, target)
		}
		list, err := r.files().ReadDir(source)
		if err != nil {
			r.problem("cannot access %s: %s", quote(source), reason(err))
		}
		for _, below := range list {
			r.copy(joinPath(source, below.Name), joinPath(target, below.Name), below)
		}
	case info.Mode&fs.ModeSymlink != 0:
		link, err := r.files().Readlink(source)
		if err == nil {
			if exists {
				err = r.files().Remove(target)
			}
			if err == nil {
				err = r.files().Symlink(link, target)
			}
		}
		if err != nil {
			r.problem("cannot create symbolic link %s: %s", quote(target), reason(err))
			return
		}
		r.tell(source, target)
		return
	default:
		if !r.copyFile(source, target, info, exists) {
			return
		}
		r.tell(source, target)
	}
	r.preserve(target, info)
}

// copyFile copies content.
func (r *copier) copyFile(source, target string, info storage.Info, exists bool) bool {
	data, err := r.read(source)
	if err != nil {
		r.problem("cannot open %s for reading: %s", quote(source), reason(err))
		return false
	}
	if strings.HasSuffix(target, "/") && !exists {
		r.problem("cannot create regular file %s: Not a directory", quote(target))
		return false
	}
	if exists || r.device(target) != "" {
		err = r.write(target, data, storage.Truncate)
		if err != nil && r.o.has("f") && errors.Is(err, fs.ErrPermission) && r.files().Remove(target) == nil {
			exists = false
		}
	}
	if !exists && r.device(target) == "" {
		err = r.files().WriteFile(target, data, info.Mode.Perm()&^0o022, storage.Write|storage.Create|storage.Truncate)
	}
	if err == nil {
		return true
	}
	if exists {
		r.problem("cannot create regular file %s: %s", quote(target), reason(err))
	} else if errors.Is(err, storage.ErrNoSpace) {
		r.problem("error writing %s: %s", quote(target), reason(err))
	} else {
		r.problem("cannot create regular file %s: %s", quote(target), reason(err))
	}
	return false
}

func (r *copier) tell(source, target string) {
	if r.o.has("v") {
		r.printf("'%s' -> '%s'\n", source, target)
	}
}

// preserve gives the copy owner, mode and time of the original, for -p and -a.
func (r *copier) preserve(target string, info storage.Info) {
	if !r.o.has("p", "a", "preserve") {
		return
	}
	if identity := r.files().Identity(); identity.UID == 0 {
		if err := r.files().Chown(target, info.UID, info.GID); err != nil {
			r.problem("failed to preserve ownership for %s: %s", quote(target), reason(err))
		}
	}
	if err := r.files().Chmod(target, info.Mode); err != nil {
		r.problem("preserving permissions for %s: %s", quote(target), reason(err))
	}
	if err := r.files().Chtimes(target, info.ModTime); err != nil {
		r.problem("preserving times for %s: %s", quote(target), reason(err))
	}
}

// mv moves files and directories, by copying where they go to another mount.
func mv(c *Call) Outcome {
	o, outcome, ok := c.options("fnivut:T", "force=f", "no-clobber=n", "verbose=v", "update=u", "target-directory=t", "no-target-directory=T")
	if !ok {
		return outcome
	}
	sources, target, dir, outcome, ok := c.target(o)
	if !ok {
		return outcome
	}
	failed := false
	for _, source := range sources {
		destination := into(source, target, dir)
		info, err := c.files().Lstat(source)
		if err != nil {
			c.errorf("cannot stat %s: %s", quote(source), reason(err))
			failed = true
			continue
		}
		if old, err := c.files().Lstat(destination); err == nil {
			switch {
			case old.Mount == info.Mount && old.Inode == info.Inode:
				c.errorf("%s and %s are the same file", quote(source), quote(destination))
				failed = true
				continue
			case o.last("n", "f") == "n" || o.has("u") && !info.ModTime.After(old.ModTime):
				continue
			case old.IsDir() && !info.IsDir():
				c.errorf("cannot overwrite directory %s with non-directory %s", quote(destination), quote(source))
				failed = true
				continue
			}
		}
		copied := false
		err = c.files().Rename(source, destination)
		if errors.Is(err, storage.ErrCrossDevice) {
			copied = true
			archive := &copier{Call: c, o: options{used: []option{{"a", ""}}}}
			archive.copy(source, destination, info)
			if archive.failed {
				failed = true
				continue
			}
			err = c.files().RemoveAll(source)
		}
		if err != nil {
			switch {
			case errors.Is(err, storage.ErrInvalid) && info.IsDir():
				c.errorf("cannot move %s to a subdirectory of itself, %s", quote(source), quote(destination))
			default:
				c.errorf("cannot move %s to %s: %s", quote(source), quote(destination), reason(err))
			}
			failed = true
			continue
		}
		if o.has("v") && copied {
			c.printf("copied '%s' -> '%s'\nremoved '%s'\n", source, destination, source)
		} else if o.has("v") {
			c.printf("renamed '%s' -> '%s'\n", source, destination)
		}
	}
	return exitFailed(failed)
}
