package api

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// Windows options, SELinux and sysctls are kept unseen: nothing simulated depends on them.

func validatePodSecurityContext(context *corev1.PodSecurityContext, hostPID bool, shareProcesses *bool, at field.Path) (errs field.ErrorList) {
	if context == nil {
		return nil
	}
	if context.FSGroup != nil {
		errs = append(errs, invalids(at.Child("fsGroup"), *context.FSGroup, validation.IsValidGroupID(*context.FSGroup))...)
	}
	errs = append(errs, checkUser(context.RunAsUser, context.RunAsGroup, at)...)
	for i, group := range context.SupplementalGroups {
		errs = append(errs, invalids(at.Child("supplementalGroups").Index(i), group, validation.IsValidGroupID(group))...)
	}
	if hostPID && shareProcesses != nil && *shareProcesses {
		errs = append(errs, field.Invalid(at.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled"))
	}
	if policy := context.FSGroupChangePolicy; policy != nil {
		errs = append(errs, checkAmong(*policy, at.Child("fsGroupChangePolicy"), corev1.FSGroupChangeAlways, corev1.FSGroupChangeOnRootMismatch)...)
	}
	errs = append(errs, validateSeccomp(context.SeccompProfile, at.Child("seccompProfile"))...)
	errs = append(errs, validateAppArmor(context.AppArmorProfile, at.Child("appArmorProfile"))...)
	if policy := context.SupplementalGroupsPolicy; policy != nil {
		errs = append(errs, checkAmong(*policy, at.Child("supplementalGroupsPolicy"), corev1.SupplementalGroupsPolicyMerge, corev1.SupplementalGroupsPolicyStrict)...)
	}
	return errs
}

func validateSecurityContext(context *corev1.SecurityContext, hostUsers bool, at field.Path) field.ErrorList {
	if context == nil {
		return nil
	}
	errs := checkUser(context.RunAsUser, context.RunAsGroup, at)
	if mount := context.ProcMount; mount != nil {
		errs = append(errs, checkAmong(*mount, at.Child("procMount"), corev1.DefaultProcMount, corev1.UnmaskedProcMount)...)
		if hostUsers && *mount == corev1.UnmaskedProcMount {
			errs = append(errs, field.Invalid(at.Child("procMount"), mount, "`hostUsers` must be false to use `Unmasked`"))
		}
	}
	errs = append(errs, validateSeccomp(context.SeccompProfile, at.Child("seccompProfile"))...)
	if context.AllowPrivilegeEscalation != nil && !*context.AllowPrivilegeEscalation {
		const cannot = "cannot set `allowPrivilegeEscalation` to false and "
		if context.Privileged != nil && *context.Privileged {
			errs = append(errs, field.Invalid(at, internal{*context}, cannot+"`privileged` to true"))
		}
		if context.Capabilities != nil {
			for _, capability := range context.Capabilities.Add {
				if capability == "CAP_SYS_ADMIN" {
					errs = append(errs, field.Invalid(at, internal{*context}, cannot+"`capabilities.Add` CAP_SYS_ADMIN"))
				}
			}
		}
	}
	return append(errs, validateAppArmor(context.AppArmorProfile, at.Child("appArmorProfile"))...)
}

func checkUser(user, group *int64, at field.Path) (errs field.ErrorList) {
	if user != nil {
		errs = append(errs, invalids(at.Child("runAsUser"), *user, validation.IsValidUserID(*user))...)
	}
	if group != nil {
		errs = append(errs, invalids(at.Child("runAsGroup"), *group, validation.IsValidGroupID(*group))...)
	}
	return errs
}

func validateSeccomp(profile *corev1.SeccompProfile, at field.Path) (errs field.ErrorList) {
	if profile == nil {
		return nil
	}
	if profile.Type == "" {
		errs = append(errs, field.Required(at.Child("type"), "type is required when seccompProfile is set"))
	} else {
		errs = append(errs, checkAmong(profile.Type, at.Child("type"),
			corev1.SeccompProfileTypeLocalhost, corev1.SeccompProfileTypeRuntimeDefault, corev1.SeccompProfileTypeUnconfined)...)
	}
	path := at.Child("localhostProfile")
	switch {
	case profile.Type != corev1.SeccompProfileTypeLocalhost && profile.LocalhostProfile != nil:
		errs = append(errs, field.Invalid(path, internal{*profile}, "can only be set when seccomp type is Localhost"))
	case profile.Type == corev1.SeccompProfileTypeLocalhost && profile.LocalhostProfile == nil:
		errs = append(errs, field.Required(path, "must be set when seccomp type is Localhost"))
	case profile.Type == corev1.SeccompProfileTypeLocalhost:
		errs = append(errs, checkDescendingPath(*profile.LocalhostProfile, path)...)
	}
	return errs
}

func validateAppArmor(profile *corev1.AppArmorProfile, at field.Path) field.ErrorList {
	if profile == nil {
		return nil
	}
	path := at.Child("localhostProfile")
	switch profile.Type {
	case corev1.AppArmorProfileTypeLocalhost:
		if profile.LocalhostProfile == nil || *profile.LocalhostProfile == "" {
			return field.ErrorList{field.Required(path, "must be set when AppArmor type is Localhost")}
		}
	case corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined:
		if profile.LocalhostProfile != nil {
			return field.ErrorList{field.Invalid(path, profile.LocalhostProfile, "can only be set when AppArmor type is Localhost")}
		}
	case "":
		return field.ErrorList{field.Required(at.Child("type"), "type is required when appArmorProfile is set")}
	default:
		return field.ErrorList{field.NotSupported(at.Child("type"), profile.Type, []corev1.AppArmorProfileType{
			corev1.AppArmorProfileTypeLocalhost, corev1.AppArmorProfileTypeRuntimeDefault, corev1.AppArmorProfileTypeUnconfined})}
	}
	return nil
}
