package sql

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The statements that change rows.
type (
	insertion struct {
		into    tableName
		columns []string
		rows    [][]expression // a nil expression is DEFAULT
		from    *query
		replace bool
		ignore  bool
		update  []assignment // ON DUPLICATE KEY UPDATE
	}
	updating struct {
		table tableName
		set   []assignment
		where expression
		order []ordering
		limit int
	}
	deleting struct {
		from  tableName
		where expression
		order []ordering
		limit int
	}
	assignment struct {
		column string
		value  expression
	}
)

func (p *parser) insert(replace bool) insertion {
	i := insertion{replace: replace, ignore: p.word("ignore")}
	p.word("into")
	i.into = p.tableName()
	if p.word("set") {
		var row []expression
		for _, a := range p.assignments() {
			i.columns, row = append(i.columns, a.column), append(row, a.value)
		}
		i.rows = [][]expression{row}
		return i
	}
	if p.peek().text == "(" && !strings.EqualFold(p.tokens[p.at+1].text, "select") {
		if p.tokens[p.at+1].text == ")" {
			p.at += 2
		} else {
			i.columns = p.nameList()
		}
	}
	switch {
	case p.anyWord("values", "value"):
		for {
			i.rows = append(i.rows, p.row())
			if !p.sign(",") {
				break
			}
		}
	case p.word("select"):
		q := p.query()
		i.from = &q
	default:
		p.wrong()
	}
	if p.word("on", "duplicate", "key", "update") {
		i.update = p.assignments()
	}
	return i
}

func (p *parser) row() []expression {
	p.mustSign("(")
	row := []expression{}
	if p.sign(")") {
		return row
	}
	for {
		if p.word("default") {
			row = append(row, nil)
		} else {
			row = append(row, p.expression())
		}
		if !p.sign(",") {
			p.mustSign(")")
			return row
		}
	}
}

func (p *parser) assignments() []assignment {
	var list []assignment
	for {
		name := p.tableName().table
		p.mustSign("=")
		list = append(list, assignment{name, p.expression()})
		if !p.sign(",") {
			return list
		}
	}
}

func (p *parser) update() updating {
	u := updating{table: p.tableName()}
	p.mustWord("set")
	u.set = p.assignments()
	if p.word("where") {
		u.where = p.expression()
	}
	u.order = p.ordering()
	u.limit, _ = p.limit()
	return u
}

func (p *parser) deletion() deleting {
	p.mustWord("from")
	d := deleting{from: p.tableName()}
	if p.word("where") {
		d.where = p.expression()
	}
	d.order = p.ordering()
	d.limit, _ = p.limit()
	return d
}

func (i insertion) run(s *Session, server Server) (Result, []Change) {
	schema, table := s.changeable(server, i.into)
	columns := i.columns
	if columns == nil {
		columns = table.names()
	}
	places := make([]int, len(columns))
	for n, name := range columns {
		if places[n] = table.column(name); places[n] < 0 {
			panic(unknownColumn(name, "field list"))
		}
	}
	work := &scope{session: s, server: server, table: table, alias: table.Name}
	given := i.given(s, server, work)
	result, now := Result{}, table
	var changes []Change
	s.firstInsert = 0
	for number, values := range given {
		if len(values) != len(columns) {
			panic(&Error{1136, "21S01", fmt.Sprintf("Column count doesn't match value count at row %d", number+1)})
		}
		row := i.complete(s, server, now, places, values, number+1)
		change, affected := i.place(schema, now, row, work)
		for _, c := range change {
			after, err := now.apply(c)
			if err != nil {
				panic(err)
			}
			now = after
		}
		changes = append(changes, change...)
		result.Affected += affected
	}
	if len(given) > 1 || i.from != nil {
		result.Info = fmt.Sprintf("Records: %d  Duplicates: %d  Warnings: 0", len(given), max(0, len(given)-result.Affected))
	}
	if s.firstInsert != 0 {
		s.lastInsert = s.firstInsert
	}
	return result, changes
}

// given are the rows of values; a missing one is DEFAULT.
func (i insertion) given(s *Session, server Server, work *scope) [][]*Value {
	var given [][]*Value
	if i.from != nil {
		for _, row := range i.from.run(s, server).Rows {
			values := make([]*Value, len(row))
			for n := range row {
				values[n] = &row[n]
			}
			given = append(given, values)
		}
		return given
	}
	for _, row := range i.rows {
		if len(row) == 0 && i.columns == nil {
			given = append(given, make([]*Value, len(work.table.Columns)))
			continue
		}
		values := make([]*Value, len(row))
		for n, e := range row {
			if e != nil {
				value := e.eval(work)
				values[n] = &value
			}
		}
		given = append(given, values)
	}
	return given
}

// complete makes a whole row of the values that were given.
func (i insertion) complete(s *Session, server Server, table *Table, places []int, values []*Value, number int) []Value {
	row := make([]Value, len(table.Columns))
	set := make([]bool, len(row))
	for n, place := range places {
		if values[n] != nil {
			row[place], set[place] = fit(table.Columns[place], *values[n], number), true
		}
	}
	for c, column := range table.Columns {
		switch {
		case column.Auto && (!set[c] || row[c].Kind == Null || row[c] == IntOf(0)):
			row[c] = IntOf(nextAuto(server, table.Next))
			if s.firstInsert == 0 {
				s.firstInsert = row[c].Int
			}
		case set[c] && row[c].Kind == Null && column.NotNull:
			panic(&Error{1048, "23000", "Column '" + column.Name + "' cannot be null"})
		case set[c]:
		case column.Current:
			row[c] = TextOf(server.Now().UTC().Format(TimeFormat))
		case column.Default != nil:
			row[c] = *column.Default
		case column.NotNull:
			panic(&Error{1364, "HY000", "Field '" + column.Name + "' doesn't have a default value"})
		}
	}
	return row
}

