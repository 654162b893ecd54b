package apiserver

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	internalvalidation "k8s.io/apimachinery/pkg/apis/meta/internalversion/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// The field-selector keys that every kind has.
const (
	nameField      = "metadata.name"
	namespaceField = "metadata.namespace"
)

// listOptions reads and checks the parameters of a list, a watch or a deletion of a collection.
func (r *request) listOptions() (*internalversion.ListOptions, error) {
	var given metav1.ListOptions
	if err := metav1.Convert_url_Values_To_v1_ListOptions(&r.query, &given, nil); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	options := &internalversion.ListOptions{}
	if err := internalversion.Convert_v1_ListOptions_To_internalversion_ListOptions(&given, options, nil); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	options.Watch = options.Watch || r.watch
	internalversion.SetListOptionsDefaults(options, true)
	if problems := internalvalidation.ValidateListOptions(options, true); len(problems) > 0 {
		return nil, invalidOptions("ListOptions", problems)
	}
	return options, nil
}

// selection says which objects of a kind a request means.
type selection struct {
	kind      *api.Kind
	namespace string // empty: all
	name      string // empty: all
	labels    labels.Selector
	fields    fields.Selector
}

func (r *request) selection(options *internalversion.ListOptions) (selection, error) {
	chosen := selection{kind: r.kind, namespace: r.namespace, name: r.name, labels: labels.Everything(), fields: fields.Everything()}
	if options.LabelSelector != nil {
		chosen.labels = options.LabelSelector
	}
	if options.FieldSelector != nil {
		chosen.fields = options.FieldSelector
	}
	known := r.kind.Fields(r.kind.New())
	for _, requirement := range chosen.fields.Requirements() {
		if _, found := known[requirement.Field]; found || requirement.Field == nameField || requirement.Field == namespaceField {
			continue
		}
		if len(known) > 0 {
			return chosen, apierrors.NewBadRequest("field label not supported: " + requirement.Field)
		}
		return chosen, apierrors.NewBadRequest(fmt.Sprintf("%q is not a known field selector: only %q, %q", requirement.Field, nameField, namespaceField))
	}
	return chosen, nil
}

// all says whether nothing is left out but by namespace.
func (s selection) all() bool { return s.name == "" && s.labels.Empty() && s.fields.Empty() }

// matches says whether an object, which may be nil, is meant.
func (s selection) matches(object api.Object) bool {
	if object == nil || s.namespace != "" && object.GetNamespace() != s.namespace || s.name != "" && object.GetName() != s.name {
		return false
	}
	if !s.labels.Empty() && !s.labels.Matches(labels.Set(object.GetLabels())) {
		return false
	}
	return s.fields.Empty() || s.fields.Matches(selectable{s.kind, object})
}

// in goes through the objects of a view that are meant, ordered by namespace and name.
func (s selection) in(view store.View) []api.Object {
	var found []api.Object
	for object := range view.Objects(s.kind, s.namespace) {
		if s.matches(object) {
			found = append(found, object)
		}
	}
	return found
}

// selectable are the fields of an object as a field selector reads them.
type selectable struct {
	kind   *api.Kind
	object api.Object
}

// Has implements [fields.Fields].
func (s selectable) Has(field string) bool {
	_, found := s.lookup(field)
	return found
}

// Get implements [fields.Fields].
func (s selectable) Get(field string) string {
	value, _ := s.lookup(field)
	return value
}

func (s selectable) lookup(field string) (string, bool) {
	switch field {
	case nameField:
		return s.object.GetName(), true
	case namespaceField:
		return s.object.GetNamespace(), true
	}
	value, found := s.kind.Fields(s.object)[field]
	return value, found
}
