package sql

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

type (
	showStatement struct {
		what   string // in lower case, e.g. tables
		from   string // schema or table
		like   *string
		where  expression
		admin  Admin // for what the server answers itself
		global bool
	}
	showColumns struct{ table tableName }
)

func (p *parser) show() statement {
	start := p.at
	p.word("full")
	s := showStatement{}
	if p.word("global") {
		s.global = true
	} else {
		p.anyWord("session", "local")
	}
	switch {
	case p.anyWord("databases", "schemas"):
		s.what = "databases"
	case p.word("tables"):
		s.what = "tables"
		if p.anyWord("from", "in") {
			s.from = p.name()
		}
	case p.word("table", "status"):
		panic(NotSimulated("SHOW TABLE STATUS", "SHOW TABLES and DESCRIBE are"))
	case p.anyWord("columns", "fields"):
		if !p.anyWord("from", "in") {
			p.wrong()
		}
		return showColumns{p.tableName()}
	case p.word("create", "table"):
		t := p.tableName()
		s.what, s.from = "create table", t.table
		if t.schema != "" {
			s.from = t.schema + "\x00" + t.table
		}
	case p.word("create", "database"):
		s.what, s.from = "create database", p.name()
	case p.word("status"):
		s.what = "status"
	case p.word("variables"):
		s.what = "variables"
	case p.word("processlist"):
		s.what = "processlist"
	case p.word("grants"):
		s.what = "grants"
		if p.word("for") {
			s.from = p.account().String()
		}
	case p.word("warnings"), p.word("errors"):
		s.what = "warnings"
	default:
		p.at = start
		verb := "show"
		for p.peek().kind == word {
			verb += " " + strings.ToLower(p.next().text)
		}
		s.what, s.admin = "admin", Admin{Verb: verb, words: p.rest()}
		return s
	}
	if p.word("like") {
		pattern := p.mustText()
		s.like = &pattern
	} else if p.word("where") {
		s.where = p.expression()
	}
	return s
}

