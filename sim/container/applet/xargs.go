package applet

import (
	"strconv"
	"strings"
)

// xargsState is where xargs goes on when one of its commands waits.
type xargsState struct {
	items []string
	done  int // commands that have ended
	code  int
	inner any
}

// maxXargsItems is how many arguments xargs hands to one command at most.
const maxXargsItems = 5000

// xargs runs a command with the words of stdin as arguments.
func xargs(c *Call) Outcome {
	o, outcome, ok := c.options("+n:I:0rtd:L:P:pxi;", "max-args=n", "replace=I", "null=0", "no-run-if-empty=r", "verbose=t", "delimiter=d", "max-procs=P", "max-lines=L")
	if !ok {
		return outcome
	}
	state, resumed := c.State.(xargsState)
	if !resumed {
		if outcome, ok := c.awaitInput(); !ok {
			return outcome
		}
		items, err := xargsItems(string(c.takeInput()), o)
		if err != nil {
			return c.fail(1, "%v", err)
		}
		state.items = items
	}
	command := o.operands
	if len(command) == 0 {
		command = []string{"echo"}
	}
	size := maxXargsItems
	for _, key := range []string{"n", "L"} {
		if o.has(key) {
			value, err := strconv.Atoi(o.value(key, ""))
			if err != nil || value < 1 {
				return c.fail(1, "value %s for -%s option should be >= 1", o.value(key, ""), key)
			}
			size = min(value, size)
		}
	}
	token := o.value("I", "{}")
	if o.has("I") {
		size = 1
	}
	var lines [][]string
	for i := 0; i < len(state.items); i += size {
		part := state.items[i:min(i+size, len(state.items))]
		argv := append(append([]string(nil), command...), part...)
		if o.has("I") {
			argv = nil
			for _, word := range command {
				argv = append(argv, strings.ReplaceAll(word, token, part[0]))
			}
		}
		lines = append(lines, argv)
	}
	if len(state.items) == 0 && !o.has("r", "I") {
		lines = [][]string{command}
	}
	for state.done < len(lines) {
		argv := lines[state.done]
		if o.has("t") && state.inner == nil {
			c.Stderr.Write([]byte(strings.Join(argv, " ") + "\n"))
		}
		outcome := c.Run(argv, c.Env, &Stdin{Closed: true}, c.Stdout, c.Stderr, state.inner)
		if outcome.Block != nil {
			state.inner = outcome.State
			return Outcome{Block: outcome.Block, State: state}
		}
		state.inner = nil
		state.done++
		switch code := outcome.Code; {
		case code == 255:
			return c.fail(124, "%s: exited with status 255; aborting", argv[0])
		case code == 126 || code == 127:
			return Exit(code)
		case code >= 128:
			return c.fail(125, "%s: terminated by signal %d", argv[0], code-128)
		case code != 0:
			state.code = 123
		}
	}
	return Exit(state.code)
}

// xargsItems cuts the input: at blanks with quoting, at lines for -I and -L, at zero bytes for -0, at -d's character.
func xargsItems(text string, o options) ([]string, error) {
	separator := ""
	switch {
	case o.has("0"):
		separator = "\x00"
	case o.has("d"):
		separator, _ = unescape(o.value("d", ""), false)
	}
	if separator != "" {
		items := strings.Split(text, separator)
		if items[len(items)-1] == "" {
			items = items[:len(items)-1]
		}
		return items, nil
	}
	var items []string
	if o.has("I", "L") {
		for _, line := range strings.Split(text, "\n") {
			line = strings.TrimLeft(line, " \t")
			if line == "" {
				continue
			}
			if o.has("I") {
				items = append(items, line)
			} else {
				items = append(items, strings.TrimRight(line, " \t"))
			}
		}
		return items, nil
	}
	var word strings.Builder
	inWord := false
	for i := 0; i < len(text); i++ {
		switch char := text[i]; char {
		case ' ', '\t', '\n':
			if inWord {
				items = append(items, word.String())
				word.Reset()
				inWord = false
			}
		case '"', '\'':
			end := strings.IndexByte(text[i+1:], char)
			if end < 0 || strings.Contains(text[i+1:i+1+end], "\n") {
				kind := map[byte]string{'"': "double", '\'': "single"}[char]
				return nil, plainError("unmatched " + kind + " quote; by default quotes are special to xargs unless you use the -0 option")
			}
			word.WriteString(text[i+1 : i+1+end])
			inWord = true
			i += end + 1
		case '\\':
			if i+1 < len(text) {
				i++
				word.WriteByte(text[i])
				inWord = true
			}
		default:
			word.WriteByte(char)
			inWord = true
		}
	}
	if inWord {
		items = append(items, word.String())
	}
	return items, nil
}
