package applet

import (
	"fmt"
	"strconv"
	"strings"
)

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
