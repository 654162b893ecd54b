package applet

import (
	"strconv"
	"strings"
)

// Echo prints its arguments: -n without newline, -e with backslash escapes, -E without.
func echo(c *Call) Outcome {
	args, newline, escapes := c.Args[1:], true, false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, letter := range args[0][1:] {
			switch letter {
			case 'n':
				newline = false
			case 'e':
				escapes = true
			case 'E':
				escapes = false
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		var stop bool
		if text, stop = unescape(text, true); stop {
			newline = false
		}
	}
	if newline {
		text += "\n"
	}
	c.print(text)
	return Exit(0)
}

// unescape expands backslash escapes. leadingZero: octal is \0nnn, as in echo and printf's %b, which also take \c:
// print nothing more. Otherwise octal is \nnn.
func unescape(text string, leadingZero bool) (result string, stop bool) {
	if !strings.Contains(text, `\`) {
		return text, false
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch letter := text[i]; letter {
		case 'a':
			out.WriteByte(7)
		case 'b':
			out.WriteByte(8)
		case 'e':
			out.WriteByte(27)
		case 'f':
			out.WriteByte(12)
		case 'n':
			out.WriteByte('\n')
		case 'r':
			out.WriteByte('\r')
		case 't':
			out.WriteByte('\t')
		case 'v':
			out.WriteByte(11)
		case '\\', '"', '\'':
			if letter != '\\' && leadingZero {
				out.WriteByte('\\')
			}
			out.WriteByte(letter)
		case 'c':
			return out.String(), true
		case 'x':
			width := digits(text[i+1:], 2, 16)
			if width == 0 {
				out.WriteString(`\x`)
				continue
			}
			value, _ := strconv.ParseUint(text[i+1:i+1+width], 16, 8)
			out.WriteByte(byte(value))
			i += width
		case 'u', 'U':
			most := 4
			if letter == 'U' {
				most = 8
			}
			width := digits(text[i+1:], most, 16)
			if width == 0 {
				out.WriteString(`\` + string(letter))
				continue
			}
			value, _ := strconv.ParseUint(text[i+1:i+1+width], 16, 32)
			out.WriteRune(rune(value))
			i += width
		case '0', '1', '2', '3', '4', '5', '6', '7':
			start, most := i, 3
			if leadingZero && letter == '0' {
				start++
			}
			width := digits(text[start:], most, 8)
			value, _ := strconv.ParseUint("0"+text[start:start+width], 8, 16)
			out.WriteByte(byte(value))
			i = start + width - 1
		default:
			out.WriteByte('\\')
			out.WriteByte(letter)
		}
	}
	return out.String(), false
}

// digits is how many digits of a base stand at the beginning of text, at most most.
func digits(text string, most, base int) int {
	n := 0
	for n < len(text) && n < most {
		if _, err := strconv.ParseUint(text[n:n+1], base, 8); err != nil {
			break
		}
		n++
	}
	return n
}
