package applet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxPrintfWidth bounds width and precision, so that a format cannot ask for gigabytes. It is the bound of Go's own printing, too.
const maxPrintfWidth = 1_000_000

// printf prints its arguments by a format, which it uses again as long as arguments are left.
func printf(c *Call) Outcome {
	args := c.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		c.errorf("missing operand")
		return Exit(1)
	}
	text, problems := formatPrintf(args[0], args[1:])
	c.print(text)
	for _, problem := range problems {
		c.errorf("%s", problem)
	}
	return exitFailed(len(problems) > 0)
}

// printfRun is one use of printf.
type printfRun struct {
	args     []string
	taken    int
	out      strings.Builder
	problems []string
	stop     bool
}

// formatPrintf is what printf prints, and what it complains about.
func formatPrintf(format string, args []string) (string, []string) {
	run := &printfRun{args: args}
	for {
		before := run.taken
		run.once(format)
		if run.stop || run.taken == before || run.taken >= len(args) || run.out.Len() > maxOutput {
			return run.out.String(), run.problems
		}
	}
}

func (r *printfRun) next() (string, bool) {
	r.taken++
	if r.taken > len(r.args) {
		return "", false
	}
	return r.args[r.taken-1], true
}

// once goes through the format one time.
func (r *printfRun) once(format string) {
	for len(format) > 0 && !r.stop {
		at := strings.IndexByte(format, '%')
		literal := format
		if at >= 0 {
			literal = format[:at]
		}
		text, stop := unescape(literal, false)
		r.out.WriteString(text)
		if stop {
			r.stop = true
			return
		}
		if at < 0 {
			return
		}
		format = r.directive(format[at:])
	}
}

// directive does one % directive and gives back what follows it.
func (r *printfRun) directive(format string) string {
	i := 1
	for i < len(format) && strings.IndexByte("-+ #0'", format[i]) >= 0 {
		i++
	}
	flags := strings.ReplaceAll(format[1:i], "'", "")
	width, i := r.number(format, i)
	precision, precise := -1, false
	if i < len(format) && format[i] == '.' {
		precision, i = r.number(format, i+1)
		precise = precision >= 0
	}
	if r.stop {
		return ""
	}
	for i < len(format) && strings.IndexByte("hlLjzt", format[i]) >= 0 {
		i++
	}
	if i >= len(format) {
		r.problem("%s: missing conversion character", format)
		r.stop = true
		return ""
	}
	if width < 0 {
		flags, width = flags+"-", -width
	}
	if strings.Contains(flags, "-") {
		flags = strings.ReplaceAll(flags, "0", "")
	}
	spec := "%" + flags
	if width > 0 {
		spec += strconv.Itoa(width)
	}
	if precise {
		spec += "." + strconv.Itoa(precision)
	}
	r.convert(spec, format[i], precise, format[:i+1])
	return format[i+1:]
}

// number reads a width or precision, which "*" takes from the arguments.
func (r *printfRun) number(format string, i int) (int, int) {
	if i < len(format) && format[i] == '*' {
		arg, _ := r.next()
		value, err := strconv.Atoi(arg)
		return r.bounded(value, errors.Is(err, strconv.ErrRange)), i + 1
	}
	start := i
	for i < len(format) && format[i] >= '0' && format[i] <= '9' {
		i++
	}
	value, err := strconv.Atoi(format[start:i])
	return r.bounded(value, err != nil && i > start), i
}

// bounded says so when a width or precision is more than can be printed.
func (r *printfRun) bounded(value int, tooLarge bool) int {
	if tooLarge || value > maxPrintfWidth || value < -maxPrintfWidth {
		r.problem("a width or precision of more than %d is not simulated", maxPrintfWidth)
		r.stop = true
		return 0
	}
	return value
}

