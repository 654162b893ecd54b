package apiserver

import (
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/openapi/openapitest"
)

// openAPIPaths serve the schemas: documents made from the Go types, completed with upstream's own where client-go
// carries them. The older v2 is for kubectl
// before 1.30.
func (s *server) openAPIPaths() map[string]http.HandlerFunc {
	paths := map[string]http.HandlerFunc{}
	type entry struct {
		URL string `json:"serverRelativeURL"`
	}
	index := map[string]entry{}
	for _, served := range s.order {
		name := strings.TrimPrefix(pathOf(served.GroupVersion), "/")
		document := sync.OnceValue(func() []byte { return s.document(served) })
		path := "/openapi/v3/" + name
		paths[path] = func(w http.ResponseWriter, req *http.Request) { serveDocument(w, req, document()) }
		hash := sha512.Sum512([]byte(s.settings.Release.Version() + name))
		index[name] = entry{fmt.Sprintf("%s?hash=%X", path, hash)}
	}
	body, err := json.Marshal(map[string]any{"paths": index})
	if err != nil {
		panic(err) // strings only
	}
	paths["/openapi/v3"] = func(w http.ResponseWriter, req *http.Request) { serveDocument(w, req, body) }
	paths["/openapi/v2"] = s.serveSwagger()
	return paths
}

func serveDocument(w http.ResponseWriter, req *http.Request, document []byte) {
	r := &request{http: req, writer: &trackedWriter{ResponseWriter: w}}
	if accept := req.Header.Get("Accept"); accept != "" {
		if how, found := negotiateMedia(accept); !found || how.mediaType != jsonType {
			r.fail(notAcceptable(jsonType))
			return
		}
	}
	r.write(http.StatusOK, jsonType, document)
}

// document is the OpenAPI v3 document of a served version.
func (s *server) document(served *servedVersion) []byte {
	document := s.generated(served)
	known, err := openapitest.NewEmbeddedFileClient().Paths()
	if upstream, found := known[strings.TrimPrefix(pathOf(served.GroupVersion), "/")]; err == nil && found {
		if data, err := upstream.Schema(jsonType); err == nil {
			document = merged(data, document)
		}
	}
	data, err := json.Marshal(document)
	if err != nil {
		panic(fmt.Sprintf("apiserver: the schema of %s: %v", served.GroupVersion, err))
	}
	return data
}

// merged is upstream's document, which is some releases old but knows the values of enumerations, with the fields and the descriptions
// of today's types.
func merged(upstream []byte, today map[string]any) map[string]any {
	var document map[string]any
	if json.Unmarshal(upstream, &document) != nil {
		return today
	}
	known, ok := inside(document, "components", "schemas")
	if !ok {
		return today
	}
	fresh, _ := inside(today, "components", "schemas")
	for name, model := range fresh {
		before, found := known[name].(map[string]any)
		if !found {
			known[name] = model
			continue
		}
		fields, _ := inside(model.(map[string]any), "properties")
		knownFields, hasFields := inside(before, "properties")
		for field, property := range fields {
			if old, found := knownFields[field].(map[string]any); found {
				old["description"] = property.(map[string]any)["description"]
			} else if hasFields {
				knownFields[field] = property
			}
		}
	}
	return document
}

// inside is an object within objects.
func inside(object map[string]any, names ...string) (map[string]any, bool) {
	for _, name := range names {
		inner, ok := object[name].(map[string]any)
		if !ok {
			return nil, false
		}
		object = inner
	}
	return object, true
}

// generated is a document made from the Go types: what kubectl explain and kubectl's validation read of it.
func (s *server) generated(served *servedVersion) map[string]any {
	schemas := newSchemas()
	paths := map[string]any{}
	for _, kind := range served.kinds {
		gvk := served.WithKind(kind.Kind)
		schemas.add(gvk)
		collection := pathOf(served.GroupVersion) + "/"
		if kind.Namespaced {
			collection += "namespaces/{namespace}/"
		}
		collection += kind.Resource
		paths[collection] = map[string]any{"get": operation("list", gvk), "post": operation("post", gvk)}
		paths[collection+"/{name}"] = map[string]any{
			"get": operation("get", gvk), "put": operation("put", gvk), "patch": operation("patch", gvk), "delete": operation("delete", gvk),
		}
	}
	return map[string]any{
		"openapi": "3.0.0", "info": map[string]any{"title": "Kubernetes", "version": s.settings.Release.Version()},
		"paths": paths, "components": map[string]any{"schemas": schemas.found},
	}
}

func operation(action string, gvk schema.GroupVersionKind) map[string]any {
	parameters := []string{"pretty"}
	if action == "post" || action == "put" || action == "patch" {
		parameters = append(parameters, "dryRun", "fieldManager", "fieldValidation")
	}
	sort.Strings(parameters)
	described := make([]any, len(parameters))
	for i, name := range parameters {
		described[i] = map[string]any{"name": name, "in": "query", "schema": map[string]any{"type": "string"}}
	}
	return map[string]any{
		"x-kubernetes-action":             action,
		"x-kubernetes-group-version-kind": map[string]string{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind},
		"parameters":                      described,
		"responses":                       map[string]any{"200": map[string]any{"description": "OK"}},
	}
}
