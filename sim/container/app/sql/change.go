package sql

import (
	"fmt"
	"slices"
)

// Change is one step of a transaction, as binary logs and write sets carry it: a row that came, went or changed, or a statement about the structure.
type Change struct {
	Schema    string
	Table     string  `json:",omitempty"`
	Before    []Value `json:",omitempty"` // nil for a new row
	After     []Value `json:",omitempty"` // nil for a deleted one
	Statement string  `json:",omitempty"` // of a DDL statement; Schema is then the one in use
}

// Apply makes changes that another server has made.
//
// Errors: 1032 for a row that is not there, 1062 for one that is there already, or those of the statement.
func (s Store) Apply(changes []Change) (Store, *Error) {
	for _, change := range changes {
		if change.Statement != "" {
			after, err := s.define(change)
			if err != nil {
				return s, err
			}
			s = after
			continue
		}
		schema := s.Schema(change.Schema)
		table := schema.Table(change.Table)
		if table == nil {
			return s, noSuchTable(change.Schema, change.Table)
		}
		after, err := table.apply(change)
		if err != nil {
			return s, err
		}
		s = s.WithTable(change.Schema, after)
	}
	return s, nil
}

// define executes a DDL statement of another server.
func (s Store) define(change Change) (Store, *Error) {
	parsed, err := parse(change.Statement)
	if err != nil {
		return s, err
	}
	definition, isDefinition := parsed.(definition)
	if !isDefinition {
		return s, &Error{1105, "HY000", "not a statement of a change: " + change.Statement}
	}
	after, _, err := definition.define(s, change.Schema)
	return after, err
}

func (t *Table) apply(change Change) (*Table, *Error) {
	rows := t.Rows
	switch {
	case change.Before == nil:
		if duplicate := t.duplicate(change.After, -1); duplicate != nil {
			return nil, duplicate
		}
		changed := t.with(append(slices.Clip(rows), change.After))
		changed.noteAuto(change.After)
		return changed, nil
	case change.After == nil:
		at := t.find(change.Before)
		if at < 0 {
			return nil, t.missing(change)
		}
		return t.with(slices.Delete(slices.Clone(rows), at, at+1)), nil
	}
	at := t.find(change.Before)
	if at < 0 {
		return nil, t.missing(change)
	}
	rows = slices.Clone(rows)
	rows[at] = change.After
	return t.with(rows), nil
}

func (t *Table) missing(change Change) *Error {
	kind := "Update_rows"
	if change.After == nil {
		kind = "Delete_rows"
	}
	return &Error{1032, "HY000", fmt.Sprintf("Could not execute %s event on table %s.%s; Can't find record in '%s', Error_code: 1032; handler error HA_ERR_KEY_NOT_FOUND",
		kind, change.Schema, t.Name, t.Name)}
}

// noteAuto lets AUTO_INCREMENT go on behind the numbers of a row. The table must be a fresh copy.
func (t *Table) noteAuto(row []Value) {
	for i, column := range t.Columns {
		if column.Auto && i < len(row) && row[i].Kind == Int {
			t.Next = max(t.Next, row[i].Int+1)
		}
	}
}

// duplicate is the error of a row that has a key which another row has; except is the place of the row that it replaces.
func (t *Table) duplicate(row []Value, except int) *Error {
	keyed := false
	for _, column := range t.Columns {
		keyed = keyed || column.Primary
	}
	if keyed {
		key := t.key(row)
		for i, other := range t.Rows {
			if i != except && sameRow(t.key(other), key) {
				return duplicateEntry(joined(key), "PRIMARY")
			}
		}
	}
	for c, column := range t.Columns {
		if !column.Unique || row[c].Kind == Null {
			continue
		}
		for i, other := range t.Rows {
			if i != except && compare(other[c], row[c]) == 0 {
				return duplicateEntry(row[c].Show(), column.Name)
			}
		}
	}
	return nil
}

func joined(values []Value) string {
	text := ""
	for i, value := range values {
		if i > 0 {
			text += "-"
		}
		text += value.Show()
	}
	return text
}

// Conflict says whether changes made on a base can still be made on what has become of it: error 1213 when a row that they concern has changed.
func Conflict(base, now Store, changes []Change) *Error {
	for _, change := range changes {
		before, after := base.Schema(change.Schema).Table(change.Table), now.Schema(change.Schema).Table(change.Table)
		if change.Statement != "" || before == after {
			continue
		}
		row := change.Before
		if row == nil {
			row = change.After
		}
		if before == nil || after == nil || rowChanged(before, after, row) {
			return &Error{1213, "40001", "Deadlock found when trying to get lock; try restarting transaction"}
		}
	}
	return nil
}

// rowChanged says whether the row with this key was there before and is not the same after. Without a primary key a row's key is all of it.
func rowChanged(before, after *Table, row []Value) bool {
	was, is := before.find(row), after.find(row)
	if was < 0 {
		return is >= 0 && len(before.key(row)) < len(row)
	}
	return is < 0 || !sameRow(before.Rows[was], after.Rows[is])
}
