package applet

import (
	"fmt"
	"strconv"
	"strings"
)

// span is a range of columns, counted from 1; last 0 is open.
type span struct{ first, last int }

// parseSpans reads a list like "1,3-5,7-".
func parseSpans(text string) ([]span, error) {
	var spans []span
	for _, part := range strings.Split(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		first, last := 1, 0
		var err error
		if from != "" {
			if from == "0" {
				return nil, plainError("fields are numbered from 1")
			}
			if first, err = strconv.Atoi(from); err != nil || first < 1 {
				return nil, fmt.Errorf("invalid field value %s", quote(part))
			}
		}
		switch {
		case !ranged:
			last = first
		case to != "":
			if last, err = strconv.Atoi(to); err != nil {
				return nil, fmt.Errorf("invalid field value %s", quote(part))
			}
			if last < first {
				return nil, plainError("invalid decreasing range")
			}
		case from == "":
			return nil, plainError("invalid range with no endpoint: -")
		}
		if !ranged && from == "" {
			return nil, plainError("fields are numbered from 1")
		}
		spans = append(spans, span{first, last})
	}
	return spans, nil
}

func inSpans(spans []span, n int) bool {
	for _, s := range spans {
		if n >= s.first && (s.last == 0 || n <= s.last) {
			return true
		}
	}
	return false
}

// cut prints parts of each line.
func cut(c *Call) Outcome {
	o, outcome, ok := c.options("b:c:f:d:sn", "bytes=b", "characters=c", "fields=f", "delimiter=d", "only-delimited=s", "complement", "output-delimiter:")
	if !ok {
		return outcome
	}
	key := o.last("b", "c", "f")
	if key == "" {
		return c.fail(1, "you must specify a list of bytes, characters, or fields")
	}
	spans, err := parseSpans(o.value(key, ""))
	if err != nil {
		return c.fail(1, "%v", err)
	}
	delimiter := o.value("d", "\t")
	if len([]rune(delimiter)) != 1 {
		return c.fail(1, "the delimiter must be a single character")
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	wanted := func(n int) bool { return inSpans(spans, n) != o.has("complement") }
	for _, line := range allLines(list) {
		var parts []string
		joiner := o.value("output-delimiter", "")
		switch key {
		case "b":
			for i := range len(line) {
				if wanted(i + 1) {
					parts = append(parts, line[i:i+1])
				}
			}
		case "c":
			for i, char := range []rune(line) {
				if wanted(i + 1) {
					parts = append(parts, string(char))
				}
			}
		case "f":
			if !strings.Contains(line, delimiter) {
				if !o.has("s") {
					c.print(line + "\n")
				}
				continue
			}
			for i, field := range strings.Split(line, delimiter) {
				if wanted(i + 1) {
					parts = append(parts, field)
				}
			}
			joiner = o.value("output-delimiter", delimiter)
		}
		c.print(strings.Join(parts, joiner) + "\n")
	}
	return exitFailed(failed)
}
