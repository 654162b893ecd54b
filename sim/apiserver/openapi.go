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

// openAPIPaths serve the schemas: upstream's own documents where client-go carries them, and for the other groups documents made
// from the Go types. Clients of /openapi/v2 are told that there is none; those that matter read v3.
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
	known, err := openapitest.NewEmbeddedFileClient().Paths()
	if err == nil {
		if document, found := known[strings.TrimPrefix(pathOf(served.GroupVersion), "/")]; found {
			if data, err := document.Schema(jsonType); err == nil {
				return data
			}
		}
	}
	data, err := json.Marshal(s.generated(served))
	if err != nil {
		panic(fmt.Sprintf("apiserver: the schema of %s: %v", served.GroupVersion, err))
	}
	return data
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
