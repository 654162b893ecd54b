package applet

import (
	"regexp"
	"strings"
)

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
