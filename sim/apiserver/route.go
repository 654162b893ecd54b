package apiserver

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
)

// target is what the path of a request means.
type target struct {
	version     schema.GroupVersion
	kind        *api.Kind
	namespace   string // empty: cluster-scoped, or all namespaces
	name        string // empty: the collection
	subresource string
	rest        string // what follows a proxy subresource
	watch       bool   // the old way to ask for a watch, /api/v1/watch/...
}

// gvk is the kind in the version that the path asks for.
func (t target) gvk() schema.GroupVersionKind { return t.version.WithKind(t.kind.Kind) }

func (t target) object() api.Name { return api.Name{Namespace: t.namespace, Name: t.name} }

// route finds the target of a path below a group and version, e.g. "namespaces/default/pods/web-0/log". It is false when
// the release serves nothing of that name.
func (s *server) route(version *servedVersion, path string) (target, bool) {
	t := target{version: version.GroupVersion}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "watch" && len(parts) > 1 {
		t.watch = true
		parts = parts[1:]
	}
	if parts[0] == "namespaces" && len(parts) > 2 && !namespaceSubresource(parts) {
		t.namespace = parts[1]
		parts = parts[2:]
	}
	kind, found := version.resources[parts[0]]
	if !found || kind.Namespaced && t.namespace == "" && len(parts) > 1 || !kind.Namespaced && t.namespace != "" {
		return target{}, false
	}
	t.kind = kind
	if len(parts) > 1 {
		t.name = parts[1]
	}
	if len(parts) > 2 {
		t.subresource = parts[2]
		if _, found := kind.Subresource(t.subresource); !found || t.name == "" {
			return target{}, false
		}
	}
	if len(parts) > 3 {
		if t.subresource != "proxy" {
			return target{}, false
		}
		_, t.rest, _ = strings.Cut(path, "/proxy/")
	}
	return t, true
}

// namespaceSubresource says whether namespaces/NAME/WORD is the namespace's own subresource, not a resource in it.
func namespaceSubresource(parts []string) bool {
	return len(parts) == 3 && (parts[2] == "status" || parts[2] == "finalize")
}
