package sql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/stsim/stsim/storage"
)

// A data directory has a directory for every schema, and in it a file NAME.ibd for every table: a line about the table, then a line for every row.

// header is the first line of a table's file.
type header struct {
	Columns []Column
	Next    int64
}

// Save brings a data directory from one Store to another: only what differs is written.
//
// Errors: 1114 when the volume is full, else 1030.
func Save(files *storage.FileSystem, directory string, before, after Store) *Error {
	for _, schema := range before.schemas {
		if after.Schema(schema.Name) == nil {
			if err := files.RemoveAll(path.Join(directory, schema.Name)); err != nil {
				return fileError(schema.Name, err)
			}
		}
	}
	for _, schema := range after.schemas {
		old := before.Schema(schema.Name)
		if old == schema {
			continue
		}
		place := path.Join(directory, schema.Name)
		if old == nil {
			if err := files.MkdirAll(place, 0o750); err != nil {
				return fileError(schema.Name, err)
			}
			old = &Schema{}
		}
		for _, table := range old.tables {
			if schema.Table(table.Name) == nil {
				if err := files.Remove(path.Join(place, table.Name+".ibd")); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return fileError(table.Name, err)
				}
			}
		}
		for _, table := range schema.tables {
			if old.Table(table.Name) == table {
				continue
			}
			if err := files.WriteFile(path.Join(place, table.Name+".ibd"), table.encode(), 0o640, storage.Create|storage.Truncate|storage.Write); err != nil {
				return fileError(table.Name, err)
			}
		}
	}
	return nil
}

func fileError(table string, err error) *Error {
	if errors.Is(err, storage.ErrNoSpace) {
		return &Error{1114, "HY000", "The table '" + table + "' is full"}
	}
	return &Error{1030, "HY000", fmt.Sprintf("Got error %v from storage engine", err)}
}

func (t *Table) encode() []byte {
	b := bytes.NewBuffer(encode(header{t.Columns, t.Next}))
	for _, row := range t.Rows {
		b.Write(encode(row))
	}
	return b.Bytes()
}

// Load reads a data directory. What it cannot read is an error that names the file; directories without tables are schemas all the same.
func Load(files *storage.FileSystem, directory string) (Store, error) {
	store := Store{}
	entries, err := files.ReadDir(directory)
	if err != nil {
		return store, err
	}
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name, "#") || strings.HasPrefix(entry.Name, ".") || entry.Name == "lost+found" {
			continue
		}
		store = store.WithSchema(entry.Name)
		names, err := files.ReadDir(path.Join(directory, entry.Name))
		if err != nil {
			return store, err
		}
		for _, name := range names {
			table, isTable := strings.CutSuffix(name.Name, ".ibd")
			if !isTable {
				continue
			}
			data, err := files.ReadFile(path.Join(directory, entry.Name, name.Name))
			if err != nil {
				return store, err
			}
			decoded, err := decode(table, data)
			if err != nil {
				return store, fmt.Errorf("%s/%s: %w", entry.Name, name.Name, err)
			}
			store = store.WithTable(entry.Name, decoded)
		}
	}
	return store, nil
}

func decode(name string, data []byte) (*Table, error) {
	lines := bytes.Split(bytes.TrimRight(data, "\n"), []byte("\n"))
	var h header
	if err := json.Unmarshal(lines[0], &h); err != nil || len(h.Columns) == 0 {
		return nil, errors.New("not a table's file")
	}
	table := &Table{Name: name, Columns: h.Columns, Next: h.Next}
	for _, line := range lines[1:] {
		var row []Value
		if err := json.Unmarshal(line, &row); err != nil || len(row) != len(h.Columns) {
			return nil, errors.New("the file is damaged")
		}
		table.Rows = append(table.Rows, row)
	}
	return table, nil
}

// Encode is a whole Store as text, for those who send it to others.
func (s Store) Encode() []byte {
	all := map[string]map[string]string{} // encoding/json writes maps in the order of their keys
	for _, schema := range s.schemas {
		tables := map[string]string{}
		for _, table := range schema.tables {
			tables[table.Name] = string(table.encode())
		}
		all[schema.Name] = tables
	}
	return encode(all)
}

// DecodeStore reads what Encode has written.
func DecodeStore(data []byte) (Store, error) {
	var all map[string]map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		return Store{}, err
	}
	store := Store{}
	for _, schema := range slices.Sorted(maps.Keys(all)) {
		store = store.WithSchema(schema)
		for _, name := range slices.Sorted(maps.Keys(all[schema])) {
			table, err := decode(name, []byte(all[schema][name]))
			if err != nil {
				return Store{}, err
			}
			store = store.WithTable(schema, table)
		}
	}
	return store, nil
}
