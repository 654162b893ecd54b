package sql

import (
	"cmp"
	"slices"
	"strings"
)

// Store is a whole database server's data. It is immutable; the zero value holds nothing.
type Store struct{ schemas []*Schema }

// Schema is one database, as MySQL calls it.
type Schema struct {
	Name   string
	tables []*Table
}

// Table is one table. Its fields are not changed once it is in a Store.
type Table struct {
	Name    string
	Columns []Column
	Rows    [][]Value
	Next    int64 // the next AUTO_INCREMENT number
}

// Column describes one column.
type Column struct {
	Name    string
	Type    string // in lower case as MySQL prints it, e.g. varchar(250)
	NotNull bool   `json:",omitempty"`
	Auto    bool   `json:",omitempty"` // AUTO_INCREMENT
	Primary bool   `json:",omitempty"` // belongs to the primary key
	Unique  bool   `json:",omitempty"`
	Default *Value `json:",omitempty"`
	Current bool   `json:",omitempty"` // DEFAULT CURRENT_TIMESTAMP
}

// Schemas are the names of the schemas, in order.
func (s Store) Schemas() []string {
	names := make([]string, len(s.schemas))
	for i, schema := range s.schemas {
		names[i] = schema.Name
	}
	return names
}

// Schema finds a schema; nil when there is none.
func (s Store) Schema(name string) *Schema {
	at, found := slices.BinarySearchFunc(s.schemas, name, func(schema *Schema, name string) int { return cmp.Compare(schema.Name, name) })
	if !found {
		return nil
	}
	return s.schemas[at]
}

// Tables are the names of the tables, in order.
func (s *Schema) Tables() []string {
	names := make([]string, len(s.tables))
	for i, table := range s.tables {
		names[i] = table.Name
	}
	return names
}

// Table finds a table; nil when there is none.
func (s *Schema) Table(name string) *Table {
	if s == nil {
		return nil
	}
	at, found := slices.BinarySearchFunc(s.tables, name, func(table *Table, name string) int { return cmp.Compare(table.Name, name) })
	if !found {
		return nil
	}
	return s.tables[at]
}

// WithSchema is the Store with a schema, which is empty when it is new.
func (s Store) WithSchema(name string) Store {
	if s.Schema(name) != nil {
		return s
	}
	return s.put(&Schema{Name: name})
}

func (s Store) put(schema *Schema) Store {
	at, found := slices.BinarySearchFunc(s.schemas, schema.Name, func(schema *Schema, name string) int { return cmp.Compare(schema.Name, name) })
	schemas := slices.Clone(s.schemas)
	if found {
		schemas[at] = schema
	} else {
		schemas = slices.Insert(schemas, at, schema)
	}
	return Store{schemas}
}

// WithoutSchema is the Store without a schema.
func (s Store) WithoutSchema(name string) Store {
	return Store{slices.DeleteFunc(slices.Clone(s.schemas), func(schema *Schema) bool { return schema.Name == name })}
}

// WithTable is the Store with a table, in a schema that must be there.
func (s Store) WithTable(schema string, table *Table) Store {
	old := s.Schema(schema)
	at, found := slices.BinarySearchFunc(old.tables, table.Name, func(table *Table, name string) int { return cmp.Compare(table.Name, name) })
	tables := slices.Clone(old.tables)
	if found {
		tables[at] = table
	} else {
		tables = slices.Insert(tables, at, table)
	}
	return s.put(&Schema{Name: schema, tables: tables})
}

// WithoutTable is the Store without a table.
func (s Store) WithoutTable(schema, name string) Store {
	old := s.Schema(schema)
	tables := slices.DeleteFunc(slices.Clone(old.tables), func(table *Table) bool { return table.Name == name })
	return s.put(&Schema{Name: schema, tables: tables})
}

// column is the place of a column; -1 when there is none.
func (t *Table) column(name string) int {
	return slices.IndexFunc(t.Columns, func(column Column) bool { return strings.EqualFold(column.Name, name) })
}

// names are the column names, in order.
func (t *Table) names() []string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return names
}

// key is what tells a row from others: its primary key, or all of it.
func (t *Table) key(row []Value) []Value {
	var key []Value
	for i, column := range t.Columns {
		if column.Primary && i < len(row) {
			key = append(key, row[i])
		}
	}
	if key == nil {
		return row
	}
	return key
}

// find is the place of the row that has the key of this one; -1 when there is none.
func (t *Table) find(row []Value) int {
	key := t.key(row)
	return slices.IndexFunc(t.Rows, func(other []Value) bool { return sameRow(t.key(other), key) })
}

// with is the table with other rows.
func (t *Table) with(rows [][]Value) *Table {
	changed := *t
	changed.Rows = rows
	return &changed
}
