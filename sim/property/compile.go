package property

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// expression is a part of a property that has been read.
type expression struct {
	shown  string // as written
	shape  shape
	role   role
	parts  []*expression
	once   bool // of a quantifier: what it is as soon as one element makes it so
	object bool // it is one object by its name, and an error when there is none
	eval   func(m *moment) (any, error)
}

// role is how a part is told when the property does not hold.
type role int

const (
	leaf       role = iota // its value, then the values of its parts
	constant               // not at all
	operator               // the values of its parts
	both                   // a && b: the values of the one that is false
	quantifier             // all, any: which elements made it so
)

// compiler reads one property.
type compiler struct {
	text       string
	begin, end int // where the expression stands in text
	it         []shape
	files      bool // some file is asked for
}

// compile reads the whole expression.
func (c *compiler) compile() (*expression, error) {
	source := c.source()
	if len(bytes.TrimSpace(source)) == 0 {
		return nil, c.fail(c.begin, "an expression", "nothing", "write for example count(ready(web)) >= 2")
	}
	tree, err := parser.ParseExprFrom(token.NewFileSet(), "", source, 0)
	if err != nil {
		return nil, c.syntax(err)
	}
	root, err := c.expression(tree)
	if err == nil && root.shape.sort != truth {
		err = c.wrong(tree, "something that is true or false", root, "compare it, as in count(ready(web)) >= 2")
	}
	return root, err
}

// source is the expression for Go's parser, each byte at its place. No word of Go's own means anything here, so type and default are names like all
// others: the parser gets them with a capital letter. An expression may be written over several lines.
func (c *compiler) source() []byte {
	source := []byte(c.text[c.begin:c.end])
	var scan scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(source))
	scan.Init(file, slices.Clone(source), func(token.Position, string) {}, 0)
	for {
		at, word, literal := scan.Scan()
		offset := file.Offset(at)
		switch {
		case word == token.EOF:
			return source
		case word.IsKeyword():
			source[offset] -= 'a' - 'A'
		case word == token.SEMICOLON && literal == "\n" && offset < len(source) && source[offset] == '\n':
			source[offset] = ' '
		}
	}
}

// fail makes an Error; at is an offset in text.
func (c *compiler) fail(at int, expected, found, hint string) *Error {
	return &Error{Text: c.text, Offset: min(at, len(c.text)), Expected: expected, Found: found, Hint: hint}
}

// wrong says that a part has not the shape that it should have.
func (c *compiler) wrong(tree ast.Expr, expected string, found *expression, hint string) *Error {
	return c.fail(c.at(tree), expected, found.shape.String()+": "+found.shown, hint)
}

// syntax turns the parser's finding into ours.
func (c *compiler) syntax(err error) *Error {
	var list scanner.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return c.fail(c.begin, "an expression as in Go", err.Error(), "")
	}
	first := list[0]
	at := min(c.begin+first.Pos.Offset, c.end)
	switch rest := strings.TrimSpace(c.text[at:c.end]); {
	case rest == "":
		return c.fail(at, "more", "the end", "a bracket that is not closed?")
	case strings.HasPrefix(rest, "=") && !strings.HasPrefix(rest, "=="):
		return c.fail(at, "an operator", "=", "equal is written ==")
	}
	return c.fail(at, "an expression as in Go", "a mistake: "+first.Msg, "for example: count(ready(web)) >= 2 && exists(pvc/www-web-0)")
}

// at is where a part begins in text.
func (c *compiler) at(tree ast.Node) int { return c.begin + int(tree.Pos()) - 1 }

// written is the source of a part.
func (c *compiler) written(tree ast.Node) string {
	return c.text[c.at(tree):min(c.begin+int(tree.End())-1, c.end)]
}

// word is a name as it was written; see source.
func word(name *ast.Ident) string {
	if lower := strings.ToLower(name.Name); token.IsKeyword(lower) {
		return lower
	}
	return name.Name
}

func (c *compiler) expression(tree ast.Expr) (*expression, error) {
	made, err := c.bare(tree)
	if err == nil && made.shown == "" {
		made.shown = c.written(tree)
	}
	return made, err
}

