package applet

import (
	"fmt"
	"regexp"
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

// nl numbers lines.
func nl(c *Call) Outcome {
	o, outcome, ok := c.options("b:w:s:v:i:n:", "body-numbering=b", "number-width=w", "number-separator=s", "starting-line-number=v", "line-increment=i", "number-format=n")
	if !ok {
		return outcome
	}
	width, errWidth := strconv.Atoi(o.value("w", "6"))
	number, errStart := strconv.Atoi(o.value("v", "1"))
	step, errStep := strconv.Atoi(o.value("i", "1"))
	if errWidth != nil || errStart != nil || errStep != nil || width < 1 || width > maxPrintfWidth {
		return c.fail(1, "invalid number")
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	separator := o.value("s", "\t")
	for _, line := range allLines(list) {
		if style := o.value("b", "t"); style == "n" || style == "t" && line == "" {
			c.print(strings.Repeat(" ", width+len(separator)) + line + "\n")
			continue
		}
		text := strconv.Itoa(number)
		switch o.value("n", "rn") {
		case "ln":
			text = padRight(text, width)
		case "rz":
			text = fmt.Sprintf("%0*d", width, number)
		default:
			text = padLeft(text, width)
		}
		c.print(text + separator + line + "\n")
		number += step
	}
	return exitFailed(failed)
}

// paste joins lines: of several files side by side, or with -s of one file in a row.
func paste(c *Call) Outcome {
	o, outcome, ok := c.options("d:s", "delimiters=d", "serial=s")
	if !ok {
		return outcome
	}
	text, _ := unescape(o.value("d", "\t"), false)
	delimiters := []rune(text)
	join := func(cells []string) {
		for i, cell := range cells {
			c.print(cell)
			if i < len(cells)-1 && len(delimiters) > 0 {
				c.print(string(delimiters[i%len(delimiters)]))
			}
		}
		c.print("\n")
	}
	names := o.operands
	repeats := 0 // "paste - -" takes two lines of stdin at a time
	for _, name := range names {
		if name == "-" {
			repeats++
		}
	}
	list, failed, outcome, ok := c.inputs(names)
	if !ok {
		return outcome
	}
	columns := make([][]string, len(list))
	for i, in := range list {
		columns[i], _ = splitLines(in.data)
	}
	if repeats > 1 {
		dealStdin(list, columns, repeats)
	}
	if o.has("s") {
		for _, column := range columns {
			join(column)
		}
		return exitFailed(failed)
	}
	rows := 0
	for _, column := range columns {
		rows = max(rows, len(column))
	}
	for row := range rows {
		cells := make([]string, len(columns))
		for i, column := range columns {
			if row < len(column) {
				cells[i] = column[row]
			}
		}
		join(cells)
	}
	return exitFailed(failed)
}

// dealStdin gives the lines of stdin to its columns in turn.
func dealStdin(list []input, columns [][]string, repeats int) {
	var places []int
	var lines []string
	for i, in := range list {
		if in.name == "-" {
			places = append(places, i)
			if len(lines) == 0 {
				lines = columns[i]
			}
			columns[i] = nil
		}
	}
	for i, line := range lines {
		place := places[i%repeats]
		columns[place] = append(columns[place], line)
	}
}

// comm compares two sorted files line by line.
func comm(c *Call) Outcome {
	o, outcome, ok := c.options("123")
	if !ok {
		return outcome
	}
	if len(o.operands) != 2 {
		return c.missingOperand(o.operands)
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok || failed {
		if failed {
			return Exit(1)
		}
		return outcome
	}
	left, _ := splitLines(list[0].data)
	right, _ := splitLines(list[1].data)
	show := func(column int, line string) {
		if o.has(strconv.Itoa(column)) {
			return
		}
		for before := 1; before < column; before++ {
			if !o.has(strconv.Itoa(before)) {
				c.print("\t")
			}
		}
		c.print(line + "\n")
	}
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0 || len(left) > 0 && left[0] < right[0]:
			show(1, left[0])
			left = left[1:]
		case len(left) == 0 || right[0] < left[0]:
			show(2, right[0])
			right = right[1:]
		default:
			show(3, left[0])
			left, right = left[1:], right[1:]
		}
	}
	return Exit(0)
}

// column arranges lines in a table (-t) with two spaces between the columns.
func column(c *Call) Outcome {
	o, outcome, ok := c.options("ts:", "table=t", "separator=s")
	if !ok {
		return outcome
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	if !o.has("t") {
		for _, line := range allLines(list) {
			c.print(line + "\n")
		}
		return exitFailed(failed)
	}
	var rows [][]string
	for _, line := range allLines(list) {
		fields := strings.Fields(line)
		if separators := o.value("s", ""); separators != "" {
			fields = regexp.MustCompile("["+regexp.QuoteMeta(separators)+"]").Split(line, -1)
		}
		if len(fields) > 0 {
			rows = append(rows, fields)
		}
	}
	c.print(layOut(rows, nil, "  "))
	return exitFailed(failed)
}

// layOut sets rows in columns, with a gap between them; columns whose number is in right are flush right.
func layOut(rows [][]string, right map[int]bool, gap string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(gap)
			}
			if right[i] {
				cell = padLeft(cell, widths[i])
			} else {
				cell = padRight(cell, widths[i])
			}
			line.WriteString(cell)
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}
