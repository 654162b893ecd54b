package sql

import (
	"slices"
	"strings"
)

// query is a SELECT.
type query struct {
	distinct bool
	items    []item
	from     tableName // "" without a table
	alias    string
	where    expression
	group    []expression
	having   expression
	order    []ordering
	limit    int // -1 without one
	offset   int
}

type item struct {
	star  bool
	value expression
	name  string
}

type ordering struct {
	by         expression
	descending bool
}

func (p *parser) query() query {
	q := query{limit: -1, distinct: p.word("distinct")}
	p.word("sql_no_cache")
	for {
		q.items = append(q.items, p.item())
		if !p.sign(",") {
			break
		}
	}
	if p.word("from") {
		if p.sign("(") {
			panic(NotSimulated("subqueries", "ask one query after the other"))
		}
		if p.word("dual") {
			return p.tail(q)
		}
		q.from = p.tableName()
		q.alias = q.from.table
		if p.word("as") || p.isName() && !p.isWord("left") && !p.isWord("natural") && !p.isWord("cross") {
			q.alias = p.name()
		}
		if p.sign(",") || p.anyWord("join", "inner", "left", "right", "natural", "cross") {
			panic(NotSimulated("joins", "ask one table after the other"))
		}
	}
	return p.tail(q)
}

func (p *parser) item() item {
	if p.sign("*") {
		return item{star: true}
	}
	if p.isName() && p.tokens[p.at+1].text == "." && p.tokens[min(p.at+2, len(p.tokens)-1)].text == "*" {
		p.at += 3
		return item{star: true}
	}
	start := p.at
	e := p.expression()
	i := item{value: e, name: p.sourceOf(start)}
	if c, plain := e.(column); plain {
		i.name = c.name
	} else if l, plain := e.(literal); plain && l.value.Kind == Text {
		i.name = l.value.String
	}
	switch {
	case p.word("as"):
		i.name = p.textOrName()
	case p.peek().kind == text, p.isName() && !p.isWord("union"):
		i.name = p.textOrName()
	}
	return i
}

// tail reads what follows the tables.
func (p *parser) tail(q query) query {
	if p.word("where") {
		q.where = p.expression()
	}
	if p.word("group", "by") {
		q.group = append(q.group, p.expression())
		for p.sign(",") {
			q.group = append(q.group, p.expression())
		}
	}
	if p.word("having") {
		q.having = p.expression()
	}
	q.order = p.ordering()
	q.limit, q.offset = p.limit()
	if p.word("union") {
		panic(NotSimulated("UNION", "ask one query after the other"))
	}
	if p.word("for", "update") || p.word("lock", "in", "share", "mode") {
		panic(NotSimulated("row locks", "the first transaction to commit wins"))
	}
	return q
}

func (p *parser) ordering() (order []ordering) {
	if !p.word("order", "by") {
		return nil
	}
	for {
		o := ordering{by: p.expression()}
		if o.descending = p.word("desc"); !o.descending {
			p.word("asc")
		}
		order = append(order, o)
		if !p.sign(",") {
			return order
		}
	}
}

// limit reads LIMIT [offset,] n [OFFSET offset].
func (p *parser) limit() (limit, offset int) {
	if !p.word("limit") {
		return -1, 0
	}
	limit = p.count()
	if p.sign(",") {
		offset, limit = limit, p.count()
	} else if p.word("offset") {
		offset = p.count()
	}
	return limit, offset
}

func (p *parser) count() int {
	t := p.peek()
	if l, ok := p.primary().(literal); ok && l.value.Kind == Int && l.value.Int >= 0 && l.value.Int < 1<<31 {
		return int(l.value.Int)
	}
	_ = t
	p.at--
	p.wrong()
	return 0
}

// answered is one row of an answer with what it is ordered by.
type answered struct {
	values []Value
	order  []Value
}

