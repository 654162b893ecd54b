package apiserver

import (
	"net/http"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/registry"
)

// serveScale reads and writes how many replicas an object should have, as autoscaling/v1 Scale.
func (r *request) serveScale(verb string) error {
	var result *autoscalingv1.Scale
	var err error
	switch verb {
	case "get":
		r.server.door.Do(func(cluster *sim.Cluster) { result, err = cluster.Scale(r.kind, r.object()) })
	case "update":
		result, err = r.updateScale()
	default:
		result, err = r.patchScale()
	}
	if err != nil {
		return err
	}
	return r.respondWith(http.StatusOK, result)
}

func (r *request) updateScale() (*autoscalingv1.Scale, error) {
	options, err := r.writeOptions("UpdateOptions", "")
	if err != nil {
		return nil, err
	}
	decoded, err := r.decode(autoscalingv1.SchemeGroupVersion.WithKind("Scale"), options.fieldValidation)
	if err != nil {
		return nil, err
	}
	wanted := decoded.(*autoscalingv1.Scale)
	return r.changeScale(options, func(*autoscalingv1.Scale) (*autoscalingv1.Scale, error) { return wanted, nil })
}

func (r *request) patchScale() (*autoscalingv1.Scale, error) {
	p, err := r.readPatch()
	if err != nil {
		return nil, err
	}
	if p.patchType == types.ApplyPatchType {
		return nil, notSimulated("server-side apply to a scale subresource", "use another patch type, or apply to the object itself")
	}
	return r.changeScale(p.options, func(current *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
		patched, err := p.patched(current, autoscalingv1.SchemeGroupVersion.WithKind("Scale"))
		if err != nil {
			return nil, err
		}
		return patched.(*autoscalingv1.Scale), nil
	})
}

// changeScale reads, changes and writes in one turn.
func (r *request) changeScale(options writeOptions, change func(*autoscalingv1.Scale) (*autoscalingv1.Scale, error)) (result *autoscalingv1.Scale, err error) {
	r.server.door.Do(func(cluster *sim.Cluster) {
		result, err = cluster.UpdateScale(r.kind, r.object(), options.dryRun, func(current *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
			changed, err := change(current)
			if err != nil {
				return nil, err
			}
			if err := r.checkScale(changed); err != nil {
				return nil, err
			}
			changed.ManagedFields = registry.By(options.manager, r.version.String())
			return changed, nil
		})
	})
	return result, err
}

func (r *request) checkScale(scale *autoscalingv1.Scale) error {
	if scale.Namespace == "" {
		scale.Namespace = r.namespace
	}
	if scale.Namespace != r.namespace {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	return r.checkName(scale)
}
