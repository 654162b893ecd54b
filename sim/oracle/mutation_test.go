package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/api"
)

// validObjects are the objects of testdata/valid.yaml, which are valid.
func validObjects(t *testing.T) []api.Object {
	data, err := os.ReadFile("testdata/valid.yaml")
	must(err)
	objects, err := api.Decode(data, api.Release{})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// mutator changes objects somewhere, to values that make a difference.
type mutator struct {
	samples map[reflect.Type][]reflect.Value // values of every type in valid objects
}

func newMutator(objects []api.Object) *mutator {
	m := &mutator{samples: map[reflect.Type][]reflect.Value{}}
	for _, object := range objects {
		m.collect(reflect.ValueOf(object).Elem())
	}
	return m
}

func (m *mutator) collect(value reflect.Value) {
	if value.IsZero() {
		return
	}
	if seen := m.samples[value.Type()]; len(seen) < 60 {
		m.samples[value.Type()] = append(seen, value)
	}
	switch {
	case opaque(value.Type()):
	case value.Kind() == reflect.Pointer:
		m.collect(value.Elem())
	case value.Kind() == reflect.Struct:
		for i := range value.NumField() {
			m.collect(value.Field(i))
		}
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			m.collect(value.Index(i))
		}
	}
}

// opaque types are changed as a whole.
func opaque(kind reflect.Type) bool {
	switch kind {
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[intstr.IntOrString](),
		reflect.TypeFor[[]byte]():
		return true
	}
	return kind.Name() == "RawExtension"
}

// place is somewhere in an object.
type place struct {
	path  string
	value reflect.Value
}

// untouched are fields that are not the validation's business, or that a request has from elsewhere.
var untouched = []string{"TypeMeta", "ManagedFields", "Namespace", "SelfLink", "ResourceVersion", "CreationTimestamp", "DeletionTimestamp", "DeletionGracePeriodSeconds"}

func places(path string, value reflect.Value, found []place) []place {
	if path != "" {
		found = append(found, place{path, value})
	}
	switch {
	case opaque(value.Type()):
	case value.Kind() == reflect.Pointer && !value.IsNil():
		return places(path, value.Elem(), found)
	case value.Kind() == reflect.Struct:
		for i := range value.NumField() {
			switch kind := value.Type().Field(i); {
			case strings.Count(path, ".") < 2 && slices.Contains(untouched, kind.Name), path == "" && kind.Name == "Status":
			case kind.Anonymous:
				found = places(path, value.Field(i), found)
			default:
				found = places(path+"."+kind.Name, value.Field(i), found)
			}
		}
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			found = places(fmt.Sprintf("%s[%d]", path, i), value.Index(i), found)
		}
	}
	return found
}

// mutate changes one place, which the seed chooses together with the value, and says what it did. Of the status only, if asked for.
func (m *mutator) mutate(object api.Object, seed uint64, status bool) string {
	chance := rand.New(rand.NewPCG(seed, 3))
	root := reflect.ValueOf(object).Elem()
	found := places("", root, nil)
	if at := root.FieldByName("Status"); status && at.IsValid() {
		found = places(".Status", at, nil)
	}
	chosen := found[chance.IntN(len(found))]
	m.change(chosen.value, chance)
	text, err := json.Marshal(chosen.value.Interface())
	if err != nil {
		text = []byte(err.Error())
	}
	if len(text) > 200 {
		text = append(text[:200], "..."...)
	}
	return fmt.Sprintf("%s = %s", chosen.path, text)
}

