package mongo

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// A script of the shell, as far as it is simulated: statements of expressions, var, if, while and blocks.

// statement is one of: an expression (with a name, an assignment), a block, if, while. A syntax tree is never changed.
type statement struct {
	kind  string // expression, block, if, while
	name  string // of a variable that is set
	value *expression
	body  []*statement
	other []*statement // of if
}

// expression: literal (value), name, member (of left), index, call, array, object, unary, binary.
type expression struct {
	kind        string
	value       value
	name        string
	left, right *expression
	list        []*expression
	keys        []string
}

// errEnd is where a script ends too early: more may follow.
type syntaxError struct {
	text       string
	incomplete bool
}

func (e *syntaxError) Error() string { return e.text }

type token struct {
	kind string // name, number, string, symbol, end, line
	text string
}

// scan cuts a script into tokens.
func scan(source string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(source); {
		c := source[i]
		switch {
		case c == '\n':
			tokens = append(tokens, token{"line", "\n"})
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case strings.HasPrefix(source[i:], "//"):
			for i < len(source) && source[i] != '\n' {
				i++
			}
		case strings.HasPrefix(source[i:], "/*"):
			end := strings.Index(source[i+2:], "*/")
			if end < 0 {
				return nil, &syntaxError{"unterminated comment", true}
			}
			i += end + 4
		case c == '"' || c == '\'' || c == '`':
			var b strings.Builder
			i++
			for i < len(source) && source[i] != c {
				if source[i] == '\\' && i+1 < len(source) {
					i++
					if replaced, special := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r'}[source[i]]; special {
						b.WriteByte(replaced)
						i++
						continue
					}
				}
				b.WriteByte(source[i])
				i++
			}
			if i >= len(source) {
				return nil, &syntaxError{"SyntaxError: unterminated string literal", false}
			}
			i++
			tokens = append(tokens, token{"string", b.String()})
		case c >= '0' && c <= '9' || c == '.' && i+1 < len(source) && source[i+1] >= '0' && source[i+1] <= '9':
			start := i
			for i < len(source) && (source[i] >= '0' && source[i] <= '9' || source[i] == '.' || source[i] == 'e') {
				i++
			}
			tokens = append(tokens, token{"number", source[start:i]})
		case c == '_' || c == '$' || unicode.IsLetter(rune(c)):
			start := i
			for i < len(source) && (source[i] == '_' || source[i] == '$' || unicode.IsLetter(rune(source[i])) || unicode.IsDigit(rune(source[i]))) {
				i++
			}
			tokens = append(tokens, token{"name", source[start:i]})
		default:
			symbol := ""
			for _, known := range []string{"===", "!==", "==", "!=", "<=", ">=", "&&", "||"} {
				if symbol == "" && strings.HasPrefix(source[i:], known) {
					symbol = known
				}
			}
			if symbol == "" {
				if !strings.ContainsRune("(){}[].,;:+-*/%<>=!", rune(c)) {
					return nil, &syntaxError{fmt.Sprintf("SyntaxError: illegal character %q", c), false}
				}
				symbol = string(c)
			}
			tokens = append(tokens, token{"symbol", symbol})
			i += len(symbol)
		}
	}
	return append(tokens, token{"end", ""}), nil
}

type parser struct {
	tokens []token
	at     int
	depth  int
}

// parse reads a script. A syntaxError that is incomplete asks for more lines.
func parse(source string) (list []*statement, err error) {
	tokens, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	defer func() {
		if problem := recover(); problem != nil {
			failed, ok := problem.(*syntaxError)
			if !ok {
				panic(problem)
			}
			list, err = nil, failed
		}
	}()
	for p.peek().kind != "end" {
		list = append(list, p.statement()...)
	}
	return list, nil
}

func (p *parser) fail(expected string) {
	found := p.tokens[p.at]
	if found.kind == "end" {
		panic(&syntaxError{"SyntaxError: expected " + expected + ", found the end of the script", true})
	}
	panic(&syntaxError{fmt.Sprintf("SyntaxError: expected %s, found %q", expected, found.text), false})
}

// peek is the next token that is no end of a line.
func (p *parser) peek() token {
	for p.tokens[p.at].kind == "line" {
		p.at++
	}
	return p.tokens[p.at]
}

func (p *parser) take(symbol string) bool {
	at := p.at
	if t := p.peek(); t.kind == "symbol" && t.text == symbol {
		p.at++
		return true
	}
	p.at = at
	return false
}

func (p *parser) want(symbol string) {
	if !p.take(symbol) {
		p.peek()
		p.fail("\"" + symbol + "\"")
	}
}

