package applet

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stsim/stsim/storage"
)

// wc counts lines, words, characters and bytes.
func wc(c *Call) Outcome {
	o, outcome, ok := c.options("lwcmL", "lines=l", "words=w", "bytes=c", "chars=m", "max-line-length=L")
	if !ok {
		return outcome
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	columns := []string{"l", "w", "m", "c", "L"}
	if !o.has(columns...) {
		o.used = append(o.used, option{"l", ""}, option{"w", ""}, option{"c", ""})
	}
	var rows [][]int
	total := make([]int, 5)
	for _, in := range list {
		text := string(in.data)
		row := []int{strings.Count(text, "\n"), len(strings.Fields(text)), utf8.RuneCountInString(text), len(text), 0}
		for _, line := range strings.Split(text, "\n") {
			row[4] = max(row[4], utf8.RuneCountInString(line))
		}
		for i := range 4 {
			total[i] += row[i]
		}
		total[4] = max(total[4], row[4])
		rows = append(rows, row)
	}
	if len(o.operands) > 1 {
		rows, list = append(rows, total), append(list, input{name: "total"})
	}
	shown := 0
	for _, key := range columns {
		if o.has(key) {
			shown++
		}
	}
	width := len(strconv.Itoa(total[3]))
	switch {
	case shown == 1 && len(list) == 1:
		width = 1
	case len(o.operands) == 0:
		width = 7
	}
	for i, row := range rows {
		var cells []string
		for j, key := range columns {
			if o.has(key) {
				cells = append(cells, padLeft(strconv.Itoa(row[j]), width))
			}
		}
		if len(o.operands) > 0 {
			cells = append(cells, list[i].name)
		}
		c.print(strings.Join(cells, " ") + "\n")
	}
	return exitFailed(failed)
}

func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0)) + text
}

func padRight(text string, width int) string {
	return text + strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
}

// seq counts.
func seq(c *Call) Outcome {
	separator, wide, format := "\n", false, ""
	args := c.Args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && !(args[0][1] >= '0' && args[0][1] <= '9' || args[0][1] == '.') {
		flag := args[0]
		args = args[1:]
		switch {
		case flag == "-w" || flag == "--equal-width":
			wide = true
		case (flag == "-s" || flag == "-f") && len(args) > 0:
			if flag == "-s" {
				separator, _ = unescape(args[0], false)
			} else {
				format = args[0]
			}
			args = args[1:]
		case strings.HasPrefix(flag, "-s"):
			separator = flag[2:]
		case strings.HasPrefix(flag, "-f"):
			format = flag[2:]
		default:
			return c.usage(syntax{letters: "s:f:w"}, "unrecognized option: %s", strings.TrimLeft(flag, "-"))
		}
	}
	if len(args) == 0 {
		return c.missingOperand(nil)
	}
	if len(args) > 3 {
		return c.fail(1, "extra operand %s", quote(args[3]))
	}
	precision := 0
	numbers := make([]float64, len(args))
	for i, arg := range args {
		value, err := strconv.ParseFloat(arg, 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return c.fail(1, "invalid floating point argument: %s", quote(arg))
		}
		if _, decimals, ok := strings.Cut(arg, "."); ok && i < max(len(args)-1, 1) {
			precision = max(precision, len(decimals))
		}
		numbers[i] = value
	}
	first, step, last := 1.0, 1.0, numbers[len(numbers)-1]
	if len(numbers) > 1 {
		first = numbers[0]
	}
	if len(numbers) > 2 {
		step = numbers[1]
	}
	if step == 0 {
		return c.fail(1, "invalid Zero increment value: %s", quote(args[1]))
	}
	write := func(value float64) string { return strconv.FormatFloat(value, 'f', precision, 64) }
	width := 0
	if wide {
		width = max(len(write(first)), len(write(last)))
	}
	var out strings.Builder
	for i := 0; ; i++ {
		value := first + float64(i)*step
		if step > 0 && value > last+1e-9 || step < 0 && value < last-1e-9 {
			break
		}
		if i > 0 {
			out.WriteString(separator)
		}
		text := write(value)
		if wide && len(text) < width {
			sign, digits := "", text
			if strings.HasPrefix(text, "-") {
				sign, digits = "-", text[1:]
			}
			text = sign + strings.Repeat("0", width-len(text)) + digits
		}
		if format != "" {
			text, _ = formatPrintf(format, []string{text})
		}
		out.WriteString(text)
		if out.Len() > maxOutput {
			return c.fail(1, "more than %d bytes of output are not simulated", maxOutput)
		}
	}
	if out.Len() > 0 {
		out.WriteByte('\n')
	}
	c.print(out.String())
	return Exit(0)
}

// tee copies stdin to stdout and to files.
func tee(c *Call) Outcome {
	o, outcome, ok := c.options("ai", "append=a", "ignore-interrupts=i")
	if !ok {
		return outcome
	}
	data := c.takeInput()
	_, _ = c.Stdout.Write(data)
	failed, _ := c.State.(bool)
	for _, name := range o.operands {
		flags := storage.Append
		if c.State == nil && !o.has("a") {
			flags = storage.Truncate
		}
		if err := c.write(name, data, flags); err != nil {
			if c.State == nil {
				c.errorf("%s: %s", name, reason(err))
			}
			failed = true
		}
	}
	if !c.Stdin.Closed {
		return Outcome{Block: &Block{Input: true}, State: failed}
	}
	return exitFailed(failed)
}

// yesAtOnce is how many bytes yes writes before its reader has a turn.
const yesAtOnce = 16 << 10

// yes repeats a line until nobody reads, or a limit of the shell is passed.
func yes(c *Call) Outcome {
	line := strings.Join(c.Args[1:], " ")
	if len(c.Args) == 1 {
		line = "y"
	}
	line += "\n"
	text := strings.Repeat(line, max(yesAtOnce/len(line), 1))
	c.print(text)
	return Outcome{Block: &Block{}}
}

// rev turns each line around.
func rev(c *Call) Outcome {
	return c.eachLine(func(line string) string {
		runes := []rune(line)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return string(runes)
	})
}

// eachLine is a filter without flags that changes every line.
func (c *Call) eachLine(change func(string) string) Outcome {
	o, outcome, ok := c.options("")
	if !ok {
		return outcome
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	for _, in := range list {
		lines, complete := splitLines(in.data)
		for i, line := range lines {
			c.print(change(line))
			if complete || i < len(lines)-1 {
				c.print("\n")
			}
		}
	}
	return exitFailed(failed)
}

// tac prints the lines from the last to the first.
func tac(c *Call) Outcome {
	o, outcome, ok := c.options("")
	if !ok {
		return outcome
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	for _, in := range list {
		lines, _ := splitLines(in.data)
		for i := len(lines) - 1; i >= 0; i-- {
			c.print(lines[i] + "\n")
		}
	}
	return exitFailed(failed)
}
