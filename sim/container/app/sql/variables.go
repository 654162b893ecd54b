package sql

import (
	"slices"
	"strings"
)

// virtual schemas have no files: their tables are made when they are asked for.
func isVirtual(schema string) bool {
	return slices.Contains(virtualNames(), strings.ToLower(schema))
}

func virtualNames() []string { return []string{"information_schema", "performance_schema"} }

func virtualTables(schema string) []string {
	if schema == "performance_schema" {
		return []string{"global_status", "global_variables", "session_status", "session_variables"}
	}
	return []string{"global_status", "global_variables", "processlist", "schemata", "session_status", "session_variables", "tables"}
}

func (s *Session) virtual(server Server, schema, name string) *Table {
	if !slices.Contains(virtualTables(schema), name) {
		return nil
	}
	switch name {
	case "global_status", "session_status":
		return upperPairs(schema, server.Status())
	case "global_variables", "session_variables":
		return upperPairs(schema, server.Variables())
	case "processlist":
		answer := processes(s, server)
		table := &Table{Name: name, Rows: answer.Rows}
		for _, heading := range answer.Columns {
			table.Columns = append(table.Columns, Column{Name: strings.ToUpper(heading.Name)})
		}
		return table
	case "schemata":
		table := &Table{Name: name, Columns: []Column{{Name: "CATALOG_NAME"}, {Name: "SCHEMA_NAME"}}}
		for _, schema := range s.store(server).Schemas() {
			if s.sees(schema) {
				table.Rows = append(table.Rows, []Value{TextOf("def"), TextOf(schema)})
			}
		}
		return table
	}
	table := &Table{Name: name, Columns: []Column{{Name: "TABLE_SCHEMA"}, {Name: "TABLE_NAME"}, {Name: "ENGINE"}, {Name: "TABLE_ROWS"}}}
	for _, schema := range s.store(server).schemas {
		for _, t := range schema.tables {
			if s.sees(schema.Name) {
				table.Rows = append(table.Rows, []Value{TextOf(schema.Name), TextOf(t.Name), TextOf("InnoDB"), IntOf(int64(len(t.Rows)))})
			}
		}
	}
	return table
}

// upperPairs has the names as the schema shows them: information_schema in upper case.
func upperPairs(schema string, pairs []Pair) *Table {
	table := pairTable(pairs)
	table.Columns = []Column{{Name: "VARIABLE_NAME"}, {Name: "VARIABLE_VALUE"}}
	if schema == "information_schema" {
		for i, row := range table.Rows {
			table.Rows[i] = []Value{TextOf(strings.ToUpper(row[0].String)), row[1]}
		}
	}
	return table
}

// variable is a system variable as the session sees it.
func (s *Session) variable(server Server, scope, name string) (Value, bool) {
	if scope != "global" {
		if value, own := s.own[name]; own {
			return value, true
		}
	}
	switch name {
	case "autocommit":
		return IntOf(1), true
	case "last_insert_id":
		return IntOf(s.lastInsert), true
	}
	return server.Variable(name)
}

// setStatement is SET with one or more variables.
type setStatement struct{ list []setting }

type setting struct {
	scope, name string
	value       expression
}

func (p *parser) set() statement {
	if p.anyWord("names", "character", "charset") {
		p.rest()
		return nothing{}
	}
	if p.isWord("transaction") || p.isWord("global", "transaction") || p.isWord("session", "transaction") {
		p.rest()
		return nothing{}
	}
	s := setStatement{}
	for {
		one := setting{scope: "session"}
		if p.word("global") {
			one.scope = "global"
		} else {
			p.anyWord("session", "local")
		}
		if strings.HasPrefix(p.peek().text, "@") && p.peek().kind == word {
			v := p.variable()
			one.name = v.name
			if v.scope != "" {
				one.scope = v.scope
			}
		} else {
			one.name = strings.ToLower(p.name())
		}
		if !p.sign("=") {
			p.mustSign(":=")
		}
		one.value = p.setValue()
		s.list = append(s.list, one)
		if !p.sign(",") {
			return s
		}
	}
}

// setValue also takes a bare word, such as ON.
func (p *parser) setValue() expression {
	if t := p.peek(); t.kind == word && (p.word("on") || p.word("off") || p.word("default")) {
		return literal{TextOf(strings.ToUpper(t.text))}
	}
	if t := p.peek(); p.isName() && p.tokens[p.at+1].text != "(" && p.tokens[p.at+1].text != "." {
		p.next()
		return literal{TextOf(t.text)}
	}
	return p.expression()
}

func (set setStatement) run(s *Session, server Server) (Result, *Error) {
	for _, one := range set.list {
		value := one.value.eval(&scope{session: s, server: server})
		if one.scope == "user" {
			s.user = copyOf(s.user)
			if s.user == nil {
				s.user = map[string]Value{}
			}
			s.user[one.name] = value
			continue
		}
		if one.scope == "global" {
			if !s.super {
				return Result{}, &Error{1227, "42000", "Access denied; you need (at least one of) the SUPER privilege(s) for this operation"}
			}
			if err := server.SetGlobal(s, one.name, value); err != nil {
				return Result{}, err
			}
			continue
		}
		if _, known := s.variable(server, "", one.name); !known {
			return Result{}, &Error{1193, "HY000", "Unknown system variable '" + one.name + "'"}
		}
		if one.name == "autocommit" && !Truth(value) {
			return Result{}, NotSimulated("autocommit=0", "BEGIN and COMMIT are")
		}
		s.own = copyOf(s.own)
		if s.own == nil {
			s.own = map[string]Value{}
		}
		s.own[one.name] = value
	}
	return Result{}, nil
}

// Truth reads a switch: 1, ON, TRUE.
func Truth(value Value) bool {
	return value.Kind != Text && value.isTrue() || value.Kind == Text && slices.Contains([]string{"ON", "TRUE", "YES", "1"}, strings.ToUpper(value.String))
}
