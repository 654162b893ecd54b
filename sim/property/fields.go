package property

import (
	"reflect"
	"strings"
)

// fieldsOf are the fields of a struct by their names in manifests; those of embedded structs are its own.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case name == "" && field.Anonymous && field.Type.Kind() == reflect.Struct:
			for inner, index := range fieldsOf(field.Type) {
				fields[inner] = append([]int{i}, index...)
			}
		case name != "":
			fields[name] = []int{i}
		}
	}
	return fields
}