// words are texts that are something somewhere, and that are nothing.
var words = []string{
	"", "Bogus", "a", "b", "web", "nginx", "UPPER", "-a", "a-", "a_b", "a b", "a.b", "a..b", "a/b", "/a", "/a/b", "../a", "a/../b", "a:b", "a=b", "1", "-1", "0", "123",
	"10.0.0.1", "10.0.0.300", "010.0.0.1", "127.0.0.1", "169.254.0.1", "224.0.0.1", "0.0.0.0", "::1", "fd00::1", "::ffff:10.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "fd00::/64", "None", "$(A)", "*", "*.example.com",
	"example.com/a", "example.com", "kubernetes.io/a", "a/b/c", "metadata.name", "metadata.labels['a']", "metadata.annotations['a b']", "spec.nodeName", "status.podIP", "status.hostIPs",
	"limits.cpu", "requests.memory", "limits.hugepages-2Mi", "cpu", "memory", "storage", "hugepages-2Mi", "ephemeral-storage", "pods", "requests.example.com/x",
	"kube-system", "system-node-critical", "system:a", "50%", "150%", "1Gi", "TRUE", "Always", "Never", "TCP", "tcp", "http", "é", "a\nb", ".", "..", "..a",
	strings.Repeat("a", 15), strings.Repeat("a", 16), strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 253), strings.Repeat("a", 254), strings.Repeat("a.", 127) + "a", strings.Repeat("a", 1025),
}

var numbers = []int64{-2147483648, -1, 0, 1, 2, 3, 5, 10, 63, 64, 100, 101, 511, 512, 1000, 3600, 10000, 65535, 65536, 86400, 86401, 100000, 100001, 1000000001, 2000000001, 2147483647}

var amounts = []string{"-1", "0", "1", "1.5", "100m", "0.0001", "1Gi", "2Gi", "3Gi", "1Mi", "1e3", "100"}

func (m *mutator) change(value reflect.Value, chance *rand.Rand) {
	kind := value.Type()
	if known := m.samples[kind]; len(known) > 0 && chance.IntN(4) == 0 {
		value.Set(deepCopy(known[chance.IntN(len(known))]))
		return
	}
	if opaque(kind) {
		m.changeOpaque(value, chance)
		return
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString(words[chance.IntN(len(words))])
	case reflect.Int, reflect.Int32, reflect.Int64:
		number := numbers[chance.IntN(len(numbers))]
		if chance.IntN(3) == 0 {
			number = value.Int() + int64(chance.IntN(3)) - 1
		}
		value.SetInt(number)
	case reflect.Bool:
		value.SetBool(!value.Bool())
	case reflect.Pointer:
		if !value.IsNil() && chance.IntN(2) == 0 {
			value.SetZero()
			return
		}
		fresh := reflect.New(kind.Elem())
		if kind.Elem().Kind() != reflect.Struct || opaque(kind.Elem()) {
			m.change(fresh.Elem(), chance)
		} else if chance.IntN(2) == 0 {
			m.fill(fresh.Elem(), chance)
		}
		value.Set(fresh)
	case reflect.Struct:
		if chance.IntN(2) == 0 {
			value.SetZero()
		}
		m.fill(value, chance)
	case reflect.Slice:
		m.changeSlice(value, chance)
	case reflect.Map:
		m.changeMap(value, chance)
	}
}

// fill changes a few fields of a struct.
func (m *mutator) fill(value reflect.Value, chance *rand.Rand) {
	for i := range value.NumField() {
		if chance.IntN(3) == 0 && value.Field(i).CanSet() && value.Type().Field(i).Name != "TypeMeta" {
			m.change(value.Field(i), chance)
		}
	}
}

func (m *mutator) changeSlice(value reflect.Value, chance *rand.Rand) {
	kind := value.Type()
	copied := reflect.MakeSlice(kind, 0, value.Len()+1)
	for i := range value.Len() {
		copied = reflect.Append(copied, deepCopy(value.Index(i)))
	}
	switch n := copied.Len(); chance.IntN(6) {
	case 0:
		copied = reflect.Zero(kind)
	case 1:
		if n > 0 {
			at := chance.IntN(n)
			copied = reflect.AppendSlice(copied.Slice(0, at), copied.Slice(at+1, n))
		}
	case 2:
		if n > 0 {
			copied = reflect.Append(copied, deepCopy(copied.Index(chance.IntN(n))))
		}
	case 3:
		copied = reflect.Append(copied, reflect.Zero(kind.Elem()))
	case 4:
		if known := m.samples[kind.Elem()]; len(known) > 0 {
			copied = reflect.Append(copied, deepCopy(known[chance.IntN(len(known))]))
		}
	default:
		fresh := reflect.New(kind.Elem()).Elem()
		m.change(fresh, chance)
		copied = reflect.Append(copied, fresh)
	}
	value.Set(copied)
}

