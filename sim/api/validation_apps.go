package api

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func validateStatefulSet(set *appsv1.StatefulSet, r Release) field.ErrorList { return nil }
func validateStatefulSetUpdate(set, old *appsv1.StatefulSet, subresource string, r Release) field.ErrorList {
	return nil
}