// nextAuto is the first number from next on that auto_increment_offset and _increment allow.
func nextAuto(server Server, next int64) int64 {
	increment, offset := int64(1), int64(1)
	if value, known := server.Variable("auto_increment_increment"); known {
		increment = max(1, int64(value.number()))
	}
	if value, known := server.Variable("auto_increment_offset"); known {
		offset = max(1, int64(value.number()))
	}
	if next = max(next, 1); next <= offset {
		return offset
	}
	return offset + (next-offset+increment-1)/increment*increment
}

// place is what becomes of a new row: it comes, or takes the place of another.
func (i insertion) place(schema string, table *Table, row []Value, work *scope) (changes []Change, affected int) {
	insert := Change{Schema: schema, Table: table.Name, After: row}
	duplicate := table.duplicate(row, -1)
	if duplicate == nil {
		return []Change{insert}, 1
	}
	at := table.conflicting(row)
	switch {
	case i.ignore:
		return nil, 0
	case i.replace:
		return []Change{{Schema: schema, Table: table.Name, Before: table.Rows[at]}, insert}, 2
	case i.update != nil:
		inner := *work
		inner.row, inner.values = table.Rows[at], row
		after := assign(table, table.Rows[at], i.update, &inner, 1)
		if sameRow(after, table.Rows[at]) {
			return nil, 0
		}
		return []Change{{Schema: schema, Table: table.Name, Before: table.Rows[at], After: after}}, 2
	}
	panic(duplicate)
}

// conflicting is the place of the row that has a key of this one.
func (t *Table) conflicting(row []Value) int {
	return slices.IndexFunc(t.Rows, func(other []Value) bool {
		one := Table{Columns: t.Columns, Rows: [][]Value{other}}
		return one.duplicate(row, -1) != nil
	})
}

// fit makes a value one of the column's type, or gives up.
func fit(c Column, value Value, row int) Value {
	if value.Kind == Null {
		return value
	}
	base, size, _ := strings.Cut(c.Type, "(")
	base, _, _ = strings.Cut(base, " ")
	switch base {
	case "int", "integer", "tinyint", "smallint", "mediumint", "bigint", "bool", "boolean":
		if value.Kind == Text {
			number, err := strconv.ParseInt(strings.TrimSpace(value.String), 10, 64)
			if err != nil {
				panic(&Error{1366, "HY000", fmt.Sprintf("Incorrect integer value: '%s' for column '%s' at row %d", value.String, c.Name, row)})
			}
			return IntOf(number)
		}
		if value.Kind == Float {
			return IntOf(int64(math.Round(value.Float)))
		}
	case "float", "double", "decimal", "numeric":
		return FloatOf(value.number())
	case "varchar", "char", "varbinary", "binary":
		limit, err := strconv.Atoi(strings.TrimSuffix(size, ")"))
		if text := value.Show(); err == nil && len([]rune(text)) > limit {
			panic(&Error{1406, "22001", fmt.Sprintf("Data too long for column '%s' at row %d", c.Name, row)})
		}
		return TextOf(value.Show())
	default:
		return TextOf(value.Show())
	}
	return value
}

// assign is a row with some columns set.
func assign(table *Table, row []Value, set []assignment, at *scope, number int) []Value {
	after := slices.Clone(row)
	for _, a := range set {
		place := table.column(a.column)
		if place < 0 {
			panic(unknownColumn(a.column, "field list"))
		}
		at.row = after
		value := fit(table.Columns[place], a.value.eval(at), number)
		if value.Kind == Null && table.Columns[place].NotNull {
			panic(&Error{1048, "23000", "Column '" + table.Columns[place].Name + "' cannot be null"})
		}
		after[place] = value
	}
	return after
}

// chosen are the rows that an update or a delete concerns, in its order.
func chosen(base *scope, where expression, order []ordering, limit int) [][]Value {
	rows := filter(base, base.table.Rows, where)
	if order != nil {
		answers := make([]answered, len(rows))
		for i, row := range rows {
			at := *base
			at.row = row
			answers[i].values = row
			for _, o := range order {
				answers[i].order = append(answers[i].order, orderValue(o.by, nil, nil, &at))
			}
		}
		query{order: order}.sort(answers)
		rows = nil
		for _, answer := range answers {
			rows = append(rows, answer.values)
		}
	}
	return cut(rows, limit, 0)
}

func (u updating) run(s *Session, server Server) (Result, []Change) {
	schema, table := s.changeable(server, u.table)
	base := &scope{session: s, server: server, table: table, alias: table.Name}
	rows := chosen(base, u.where, u.order, u.limit)
	var changes []Change
	now := table
	for number, row := range rows {
		at := *base
		after := assign(table, row, u.set, &at, number+1)
		if sameRow(row, after) {
			continue
		}
		place := now.find(row)
		if duplicate := now.duplicate(after, place); duplicate != nil {
			panic(duplicate)
		}
		change := Change{Schema: schema, Table: table.Name, Before: row, After: after}
		now, _ = now.apply(change)
		changes = append(changes, change)
	}
	return Result{Affected: len(changes), Info: fmt.Sprintf("Rows matched: %d  Changed: %d  Warnings: 0", len(rows), len(changes))}, changes
}

func (d deleting) run(s *Session, server Server) (Result, []Change) {
	schema, table := s.changeable(server, d.from)
	base := &scope{session: s, server: server, table: table, alias: table.Name}
	rows := chosen(base, d.where, d.order, d.limit)
	var changes []Change
	for _, row := range rows {
		changes = append(changes, Change{Schema: schema, Table: table.Name, Before: row})
	}
	return Result{Affected: len(rows)}, changes
}
