package mongo

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// value is a value of the shell's JavaScript, and of documents: nil (null), undefined{}, bool, float64, string, id, date, []value or *object.
type value any

type undefined struct{}

// id is an ObjectId.
type id string

// date is a time as the shell prints it.
type date string

// raw is something that the shell prints as it is, e.g. NumberLong(1).
type raw string

// object is a document: its fields in order. Once it is in a value that is kept it is not changed.
type object struct {
	keys   []string
	fields map[string]value
}

func doc(pairs ...any) *object {
	o := &object{fields: map[string]value{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

func (o *object) set(key string, v value) *object {
	if _, known := o.fields[key]; !known {
		o.keys = append(o.keys, key)
	}
	o.fields[key] = v
	return o
}

func (o *object) get(key string) value {
	if v, known := o.fields[key]; known {
		return v
	}
	return undefined{}
}

func (o *object) clone() *object {
	c := &object{fields: map[string]value{}}
	for _, key := range o.keys {
		c.set(key, o.fields[key])
	}
	return c
}

func number(v value) float64 {
	if n, ok := v.(float64); ok {
		return n
	}
	return 0
}

func text(v value) string {
	s, _ := v.(string)
	return s
}

func truth(v value) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	}
	return true
}

func numeral(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// show is a value as the shell prints it: pretty with an indent of tabs, else on one line.
func show(v value, pretty bool, indent string) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case undefined:
		return "undefined"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return numeral(v)
	case string:
		quoted, _ := json.Marshal(v)
		return string(quoted)
	case id:
		return fmt.Sprintf("ObjectId(%q)", string(v))
	case date:
		return fmt.Sprintf("ISODate(%q)", string(v))
	case raw:
		return string(v)
	case []value:
		if len(v) == 0 {
			return "[ ]"
		}
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = show(item, pretty, indent+"\t")
		}
		if pretty {
			return "[\n" + indent + "\t" + strings.Join(items, ",\n"+indent+"\t") + "\n" + indent + "]"
		}
		return "[ " + strings.Join(items, ", ") + " ]"
	case *object:
		if len(v.keys) == 0 {
			return "{ }"
		}
		items := make([]string, len(v.keys))
		for i, key := range v.keys {
			items[i] = fmt.Sprintf("%q : %s", key, show(v.fields[key], pretty, indent+"\t"))
		}
		if pretty {
			return "{\n" + indent + "\t" + strings.Join(items, ",\n"+indent+"\t") + "\n" + indent + "}"
		}
		return "{ " + strings.Join(items, ", ") + " }"
	}
	return fmt.Sprint(v)
}

// plain is a value for the wire and the log: JSON, in which documents are lists of pairs, since their order counts.
func plain(v value) any {
	switch v := v.(type) {
	case undefined:
		return nil
	case id:
		return map[string]any{"i": string(v)}
	case date:
		return map[string]any{"t": string(v)}
	case raw:
		return map[string]any{"r": string(v)}
	case []value:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = plain(item)
		}
		return map[string]any{"a": items}
	case *object:
		pairs := make([]any, 0, 2*len(v.keys))
		for _, key := range v.keys {
			pairs = append(pairs, key, plain(v.fields[key]))
		}
		return pairs
	}
	return v
}

// unplain reads what plain gives.
func unplain(v any) value {
	switch v := v.(type) {
	case []any:
		o := doc()
		for i := 0; i+1 < len(v); i += 2 {
			o.set(fmt.Sprint(v[i]), unplain(v[i+1]))
		}
		return o
	case map[string]any:
		if s, ok := v["i"].(string); ok {
			return id(s)
		}
		if s, ok := v["t"].(string); ok {
			return date(s)
		}
		if s, ok := v["r"].(string); ok {
			return raw(s)
		}
		list, _ := v["a"].([]any)
		items := make([]value, len(list))
		for i, item := range list {
			items[i] = unplain(item)
		}
		return items
	}
	return v
}

func encode(v value) string {
	data, _ := json.Marshal(plain(v)) // plain gives nothing that JSON cannot say, but for numbers that are none
	return string(data)
}

func decode(data string) (*object, bool) {
	var v any
	if json.Unmarshal([]byte(data), &v) != nil {
		return nil, false
	}
	o, ok := unplain(v).(*object)
	return o, ok
}

// equal compares two values as a filter does.
func equal(a, b value) bool { return encode(a) == encode(b) }

// matches says whether a document fits a filter: fields and values, or an object of the operators below.
func matches(d, filter *object) (bool, error) {
	for _, key := range filter.keys {
		if strings.HasPrefix(key, "$") {
			return false, fmt.Errorf("the operator %s is not simulated; fields with values, $gt, $gte, $lt, $lte, $ne, $in and $exists are", key)
		}
		have := d.get(key)
		want, isObject := filter.fields[key].(*object)
		if !isObject || len(want.keys) == 0 || !strings.HasPrefix(want.keys[0], "$") {
			if !equal(have, filter.fields[key]) {
				return false, nil
			}
			continue
		}
		for _, operator := range want.keys {
			operand, fits := want.fields[operator], false
			_, missing := have.(undefined)
			switch operator {
			case "$gt", "$gte", "$lt", "$lte":
				c, comparable := compare(have, operand)
				fits = comparable && (c > 0 && operator[1] == 'g' || c < 0 && operator[1] == 'l' || c == 0 && strings.HasSuffix(operator, "e"))
			case "$ne":
				fits = !equal(have, operand)
			case "$exists":
				fits = missing != truth(operand)
			case "$in":
				list, _ := operand.([]value)
				for _, one := range list {
					fits = fits || equal(have, one)
				}
			default:
				return false, fmt.Errorf("the operator %s is not simulated; fields with values, $gt, $gte, $lt, $lte, $ne, $in and $exists are", operator)
			}
			if !fits {
				return false, nil
			}
		}
	}
	return true, nil
}

func compare(a, b value) (int, bool) {
	if x, ok := a.(float64); ok {
		if y, ok := b.(float64); ok {
			switch {
			case x < y:
				return -1, true
			case x > y:
				return 1, true
			}
			return 0, true
		}
	}
	x, ok1 := a.(string)
	y, ok2 := b.(string)
	return strings.Compare(x, y), ok1 && ok2
}
