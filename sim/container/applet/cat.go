package applet

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// catState is where cat goes on after it waited for more of stdin.
type catState struct {
	operand int
	line    int
	blank   int
	midline bool
}

// cat copies files to stdout; stdin line by line as it comes.
func cat(c *Call) Outcome {
	o, outcome, ok := c.options("nbsAEeTtvu", "number=n", "number-nonblank=b", "squeeze-blank=s", "show-all=A", "show-ends=E", "show-tabs=T")
	if !ok {
		return outcome
	}
	names := o.operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	state, resumed := c.State.(catState)
	failed := resumed && state.operand < 0
	if failed {
		state.operand = -state.operand - 1
	}
	for ; state.operand < len(names); state.operand++ {
		name := names[state.operand]
		data, err := c.read(name)
		if err != nil {
			c.errorf("%s: %s", name, reason(err))
			failed = true
			continue
		}
		c.catData(o, &state, data)
		if c.isStdin(name) && !c.Stdin.Closed {
			if failed {
				state.operand = -state.operand - 1
			}
			return Outcome{Block: &Block{Input: true}, State: state}
		}
	}
	return exitFailed(failed)
}

// catData prints one piece of input.
func (c *Call) catData(o options, state *catState, data []byte) {
	if !o.has("n", "b", "s", "A", "E", "e", "T", "t", "v") {
		_, _ = c.Stdout.Write(data)
		return
	}
	ends, tabs := o.has("A", "E", "e"), o.has("A", "T", "t")
	for len(data) > 0 {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		data = rest
		if !state.midline {
			if len(line) == 0 {
				if state.blank++; o.has("s") && state.blank > 1 {
					continue
				}
			} else {
				state.blank = 0
			}
			if o.has("b") && len(line) > 0 || o.has("n") && !o.has("b") {
				state.line++
				c.printf("%6d\t", state.line)
			}
		}
		text := string(line)
		if o.has("A", "e", "t", "v") {
			text = visible(text)
		}
		if tabs {
			text = strings.ReplaceAll(text, "\t", "^I")
		}
		if complete && ends {
			text += "$"
		}
		if complete {
			text += "\n"
		}
		c.print(text)
		state.midline = !complete
	}
}

// visible writes control characters as ^X and bytes beyond ASCII as M-x.
func visible(text string) string {
	var out strings.Builder
	for i := range len(text) {
		char := text[i]
		if char >= 128 {
			out.WriteString("M-")
			char -= 128
		}
		switch {
		case char < 32 && char != '\t':
			out.WriteString("^" + string(rune(char+64)))
		case char == 127:
			out.WriteString("^?")
		default:
			out.WriteByte(char)
		}
	}
	return out.String()
}

// numericFlag turns the old form -5 into -n 5, for head and tail.
func (c *Call) numericFlag(plus bool) {
	args := append([]string(nil), c.Args...)
	for i := 1; i < len(args) && args[i] != "--"; i++ {
		arg := args[i]
		if len(arg) > 1 && (arg[0] == '-' || plus && arg[0] == '+') && arg[1] >= '0' && arg[1] <= '9' {
			if i > 1 && (args[i-1] == "-n" || args[i-1] == "-c" || args[i-1] == "-s") {
				continue
			}
			args[i] = "-n" + strings.TrimPrefix(arg, "-")
		}
	}
	copied := *c
	copied.Args = args
	*c = copied
}

// parseSize reads a number with an optional unit: b 512, K 1024, kB 1000, M, MB, G, GB.
func parseSize(text string) (int64, error) {
	at := len(text)
	for at > 0 && (text[at-1] < '0' || text[at-1] > '9') {
		at--
	}
	value, err := strconv.ParseInt(text[:at], 10, 64)
	if err != nil {
		return 0, err
	}
	units := map[string]int64{"": 1, "c": 1, "w": 2, "b": 512, "k": 1024, "K": 1024, "kB": 1000, "KB": 1000, "KiB": 1024,
		"m": 1 << 20, "M": 1 << 20, "MB": 1e6, "MiB": 1 << 20, "g": 1 << 30, "G": 1 << 30, "GB": 1e9, "GiB": 1 << 30, "T": 1 << 40}
	unit, ok := units[text[at:]]
	if !ok || value > (1<<62)/unit {
		return 0, fmt.Errorf("invalid number %s", quote(text))
	}
	return value * unit, nil
}