func (q query) run(s *Session, server Server) Result {
	base := &scope{session: s, server: server, alias: q.alias}
	rows := [][]Value{nil}
	if q.from.table != "" {
		table := s.resolve(server, q.from)
		base.table, rows = table, table.Rows
	}
	items := q.expand(base.table)
	rows = filter(base, rows, q.where)
	result := Result{Query: true}
	for _, i := range items {
		result.Columns = append(result.Columns, Heading{Name: i.name})
	}
	var answers []answered
	grouped := q.group != nil || slices.ContainsFunc(items, func(i item) bool { return isAggregate(i.value) })
	groups := [][][]Value{}
	switch {
	case grouped:
		groups = q.groups(base, rows)
	default:
		for _, row := range rows {
			groups = append(groups, [][]Value{row})
		}
	}
	for _, group := range groups {
		at := *base
		at.group = group
		if len(group) > 0 {
			at.row = group[0]
		}
		if q.having != nil && !q.having.eval(&at).isTrue() {
			continue
		}
		answer := answered{}
		for _, i := range items {
			answer.values = append(answer.values, i.value.eval(&at))
		}
		for _, o := range q.order {
			answer.order = append(answer.order, orderValue(o.by, items, answer.values, &at))
		}
		answers = append(answers, answer)
	}
	q.sort(answers)
	seen := map[string]bool{}
	for _, answer := range answers {
		if key := joinedKey(answer.values); q.distinct {
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		result.Rows = append(result.Rows, answer.values)
	}
	result.Rows = cut(result.Rows, q.limit, q.offset)
	result.align()
	return result
}

// orderValue is what a row is ordered by: a column's place, its name in the answer, or any expression.
func orderValue(by expression, items []item, values []Value, at *scope) Value {
	if l, place := by.(literal); place && l.value.Kind == Int && l.value.Int >= 1 && l.value.Int <= int64(len(values)) {
		return values[l.value.Int-1]
	}
	if c, named := by.(column); named && c.table == "" {
		for i, item := range items {
			if strings.EqualFold(item.name, c.name) {
				return values[i]
			}
		}
	}
	ordered := *at
	ordered.where = "order clause"
	return by.eval(&ordered)
}

func (q query) sort(answers []answered) {
	slices.SortStableFunc(answers, func(a, b answered) int {
		for i, o := range q.order {
			if order := compare(a.order[i], b.order[i]); order != 0 {
				if o.descending {
					return -order
				}
				return order
			}
		}
		return 0
	})
}

func joinedKey(values []Value) string {
	var b strings.Builder
	for _, value := range values {
		b.WriteByte(byte('0' + value.Kind))
		b.WriteString(value.Show())
		b.WriteByte(0)
	}
	return b.String()
}

func cut(rows [][]Value, limit, offset int) [][]Value {
	rows = rows[min(offset, len(rows)):]
	if limit >= 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows
}

// expand puts the columns in the place of stars.
func (q query) expand(table *Table) []item {
	var items []item
	for _, i := range q.items {
		if !i.star {
			items = append(items, i)
			continue
		}
		if table == nil {
			panic(&Error{1096, "HY000", "No tables used"})
		}
		for _, name := range table.names() {
			items = append(items, item{value: column{"", name}, name: name})
		}
	}
	return items
}

// groups puts rows together; without GROUP BY all are one group.
func (q query) groups(base *scope, rows [][]Value) [][][]Value {
	if q.group == nil {
		return [][][]Value{rows}
	}
	var groups [][][]Value
	place := map[string]int{}
	for _, row := range rows {
		at := *base
		at.row, at.where = row, "group statement"
		var key []Value
		for _, by := range q.group {
			key = append(key, by.eval(&at))
		}
		text := joinedKey(key)
		if _, known := place[text]; !known {
			place[text] = len(groups)
			groups = append(groups, nil)
		}
		groups[place[text]] = append(groups[place[text]], row)
	}
	return groups
}

// filter keeps the rows for which a condition holds.
func filter(base *scope, rows [][]Value, where expression) [][]Value {
	if where == nil {
		return rows
	}
	at := *base
	at.where = "where clause"
	var kept [][]Value
	for _, row := range rows {
		at.row = row
		if where.eval(&at).isTrue() {
			kept = append(kept, row)
		}
	}
	return kept
}
