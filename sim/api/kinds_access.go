package api

import (
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
)

// accessKinds are the kinds of access control, which are kept but grant and deny nothing, and priority classes.
func accessKinds() []*Kind {
	const group = "rbac.authorization.k8s.io"
	return []*Kind{
		row[rbacv1.ClusterRoleBinding, *rbacv1.ClusterRoleBinding, rbacv1.ClusterRoleBindingList](Kind{
			Group: group, Kind: "ClusterRoleBinding", Resource: "clusterrolebindings",
		}, clusterRoleBindingRules),
		row[rbacv1.ClusterRole, *rbacv1.ClusterRole, rbacv1.ClusterRoleList](Kind{
			Group: group, Kind: "ClusterRole", Resource: "clusterroles",
		}, clusterRoleRules),
		row[rbacv1.RoleBinding, *rbacv1.RoleBinding, rbacv1.RoleBindingList](Kind{
			Group: group, Kind: "RoleBinding", Resource: "rolebindings", Namespaced: true,
		}, roleBindingRules),
		row[rbacv1.Role, *rbacv1.Role, rbacv1.RoleList](Kind{
			Group: group, Kind: "Role", Resource: "roles", Namespaced: true,
		}, roleRules),
		row[schedulingv1.PriorityClass, *schedulingv1.PriorityClass, schedulingv1.PriorityClassList](Kind{
			Group: "scheduling.k8s.io", Kind: "PriorityClass", Resource: "priorityclasses", ShortNames: []string{"pc"},
		}, priorityClassRules),
	}
}
