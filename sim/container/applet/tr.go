package applet

import (
	"fmt"
	"strings"
)

var trClasses = map[string]string{
	"digit": "0-9", "lower": "a-z", "upper": "A-Z", "alpha": "A-Za-z", "alnum": "0-9A-Za-z", "xdigit": "0-9A-Fa-f",
	"space": "\t-\r ", "blank": "\t ", "punct": "!-/:-@[-`{-~", "cntrl": "\x00-\x1f\x7f", "print": " -~", "graph": "!-~",
}

// trSet expands a set of tr to its bytes: ranges, classes and escapes.
func trSet(text string) ([]byte, error) {
	var set []byte
	text = trEscapes(text)
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "[:") {
			if end := strings.Index(text[i:], ":]"); end > 0 {
				class, ok := trClasses[text[i+2:i+end]]
				if !ok {
					return nil, fmt.Errorf("invalid character class %s", quote(text[i+2:i+end]))
				}
				members, _ := trSet(strings.ReplaceAll(class, `\`, `\\`))
				set = append(set, members...)
				i += end + 1
				continue
			}
		}
		if i+2 < len(text) && text[i+1] == '-' {
			if text[i+2] < text[i] {
				return nil, fmt.Errorf("range-endpoints of '%s' are in reverse collating sequence order", text[i:i+3])
			}
			for char := int(text[i]); char <= int(text[i+2]); char++ {
				set = append(set, byte(char))
			}
			i += 2
			continue
		}
		set = append(set, text[i])
	}
	return set, nil
}

// trEscapes expands backslashes; one before an ordinary character falls away.
func trEscapes(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if strings.IndexByte("abefnrtv\\01234567", text[i+1]) < 0 {
				i++
				out.WriteByte(text[i])
				continue
			}
			width := 1 + max(digits(text[i+1:], 3, 8), 1)
			part, _ := unescape(text[i:i+width], false)
			out.WriteString(part)
			i += width - 1
			continue
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// tr changes, deletes and squeezes characters (bytes, as GNU tr does).
func tr(c *Call) Outcome {
	o, outcome, ok := c.options("cCdst", "complement=c", "delete=d", "squeeze-repeats=s", "truncate-set1=t")
	if !ok {
		return outcome
	}
	translate := !o.has("d") && len(o.operands) == 2
	if len(o.operands) == 0 || !translate && !o.has("d", "s") {
		return c.missingOperand(o.operands)
	}
	if len(o.operands) > 2 || len(o.operands) == 2 && o.has("d") && !o.has("s") {
		return c.fail(1, "extra operand %s", quote(o.operands[len(o.operands)-1]))
	}
	first, err := trSet(o.operands[0])
	if err != nil {
		return c.fail(1, "%v", err)
	}
	if o.has("c", "C") {
		var rest []byte
		for char := range 256 {
			if strings.IndexByte(string(first), byte(char)) < 0 {
				rest = append(rest, byte(char))
			}
		}
		first = rest
	}
	var second []byte
	if len(o.operands) == 2 {
		if second, err = trSet(o.operands[1]); err != nil {
			return c.fail(1, "%v", err)
		}
		if len(second) == 0 && translate && !o.has("t") {
			return c.fail(1, "when not truncating set1, string2 must be non-empty")
		}
	}
	data := c.takeInput()
	last, _ := c.State.(int) // the last byte printed plus one, for squeezing across pieces of input
	var mapping [256]int
	for i := range mapping {
		mapping[i] = i
	}
	for i, char := range first {
		switch {
		case o.has("d"):
			mapping[char] = -1
		case translate && i < len(second):
			mapping[char] = int(second[i])
		case translate && !o.has("t"):
			mapping[char] = int(second[len(second)-1])
		}
	}
	var squeeze [256]bool
	if o.has("s") {
		set := first
		if len(o.operands) == 2 {
			set = second
		}
		for _, char := range set {
			squeeze[char] = true
		}
	}
	out := make([]byte, 0, len(data))
	for _, char := range data {
		to := mapping[char]
		if to < 0 || squeeze[to] && last == to+1 {
			continue
		}
		out = append(out, byte(to))
		last = to + 1
	}
	_, _ = c.Stdout.Write(out)
	if !c.Stdin.Closed {
		return Outcome{Block: &Block{Input: true}, State: last}
	}
	return Exit(0)
}

// uniq drops or counts lines that repeat the one before.
func uniq(c *Call) Outcome {
	o, outcome, ok := c.options("cduif:s:w:", "count=c", "repeated=d", "unique=u", "ignore-case=i", "skip-fields=f", "skip-chars=s", "check-chars=w")
	if !ok {
		return outcome
	}
	var numbers [3]int64
	for i, key := range []string{"f", "s", "w"} {
		var err error
		if numbers[i], err = parseSize(o.value(key, "0")); err != nil {
			return c.fail(1, "%s: invalid number", o.value(key, ""))
		}
	}
	if len(o.operands) > 2 {
		return c.fail(1, "extra operand %s", quote(o.operands[2]))
	}
	source, target := o.operands, ""
	if len(source) == 2 {
		source, target = source[:1], source[1]
	}
	list, failed, outcome, ok := c.inputs(source)
	if !ok {
		return outcome
	}
	if failed {
		return Exit(1)
	}
	key := func(line string) string {
		for range numbers[0] {
			trimmed := strings.TrimLeft(line, " \t")
			if trimmed == "" {
				break
			}
			if at := strings.IndexAny(trimmed, " \t"); at >= 0 {
				line = trimmed[at:]
			} else {
				line = ""
			}
		}
		line = line[min(numbers[1], int64(len(line))):]
		if o.has("w") {
			line = line[:min(numbers[2], int64(len(line)))]
		}
		if o.has("i") {
			line = strings.ToLower(line)
		}
		return line
	}
	var out strings.Builder
	lines := allLines(list)
	for i := 0; i < len(lines); {
		end := i + 1
		for end < len(lines) && key(lines[end]) == key(lines[i]) {
			end++
		}
		if !(o.has("d") && end-i < 2 || o.has("u") && end-i > 1) {
			if o.has("c") {
				fmt.Fprintf(&out, "%7d ", end-i)
			}
			out.WriteString(lines[i] + "\n")
		}
		i = end
	}
	return c.emit(target, out.String(), 1)
}
