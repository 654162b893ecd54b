package applet

import (
	"fmt"
	"regexp"
	"strings"
)

// dialect is one of the languages of search patterns.
type dialect int

const (
	basic dialect = iota
	extended
	fixed
	perl
)

const errBackReference = plainError("back-references in a pattern are not simulated; hint: match the repeated text twice")

// compilePattern makes a POSIX pattern a Go one. The longest match wins, as POSIX wants (not for perl). flags are Go's: i, m.
func compilePattern(pattern string, kind dialect, flags string) (*regexp.Regexp, error) {
	translated, err := translatePattern(pattern, kind)
	if err != nil {
		return nil, err
	}
	compiled, err := regexp.Compile("(?s" + flags + ")" + translated)
	if err != nil {
		if failure, ok := strings.CutPrefix(err.Error(), "error parsing regexp: "); ok {
			return nil, plainError(patternProblem(failure))
		}
		return nil, err
	}
	if kind != perl {
		compiled.Longest()
	}
	return compiled, nil
}

// patternProblem is the POSIX text of a fault in a pattern.
func patternProblem(text string) string {
	for _, known := range [][2]string{
		{"missing closing )", "Unmatched ( or \\("}, {"unexpected )", "Unmatched ) or \\)"},
		{"missing closing ]", "Unmatched [, [^, [:, [., or [="}, {"invalid character class range", "Invalid range end"},
		{"invalid repeat count", "Invalid content of \\{\\}"}, {"trailing backslash", "Trailing backslash"},
		{"missing argument to repetition", "Invalid preceding regular expression"},
	} {
		if strings.HasPrefix(text, known[0]) {
			return known[1]
		}
	}
	return text
}

