package api

import (
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// The rules of access control, priority classes and storage.

var (
	clusterRoleBindingRules = rules[*rbacv1.ClusterRoleBinding]{
		setDefaults: defaultClusterRoleBinding, validate: validateClusterRoleBinding,
		validateUpdate: func(binding, old *rbacv1.ClusterRoleBinding, _ string) field.ErrorList {
			errs := append(validateClusterRoleBinding(binding), validateMetaUpdate(&binding.ObjectMeta, &old.ObjectMeta)...)
			return append(errs, checkRoleRefKept(binding.RoleRef, old.RoleRef)...)
		},
	}
	roleBindingRules = rules[*rbacv1.RoleBinding]{
		setDefaults: defaultRoleBinding, validate: validateRoleBinding,
		validateUpdate: func(binding, old *rbacv1.RoleBinding, _ string) field.ErrorList {
			errs := append(validateRoleBinding(binding), validateMetaUpdate(&binding.ObjectMeta, &old.ObjectMeta)...)
			return append(errs, checkRoleRefKept(binding.RoleRef, old.RoleRef)...)
		},
	}
	clusterRoleRules = rules[*rbacv1.ClusterRole]{
		validate: validateClusterRole,
		validateUpdate: func(role, old *rbacv1.ClusterRole, _ string) field.ErrorList {
			return append(validateClusterRole(role), validateMetaUpdate(&role.ObjectMeta, &old.ObjectMeta)...)
		},
	}
	roleRules = rules[*rbacv1.Role]{
		validate: validateRole,
		validateUpdate: func(role, old *rbacv1.Role, _ string) field.ErrorList {
			return append(validateRole(role), validateMetaUpdate(&role.ObjectMeta, &old.ObjectMeta)...)
		},
	}
	priorityClassRules = rules[*schedulingv1.PriorityClass]{
		setDefaults: defaultPriorityClass, prepareForCreate: firstGeneration[*schedulingv1.PriorityClass],
		validate: validatePriorityClass, validateUpdate: validatePriorityClassUpdate,
	}
	csiNodeRules = rules[*storagev1.CSINode]{
		validate: validateCSINode,
		validateUpdate: func(node, old *storagev1.CSINode, _ string) field.ErrorList {
			return append(validateMetaUpdate(&node.ObjectMeta, &old.ObjectMeta), validateCSINodeUpdate(node, old)...)
		},
	}
	storageClassRules = rules[*storagev1.StorageClass]{
		setDefaults: defaultStorageClass, validate: validateStorageClass, validateUpdate: validateStorageClassUpdate,
	}
	volumeAttachmentRules = rules[*storagev1.VolumeAttachment]{
		setDefaults: func(attachment *storagev1.VolumeAttachment) {
			if inline := attachment.Spec.Source.InlineVolumeSpec; inline != nil {
				defaultVolumeSource(inline)
			}
		},
		prepareForCreate: func(attachment *storagev1.VolumeAttachment) {
			attachment.Status = storagev1.VolumeAttachmentStatus{}
		},
		prepareForUpdate: func(attachment, old *storagev1.VolumeAttachment, subresource string) {
			if subresource == "status" {
				attachment.Spec = old.Spec
			} else {
				attachment.Status = old.Status
			}
		},
		validate: validateVolumeAttachment, validateUpdate: validateVolumeAttachmentUpdate,
	}
)

func validateClusterRole(role *rbacv1.ClusterRole) field.ErrorList {
	errs := append(validateMeta(&role.ObjectMeta, false, nameIsSegment), validateRules(role.Rules, false)...)
	if role.AggregationRule == nil {
		return errs
	}
	path := field.NewPath("aggregationRule", "clusterRoleSelectors")
	if len(role.AggregationRule.ClusterRoleSelectors) == 0 {
		errs = append(errs, field.Required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
	}
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector := &role.AggregationRule.ClusterRoleSelectors[i]
		errs = append(errs, checkSelector(selector, path.Index(i))...)
		if parsed, err := metav1.LabelSelectorAsSelector(selector); err != nil {
			errs = append(errs, field.Invalid(path.Index(i), parsed, "invalid label selector."))
		}
	}
	return errs
}

func validateRole(role *rbacv1.Role) field.ErrorList {
	return append(validateMeta(&role.ObjectMeta, true, nameIsSegment), validateRules(role.Rules, true)...)
}

func validateClusterRoleBinding(binding *rbacv1.ClusterRoleBinding) field.ErrorList {
	return append(validateMeta(&binding.ObjectMeta, false, nameIsSegment), validateBinding(binding.RoleRef, binding.Subjects, false)...)
}

func validateRoleBinding(binding *rbacv1.RoleBinding) field.ErrorList {
	return append(validateMeta(&binding.ObjectMeta, true, nameIsSegment), validateBinding(binding.RoleRef, binding.Subjects, true)...)
}