func (m *mutator) changeMap(value reflect.Value, chance *rand.Rand) {
	kind := value.Type()
	changed := reflect.MakeMap(kind)
	keys := value.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		changed.SetMapIndex(key, deepCopy(value.MapIndex(key)))
	}
	switch chance.IntN(4) {
	case 0:
		changed = reflect.Zero(kind)
	case 1:
		if len(keys) > 0 {
			changed.SetMapIndex(keys[chance.IntN(len(keys))], reflect.Value{})
		}
	default:
		key, element := reflect.New(kind.Key()).Elem(), reflect.New(kind.Elem()).Elem()
		if key.SetString(words[chance.IntN(len(words))]); len(keys) > 0 && chance.IntN(2) == 0 {
			key = keys[chance.IntN(len(keys))]
		}
		m.change(element, chance)
		changed.SetMapIndex(key, element)
	}
	value.Set(changed)
}

func (m *mutator) changeOpaque(value reflect.Value, chance *rand.Rand) {
	switch target := value.Addr().Interface().(type) {
	case *resource.Quantity:
		*target = resource.MustParse(amounts[chance.IntN(len(amounts))])
	case *intstr.IntOrString:
		*target = intstr.FromInt32(int32(numbers[chance.IntN(len(numbers))]))
		if chance.IntN(2) == 0 {
			*target = intstr.FromString(append(words, "0%", "100%", "101%", "-5%", "%")[chance.IntN(len(words)+5)])
		}
	case *metav1.Time:
		*target = metav1.Time{}
		if chance.IntN(2) == 0 {
			*target = metav1.NewTime(worldStart)
		}
	case *metav1.MicroTime:
		*target = metav1.MicroTime{}
		if chance.IntN(2) == 0 {
			*target = metav1.NewMicroTime(worldStart)
		}
	case *[]byte:
		*target = [][]byte{nil, []byte("x"), []byte("{}"), []byte(`{"auths":{}}`), []byte("[1]")}[chance.IntN(5)]
	}
}

// deepCopy is a value that shares nothing with the one it is made from.
func deepCopy(value reflect.Value) reflect.Value {
	fresh := reflect.New(value.Type()).Elem()
	switch {
	case value.Type() == reflect.TypeFor[resource.Quantity]():
		fresh.Set(reflect.ValueOf(value.Interface().(resource.Quantity).DeepCopy()))
	case opaque(value.Type()):
		fresh.Set(value)
	case value.Kind() == reflect.Pointer && !value.IsNil():
		fresh.Set(reflect.New(value.Type().Elem()))
		fresh.Elem().Set(deepCopy(value.Elem()))
	case value.Kind() == reflect.Struct:
		fresh.Set(value)
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				fresh.Field(i).Set(deepCopy(value.Field(i)))
			}
		}
	case value.Kind() == reflect.Slice && !value.IsNil():
		fresh.Set(reflect.MakeSlice(value.Type(), value.Len(), value.Len()))
		for i := range value.Len() {
			fresh.Index(i).Set(deepCopy(value.Index(i)))
		}
	case value.Kind() == reflect.Map && !value.IsNil():
		fresh.Set(reflect.MakeMap(value.Type()))
		for _, key := range value.MapKeys() {
			fresh.SetMapIndex(key, deepCopy(value.MapIndex(key)))
		}
	default:
		fresh.Set(value)
	}
	return fresh
}

// asSent is the object as it comes out of a request's JSON; nil when it cannot be sent.
func asSent(object api.Object) api.Object {
	text, err := json.Marshal(object)
	if err != nil {
		return nil
	}
	sent := api.KindOf(object).New()
	if json.Unmarshal(text, sent) != nil {
		return nil
	}
	return sent
}
