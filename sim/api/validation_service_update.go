package api

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// checkAddressesKept: the first cluster IP stays for the life of a Service, a second may come and go.
func checkAddressesKept(service, old *corev1.Service) (errs field.ErrorList) {
	if service.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName ||
		IsHeadless(service) && IsHeadless(old) {
		return nil
	}
	now, before := service.Spec.ClusterIPs, old.Spec.ClusterIPs
	changed := func(i int) {
		errs = append(errs, field.Invalid(specPath.Child("clusterIPs").Index(i), now, setOnce))
	}
	switch {
	case len(now) == len(before):
		for i := range now {
			if now[i] != before[i] {
				changed(i)
			}
		}
	case len(now) < len(before):
		if len(now) == 0 {
			return field.ErrorList{field.Invalid(specPath.Child("clusterIPs").Index(0), now, "primary clusterIP can not be unset")}
		}
		if now[0] != before[0] {
			changed(0)
		}
		if len(now) == 1 {
			errs = append(errs, checkSingleStack(service, "must be set to 'SingleStack' when releasing the secondary clusterIP")...)
		}
	case len(before) > 0 && now[0] != before[0]:
		changed(0)
	}
	return errs
}

// checkFamiliesKept is checkAddressesKept for the IP families.
func checkFamiliesKept(service, old *corev1.Service) (errs field.ErrorList) {
	if service.Spec.Type == corev1.ServiceTypeExternalName || old.Spec.Type == corev1.ServiceTypeExternalName ||
		IsHeadless(service) || IsHeadless(old) {
		return nil
	}
	now, before := service.Spec.IPFamilies, old.Spec.IPFamilies
	path := specPath.Child("ipFamilies").Index(0)
	switch {
	case len(now) == len(before):
		for i := range now {
			if now[i] != before[i] {
				errs = append(errs, field.Invalid(path, now, setOnce))
			}
		}
	case len(now) < len(before):
		if len(service.Spec.ClusterIPs) == 0 {
			errs = append(errs, field.Invalid(path, now, "primary ipFamily can not be unset"))
		}
		if len(now) > 0 && now[0] != before[0] {
			errs = append(errs, field.Invalid(path, service.Spec.ClusterIPs, setOnce))
		}
		if len(now) == 1 {
			errs = append(errs, checkSingleStack(service, "must be set to 'SingleStack' when releasing the secondary ipFamily")...)
		}
	case len(before) > 0 && now[0] != before[0]:
		errs = append(errs, field.Invalid(path, service.Spec.ClusterIPs, setOnce))
	}
	return errs
}

func checkSingleStack(service *corev1.Service, message string) field.ErrorList {
	if policy := service.Spec.IPFamilyPolicy; policy != nil && *policy == corev1.IPFamilyPolicySingleStack {
		return nil
	}
	return field.ErrorList{field.Invalid(specPath.Child("ipFamilyPolicy"), service.Spec.IPFamilyPolicy, message)}
}
