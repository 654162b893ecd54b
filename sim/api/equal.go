package api

import (
	"maps"
	"reflect"
	"unsafe"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Equal says whether two values of API types mean the same: an empty list or map is as good as none, quantities are compared as
// numbers and times as instants. It agrees with apimachinery's equality.Semantic.DeepEqual, which takes ten times as long:
// every write of an object asks it.
func Equal[T any](a, b T) bool {
	if first := reflect.ValueOf(a); first.Kind() == reflect.Pointer { // of this type, or in an interface: nothing has to be put somewhere
		second := reflect.ValueOf(b)
		return second.Kind() == reflect.Pointer && first.Type() == second.Type() && equal(first, second)
	}
	return equalValues(a, b)
}

func equalValues[T any](a, b T) bool {
	return equal(reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
}

var (
	quantityType  = reflect.TypeFor[resource.Quantity]()
	timeType      = reflect.TypeFor[metav1.Time]()
	microTimeType = reflect.TypeFor[metav1.MicroTime]()
	resourcesType = reflect.TypeFor[corev1.ResourceList]()
	labelsType    = reflect.TypeFor[map[string]string]()
	bytesType     = reflect.TypeFor[[]byte]()
)

func equal(a, b reflect.Value) bool {
	switch a.Type() {
	case quantityType:
		return pointer[resource.Quantity](a).Cmp(*pointer[resource.Quantity](b)) == 0
	case timeType:
		return pointer[metav1.Time](a).Equal(pointer[metav1.Time](b))
	case microTimeType:
		return pointer[metav1.MicroTime](a).Equal(pointer[metav1.MicroTime](b))
	case resourcesType:
		return maps.EqualFunc(*pointer[corev1.ResourceList](a), *pointer[corev1.ResourceList](b), func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 })
	case labelsType:
		return maps.Equal(*pointer[map[string]string](a), *pointer[map[string]string](b))
	case bytesType:
		return string(a.Bytes()) == string(b.Bytes())
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		a, b = a.Elem(), b.Elem()
		return a.Type() == b.Type() && (a.CanAddr() && a.Addr() == b.Addr() || equal(a, b))
	case reflect.Struct:
		if a.CanAddr() && b.CanAddr() && sameBytes(a, b) {
			return true // most of a changed object is a shallow copy of the old one
		}
		for i := range a.NumField() {
			if !equal(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		if a.Len() > 0 && a.UnsafePointer() == b.UnsafePointer() {
			return true
		}
		for i := range a.Len() {
			if !equal(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		if a.Len() != b.Len() {
			return false
		}
		for entries := a.MapRange(); entries.Next(); {
			other := b.MapIndex(entries.Key())
			if !other.IsValid() || !equal(entries.Value(), other) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// sameBytes says whether two structs of one type are the same down to their pointers.
func sameBytes(a, b reflect.Value) bool {
	size := a.Type().Size()
	return string(unsafe.Slice((*byte)(a.Addr().UnsafePointer()), size)) == string(unsafe.Slice((*byte)(b.Addr().UnsafePointer()), size))
}

// pointer is where a value is, or a copy of it when it is nowhere: in a map.
func pointer[T any](value reflect.Value) *T {
	if value.CanAddr() {
		return value.Addr().Interface().(*T)
	}
	copied := value.Interface().(T)
	return &copied
}
