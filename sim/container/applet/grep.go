package applet

import (
	"bytes"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// grepState is how far grep has come in stdin.
type grepState struct {
	line, matched int
	before        []string
	after         int
	shown         int // number of the last line printed
}

// grepRun is one use of grep.
type grepRun struct {
	*Call
	o             options
	patterns      []*regexp.Regexp
	invert        bool
	before, after int
	most          int // -m; -1: no limit
	names         bool
}

// grep prints the lines that match a pattern.
func grep(c *Call) Outcome {
	c.contextFlag()
	o, outcome, ok := c.options("ivcnqlLrREFGPowxhHse:f:A:B:C:m:a", "ignore-case=i", "invert-match=v", "count=c", "line-number=n", "quiet=q", "silent=q",
		"files-with-matches=l", "files-without-match=L", "recursive=r", "extended-regexp=E", "fixed-strings=F", "basic-regexp=G", "perl-regexp=P",
		"only-matching=o", "word-regexp=w", "line-regexp=x", "no-filename=h", "with-filename=H", "no-messages=s", "regexp=e", "file=f",
		"after-context=A", "before-context=B", "context=C", "max-count=m", "text=a", "color;", "colour;", "include:", "exclude:", "line-buffered")
	if !ok {
		return outcome
	}
	operands := o.operands
	sources := o.values("e")
	for _, name := range o.values("f") {
		data, err := c.read(name)
		if err != nil {
			return c.fail(2, "%s: %s", name, reason(err))
		}
		lines, _ := splitLines(data)
		sources = append(sources, lines...)
	}
	if !o.has("e", "f") {
		if len(operands) == 0 {
			c.print("")
			c.errorf("no pattern given")
			c.hint("type grep [FLAGS] PATTERN [FILE]...")
			return Exit(2)
		}
		sources, operands = []string{operands[0]}, operands[1:]
	}
	run := &grepRun{Call: c, o: o, invert: o.has("v"), most: -1}
	if err := run.compile(sources); err != nil {
		return c.fail(2, "%v", err)
	}
	for _, flag := range []struct {
		key    string
		values []*int
	}{{"C", []*int{&run.before, &run.after}}, {"A", []*int{&run.after}}, {"B", []*int{&run.before}}, {"m", []*int{&run.most}}} {
		if !o.has(flag.key) {
			continue
		}
		value, err := strconv.Atoi(o.value(flag.key, ""))
		if err != nil || value < 0 {
			return c.fail(2, "%s: invalid context length argument", o.value(flag.key, ""))
		}
		for _, target := range flag.values {
			*target = value
		}
	}
	return run.files(operands)
}

// contextFlag turns -5 into -C5.
func (c *Call) contextFlag() {
	args := append([]string(nil), c.Args...)
	for i := 1; i < len(args) && args[i] != "--"; i++ {
		if digits(strings.TrimPrefix(args[i], "-"), 9, 10) == len(args[i])-1 && strings.HasPrefix(args[i], "-") && len(args[i]) > 1 {
			if previous := args[i-1]; len(previous) == 2 && previous[0] == '-' && strings.Contains("eABCmf", previous[1:]) {
				continue
			}
			args[i] = "-C" + args[i][1:]
		}
	}
	copied := *c
	copied.Args = args
	*c = copied
}

func (r *grepRun) compile(sources []string) error {
	kind := basic
	switch {
	case r.o.last("E", "F", "G", "P") == "E" || r.name() == "egrep":
		kind = extended
	case r.o.last("E", "F", "G", "P") == "F" || r.name() == "fgrep":
		kind = fixed
	case r.o.last("E", "F", "G", "P") == "P":
		kind = perl
	}
	flags := ""
	if r.o.has("i") {
		flags = "i"
	}
	for _, source := range sources {
		for _, line := range strings.Split(source, "\n") {
			translated, err := translatePattern(line, kind)
			if err != nil {
				return err
			}
			switch {
			case r.o.has("x"):
				translated = "^(?:" + translated + ")$"
			case r.o.has("w"):
				translated = `\b(?:` + translated + `)\b`
			}
			compiled, err := compilePattern(translated, perl, flags)
			if err != nil {
				return err
			}
			if kind != perl {
				compiled.Longest()
			}
			r.patterns = append(r.patterns, compiled)
		}
	}
	return nil
}

func (r *grepRun) matches(line string) bool {
	for _, pattern := range r.patterns {
		if pattern.MatchString(line) {
			return !r.invert
		}
	}
	return r.invert
}

// files goes through stdin, files and directories.
func (r *grepRun) files(operands []string) Outcome {
	recursive := r.o.has("r", "R")
	if len(operands) == 0 {
		operands = []string{"-"}
		if recursive {
			operands = []string{"."}
		}
	}
	r.names = (len(operands) > 1 || recursive) && !r.o.has("h") || r.o.has("H")
	matched, failed := false, false
	problem := func(name string, err error) {
		failed = true
		if !r.o.has("s") {
			r.errorf("%s: %s", name, reason(err))
		}
	}
	for _, name := range operands {
		if r.isStdin(name) {
			found, outcome, ok := r.stdinLines()
			if !ok {
				return outcome
			}
			matched = matched || found
			continue
		}
		info, err := r.Call.files().Stat(name)
		if err == nil && info.IsDir() {
			if !recursive {
				problem(name, storage.ErrIsDirectory)
				continue
			}
			err = r.Call.files().Walk(name, func(below string, info storage.Info, err error) error {
				if err != nil {
					problem(below, err)
					return nil
				}
				if !info.Mode.IsRegular() || !r.included(info.Name) {
					return nil
				}
				if name == "." && len(operands) == 1 && len(r.o.operands) < 2 {
					below = strings.TrimPrefix(below, "./")
				}
				if data, err := r.read(below); err != nil {
					problem(below, err)
				} else if r.data(below, data) {
					matched = true
				}
				if matched && r.o.has("q") {
					return fs.SkipAll
				}
				return nil
			})
			if err != nil {
				problem(name, err)
			}
			continue
		}
		data, err := r.read(name)
		if err != nil {
			problem(name, err)
			continue
		}
		if r.data(name, data) {
			matched = true
		}
	}
	switch {
	case matched && r.o.has("q"):
		return Exit(0)
	case failed:
		return Exit(2)
	case matched:
		return Exit(0)
	}
	return Exit(1)
}

func (r *grepRun) included(name string) bool {
	any := func(key string) bool {
		for _, pattern := range r.o.values(key) {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
		return false
	}
	return !any("exclude") && (!r.o.has("include") || any("include"))
}

// data greps a whole file.
func (r *grepRun) data(name string, data []byte) bool {
	if bytes.IndexByte(data, 0) >= 0 && !r.o.has("a", "q", "c", "l", "L") {
		for _, line := range strings.Split(string(data), "\n") {
			if r.matches(line) {
				r.printf("%s: %s: binary file matches\n", r.name(), name)
				return true
			}
		}
		return false
	}
	state := grepState{}
	lines, _ := splitLines(data)
	for _, line := range lines {
		if !r.line(name, line, &state) {
			break
		}
	}
	return r.finish(name, state)
}

// stdinLines greps the lines of stdin as they come.
func (r *grepRun) stdinLines() (matched bool, outcome Outcome, ok bool) {
	state, _ := r.State.(grepState)
	in := r.stdin()
	for len(in.Data) > 0 {
		line, rest, complete := bytes.Cut(in.Data, []byte("\n"))
		if !complete && !in.Closed {
			break
		}
		in.Data = rest
		if !r.line("(standard input)", string(line), &state) {
			return r.finish("(standard input)", state), Outcome{}, true
		}
	}
	if !in.Closed {
		return false, Outcome{Block: &Block{Input: true}, State: state}, false
	}
	return r.finish("(standard input)", state), Outcome{}, true
}
