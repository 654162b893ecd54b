package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

var (
	knownAccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod}
	volumeModes      = []corev1.PersistentVolumeMode{corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem}
)

func validateClaim(claim *corev1.PersistentVolumeClaim) field.ErrorList {
	errs := validateMeta(&claim.ObjectMeta, true, nameIsSubdomain)
	return append(errs, validateClaimSpec(&claim.Spec, specPath, false)...)
}

// validateClaimSpec checks a claim's spec; anyGroup leaves the API groups of its sources unseen.
func validateClaimSpec(spec *corev1.PersistentVolumeClaimSpec, at field.Path, anyGroup bool) (errs field.ErrorList) {
	if len(spec.AccessModes) == 0 {
		errs = append(errs, field.Required(at.Child("accessModes"), "at least 1 access mode is required"))
	}
	if spec.Selector != nil {
		errs = append(errs, checkSelector(spec.Selector, at.Child("selector"))...)
	}
	errs = append(errs, checkAccessModes(spec.AccessModes, at.Child("accessModes"))...)
	path := at.Child("resources").Key(string(corev1.ResourceStorage))
	if size, exists := spec.Resources.Requests[corev1.ResourceStorage]; !exists {
		errs = append(errs, field.Required(path, ""))
	} else {
		errs = append(errs, checkPositiveQuantity(size, path)...)
	}
	if class := spec.StorageClassName; class != nil && *class != "" {
		errs = append(errs, invalids(at.Child("storageClassName"), *class, nameIsSubdomain(*class, false))...)
	}
	if mode := spec.VolumeMode; mode != nil {
		errs = append(errs, checkAmong(*mode, at.Child("volumeMode"), volumeModes...)...)
	}
	if source := spec.DataSource; source != nil {
		errs = append(errs, validateDataSource(source.APIGroup, source.Kind, source.Name, at.Child("dataSource"), anyGroup)...)
	}
	if source := spec.DataSourceRef; source != nil {
		errs = append(errs, validateDataSource(source.APIGroup, source.Kind, source.Name, at.Child("dataSourceRef"), anyGroup)...)
		if source.Namespace != nil && *source.Namespace != "" {
			errs = append(errs, invalids(at.Child("dataSourceRef", "namespace"), *source.Namespace, nameIsLabel(*source.Namespace, false))...)
			if spec.DataSource != nil {
				errs = append(errs, field.Invalid(at, at.Child("dataSource").Upstream(), "may not be specified when dataSourceRef.namespace is specified"))
			}
		} else if other := spec.DataSource; other != nil && (!sameMeaning(other.APIGroup, source.APIGroup) || other.Kind != source.Kind || other.Name != source.Name) {
			errs = append(errs, field.Invalid(at, at.Child("dataSource").Upstream(), "must match dataSourceRef"))
		}
	}
	if class := spec.VolumeAttributesClassName; class != nil && *class != "" {
		errs = append(errs, invalids(at.Child("volumeAttributesClassName"), *class, nameIsSubdomain(*class, false))...)
	}
	return errs
}

func checkAccessModes(modes []corev1.PersistentVolumeAccessMode, at field.Path) (errs field.ErrorList) {
	oncePod, other := false, false
	for _, mode := range modes {
		errs = append(errs, checkAmong(mode, at, knownAccessModes...)...)
		oncePod = oncePod || mode == corev1.ReadWriteOncePod
		other = other || mode != corev1.ReadWriteOncePod && slices.Contains(knownAccessModes, mode)
	}
	if oncePod && other {
		errs = append(errs, field.Forbidden(at, "may not use ReadWriteOncePod with other access modes"))
	}
	return errs
}

