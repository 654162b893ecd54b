package sql

import (
	"strings"
	"unicode"
)

// token is one word, sign, number or text of a statement.
type token struct {
	kind tokenKind
	text string // without quotes
	at   int    // where it begins
}

type tokenKind uint8

const (
	endOfText tokenKind = iota
	word                // select, t, and @@name or @name with its signs
	quoted              // a name in backticks
	number
	text
	sign
	broken // a quote that does not end
)

const wordLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_$"

// lex cuts a statement into tokens.
func lex(source string) []token {
	var tokens []token
	for at := 0; ; {
		at = skipBlank(source, at)
		if at >= len(source) {
			return append(tokens, token{kind: endOfText, at: len(source)})
		}
		t, next := lexOne(source, at)
		tokens = append(tokens, t)
		at = next
	}
}

// skipBlank goes over spaces and comments.
func skipBlank(source string, at int) int {
	for at < len(source) {
		rest := source[at:]
		switch {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			at++
		case rest[0] == '#', rest == "--", strings.HasPrefix(rest, "-- "), strings.HasPrefix(rest, "--\n"), strings.HasPrefix(rest, "--\t"):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return len(source)
			}
			at += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return len(source)
			}
			at += end + 4
		default:
			return at
		}
	}
	return at
}

func lexOne(source string, at int) (token, int) {
	c := source[at]
	switch {
	case c == '\'' || c == '"' || c == '`':
		return lexQuoted(source, at)
	case c >= '0' && c <= '9' || c == '.' && at+1 < len(source) && source[at+1] >= '0' && source[at+1] <= '9':
		end := at
		for end < len(source) && strings.IndexByte("0123456789.", source[end]) >= 0 {
			end++
		}
		if end < len(source) && strings.IndexByte(wordLetters, source[end]) >= 0 { // a name that begins with a digit
			for end < len(source) && strings.IndexByte(wordLetters, source[end]) >= 0 {
				end++
			}
			return token{word, source[at:end], at}, end
		}
		return token{number, source[at:end], at}, end
	case c == '@' || strings.IndexByte(wordLetters, c) >= 0 || c >= 0x80 && unicode.IsLetter([]rune(source[at:])[0]):
		end := at
		for end < len(source) && (source[end] == '@' || source[end] >= 0x80 || strings.IndexByte(wordLetters, source[end]) >= 0) {
			if source[end] == '@' && end > at && source[end-1] != '@' {
				break
			}
			end++
		}
		return token{word, source[at:end], at}, end
	}
	for _, two := range []string{"<=>", "<=", ">=", "<>", "!=", "||", "&&", ":="} {
		if strings.HasPrefix(source[at:], two) {
			return token{sign, two, at}, at + len(two)
		}
	}
	return token{sign, source[at : at+1], at}, at + 1
}

func lexQuoted(source string, at int) (token, int) {
	quote := source[at]
	kind := text
	if quote == '`' {
		kind = quoted
	}
	var b strings.Builder
	for i := at + 1; i < len(source); i++ {
		switch c := source[i]; {
		case c == quote && i+1 < len(source) && source[i+1] == quote:
			b.WriteByte(quote)
			i++
		case c == quote:
			return token{kind, b.String(), at}, i + 1
		case c == '\\' && quote != '`' && i+1 < len(source):
			i++
			b.WriteString(unescape(source[i]))
		default:
			b.WriteByte(c)
		}
	}
	return token{broken, source[at:], at}, len(source)
}

func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '0':
		return "\x00"
	case '%', '_':
		return "\\" + string(c)
	}
	return string(c)
}

// Split cuts a script at its semicolons (and at \G, which ends a statement too). open says that the last one is not ended; an empty last one is left out.
func Split(script string) (statements []Piece, open bool) {
	start, line := 0, 1
	add := func(end, next int, vertical bool) {
		lead := skipBlank(script, start)
		if lead < end {
			statements = append(statements, Piece{Text: strings.TrimSpace(script[lead:end]), Line: line + strings.Count(script[start:lead], "\n"), Vertical: vertical})
		}
		line += strings.Count(script[start:next], "\n")
		start = next
	}
	for at := 0; ; {
		at = skipBlank(script, at)
		if at >= len(script) {
			break
		}
		switch {
		case script[at] == ';':
			add(at, at+1, false)
			at++
		case strings.HasPrefix(script[at:], `\G`), strings.HasPrefix(script[at:], `\g`):
			add(at, at+2, script[at+1] == 'G')
			at += 2
		default:
			_, at = lexOne(script, at)
		}
	}
	before := len(statements)
	add(len(script), len(script), false)
	return statements, len(statements) > before
}

// Piece is one statement of a script.
type Piece struct {
	Text     string
	Line     int  // in the script, from 1
	Vertical bool // ended by \G: one column a line
}
