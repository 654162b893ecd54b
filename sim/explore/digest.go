package explore

import (
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// This file says when two states of a world are one. They are when all rows and all that is pending are the same but for what has no meaning of its own:
// instants, uids (who has the uid of an object that is there is told apart from who has not), addresses, resource versions,
// generated names, Events, what is written in logs, and in files unless a property asks for them, and counters beyond the point at which they make a difference.
// What lies ahead is compared by who, what, and the order of magnitude of the time until then.

// unimportant are the fields that are left out, in whatever struct they are or in one.
var unimportant = map[string]bool{
	"ResourceVersion": true, "ManagedFields": true, "PodIP": true, "PodIPs": true, "HostIP": true, "HostIPs": true, "IPs": true, "IP": true, "Addresses": true,
	"ContainerID": true, "ID": true, "Log": true, "Root": true, "Tree": true, "Volume.Source": true, "Container.Config": true, "Shell": true, "Apps": true, "Output": true,
	"Number": true, "PID": true, "Processes": true,
}

// bounded are counters, and from which number on more of it makes no difference.
var bounded = map[string]int64{"Successes": 4, "Failures": 4, "RestartCount": 6, "Attempt": 6, "failures": 6}

// ignored are the tables that hold nothing of meaning: what makes addresses and names, what finds Events, and who set which field.
var ignored = map[store.Table]bool{"recorded": true, "lease": true, "address": true, "troubled": true, "managers": true}

// digester makes digests of states. It remembers those of rows, which never change.
type digester struct {
	rows   map[any]rowDigest
	shapes map[reflect.Type]shape
	kinds  map[*api.Kind]uint64 // places of the kinds that count
	window time.Duration
	files  bool // what is written in files counts
}

// rowDigest is the digest of a row, and the uids that it names, in order.
type rowDigest struct {
	sum  uint64
	uids []string
}

// rowSum is what the rows of a state add up to. As long as no object comes or goes, a change of a row changes its own share only.
type rowSum struct {
	sum    uint64
	owners map[string]uint64 // whose uid it is; not changed once it is made
}

// maxRows bounds what is remembered of rows.
const maxRows = 1 << 20

const tablePlace = 1 << 10 // of the first table, behind those of the kinds

func newDigester(window time.Duration, files bool) *digester {
	d := &digester{rows: map[any]rowDigest{}, shapes: map[reflect.Type]shape{}, kinds: map[*api.Kind]uint64{}, window: window, files: files}
	for i, kind := range api.Kinds() {
		if kind.Kind != "Event" {
			d.kinds[kind] = uint64(i)
		}
	}
	return d
}

// all adds up all rows.
func (d *digester) all(view store.View) rowSum {
	if len(d.rows) > maxRows {
		clear(d.rows)
	}
	s := rowSum{owners: map[string]uint64{}}
	for kind := range d.kinds { // in any order: a table is filled
		for object := range view.Objects(kind, "") {
			s.owners[string(object.GetUID())] = text(text(text(start, kind.Kind), object.GetNamespace()), object.GetName())
		}
	}
	for kind, place := range d.kinds { // in any order: it is a sum
		for object := range view.Objects(kind, "") {
			s.sum += d.row(s, place, object)
		}
	}
	for i, table := range view.Tables() {
		if ignored[table] {
			continue
		}
		for row := range store.Rows[store.Row](view, table, "") {
			s.sum += d.row(s, tablePlace+uint64(i), row)
		}
	}
	return s
}

// after is all for a cluster that came out of another one by what a record tells.
func (d *digester) after(s rowSum, c *sim.Cluster, record sim.Record) rowSum {
	for _, change := range record.Changes {
		place, counts := d.kinds[change.Kind]
		switch {
		case !counts:
		case change.Old == nil || change.New == nil:
			return d.all(c.View())
		default:
			s.sum += d.row(s, place, change.New) - d.row(s, place, change.Old)
		}
	}
	for _, change := range record.Rows {
		if ignored[change.Table] {
			continue
		}
		place := tablePlace + uint64(slices.Index(c.View().Tables(), change.Table))
		if change.New != nil {
			s.sum += d.row(s, place, change.New)
		}
		if change.Old != nil {
			s.sum -= d.row(s, place, change.Old)
		}
	}
	return s
}

// row is the digest of one row, as part of the sum over all: mixed, so that the order does not matter and nothing cancels out.
func (d *digester) row(s rowSum, place uint64, row any) uint64 {
	known, found := d.rows[row]
	if !found {
		w := &walk{d: d, sum: number(start, place)}
		w.value(reflect.ValueOf(stripped(row)))
		known = rowDigest{w.sum, w.uids}
		d.rows[row] = known
	}
	sum := known.sum
	for _, uid := range known.uids {
		sum = number(sum, s.owners[uid])
	}
	return kernel.Mix(sum)
}

// stripped is a row without a name that was drawn.
func stripped(row any) any {
	switch object := row.(type) {
	case *discoveryv1.EndpointSlice:
		twin := *object
		twin.Name = ""
		return &twin
	case *storagev1.VolumeAttachment:
		twin := *object
		twin.Name = ""
		return &twin
	}
	return row
}

// pending is the digest of what lies ahead.
func (d *digester) pending(s rowSum, view store.View) uint64 {
	var sum uint64
	var first time.Time
	for event := range view.Events() {
		if first.IsZero() {
			first = event.When
		}
		magnitude := 0
		for ahead := event.When.Sub(first); ahead > d.window; ahead /= 2 {
			magnitude++
		}
		w := &walk{d: d, sum: number(text(start, event.Kind), uint64(magnitude))}
		w.text(event.Key)
		one := w.sum
		for _, uid := range w.uids {
			one = number(one, s.owners[uid])
		}
		sum += kernel.Mix(one)
	}
	return sum
}

// FNV-1a.
const (
	start uint64 = 0xcbf29ce484222325
	prime uint64 = 0x100000001b3
)

func number(sum, n uint64) uint64 { return kernel.Mix(sum*prime + n) }

func text(sum uint64, s string) uint64 {
	for i := range len(s) {
		sum = (sum ^ uint64(s[i])) * prime
	}
	return (sum ^ 0xff) * prime
}

// walk goes through one row.
type walk struct {
	d    *digester
	sum  uint64
	uids []string
}

// text takes in a text, with the uids in it apart.
func (w *walk) text(s string) {
	const length = 36
	for i := 0; i+length <= len(s); i++ {
		if s[i+8] == '-' && s[i+13] == '-' && s[i+18] == '-' && s[i+23] == '-' {
			w.uids = append(w.uids, s[i:i+length])
			w.sum = number(text(w.sum, s[:i]), 1)
			s, i = s[i+length:], -1
		}
	}
	w.sum = text(w.sum, s)
}

func (w *walk) value(v reflect.Value) { w.d.shape(v.Type())(w, v) }

// shape takes in values of one type.
type shape func(w *walk, v reflect.Value)

func (d *digester) shape(t reflect.Type) shape {
	made, found := d.shapes[t]
	if !found {
		d.shapes[t] = func(w *walk, v reflect.Value) { d.shapes[t](w, v) } // for types that contain themselves
		made = d.makeShape(t)
		d.shapes[t] = made
	}
	return made
}

func (d *digester) makeShape(t reflect.Type) shape {
	switch t {
	case treeType:
		return takeFiles
	case reflect.TypeFor[time.Time](), reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[corev1.ObjectReference]():
		return func(*walk, reflect.Value) {}
	case reflect.TypeFor[resource.Quantity]():
		return func(w *walk, v reflect.Value) {
			if v.CanInterface() {
				quantity := v.Interface().(resource.Quantity)
				w.sum = number(w.sum, uint64(quantity.MilliValue()))
			}
		}
	}
	switch t.Kind() {
	case reflect.String:
		return func(w *walk, v reflect.Value) { w.text(v.String()) }
	case reflect.Bool:
		return func(w *walk, v reflect.Value) {
			if v.Bool() {
				w.sum = number(w.sum, 1)
			} else {
				w.sum = number(w.sum, 0)
			}
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(w *walk, v reflect.Value) { w.sum = number(w.sum, uint64(v.Int())) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(w *walk, v reflect.Value) { w.sum = number(w.sum, v.Uint()) }
	case reflect.Pointer, reflect.Interface:
		return func(w *walk, v reflect.Value) {
			if v.IsNil() {
				w.sum = number(w.sum, 0)
				return
			}
			w.sum = number(w.sum, 1)
			w.value(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		element := d.shape(t.Elem())
		return func(w *walk, v reflect.Value) {
			w.sum = number(w.sum, uint64(v.Len()))
			for i := range v.Len() {
				element(w, v.Index(i))
			}
		}
	case reflect.Map:
		return d.mapShape(t)
	case reflect.Struct:
		return d.structShape(t)
	}
	return func(*walk, reflect.Value) {} // functions and channels: there are none in rows
}

var treeType = reflect.TypeFor[storage.Tree]()

// takeFiles takes in the files of a tree, where they count.
func takeFiles(w *walk, v reflect.Value) {
	if !v.CanInterface() {
		return
	}
	tree := v.Interface().(storage.Tree)
	for path, info := range tree.All() {
		if w.text(path); info.Mode.IsRegular() {
			content, _ := tree.Content(path)
			w.text(content)
		}
	}
}

// mapShape takes in the entries in the order of their keys.
func (d *digester) mapShape(t reflect.Type) shape {
	element := d.shape(t.Elem())
	if t.Key().Kind() != reflect.String {
		return func(w *walk, v reflect.Value) { w.sum = number(w.sum, uint64(v.Len())) }
	}
	return func(w *walk, v reflect.Value) {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			switch {
			case a.String() < b.String():
				return -1
			case a.String() > b.String():
				return 1
			}
			return 0
		})
		w.sum = number(w.sum, uint64(len(keys)))
		for _, key := range keys {
			w.text(key.String())
			element(w, v.MapIndex(key))
		}
	}
}

func (d *digester) structShape(t reflect.Type) shape {
	type part struct {
		field int
		shape shape
		most  int64
	}
	var parts []part
	for i := range t.NumField() {
		if field := t.Field(i); d.files && field.Type == treeType || !unimportant[field.Name] && !unimportant[t.Name()+"."+field.Name] {
			parts = append(parts, part{i, d.shape(field.Type), bounded[field.Name]})
		}
	}
	return func(w *walk, v reflect.Value) {
		for _, part := range parts {
			field := v.Field(part.field)
			if part.most > 0 && field.CanInt() {
				w.sum = number(w.sum, uint64(min(field.Int(), part.most)))
				continue
			}
			part.shape(w, field)
		}
	}
}
