package store

import (
	"fmt"

	"github.com/hashicorp/go-memdb"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// Table names a table of rows that are no API objects.
type Table string

// Row is a row of such a table. Its key is unique in the table; rows are listed in the order of their keys.
type Row interface{ RowKey() string }

// Indexes of API objects.
const (
	byID    = "id"
	byOwner = "owner" // the uids of all their owners
	byNode  = "node"  // Pods: spec.nodeName
)

func schema() *memdb.DBSchema {
	all := &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{}}
	add := func(name string, indexes ...*memdb.IndexSchema) {
		table := &memdb.TableSchema{Name: name, Indexes: map[string]*memdb.IndexSchema{}}
		for _, index := range indexes {
			table.Indexes[index.Name] = index
		}
		all.Tables[name] = table
	}
	for _, kind := range api.Kinds() {
		indexes := []*memdb.IndexSchema{
			{Name: byID, Unique: true, Indexer: nameIndexer{}},
			{Name: byOwner, AllowMissing: true, Indexer: ownerIndexer{}},
		}
		if kind.Kind == "Pod" {
			indexes = append(indexes, &memdb.IndexSchema{Name: byNode, AllowMissing: true, Indexer: nodeIndexer{}})
		}
		add(kind.Kind, indexes...)
	}
	return all
}

// The indexers are written by hand: go-memdb's own go through reflection. Every key ends in a zero byte, so that no
// key is the beginning of another one.

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

type ownerIndexer struct{}

func (ownerIndexer) FromObject(row any) (bool, [][]byte, error) {
	owners := row.(api.Object).GetOwnerReferences()
	if len(owners) == 0 {
		return false, nil, nil
	}
	keys := make([][]byte, len(owners))
	for i := range owners {
		keys[i] = stringKey(string(owners[i].UID))
	}
	return true, keys, nil
}

func (ownerIndexer) FromArgs(args ...any) ([]byte, error) {
	return stringKey(string(args[0].(api.UID))), nil
}

type nodeIndexer struct{}

func (nodeIndexer) FromObject(row any) (bool, []byte, error) {
	node := row.(*corev1.Pod).Spec.NodeName
	return node != "", stringKey(node), nil
}

func (nodeIndexer) FromArgs(args ...any) ([]byte, error) { return stringKey(args[0].(string)), nil }

func stringKey(text string) []byte { return append([]byte(text), 0) }
