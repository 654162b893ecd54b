package store

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func plain() *corev1.Event {
	at := metav1.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return &corev1.Event{
		TypeMeta:       metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta:     metav1.ObjectMeta{Namespace: "x", Name: "web.17", UID: "12345678-1234-4234-8234-123456789abc", ResourceVersion: "77", CreationTimestamp: at},
		InvolvedObject: corev1.ObjectReference{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: "x", Name: "web", UID: "any", ResourceVersion: "7", FieldPath: "spec"},
		Type:           "Warning", Reason: "Failed", Message: "why", Count: 3, FirstTimestamp: at, LastTimestamp: metav1.Time{Time: at.Add(time.Hour)},
		Source:              corev1.EventSource{Component: "kubelet", Host: "node-1"},
		ReportingController: "kubelet", ReportingInstance: "node-1",
	}
}

// Whatever an Event says, it comes back as it was put.
func TestEventsComeBackAsTheyWere(t *testing.T) {
	keep := func(what string, event *corev1.Event) (packed bool) {
		kept := pack(event, string(appendNameKey(nil, event.Namespace, event.Name)))
		if back := unpack(kept); !reflect.DeepEqual(back, event) {
			t.Errorf("%s:\nput %+v\ngot %+v", what, event, back)
		}
		return kept != any(event)
	}
	if !keep("plain", plain()) {
		t.Error("a plain event is not packed")
	}
	normal := plain()
	normal.Type, normal.InvolvedObject = "Normal", corev1.ObjectReference{APIVersion: "v1", Kind: "Node", Name: "node-1"}
	if !keep("about a node", normal) {
		t.Error("an event about a node is not packed")
	}
	each(reflect.ValueOf(&corev1.Event{}).Elem(), nil, func(at []int) {
		for _, value := range []any{nil, "other", "07", "Normal", int32(9), int64(9), time.Unix(9, 9).UTC(), time.Unix(9, 0).UTC(), time.Unix(9, 0)} {
			event := plain()
			field := reflect.ValueOf(event).Elem()
			for _, i := range at {
				field = field.Field(i)
			}
			switch {
			case value == nil:
				field.SetZero()
			case field.Type() == reflect.TypeOf(value):
				field.Set(reflect.ValueOf(value))
			case field.Kind() == reflect.String && reflect.TypeOf(value).Kind() == reflect.String:
				field.SetString(value.(string))
			case field.Kind() == reflect.Pointer:
				field.Set(reflect.New(field.Type().Elem()))
			case field.Kind() == reflect.Slice:
				field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			case field.Kind() == reflect.Map:
				field.Set(reflect.MakeMap(field.Type()))
			}
			keep(reflect.TypeOf(*event).FieldByIndex(at).Name, event)
		}
	})
}

// each goes through the fields of a structure and of those in it.
func each(value reflect.Value, at []int, visit func(at []int)) {
	if value.Kind() != reflect.Struct || value.Type() == reflect.TypeFor[time.Time]() {
		visit(at)
		return
	}
	for i := range value.NumField() {
		each(value.Field(i), append(at[:len(at):len(at)], i), visit)
	}
}
