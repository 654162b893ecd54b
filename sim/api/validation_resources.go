package api

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

const (
	notPositive = "must be greater than zero"
	notNegative = "must be greater than or equal to 0"
)

// standardResources are the names without a domain that mean a resource somewhere. Upstream:
// pkg/apis/core/helper/helpers.go.
var standardResources = map[corev1.ResourceName]bool{
	corev1.ResourceCPU: true, corev1.ResourceMemory: true, corev1.ResourceEphemeralStorage: true,
	corev1.ResourceRequestsCPU: true, corev1.ResourceRequestsMemory: true, corev1.ResourceRequestsEphemeralStorage: true,
	corev1.ResourceLimitsCPU: true, corev1.ResourceLimitsMemory: true, corev1.ResourceLimitsEphemeralStorage: true,
	corev1.ResourcePods: true, corev1.ResourceQuotas: true, corev1.ResourceServices: true,
	corev1.ResourceReplicationControllers: true, corev1.ResourceSecrets: true, corev1.ResourceConfigMaps: true,
	corev1.ResourcePersistentVolumeClaims: true, corev1.ResourceStorage: true, corev1.ResourceRequestsStorage: true,
	corev1.ResourceServicesNodePorts: true, corev1.ResourceServicesLoadBalancers: true,
}

// integerResources count things and cannot be divided.
var integerResources = map[corev1.ResourceName]bool{
	corev1.ResourcePods: true, corev1.ResourceQuotas: true, corev1.ResourceServices: true,
	corev1.ResourceReplicationControllers: true, corev1.ResourceSecrets: true, corev1.ResourceConfigMaps: true,
	corev1.ResourcePersistentVolumeClaims: true, corev1.ResourceServicesNodePorts: true, corev1.ResourceServicesLoadBalancers: true,
}

func isNativeResource(name corev1.ResourceName) bool {
	return !strings.Contains(string(name), "/") || strings.Contains(string(name), corev1.ResourceDefaultNamespacePrefix)
}

func isExtendedResource(name corev1.ResourceName) bool {
	if isNativeResource(name) || strings.HasPrefix(string(name), corev1.DefaultResourceRequestsPrefix) {
		return false
	}
	return len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+string(name))) == 0
}

// mayOvercommit says whether less may be requested than the limit allows.
func mayOvercommit(name corev1.ResourceName) bool { return isNativeResource(name) && !isHugePage(name) }

func checkResourceName(name corev1.ResourceName, at field.Path) field.ErrorList {
	if name == corev1.ResourceCPU || name == corev1.ResourceMemory {
		return nil
	}
	if messages := validation.IsQualifiedName(string(name)); len(messages) > 0 {
		return invalids(at, name, messages)
	}
	if !strings.Contains(string(name), "/") && !standardResources[name] && !isHugePage(name) &&
		!strings.HasPrefix(string(name), corev1.ResourceRequestsHugePagesPrefix) {
		return field.ErrorList{field.Invalid(at, name, "must be a standard resource type or fully qualified")}
	}
	return nil
}

func checkContainerResourceName(name corev1.ResourceName, at field.Path) field.ErrorList {
	errs := checkResourceName(name, at)
	if !strings.Contains(string(name), "/") {
		if name != corev1.ResourceCPU && name != corev1.ResourceMemory && name != corev1.ResourceEphemeralStorage && !isHugePage(name) {
			errs = append(errs, field.Invalid(at, name, "must be a standard resource for containers"))
		}
	} else if !isNativeResource(name) && !isExtendedResource(name) {
		errs = append(errs, field.Invalid(at, name, "doesn't follow extended resource name standard"))
	}
	return errs
}

// checkNameIn is the rule for names in the resources of a container or of a whole Pod.
func checkNameIn(name corev1.ResourceName, at field.Path, wholePod bool) field.ErrorList {
	if wholePod {
		return checkPodResourceName(name, at)
	}
	return checkContainerResourceName(name, at)
}

func checkPodResourceName(name corev1.ResourceName, at field.Path) field.ErrorList {
	if errs := checkResourceName(name, at); len(errs) > 0 {
		return errs
	}
	if !hasPodLevel(name) {
		return field.ErrorList{field.NotSupported(at, name, []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceHugePagesPrefix, corev1.ResourceMemory})}
	}
	return nil
}

func checkQuantity(name corev1.ResourceName, value resource.Quantity, at field.Path) (errs field.ErrorList) {
	if value.Sign() < 0 {
		errs = append(errs, field.Invalid(at, value.String(), notNegative))
	}
	if (integerResources[name] || isExtendedResource(name)) && value.MilliValue()%1000 != 0 {
		errs = append(errs, field.Invalid(at, value, "must be an integer"))
	}
	return errs
}

func checkPositiveQuantity(value resource.Quantity, at field.Path) field.ErrorList {
	if value.Sign() > 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, value.String(), notPositive)}
}

func checkHugePages(name corev1.ResourceName, value resource.Quantity, at field.Path) field.ErrorList {
	if !isHugePage(name) {
		return nil
	}
	size, err := resource.ParseQuantity(strings.TrimPrefix(string(name), corev1.ResourceHugePagesPrefix))
	if err == nil && size.Sign() > 0 && size.MilliValue()%1000 == 0 && value.Value()%size.Value() == 0 {
		return nil
	}
	return field.ErrorList{field.Invalid(at, value.String(), fmt.Sprintf("%s is not positive integer multiple of %s", value.String(), name))}
}

