package api

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/utils/ptr"
)

// Admission is what AdmitPod needs to know about the rest of the cluster.
type Admission struct {
	// ServiceAccount is the one that the Pod names, or default; nil when there is none.
	ServiceAccount *corev1.ServiceAccount
	// PriorityClass is the one that the Pod names, or the class marked as default; nil when there is none.
	PriorityClass *schedulingv1.PriorityClass
	// TokenSuffix makes the name of the token's volume, kube-api-access-<suffix>: five random characters upstream.
	TokenSuffix string
}

const (
	tokenVolumePrefix = "kube-api-access-"
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
	tokenSeconds      = 3607
	evictionSeconds   = 300
)

// ServiceAccountOf is the name of the service account that a new Pod runs under.
func ServiceAccountOf(pod *corev1.Pod) string {
	if pod.Spec.ServiceAccountName == "" {
		return "default"
	}
	return pod.Spec.ServiceAccountName
}

// AdmitPod does to a new Pod what the default admission plugins do: priority, service account with its token, and
// how long it stays on a node that has failed. The Pod has its defaults already. An error is the reason for Forbidden.
// Upstream: plugin/pkg/admission/{priority,serviceaccount,defaulttolerationseconds}/admission.go.
func AdmitPod(pod *corev1.Pod, admission Admission) error {
	if err := admitPriority(&pod.Spec, admission.PriorityClass); err != nil {
		return err
	}
	if err := admitServiceAccount(pod, admission); err != nil {
		return err
	}
	tolerateFailure(&pod.Spec, corev1.TaintNodeNotReady)
	tolerateFailure(&pod.Spec, corev1.TaintNodeUnreachable)
	return nil
}

func admitPriority(spec *corev1.PodSpec, class *schedulingv1.PriorityClass) error {
	priority, policy := int32(0), ptr.To(corev1.PreemptLowerPriority)
	switch {
	case class != nil:
		spec.PriorityClassName, priority = class.Name, class.Value
		policy = class.PreemptionPolicy
	case spec.PriorityClassName != "":
		return fmt.Errorf("no PriorityClass with name %v was found", spec.PriorityClassName)
	}
	if spec.Priority != nil && *spec.Priority != priority {
		return fmt.Errorf("the integer value of priority (%d) must not be provided in pod spec; priority admission controller computed %d from the given PriorityClass name", *spec.Priority, priority)
	}
	spec.Priority = ptr.To(priority)
	if policy != nil {
		if spec.PreemptionPolicy != nil && *spec.PreemptionPolicy != *policy {
			return fmt.Errorf("the string value of PreemptionPolicy (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name", *spec.PreemptionPolicy, *policy)
		}
		spec.PreemptionPolicy = ptr.To(*policy)
	}
	return nil
}

func admitServiceAccount(pod *corev1.Pod, admission Admission) error {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		if pod.Spec.ServiceAccountName != "" {
			return fmt.Errorf("a mirror pod may not reference service accounts")
		}
		return nil
	}
	name := ServiceAccountOf(pod)
	pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount = name, name
	account := admission.ServiceAccount
	if account == nil {
		return fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", pod.Namespace, name, name)
	}
	wanted := pod.Spec.AutomountServiceAccountToken
	if wanted == nil {
		wanted = account.AutomountServiceAccountToken
	}
	if wanted == nil || *wanted {
		mountToken(&pod.Spec, tokenVolumePrefix+admission.TokenSuffix)
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		for _, secret := range account.ImagePullSecrets {
			pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: secret.Name})
		}
	}
	return nil
}

func mountToken(spec *corev1.PodSpec, name string) {
	exists, needed := false, false
	for i := range spec.Volumes {
		if strings.HasPrefix(spec.Volumes[i].Name, tokenVolumePrefix) {
			name, exists = spec.Volumes[i].Name, true
			break
		}
	}
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			if !mountsAt(&containers[i], tokenMountPath) {
				containers[i].VolumeMounts = append(containers[i].VolumeMounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenMountPath})
				needed = true
			}
		}
	}
	if needed && !exists {
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: tokenVolume}})
	}
}

func mountsAt(container *corev1.Container, path string) bool {
	for i := range container.VolumeMounts {
		if container.VolumeMounts[i].MountPath == path {
			return true
		}
	}
	return false
}

// tokenVolume is the same for all Pods, who share it: objects are immutable once they are stored.
var tokenVolume = &corev1.ProjectedVolumeSource{
	DefaultMode: ptr.To(corev1.ProjectedVolumeSourceDefaultMode),
	Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: ptr.To[int64](tokenSeconds)}},
		{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
			Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
		}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
			{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}},
		}}},
	},
}

// tolerateFailure lets a Pod stay five minutes on a node with the taint, unless the Pod says otherwise.
func tolerateFailure(spec *corev1.PodSpec, taint string) {
	for _, toleration := range spec.Tolerations {
		if (toleration.Key == taint || toleration.Key == "") && (toleration.Effect == corev1.TaintEffectNoExecute || toleration.Effect == "") {
			return
		}
	}
	spec.Tolerations = append(spec.Tolerations, corev1.Toleration{
		Key: taint, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](evictionSeconds),
	})
}

// Finalizers that keep what is in use from vanishing.
const (
	ClaimProtection  = "kubernetes.io/pvc-protection"
	VolumeProtection = "kubernetes.io/pv-protection"
)

// AdmitClaim does to a new claim what the default admission plugins do: the default storage class when the claim
// names none, and the finalizer that protects it while it is in use. Upstream: plugin/pkg/admission/storage.
func AdmitClaim(claim *corev1.PersistentVolumeClaim, classes []*storagev1.StorageClass) {
	_, annotated := claim.Annotations[corev1.BetaStorageClassAnnotation]
	if class := DefaultStorageClass(classes); class != nil && claim.Spec.StorageClassName == nil && !annotated {
		claim.Spec.StorageClassName = ptr.To(class.Name)
	}
	addFinalizer(&claim.Finalizers, ClaimProtection)
}

// AdmitPersistentVolume protects a new volume while a claim is bound to it.
func AdmitPersistentVolume(volume *corev1.PersistentVolume) {
	addFinalizer(&volume.Finalizers, VolumeProtection)
}

func addFinalizer(finalizers *[]string, name string) {
	for _, finalizer := range *finalizers {
		if finalizer == name {
			return
		}
	}
	*finalizers = append(*finalizers, name)
}

// DefaultStorageClass is the class annotated as the default; the newest when several are, the first by name among
// equally new ones; nil when none is. Upstream: pkg/volume/util/storageclass.go.
func DefaultStorageClass(classes []*storagev1.StorageClass) *storagev1.StorageClass {
	var found *storagev1.StorageClass
	for _, class := range classes {
		if class.Annotations["storageclass.kubernetes.io/is-default-class"] != "true" &&
			class.Annotations["storageclass.beta.kubernetes.io/is-default-class"] != "true" {
			continue
		}
		if found == nil || found.CreationTimestamp.Before(&class.CreationTimestamp) ||
			found.CreationTimestamp.Equal(&class.CreationTimestamp) && class.Name < found.Name {
			found = class
		}
	}
	return found
}
