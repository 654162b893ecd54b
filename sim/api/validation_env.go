package api

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// What the downward API can give to a variable, to a file, and of a container's resources, each sorted.
var (
	envFieldPaths = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
	}
	fileFieldPaths = []string{
		"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
	}
	podFieldPaths = []string{
		"metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
		"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.phase", "status.podIP", "status.podIPs",
	}
	resourceFieldPaths = []string{
		"limits.cpu", "limits.ephemeral-storage", "limits.memory",
		"requests.cpu", "requests.ephemeral-storage", "requests.memory",
	}
	sizeDivisors = []string{
		"1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
	}
)

func validateEnv(variables []corev1.EnvVar, at field.Path) (errs field.ErrorList) {
	for i := range variables {
		variable, path := &variables[i], at.Index(i)
		if variable.Name == "" {
			errs = append(errs, field.Required(path.Child("name"), ""))
		} else if messages := validation.IsRelaxedEnvVarName(variable.Name); len(messages) > 0 {
			errs = append(errs, invalids(path.Child("name"), variable.Name, messages)...)
		}
		if variable.ValueFrom != nil {
			errs = append(errs, validateValueFrom(variable, path.Child("valueFrom"))...)
		}
	}
	return errs
}

func validateValueFrom(variable *corev1.EnvVar, at field.Path) (errs field.ErrorList) {
	from, sources := variable.ValueFrom, 0
	if from.FieldRef != nil {
		sources++
		errs = append(errs, validateFieldRef(from.FieldRef, envFieldPaths, at.Child("fieldRef"))...)
	}
	if from.ResourceFieldRef != nil {
		sources++
		errs = append(errs, validateResourceFieldRef(from.ResourceFieldRef, at.Child("resourceFieldRef"), false)...)
	}
	if ref := from.ConfigMapKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, at.Child("configMapKeyRef"))...)
	}
	if ref := from.SecretKeyRef; ref != nil {
		sources++
		errs = append(errs, validateKeyRef(ref.Name, ref.Key, at.Child("secretKeyRef"))...)
	}
	if from.FileKeyRef != nil {
		sources++
		errs = append(errs, validateFileKeyRef(from.FileKeyRef, at.Child("fileKeyRef"))...)
	}
	switch {
	case sources == 0:
		return append(errs, field.Invalid(at, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"))
	case variable.Value != "":
		return append(errs, field.Invalid(at, "", "may not be specified when `value` is not empty"))
	case sources > 1:
		return append(errs, field.Invalid(at, "", "may not have more than one field specified at a time"))
	}
	return errs
}

// checkFileVolumes: variables come from files in volumes of the kind emptyDir only.
func checkFileVolumes(spec *corev1.PodSpec, at field.Path) (errs field.ErrorList) {
	eachContainer(spec, func(container *corev1.Container, list string, index int) {
		for i := range container.Env {
			if from := container.Env[i].ValueFrom; from != nil && from.FileKeyRef != nil {
				errs = append(errs, checkFileVolume(spec.Volumes, from.FileKeyRef.VolumeName, at, list, index, i)...)
			}
		}
	})
	return errs
}

func checkFileVolume(volumes []corev1.Volume, name string, at field.Path, list string, index, variable int) field.ErrorList {
	path := at.Child(list).Index(index).Child("env").Index(variable).Child("valueFrom", "fileKeyRef", "volumeName")
	switch at := slices.IndexFunc(volumes, func(volume corev1.Volume) bool { return volume.Name == name }); {
	case at < 0:
		return field.ErrorList{field.NotFound(path, name)}
	case volumes[at].EmptyDir == nil:
		return field.ErrorList{field.Invalid(path, name, "referenced volume must be of type emptyDir")}
	}
	return nil
}

func validateFieldRef(ref *corev1.ObjectFieldSelector, allowed []string, at field.Path) field.ErrorList {
	if ref.APIVersion == "" {
		return field.ErrorList{field.Required(at.Child("apiVersion"), "")}
	}
	if ref.FieldPath == "" {
		return field.ErrorList{field.Required(at.Child("fieldPath"), "")}
	}
	unknown := func(why string) field.ErrorList {
		return field.ErrorList{field.Invalid(at.Child("fieldPath"), ref.FieldPath, "error converting fieldPath: "+why)}
	}
	if ref.APIVersion != "v1" {
		return unknown("unsupported pod version: " + ref.APIVersion)
	}
	if path, key, found := cutSubscript(ref.FieldPath); found {
		switch path {
		case "metadata.annotations":
			return checkQualifiedName(strings.ToLower(key), at)
		case "metadata.labels":
			return checkQualifiedName(key, at)
		}
		return unknown("field label does not support subscript: " + ref.FieldPath)
	}
	switch {
	case !slices.Contains(podFieldPaths, ref.FieldPath) && ref.FieldPath != "spec.host":
		return unknown("field label not supported: " + ref.FieldPath)
	case !slices.Contains(allowed, ref.FieldPath):
		return field.ErrorList{field.NotSupported(at.Child("fieldPath"), ref.FieldPath, allowed)}
	}
	return nil
}

// cutSubscript takes metadata.labels['app'] apart.
func cutSubscript(path string) (before, key string, found bool) {
	if !strings.HasSuffix(path, "']") {
		return path, "", false
	}
	before, key, found = strings.Cut(strings.TrimSuffix(path, "']"), "['")
	return before, key, found && before != ""
}

func validateResourceFieldRef(ref *corev1.ResourceFieldSelector, at field.Path, inFile bool) (errs field.ErrorList) {
	huge := strings.HasPrefix(ref.Resource, "requests.hugepages-") || strings.HasPrefix(ref.Resource, "limits.hugepages-")
	switch {
	case inFile && ref.ContainerName == "":
		errs = append(errs, field.Required(at.Child("containerName"), ""))
	case ref.Resource == "":
		errs = append(errs, field.Required(at.Child("resource"), ""))
	case !huge && !slices.Contains(resourceFieldPaths, ref.Resource):
		errs = append(errs, field.NotSupported(at.Child("resource"), ref.Resource, resourceFieldPaths))
	}
	return append(errs, checkDivisor(ref.Resource, ref.Divisor, huge, at)...)
}

func checkDivisor(name string, divisor resource.Quantity, huge bool, at field.Path) field.ErrorList {
	if divisor.IsZero() {
		return nil
	}
	allowed, what := sizeDivisors, ""
	switch {
	case strings.HasSuffix(name, ".cpu"):
		if text := divisor.String(); text != "1m" && text != "1" {
			return field.ErrorList{field.Invalid(at.Child("divisor"), name, "only divisor's values 1m and 1 are supported with the cpu resource")}
		}
		return nil
	case strings.HasSuffix(name, ".memory"):
		what = "memory"
	case strings.HasSuffix(name, ".ephemeral-storage"):
		what = "local ephemeral storage"
	case huge:
		what = "hugepages"
	}
	if what == "" || slices.Contains(allowed, divisor.String()) {
		return nil
	}
	return field.ErrorList{field.Invalid(at.Child("divisor"), name,
		fmt.Sprintf("only divisor's values %s are supported with the %s resource", strings.Join(allowed, ", "), what))}
}

func validateKeyRef(name, key string, at field.Path) field.ErrorList {
	errs := invalids(at.Child("name"), name, nameIsSubdomain(name, false))
	if key == "" {
		return append(errs, field.Required(at.Child("key"), ""))
	}
	return append(errs, invalids(at.Child("key"), key, validation.IsConfigMapKey(key))...)
}

func validateFileKeyRef(ref *corev1.FileKeySelector, at field.Path) (errs field.ErrorList) {
	if ref.Key == "" {
		errs = append(errs, field.Required(at.Child("key"), ""))
	} else {
		errs = append(errs, invalids(at.Child("key"), ref.Key, validation.IsRelaxedEnvVarName(ref.Key))...)
	}
	if ref.VolumeName == "" {
		errs = append(errs, field.Required(at.Child("volumeName"), ""))
	} else {
		errs = append(errs, checkLabel(ref.VolumeName, at.Child("volumeName"))...)
	}
	if ref.Path == "" {
		return append(errs, field.Required(at.Child("path"), ""))
	}
	return append(errs, checkNoBacksteps(ref.Path, at.Child("path"))...)
}

func validateEnvFrom(sources []corev1.EnvFromSource, at field.Path) (errs field.ErrorList) {
	for i := range sources {
		source, path := &sources[i], at.Index(i)
		if source.Prefix != "" {
			errs = append(errs, invalids(path.Child("prefix"), source.Prefix, validation.IsRelaxedEnvVarName(source.Prefix))...)
		}
		if source.ConfigMapRef != nil {
			errs = append(errs, checkRefName(source.ConfigMapRef.Name, path.Child("configMapRef", "name"))...)
		}
		if source.SecretRef != nil {
			errs = append(errs, checkRefName(source.SecretRef.Name, path.Child("secretRef", "name"))...)
		}
		switch {
		case source.ConfigMapRef == nil && source.SecretRef == nil:
			errs = append(errs, field.Invalid(at, "", "must specify one of: `configMapRef` or `secretRef`"))
		case source.ConfigMapRef != nil && source.SecretRef != nil:
			errs = append(errs, field.Invalid(at, "", "may not have more than one field specified at a time"))
		}
	}
	return errs
}

func checkRefName(name string, at field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	return invalids(at, name, nameIsSubdomain(name, true))
}