func validateDataSource(group *string, kind, name string, at field.Path, anyGroup bool) field.ErrorList {
	errs := required(name, at.Child("name"))
	errs = append(errs, required(kind, at.Child("kind"))...)
	if group == nil || *group == "" {
		if kind != "PersistentVolumeClaim" {
			errs = append(errs, field.Invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
		}
		return errs
	}
	if anyGroup {
		return errs
	}
	return append(errs, invalids(at.Child("apiGroup"), *group, validation.IsDNS1123Subdomain(*group))...)
}

// validateClaimUpdate: a claim's spec is immutable, save that the request of a bound claim may grow, or shrink
// back towards what the volume has.
func validateClaimUpdate(claim, old *corev1.PersistentVolumeClaim, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&claim.ObjectMeta, &old.ObjectMeta)
	if subresource == "status" {
		return append(errs, validateClaimStatus(claim)...)
	}
	if Equal(&claim.Spec, &old.Spec) && claim.Annotations[corev1.BetaStorageClassAnnotation] == old.Annotations[corev1.BetaStorageClassAnnotation] {
		return errs // what is stored has been looked at
	}
	hadGroup := old.Spec.DataSource != nil && old.Spec.DataSource.APIGroup != nil || old.Spec.DataSourceRef != nil && old.Spec.DataSourceRef.APIGroup != nil
	errs = append(errs, validateMeta(&claim.ObjectMeta, true, nameIsSubdomain)...)
	errs = append(errs, validateClaimSpec(&claim.Spec, specPath, hadGroup)...)
	now, before := claim.DeepCopy(), old.DeepCopy()
	if old.Spec.VolumeName == "" {
		before.Spec.VolumeName = now.Spec.VolumeName
	}
	const key = corev1.BetaStorageClassAnnotation
	oldClass, annotated := old.Annotations[key]
	newClass, stillAnnotated := claim.Annotations[key]
	if annotated && old.Spec.StorageClassName == nil && claim.Spec.StorageClassName != nil && *claim.Spec.StorageClassName == oldClass &&
		(!stillAnnotated || newClass == oldClass) {
		now.Spec.StorageClassName = nil
	} else {
		if oldClass != newClass {
			errs = append(errs, field.Invalid(metaPath.Child("annotations", key), newClass, immutable))
		}
		if old.Spec.StorageClassName == nil && claim.Spec.StorageClassName != nil && (!annotated || *claim.Spec.StorageClassName == oldClass) {
			now.Spec.StorageClassName = nil
		}
	}
	oldSize, newSize := old.Spec.Resources.Requests[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if claim.Status.Phase == corev1.ClaimBound {
		if now.Spec.Resources.Requests != nil {
			now.Spec.Resources.Requests[corev1.ResourceStorage] = oldSize
		}
		now.Spec.VolumeAttributesClassName = before.Spec.VolumeAttributesClassName
	}
	if !sameMeaning(now.Spec, before.Spec) {
		errs = append(errs, field.Forbidden(specPath, fmt.Sprintf(
			"spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n%v", diffInternal(before.Spec, now.Spec))))
	}
	if has := old.Status.Capacity[corev1.ResourceStorage]; newSize.Cmp(oldSize) < 0 && newSize.Cmp(has) <= 0 {
		errs = append(errs, field.Forbidden(specPath.Child("resources", "requests", "storage"), "field can not be less than status.capacity"))
	}
	return append(errs, checkImmutable(claim.Spec.VolumeMode, old.Spec.VolumeMode, field.NewPath("volumeMode"))...)
}

func validateClaimStatus(claim *corev1.PersistentVolumeClaim) (errs field.ErrorList) {
	if claim.ResourceVersion == "" {
		errs = append(errs, field.Required(field.NewPath("resourceVersion"), ""))
	}
	if len(claim.Spec.AccessModes) == 0 {
		errs = append(errs, field.Required(field.NewPath("Spec", "accessModes"), ""))
	}
	for _, name := range sortedKeys(claim.Status.Capacity) {
		size := claim.Status.Capacity[name]
		errs = append(errs, checkValidQuantity(size.Value(), field.NewPath("status", "capacity").Key(string(name)))...)
	}
	path := field.NewPath("status", "allocatedResourceStatuses")
	for _, name := range sortedKeys(claim.Status.AllocatedResourceStatuses) {
		errs = append(errs, checkClaimResource(name, path)...)
		if !slices.Contains(resizeStates, claim.Status.AllocatedResourceStatuses[name]) {
			errs = append(errs, field.NotSupported(path, name, resizeStates)) // upstream names the resource here, not its state
		}
	}
	path = field.NewPath("status", "allocatedResources")
	for _, name := range sortedKeys(claim.Status.AllocatedResources) {
		size := claim.Status.AllocatedResources[name]
		if problems := checkClaimResource(name, path); len(problems) > 0 {
			errs = append(errs, problems...)
		} else if problems := checkValidQuantity(size.Value(), path.Key(string(name))); len(problems) > 0 {
			errs = append(errs, problems...)
		} else {
			errs = append(errs, checkQuantity(corev1.ResourceStorage, size, path.Key(string(name)))...)
		}
	}
	return errs
}

// resizeStates are in upstream's order, which is that of their names.
var resizeStates = []corev1.ClaimResourceStatus{
	corev1.PersistentVolumeClaimControllerResizeInProgress, corev1.PersistentVolumeClaimControllerResizeInfeasible,
	corev1.PersistentVolumeClaimNodeResizeInProgress, corev1.PersistentVolumeClaimNodeResizeInfeasible, corev1.PersistentVolumeClaimNodeResizePending,
}

// checkClaimResource: of Kubernetes's own resources a claim has storage only.
func checkClaimResource(name corev1.ResourceName, at field.Path) field.ErrorList {
	if errs := checkQualifiedName(string(name), at); len(errs) > 0 {
		return errs
	}
	if native := !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix); native && name != corev1.ResourceStorage {
		return field.ErrorList{field.NotSupported(at, string(name), []corev1.ResourceName{corev1.ResourceStorage})}
	}
	return nil
}

func checkValidQuantity(value int64, at field.Path) field.ErrorList {
	if value >= 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, value, "must be a valid resource quantity")}
}
