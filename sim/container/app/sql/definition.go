package sql

import (
	"slices"
	"strconv"
	"strings"
)

// definition is a statement about structure or users: it makes a Store of a Store, here and wherever it is replicated to.
type definition struct {
	in tableName                                                // the schema that it concerns is in.schema
	do func(store Store, schema string) (Store, Result, *Error) // schema: the one that it concerns
	// any says that it concerns no schema (users), self that in.schema is the schema itself.
	any, self bool
}

func (d definition) schema(used string) string {
	switch {
	case d.any:
		return "mysql"
	case d.in.schema != "":
		return d.in.schema
	}
	return used
}

func (d definition) define(store Store, used string) (Store, Result, *Error) {
	schema := d.schema(used)
	switch {
	case schema == "":
		return store, Result{}, noSchema()
	case isVirtual(schema):
		return store, Result{}, &Error{1044, "42000", "Access denied for user to database '" + schema + "'"}
	case !d.self && store.Schema(schema) == nil:
		return store, Result{}, unknownSchema(schema)
	}
	return d.do(store, schema)
}

func (p *parser) definition() definition {
	switch {
	case p.word("create", "user"):
		return p.createUser()
	case p.word("drop", "user"):
		return p.dropUser()
	case p.word("alter", "user"):
		return p.alterUser()
	case p.word("grant"):
		return p.grant()
	case p.word("revoke"):
		return p.revoke()
	case p.word("create", "database"), p.word("create", "schema"):
		return p.createSchema()
	case p.word("drop", "database"), p.word("drop", "schema"):
		return p.dropSchema()
	case p.word("create", "table"):
		return p.createTable()
	case p.word("drop", "table"):
		return p.dropTable()
	case p.word("truncate"):
		p.word("table")
		return p.truncate()
	case p.word("alter", "table"):
		return p.alterTable()
	case p.word("rename", "table"):
		return p.renameTable()
	}
	p.next()
	for _, what := range []string{"index", "view", "procedure", "function", "trigger", "event", "role", "unique", "or", "temporary", "server", "tablespace", "database", "schema"} {
		if p.isWord(what) {
			panic(NotSimulated("this statement about a "+strings.ToUpper(what), "databases, tables and users can be created, altered and dropped"))
		}
	}
	p.wrong()
	return definition{}
}

func (p *parser) ifNotExists() bool { return p.word("if", "not", "exists") }
func (p *parser) ifExists() bool    { return p.word("if", "exists") }

func (p *parser) createSchema() definition {
	soft := p.ifNotExists()
	name := p.name()
	p.rest() // character set
	return definition{in: tableName{schema: name}, self: true, do: func(store Store, _ string) (Store, Result, *Error) {
		if store.Schema(name) != nil {
			if soft {
				return store, Result{Affected: 1, Warnings: 1}, nil
			}
			return store, Result{}, &Error{1007, "HY000", "Can't create database '" + name + "'; database exists"}
		}
		return store.WithSchema(name), Result{Affected: 1}, nil
	}}
}

func (p *parser) dropSchema() definition {
	soft := p.ifExists()
	name := p.name()
	return definition{in: tableName{schema: name}, self: true, do: func(store Store, _ string) (Store, Result, *Error) {
		schema := store.Schema(name)
		if schema == nil {
			if soft {
				return store, Result{Warnings: 1}, nil
			}
			return store, Result{}, &Error{1008, "HY000", "Can't drop database '" + name + "'; database doesn't exist"}
		}
		return store.WithoutSchema(name), Result{Affected: len(schema.tables)}, nil
	}}
}

func (p *parser) createTable() definition {
	soft := p.ifNotExists()
	name := p.tableName()
	if p.anyWord("like", "as", "select") {
		panic(NotSimulated("CREATE TABLE from another one", "name the columns"))
	}
	columns := p.columns()
	p.rest() // ENGINE=InnoDB and the like
	return definition{in: name, do: func(store Store, schema string) (Store, Result, *Error) {
		if store.Schema(schema).Table(name.table) != nil {
			if soft {
				return store, Result{Warnings: 1}, nil
			}
			return store, Result{}, &Error{1050, "42S01", "Table '" + name.table + "' already exists"}
		}
		return store.WithTable(schema, &Table{Name: name.table, Columns: columns, Next: 1}), Result{}, nil
	}}
}

