package apiserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"

	openapiv2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/proto"
)

// swaggerProtobuf is the media type of OpenAPI v2 as kubectl asks for it.
const swaggerProtobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

// serveSwagger answers /openapi/v2, made once and only when it is asked for.
func (s *server) serveSwagger() http.HandlerFunc {
	text := sync.OnceValue(s.swagger)
	message := sync.OnceValues(func() ([]byte, error) {
		document, err := openapiv2.ParseDocument(text())
		if err != nil {
			return nil, err
		}
		return proto.MarshalOptions{Deterministic: true}.Marshal(document)
	})
	return func(w http.ResponseWriter, req *http.Request) {
		if !strings.Contains(req.Header.Get("Accept"), "proto-openapi.spec.v2") {
			serveDocument(w, req, text())
			return
		}
		r := &request{http: req, writer: &trackedWriter{ResponseWriter: w}}
		data, err := message()
		if err != nil {
			r.fail(err)
			return
		}
		r.write(http.StatusOK, swaggerProtobuf, data)
	}
}

// swagger is the OpenAPI v2 document of everything that is served.
func (s *server) swagger() []byte {
	paths, definitions := map[string]any{}, map[string]any{}
	for _, served := range s.order {
		document := s.generated(served)
		for path, item := range document["paths"].(map[string]any) {
			for _, operation := range item.(map[string]any) {
				for _, parameter := range operation.(map[string]any)["parameters"].([]any) {
					parameter := parameter.(map[string]any)
					delete(parameter, "schema")
					parameter["type"] = "string"
				}
			}
			paths[path] = item
		}
		schemas, _ := inside(document, "components", "schemas")
		for name, schema := range schemas {
			definitions[name] = older(schema)
		}
	}
	data, err := json.Marshal(map[string]any{
		"swagger": "2.0", "info": map[string]any{"title": "Kubernetes", "version": s.settings.Release.Version()},
		"paths": paths, "definitions": definitions,
	})
	if err != nil {
		panic(fmt.Sprintf("apiserver: the schema of OpenAPI v2: %v", err))
	}
	return []byte(strings.ReplaceAll(string(data), "#/components/schemas/", "#/definitions/"))
}

// older is a schema of v3 in v2, which has neither oneOf nor references with something beside them in allOf.
func older(schema any) any {
	object, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	result := maps.Clone(object)
	if _, several := result["oneOf"]; several {
		delete(result, "oneOf")
		result["type"] = "string"
	}
	if references, ok := result["allOf"].([]any); ok {
		delete(result, "allOf")
		delete(result, "default")
		result["$ref"] = references[0].(map[string]any)["$ref"]
	}
	if properties, ok := result["properties"].(map[string]any); ok {
		copied := make(map[string]any, len(properties))
		for name, property := range properties {
			copied[name] = older(property)
		}
		result["properties"] = copied
	}
	return result
}