func translatePattern(pattern string, kind dialect) (string, error) {
	switch kind {
	case fixed:
		return regexp.QuoteMeta(pattern), nil
	case perl:
		return pattern, nil
	}
	var out strings.Builder
	atStart := true   // a "*" here is itself, a "^" an anchor
	repeated := false // the last thing was a repetition: a second one adds nothing
	for i := 0; i < len(pattern); i++ {
		start, wasRepeated := atStart, repeated
		atStart, repeated = false, false
		switch char := pattern[i]; {
		case char == '\\':
			if i++; i == len(pattern) {
				return "", plainError("Trailing backslash")
			}
			piece, opens, err := translateEscape(pattern[i], kind)
			if err != nil {
				return "", err
			}
			if kind == basic && strings.IndexByte("+?", pattern[i]) >= 0 {
				if start {
					piece = `\` + piece
				} else {
					repeated = true
				}
			}
			if wasRepeated && repeated {
				continue
			}
			if kind == basic && pattern[i] == '{' {
				end := strings.Index(pattern[i:], `\}`)
				if end < 0 {
					return "", plainError(`Unmatched \{`)
				}
				bounds, err := interval(pattern[i+1 : i+end])
				if err != nil {
					return "", err
				}
				piece, i = bounds, i+end+1
				repeated = true
			}
			atStart = opens
			out.WriteString(piece)
		case char == '[':
			class, length, err := bracket(pattern[i:])
			if err != nil {
				return "", err
			}
			out.WriteString(class)
			i += length - 1
		case char == '*':
			switch {
			case start && kind == basic:
				out.WriteString(`\*`)
			case start:
				atStart = true
			case !wasRepeated:
				out.WriteByte('*')
				repeated = true
			default:
				repeated = true
			}
		case char == '^':
			if kind == basic && !start {
				out.WriteString(`\^`)
			} else {
				out.WriteByte('^')
				atStart = true
			}
		case char == '$':
			if kind == basic && i+1 < len(pattern) && !strings.HasPrefix(pattern[i+1:], `\)`) && !strings.HasPrefix(pattern[i+1:], `\|`) {
				out.WriteString(`\$`)
			} else {
				out.WriteByte('$')
			}
		case kind == basic && strings.IndexByte("(){}|+?", char) >= 0:
			out.WriteString(`\` + string(char))
		case kind == extended && char == '{':
			end := strings.IndexByte(pattern[i:], '}')
			bounds, err := "", error(plainError("")) // "{" that begins no interval is itself
			if end > 0 && !start {
				bounds, err = interval(pattern[i+1 : i+end])
			}
			if err != nil {
				out.WriteString(`\{`)
				continue
			}
			out.WriteString(bounds)
			i += end
			repeated = true
		case kind == extended && char == '}':
			out.WriteString(`\}`)
		case kind == extended && (char == '+' || char == '?'):
			switch {
			case start:
				atStart = true
			case !wasRepeated:
				out.WriteByte(char)
				repeated = true
			default:
				repeated = true
			}
		case kind == extended && (char == '(' || char == '|'):
			out.WriteByte(char)
			atStart = true
		default:
			out.WriteByte(char)
		}
	}
	return out.String(), nil
}

// translateEscape is what a backslash and a character stand for; opens says that a new branch begins.
func translateEscape(char byte, kind dialect) (piece string, opens bool, err error) {
	switch {
	case char >= '1' && char <= '9':
		return "", false, errBackReference
	case kind == basic && (char == '(' || char == '|'):
		return string(char), true, nil
	case kind == basic && (char == ')' || char == '+' || char == '?' || char == '{'):
		return string(char), false, nil
	case char == '<':
		return `\b`, false, nil
	case char == '>':
		return `\b`, false, nil
	case strings.IndexByte("wWsSbB", char) >= 0:
		return `\` + string(char), false, nil
	case char == 'n':
		return `\n`, false, nil
	case char == 't':
		return `\t`, false, nil
	case char == '`':
		return `\A`, false, nil
	case char == '\'':
		return `\z`, false, nil
	}
	return regexp.QuoteMeta(string([]byte{char})), false, nil
}

// interval reads "n", "n,", ",m" or "n,m" and gives Go's form.
func interval(text string) (string, error) {
	from, to, ranged := strings.Cut(text, ",")
	if from == "" && ranged {
		from = "0"
	}
	if digits(from, 5, 10) != len(from) || digits(to, 5, 10) != len(to) || from == "" {
		return "", plainError("Invalid content of \\{\\}")
	}
	if ranged {
		return fmt.Sprintf("{%s,%s}", from, to), nil
	}
	return "{" + from + "}", nil
}

// bracket translates a bracket expression, in which a backslash is itself, and gives its length in the pattern.
func bracket(pattern string) (string, int, error) {
	i := 1
	out := "["
	if i < len(pattern) && pattern[i] == '^' {
		out += "^"
		i++
	}
	for first := true; i < len(pattern); first = false {
		switch {
		case pattern[i] == ']' && !first:
			return out + "]", i + 1, nil
		case strings.HasPrefix(pattern[i:], "[:"):
			end := strings.Index(pattern[i+2:], ":]")
			if end < 0 {
				return "", 0, plainError("Unmatched [, [^, [:, [., or [=")
			}
			name := pattern[i+2 : i+2+end]
			if _, ok := trClasses[name]; !ok {
				return "", 0, plainError("Invalid character class name")
			}
			out += "[:" + name + ":]"
			i += end + 4
		case pattern[i] == '\\' && i+1 < len(pattern) && (pattern[i+1] == 'n' || pattern[i+1] == 't'):
			out += pattern[i : i+2] // as GNU sed has it
			i += 2
		case strings.IndexByte(`\[]&~`, pattern[i]) >= 0 || pattern[i] == '^':
			out += `\` + pattern[i:i+1]
			i++
		case pattern[i] == '-' && (first || i+1 < len(pattern) && pattern[i+1] == ']'):
			out += `\-`
			i++
		default:
			out += pattern[i : i+1]
			i++
		}
	}
	return "", 0, plainError("Unmatched [, [^, [:, [., or [=")
}
