package applet

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/stsim/stsim/storage"
)

// maxOutput is how many bytes a command makes of a few bytes of arguments (seq, dd of /dev/zero to stdout) before it stops.
const maxOutput = 16 << 20

// files are the files as the running program sees them: relative paths start at its working directory.
func (c *Call) files() *storage.FileSystem { return c.System.Files().In(c.Dir) }

// name is what the command calls itself in messages.
func (c *Call) name() string { return path.Base(c.Args[0]) }

func (c *Call) printf(format string, values ...any) { fmt.Fprintf(c.Stdout, format, values...) }

func (c *Call) print(text string) { _, _ = io.WriteString(c.Stdout, text) }

// errorf prints a line on stderr that begins with the command's name.
func (c *Call) errorf(format string, values ...any) {
	fmt.Fprintf(c.Stderr, "%s: %s\n", c.name(), fmt.Sprintf(format, values...))
}

// fail prints a message and ends the command.
func (c *Call) fail(code int, format string, values ...any) Outcome {
	c.errorf(format, values...)
	return Exit(code)
}

// getenv is the value of an exported variable, "" without it.
func (c *Call) getenv(name string) string {
	for i := len(c.Env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(c.Env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

// stdin is never nil.
func (c *Call) stdin() *Stdin {
	if c.Stdin == nil {
		c.Stdin = &Stdin{Closed: true}
	}
	return c.Stdin
}

// awaitInput is the outcome of a command that needs all of its input and has not got it yet; ok once it has.
func (c *Call) awaitInput() (Outcome, bool) {
	if c.stdin().Closed {
		return Outcome{}, true
	}
	return Outcome{Block: &Block{Input: true}, State: c.State}, false
}

// takeInput consumes what there is of stdin.
func (c *Call) takeInput() []byte {
	data := c.stdin().Data
	c.Stdin.Data = nil
	return data
}

// absolute is the cleaned absolute form of a path.
func (c *Call) absolute(name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join(c.Dir, name)
}

// reason is why a file operation failed, without operation and path.
func reason(err error) string {
	var failure *fs.PathError
	if errors.As(err, &failure) {
		return failure.Err.Error()
	}
	return err.Error()
}

// input is one file that a filter reads.
type input struct {
	name string // as the user gave it, "-" for stdin
	data []byte
}

// inputs reads the named files, or stdin when there are none or one is "-". Files that cannot be read are reported on stderr.
// When not ok, the outcome says to wait for stdin.
func (c *Call) inputs(names []string) (list []input, failed bool, outcome Outcome, ok bool) {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if c.isStdin(name) {
			if outcome, ok := c.awaitInput(); !ok {
				return nil, false, outcome, false
			}
		}
	}
	for _, name := range names {
		data, err := c.read(name)
		if err != nil {
			c.errorf("%s: %s", name, reason(err))
			failed = true
			continue
		}
		list = append(list, input{name, data})
	}
	return list, failed, Outcome{}, true
}

// exitFailed is 1 when something failed, else 0.
func exitFailed(failed bool) Outcome {
	if failed {
		return Exit(1)
	}
	return Exit(0)
}

// splitLines cuts data at newlines. complete says whether the last line ended with one.
func splitLines(data []byte) (lines []string, complete bool) {
	if len(data) == 0 {
		return nil, true
	}
	text := string(data)
	complete = strings.HasSuffix(text, "\n")
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n"), complete
}

// allLines are the lines of all inputs, one after the other.
func allLines(list []input) []string {
	var lines []string
	for _, in := range list {
		more, _ := splitLines(in.data)
		lines = append(lines, more...)
	}
	return lines
}

// quote sets a name in single quotes as GNU messages do.
func quote(name string) string { return "'" + name + "'" }

// hint tells on stderr what to type instead.
func (c *Call) hint(format string, values ...any) {
	fmt.Fprintf(c.Stderr, "hint: "+format+"\n", values...)
}

// missingOperand is the error of a command that needs one more operand.
func (c *Call) missingOperand(after []string) Outcome {
	if len(after) > 0 {
		c.errorf("missing operand after %s", quote(after[len(after)-1]))
	} else {
		c.errorf("missing operand")
	}
	return Exit(usageCode(c.name()))
}

// emit writes a result to a file, or to stdout when there is no name.
func (c *Call) emit(name, text string, code int) Outcome {
	if name == "" || name == "-" {
		c.print(text)
		return Exit(0)
	}
	if err := c.write(name, []byte(text), storage.Truncate); err != nil {
		return c.fail(code, "%s: %s", name, reason(err))
	}
	return Exit(0)
}
