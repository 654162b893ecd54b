package applet

import (
	"strconv"
	"strings"
)

// pgrep prints the processes that match a pattern; pkill sends them a signal.
func pgrep(c *Call) Outcome {
	signal, kills := 15, c.name() == "pkill"
	if kills && len(c.Args) > 1 && len(c.Args[1]) > 1 && c.Args[1][0] == '-' {
		if number, ok := signalNumber(c.Args[1][1:]); ok {
			signal = number
			copied := *c
			copied.Args = append([]string{c.Args[0]}, c.Args[2:]...)
			c = &copied
		}
	}
	o, outcome, ok := c.options("flaxnovcu:P:d:s:", "full=f", "exact=x", "newest=n", "oldest=o", "inverse=v", "list-name=l", "list-full=a", "count=c", "signal=s")
	if !ok {
		return outcome
	}
	if kills && o.has("s") {
		if signal, ok = signalNumber(o.value("s", "")); !ok {
			return c.fail(2, "unknown signal %s", quote(o.value("s", "")))
		}
	}
	if len(o.operands) > 1 || len(o.operands) == 0 && !o.has("u", "P") {
		c.errorf("expected one pattern, found %d", len(o.operands))
		return Exit(2)
	}
	matches := func(string) bool { return true }
	if len(o.operands) == 1 {
		source := o.operands[0]
		if o.has("x") {
			source = "^(" + source + ")$"
		}
		pattern, err := compilePattern(source, extended, "")
		if err != nil {
			return c.fail(2, "regex error: %v", err)
		}
		matches = pattern.MatchString
	}
	var found []ProcessInfo
	for _, p := range c.System.Processes() {
		if p.line() == strings.Join(c.Args, " ") || p.title() == c.name() {
			continue // itself
		}
		text := p.title()
		if o.has("f") {
			text = p.line()
		}
		matched := matches(text) && (!o.has("u") || p.User == o.value("u", "")) && (!o.has("P") || strconv.Itoa(p.Parent) == o.value("P", ""))
		if matched != o.has("v") {
			found = append(found, p)
		}
	}
	if o.has("n", "o") && len(found) > 0 {
		chosen := found[0]
		for _, p := range found[1:] {
			if o.has("n") && !p.Started.Before(chosen.Started) || o.has("o") && p.Started.Before(chosen.Started) {
				chosen = p
			}
		}
		found = []ProcessInfo{chosen}
	}
	if o.has("c") {
		c.printf("%d\n", len(found))
	}
	failed := len(found) == 0
	var lines []string
	for _, p := range found {
		switch {
		case kills:
			if err := c.System.Signal(p.Process, signal); err != nil {
				c.errorf("killing pid %d failed: %v", p.Process, err)
				failed = true
			}
		case o.has("a"):
			lines = append(lines, strconv.Itoa(p.Process)+" "+p.line())
		case o.has("l"):
			lines = append(lines, strconv.Itoa(p.Process)+" "+p.title())
		default:
			lines = append(lines, strconv.Itoa(p.Process))
		}
	}
	if len(lines) > 0 && !o.has("c") {
		c.print(strings.Join(lines, o.value("d", "\n")) + "\n")
	}
	return exitFailed(failed)
}

// killall sends a signal to the processes of a program.
func killall(c *Call) Outcome {
	args, signal := c.Args[1:], 15
	quiet := false
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch text := args[0][1:]; {
		case text == "q":
			quiet = true
		case text == "s" && len(args) > 1:
			args = args[1:]
			text = args[0]
			fallthrough
		default:
			number, ok := signalNumber(text)
			if !ok {
				return c.fail(1, "bad signal name '%s'", text)
			}
			signal = number
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return c.fail(1, "you need to specify whom to kill")
	}
	failed := false
	for _, name := range args {
		any := false
		for _, p := range c.System.Processes() {
			if p.title() != name {
				continue
			}
			any = true
			if err := c.System.Signal(p.Process, signal); err != nil {
				c.errorf("can't kill pid %d: %v", p.Process, err)
				failed = true
			}
		}
		if !any {
			failed = true
			if !quiet {
				c.errorf("%s: no process killed", name)
			}
		}
	}
	return exitFailed(failed)
}

// pidof prints the process numbers of programs, the latest first.
func pidof(c *Call) Outcome {
	o, outcome, ok := c.options("s")
	if !ok {
		return outcome
	}
	var found []string
	for _, name := range o.operands {
		processes := c.System.Processes()
		for i := len(processes) - 1; i >= 0; i-- {
			if processes[i].title() == name && (len(found) == 0 || !o.has("s")) {
				found = append(found, strconv.Itoa(processes[i].Process))
			}
		}
	}
	if len(found) == 0 {
		return Exit(1)
	}
	c.print(strings.Join(found, " ") + "\n")
	return Exit(0)
}
