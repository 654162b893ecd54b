package api

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// validateProjected checks the sources of a projected volume, and that no two write the same file.
func validateProjected(projected *corev1.ProjectedVolumeSource, at field.Path) field.ErrorList {
	errs := checkMode(projected.DefaultMode, at.Child("defaultMode"))
	taken := make(map[string]bool, len(projected.Sources))
	take := func(target, blame string) {
		if target == "" {
			return
		}
		if taken[target] {
			errs = append(errs, field.Invalid(at, blame, "conflicting duplicate paths"))
		}
		taken[target] = true
	}
	items := func(items []corev1.KeyToPath, name string, path field.Path) {
		errs = append(errs, required(name, path.Child("name"))...)
		errs = append(errs, validateItems(items, path.Child("items"))...)
		for i := range items {
			take(items[i].Path, name)
		}
	}
	for i := range projected.Sources {
		source, path, count := &projected.Sources[i], at.Child("sources").Index(i), 0
		if source.Secret != nil {
			count++
			items(source.Secret.Items, source.Secret.Name, path.Child("secret"))
		}
		if source.ConfigMap != nil {
			count++
			items(source.ConfigMap.Items, source.ConfigMap.Name, path.Child("configMap"))
		}
		if source.DownwardAPI != nil {
			count++
			for j := range source.DownwardAPI.Items {
				file := &source.DownwardAPI.Items[j]
				errs = append(errs, validateDownwardFile(file, path.Child("downwardAPI"))...)
				take(file.Path, file.Path)
			}
		}
		if source.ServiceAccountToken != nil {
			count++
			errs = append(errs, validateTokenProjection(source.ServiceAccountToken, at, path.Child("serviceAccountToken"))...)
		}
		if source.ClusterTrustBundle != nil {
			count++
			take(source.ClusterTrustBundle.Path, source.ClusterTrustBundle.Path)
		}
		if source.PodCertificate != nil {
			count++
		}
		if count > 1 {
			errs = append(errs, field.Forbidden(path, "may not specify more than 1 volume type per source"))
		}
	}
	return errs
}

func validateTokenProjection(token *corev1.ServiceAccountTokenProjection, volume, at field.Path) (errs field.ErrorList) {
	if seconds := token.ExpirationSeconds; seconds != nil {
		if *seconds < 10*60 {
			errs = append(errs, field.Invalid(at.Child("expirationSeconds"), *seconds, "may not specify a duration less than 10 minutes"))
		}
		if *seconds > 1<<32 {
			errs = append(errs, field.Invalid(at.Child("expirationSeconds"), *seconds, "may not specify a duration larger than 2^32 seconds"))
		}
	}
	if token.Path == "" {
		return append(errs, field.Required(volume.Child("path"), ""))
	}
	return append(errs, checkUserPath(token.Path, volume.Child("path"))...)
}
