package store

import (
	"fmt"

	"github.com/hashicorp/go-memdb"

	"github.com/stsim/stsim/sim/api"
)

// Table names a table of rows that are no API objects.
type Table string

// Row is a row of such a table. Its key is unique in the table; rows are listed in the order of their keys.
type Row interface{ RowKey() string }

// byID is the one index of a go-memdb table here: namespace and name.
const byID = "id"

// schema is a go-memdb table per kind.
func schema() *memdb.DBSchema {
	all := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{}}
	for _, kind := range api.Kinds() {
		all.Tables[kind.Kind] = &memdb.TableSchema{Name: kind.Kind, Indexes: map[string]*memdb.IndexSchema{
			byID: {Name: byID, Unique: true, Indexer: nameIndexer{}},
		}}
	}
	return all
}

// nameIndexer makes keys of namespace and name. It is written by hand: go-memdb's own go through reflection. Every key ends in a
// zero byte, so that no key is the beginning of another one.
type nameIndexer struct{}

func (nameIndexer) FromObject(row any) (bool, []byte, error) {
	object, ok := row.(api.Object)
	if !ok {
		return false, nil, fmt.Errorf("store: want an API object, got %T", row)
	}
	return true, nameKey(object.GetNamespace(), object.GetName()), nil
}

func (nameIndexer) FromArgs(args ...any) ([]byte, error) {
	return nameKey(args[0].(string), args[1].(string)), nil
}

// PrefixFromArgs serves listing a namespace.
func (nameIndexer) PrefixFromArgs(args ...any) ([]byte, error) {
	return append([]byte(args[0].(string)), 0), nil
}

func nameKey(namespace, name string) []byte {
	key := make([]byte, 0, len(namespace)+len(name)+2)
	key = append(key, namespace...)
	key = append(key, 0)
	key = append(key, name...)
	return append(key, 0)
}
