package store

import "github.com/stsim/stsim/sim/api"

// Table names a table of rows that are no API objects.
type Table string

// Row is a row of such a table. Its key is unique in the table; rows are listed in the order of their keys.
type Row interface{ RowKey() string }

// places are where each kind is in the table of kinds.
var places = func() map[*api.Kind]int {
	places := map[*api.Kind]int{}
	for place, kind := range api.Kinds() {
		places[kind] = place
	}
	return places
}()

func nameKey(namespace, name string) string { return namespace + "\x00" + name }
