package applet

import (
	"path"
	"sort"
	"strings"

	"github.com/stsim/stsim/storage"
)

// env prints the environment, or runs a command in a changed one.
func env(c *Call) Outcome {
	o, outcome, ok := c.options("+iu:0C:", "ignore-environment=i", "unset=u", "null=0", "chdir=C")
	if !ok {
		return outcome
	}
	if o.has("C") {
		return c.fail(125, "the flag -C is not simulated; hint: sh -c 'cd DIRECTORY && ...'")
	}
	values := map[string]string{}
	if !o.has("i") {
		for _, entry := range c.Env {
			name, value, _ := strings.Cut(entry, "=")
			values[name] = value
		}
	}
	for _, name := range o.values("u") {
		delete(values, name)
	}
	operands := o.operands
	if len(operands) > 0 && operands[0] == "-" {
		operands, values = operands[1:], map[string]string{}
	}
	for len(operands) > 0 && strings.Contains(operands[0], "=") {
		name, value, _ := strings.Cut(operands[0], "=")
		values[name] = value
		operands = operands[1:]
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = name + "=" + values[name]
	}
	if len(operands) > 0 {
		outcome := c.Run(operands, list, c.stdin(), c.Stdout, c.Stderr, c.State)
		return outcome
	}
	end := "\n"
	if o.has("0") {
		end = "\x00"
	}
	for _, entry := range list {
		c.print(entry + end)
	}
	return Exit(0)
}

// printenv prints variables.
func printenv(c *Call) Outcome {
	o, outcome, ok := c.options("0", "null=0")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		for _, entry := range c.Env {
			c.print(entry + "\n")
		}
		return Exit(0)
	}
	failed := false
	for _, name := range o.operands {
		found := false
		for _, entry := range c.Env {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				c.print(value + "\n")
				found = true
			}
		}
		failed = failed || !found
	}
	return exitFailed(failed)
}

// which tells where a command is. Commands of the simulator count as being in /usr/bin.
func which(c *Call) Outcome {
	o, outcome, ok := c.options("as")
	if !ok {
		return outcome
	}
	failed := len(o.operands) == 0
	for _, name := range o.operands {
		place := c.commandPath(name)
		if place == "" {
			failed = true
			continue
		}
		if !o.has("s") {
			c.print(place + "\n")
		}
	}
	return exitFailed(failed)
}

// commandPath is where a command is, "" if it is not found.
func (c *Call) commandPath(name string) string {
	if strings.Contains(name, "/") {
		if c.files().Access(name, storage.CanExecute) == nil {
			return name
		}
		return ""
	}
	search := c.getenv("PATH")
	if search == "" {
		search = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	for _, dir := range strings.Split(search, ":") {
		full := path.Join(dir, name)
		if info, err := c.files().Stat(full); err == nil && info.Mode.IsRegular() && c.files().Access(full, storage.CanExecute) == nil {
			return full
		}
	}
	if Named(name) != nil || c.System.Command(name) != nil {
		return "/usr/bin/" + name
	}
	return ""
}

// basename prints the last element of a path.
func basename(c *Call) Outcome {
	o, outcome, ok := c.options("as:", "multiple=a", "suffix=s")
	if !ok {
		return outcome
	}
	operands, suffix := o.operands, o.value("s", "")
	if len(operands) == 0 {
		return c.missingOperand(nil)
	}
	if !o.has("a", "s") {
		if len(operands) > 2 {
			return c.fail(1, "extra operand %s", quote(operands[2]))
		}
		if len(operands) == 2 {
			operands, suffix = operands[:1], operands[1]
		}
	}
	for _, operand := range operands {
		base := path.Base(operand)
		if operand == "" {
			base = ""
		}
		if base != suffix {
			base = strings.TrimSuffix(base, suffix)
		}
		c.print(base + "\n")
	}
	return Exit(0)
}

// dirname prints a path without its last element.
func dirname(c *Call) Outcome {
	o, outcome, ok := c.options("")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	for _, operand := range o.operands {
		c.print(path.Dir(strings.TrimRight(operand, "/")+map[bool]string{true: "/", false: ""}[strings.Trim(operand, "/") == "" && operand != ""]) + "\n")
	}
	return Exit(0)
}

// pwd prints the working directory.
func pwd(c *Call) Outcome {
	o, outcome, ok := c.options("LP")
	if !ok {
		return outcome
	}
	dir := c.Dir
	if o.last("L", "P") == "P" {
		if real, err := c.files().RealPath("."); err == nil {
			dir = real
		}
	}
	c.print(dir + "\n")
	return Exit(0)
}

func succeed(*Call) Outcome { return Exit(0) }

func failing(*Call) Outcome { return Exit(1) }

// sync has nothing to do: every write is kept at once.
func sync(c *Call) Outcome {
	if _, outcome, ok := c.options("df", "data=d", "file-system=f"); !ok {
		return outcome
	}
	return Exit(0)
}

// clear empties the terminal.
func clearScreen(c *Call) Outcome {
	c.print("\x1b[H\x1b[2J\x1b[3J")
	return Exit(0)
}

// nproc prints the number of processors of the simulated machine.
func nproc(c *Call) Outcome {
	if _, outcome, ok := c.options("", "all"); !ok {
		return outcome
	}
	c.print("1\n")
	return Exit(0)
}

// free cannot tell.
func free(c *Call) Outcome {
	c.errorf("memory is not simulated")
	c.hint("kubectl describe pod shows the memory that a Pod requests")
	return Exit(1)
}
