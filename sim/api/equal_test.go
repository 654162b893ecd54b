package api_test

import (
	"reflect"
	"testing"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// Equal says what upstream's comparison says, whichever field of whichever kind differs.
func TestEqualAgreesWithUpstream(t *testing.T) {
	for _, kind := range api.Kinds() {
		places := 0
		fill(reflect.ValueOf(kind.New()), &places, -1, 3)
		compare := func(what string, a, b api.Object) {
			if found, want := api.Equal(a, b), apiequality.Semantic.DeepEqual(a, b); found != want {
				t.Errorf("%s: %s: found %v, want %v", kind.Kind, what, found, want)
			}
		}
		filled := func(other int) api.Object {
			object, count := kind.New(), 0
			fill(reflect.ValueOf(object), &count, other, 3)
			return object
		}
		compare("the same", filled(-1), filled(-1))
		for place := 0; place < places; place += 1 + places/40 {
			compare("one place differs", filled(-1), filled(place))
		}
	}
}

func TestEqualOfWhatMeansTheSame(t *testing.T) {
	for what, pair := range map[string][2]any{
		"no list and an empty one":     {metav1.ObjectMeta{}, metav1.ObjectMeta{Finalizers: []string{}}},
		"no map and an empty one":      {metav1.ObjectMeta{}, metav1.ObjectMeta{Labels: map[string]string{}}},
		"another key":                  {metav1.ObjectMeta{Labels: map[string]string{"a": ""}}, metav1.ObjectMeta{Labels: map[string]string{"b": ""}}},
		"one unit and another":         {resource.MustParse("1Gi"), resource.MustParse("1024Mi")},
		"one zone and another":         {metav1.NewTime(time.Unix(0, 0)), metav1.NewTime(time.Unix(0, 0).UTC())},
		"nothing and nothing":          {(*metav1.Time)(nil), (*metav1.Time)(nil)},
		"a pointer and none":           {&metav1.Time{}, (*metav1.Time)(nil)},
		"maps of what is no plain one": {map[string][]byte{"a": nil}, map[string][]byte{"a": {}}},
		"maps that differ deep inside": {map[string][]byte{"a": nil}, map[string][]byte{"a": {1}}},
	} {
		if found, want := api.Equal(pair[0], pair[1]), apiequality.Semantic.DeepEqual(pair[0], pair[1]); found != want {
			t.Errorf("%s: found %v, want %v", what, found, want)
		}
	}
}

// fill puts something everywhere, and something else at one place.
func fill(v reflect.Value, place *int, other, depth int) {
	differs := func() bool { *place++; return *place-1 == other }
	switch v.Interface().(type) {
	case resource.Quantity:
		if v.Set(reflect.ValueOf(resource.MustParse("1"))); differs() {
			v.Set(reflect.ValueOf(resource.MustParse("2")))
		}
		return
	case metav1.Time:
		if v.Set(reflect.ValueOf(metav1.Unix(1, 0))); differs() {
			v.Set(reflect.ValueOf(metav1.Unix(2, 0)))
		}
		return
	case metav1.MicroTime:
		if v.Set(reflect.ValueOf(metav1.NewMicroTime(time.Unix(1, 0)))); differs() {
			v.Set(reflect.ValueOf(metav1.NewMicroTime(time.Unix(2, 0))))
		}
		return
	case time.Time:
		return // within one of those
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			if depth == 0 || differs() {
				return
			}
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), place, other, depth)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i), place, other, depth)
			}
		}
	case reflect.Slice:
		if depth == 0 || differs() {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), place, other, depth-1)
	case reflect.Map:
		if depth == 0 || differs() {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, place, other, depth-1)
		fill(value, place, other, depth-1)
		v.SetMapIndex(key, value)
	case reflect.String:
		if v.SetString("a"); differs() {
			v.SetString("b")
		}
	case reflect.Bool:
		v.SetBool(differs())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.SetInt(1); differs() {
			v.SetInt(2)
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if v.SetUint(1); differs() {
			v.SetUint(2)
		}
	}
}

func BenchmarkEqual(b *testing.B) {
	one, other, count := api.KindNamed("Pod").New(), api.KindNamed("Pod").New(), 0
	fill(reflect.ValueOf(one), &count, -1, 3)
	fill(reflect.ValueOf(other), &count, -1, 3)
	b.ReportAllocs()
	for b.Loop() {
		if !api.Equal(one, other) {
			b.Fatal("expected them to be equal")
		}
	}
}
