package applet

import (
	"regexp"
	"strings"
)

// globPattern makes a pattern of a shell glob, in which "*" also matches a slash.
func globPattern(glob string, ignoreCase bool) (*regexp.Regexp, error) {
	var out strings.Builder
	out.WriteString("(?s")
	if ignoreCase {
		out.WriteString("i")
	}
	out.WriteString(")^")
	for i := 0; i < len(glob); i++ {
		switch char := glob[i]; {
		case char == '*':
			out.WriteString(".*")
		case char == '?':
			out.WriteString(".")
		case char == '\\' && i+1 < len(glob):
			i++
			out.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		case char == '[':
			text := glob[i:]
			if strings.HasPrefix(text, "[!") {
				text = "[^" + text[2:]
			}
			class, length, err := bracket(text)
			if err != nil {
				out.WriteString(`\[`)
				continue
			}
			out.WriteString(class)
			i += length - 1
		default:
			out.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	out.WriteString("$")
	compiled, err := regexp.Compile(out.String())
	if err != nil {
		return nil, plainError("invalid pattern " + quote(glob))
	}
	return compiled, nil
}
