package sql

import (
	"strconv"
	"strings"
)

// expression is what has a value for a row.
type expression interface {
	eval(*scope) Value
}

type (
	literal  struct{ value Value }
	column   struct{ table, name string }
	variable struct{ scope, name string } // scope: global, session, user or ""
	unary    struct {
		operator string
		operand  expression
	}
	binary struct {
		operator    string
		left, right expression
	}
	among struct { // IN, BETWEEN
		operator string
		operand  expression
		list     []expression
	}
	call struct {
		name     string
		star     bool // count(*)
		distinct bool
		args     []expression
	}
)

func (p *parser) expression() expression {
	if p.depth++; p.depth > maxNesting {
		panic(&Error{1064, "42000", "memory exhausted near '' at line 1"})
	}
	defer func() { p.depth-- }()
	left := p.conjunction()
	for p.word("or") || p.sign("||") {
		left = binary{"or", left, p.conjunction()}
	}
	return left
}

func (p *parser) conjunction() expression {
	left := p.negation()
	for p.word("and") || p.sign("&&") {
		left = binary{"and", left, p.negation()}
	}
	return left
}

func (p *parser) negation() expression {
	if p.word("not") || p.sign("!") {
		if p.depth++; p.depth > maxNesting {
			p.wrong()
		}
		defer func() { p.depth-- }()
		return unary{"not", p.negation()}
	}
	return p.comparison()
}

func (p *parser) comparison() expression {
	left := p.sum()
	for {
		negated := p.word("not")
		var found expression
		switch {
		case p.word("like"):
			found = binary{"like", left, p.sum()}
		case p.word("in"):
			p.mustSign("(")
			if p.isWord("select") {
				panic(NotSimulated("subqueries", "ask one query after the other"))
			}
			list := []expression{p.expression()}
			for p.sign(",") {
				list = append(list, p.expression())
			}
			p.mustSign(")")
			found = among{"in", left, list}
		case p.word("between"):
			low := p.sum()
			p.mustWord("and")
			found = among{"between", left, []expression{low, p.sum()}}
		case negated:
			p.wrong()
		case p.word("is"):
			negated = p.word("not")
			if p.anyWord("true", "false") {
				panic(NotSimulated("IS TRUE", "the condition alone means the same"))
			}
			p.mustWord("null")
			found = unary{"isnull", left}
		}
		if found != nil {
			if negated {
				found = unary{"not", found}
			}
			left = found
			continue
		}
		operator := ""
		for _, candidate := range []string{"=", "<=>", "<>", "!=", "<=", ">=", "<", ">"} {
			if p.sign(candidate) {
				operator = candidate
				break
			}
		}
		if operator == "" {
			return left
		}
		left = binary{operator, left, p.sum()}
	}
}

func (p *parser) sum() expression {
	left := p.product()
	for {
		switch {
		case p.sign("+"):
			left = binary{"+", left, p.product()}
		case p.sign("-"):
			left = binary{"-", left, p.product()}
		default:
			return left
		}
	}
}

func (p *parser) product() expression {
	left := p.primary()
	for {
		switch {
		case p.sign("*"):
			left = binary{"*", left, p.primary()}
		case p.sign("/"):
			left = binary{"/", left, p.primary()}
		case p.sign("%"), p.word("mod"):
			left = binary{"%", left, p.primary()}
		case p.word("div"):
			left = binary{"div", left, p.primary()}
		default:
			return left
		}
	}
}

func (p *parser) primary() expression {
	t := p.peek()
	switch {
	case t.kind == number:
		p.next()
		if whole, err := strconv.ParseInt(t.text, 10, 64); err == nil {
			return literal{IntOf(whole)}
		}
		if fraction, err := strconv.ParseFloat(t.text, 64); err == nil {
			return literal{FloatOf(fraction)}
		}
	case t.kind == text:
		p.next()
		return literal{TextOf(t.text)}
	case p.sign("("):
		if p.isWord("select") {
			panic(NotSimulated("subqueries", "ask one query after the other"))
		}
		inner := p.expression()
		p.mustSign(")")
		return inner
	case p.sign("-"):
		if p.depth++; p.depth > maxNesting {
			p.wrong()
		}
		defer func() { p.depth-- }()
		return unary{"-", p.primary()}
	case p.word("null"):
		return literal{}
	case p.word("true"):
		return literal{IntOf(1)}
	case p.word("false"):
		return literal{IntOf(0)}
	case t.kind == word && strings.HasPrefix(t.text, "@"):
		return p.variable()
	case p.word("binary"), p.word("distinct"):
		return p.primary()
	case t.kind == word && p.tokens[p.at+1].kind == sign && p.tokens[p.at+1].text == "(":
		return p.call()
	case p.anyWord("current_timestamp", "current_date", "current_user"):
		return call{name: strings.ToLower(t.text)}
	case p.isName():
		first := p.name()
		if !p.sign(".") {
			return column{"", first}
		}
		second := p.name()
		if p.sign(".") {
			return column{second, p.name()}
		}
		return column{first, second}
	}
	p.wrong()
	return nil
}

// variable reads @@[global.|session.]name or @name.
func (p *parser) variable() variable {
	full := p.next().text
	name, server := strings.CutPrefix(full, "@@")
	if !server {
		name = strings.TrimPrefix(full, "@")
		if name == "" || strings.Contains(name, "@") {
			p.at--
			p.wrong()
		}
		return variable{"user", strings.ToLower(name)}
	}
	scope := ""
	if p.sign(".") {
		scope, name = name, p.name()
	}
	if name == "" {
		p.wrong()
	}
	return variable{strings.ToLower(scope), strings.ToLower(name)}
}

func (p *parser) call() expression {
	c := call{name: strings.ToLower(p.next().text)}
	p.mustSign("(")
	if p.sign(")") {
		return c
	}
	if p.sign("*") {
		c.star = true
		p.mustSign(")")
		return c
	}
	c.distinct = p.word("distinct")
	c.args = append(c.args, p.expression())
	for p.sign(",") {
		c.args = append(c.args, p.expression())
	}
	p.mustSign(")")
	return c
}

// sourceOf is the text from a token to the present one, which names a column without a name.
func (p *parser) sourceOf(from int) string {
	end := p.tokens[p.at].at
	return strings.TrimSpace(p.source[p.tokens[from].at:end])
}