func (p *parser) columns() []Column {
	p.mustSign("(")
	var columns []Column
	for {
		switch {
		case p.word("primary", "key"):
			for _, name := range p.nameList() {
				at := slices.IndexFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, name) })
				if at < 0 {
					panic(&Error{1072, "42000", "Key column '" + name + "' doesn't exist in table"})
				}
				columns[at].Primary, columns[at].NotNull = true, true
			}
		case p.word("unique"):
			_ = p.anyWord("key", "index")
			if p.isName() {
				p.name()
			}
			if names := p.nameList(); len(names) == 1 {
				for i := range columns {
					columns[i].Unique = columns[i].Unique || strings.EqualFold(columns[i].Name, names[0])
				}
			} else {
				panic(NotSimulated("unique keys of several columns", "a primary key may have several"))
			}
		case p.anyWord("key", "index"):
			if p.isName() {
				p.name()
			}
			p.nameList()
		case p.anyWord("constraint", "foreign", "check", "fulltext"):
			panic(NotSimulated("constraints and special keys", "PRIMARY KEY, UNIQUE and KEY are"))
		default:
			c := p.columnDefinition()
			if slices.ContainsFunc(columns, func(other Column) bool { return strings.EqualFold(other.Name, c.Name) }) {
				panic(&Error{1060, "42S21", "Duplicate column name '" + c.Name + "'"})
			}
			columns = append(columns, c)
		}
		if !p.sign(",") {
			p.mustSign(")")
			if len(columns) == 0 {
				panic(&Error{1113, "42000", "A table must have at least 1 column"})
			}
			return columns
		}
	}
}

var typeNames = []string{"int", "integer", "tinyint", "smallint", "mediumint", "bigint", "bool", "boolean", "float", "double", "decimal", "numeric", "varchar", "char", "varbinary",
	"binary", "text", "tinytext", "mediumtext", "longtext", "blob", "mediumblob", "longblob", "date", "time", "datetime", "timestamp", "year", "json", "enum"}

func (p *parser) columnDefinition() Column {
	c := Column{Name: p.name()}
	t := strings.ToLower(p.peek().text)
	if !slices.Contains(typeNames, t) {
		p.wrong()
	}
	p.next()
	switch t {
	case "integer":
		t = "int"
	case "bool", "boolean":
		t = "tinyint(1)"
	}
	c.Type = t
	if p.sign("(") {
		var parts []string
		for !p.sign(")") {
			n := p.next()
			if n.kind == endOfText {
				p.wrong()
			}
			if n.kind == text {
				n.text = "'" + n.text + "'"
			}
			parts = append(parts, n.text)
		}
		c.Type += "(" + strings.Join(parts, "") + ")"
	} else if size := map[string]string{"int": "(11)", "bigint": "(20)", "smallint": "(6)", "tinyint": "(4)", "mediumint": "(9)", "char": "(1)", "decimal": "(10,0)"}[t]; size != "" {
		c.Type += size
	}
	for {
		switch {
		case p.word("unsigned"):
			c.Type += " unsigned"
		case p.word("not", "null"):
			c.NotNull = true
		case p.word("null"):
		case p.word("auto_increment"):
			c.Auto, c.NotNull = true, true
		case p.word("primary", "key"):
			c.Primary, c.NotNull = true, true
		case p.word("unique"):
			p.word("key")
			c.Unique = true
		case p.word("default"):
			p.columnDefault(&c)
		case p.word("on", "update", "current_timestamp"):
			panic(NotSimulated("ON UPDATE CURRENT_TIMESTAMP", "set the column in the UPDATE"))
		case p.word("comment"):
			p.mustText()
		case p.word("character", "set"), p.word("collate"), p.word("charset"):
			p.textOrName()
		default:
			return c
		}
	}
}

