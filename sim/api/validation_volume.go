package api

import (
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api/field"
)

const (
	moreThanOneVolume = "volume type"
	badFileMode       = "must be a number between 0 and 0777 (octal), both inclusive"
	badPartition      = "must be between 1 and 255, inclusive"
)

// volumeNames are the volumes of a Pod that are valid, by name; the value says whether a block device can be
// made of the volume.
type volumeNames map[string]bool

// validateVolumes checks the volumes of a Pod. meta is nil for a template.
func validateVolumes(volumes []corev1.Volume, meta *metav1.ObjectMeta, at field.Path) (volumeNames, field.ErrorList) {
	if len(volumes) == 0 {
		return nil, nil
	}
	var errs field.ErrorList
	names := make(volumeNames, len(volumes))
	created := map[string]bool{}
	if meta != nil && meta.Name != "" {
		for i := range volumes {
			if volumes[i].Ephemeral != nil {
				created[meta.Name+"-"+volumes[i].Name] = true
			}
		}
	}
	for i := range volumes {
		volume, path := &volumes[i], at.Index(i)
		own := validateVolumeSource(volume, meta, path)
		if volume.Name == "" {
			own = append(own, field.Required(path.Child("name"), ""))
		} else {
			own = append(own, checkLabel(volume.Name, path.Child("name"))...)
		}
		if _, exists := names[volume.Name]; exists {
			own = append(own, field.Duplicate(path.Child("name"), volume.Name))
		}
		if len(own) == 0 {
			names[volume.Name] = volume.PersistentVolumeClaim != nil || volume.Ephemeral != nil
		}
		errs = append(errs, own...)
		if claim := volume.PersistentVolumeClaim; claim != nil && created[claim.ClaimName] {
			errs = append(errs, field.Invalid(path.Child("persistentVolumeClaim", "claimName"), claim.ClaimName,
				"must not reference a PVC that gets created for an ephemeral volume"))
		}
	}
	return names, errs
}

