package applet

import "strconv"

// line looks at one line; false: no more lines are needed.
func (r *grepRun) line(name, line string, state *grepState) bool {
	state.line++
	if r.most >= 0 && state.matched >= r.most {
		return r.trailing(name, line, state)
	}
	if !r.matches(line) {
		if !r.quietOutput() && !r.trailing(name, line, state) && r.before > 0 {
			before := append(append([]string(nil), state.before...), line)
			state.before = before[max(len(before)-r.before, 0):]
		}
		return true
	}
	state.matched++
	if r.o.has("q", "l", "L") {
		return false
	}
	if r.o.has("c") {
		return true
	}
	first := state.line - len(state.before)
	if state.shown > 0 && first > state.shown+1 && (r.before > 0 || r.after > 0) {
		r.print("--\n")
	}
	for i, before := range state.before {
		r.show(name, before, first+i, "-")
	}
	state.before, state.after, state.shown = nil, r.after, state.line
	if !r.o.has("o") {
		r.show(name, line, state.line, ":")
	} else if !r.invert {
		for _, part := range r.parts(line) {
			r.show(name, part, state.line, ":")
		}
	}
	return r.most < 0 || state.matched < r.most || r.after > 0
}

func (r *grepRun) quietOutput() bool { return r.o.has("q", "l", "L", "c") }

// trailing prints a line that follows a match closely; false if it does not.
func (r *grepRun) trailing(name, line string, state *grepState) bool {
	if state.after == 0 || r.quietOutput() {
		return false
	}
	state.after--
	state.shown = state.line
	r.show(name, line, state.line, "-")
	return true
}

// parts are the non-empty matches in a line, for -o.
func (r *grepRun) parts(line string) []string {
	var parts []string
	for start := 0; start <= len(line); {
		best := []int(nil)
		for _, pattern := range r.patterns {
			for _, at := range pattern.FindAllStringIndex(line, -1) {
				if at[0] >= start && at[1] > at[0] && (best == nil || at[0] < best[0] || at[0] == best[0] && at[1] > best[1]) {
					best = at
				}
			}
		}
		if best == nil {
			break
		}
		parts = append(parts, line[best[0]:best[1]])
		start = best[1]
	}
	return parts
}

func (r *grepRun) show(name, text string, number int, mark string) {
	prefix := ""
	if r.names {
		prefix = name + mark
	}
	if r.o.has("n") {
		prefix += strconv.Itoa(number) + mark
	}
	r.print(prefix + text + "\n")
}

// finish prints what comes after a file: counts and names.
func (r *grepRun) finish(name string, state grepState) bool {
	switch {
	case r.o.has("q"):
	case r.o.has("L"):
		if state.matched == 0 {
			r.print(name + "\n")
		}
		return state.matched == 0
	case r.o.has("l"):
		if state.matched > 0 {
			r.print(name + "\n")
		}
	case r.o.has("c"):
		if r.names {
			r.print(name + ":")
		}
		r.printf("%d\n", state.matched)
	}
	return state.matched > 0
}
