package apiserver

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// errVersionSet is upstream's storage.ErrResourceVersionSetOnCreate; it is no Status there either.
var errVersionSet = errors.New("resourceVersion should not be set on objects to be created")

// create answers a POST to a collection.
func (r *request) create() error {
	options, err := r.writeOptions("CreateOptions", "")
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
	if version := object.GetResourceVersion(); version != "" && version != "0" {
		return errVersionSet
	}
	r.dropDuplicateOwners(object)
	var created api.Object
	var seen moment
	r.server.door.Do(func(cluster *sim.Cluster) {
		created, err = cluster.Create(r.signed(object, options), options.dryRun)
		seen = momentOf(cluster)
	})
	if err != nil {
		return err
	}
	if options.dryRun {
		return r.respondDry(http.StatusCreated, created, nil, "", seen, options)
	}
	return r.respond(http.StatusCreated, created, seen)
}

// checkNamespace makes the namespace of an object that of the request, or refuses one that differs
// (upstream: registry/rest/meta.go EnsureObjectNamespaceMatchesRequestNamespace).
func (r *request) checkNamespace(object api.Object) error {
	switch found := object.GetNamespace(); {
	case found == r.namespace:
	case found == "" && r.namespace != "":
		object.SetNamespace(r.namespace)
	case r.namespace == "" && !r.kind.Namespaced:
		object.SetNamespace("") // upstream drops the namespace of an object that has no use for one
	default:
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return nil
}

// checkName refuses an object that is not the one the request is about.
func (r *request) checkName(object interface{ GetName() string }) error {
	found := object.GetName()
	if found == "" {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", r.name))
	}
	if found != r.name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", found, r.name))
	}
	return nil
}

// dropDuplicateOwners leaves each owner reference once, and warns (upstream: endpoints/handlers/rest.go).
func (r *request) dropDuplicateOwners(object api.Object) {
	owners := object.GetOwnerReferences()
	kept := owners[:0:0]
	var repeated []string
	for i, owner := range owners {
		again := false
		for _, earlier := range owners[:i] {
			again = again || earlier.UID == owner.UID && earlier.Name == owner.Name && earlier.Kind == owner.Kind && earlier.APIVersion == owner.APIVersion
		}
		if again {
			repeated = append(repeated, string(owner.UID))
		} else {
			kept = append(kept, owner)
		}
	}
	if len(repeated) > 0 {
		r.warn(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; " +
			"please fix your requests; duplicate UID(s) observed: " + strings.Join(repeated, ", "))
		object.SetOwnerReferences(kept)
	}
}
