package applet

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

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
			if kind == "hard" && !errors.Is(err, storage.ErrExist) {
				c.errorf("failed to create hard link %s => %s: %s", quote(name), quote(source), reason(err))
			} else {
				c.errorf("failed to create %s link %s: %s", kind, quote(name), reason(err))
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