func (show showStatement) run(s *Session, server Server) (Result, *Error) {
	switch show.what {
	case "databases":
		var names []string
		for _, name := range append(virtualNames(), s.store(server).Schemas()...) {
			if s.sees(name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if err := server.Admit(s, false); err != nil {
			return Result{}, err
		}
		return show.list(s, server, "Database", names), nil
	case "tables":
		return show.tables(s, server)
	case "status":
		return show.pairs(s, server, server.Status()), nil
	case "variables":
		pairs := server.Variables()
		for i, pair := range pairs {
			if value, own := s.own[pair.Name]; own && !show.global {
				pairs = slices.Clone(pairs)
				pairs[i].Value = value.Show()
			}
		}
		return show.pairs(s, server, pairs), nil
	case "processlist":
		return processes(s, server), nil
	case "create table":
		return s.showCreate(server, show.from)
	case "create database":
		if s.store(server).Schema(show.from) == nil {
			return Result{}, unknownSchema(show.from)
		}
		return Answer([]string{"Database", "Create Database"}, []string{show.from, "CREATE DATABASE `" + show.from + "` /*!40100 DEFAULT CHARACTER SET latin1 */"}), nil
	case "grants":
		return s.grants(server, show.from)
	case "warnings":
		return Answer([]string{"Level", "Code", "Message"}), nil
	}
	result, known, err := server.Admin(s, show.admin)
	if !known && err == nil {
		return Result{}, NotSimulated(strings.ToUpper(show.admin.Verb), "SHOW DATABASES, TABLES, COLUMNS, STATUS, VARIABLES, PROCESSLIST and GRANTS are")
	}
	return result, err
}

func (show showStatement) tables(s *Session, server Server) (Result, *Error) {
	name := cmp.Or(show.from, s.Schema)
	if name == "" {
		return Result{}, noSchema()
	}
	if err := server.Admit(s, false); err != nil {
		return Result{}, err
	}
	if isVirtual(name) {
		return show.list(s, server, "Tables_in_"+name, virtualTables(name)), nil
	}
	schema := s.store(server).Schema(name)
	if schema == nil || !s.sees(name) {
		return Result{}, unknownSchema(name)
	}
	return show.list(s, server, "Tables_in_"+name, schema.Tables()), nil
}

// list is an answer of one column.
func (show showStatement) list(s *Session, server Server, heading string, names []string) Result {
	table := &Table{Columns: []Column{{Name: heading}}}
	for _, name := range names {
		table.Rows = append(table.Rows, []Value{TextOf(name)})
	}
	return show.of(s, server, table, heading)
}

func (show showStatement) pairs(s *Session, server Server, pairs []Pair) Result {
	return show.of(s, server, pairTable(pairs), "Variable_name")
}

func pairTable(pairs []Pair) *Table {
	table := &Table{Columns: []Column{{Name: "Variable_name"}, {Name: "Value"}}}
	for _, pair := range pairs {
		table.Rows = append(table.Rows, []Value{TextOf(pair.Name), TextOf(pair.Value)})
	}
	return table
}

// of is a table as SHOW answers it, with what LIKE or WHERE leave of it.
func (show showStatement) of(s *Session, server Server, table *Table, by string) Result {
	result := Result{Query: true}
	for _, name := range table.names() {
		if show.like != nil && name == by && strings.HasPrefix(by, "Tables_in_") {
			name += " (" + *show.like + ")"
		}
		result.Columns = append(result.Columns, Heading{Name: name})
	}
	for _, row := range filter(&scope{session: s, server: server, table: table}, table.Rows, show.where) {
		if show.like == nil || like(strings.ToLower(row[0].String), strings.ToLower(*show.like)) {
			result.Rows = append(result.Rows, row)
		}
	}
	return result
}

func (show showColumns) run(s *Session, server Server) Result {
	table := s.resolve(server, show.table)
	result := Answer([]string{"Field", "Type", "Null", "Key", "Default", "Extra"})
	for _, c := range table.Columns {
		null, key, extra, standard := "YES", "", "", Value{}
		if c.NotNull {
			null = "NO"
		}
		if c.Primary {
			key = "PRI"
		} else if c.Unique {
			key = "UNI"
		}
		if c.Auto {
			extra = "auto_increment"
		}
		if c.Default != nil {
			standard = TextOf(c.Default.Show())
		} else if c.Current {
			standard = TextOf("CURRENT_TIMESTAMP")
		}
		result.Rows = append(result.Rows, []Value{TextOf(c.Name), TextOf(c.Type), TextOf(null), TextOf(key), standard, TextOf(extra)})
	}
	return result
}

func (s *Session) showCreate(server Server, full string) (Result, *Error) {
	name := tableName{table: full}
	if schema, table, qualified := strings.Cut(full, "\x00"); qualified {
		name = tableName{schema, table}
	}
	table := s.resolve(server, name)
	var lines, keys []string
	for _, c := range table.Columns {
		line := "  `" + c.Name + "` " + c.Type
		if c.NotNull {
			line += " NOT NULL"
		}
		switch {
		case c.Auto:
			line += " AUTO_INCREMENT"
		case c.Default != nil:
			line += " DEFAULT '" + c.Default.Show() + "'"
		case c.Current:
			line += " DEFAULT CURRENT_TIMESTAMP"
		case !c.NotNull:
			line += " DEFAULT NULL"
		}
		lines = append(lines, line)
		if c.Primary {
			keys = append(keys, "`"+c.Name+"`")
		}
	}
	if keys != nil {
		lines = append(lines, "  PRIMARY KEY ("+strings.Join(keys, ",")+")")
	}
	for _, c := range table.Columns {
		if c.Unique {
			lines = append(lines, fmt.Sprintf("  UNIQUE KEY `%s` (`%s`)", c.Name, c.Name))
		}
	}
	return Answer([]string{"Table", "Create Table"}, []string{table.Name, "CREATE TABLE `" + table.Name + "` (\n" + strings.Join(lines, ",\n") + "\n) ENGINE=InnoDB DEFAULT CHARSET=latin1"}), nil
}

func (s *Session) grants(server Server, who string) (Result, *Error) {
	if who == "" {
		user, host, _ := strings.Cut(s.account, "@")
		who = account{user, host}.String()
	}
	result := Answer([]string{"Grants for " + strings.ReplaceAll(who, "'", "")})
	users := s.store(server).Schema("mysql").Table("user")
	if users == nil {
		return result, nil
	}
	for _, row := range users.Rows {
		if (account{row[1].String, row[0].String}).String() != who {
			continue
		}
		what := "USAGE"
		if row[3].String == "Y" {
			what = "ALL PRIVILEGES"
		}
		result.Rows = append(result.Rows, []Value{TextOf("GRANT " + what + " ON *.* TO " + who)})
	}
	for _, row := range s.store(server).Schema("mysql").Table("db").Rows {
		if (account{row[2].String, row[0].String}).String() == who {
			result.Rows = append(result.Rows, []Value{TextOf("GRANT ALL PRIVILEGES ON `" + row[1].String + "`.* TO " + who)})
		}
	}
	return result, nil
}

func processes(s *Session, server Server) Result {
	result := Answer([]string{"Id", "User", "Host", "db", "Command", "Time", "State", "Info"})
	for _, other := range server.Sessions() {
		schema, command, state, info := Value{}, "Sleep", "", Value{}
		if other.Schema != "" {
			schema = TextOf(other.Schema)
		}
		if other.ID == s.ID {
			command, state, info = "Query", "starting", TextOf("show processlist")
		}
		seconds := int64(server.Now().Sub(other.Since).Seconds())
		result.Rows = append(result.Rows, []Value{IntOf(other.ID), TextOf(other.User), TextOf(other.Host), schema, TextOf(command), IntOf(seconds), TextOf(state), info})
	}
	result.align()
	return result
}
