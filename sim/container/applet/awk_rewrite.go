package applet

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/benhoyt/goawk/lexer"
)

// awkPrefix begins the names that a rewritten program uses besides its own.
const awkPrefix = "stsim_"

// awkToken is one token of an awk program and where it stands.
type awkToken struct {
	kind     lexer.Token
	text     string // the symbol, keyword or name
	from, to int
}

// awkTokens cuts a program into tokens. Whether a slash divides or begins a pattern follows from the token before it.
func awkTokens(source string) ([]awkToken, error) {
	starts := []int{0}
	for i := range len(source) {
		if source[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	offset := func(p lexer.Position) int {
		if p.Line < 1 || p.Line > len(starts) {
			return len(source)
		}
		return min(starts[p.Line-1]+p.Column-1, len(source))
	}
	l := lexer.NewLexer([]byte(source))
	var tokens []awkToken
	for {
		position, kind, value := l.Scan()
		if kind == lexer.EOF {
			return tokens, nil
		}
		from := offset(position)
		if (kind == lexer.DIV || kind == lexer.DIV_ASSIGN) && !awkOperandEnds(tokens) {
			_, kind, value = l.ScanRegex()
		}
		if kind == lexer.ILLEGAL {
			return nil, fmt.Errorf("parse error at %s: %s", position, value)
		}
		if len(tokens) > 0 {
			tokens[len(tokens)-1].to = from
		}
		text := kind.String()
		switch kind {
		case lexer.NAME:
			text = value
		case lexer.NUMBER, lexer.STRING, lexer.REGEX:
			text = "literal"
		case lexer.NEWLINE:
			text = "\n"
		}
		tokens = append(tokens, awkToken{kind, text, from, len(source)})
	}
}

// awkOperandEnds says whether an operand ends with the last token, so that a slash divides.
func awkOperandEnds(tokens []awkToken) bool {
	if len(tokens) == 0 {
		return false
	}
	switch tokens[len(tokens)-1].kind {
	case lexer.NAME, lexer.NUMBER, lexer.STRING, lexer.RPAREN, lexer.RBRACKET, lexer.DOLLAR, lexer.INCR, lexer.DECR, lexer.F_LENGTH, lexer.REGEX:
		return true
	}
	return false
}

// awkRewrite makes a program deterministic. rand and srand become functions of ours; and since the interpreter goes through the
// keys of an array in Go's random order, "for (k in a) S" becomes a loop over the sorted keys:
//
//	for (h = walk(a); more(h); ) { k = next(h); S }
//
// h is a global variable in rules and one more parameter in functions, so that recursion works.
func awkRewrite(source string) (string, error) {
	tokens, err := awkTokens(source)
	if err != nil {
		return "", err
	}
	insert := map[int]string{}  // text before a token
	replace := map[int]string{} // text instead of a token
	after := map[int]string{}   // text after a token
	loops, parameters, parameterAt := 0, []string(nil), -1
	depth, functionDepth := 0, -1
	for i, t := range tokens {
		switch t.kind {
		case lexer.F_RAND, lexer.F_SRAND:
			replace[i] = awkPrefix + t.text
			if i+1 >= len(tokens) || tokens[i+1].kind != lexer.LPAREN {
				replace[i] += "()"
			}
		case lexer.NAME:
			if t.text == "FILENAME" {
				replace[i] = awkPrefix + "filename "
			}
			if strings.HasPrefix(t.text, awkPrefix) {
				return "", fmt.Errorf("names that begin with %s are taken by the simulator, found %s", awkPrefix, t.text)
			}
		case lexer.FUNCTION:
			for j := i; j < len(tokens); j++ {
				if tokens[j].kind == lexer.RPAREN {
					parameterAt, parameters, functionDepth = j, nil, depth
					break
				}
			}
		case lexer.LBRACE:
			depth++
		case lexer.RBRACE:
			depth--
			if functionDepth >= 0 && depth == functionDepth {
				if len(parameters) > 0 {
					text := strings.Join(parameters, ", ")
					if tokens[parameterAt-1].kind != lexer.LPAREN {
						text = ", " + text
					}
					insert[parameterAt] = text + insert[parameterAt]
				}
				functionDepth = -1
			}
		case lexer.FOR:
			if i+5 >= len(tokens) || tokens[i+1].kind != lexer.LPAREN || tokens[i+2].kind != lexer.NAME || tokens[i+3].kind != lexer.IN ||
				tokens[i+4].kind != lexer.NAME || tokens[i+5].kind != lexer.RPAREN {
				continue
			}
			end := awkStatementEnd(tokens, i)
			if end < 0 {
				return source, nil // the parser will say what is wrong
			}
			loops++
			handle := awkPrefix + "h" + strconv.Itoa(loops)
			if functionDepth >= 0 {
				parameters = append(parameters, handle)
			}
			replace[i+2] = fmt.Sprintf("%s = %swalk(%s); %smore(%s);", handle, awkPrefix, tokens[i+4].text, awkPrefix, handle)
			replace[i+3], replace[i+4] = "", ""
			after[i+5] = fmt.Sprintf(" { %s = %snext(%s); ", tokens[i+2].text, awkPrefix, handle) + after[i+5]
			after[end] = after[end] + " ; }"
		}
	}
	var out strings.Builder
	if len(tokens) > 0 {
		out.WriteString(source[:tokens[0].from])
	}
	for i, t := range tokens {
		out.WriteString(insert[i])
		text := source[t.from:t.to]
		if replacement, ok := replace[i]; ok {
			text = replacement
		}
		if extra := after[i]; extra != "" {
			// What follows the token itself is blanks or a comment, which would swallow the text.
			text = strings.TrimRight(awkWithoutComment(text, t), " \t") + extra
		}
		out.WriteString(text)
	}
	if loops > 0 {
		fmt.Fprintf(&out, "\nfunction %swalk(array, key, handle) { handle = %sopen(); for (key in array) %sadd(handle, key); %ssort(handle); return handle }\n",
			awkPrefix, awkPrefix, awkPrefix, awkPrefix)
	}
	return out.String(), nil
}

// awkWithoutComment is a token's text without the comment that may follow it.
func awkWithoutComment(text string, t awkToken) string {
	if t.kind == lexer.STRING || t.kind == lexer.REGEX {
		return text
	}
	text, _, _ = strings.Cut(text, "#")
	return text
}

// awkStatementEnd is the last token of the statement that begins at a token; -1 if it does not end.
func awkStatementEnd(tokens []awkToken, i int) int {
	skipNewlines := func(i int) int {
		for i < len(tokens) && tokens[i].kind == lexer.NEWLINE {
			i++
		}
		return i
	}
	if i = skipNewlines(i); i >= len(tokens) {
		return -1
	}
	switch tokens[i].kind {
	case lexer.LBRACE:
		return awkClosing(tokens, i)
	case lexer.IF, lexer.WHILE, lexer.FOR:
		closing := awkClosing(tokens, i+1)
		if closing < 0 {
			return -1
		}
		end := awkStatementEnd(tokens, closing+1)
		if tokens[i].kind != lexer.IF || end < 0 {
			return end
		}
		next := skipNewlines(end + 1)
		if next < len(tokens) && tokens[next].kind == lexer.SEMICOLON {
			next = skipNewlines(next + 1)
		}
		if next < len(tokens) && tokens[next].kind == lexer.ELSE {
			return awkStatementEnd(tokens, next+1)
		}
		return end
	case lexer.DO:
		end := awkStatementEnd(tokens, i+1)
		for end >= 0 && end+1 < len(tokens) {
			if end++; tokens[end].kind == lexer.WHILE {
				return awkClosing(tokens, end+1)
			}
		}
		return -1
	case lexer.SEMICOLON:
		return i
	}
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].kind {
		case lexer.LPAREN, lexer.LBRACKET, lexer.LBRACE:
			depth++
		case lexer.RPAREN, lexer.RBRACKET:
			depth--
		case lexer.RBRACE:
			if depth == 0 {
				return i - 1
			}
			depth--
		case lexer.SEMICOLON:
			if depth == 0 {
				return i - 1
			}
		case lexer.NEWLINE:
			previous := tokens[i-1].kind
			if depth == 0 && previous != lexer.COMMA && previous != lexer.AND && previous != lexer.OR {
				return i - 1
			}
		}
	}
	return len(tokens) - 1
}

// awkClosing is where the bracket that opens at a token closes; -1 if it does not.
func awkClosing(tokens []awkToken, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i].kind {
		case lexer.LPAREN, lexer.LBRACE, lexer.LBRACKET:
			depth++
		case lexer.RPAREN, lexer.RBRACE, lexer.RBRACKET:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// sortKeys orders the keys of an array: numbers by value, then text.
func sortKeys(keys []string) {
	number := func(key string) (float64, bool) {
		value, err := strconv.ParseFloat(key, 64)
		return value, err == nil && value == value
	}
	sort.Slice(keys, func(i, j int) bool {
		a, numericA := number(keys[i])
		b, numericB := number(keys[j])
		switch {
		case numericA != numericB:
			return numericA
		case numericA && a != b:
			return a < b
		}
		return keys[i] < keys[j]
	})
}
