package apiserver

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// returnsDeleted are the kinds whose deletion is answered with the object, not with a Status, even when it is gone at once
// (upstream: ReturnDeletedObject in pkg/registry/*/storage/storage.go).
var returnsDeleted = map[string]bool{
	"CSINode": true, "Namespace": true, "PersistentVolume": true, "PersistentVolumeClaim": true, "Pod": true, "PodTemplate": true,
	"ResourceQuota": true, "Service": true, "ServiceAccount": true, "StorageClass": true, "VolumeAttachment": true,
}

// delete answers a DELETE of one object.
func (r *request) delete() error {
	options, err := r.deleteOptions()
	if err != nil {
		return err
	}
	var last api.Object
	var gone bool
	var seen moment
	r.server.door.Do(func(cluster *sim.Cluster) {
		last, gone, err = cluster.Delete(r.kind, r.object(), options)
		seen = momentOf(cluster)
	})
	if err != nil {
		return err
	}
	code := http.StatusOK
	if orphan := options.OrphanDependents; !gone && orphan != nil && !*orphan {
		code = http.StatusAccepted
	}
	if !gone || returnsDeleted[r.kind.Kind] {
		return r.respond(code, last, seen)
	}
	return r.respondStatus(code, &metav1.StatusDetails{
		Name: last.GetName(), Group: r.kind.Group, Kind: r.kind.Resource, UID: last.GetUID(),
	})
}

// deleteCollection answers a DELETE of a collection: every object that is there when the request comes, in one turn.
func (r *request) deleteCollection() error {
	listing, err := r.listOptions()
	if err != nil {
		return err
	}
	chosen, err := r.selection(listing)
	if err != nil {
		return err
	}
	options, err := r.deleteOptions()
	if err != nil {
		return err
	}
	var deleted page
	r.server.door.Do(func(cluster *sim.Cluster) {
		for _, object := range chosen.in(cluster.View()) {
			last, _, failure := cluster.Delete(r.kind, api.NameOf(object), options)
			switch {
			case failure == nil:
				deleted.objects = append(deleted.objects, last)
			case !apierrors.IsNotFound(failure):
				err = failure
				return
			}
		}
		deleted.seen = momentOf(cluster)
	})
	if err != nil {
		return err
	}
	deleted.meta.ResourceVersion = formatVersion(deleted.seen.revision)
	return r.respondList(deleted)
}