// validateVolumeSource checks that a volume has exactly one source, and the source. Of the sources that were
// plugins inside Kubernetes the ones below are looked into; the others, long removed, are only counted.
func validateVolumeSource(volume *corev1.Volume, meta *metav1.ObjectMeta, at field.Path) field.ErrorList {
	source := &volume.VolumeSource
	is := oneOf{thing: moreThanOneVolume}
	if is.first(at, source.EmptyDir != nil, "emptyDir") {
		if limit := source.EmptyDir.SizeLimit; limit != nil && limit.Sign() < 0 {
			is.add(field.Forbidden(at.Child("emptyDir", "sizeLimit"), "SizeLimit field must be a valid resource quantity"))
		}
	}
	if is.first(at, source.HostPath != nil, "hostPath") {
		is.add(validateHostPath(source.HostPath, at.Child("hostPath"))...)
	}
	if is.first(at, source.GitRepo != nil, "gitRepo") {
		is.add(required(source.GitRepo.Repository, at.Child("gitRepo", "repository"))...)
		is.add(checkDescendingPath(source.GitRepo.Directory, at.Child("gitRepo", "directory"))...)
	}
	if is.first(at, source.GCEPersistentDisk != nil, "gcePersistentDisk") {
		is.add(required(source.GCEPersistentDisk.PDName, at.Child("persistentDisk", "pdName"))...)
	}
	if is.first(at, source.AWSElasticBlockStore != nil, "awsElasticBlockStore") {
		is.add(required(source.AWSElasticBlockStore.VolumeID, at.Child("awsElasticBlockStore", "volumeID"))...)
	}
	if is.first(at, source.Secret != nil, "secret") {
		is.add(required(source.Secret.SecretName, at.Child("secret", "secretName"))...)
		is.add(checkMode(source.Secret.DefaultMode, at.Child("secret", "defaultMode"))...)
		is.add(validateItems(source.Secret.Items, at.Child("secret", "items"))...)
	}
	if is.first(at, source.NFS != nil, "nfs") {
		is.add(validateNFS(source.NFS, at.Child("nfs"))...)
	}
	is.first(at, source.ISCSI != nil, "iscsi")
	if is.first(at, source.Glusterfs != nil, "glusterfs") {
		is.add(required(source.Glusterfs.EndpointsName, at.Child("glusterfs", "endpoints"))...)
		is.add(required(source.Glusterfs.Path, at.Child("glusterfs", "path"))...)
	}
	is.first(at, source.Flocker != nil, "flocker")
	if is.first(at, source.PersistentVolumeClaim != nil, "persistentVolumeClaim") {
		is.add(required(source.PersistentVolumeClaim.ClaimName, at.Child("persistentVolumeClaim", "claimName"))...)
	}
	is.first(at, source.RBD != nil, "rbd")
	is.first(at, source.Cinder != nil, "cinder")
	is.first(at, source.CephFS != nil, "cephFS")
	is.first(at, source.Quobyte != nil, "quobyte")
	// Upstream's name of the field is misspelt here.
	if is.first(at, source.DownwardAPI != nil, "downwarAPI") {
		is.add(checkMode(source.DownwardAPI.DefaultMode, at.Child("downwardAPI", "defaultMode"))...)
		for i := range source.DownwardAPI.Items {
			is.add(validateDownwardFile(&source.DownwardAPI.Items[i], at.Child("downwardAPI"))...)
		}
	}
	is.first(at, source.FC != nil, "fc")
	is.first(at, source.FlexVolume != nil, "flexVolume")
	if is.first(at, source.ConfigMap != nil, "configMap") {
		is.add(required(source.ConfigMap.Name, at.Child("configMap", "name"))...)
		is.add(checkMode(source.ConfigMap.DefaultMode, at.Child("configMap", "defaultMode"))...)
		is.add(validateItems(source.ConfigMap.Items, at.Child("configMap", "items"))...)
	}
	is.first(at, source.AzureFile != nil, "azureFile")
	is.first(at, source.VsphereVolume != nil, "vsphereVolume")
	is.first(at, source.PhotonPersistentDisk != nil, "photonPersistentDisk")
	is.first(at, source.PortworxVolume != nil, "portworxVolume")
	is.first(at, source.AzureDisk != nil, "azureDisk")
	is.first(at, source.StorageOS != nil, "storageos")
	if is.first(at, source.Projected != nil, "projected") {
		is.add(validateProjected(source.Projected, at.Child("projected"))...)
	}
	is.first(at, source.ScaleIO != nil, "scaleIO")
	if is.first(at, source.CSI != nil, "csi") {
		is.add(checkDriverName(source.CSI.Driver, at.Child("csi", "driver"))...)
		if ref := source.CSI.NodePublishSecretRef; ref != nil && ref.Name == "" {
			is.add(field.Required(at.Child("csi", "nodePublishSecretRef", "name"), ""))
		} else if ref != nil {
			is.add(checkSubdomain(ref.Name, at.Child("csi", "name"))...) // upstream's path
		}
	}
	if is.first(at, source.Ephemeral != nil, "ephemeral") {
		is.add(validateEphemeral(volume, meta, at)...)
	}
	if is.first(at, source.Image != nil, "image") {
		if meta != nil { // a template may leave it to others
			is.add(required(source.Image.Reference, at.Child("image", "reference"))...)
		}
		is.add(checkOneOf(source.Image.PullPolicy, at.Child("image", "pullPolicy"), pullPolicies...)...)
	}
	if !is.chosen {
		is.add(field.Required(at, "must specify a volume type"))
	}
	return is.errs
}

func required(value string, at field.Path) field.ErrorList {
	if value != "" {
		return nil
	}
	return field.ErrorList{field.Required(at, "")}
}

var hostPathTypes = []corev1.HostPathType{
	corev1.HostPathUnset, corev1.HostPathBlockDev, corev1.HostPathCharDev, corev1.HostPathDirectory,
	corev1.HostPathDirectoryOrCreate, corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket,
}

