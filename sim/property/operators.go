package property

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"math"
	"math/bits"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

func (c *compiler) unary(tree *ast.UnaryExpr) (*expression, error) {
	x, err := c.expression(tree.X)
	switch {
	case err != nil:
		return nil, err
	case tree.Op == token.NOT && x.shape.sort == truth:
		return &expression{shape: x.shape, role: operator, parts: []*expression{x}, eval: func(m *moment) (any, error) {
			holds, err := m.truth(x)
			return !holds, err
		}}, nil
	case tree.Op == token.NOT:
		return nil, c.wrong(tree.X, "something that is true or false after !", x, "")
	case tree.Op == token.SUB && x.shape.sort == number:
		zero := literal(shape{sort: number}, int64(0))
		return &expression{shape: shape{sort: number}, role: arithmeticRole(x), parts: []*expression{x}, eval: arithmetic(token.SUB, zero, x)}, nil
	case tree.Op == token.SUB:
		return nil, c.wrong(tree.X, "a number after -", x, "")
	}
	return nil, c.fail(c.at(tree), "an operator that there is: ! or -", tree.Op.String(), "")
}

// arithmeticRole is the role of a sum of constants: constant, too.
func arithmeticRole(parts ...*expression) role {
	for _, part := range parts {
		if part.role != constant {
			return operator
		}
	}
	return constant
}

func (c *compiler) binary(tree *ast.BinaryExpr) (*expression, error) {
	x, err := c.expression(tree.X)
	if err != nil {
		return nil, err
	}
	y, err := c.expression(tree.Y)
	if err != nil {
		return nil, err
	}
	made := &expression{shape: shape{sort: truth}, role: operator, parts: []*expression{x, y}}
	switch tree.Op {
	case token.LAND, token.LOR:
		for i, side := range []ast.Expr{tree.X, tree.Y} {
			if part := made.parts[i]; part.shape.sort != truth {
				return nil, c.wrong(side, "something that is true or false beside "+tree.Op.String(), part, "")
			}
		}
		if tree.Op == token.LAND {
			made.role = both
		}
		made.eval = logic(tree.Op, x, y)
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		made.eval, err = c.comparison(tree, x, y)
	case token.ADD, token.SUB, token.MUL, token.QUO, token.REM:
		made.shape, made.role = shape{sort: number}, arithmeticRole(x, y)
		joins := tree.Op == token.ADD && x.shape.sort == text
		expected := shape{sort: number}
		if joins {
			expected = shape{sort: text}
		}
		for i, side := range []ast.Expr{tree.X, tree.Y} {
			if part := made.parts[i]; part.shape.sort != expected.sort {
				return nil, c.wrong(side, expected.String()+" beside "+tree.Op.String(), part, "")
			}
		}
		made.shape.sort, made.eval = expected.sort, arithmetic(tree.Op, x, y)
	default:
		return nil, c.fail(c.begin+int(tree.OpPos)-1, "an operator that there is: == != < <= > >= && || + - * / %", tree.Op.String(), "")
	}
	return made, err
}

// logic asks the second side only when the first does not decide.
func logic(op token.Token, x, y *expression) func(m *moment) (any, error) {
	return func(m *moment) (any, error) {
		first, err := m.truth(x)
		if err != nil || first == (op == token.LOR) {
			return first, err
		}
		return m.truth(y)
	}
}

// comparison checks that two sides can be compared.
func (c *compiler) comparison(tree *ast.BinaryExpr, x, y *expression) (func(m *moment) (any, error), error) {
	at := c.begin + int(tree.OpPos) - 1
	equality := tree.Op == token.EQL || tree.Op == token.NEQ
	for _, side := range []**expression{&x, &y} {
		if other := map[bool]*expression{true: y, false: x}[*side == x]; other.shape.sort == quantity && (*side).shape.sort == text && (*side).role == constant {
			written, _ := (*side).eval(nil)
			size, err := resource.ParseQuantity(written.(string))
			if err != nil {
				return nil, c.fail(at, "a quantity such as \"1Gi\"", (*side).shown, "")
			}
			*side = literal(shape{sort: quantity}, size)
		}
	}
	a, b := x.shape.sort, y.shape.sort
	switch {
	case x.object || y.object:
		return nil, c.fail(at, "two numbers or two texts", x.shape.String()+" and "+y.shape.String(), "compare one of its fields, or ask exists(...)")
	case equality && (a == nothing || b == nothing):
	case a == nothing || b == nothing:
		return nil, c.fail(at, "== or != beside nil", tree.Op.String(), "")
	case a == list || b == list:
		return nil, c.fail(at, "two numbers or two texts", x.shape.String()+" and "+y.shape.String(), "count(...) gives the number of what is in a list")
	case a == record || b == record || a == mapping || b == mapping || a == opaque:
		return nil, c.fail(at, "two numbers or two texts", x.shape.String()+" and "+y.shape.String(), "compare one of its fields")
	case a != b:
		return nil, c.fail(c.at(tree.Y), x.shape.String()+", because "+x.shown+" is one", y.shape.String()+": "+y.shown, sortHint(a, b))
	case a == truth && !equality:
		return nil, c.fail(at, "== or != between what is true or false", tree.Op.String(), "")
	}
	return func(m *moment) (any, error) { return m.compare(tree.Op, x, y) }, nil
}

