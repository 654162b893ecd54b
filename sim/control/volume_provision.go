package control

import (
	"errors"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// provisioningStarted is the annotation by which the loop, which has no memory, notes on a claim since when its volume is being made
// (RFC 3339). It goes when the claim is bound.
const provisioningStarted = "stsim.io/provisioning-started"

// provision has a volume made for a claim that nothing matches: it says so first, and the volume is there after
// [api.Timings].Provision (upstream: pv_controller.go provisionClaim).
func provision(in Input, plan *Plan, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) {
	var node *corev1.Node
	if selected := storage.SelectedNode(claim); storage.WaitsForFirstConsumer(class) {
		found := false
		if node, found = store.Get[*corev1.Node](in.View, "", selected); !found {
			plan.Writes = append(plan.Writes, Write{Verb: Update, Object: annotated(claim, nil, storage.AnnotationSelectedNode, provisioningStarted)})
			return // the scheduler selects another one
		}
	}
	made, err := storage.Provision(claim, class, node)
	if errors.Is(err, storage.ErrNobodyProvisions) {
		requestProvisioning(plan, claim, class, nil)
		return
	}
	started, unreadable := time.Parse(time.RFC3339Nano, claim.Annotations[provisioningStarted])
	if unreadable != nil { // not started
		requestProvisioning(plan, claim, class, map[string]string{provisioningStarted: in.Now.UTC().Format(time.RFC3339Nano)})
		plan.Requeue = in.Now.Add(in.Settings.Timings.Provision)
		return
	}
	if due := started.Add(in.Settings.Timings.Provision); in.Now.Before(due) {
		plan.Requeue = due
		return
	}
	told := noticed(provisionerSource(class), claim, storage.ProvisionedNotice(made.Volume, class, err))
	if err != nil { // tried again when something changes, such as a volume that somebody makes
		if volume, _ := storage.Match(claim, candidates(in.View, claim, true), class); volume != nil {
			bind(plan, volume, claim)
			return
		}
		plan.Events = append(plan.Events, told)
		return
	}
	taken := []string{"AlreadyExists"}
	if made.Service != nil {
		plan.Writes = append(plan.Writes, Write{Verb: Create, Object: made.Endpoints, Tolerate: taken}, Write{Verb: Create, Object: made.Service, Tolerate: taken})
	}
	plan.Writes = append(plan.Writes, Write{Verb: Create, Object: made.Volume, Success: &told})
}

// requestProvisioning notes on the claim who is to make its volume, and tells what there is to wait for; once.
func requestProvisioning(plan *Plan, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, notes map[string]string) {
	notices := storage.ProvisioningNotices(claim, class)
	if len(notices) == 1 && notices[0].Type == corev1.EventTypeWarning { // a plugin that does not exist: nobody is asked
		tell(plan, volumeController, claim, notices[0])
		return
	}
	if notes == nil && claim.Annotations[storage.AnnotationStorageProvisioner] == class.Provisioner {
		return
	}
	requested := annotated(claim, notes)
	requested.Annotations[storage.AnnotationStorageProvisioner] = class.Provisioner
	requested.Annotations[storage.AnnotationBetaStorageProvisioner] = class.Provisioner
	plan.Writes = append(plan.Writes, Write{Verb: Update, Object: requested})
	for i, notice := range notices {
		source := volumeController
		if i > 0 {
			source = provisionerSource(class)
		}
		tell(plan, source, claim, notice)
	}
}

// provisionerSource is who records what becomes of making a volume: in-tree plugins are part of the controller.
func provisionerSource(class *storagev1.StorageClass) string {
	if strings.HasPrefix(class.Provisioner, "kubernetes.io/") {
		return volumeController
	}
	return class.Provisioner
}

// annotated is the claim with some annotations more and some less.
func annotated(claim *corev1.PersistentVolumeClaim, more map[string]string, less ...string) *corev1.PersistentVolumeClaim {
	changed := *claim // the rest is shared: rows never change
	changed.Annotations = maps.Clone(claim.Annotations)
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	for _, key := range less {
		delete(changed.Annotations, key)
	}
	for key, value := range more {
		changed.Annotations[key] = value
	}
	return &changed
}