func (c *compiler) bare(tree ast.Expr) (*expression, error) {
	switch tree := tree.(type) {
	case *ast.ParenExpr:
		return c.expression(tree.X)
	case *ast.BasicLit:
		return c.literal(tree)
	case *ast.Ident:
		return c.identifier(tree)
	case *ast.UnaryExpr:
		return c.unary(tree)
	case *ast.BinaryExpr:
		return c.binary(tree)
	case *ast.SelectorExpr:
		return c.field(tree)
	case *ast.IndexExpr:
		return c.index(tree)
	case *ast.CallExpr:
		return c.call(tree)
	}
	return nil, c.fail(c.at(tree), "names, fields, functions, numbers, texts and operators", strconv.Quote(c.written(tree)), "this part of Go means nothing here")
}

func literal(shape shape, value any) *expression {
	return &expression{shape: shape, role: constant, eval: func(*moment) (any, error) { return value, nil }}
}

func (c *compiler) literal(tree *ast.BasicLit) (*expression, error) {
	switch tree.Kind {
	case token.INT:
		value, err := strconv.ParseInt(tree.Value, 0, 64)
		if err != nil {
			return nil, c.fail(c.at(tree), "a number below 2^63", tree.Value, "")
		}
		return literal(shape{sort: number}, value), nil
	case token.STRING:
		value, err := strconv.Unquote(tree.Value)
		if err != nil {
			return nil, c.fail(c.at(tree), "a text as in Go", tree.Value, "")
		}
		return literal(shape{sort: text}, value), nil
	}
	return nil, c.fail(c.at(tree), "a whole number or a text in double quotes", tree.Value, "")
}

func (c *compiler) identifier(tree *ast.Ident) (*expression, error) {
	switch name := word(tree); name {
	case "true", "false":
		return literal(shape{sort: truth}, name == "true"), nil
	case "nil":
		return literal(shape{sort: nothing}, nil), nil
	case "it":
		if len(c.it) == 0 {
			return nil, c.fail(c.at(tree), "it inside a condition", "it outside of one", "write for example all(pods(web), it.spec.nodeName != \"\")")
		}
		depth := len(c.it) - 1
		return &expression{shape: c.it[depth], eval: func(m *moment) (any, error) { return m.it[depth], nil }}, nil
	default:
		if kind := kindOf(name); kind != nil {
			return c.allOf(kind), nil
		}
		hint := "the name of an object stands in quotes, or in a question about it: ready(" + name + "), statefulset(" + name + ")"
		if _, is := functions[name]; is {
			hint = "write what it is about behind it: " + name + "(...)"
		}
		return nil, c.fail(c.at(tree), "a kind such as pods, a function, a number or a text", name, didYouMean(name, append(kindWords(), "true", "false", "nil"), hint))
	}
}

func (c *compiler) field(tree *ast.SelectorExpr) (*expression, error) {
	base, err := c.expression(tree.X)
	if err != nil {
		return nil, err
	}
	name := word(tree.Sel)
	switch base.shape.sort {
	case mapping:
		return lookUp(base, literal(shape{sort: text}, name)), nil
	case record:
	case list:
		return nil, c.wrong(tree.X, "one object before ."+name, base, "ask about each: all("+base.shown+", it."+name+" == ...), or count, any, where")
	default:
		return nil, c.wrong(tree.X, "an object before ."+name, base, "")
	}
	fields := fieldsOf(base.shape.of)
	index, found := fields[name]
	if !found {
		var names []string
		for name := range fields {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, c.fail(c.at(tree.Sel), "a field of "+base.shape.of.Name(), name, didYouMean(name, names, "there are "+strings.Join(names, ", ")))
	}
	return &expression{
		shape: shapeOf(base.shape.of.FieldByIndex(index).Type),
		eval: func(m *moment) (any, error) {
			v, err := m.record(base)
			if err != nil || !v.IsValid() {
				return nil, err
			}
			return valueOf(v.FieldByIndex(index)), nil
		},
	}, nil
}