func (r *printfRun) convert(spec string, letter byte, precise bool, whole string) {
	text := strings.NewReplacer("0", "", "+", "", " ", "", "#", "") // flags that mean nothing for text
	switch letter {
	case '%':
		r.out.WriteByte('%')
	case 's':
		arg, _ := r.next()
		fmt.Fprintf(&r.out, textSpec(spec, text)+"s", arg)
	case 'b':
		arg, _ := r.next()
		arg, r.stop = unescape(arg, true)
		fmt.Fprintf(&r.out, textSpec(spec, text)+"s", arg)
	case 'q':
		arg, _ := r.next()
		fmt.Fprintf(&r.out, textSpec(spec, text)+"s", shellQuote(arg))
	case 'c':
		arg, _ := r.next()
		if len(arg) > 1 {
			arg = arg[:1]
		}
		fmt.Fprintf(&r.out, textSpec(spec, text)+"s", arg)
	case 'd', 'i':
		value := r.integer()
		if precise {
			spec = dropZeroFlag(spec)
		}
		fmt.Fprintf(&r.out, spec+"d", value)
	case 'u', 'o', 'x', 'X':
		if letter == 'u' {
			letter = 'd'
		}
		if precise {
			spec = dropZeroFlag(spec)
		}
		fmt.Fprintf(&r.out, strings.NewReplacer("+", "", " ", "").Replace(spec)+string(letter), uint64(r.integer()))
	case 'e', 'E', 'f', 'F', 'g', 'G':
		arg, _ := r.next()
		value, err := strconv.ParseFloat(strings.TrimSpace(arg), 64)
		if err != nil && arg != "" {
			r.problem("%s: expected a numeric value", quote(arg))
		}
		if letter == 'g' || letter == 'G' {
			if !precise {
				spec += ".6"
			}
		}
		fmt.Fprintf(&r.out, spec+string(letter), value)
	default:
		r.problem("%s: invalid conversion specification", whole)
		r.stop = true
	}
}

// textSpec removes from a directive's flags those that mean nothing for text; width and precision stay.
func textSpec(spec string, remove *strings.Replacer) string {
	i := 1
	for i < len(spec) && strings.IndexByte("-+ #0", spec[i]) >= 0 {
		i++
	}
	return "%" + remove.Replace(spec[1:i]) + spec[i:]
}

func dropZeroFlag(spec string) string {
	i := 1
	for i < len(spec) && strings.IndexByte("-+ #0", spec[i]) >= 0 {
		i++
	}
	return "%" + strings.ReplaceAll(spec[1:i], "0", "") + spec[i:]
}

func (r *printfRun) problem(format string, values ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, values...))
}

// integer is the next argument as a number: decimal, 0x..., 0..., or 'c for the value of a character.
func (r *printfRun) integer() int64 {
	arg, given := r.next()
	if !given || arg == "" {
		return 0
	}
	if arg[0] == '\'' || arg[0] == '"' {
		for _, char := range arg[1:] {
			return int64(char)
		}
		return 0
	}
	trimmed := strings.TrimLeft(arg, " \t")
	value, err := strconv.ParseInt(trimmed, 0, 64)
	if err == nil && !strings.ContainsAny(trimmed, "_") {
		return value
	}
	if large, err := strconv.ParseUint(trimmed, 0, 64); err == nil {
		return int64(large)
	}
	width := 0
	if strings.HasPrefix(trimmed, "-") || strings.HasPrefix(trimmed, "+") {
		width = 1
	}
	width += digits(trimmed[width:], 18, 10)
	value, err = strconv.ParseInt(trimmed[:width], 10, 64)
	if err != nil {
		r.problem("%s: expected a numeric value", quote(arg))
		return 0
	}
	r.problem("%s: value not completely converted", quote(arg))
	return value
}

// shellQuote quotes a word so that a shell reads it back as it is.
func shellQuote(word string) string {
	if word == "" {
		return "''"
	}
	for _, char := range word {
		if !(char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9' || strings.ContainsRune("@%+=:,./-_", char)) {
			return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return word
}