// validateResources checks requests and limits of a container or of a whole Pod.
func validateResources(resources *corev1.ResourceRequirements, claims []corev1.PodResourceClaim, at field.Path,
	wholePod bool) (errs field.ErrorList) {
	if len(resources.Limits) == 0 && len(resources.Requests) == 0 && len(resources.Claims) == 0 {
		return nil
	}
	var compute, huge bool
	note := func(name corev1.ResourceName) {
		compute = compute || name == corev1.ResourceCPU || name == corev1.ResourceMemory
		huge = huge || isHugePage(name)
	}
	limitsPath, requestsPath := at.Child("limits"), at.Child("requests")
	for _, name := range sortedKeys(resources.Limits) {
		path, value := limitsPath.Key(string(name)), resources.Limits[name]
		errs = append(errs, checkNameIn(name, path, wholePod)...)
		errs = append(errs, checkQuantity(name, value, path)...)
		errs = append(errs, checkHugePages(name, value, path)...)
		note(name)
	}
	for _, name := range sortedKeys(resources.Requests) {
		path, value := requestsPath.Key(string(name)), resources.Requests[name]
		errs = append(errs, checkNameIn(name, path, wholePod)...)
		errs = append(errs, checkQuantity(name, value, path)...)
		limit, limited := resources.Limits[name]
		switch {
		case !limited && !mayOvercommit(name):
			errs = append(errs, field.Required(limitsPath, "Limit must be set for non overcommitable resources"))
		case limited && !mayOvercommit(name) && value.Cmp(limit) != 0:
			errs = append(errs, field.Invalid(requestsPath, value.String(), fmt.Sprintf("must be equal to %s limit of %s", name, limit.String())))
		case limited && value.Cmp(limit) > 0:
			errs = append(errs, field.Invalid(requestsPath, value.String(), fmt.Sprintf("must be less than or equal to %s limit of %s", name, limit.String())))
		}
		errs = append(errs, checkHugePages(name, value, path)...)
		note(name)
	}
	if huge && !compute {
		errs = append(errs, field.Forbidden(at, "HugePages require cpu or memory"))
	}
	return append(errs, validateResourceClaims(resources.Claims, claims, at.Child("claims"))...)
}

func validateResourceClaims(used []corev1.ResourceClaim, known []corev1.PodResourceClaim, at field.Path) (errs field.ErrorList) {
	var names []string
	for i := range known {
		if known[i].Name != "" {
			names = append(names, known[i].Name)
		}
	}
	seen := map[string]bool{}
	for i, claim := range used {
		path := at.Index(i)
		if claim.Name == "" {
			errs = append(errs, field.Required(path, ""))
			continue
		}
		key := claim.Name
		if claim.Request != "" {
			errs = append(errs, checkLabel(claim.Request, path.Child("request"))...)
			key += "/" + claim.Request
		}
		if seen[key] || seen[claim.Name] {
			errs = append(errs, field.Duplicate(path, key))
		}
		seen[key] = true
		found := false
		for _, name := range names {
			found = found || name == claim.Name
		}
		if !found {
			err := field.NotFound(path, claim.Name)
			err.Detail = "must be one of the names in pod.spec.resourceClaims which is empty"
			if len(names) > 0 {
				err.Detail = "must be one of the names in pod.spec.resourceClaims: " + strings.Join(names, ", ")
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// validatePodResources checks the resources of the Pod as a whole, and that the containers fit into them.
func validatePodResources(spec *corev1.PodSpec, at field.Path) field.ErrorList {
	whole := spec.Resources
	if whole == nil {
		return nil
	}
	path := at.Child("resources")
	if spec.OS != nil && spec.OS.Name == corev1.Windows {
		return field.ErrorList{field.Forbidden(path, "may not be set for a windows pod")}
	}
	var errs field.ErrorList
	if whole.Claims != nil {
		errs = append(errs, field.Forbidden(path.Child("claims"), "claims may not be set for Resources at pod-level"))
	}
	errs = append(errs, validateResources(whole, spec.ResourceClaims, path, true)...)
	requests := sumOfContainers(spec, requestsOf)
	for _, name := range sortedKeys(requests) {
		sum := requests[name]
		if given, exists := whole.Requests[name]; exists && sum.Cmp(given) > 0 {
			errs = append(errs, field.Invalid(path.Child("requests").Key(string(name)), given.String(),
				"must be greater than or equal to aggregate container requests of "+sum.String()))
		}
	}
	limits := sumOfContainers(spec, limitsOf)
	for _, name := range sortedKeys(limits) {
		sum := limits[name]
		if given, exists := whole.Limits[name]; exists && isHugePage(name) && sum.Cmp(given) > 0 {
			errs = append(errs, field.Invalid(path.Child("limits").Key(string(name)), given.String(),
				"must be greater than or equal to aggregate container limits of "+sum.String()))
		}
	}
	for i := range spec.Containers {
		own := spec.Containers[i].Resources.Limits
		for _, name := range sortedKeys(own) {
			limit := own[name]
			if most, exists := whole.Limits[name]; exists && limit.Cmp(most) > 0 {
				errs = append(errs, field.Invalid(path.Child("containers").Index(i).Key(string(name)).Child("limits"), limit.String(),
					"must be less than or equal to pod limits of "+most.String()))
			}
		}
	}
	return errs
}
