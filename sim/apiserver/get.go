package apiserver

import (
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// moment is the cluster as it was in one turn.
type moment struct {
	view     store.View
	now      time.Time
	revision uint64
}

// look takes a turn to see the cluster as it is.
func (s *server) look() (seen moment) {
	s.door.Do(func(cluster *sim.Cluster) { seen = momentOf(cluster) })
	return seen
}

func momentOf(cluster *sim.Cluster) moment {
	view := cluster.View()
	meta := view.Meta()
	return moment{view: view, now: meta.Now, revision: meta.Revision}
}

// find is the object that a request is about.
func (m moment) find(kind *api.Kind, name api.Name) (api.Object, error) {
	object, found := m.view.Object(kind, name.Namespace, name.Name)
	if !found {
		return nil, apierrors.NewNotFound(kind.GroupResource(), name.Name)
	}
	return object, nil
}

// get answers a GET of one object. A resource version in the request is the oldest that will do.
func (r *request) get() error {
	wanted, err := parseVersion(r.query.Get("resourceVersion"))
	if err != nil {
		return err
	}
	seen := r.server.look()
	if wanted > seen.revision {
		return tooLargeVersion(wanted, seen.revision)
	}
	object, err := seen.find(r.kind, r.object())
	if err != nil {
		return err
	}
	return r.respond(http.StatusOK, object, seen)
}

// parseVersion reads a resource version; an empty one is 0.
func parseVersion(text string) (uint64, error) {
	if text == "" || text == "0" {
		return 0, nil
	}
	version, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, apierrors.NewBadRequest("resourceVersion: Invalid value: " + strconv.Quote(text) + ": " + err.Error())
	}
	return version, nil
}

func formatVersion(revision uint64) string { return strconv.FormatUint(revision, 10) }
