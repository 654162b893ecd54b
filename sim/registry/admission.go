package registry

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// admit adds to a new object what upstream's admission plug-ins add.
func (r *Registry) admit(object api.Object) error {
	switch object := object.(type) {
	case *corev1.Pod:
		return r.admitPod(object)
	case *corev1.PersistentVolumeClaim:
		finalizers := object.Finalizers
		api.AdmitClaim(object, slices.Collect(store.List[*storagev1.StorageClass](r.Tx.View, "")))
		if !r.Settings.Release.Enabled(api.StorageObjectInUseProtection) {
			object.Finalizers = finalizers
		}
	case *corev1.PersistentVolume:
		if r.Settings.Release.Enabled(api.StorageObjectInUseProtection) {
			api.AdmitPersistentVolume(object)
		}
	}
	return nil
}

// admitPod hands the Pod's service account and priority class to the rules that need them.
func (r *Registry) admitPod(pod *corev1.Pod) error {
	admission := api.Admission{TokenSuffix: r.nameSuffix(), PriorityClass: r.priorityClass(pod.Spec.PriorityClassName)}
	if account, found := store.Get[*corev1.ServiceAccount](r.Tx.View, pod.Namespace, api.ServiceAccountOf(pod)); found {
		admission.ServiceAccount = account
	}
	if err := api.AdmitPod(pod, admission); err != nil {
		return api.KindOf(pod).Forbidden(nameInRefusal(pod), err)
	}
	return nil
}

// priorityClass finds a class by its name. Without a name it is the default class, the one of the lowest value when several are
// (upstream: plugin/pkg/admission/priority getDefaultPriorityClass).
func (r *Registry) priorityClass(name string) (found *schedulingv1.PriorityClass) {
	if name != "" {
		found, _ = store.Get[*schedulingv1.PriorityClass](r.Tx.View, "", name)
		return found
	}
	for class := range store.List[*schedulingv1.PriorityClass](r.Tx.View, "") {
		if class.GlobalDefault && (found == nil || class.Value < found.Value) {
			found = class
		}
	}
	return found
}

// notePhase notes when a volume came into its phase (upstream: pkg/registry/core/persistentvolume/strategy.go).
func (r *Registry) notePhase(volume, old *corev1.PersistentVolume) {
	if old != nil && old.Status.Phase == volume.Status.Phase {
		return
	}
	if old == nil || volume.Status.LastPhaseTransitionTime == nil || volume.Status.LastPhaseTransitionTime.Equal(old.Status.LastPhaseTransitionTime) {
		now := r.timestamp()
		volume.Status.LastPhaseTransitionTime = &now
	}
}
