package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	utilnet "k8s.io/utils/net"

	"github.com/stsim/stsim/sim/api/field"
)

func validateNamespace(namespace *corev1.Namespace) field.ErrorList {
	errs := validateMeta(&namespace.ObjectMeta, false, nameIsLabel)
	return append(errs, checkNamespaceFinalizers(namespace, func(int) field.Path { return specPath.Child("finalizers") })...)
}

func checkNamespaceFinalizers(namespace *corev1.Namespace, at func(int) field.Path) (errs field.ErrorList) {
	for i, finalizer := range namespace.Spec.Finalizers {
		errs = append(errs, apivalidation.ValidateFinalizerName(string(finalizer), at(i).Upstream())...)
		if !knownFinalizer(string(finalizer)) {
			errs = append(errs, unknownFinalizer(string(finalizer), at(i)))
		}
	}
	return errs
}

func validateNamespaceUpdate(namespace, old *corev1.Namespace, subresource string) field.ErrorList {
	errs := validateMetaUpdate(&namespace.ObjectMeta, &old.ObjectMeta)
	switch phase, path := namespace.Status.Phase, field.NewPath("status", "Phase"); subresource {
	case "finalize":
		errs = append(errs, checkNamespaceFinalizers(namespace, specPath.Child("finalizers").Index)...)
	case "status":
		if namespace.DeletionTimestamp.IsZero() && phase != corev1.NamespaceActive {
			errs = append(errs, field.Invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty"))
		}
		if !namespace.DeletionTimestamp.IsZero() && phase != corev1.NamespaceTerminating {
			errs = append(errs, field.Invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty"))
		}
	}
	return errs
}

func validateNode(node *corev1.Node) field.ErrorList {
	errs := validateMeta(&node.ObjectMeta, false, nameIsSubdomain)
	errs = append(errs, validateTaints(node.Spec.Taints, metaPath.Child("taints"))...)
	errs = append(errs, validateNodeResources(node)...)
	path := specPath.Child("podCIDRs")
	for i, value := range node.Spec.PodCIDRs {
		errs = append(errs, validation.IsValidCIDRForLegacyField(path.Index(i).Upstream(), value, true, nil)...)
	}
	if len(node.Spec.PodCIDRs) > 1 {
		both, err := utilnet.IsDualStackCIDRStrings(node.Spec.PodCIDRs)
		if err != nil {
			errs = append(errs, field.InternalError(path, fmt.Errorf("invalid PodCIDRs. failed to check with dual stack with error:%w", err)))
		}
		if !both || len(node.Spec.PodCIDRs) > 2 {
			errs = append(errs, field.Invalid(path, node.Spec.PodCIDRs, "may specify no more than one CIDR for each IP family"))
		}
	}
	return errs
}

func validateNodeResources(node *corev1.Node) (errs field.ErrorList) {
	for _, one := range []struct {
		name string
		list corev1.ResourceList
	}{{"capacity", node.Status.Capacity}, {"allocatable", node.Status.Allocatable}} {
		for _, name := range sortedKeys(one.list) {
			errs = append(errs, checkQuantity(name, one.list[name], field.NewPath("status", one.name, string(name)))...)
		}
	}
	return errs
}

func validateTaints(taints []corev1.Taint, at field.Path) (errs field.ErrorList) {
	for i := range taints {
		taint, path := &taints[i], at.Index(i)
		errs = append(errs, checkLabelName(taint.Key, path.Child("key"))...)
		if messages := validation.IsValidLabelValue(taint.Value); len(messages) > 0 {
			errs = append(errs, field.Invalid(path.Child("value"), taint.Value, strings.Join(messages, ";")))
		}
		errs = append(errs, checkOneOf(taint.Effect, path.Child("effect"), taintEffects...)...)
		for j := range i {
			if taints[j].Key == taint.Key && taints[j].Effect == taint.Effect {
				twice := field.Duplicate(path, internal{*taint})
				twice.Detail = "taints must be unique by key and effect pair"
				errs = append(errs, twice)
				break
			}
		}
	}
	return errs
}

func validateNodeUpdate(node, old *corev1.Node, _ string) field.ErrorList {
	errs := validateMetaUpdate(&node.ObjectMeta, &old.ObjectMeta)
	if Equal(&node.Spec, &old.Spec) {
		errs = append(errs, validateNodeResources(node)...) // most writes are of the status
	} else {
		errs = append(errs, validateNode(node)...)
	}
	for i, address := range node.Status.Addresses {
		for _, other := range node.Status.Addresses[:i] {
			if other == address {
				errs = append(errs, field.Duplicate(field.NewPath("status", "addresses").Index(i), internal{address}))
				break
			}
		}
	}
	if len(old.Spec.PodCIDRs) > 0 && !slices.Equal(old.Spec.PodCIDRs, node.Spec.PodCIDRs) {
		errs = append(errs, field.Forbidden(specPath.Child("podCIDRs"), `node updates may not change podCIDR except from "" to valid`))
	}
	if old.Spec.ProviderID != "" && old.Spec.ProviderID != node.Spec.ProviderID {
		errs = append(errs, field.Forbidden(specPath.Child("providerID"), `node updates may not change providerID except from "" to valid`))
	}
	errs = append(errs, validateTaints(node.Spec.Taints, metaPath.Child("taints"))...)
	if node.Spec.DoNotUseExternalID != old.Spec.DoNotUseExternalID {
		errs = append(errs, field.Forbidden(specPath.Child("externalID"), "may not be updated"))
	}
	return errs
}

func validateConfigMap(config *corev1.ConfigMap) field.ErrorList {
	errs := validateMeta(&config.ObjectMeta, true, nameIsSubdomain)
	size := 0
	for _, key := range sortedKeys(config.Data) {
		path := field.NewPath("data").Key(key)
		errs = append(errs, invalids(path, key, validation.IsConfigMapKey(key))...)
		if _, twice := config.BinaryData[key]; twice {
			errs = append(errs, field.Invalid(path, key, "duplicate of key present in binaryData"))
		}
		size += len(config.Data[key])
	}
	for _, key := range sortedKeys(config.BinaryData) {
		errs = append(errs, invalids(field.NewPath("binaryData").Key(key), key, validation.IsConfigMapKey(key))...)
		size += len(config.BinaryData[key])
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(field.NewPath(""), "", corev1.MaxSecretSize))
	}
	return errs
}

func validateConfigMapUpdate(config, old *corev1.ConfigMap, _ string) field.ErrorList {
	errs := validateMetaUpdate(&config.ObjectMeta, &old.ObjectMeta)
	if isTrue(old.Immutable) {
		errs = append(errs, checkSealed(isTrue(config.Immutable), "immutable")...)
		errs = append(errs, checkSealed(sameMeaning(config.Data, old.Data), "data")...)
		errs = append(errs, checkSealed(sameMeaning(config.BinaryData, old.BinaryData), "binaryData")...)
	}
	return append(errs, validateConfigMap(config)...)
}

func isTrue(flag *bool) bool { return flag != nil && *flag }

func checkSealed(kept bool, name string) field.ErrorList {
	if kept {
		return nil
	}
	return field.ErrorList{field.Forbidden(field.NewPath(name), "field is immutable when `immutable` is set")}
}

func validateSecret(secret *corev1.Secret) field.ErrorList {
	errs := validateMeta(&secret.ObjectMeta, true, nameIsSubdomain)
	data, size := field.NewPath("data"), 0
	for _, key := range sortedKeys(secret.Data) {
		errs = append(errs, invalids(data.Key(key), key, validation.IsConfigMapKey(key))...)
		size += len(secret.Data[key])
	}
	if size > corev1.MaxSecretSize {
		errs = append(errs, field.TooLong(data, "", corev1.MaxSecretSize))
	}
	need := func(keys ...string) {
		for _, key := range keys {
			if _, exists := secret.Data[key]; !exists {
				errs = append(errs, field.Required(data.Key(key), ""))
			}
		}
	}
	needJSON := func(key string) {
		value, exists := secret.Data[key]
		if !exists {
			errs = append(errs, field.Required(data.Key(key), ""))
		} else if err := json.Unmarshal(value, &map[string]any{}); err != nil {
			errs = append(errs, field.Invalid(data.Key(key), "<secret contents redacted>", err.Error()))
		}
	}
	switch secret.Type {
	case corev1.SecretTypeServiceAccountToken:
		if secret.Annotations[corev1.ServiceAccountNameKey] == "" {
			errs = append(errs, field.Required(metaPath.Child("annotations").Key(corev1.ServiceAccountNameKey), ""))
		}
	case corev1.SecretTypeDockercfg:
		needJSON(corev1.DockerConfigKey)
	case corev1.SecretTypeDockerConfigJson:
		needJSON(corev1.DockerConfigJsonKey)
	case corev1.SecretTypeBasicAuth:
		_, user := secret.Data[corev1.BasicAuthUsernameKey]
		_, password := secret.Data[corev1.BasicAuthPasswordKey]
		if !user && !password {
			need(corev1.BasicAuthUsernameKey, corev1.BasicAuthPasswordKey)
		}
	case corev1.SecretTypeSSHAuth:
		if len(secret.Data[corev1.SSHAuthPrivateKey]) == 0 {
			errs = append(errs, field.Required(data.Key(corev1.SSHAuthPrivateKey), ""))
		}
	case corev1.SecretTypeTLS:
		need(corev1.TLSCertKey, corev1.TLSPrivateKeyKey)
	}
	return errs
}

func validateSecretUpdate(secret, old *corev1.Secret, _ string) field.ErrorList {
	errs := validateMetaUpdate(&secret.ObjectMeta, &old.ObjectMeta)
	errs = append(errs, checkImmutable(secret.Type, old.Type, field.NewPath("type"))...)
	if isTrue(old.Immutable) {
		errs = append(errs, checkSealed(isTrue(secret.Immutable), "immutable")...)
		errs = append(errs, checkSealed(sameMeaning(secret.Data, old.Data), "data")...)
	}
	return append(errs, validateSecret(secret)...)
}

func validateEndpoints(endpoints *corev1.Endpoints) field.ErrorList {
	errs := validateMeta(&endpoints.ObjectMeta, true, nameIsSubdomain)
	for i := range endpoints.Subsets {
		subset, path := &endpoints.Subsets[i], field.NewPath("subsets").Index(i)
		if len(subset.Addresses) == 0 && len(subset.NotReadyAddresses) == 0 {
			errs = append(errs, field.Required(path, "must specify `addresses` or `notReadyAddresses`"))
		}
		for j := range subset.Addresses {
			errs = append(errs, validateEndpointAddress(&subset.Addresses[j], path.Child("addresses").Index(j))...)
		}
		for j := range subset.NotReadyAddresses {
			errs = append(errs, validateEndpointAddress(&subset.NotReadyAddresses[j], path.Child("notReadyAddresses").Index(j))...)
		}
		for j, port := range subset.Ports {
			path := path.Child("ports").Index(j)
			if port.Name != "" {
				errs = append(errs, checkLabel(port.Name, path.Child("name"))...)
			} else if len(subset.Ports) > 1 {
				errs = append(errs, field.Required(path.Child("name"), ""))
			}
			errs = append(errs, invalids(path.Child("port"), port.Port, validation.IsValidPortNum(int(port.Port)))...)
			errs = append(errs, checkOneOf(port.Protocol, path.Child("protocol"), portProtocols...)...)
			if port.AppProtocol != nil {
				errs = append(errs, checkQualifiedName(*port.AppProtocol, path.Child("appProtocol"))...)
			}
		}
	}
	return errs
}

func validateEndpointAddress(address *corev1.EndpointAddress, at field.Path) field.ErrorList {
	errs := checkIP(at.Child("ip"), address.IP, nil)
	if address.Hostname != "" {
		errs = append(errs, checkLabel(address.Hostname, at.Child("hostname"))...)
	}
	if node := address.NodeName; node != nil {
		errs = append(errs, invalids(at.Child("nodeName"), *node, nameIsSubdomain(*node, false))...)
	}
	return append(errs, checkEndpointIP(address.IP, at.Child("ip"))...)
}

func validateEndpointsUpdate(endpoints, old *corev1.Endpoints, _ string) field.ErrorList {
	return append(validateMetaUpdate(&endpoints.ObjectMeta, &old.ObjectMeta), validateEndpoints(endpoints)...)
}

func validateQuota(quota *corev1.ResourceQuota) field.ErrorList {
	errs := validateMeta(&quota.ObjectMeta, true, nameIsSubdomain)
	for _, name := range sortedKeys(quota.Spec.Hard) {
		path := specPath.Child("hard").Key(string(name))
		errs = append(errs, invalids(path, name, validation.IsQualifiedName(string(name)))...)
		errs = append(errs, checkQuantity(name, quota.Spec.Hard[name], path)...)
	}
	return errs
}

func validateQuotaUpdate(quota, old *corev1.ResourceQuota, subresource string) field.ErrorList {
	errs := append(validateMetaUpdate(&quota.ObjectMeta, &old.ObjectMeta), validateQuota(quota)...)
	if subresource == "" && fmt.Sprint(quota.Spec.Scopes) != fmt.Sprint(old.Spec.Scopes) {
		errs = append(errs, field.Invalid(specPath.Child("scopes"), quota.Spec.Scopes, immutable))
	}
	return errs
}

func validatePodTemplateObject(template *corev1.PodTemplate) field.ErrorList {
	errs := validateMeta(&template.ObjectMeta, true, nameIsSubdomain)
	return append(errs, validatePodTemplate(&template.Template, field.NewPath("template"))...)
}

func validatePodTemplateObjectUpdate(template, old *corev1.PodTemplate, _ string) field.ErrorList {
	errs := validateMetaUpdate(&template.ObjectMeta, &old.ObjectMeta)
	return append(errs, validatePodTemplate(&template.Template, field.NewPath("template"))...)
}
