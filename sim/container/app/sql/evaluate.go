package sql

import (
	"math"
	"strings"
)

// scope is where an expression looks names up.
type scope struct {
	session *Session
	server  Server
	table   *Table  // nil without one
	alias   string  // of the table
	row     []Value // of the table
	group   [][]Value
	values  []Value // of the row to be inserted, for VALUES(column)
	where   string  // which clause, for messages
}

func (literal literal) eval(*scope) Value { return literal.value }

func (c column) eval(s *scope) Value {
	if s.table == nil || (c.table != "" && !strings.EqualFold(c.table, s.alias)) {
		panic(unknownColumn(c.full(), s.clause()))
	}
	at := s.table.column(c.name)
	if at < 0 {
		panic(unknownColumn(c.full(), s.clause()))
	}
	if at >= len(s.row) {
		return Value{}
	}
	return s.row[at]
}

func (s *scope) clause() string {
	if s.where == "" {
		return "field list"
	}
	return s.where
}

func (c column) full() string {
	if c.table == "" {
		return c.name
	}
	return c.table + "." + c.name
}

func (v variable) eval(s *scope) Value {
	if v.scope == "user" {
		return s.session.user[v.name]
	}
	if value, known := s.session.variable(s.server, v.scope, v.name); known {
		return value
	}
	panic(&Error{1193, "HY000", "Unknown system variable '" + v.name + "'"})
}

func (u unary) eval(s *scope) Value {
	value := u.operand.eval(s)
	switch {
	case u.operator == "isnull":
		return boolOf(value.Kind == Null)
	case value.Kind == Null:
		return Value{}
	case u.operator == "not":
		return boolOf(!value.isTrue())
	case value.Kind == Int:
		return IntOf(-value.Int)
	}
	return FloatOf(-value.number())
}

func (b binary) eval(s *scope) Value {
	left := b.left.eval(s)
	switch b.operator {
	case "and":
		if left.Kind != Null && !left.isTrue() {
			return IntOf(0)
		}
		right := b.right.eval(s)
		if right.Kind != Null && !right.isTrue() {
			return IntOf(0)
		}
		if left.Kind == Null || right.Kind == Null {
			return Value{}
		}
		return IntOf(1)
	case "or":
		if left.isTrue() {
			return IntOf(1)
		}
		right := b.right.eval(s)
		if right.isTrue() {
			return IntOf(1)
		}
		if left.Kind == Null || right.Kind == Null {
			return Value{}
		}
		return IntOf(0)
	}
	right := b.right.eval(s)
	if b.operator == "<=>" {
		return boolOf(left.Kind == Null && right.Kind == Null || left.Kind != Null && right.Kind != Null && compare(left, right) == 0)
	}
	if left.Kind == Null || right.Kind == Null {
		return Value{}
	}
	switch order := compare(left, right); b.operator {
	case "=":
		return boolOf(order == 0)
	case "<>", "!=":
		return boolOf(order != 0)
	case "<":
		return boolOf(order < 0)
	case "<=":
		return boolOf(order <= 0)
	case ">":
		return boolOf(order > 0)
	case ">=":
		return boolOf(order >= 0)
	case "like":
		return boolOf(like(strings.ToLower(left.Show()), strings.ToLower(right.Show())))
	}
	return arithmetic(b.operator, left, right)
}

func arithmetic(operator string, left, right Value) Value {
	whole := left.Kind == Int && right.Kind == Int
	x, y := left.number(), right.number()
	switch operator {
	case "+":
		if whole {
			return IntOf(left.Int + right.Int)
		}
		return FloatOf(x + y)
	case "-":
		if whole {
			return IntOf(left.Int - right.Int)
		}
		return FloatOf(x - y)
	case "*":
		if whole {
			return IntOf(left.Int * right.Int)
		}
		return FloatOf(x * y)
	}
	if y == 0 {
		return Value{}
	}
	switch operator {
	case "%":
		if whole {
			return IntOf(left.Int % right.Int)
		}
		return FloatOf(math.Mod(x, y))
	case "div":
		return IntOf(int64(x / y))
	}
	return FloatOf(math.Round(x/y*10000) / 10000)
}

func (a among) eval(s *scope) Value {
	value := a.operand.eval(s)
	if value.Kind == Null {
		return Value{}
	}
	if a.operator == "between" {
		return boolOf(compare(value, a.list[0].eval(s)) >= 0 && compare(value, a.list[1].eval(s)) <= 0)
	}
	for _, one := range a.list {
		if other := one.eval(s); other.Kind != Null && compare(value, other) == 0 {
			return IntOf(1)
		}
	}
	return IntOf(0)
}

// like matches a text with a pattern: % is any text, _ any character.
func like(text, pattern string) bool {
	t, p := []rune(text), []rune(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(t) {
		switch {
		case j < len(p) && p[j] == '%':
			star, mark = j, i
			j++
		case j < len(p) && p[j] == '\\' && j+1 < len(p) && p[j+1] == t[i]:
			i, j = i+1, j+2
		case j < len(p) && p[j] != '\\' && (p[j] == '_' || p[j] == t[i]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p)
}
