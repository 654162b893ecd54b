package applet

import "strings"

// tailState is how far tail -f has read each file; -1: the file is missing.
type tailState struct {
	sizes []int64
	last  int // whose text came last, for the titles
}

// tail prints the last lines or bytes, and with -f what is added later.
func tail(c *Call) Outcome {
	c.numericFlag(true)
	o, outcome, ok := c.options("n:c:fFqvs:", "lines=n", "bytes=c", "follow=f", "retry=F", "quiet=q", "verbose=v")
	if !ok {
		return outcome
	}
	text := o.value("n", "10")
	if o.has("c") {
		text = o.value("c", "")
	}
	fromStart := strings.HasPrefix(text, "+")
	count, err := parseSize(strings.TrimLeft(text, "+-"))
	if err != nil {
		if o.has("c") {
			return c.fail(1, "invalid number of bytes: %s", quote(text))
		}
		return c.fail(1, "invalid number of lines: %s", quote(text))
	}
	if state, resumed := c.State.(tailState); resumed {
		return c.tailFollow(o, state)
	}
	names := o.operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	state := tailState{sizes: make([]int64, len(names))}
	failed := false
	for i, name := range names {
		if c.isStdin(name) {
			if outcome, ok := c.awaitInput(); !ok {
				return outcome
			}
		}
		data, err := c.read(name)
		if err != nil {
			c.errorf("%s: %s", openProblem(name, err), reason(err))
			failed, state.sizes[i] = true, -1
			continue
		}
		state.sizes[i], state.last = int64(len(data)), i
		start := 0
		switch {
		case !fromStart:
			start = tailStart(data, count, o.has("c"))
		case count > 1:
			if start = headEnd(data, count-1, false, o.has("c")); start < 0 {
				start = len(data)
			}
		}
		c.fileTitle(o, name, i, len(names))
		_, _ = c.Stdout.Write(data[start:])
	}
	if !o.has("f", "F") || len(o.operands) == 0 {
		return exitFailed(failed)
	}
	alive := o.has("F")
	for _, size := range state.sizes {
		alive = alive || size >= 0
	}
	if !alive {
		return c.fail(1, "no files remaining")
	}
	return Outcome{Block: &Block{Files: true}, State: state}
}

// tailFollow prints what was added to the files since.
func (c *Call) tailFollow(o options, state tailState) Outcome {
	next := tailState{sizes: append([]int64(nil), state.sizes...), last: state.last}
	for i, name := range o.operands {
		if c.isStdin(name) || state.sizes[i] < 0 && !o.has("F") {
			continue
		}
		data, err := c.read(name)
		size := int64(len(data))
		switch {
		case err != nil:
			if o.has("F") && state.sizes[i] >= 0 {
				c.errorf("%s has become inaccessible: %s", quote(name), reason(err))
				next.sizes[i] = -1
			}
			continue
		case state.sizes[i] < 0:
			c.errorf("%s has appeared;  following new file", quote(name))
			state.sizes = append([]int64(nil), state.sizes...)
			state.sizes[i] = 0
		case size < state.sizes[i]:
			c.errorf("%s: file truncated", name)
			state.sizes = append([]int64(nil), state.sizes...)
			state.sizes[i] = 0
		}
		if size > state.sizes[i] {
			if next.last != i {
				c.fileTitle(o, name, 1, len(o.operands))
				next.last = i
			}
			_, _ = c.Stdout.Write(data[state.sizes[i]:])
		}
		next.sizes[i] = size
	}
	return Outcome{Block: &Block{Files: true}, State: next}
}
