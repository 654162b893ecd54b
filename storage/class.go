package storage

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StandardClass is the default class of a new cluster: "standard", network volumes bound at once and deleted with their claims.
func StandardClass() *storagev1.StorageClass {
	class := classOf("standard", StandardProvisioner, storagev1.VolumeBindingImmediate)
	class.Annotations = map[string]string{defaultClassAnnotations[0]: "true"}
	return class
}

// LocalClass is a class of volumes on the disk of the node that the first pod runs on: "local".
func LocalClass() *storagev1.StorageClass {
	return classOf("local", LocalProvisioner, storagev1.VolumeBindingWaitForFirstConsumer)
}

// GlusterClass is the class that tutorials of Kubernetes' GlusterFS times use: "glusterfs-storage".
func GlusterClass() *storagev1.StorageClass {
	return classOf("glusterfs-storage", GlusterProvisioner, storagev1.VolumeBindingImmediate)
}

func classOf(name, provisioner string, binding storagev1.VolumeBindingMode) *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner,
		ReclaimPolicy: new(corev1.PersistentVolumeReclaimDelete), VolumeBindingMode: &binding, AllowVolumeExpansion: new(false),
	}
}

// defaultClassAnnotations mark a class as the cluster's default when they say "true".
var defaultClassAnnotations = []string{
	"storageclass.kubernetes.io/is-default-class",
	"storageclass.beta.kubernetes.io/is-default-class",
}

// ClassOf is the name of the class a claim asks for; "" asks for volumes without a class.
// The beta annotation wins over the field.
//
// Upstream: component-helpers/storage/volume/helpers.go.
func ClassOf(claim *corev1.PersistentVolumeClaim) string {
	if name, ok := claim.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return name
	}
	if claim.Spec.StorageClassName != nil {
		return *claim.Spec.StorageClassName
	}
	return ""
}

// NamesClass says whether a claim decides about its class, were it for none (""). If not, it gets the default class.
func NamesClass(claim *corev1.PersistentVolumeClaim) bool {
	_, annotated := claim.Annotations[corev1.BetaStorageClassAnnotation]
	return annotated || claim.Spec.StorageClassName != nil
}

// ClassOfVolume is the name of a volume's class; the beta annotation wins over the field.
func ClassOfVolume(volume *corev1.PersistentVolume) string {
	if name, ok := volume.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		return name
	}
	return volume.Spec.StorageClassName
}

// IsDefaultClass says whether a class is marked as the default.
func IsDefaultClass(class *storagev1.StorageClass) bool {
	for _, annotation := range defaultClassAnnotations {
		if class.Annotations[annotation] == "true" {
			return true
		}
	}
	return false
}

// DefaultClass is the class for claims that name none, or nil: the newest of those marked, of equally old ones the first by name.
//
// Upstream: pkg/volume/util/storageclass.go.
func DefaultClass(classes []*storagev1.StorageClass) *storagev1.StorageClass {
	var chosen *storagev1.StorageClass
	for _, class := range classes {
		if !IsDefaultClass(class) {
			continue
		}
		if chosen == nil || class.CreationTimestamp.After(chosen.CreationTimestamp.Time) ||
			class.CreationTimestamp.Time.Equal(chosen.CreationTimestamp.Time) && class.Name < chosen.Name {
			chosen = class
		}
	}
	return chosen
}

// WaitsForFirstConsumer says whether claims of a class are bound only when a pod that uses them is scheduled.
// A missing class (nil) does not wait.
func WaitsForFirstConsumer(class *storagev1.StorageClass) bool {
	return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

// SelectedNode is the node for which the scheduler wants a claim's volume, or "".
func SelectedNode(claim *corev1.PersistentVolumeClaim) string {
	return claim.Annotations[AnnotationSelectedNode]
}
