package kubectl

import (
	"net/http"
	"strings"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// kubectl delete waits for what it has deleted: it reads the object once more, and if it is still there starts an informer, which sleeps and
// polls by the wall clock. Here that read is answered when the object is gone: the same wait, in virtual time, to the event.

// awaitsDeletion says whether the command reads an object that it has deleted.
func (t *transport) awaitsDeletion(request *http.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return request.Method == http.MethodGet && t.deleted[request.URL.Path] && request.URL.Query().Get("watch") == ""
}

// awaitDeletion waits until the object is gone, or another one has its name.
func (t *transport) awaitDeletion(request *http.Request) error {
	kind, name := objectAt(request.URL.Path)
	if kind == nil {
		return nil
	}
	var uid api.UID
	return t.door.Wait(t.ctx, func(cluster *sim.Cluster) bool {
		object, found := cluster.View().Object(kind, name.Namespace, name.Name)
		if found && uid == "" {
			uid = object.GetUID()
		}
		return !found || object.GetUID() != uid || object.GetDeletionTimestamp() == nil
	})
}

// objectAt finds which object a path of the API means; nil for other paths.
func objectAt(path string) (*api.Kind, api.Name) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return nil, api.Name{}
	}
	switch {
	case len(parts) == 4 && parts[0] == "namespaces":
		return api.KindForResource(group, parts[2]), api.Name{Namespace: parts[1], Name: parts[3]}
	case len(parts) == 2:
		return api.KindForResource(group, parts[0]), api.Name{Name: parts[1]}
	}
	return nil, api.Name{}
}
