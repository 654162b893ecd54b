package apiserver

import (
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// list answers a GET of a collection.
func (r *request) list() error {
	options, err := r.listOptions()
	if err != nil {
		return err
	}
	chosen, err := r.selection(options)
	if err != nil {
		return err
	}
	found, err := r.server.listed(chosen, options)
	if err != nil {
		return err
	}
	return r.respondList(found)
}

// page is (a part of) a list.
type page struct {
	seen    moment
	objects []api.Object
	meta    metav1.ListMeta
}

// listed is the list that the options ask for (upstream: storage/etcd3/store.go GetList).
func (s *server) listed(chosen selection, options *internalversion.ListOptions) (page, error) {
	start, exact, err := listVersion(options)
	if err != nil {
		return page{}, err
	}
	var objects []api.Object
	var seen moment
	s.door.Do(func(cluster *sim.Cluster) {
		seen = momentOf(cluster)
		switch {
		case start.Version > seen.revision:
			err = tooLargeVersion(start.Version, seen.revision)
		case exact && start.Version < seen.revision:
			objects, err = objectsAt(cluster, chosen, start.Version)
		}
	})
	if err != nil && start.after != "" && apierrors.IsResourceExpired(err) {
		err = expiredPage(start.after)
	}
	if err != nil {
		return page{}, err
	}
	revision := seen.revision
	if exact && start.Version < seen.revision {
		revision = start.Version
	} else {
		objects = chosen.in(seen.view)
	}
	return cut(page{seen: seen, objects: objects}, chosen, start, revision, options.Limit), nil
}

// listVersion is where a list begins and which version it shows; exact when only that version will do.
func listVersion(options *internalversion.ListOptions) (start position, exact bool, err error) {
	if options.Continue != "" {
		if version := options.ResourceVersion; version != "" && version != "0" {
			return position{}, false, apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
		}
		start, err = parseContinue(options.Continue)
		return start, err == nil && start.Version > 0, err
	}
	if start.Version, err = parseVersion(options.ResourceVersion); err != nil {
		return position{}, false, err
	}
	switch options.ResourceVersionMatch {
	case metav1.ResourceVersionMatchExact:
		exact = true
	case "":
		exact = start.Version > 0 && options.Limit > 0 // upstream keeps this rule for clients older than resourceVersionMatch
	}
	return start, exact, nil
}

// cut takes the page that begins behind a position out of a whole list.
func cut(whole page, chosen selection, start position, revision uint64, limit int64) page {
	whole.meta.ResourceVersion = formatVersion(revision)
	if start.after != "" {
		begin := len(whole.objects)
		for i, object := range whole.objects {
			if start.before(object) {
				begin = i
				break
			}
		}
		whole.objects = whole.objects[begin:]
	}
	if limit > 0 && int64(len(whole.objects)) > limit {
		if chosen.all() {
			remaining := int64(len(whole.objects)) - limit
			whole.meta.RemainingItemCount = &remaining
		}
		whole.objects = whole.objects[:limit]
		whole.meta.Continue = formatContinue(position{Version: revision, after: sortKey(whole.objects[limit-1])})
	}
	return whole
}

// respondList answers with a list, in the form asked for.
func (r *request) respondList(found page) error {
	switch r.media.form {
	case asTable:
		table, err := r.table(found.objects, found.seen, true)
		if err != nil {
			return err
		}
		table.ListMeta = found.meta
		return r.respondWith(http.StatusOK, table)
	case asMetadata:
		return r.respondWith(http.StatusOK, r.metadataList(found.objects, found.seen.view, found.meta))
	}
	objects := make([]runtime.Object, len(found.objects))
	for i, object := range found.objects {
		presented, err := present(r.shown(found.seen.view, object), r.version)
		if err != nil {
			return err
		}
		objects[i] = presented
	}
	list, err := newList(r.gvk(), objects)
	if err != nil {
		return err
	}
	meta := list.(metav1.ListInterface)
	meta.SetResourceVersion(found.meta.ResourceVersion)
	meta.SetContinue(found.meta.Continue)
	meta.SetRemainingItemCount(found.meta.RemainingItemCount)
	return r.respondWith(http.StatusOK, list)
}