func (p *parser) columnDefault(c *Column) {
	if p.anyWord("current_timestamp", "now") {
		if p.sign("(") {
			p.mustSign(")")
		}
		c.Current = true
		return
	}
	l, plain := p.primary().(literal)
	if !plain {
		p.wrong()
	}
	if l.value.Kind != Null {
		value := fit(*c, l.value, 1)
		c.Default = &value
	}
}

func (p *parser) dropTable() definition {
	soft := p.ifExists()
	name := p.tableName()
	if p.sign(",") {
		panic(NotSimulated("DROP TABLE of several tables", "drop one after the other"))
	}
	return definition{in: name, do: func(store Store, schema string) (Store, Result, *Error) {
		if store.Schema(schema).Table(name.table) == nil {
			if soft {
				return store, Result{Warnings: 1}, nil
			}
			return store, Result{}, unknownTable(schema, name.table)
		}
		return store.WithoutTable(schema, name.table), Result{}, nil
	}}
}

// altering is a definition that changes one table.
func altering(name tableName, change func(t *Table) (*Table, *Error)) definition {
	return definition{in: name, do: func(store Store, schema string) (Store, Result, *Error) {
		table := store.Schema(schema).Table(name.table)
		if table == nil {
			return store, Result{}, noSuchTable(schema, name.table)
		}
		after, err := change(table)
		if err != nil {
			return store, Result{}, err
		}
		return store.WithoutTable(schema, name.table).WithTable(schema, after), Result{}, nil
	}}
}

func (p *parser) truncate() definition {
	return altering(p.tableName(), func(t *Table) (*Table, *Error) {
		return &Table{Name: t.Name, Columns: t.Columns, Next: 1}, nil
	})
}

func (p *parser) renameTable() definition {
	name := p.tableName()
	p.mustWord("to")
	to := p.tableName()
	return altering(name, func(t *Table) (*Table, *Error) {
		renamed := *t
		renamed.Name = to.table
		return &renamed, nil
	})
}

func (p *parser) alterTable() definition {
	name := p.tableName()
	switch {
	case p.word("add"):
		p.word("column")
		c := p.columnDefinition()
		return altering(name, func(t *Table) (*Table, *Error) {
			if t.column(c.Name) >= 0 {
				return nil, &Error{1060, "42S21", "Duplicate column name '" + c.Name + "'"}
			}
			value := Value{}
			if c.Default != nil {
				value = *c.Default
			} else if c.NotNull {
				value = fit(c, IntOf(0), 1)
			}
			changed := &Table{Name: t.Name, Columns: append(slices.Clip(t.Columns), c), Next: t.Next}
			for _, row := range t.Rows {
				changed.Rows = append(changed.Rows, append(slices.Clip(row), value))
			}
			return changed, nil
		})
	case p.word("drop"):
		p.word("column")
		dropped := p.name()
		return altering(name, func(t *Table) (*Table, *Error) {
			at := t.column(dropped)
			if at < 0 {
				return nil, &Error{1091, "42000", "Can't DROP '" + dropped + "'; check that column/key exists"}
			}
			changed := &Table{Name: t.Name, Columns: slices.Delete(slices.Clone(t.Columns), at, at+1), Next: t.Next}
			for _, row := range t.Rows {
				changed.Rows = append(changed.Rows, slices.Delete(slices.Clone(row), at, at+1))
			}
			return changed, nil
		})
	case p.word("auto_increment"):
		p.sign("=")
		next := p.count()
		return altering(name, func(t *Table) (*Table, *Error) {
			changed := *t
			changed.Next = max(changed.Next, int64(next))
			return &changed, nil
		})
	}
	panic(NotSimulated("this ALTER TABLE", "ADD COLUMN and DROP COLUMN are; a rename is RENAME TABLE "+strconv.Quote("a TO b")))
}
