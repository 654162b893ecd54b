package property

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/api"
)

// sort is what can be done with a value.
type sort int

const (
	number   sort = iota // int64
	text                 // string
	truth                // bool
	quantity             // resource.Quantity
	list                 // []any
	record               // reflect.Value of a struct
	mapping              // reflect.Value of a map whose keys are texts
	nothing              // nil; a value of any other shape may be nil as well
	opaque               // what no operator knows
)

// shape is what is known of an expression's value before there is one.
type shape struct {
	sort sort
	of   reflect.Type // of a record; of an element, for list and mapping
}

// String names the shape in messages.
func (s shape) String() string {
	switch s.sort {
	case number:
		return "a number"
	case text:
		return "a text"
	case truth:
		return "true or false"
	case quantity:
		return "a quantity"
	case list:
		if s.of != nil && shapeOf(s.of).sort == record {
			return "a list of " + s.of.Name() + "s"
		}
		return "a list"
	case record:
		return "one " + s.of.Name()
	case mapping:
		return "a map"
	case nothing:
		return "nil"
	}
	return "something that cannot be looked into"
}

// element is the shape of what is in a list or a map.
func (s shape) element() shape { return shapeOf(s.of) }

var (
	quantityType = reflect.TypeFor[resource.Quantity]()
	timeType     = reflect.TypeFor[metav1.Time]()
	microType    = reflect.TypeFor[metav1.MicroTime]()
	durationType = reflect.TypeFor[metav1.Duration]()
	intstrType   = reflect.TypeFor[intstr.IntOrString]()
	bytesType    = reflect.TypeFor[[]byte]()
)

// shapeOf is the shape that values of a Go type have here.
func shapeOf(t reflect.Type) shape {
	switch t {
	case quantityType:
		return shape{sort: quantity}
	case timeType, microType, durationType, intstrType, bytesType:
		return shape{sort: text}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Bool:
		return shape{sort: truth}
	case reflect.String:
		return shape{sort: text}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return shape{sort: number, of: t}
	case reflect.Slice:
		return shape{sort: list, of: t.Elem()}
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return shape{sort: mapping, of: t.Elem()}
		}
	case reflect.Struct:
		return shape{sort: record, of: t}
	}
	return shape{sort: opaque}
}

// valueOf turns a Go value into one of the language.
func valueOf(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		return valueOf(v.Elem())
	}
	switch v.Type() {
	case quantityType:
		return v.Interface()
	case timeType:
		return instant(v.Interface().(metav1.Time).Time, time.RFC3339)
	case microType:
		return instant(v.Interface().(metav1.MicroTime).Time, metav1.RFC3339Micro)
	case durationType:
		return v.Interface().(metav1.Duration).Duration.String()
	case intstrType:
		either := v.Interface().(intstr.IntOrString)
		return either.String()
	case bytesType:
		return string(v.Bytes())
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		all := make([]any, v.Len())
		for i := range all {
			all[i] = valueOf(v.Index(i))
		}
		return all
	case reflect.Map:
		if v.IsNil() {
			return nil
		}
	}
	return v
}

func instant(t time.Time, layout string) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(layout)
}

// maxShown is how many elements of a list a message shows.
const maxShown = 10

// show prints a value in a message.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "not set"
	case string:
		return strconv.Quote(shorten(v))
	case resource.Quantity:
		return v.String()
	case []any:
		var parts []string
		for _, element := range v[:min(len(v), maxShown)] {
			parts = append(parts, show(element))
		}
		if more := len(v) - len(parts); more > 0 {
			parts = append(parts, fmt.Sprintf("%d more", more))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Value:
		if v.Kind() == reflect.Map {
			return fmt.Sprintf("a map of %d", v.Len())
		}
		return showRecord(v)
	}
	return fmt.Sprint(v)
}

// showRecord prints an object, or anything else that has a name, by its name.
func showRecord(v reflect.Value) string {
	if v.CanAddr() {
		if object, ok := v.Addr().Interface().(api.Object); ok {
			return object.GetName()
		}
	}
	for _, field := range []string{"Name", "Type"} {
		if name := v.FieldByName(field); name.IsValid() && name.Kind() == reflect.String && name.String() != "" {
			return name.String()
		}
	}
	return "one " + v.Type().Name()
}
