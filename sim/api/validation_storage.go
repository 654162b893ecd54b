package api

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

func validatePersistentVolume(volume *corev1.PersistentVolume) field.ErrorList {
	errs := validateMeta(&volume.ObjectMeta, false, nameIsSubdomain)
	errs = append(errs, validatePersistentVolumeSpec(&volume.Spec, specPath)...)
	if _, exists := volume.Annotations[corev1.MountOptionAnnotation]; exists && (volume.Spec.HostPath != nil || volume.Spec.Local != nil || volume.Spec.CSI != nil) {
		errs = append(errs, field.Forbidden(metaPath.Child("annotations", corev1.MountOptionAnnotation), "may not specify mount options for this volume type"))
	}
	return errs
}

func validatePersistentVolumeSpec(spec *corev1.PersistentVolumeSpec, at field.Path) (errs field.ErrorList) {
	if len(spec.AccessModes) == 0 {
		errs = append(errs, field.Required(at.Child("accessModes"), ""))
	}
	errs = append(errs, checkAccessModes(spec.AccessModes, at.Child("accessModes"))...)
	capacity := at.Child("capacity")
	if len(spec.Capacity) == 0 {
		errs = append(errs, field.Required(capacity, ""))
	}
	if _, exists := spec.Capacity[corev1.ResourceStorage]; !exists || len(spec.Capacity) > 1 {
		errs = append(errs, field.NotSupported(capacity, spec.Capacity, []corev1.ResourceName{corev1.ResourceStorage}))
	}
	for _, name := range sortedKeys(spec.Capacity) {
		size := spec.Capacity[name]
		errs = append(errs, checkValidQuantity(size.Value(), capacity.Key(string(name)))...)
		errs = append(errs, checkPositiveQuantity(size, capacity.Key(string(name)))...)
	}
	if spec.PersistentVolumeReclaimPolicy != "" {
		errs = append(errs, checkAmong(spec.PersistentVolumeReclaimPolicy, at.Child("persistentVolumeReclaimPolicy"),
			corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain)...)
	}
	if affinity := spec.NodeAffinity; affinity != nil {
		if affinity.Required == nil {
			errs = append(errs, field.Required(at.Child("nodeAffinity", "required"), "must specify required node constraints"))
		} else {
			errs = append(errs, validateNodeSelector(affinity.Required, at.Child("nodeAffinity", "required"))...)
		}
	}
	errs = append(errs, validatePersistentVolumeSource(spec, at)...)
	if spec.HostPath != nil && path.Clean(spec.HostPath.Path) == "/" && spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		errs = append(errs, field.Forbidden(at.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'"))
	}
	if spec.StorageClassName != "" {
		errs = append(errs, invalids(at.Child("storageClassName"), spec.StorageClassName, nameIsSubdomain(spec.StorageClassName, false))...)
	}
	if mode := spec.VolumeMode; mode != nil {
		errs = append(errs, checkAmong(*mode, at.Child("volumeMode"), volumeModes...)...)
	}
	if class := spec.VolumeAttributesClassName; class != nil {
		if *class == "" {
			errs = append(errs, field.Required(at.Child("volumeAttributesClassName"), "an empty string is disallowed"))
		} else {
			errs = append(errs, invalids(at.Child("volumeAttributesClassName"), *class, nameIsSubdomain(*class, false))...)
		}
		if spec.CSI == nil {
			errs = append(errs, field.Required(at.Child("csi"), "has to be specified when using volumeAttributesClassName"))
		}
	}
	return errs
}

func validatePersistentVolumeSource(spec *corev1.PersistentVolumeSpec, at field.Path) field.ErrorList {
	is := oneOf{thing: moreThanOneVolume}
	if is.first(at, spec.HostPath != nil, "hostPath") {
		is.add(validateHostPath(spec.HostPath, at.Child("hostPath"))...)
	}
	is.first(at, spec.GCEPersistentDisk != nil, "gcePersistentDisk")
	is.first(at, spec.AWSElasticBlockStore != nil, "awsElasticBlockStore")
	if is.first(at, spec.Glusterfs != nil, "glusterfs") {
		is.add(required(spec.Glusterfs.EndpointsName, at.Child("glusterfs", "endpoints"))...)
		is.add(required(spec.Glusterfs.Path, at.Child("glusterfs", "path"))...)
	}
	is.first(at, spec.Flocker != nil, "flocker")
	if is.first(at, spec.NFS != nil, "nfs") {
		is.add(validateNFS(spec.NFS, at.Child("nfs"))...)
	}
	is.first(at, spec.RBD != nil, "rbd")
	is.first(at, spec.Quobyte != nil, "quobyte")
	is.first(at, spec.CephFS != nil, "cephFS")
	is.first(at, spec.ISCSI != nil, "iscsi")
	is.first(at, spec.Cinder != nil, "cinder")
	is.first(at, spec.FC != nil, "fc")
	is.first(at, spec.FlexVolume != nil, "flexVolume")
	is.first(at, spec.AzureFile != nil, "azureFile")
	is.first(at, spec.VsphereVolume != nil, "vsphereVolume")
	is.first(at, spec.PhotonPersistentDisk != nil, "photonPersistentDisk")
	is.first(at, spec.PortworxVolume != nil, "portworxVolume")
	is.first(at, spec.AzureDisk != nil, "azureDisk")
	is.first(at, spec.ScaleIO != nil, "scaleIO")
	if is.first(at, spec.Local != nil, "local") {
		is.add(required(spec.Local.Path, at.Child("local", "path"))...)
		is.add(checkNoBacksteps(spec.Local.Path, at.Child("local", "path"))...)
		if spec.NodeAffinity == nil {
			is.add(field.Required(at.Child("nodeAffinity"), "Local volume requires node affinity"))
		}
	}
	is.first(at, spec.StorageOS != nil, "storageos")
	if is.first(at, spec.CSI != nil, "csi") {
		is.add(checkDriverName(spec.CSI.Driver, at.Child("csi", "driver"))...)
		is.add(required(spec.CSI.VolumeHandle, at.Child("csi", "volumeHandle"))...)
		for _, one := range []struct {
			name string
			ref  *corev1.SecretReference
		}{
			{"controllerPublishSecretRef", spec.CSI.ControllerPublishSecretRef}, {"controllerExpandSecretRef", spec.CSI.ControllerExpandSecretRef},
			{"nodePublishSecretRef", spec.CSI.NodePublishSecretRef}, {"nodeExpandSecretRef", spec.CSI.NodeExpandSecretRef},
		} {
			is.add(validateSecretRef(one.ref, at.Child("csi", one.name))...)
		}
	}
	if !is.chosen {
		is.add(field.Required(at, "must specify a volume type"))
	}
	return is.errs
}

func validateSecretRef(ref *corev1.SecretReference, at field.Path) (errs field.ErrorList) {
	if ref == nil {
		return nil
	}
	for _, one := range []struct{ name, value string }{{"name", ref.Name}, {"namespace", ref.Namespace}} {
		if one.value == "" {
			errs = append(errs, field.Required(at.Child(one.name), ""))
		} else if one.name == "name" {
			errs = append(errs, checkSubdomain(one.value, at.Child(one.name))...)
		} else {
			errs = append(errs, checkLabel(one.value, at.Child(one.name))...)
		}
	}
	return errs
}

func checkDriverName(name string, at field.Path) (errs field.ErrorList) {
	if name == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	if most := 63; len(name) > most {
		errs = append(errs, field.TooLong(at, "", most))
	}
	return append(errs, invalids(at, name, validation.IsDNS1123Subdomain(strings.ToLower(name)))...)
}

func validatePersistentVolumeUpdate(volume, old *corev1.PersistentVolume, subresource string) field.ErrorList {
	if subresource == "status" {
		errs := validateMetaUpdate(&volume.ObjectMeta, &old.ObjectMeta)
		return append(errs, required(volume.ResourceVersion, field.NewPath("resourceVersion"))...)
	}
	errs := validatePersistentVolume(volume)
	source := volume.Spec.PersistentVolumeSource
	if before := old.Spec.CSI; before != nil && before.ControllerExpandSecretRef == nil && source.CSI != nil && source.CSI.ControllerExpandSecretRef != nil {
		source.CSI = source.CSI.DeepCopy() // it may be set later
		source.CSI.ControllerExpandSecretRef = nil
	}
	if !sameMeaning(source, old.Spec.PersistentVolumeSource) {
		errs = append(errs, field.Forbidden(specPath.Child("persistentvolumesource"), fmt.Sprintf(
			"spec.persistentvolumesource is immutable after creation\n%v", diffInternal(old.Spec.PersistentVolumeSource, source))))
	}
	errs = append(errs, checkImmutable(volume.Spec.VolumeMode, old.Spec.VolumeMode, field.NewPath("volumeMode"))...)
	if old.Spec.NodeAffinity != nil && !sameMeaning(volume.Spec.NodeAffinity, old.Spec.NodeAffinity) {
		errs = append(errs, field.Invalid(field.NewPath("nodeAffinity"), internal{volume.Spec.NodeAffinity}, immutable+", except for updating from beta label to GA"))
	}
	if old.Spec.VolumeAttributesClassName != nil && volume.Spec.VolumeAttributesClassName == nil {
		errs = append(errs, field.Forbidden(specPath.Child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden"))
	}
	return errs
}

// Upstream: pkg/apis/storage/validation/validation.go.

func validateStorageClass(class *storagev1.StorageClass) field.ErrorList {
	errs := validateMeta(&class.ObjectMeta, false, nameIsSubdomain)
	if class.Provisioner == "" {
		errs = append(errs, field.Required(field.NewPath("provisioner"), ""))
	} else {
		errs = append(errs, checkQualifiedName(strings.ToLower(class.Provisioner), field.NewPath("provisioner"))...)
	}
	const count, size = 512, 256 << 10
	total, parameters := 0, field.NewPath("parameters")
	for _, key := range sortedKeys(class.Parameters) {
		if key == "" {
			errs = append(errs, field.Invalid(parameters, key, "field can not be empty."))
		}
		total += len(key) + len(class.Parameters[key])
	}
	if len(class.Parameters) > count {
		errs = append(errs, field.TooLong(parameters, "", count))
	} else if total > size {
		errs = append(errs, field.TooLong(parameters, "", size))
	}
	if policy := class.ReclaimPolicy; policy != nil && *policy != "" {
		errs = append(errs, checkAmong(*policy, field.NewPath("reclaimPolicy"), corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRetain)...)
	}
	if mode := class.VolumeBindingMode; mode == nil {
		errs = append(errs, field.Required(field.NewPath("volumeBindingMode"), ""))
	} else {
		errs = append(errs, checkAmong(*mode, field.NewPath("volumeBindingMode"), storagev1.VolumeBindingImmediate, storagev1.VolumeBindingWaitForFirstConsumer)...)
	}
	for i, term := range class.AllowedTopologies {
		errs = append(errs, validateTopologyTerm(term, field.NewPath("allowedTopologies").Index(i))...)
		for _, other := range class.AllowedTopologies[:i] {
			if sameMeaning(topologyOf(term), topologyOf(other)) {
				errs = append(errs, field.Duplicate(field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions"), ""))
			}
		}
		if len(term.MatchLabelExpressions) == 0 { // upstream takes it for one that it has not looked at yet
			errs = append(errs, field.Duplicate(field.NewPath("allowedTopologies").Index(i).Child("matchLabelExpressions"), ""))
		}
	}
	return errs
}

// topologyOf is what a term means: which values each key may have.
func topologyOf(term corev1.TopologySelectorTerm) map[string][]string {
	topology := map[string][]string{}
	for _, rule := range term.MatchLabelExpressions {
		values := slices.Clone(rule.Values)
		slices.Sort(values)
		topology[rule.Key] = slices.Compact(values)
	}
	return topology
}

func validateTopologyTerm(term corev1.TopologySelectorTerm, at field.Path) (errs field.ErrorList) {
	for i, rule := range term.MatchLabelExpressions {
		path := at.Child("matchLabelExpressions").Index(i)
		if len(rule.Values) == 0 {
			errs = append(errs, field.Required(path.Child("values"), ""))
		}
		for j, value := range rule.Values {
			if slices.Contains(rule.Values[:j], value) {
				errs = append(errs, field.Duplicate(path.Child("values").Index(j), value))
			}
		}
		errs = append(errs, checkLabelName(rule.Key, path.Child("key"))...)
		for _, other := range term.MatchLabelExpressions[:i] {
			if other.Key == rule.Key {
				errs = append(errs, field.Duplicate(path.Child("key"), rule.Key))
			}
		}
	}
	return errs
}

func validateStorageClassUpdate(class, old *storagev1.StorageClass, _ string) field.ErrorList {
	errs := append(validateStorageClass(class), validateMetaUpdate(&class.ObjectMeta, &old.ObjectMeta)...)
	errs = append(errs, checkImmutable(class.Parameters, old.Parameters, field.NewPath("parameters"))...)
	errs = append(errs, checkImmutable(class.Provisioner, old.Provisioner, field.NewPath("provisioner"))...)
	errs = append(errs, checkImmutable(class.ReclaimPolicy, old.ReclaimPolicy, field.NewPath("reclaimPolicy"))...)
	return append(errs, checkImmutable(class.VolumeBindingMode, old.VolumeBindingMode, field.NewPath("volumeBindingMode"))...)
}

func validateVolumeAttachment(attachment *storagev1.VolumeAttachment) field.ErrorList {
	errs := validateMeta(&attachment.ObjectMeta, false, nameIsSubdomain)
	errs = append(errs, checkDriverName(attachment.Spec.Attacher, specPath.Child("attacher"))...)
	source := specPath.Child("source")
	switch inline, name := attachment.Spec.Source.InlineVolumeSpec, attachment.Spec.Source.PersistentVolumeName; {
	case inline == nil && name == nil:
		errs = append(errs, field.Required(source, "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
	case inline != nil && name != nil:
		errs = append(errs, field.Forbidden(source, "must specify exactly one of inlineVolumeSpec and persistentVolumeName"))
	case name != nil && *name == "":
		errs = append(errs, field.Required(source.Child("persistentVolumeName"), "must specify non empty persistentVolumeName"))
	case name != nil:
		errs = append(errs, invalids(field.NewPath("spec.source.persistentVolumeName"), *name, nameIsSubdomain(*name, false))...)
	}
	return append(errs, invalids(specPath.Child("nodeName"), attachment.Spec.NodeName, nameIsSubdomain(attachment.Spec.NodeName, false))...)
}

func validateVolumeAttachmentUpdate(attachment, old *storagev1.VolumeAttachment, _ string) field.ErrorList {
	errs := validateVolumeAttachment(attachment)
	if !sameMeaning(attachment.Spec, old.Spec) {
		errs = append(errs, field.Invalid(specPath, internal{attachment.Spec}, immutable))
	}
	return errs
}

func validateCSINode(node *storagev1.CSINode) field.ErrorList {
	errs := validateMeta(&node.ObjectMeta, false, nameIsSubdomain)
	for i, driver := range node.Spec.Drivers {
		path := specPath.Child("drivers").Index(i)
		errs = append(errs, checkDriverName(driver.Name, path.Child("name"))...)
		errs = append(errs, required(driver.NodeID, path.Child("nodeID"))...)
		if most := 256; len(driver.NodeID) > most {
			errs = append(errs, field.Invalid(path.Child("nodeID"), driver.NodeID, fmt.Sprintf("must be %d characters or less", most)))
		}
		if volumes := driver.Allocatable; volumes != nil {
			errs = append(errs, checkCounts(path.Child("allocatable"), countOf("count", volumes.Count))...)
		}
		for _, other := range node.Spec.Drivers[:i] {
			if other.Name == driver.Name {
				errs = append(errs, field.Duplicate(path.Child("name"), driver.Name))
			}
		}
		for j, key := range driver.TopologyKeys {
			if slices.Contains(driver.TopologyKeys[:j], key) {
				errs = append(errs, field.Duplicate(path, key))
			}
			errs = append(errs, required(key, path)...)
			errs = append(errs, checkQualifiedName(key, path)...)
		}
	}
	return errs
}

// validateCSINodeUpdate: of a driver that is there nothing changes but how many volumes it takes.
func validateCSINodeUpdate(node, old *storagev1.CSINode) field.ErrorList {
	errs := validateCSINode(node)
	for _, before := range old.Spec.Drivers {
		for _, now := range node.Spec.Drivers {
			before.Allocatable, now.Allocatable = nil, nil
			if now.Name == before.Name && !sameMeaning(now, before) {
				errs = append(errs, field.Invalid(specPath.Child("drivers"), internal{now}, immutable))
			}
		}
	}
	return errs
}
