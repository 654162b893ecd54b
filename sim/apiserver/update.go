package apiserver

import (
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
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
	return r.mutate(options, false, func(current api.Object, seen moment) (api.Object, error) {
		return r.changedBy(object, current, seen.view, options)
	})
}

// mutate changes the object of the request in one turn, and answers with what came of it.
func (r *request) mutate(options writeOptions, create bool, change func(current api.Object, seen moment) (api.Object, error)) error {
	var result, before api.Object
	var created bool
	var err error
	var seen moment
	r.server.door.Do(func(cluster *sim.Cluster) {
		seen = momentOf(cluster)
		result, created, err = cluster.Mutate(r.kind, r.object(), r.subresource, create, options.dryRun, func(current api.Object) (api.Object, error) {
			before = current
			return change(current, seen)
		})
		if !options.dryRun {
			seen = momentOf(cluster)
		}
	})
	if err != nil {
		return err
	}
	if options.dryRun { // the version that was given out has not come to be
		version := ""
		if before != nil {
			version = before.GetResourceVersion()
		}
		return r.respondDry(statusCode(created), result, before, version, seen, options)
	}
	return r.respond(statusCode(created), result, seen)
}

// respondDry answers with what a dry run would have made of an object.
func (r *request) respondDry(code int, result, before api.Object, version string, seen moment, options writeOptions) error {
	if result == before { // nothing would have changed
		return r.respond(code, result, seen)
	}
	result = shallow(result)
	result.SetResourceVersion(version)
	entries := registry.Emptied()
	if !r.media.unmanaged {
		by := registry.Writer{Manager: options.manager, APIVersion: r.version.String(), Subresource: r.subresource, Time: seen.now}
		if found := r.server.managers.ofChanged(seen.view, before, result, by); len(found) > 0 {
			entries = found
		}
	}
	result.SetManagedFields(entries)
	return r.respond(code, result, seen)
}
