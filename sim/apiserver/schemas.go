package apiserver

import (
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// schemas are the OpenAPI schemas of Go types, by their model names.
type schemas struct{ found map[string]any }

func newSchemas() *schemas { return &schemas{found: map[string]any{}} }

// add makes the schema of a kind, and of every type in it.
func (s *schemas) add(gvk schema.GroupVersionKind) {
	object, err := scheme.Scheme.New(gvk)
	if err != nil {
		return // not a kind that the API has: it is not in discovery either
	}
	name := s.model(reflect.TypeOf(object).Elem())
	if model, ok := s.found[name].(map[string]any); ok {
		model["x-kubernetes-group-version-kind"] = []map[string]string{{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind}}
	}
}

// model makes the schema of a struct type, and gives its name.
func (s *schemas) model(t reflect.Type) string {
	value := reflect.New(t).Elem().Interface()
	name := t.String()
	if named, ok := value.(interface{ OpenAPIModelName() string }); ok {
		name = named.OpenAPIModelName()
	}
	if _, known := s.found[name]; known {
		return name
	}
	model := map[string]any{"type": "object"}
	s.found[name] = model
	if special := specialSchema(value); special != nil {
		s.found[name] = special
		return name
	}
	docs := map[string]string{}
	if documented, ok := value.(interface{ SwaggerDoc() map[string]string }); ok {
		docs = documented.SwaggerDoc()
	}
	model["description"] = docs[""]
	properties := map[string]any{}
	var required []string
	s.fields(t, docs, properties, &required)
	model["properties"] = properties
	if len(required) > 0 {
		model["required"] = required
	}
	return name
}

// specialSchema is the schema of a struct type that is written as something else than a struct.
func specialSchema(value any) map[string]any {
	switch value.(type) {
	case metav1.Time, metav1.MicroTime:
		return map[string]any{"type": "string", "format": "date-time"}
	case metav1.FieldsV1:
		return map[string]any{"type": "object"}
	}
	typed, ok := value.(interface{ OpenAPISchemaType() []string })
	if !ok {
		return nil
	}
	result := map[string]any{"type": typed.OpenAPISchemaType()[0]}
	if several, ok := value.(interface{ OpenAPIV3OneOfTypes() []string }); ok {
		var kinds []any
		for _, kind := range several.OpenAPIV3OneOfTypes() {
			kinds = append(kinds, map[string]string{"type": kind})
		}
		result = map[string]any{"oneOf": kinds}
	}
	if formatted, ok := value.(interface{ OpenAPISchemaFormat() string }); ok && formatted.OpenAPISchemaFormat() != "" {
		result["format"] = formatted.OpenAPISchemaFormat()
	}
	return result
}

func (s *schemas) fields(t reflect.Type, docs map[string]string, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, rest, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			inner := map[string]string{}
			if documented, ok := reflect.New(field.Type).Elem().Interface().(interface{ SwaggerDoc() map[string]string }); ok {
				inner = documented.SwaggerDoc()
			}
			s.fields(field.Type, inner, properties, required)
			continue
		case name == "" || name == "-" || !field.IsExported():
			continue
		}
		property := s.property(field.Type)
		if _, isReference := property["$ref"]; isReference {
			property = map[string]any{"allOf": []any{property}, "default": map[string]any{}}
		}
		property["description"] = docs[name]
		if strategy := field.Tag.Get("patchStrategy"); strategy != "" {
			property["x-kubernetes-patch-strategy"] = strategy
		}
		if key := field.Tag.Get("patchMergeKey"); key != "" {
			property["x-kubernetes-patch-merge-key"] = key
		}
		properties[name] = property
		if !strings.Contains(rest, "omitempty") && !strings.Contains(rest, "omitzero") && field.Type.Kind() != reflect.Pointer {
			*required = append(*required, name)
		}
	}
}

func (s *schemas) property(t reflect.Type) map[string]any {
	switch t.Kind() {
	case reflect.Pointer:
		return s.property(t.Elem())
	case reflect.Struct:
		return map[string]any{"$ref": "#/components/schemas/" + s.model(t)}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string", "format": "byte"}
		}
		return map[string]any{"type": "array", "items": s.property(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.property(t.Elem())}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int32:
		return map[string]any{"type": "integer", "format": "int32"}
	case reflect.Int, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return map[string]any{"type": "integer", "format": "int64"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number", "format": "double"}
	}
	return map[string]any{"type": "string"}
}
