package apiserver

import (
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/stsim/stsim/sim/api"
)

// present gives a stored object in the version that the request is made in. In the stored version it is the object itself, which
// is shared and must not be changed.
func present(object api.Object, version schema.GroupVersion) (runtime.Object, error) {
	if stored := api.KindOf(object); stored.Group == version.Group && stored.Version == version.Version {
		return object, nil
	}
	return api.FromStored(object, version)
}

// newList is a list of objects, which are copied without their apiVersion and kind, as upstream's lists are.
func newList(gvk schema.GroupVersionKind, objects []runtime.Object) (runtime.Object, error) {
	gvk.Kind += "List"
	list, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	list.GetObjectKind().SetGroupVersionKind(gvk)
	items := reflect.ValueOf(list).Elem().FieldByName("Items")
	copies := reflect.MakeSlice(items.Type(), len(objects), len(objects))
	for i, object := range objects {
		item := copies.Index(i)
		item.Set(reflect.ValueOf(object).Elem())
		item.Addr().Interface().(runtime.Object).GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{})
	}
	items.Set(copies)
	return list, nil
}