// head prints the first lines or bytes.
func head(c *Call) Outcome {
	c.numericFlag(false)
	o, outcome, ok := c.options("n:c:qv", "lines=n", "bytes=c", "quiet=q", "silent=q", "verbose=v")
	if !ok {
		return outcome
	}
	text := o.value("n", "10")
	if o.has("c") {
		text = o.value("c", "")
	}
	allBut := strings.HasPrefix(text, "-")
	count, err := parseSize(strings.TrimPrefix(text, "-"))
	if err != nil {
		if o.has("c") {
			return c.fail(1, "invalid number of bytes: %s", quote(text))
		}
		return c.fail(1, "invalid number of lines: %s", quote(text))
	}
	names := o.operands
	if len(names) == 0 {
		names = []string{"-"}
	}
	failed := false
	for i, name := range names {
		var data []byte
		part, endless := c.readSome(name, count)
		if endless = endless && o.has("c"); endless {
			data = part
		} else if c.isStdin(name) {
			// Enough may be there before the end of input; what follows stays for whoever reads next.
			data = c.stdin().Data
			end := headEnd(data, count, allBut, o.has("c"))
			if !c.Stdin.Closed && (allBut || end < 0) {
				return Outcome{Block: &Block{Input: true}}
			}
			if end < 0 {
				end = len(data)
			}
			c.Stdin.Data = data[end:]
			data = data[:end]
		} else {
			if data, err = c.read(name); err != nil {
				c.errorf("%s: %s", openProblem(name, err), reason(err))
				failed = true
				continue
			}
			if end := headEnd(data, count, allBut, o.has("c")); end >= 0 {
				data = data[:end]
			}
		}
		c.fileTitle(o, name, i, len(names))
		_, _ = c.Stdout.Write(data)
		if endless && int64(len(data)) < count {
			c.errorf("more than %d bytes from %s are not simulated", maxOutput, name)
			failed = true
		}
	}
	return exitFailed(failed)
}

// openProblem is what head and tail could not do: a directory can be opened but not read.
func openProblem(name string, err error) string {
	if errors.Is(err, storage.ErrIsDirectory) {
		return "error reading " + quote(name)
	}
	return "cannot open " + quote(name) + " for reading"
}

// fileTitle prints "==> name <==" where head and tail do.
func (c *Call) fileTitle(o options, name string, i, total int) {
	if o.has("v") || total > 1 && !o.has("q") {
		if name == "-" {
			name = "standard input"
		}
		if i > 0 {
			c.print("\n")
		}
		c.printf("==> %s <==\n", name)
	}
}

// headEnd is where the first count lines or bytes end; -1 if data does not hold that many.
func headEnd(data []byte, count int64, allBut, inBytes bool) int {
	if allBut {
		return tailStart(data, count, inBytes)
	}
	if inBytes {
		if int64(len(data)) < count {
			return -1
		}
		return int(count)
	}
	end := 0
	for ; count > 0; count-- {
		at := bytes.IndexByte(data[end:], '\n')
		if at < 0 {
			return -1
		}
		end += at + 1
	}
	return end
}

// tailStart is where the last count lines or bytes begin.
func tailStart(data []byte, count int64, inBytes bool) int {
	if inBytes {
		return int(max(int64(len(data))-count, 0))
	}
	if count == 0 {
		return len(data)
	}
	end := len(data)
	if end > 0 && data[end-1] == '\n' {
		end--
	}
	for ; ; count-- {
		at := bytes.LastIndexByte(data[:end], '\n')
		if at < 0 {
			return 0
		}
		if count == 1 {
			return at + 1
		}
		end = at
	}
}