func validateHostPath(source *corev1.HostPathVolumeSource, at field.Path) field.ErrorList {
	if source.Path == "" {
		return field.ErrorList{field.Required(at.Child("path"), "")}
	}
	errs := checkNoBacksteps(source.Path, at.Child("path"))
	if source.Type != nil {
		errs = append(errs, checkAmong(*source.Type, at.Child("type"), hostPathTypes...)...)
	}
	return errs
}

func validateNFS(source *corev1.NFSVolumeSource, at field.Path) field.ErrorList {
	errs := required(source.Server, at.Child("server"))
	errs = append(errs, required(source.Path, at.Child("path"))...)
	if !path.IsAbs(source.Path) {
		errs = append(errs, field.Invalid(at.Child("path"), source.Path, "must be an absolute path"))
	}
	return errs
}

func validateEphemeral(volume *corev1.Volume, meta *metav1.ObjectMeta, at field.Path) (errs field.ErrorList) {
	template := volume.Ephemeral.VolumeClaimTemplate
	path := at.Child("ephemeral", "volumeClaimTemplate")
	if template == nil {
		errs = append(errs, field.Required(path, ""))
	} else {
		errs = append(errs, validateTemplateMeta(&template.ObjectMeta, path.Child("metadata"))...)
		errs = append(errs, validateClaimSpec(&template.Spec, path.Child("spec"), false)...)
	}
	if meta != nil && meta.Name != "" && volume.Name != "" {
		name := meta.Name + "-" + volume.Name
		for _, message := range nameIsSubdomain(name, false) {
			errs = append(errs, field.Invalid(at.Child("name"), volume.Name, `PVC name "`+name+`": `+message))
		}
	}
	return errs
}

func checkMode(mode *int32, at field.Path) field.ErrorList {
	if mode == nil || 0 <= *mode && *mode <= 0o777 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, *mode, badFileMode)}
}

func validateItems(items []corev1.KeyToPath, at field.Path) (errs field.ErrorList) {
	for i := range items {
		item, path := &items[i], at.Index(i)
		errs = append(errs, required(item.Key, path.Child("key"))...)
		errs = append(errs, required(item.Path, path.Child("path"))...)
		errs = append(errs, checkUserPath(item.Path, path.Child("path"))...)
		errs = append(errs, checkMode(item.Mode, path.Child("mode"))...)
	}
	return errs
}

func validateDownwardFile(file *corev1.DownwardAPIVolumeFile, at field.Path) field.ErrorList {
	errs := required(file.Path, at.Child("path"))
	errs = append(errs, checkUserPath(file.Path, at.Child("path"))...)
	switch {
	case file.FieldRef != nil:
		errs = append(errs, validateFieldRef(file.FieldRef, fileFieldPaths, at.Child("fieldRef"))...)
		if file.ResourceFieldRef != nil {
			errs = append(errs, field.Invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
		}
	case file.ResourceFieldRef != nil:
		errs = append(errs, validateResourceFieldRef(file.ResourceFieldRef, at.Child("resourceFieldRef"), true)...)
	default:
		errs = append(errs, field.Required(at, "one of fieldRef and resourceFieldRef is required"))
	}
	return append(errs, checkMode(file.Mode, at.Child("mode"))...)
}

func checkNoBacksteps(target string, at field.Path) field.ErrorList {
	if !strings.Contains(target, "..") {
		return nil
	}
	for part := range strings.SplitSeq(target, "/") {
		if part == ".." {
			return field.ErrorList{field.Invalid(at, target, "must not contain '..'")}
		}
	}
	return nil
}

func checkDescendingPath(target string, at field.Path) (errs field.ErrorList) {
	if path.IsAbs(target) {
		errs = append(errs, field.Invalid(at, target, "must be a relative path"))
	}
	return append(errs, checkNoBacksteps(target, at)...)
}

// checkUserPath is checkDescendingPath for a path that the kubelet, too, writes names of its own next to.
func checkUserPath(target string, at field.Path) field.ErrorList {
	errs := checkDescendingPath(target, at)
	if strings.HasPrefix(target, "..") && !strings.HasPrefix(target, "../") {
		errs = append(errs, field.Invalid(at, target, "must not start with '..'"))
	}
	return errs
}
