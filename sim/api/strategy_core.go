package api

import (
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func prepareNamespace(namespace *corev1.Namespace) {
	namespace.Status = corev1.NamespaceStatus{Phase: corev1.NamespaceActive}
	if !slices.Contains(namespace.Spec.Finalizers, corev1.FinalizerKubernetes) {
		namespace.Spec.Finalizers = append(namespace.Spec.Finalizers, corev1.FinalizerKubernetes)
	}
	// Upstream's Canonicalize: the label of a namespace whose name was generated.
	defaultNamespace(namespace)
}

func prepareNamespaceUpdate(namespace, old *corev1.Namespace, subresource string) {
	switch subresource {
	case "status":
		namespace.Spec = old.Spec
	case "finalize":
		namespace.Status = old.Status
	default:
		namespace.Spec.Finalizers = old.Spec.Finalizers
		namespace.Status = old.Status
	}
}

// alignPodCIDRs: the two ways of telling a node's address ranges are one for upstream.
func alignPodCIDRs(node *corev1.Node) {
	switch spec := &node.Spec; {
	case spec.PodCIDR != "" && (len(spec.PodCIDRs) == 0 || spec.PodCIDRs[0] != spec.PodCIDR):
		spec.PodCIDRs = []string{spec.PodCIDR}
	case len(spec.PodCIDRs) > 0:
		spec.PodCIDR = spec.PodCIDRs[0]
	}
}

func prepareClaim(claim *corev1.PersistentVolumeClaim) {
	claim.Status = corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
	dropDataSources(&claim.Spec, &corev1.PersistentVolumeClaimSpec{})
	alignDataSources(&claim.Spec)
}

func prepareClaimUpdate(claim, old *corev1.PersistentVolumeClaim, subresource string) {
	if subresource == "status" {
		claim.Spec = old.Spec
		return
	}
	claim.Status = old.Status
	dropDataSources(&claim.Spec, &old.Spec)
	alignDataSources(&claim.Spec)
}

// dropDataSources drops what the old way of naming a source cannot mean, anything but claims and snapshots, and sources in other namespaces, whose
// feature gate is off (upstream: pkg/api/persistentvolumeclaim/util.go).
func dropDataSources(spec, old *corev1.PersistentVolumeClaimSpec) {
	if ref := spec.DataSourceRef; ref != nil && ref.Namespace != nil && *ref.Namespace != "" && old.DataSourceRef == nil {
		spec.DataSourceRef = nil
	}
	if source := spec.DataSource; source != nil && spec.DataSourceRef == nil && old.DataSource == nil {
		group := ""
		if source.APIGroup != nil {
			group = *source.APIGroup
		}
		claim, snapshot := source.Kind == "PersistentVolumeClaim" && group == "", source.Kind == "VolumeSnapshot" && group == "snapshot.storage.k8s.io"
		if !claim && !snapshot {
			spec.DataSource = nil
		}
	}
}

// alignDataSources keeps the old and the new way of naming a claim's source of data the same.
func alignDataSources(spec *corev1.PersistentVolumeClaimSpec) {
	switch source, ref := spec.DataSource, spec.DataSourceRef; {
	case source != nil && ref == nil:
		spec.DataSourceRef = &corev1.TypedObjectReference{APIGroup: source.APIGroup, Kind: source.Kind, Name: source.Name}
	case source == nil && ref != nil && (ref.Namespace == nil || *ref.Namespace == ""):
		spec.DataSource = &corev1.TypedLocalObjectReference{APIGroup: ref.APIGroup, Kind: ref.Kind, Name: ref.Name}
	}
}

// preparePersistentVolume leaves status.lastPhaseTransitionTime to the committer, who knows the time.
func preparePersistentVolume(volume *corev1.PersistentVolume) {
	volume.Status = corev1.PersistentVolumeStatus{Phase: corev1.VolumePending}
}

func preparePersistentVolumeUpdate(volume, old *corev1.PersistentVolume, subresource string) {
	if subresource != "status" {
		volume.Status = old.Status
		return
	}
	volume.Spec = old.Spec
	if volume.Status.Phase == old.Status.Phase && volume.Status.LastPhaseTransitionTime == nil {
		volume.Status.LastPhaseTransitionTime = old.Status.LastPhaseTransitionTime
	}
}

func prepareServiceAccount(account *corev1.ServiceAccount) {
	for i := range account.Secrets {
		account.Secrets[i] = corev1.ObjectReference{Name: account.Secrets[i].Name}
	}
}

func prepareSecretUpdate(secret, old *corev1.Secret, _ string) {
	if secret.Type == "" {
		secret.Type = old.Type
	}
}

func prepareEndpointSliceUpdate(slice, old *discoveryv1.EndpointSlice, _ string) {
	if slice.AddressType != old.AddressType || !sameMeaning(slice.Endpoints, old.Endpoints) ||
		!sameMeaning(slice.Ports, old.Ports) || !sameMeaning(slice.Labels, old.Labels) {
		slice.Generation = old.Generation + 1
	}
}

// prepareJob makes the selector from the Job's uid, which must be set before.
func prepareJob(job *batchv1.Job) {
	if !isTrue(job.Spec.ManualSelector) {
		if job.Spec.Template.Labels == nil {
			job.Spec.Template.Labels = map[string]string{}
		}
		for label, value := range map[string]string{
			"job-name": job.Name, batchv1.JobNameLabel: job.Name,
			"controller-uid": string(job.UID), batchv1.ControllerUidLabel: string(job.UID),
		} {
			if _, exists := job.Spec.Template.Labels[label]; !exists {
				job.Spec.Template.Labels[label] = value
			}
		}
		if job.Spec.Selector == nil {
			job.Spec.Selector = &metav1.LabelSelector{}
		}
		if job.Spec.Selector.MatchLabels == nil {
			job.Spec.Selector.MatchLabels = map[string]string{}
		}
		if _, exists := job.Spec.Selector.MatchLabels[batchv1.ControllerUidLabel]; !exists {
			job.Spec.Selector.MatchLabels[batchv1.ControllerUidLabel] = string(job.UID)
		}
	}
	job.Status = batchv1.JobStatus{}
	job.Generation = 1
}
