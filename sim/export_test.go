package sim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// Difference says in what two worlds differ: counters, pending events, objects, rows with all that hangs on them, such as files and the
// state of shells. It is empty when they are the same.
func Difference(a, b store.View) string {
	if a.Meta() != b.Meta() {
		return fmt.Sprintf("counters: %+v and %+v", a.Meta(), b.Meta())
	}
	if one, other := slices.Collect(a.Events()), slices.Collect(b.Events()); !reflect.DeepEqual(one, other) {
		return fmt.Sprintf("pending events: %v and %v", one, other)
	}
	for _, kind := range api.Kinds() {
		one, other := slices.Collect(a.Objects(kind, "")), slices.Collect(b.Objects(kind, ""))
		if len(one) != len(other) {
			return fmt.Sprintf("%d and %d of %s", len(one), len(other), kind.Kind)
		}
		for i := range one {
			if was, is := asJSON(one[i]), asJSON(other[i]); was != is {
				return was + "\n" + is
			}
		}
	}
	for _, table := range tables() {
		one, other := slices.Collect(store.Rows[store.Row](a, table, "")), slices.Collect(store.Rows[store.Row](b, table, ""))
		if len(one) != len(other) {
			return fmt.Sprintf("%d and %d rows of %s", len(one), len(other), table)
		}
		for i := range one {
			if !reflect.DeepEqual(laidOut(one[i]), laidOut(other[i])) {
				return fmt.Sprintf("row %s of %s: %+v and %+v", one[i].RowKey(), table, one[i], other[i])
			}
		}
	}
	return ""
}

// laidOut is a row with the files that are made when somebody looks.
func laidOut(row store.Row) store.Row {
	if volume, is := row.(*container.Volume); is {
		made := *volume
		made.Tree = volume.Tree.Made()
		return &made
	}
	return row
}

func asJSON(object any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return string(text)
}
