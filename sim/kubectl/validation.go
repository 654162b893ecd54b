package kubectl

import (
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubectl/pkg/validation"
)

// validating is kubectl's factory with a shorter way to learn whether the server validates fields. kubectl reads the whole OpenAPI document of
// a group for that, which takes longer than all else that kubectl apply does. This server validates every kind that it serves.
type validating struct {
	factory
	client *Client
}

// Validator implements [util.Factory].
func (v *validating) Validator(directive string) (validation.Schema, error) {
	schema, err := v.factory.Validator(directive)
	if err != nil || directive == metav1.FieldValidationIgnore {
		return schema, err
	}
	return &servedSchema{v.client, schema}, nil
}

// servedSchema leaves to the server what the server knows, and the rest to kubectl's own way, which says what is wrong.
type servedSchema struct {
	client *Client
	other  validation.Schema
}

// ValidateBytes implements [validation.Schema].
func (s *servedSchema) ValidateBytes(data []byte) error {
	var object metav1.TypeMeta
	if json.Unmarshal(data, &object) == nil && s.serves(object) {
		return nil
	}
	return s.other.ValidateBytes(data)
}

func (s *servedSchema) serves(object metav1.TypeMeta) bool {
	served, err := s.client.discovery.ServerResourcesForGroupVersion(object.APIVersion)
	return err == nil && slices.ContainsFunc(served.APIResources, func(resource metav1.APIResource) bool { return resource.Kind == object.Kind })
}
