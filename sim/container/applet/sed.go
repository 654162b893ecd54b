package applet

import (
	"regexp"
	"strings"

	"github.com/stsim/stsim/storage"
)

// maxSedSteps bounds the work of one run of sed, so that a loop of labels ends. A command is one step, and more with a long
// pattern space, most of all when it searches.
const maxSedSteps = 2 << 20

// maxSedSpace bounds the pattern and the hold space, which a script can double line by line.
const maxSedSpace = 1 << 20

// sed edits streams.
func sed(c *Call) Outcome {
	o, outcome, ok := c.options("nErsuze:f:i;", "quiet=n", "silent=n", "regexp-extended=E", "expression=e", "file=f", "in-place=i", "separate=s", "null-data=z", "unbuffered=u")
	if !ok {
		return outcome
	}
	var scripts []string
	for _, use := range o.used {
		switch use.key {
		case "e":
			scripts = append(scripts, use.value)
		case "f":
			data, err := c.read(use.value)
			if err != nil {
				return c.fail(1, "couldn't open file %s: %s", use.value, reason(err))
			}
			scripts = append(scripts, strings.TrimSuffix(string(data), "\n"))
		}
	}
	operands := o.operands
	if len(scripts) == 0 {
		if len(operands) == 0 {
			return c.usage(syntax{letters: "nErsze:f:i;"}, "no script given: expected sed [FLAGS] SCRIPT [FILE]...")
		}
		scripts, operands = operands[:1], operands[1:]
	}
	commands, err := parseSed(strings.Join(scripts, "\n"), o.has("E", "r"))
	if err != nil {
		return c.fail(1, "%v", err)
	}
	silent := o.has("n") || strings.HasPrefix(scripts[0], "#n\n")
	list, failed, outcome, ok := c.sedInputs(operands, o.has("i"))
	if !ok {
		return outcome
	}
	run := &sedRun{Call: c, commands: commands, silent: silent, separator: "\n", written: map[string]bool{}}
	if o.has("z") {
		run.separator = "\x00"
	}
	groups := [][]input{list}
	if o.has("i", "s") {
		groups = nil
		for i := range list {
			groups = append(groups, list[i:i+1])
		}
	}
	for _, group := range groups {
		run.start(group)
		err := run.all()
		if err != nil {
			return c.fail(1, "%v", err)
		}
		text := run.out.String()
		run.out.Reset()
		if !o.has("i") {
			c.print(text)
		} else if err := c.sedSave(group[0], text, o.value("i", "")); err != nil {
			return c.fail(4, "couldn't open temporary file %s: %s", group[0].name, reason(err))
		}
		if run.quit {
			return Exit(run.code)
		}
	}
	if failed {
		return Exit(2)
	}
	return Exit(0)
}

// sedInputs reads the files with sed's own error texts.
func (c *Call) sedInputs(names []string, inPlace bool) ([]input, bool, Outcome, bool) {
	var known []string
	failed := false
	for _, name := range names {
		info, err := c.files().Stat(name)
		switch {
		case name == "-" || c.device(name) != "":
		case err != nil:
			c.errorf("can't read %s: %s", name, reason(err))
			failed = true
			continue
		case info.IsDir() && inPlace:
			c.errorf("couldn't edit %s: not a regular file", name)
			failed = true
			continue
		case info.IsDir():
			c.errorf("couldn't read %s: Is a directory", name)
			failed = true
			continue
		}
		known = append(known, name)
	}
	if len(names) > 0 && len(known) == 0 {
		return nil, failed, Outcome{}, true
	}
	list, problem, outcome, ok := c.inputs(known)
	return list, failed || problem, outcome, ok
}

// sedSave writes an edited file back, and the old text next to it when -i has a suffix.
func (c *Call) sedSave(in input, text, suffix string) error {
	if suffix != "" {
		name := in.name + suffix
		if strings.Contains(suffix, "*") {
			name = strings.ReplaceAll(suffix, "*", in.name)
		}
		if err := c.write(name, in.data, storage.Truncate); err != nil {
			return err
		}
	}
	return c.write(in.name, []byte(text), storage.Truncate)
}

// sedRun is one use of sed.
type sedRun struct {
	*Call
	commands  []sedCommand
	silent    bool
	separator string
	lines     []string
	complete  bool // the last line ends with a separator
	file      string
	number    int // of the current line, 0 before the first
	space     string
	hold      string
	appended  []string
	inRange   []int // of each command: 0 outside, else the last line of the range, -1 open
	last      *regexp.Regexp
	steps     int
	quit      bool
	code      int
	out       strings.Builder
	written   map[string]bool
}

// start takes the inputs that count as one stream.
func (r *sedRun) start(group []input) {
	r.lines, r.complete, r.number = nil, true, 0
	r.inRange = make([]int, len(r.commands))
	for _, in := range group {
		text := string(in.data)
		if text == "" {
			continue
		}
		r.complete = strings.HasSuffix(text, r.separator)
		r.lines = append(r.lines, strings.Split(strings.TrimSuffix(text, r.separator), r.separator)...)
		r.file = in.name
	}
}

// next takes the next line into the pattern space.
func (r *sedRun) next(joined bool) bool {
	if r.number >= len(r.lines) {
		return false
	}
	line := r.lines[r.number]
	if joined {
		line = r.space + "\n" + line
	}
	r.space = line
	r.number++
	return true
}

func (r *sedRun) emit(text string) {
	r.out.WriteString(text)
	if r.number < len(r.lines) || r.complete {
		r.out.WriteString(r.separator)
	}
}

// flush prints what a and r have put aside.
func (r *sedRun) flush() {
	for _, text := range r.appended {
		r.out.WriteString(text)
	}
	r.appended = nil
}

// all runs the script over all lines.
func (r *sedRun) all() error {
	for !r.quit && r.next(false) {
		for {
			again, err := r.cycle()
			if err != nil {
				return err
			}
			if !again || r.quit {
				break
			}
		}
	}
	return nil
}