func sortHint(a, b sort) string {
	switch {
	case a == text && b == number:
		return "write the number in quotes"
	case a == number && b == text:
		return "write the number without quotes"
	}
	return ""
}

func (m *moment) compare(op token.Token, x, y *expression) (any, error) {
	a, err := x.eval(m)
	if err != nil {
		return nil, err
	}
	b, err := y.eval(m)
	if err != nil {
		return nil, err
	}
	if a == nil || b == nil {
		switch op {
		case token.EQL:
			return a == nil && b == nil, nil
		case token.NEQ:
			return a != nil || b != nil, nil
		}
		unset := x.shown
		if a != nil {
			unset = y.shown
		}
		return nil, fmt.Errorf("%s is not set", unset)
	}
	order := 0
	switch a := a.(type) {
	case int64:
		order = int(min(1, max(-1, sign(a, b.(int64)))))
	case string:
		order = strings.Compare(a, b.(string))
	case bool:
		if a != b.(bool) {
			order = 1
		}
	case resource.Quantity:
		order = a.Cmp(b.(resource.Quantity))
	default: // one of them is nil in the text of the property, and the other is there
		order = 1
	}
	switch op {
	case token.EQL:
		return order == 0, nil
	case token.NEQ:
		return order != 0, nil
	case token.LSS:
		return order < 0, nil
	case token.LEQ:
		return order <= 0, nil
	case token.GTR:
		return order > 0, nil
	}
	return order >= 0, nil
}

func sign(a, b int64) int64 {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// arithmetic calculates with whole numbers, and joins texts. What does not fit into 64 bits is an error.
func arithmetic(op token.Token, x, y *expression) func(m *moment) (any, error) {
	return func(m *moment) (any, error) {
		a, err := m.set(x)
		if err != nil {
			return nil, err
		}
		b, err := m.set(y)
		if err != nil {
			return nil, err
		}
		if a, isText := a.(string); isText {
			return a + b.(string), m.look(len(a))
		}
		return calculate(op, a.(int64), b.(int64))
	}
}

var errTooLarge = errors.New("a number is too large: at most 2^63-1")

func calculate(op token.Token, a, b int64) (any, error) {
	switch op {
	case token.ADD:
		if sum := a + b; (sum > a) == (b > 0) {
			return sum, nil
		}
	case token.SUB:
		if difference := a - b; (difference < a) == (b > 0) {
			return difference, nil
		}
	case token.MUL:
		high, low := bits.Mul64(magnitude(a), magnitude(b))
		if high == 0 && low <= math.MaxInt64 {
			return a * b, nil
		}
	case token.QUO, token.REM:
		switch {
		case b == 0:
			return nil, errors.New("a division by 0")
		case a == math.MinInt64 && b == -1:
		case op == token.QUO:
			return a / b, nil
		default:
			return a % b, nil
		}
	}
	return nil, errTooLarge
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return uint64(-(a + 1)) + 1
	}
	return uint64(a)
}

func (c *compiler) index(tree *ast.IndexExpr) (*expression, error) {
	base, err := c.expression(tree.X)
	if err != nil {
		return nil, err
	}
	key, err := c.expression(tree.Index)
	if err != nil {
		return nil, err
	}
	switch wanted := base.shape.sort; {
	case wanted == mapping && key.shape.sort == text:
		return lookUp(base, key), nil
	case wanted == mapping:
		return nil, c.wrong(tree.Index, "a text between [ and ]", key, "")
	case wanted == list && key.shape.sort == number:
		return &expression{shape: base.shape.element(), parts: []*expression{key}, eval: func(m *moment) (any, error) {
			all, err := m.list(base)
			if err != nil {
				return nil, err
			}
			at, err := m.set(key)
			if err != nil || at.(int64) < 0 || at.(int64) >= int64(len(all)) {
				return nil, err
			}
			return all[at.(int64)], nil
		}}, nil
	case wanted == list:
		return nil, c.wrong(tree.Index, "a number between [ and ]", key, "")
	}
	return nil, c.wrong(tree.X, "a list or a map before [", base, "")
}

// lookUp is the value of a map for a key; nil when there is none.
func lookUp(base, key *expression) *expression {
	return &expression{shape: base.shape.element(), parts: []*expression{key}, eval: func(m *moment) (any, error) {
		entries, err := m.record(base)
		if err != nil || !entries.IsValid() {
			return nil, err
		}
		name, err := m.set(key)
		if err != nil {
			return nil, err
		}
		found := entries.MapIndex(reflect.ValueOf(name).Convert(entries.Type().Key()))
		if !found.IsValid() {
			return nil, nil
		}
		return valueOf(found), nil
	}}
}
