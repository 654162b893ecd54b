package apiserver

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// update answers a PUT of an object or of its status.
func (r *request) update() error {
	options, err := r.writeOptions("UpdateOptions", "")
	if err != nil {
		return err
	}
	decoded, err := r.decode(r.gvk(), options.fieldValidation)
	if err != nil {
		return err
	}
	object, err := api.ToStored(decoded)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if err := r.checkNamespace(object); err != nil {
		return err
	}
	if err := r.checkName(object); err != nil {
		return err
	}
	r.dropDuplicateOwners(object)
	return r.mutate(options, false, func(current api.Object) (api.Object, error) {
		return r.track(current, object, options)
	})
}

// mutate changes the object of the request in one turn, and answers with what came of it.
func (r *request) mutate(options writeOptions, create bool, change func(current api.Object) (api.Object, error)) error {
	var result api.Object
	var created bool
	var err error
	var seen moment
	r.server.door.Do(func(cluster *sim.Cluster) {
		seen = momentOf(cluster)
		result, created, err = cluster.Mutate(r.kind, r.object(), r.subresource, create, options.dryRun, func(current api.Object) (api.Object, error) {
			changed, err := change(current)
			if err == nil && managed(changed) {
				r.restamp(changed, current, seen.now)
			}
			return changed, err
		})
	})
	if err != nil {
		return err
	}
	if options.dryRun { // the version that was given out has not come to be
		result = api.Copy(result)
		version := ""
		if current, found := seen.view.Object(r.kind, r.namespace, r.name); found {
			version = current.GetResourceVersion()
		}
		result.SetResourceVersion(version)
	}
	return r.respond(statusCode(created), result, seen)
}