func (p *parser) statement() []*statement {
	if p.depth++; p.depth > 200 {
		panic(&syntaxError{"SyntaxError: too many statements within each other", false})
	}
	defer func() { p.depth-- }()
	if p.take(";") {
		return nil
	}
	if p.take("{") {
		return []*statement{{kind: "block", body: p.block()}}
	}
	if t := p.peek(); t.kind == "name" {
		switch t.text {
		case "while", "if":
			p.at++
			p.want("(")
			s := &statement{kind: t.text, value: p.expression()}
			p.want(")")
			s.body = p.statement()
			if at := p.at; t.text == "if" {
				if next := p.peek(); next.kind == "name" && next.text == "else" {
					p.at++
					s.other = p.statement()
				} else {
					p.at = at
				}
			}
			return []*statement{s}
		case "var", "let", "const":
			p.at++
		case "function", "for", "do", "switch", "try", "throw", "return":
			panic(&syntaxError{"stsim: " + t.text + " is not simulated; expressions, var, if and while are", false})
		}
	}
	s := &statement{kind: "expression"}
	if p.peek().kind == "name" && p.tokens[p.at+1] == (token{"symbol", "="}) {
		s.name = p.peek().text
		p.at += 2
	}
	s.value = p.expression()
	if t := p.tokens[p.at]; t.kind == "line" {
		p.at++
	} else if t.kind != "end" && t.text != "}" && !p.take(";") {
		p.fail("\";\"")
	}
	return []*statement{s}
}

func (p *parser) block() (list []*statement) {
	for !p.take("}") {
		if p.peek().kind == "end" {
			p.fail("\"}\"")
		}
		list = append(list, p.statement()...)
	}
	return list
}

// How strongly operators bind.
var strength = map[string]int{"||": 1, "&&": 2, "==": 3, "!=": 3, "===": 3, "!==": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}

func (p *parser) expression() *expression { return p.binary(1) }

func (p *parser) binary(least int) *expression {
	left := p.unary()
	for {
		t := p.tokens[p.at]
		bind := strength[t.text]
		if t.kind != "symbol" || bind < least || bind == 0 {
			return left
		}
		p.at++
		left = &expression{kind: "binary", name: t.text, left: left, right: p.binary(bind + 1)}
	}
}

func (p *parser) unary() *expression {
	if p.depth++; p.depth > 200 {
		panic(&syntaxError{"SyntaxError: too many brackets within each other", false})
	}
	defer func() { p.depth-- }()
	for _, operator := range []string{"!", "-"} {
		if p.take(operator) {
			return &expression{kind: "unary", name: operator, left: p.unary()}
		}
	}
	e := p.primary()
	for {
		at := p.at
		switch {
		case p.peek().text == "." && p.peek().kind == "symbol":
			p.at++
			if p.peek().kind != "name" {
				p.fail("a name")
			}
			e = &expression{kind: "member", name: p.peek().text, left: e}
			p.at++
		case p.tokens[at].kind != "line" && p.take("["):
			e = &expression{kind: "index", left: e, right: p.expression()}
			p.want("]")
		case p.tokens[at].kind != "line" && p.take("("):
			e = &expression{kind: "call", left: e, list: p.list(")")}
		default:
			p.at = at
			return e
		}
	}
}

func (p *parser) list(end string) (list []*expression) {
	for !p.take(end) {
		list = append(list, p.expression())
		if !p.take(",") {
			p.want(end)
			break
		}
	}
	return list
}

func (p *parser) primary() *expression {
	t := p.peek()
	p.at++
	switch {
	case t.kind == "number":
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			panic(&syntaxError{"SyntaxError: a number that is none: " + t.text, false})
		}
		return &expression{kind: "literal", value: n}
	case t.kind == "string":
		return &expression{kind: "literal", value: t.text}
	case t.kind == "name":
		if literal, known := map[string]value{"true": true, "false": false, "null": nil, "undefined": undefined{}}[t.text]; known {
			return &expression{kind: "literal", value: literal}
		}
		if t.text == "new" {
			return p.primary()
		}
		return &expression{kind: "name", name: t.text}
	case t.text == "(" && t.kind == "symbol":
		e := p.expression()
		p.want(")")
		return e
	case t.text == "[" && t.kind == "symbol":
		return &expression{kind: "array", list: p.list("]")}
	case t.text == "{" && t.kind == "symbol":
		e := &expression{kind: "object"}
		for !p.take("}") {
			key := p.peek()
			if key.kind != "name" && key.kind != "string" && key.kind != "number" {
				p.fail("the name of a field")
			}
			p.at++
			p.want(":")
			e.keys = append(e.keys, key.text)
			e.list = append(e.list, p.expression())
			if !p.take(",") {
				p.want("}")
				break
			}
		}
		return e
	}
	p.at--
	p.fail("an expression")
	return nil
}
