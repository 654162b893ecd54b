package api

import (
	"net/netip"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// Nearly all names are plain: they pass every rule there is, and a loop over their bytes says so many times faster
// than the regular expressions that word the errors. Whatever is not plain goes on to the published rules, so a
// plain check may be stricter than the rule but never laxer.

const (
	labelLength  = 63
	domainLength = 253
)

// plainLabel: lower case letters, digits and inner dashes, a letter first. Such a name passes as a DNS label of
// either RFC, as a subdomain and as a path segment.
func plainLabel(name string) bool {
	if name == "" || len(name) > labelLength || name[0] < 'a' || name[0] > 'z' || name[len(name)-1] == '-' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}

// plainSubdomain: lower case letters and digits, and between them single dots, or dashes.
func plainSubdomain(name string) bool {
	if name == "" || len(name) > domainLength {
		return false
	}
	begins := true // a part between dots, which neither begins nor ends with a dash
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			begins = false
		case c == '-' && !begins:
		case c == '.' && !begins && name[i-1] != '-':
			begins = true
		default:
			return false
		}
	}
	return !begins && name[len(name)-1] != '-'
}

// plainWord: letters, digits, and between them dashes, underscores and dots; the empty one is a label's value.
func plainWord(word string) bool {
	if word == "" || len(word) > labelLength || !alphanumeric(word[0]) || !alphanumeric(word[len(word)-1]) {
		return false
	}
	for i := range len(word) {
		if c := word[i]; !alphanumeric(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// plainKey: a plain word, or one after a plain subdomain and a slash.
func plainKey(key string) bool {
	if slash := strings.IndexByte(key, '/'); slash >= 0 {
		return plainSubdomain(key[:slash]) && plainWord(key[slash+1:])
	}
	return plainWord(key)
}

func plainLabels(labels map[string]string) bool {
	for key, value := range labels {
		if !plainKey(key) || value != "" && !plainWord(value) {
			return false
		}
	}
	return true
}

func plainAnnotations(annotations map[string]string) bool {
	size := 0
	for key, value := range annotations {
		if size += len(key) + len(value); !plainKey(key) || size > apivalidation.TotalAnnotationSizeLimitB {
			return false
		}
	}
	return true
}

// plainPrefix: nothing, or a plain label that may end with a dash.
func plainPrefix(name string) bool {
	return name == "" || len(name) <= labelLength && plainLabel(strings.TrimSuffix(name, "-"))
}

// plainMeta says whether the metadata of an object passes the checks of every kind.
func plainMeta(meta *metav1.ObjectMeta, namespaced bool) bool {
	return plainLabel(meta.Name) && plainPrefix(meta.GenerateName) && namespaced == (meta.Namespace != "") && (!namespaced || plainLabel(meta.Namespace)) &&
		meta.Generation >= 0 && plainFields(meta)
}

// plainMetaUpdate says whether metadata has become what every kind may make of it: only what may change has, and to something plain.
func plainMetaUpdate(meta, old *metav1.ObjectMeta) bool {
	return old.DeletionTimestamp == nil && meta.DeletionTimestamp == nil && meta.DeletionGracePeriodSeconds == nil && old.DeletionGracePeriodSeconds == nil &&
		meta.ResourceVersion != "" && meta.Generation >= old.Generation && meta.Name == old.Name && meta.Namespace == old.Namespace &&
		meta.UID == old.UID && meta.CreationTimestamp.Equal(&old.CreationTimestamp) && plainFields(meta)
}

// plainFields looks at what may change of metadata.
func plainFields(meta *metav1.ObjectMeta) bool {
	if len(meta.ManagedFields) > 0 || len(meta.OwnerReferences) > 1 {
		return false
	}
	for _, finalizer := range meta.Finalizers {
		if !knownFinalizer(finalizer) || strings.Contains(finalizer, "/") && !plainKey(finalizer) {
			return false
		}
	}
	for i := range meta.OwnerReferences {
		owner := &meta.OwnerReferences[i]
		if owner.APIVersion == "" || owner.Kind == "" || owner.Name == "" || owner.UID == "" || owner.Kind == "Event" || strings.HasPrefix(owner.APIVersion, "/") || strings.HasSuffix(owner.APIVersion, "/") || strings.Count(owner.APIVersion, "/") > 1 {
			return false
		}
	}
	return plainLabels(meta.Labels) && plainAnnotations(meta.Annotations)
}

func checkLabels(labels map[string]string, at field.Path, name string) field.ErrorList {
	if plainLabels(labels) {
		return nil
	}
	return metavalidation.ValidateLabels(labels, at.Child(name).Upstream())
}

func checkAnnotations(annotations map[string]string, at field.Path) field.ErrorList {
	if plainAnnotations(annotations) {
		return nil
	}
	return apivalidation.ValidateAnnotations(annotations, at.Child("annotations").Upstream())
}

func checkLabelName(key string, at field.Path) field.ErrorList {
	if plainKey(key) {
		return nil
	}
	return metavalidation.ValidateLabelName(key, at.Upstream())
}

// checkObjectName is the rule for names of most objects: a DNS subdomain.
func checkObjectName(name string, at field.Path, child string) field.ErrorList {
	if plainLabel(name) {
		return nil
	}
	return invalids(at.Child(child), name, nameIsSubdomain(name, false))
}

// checkIP is the rule for addresses in fields that are older than it; those in before may stay as they are.
func checkIP(at field.Path, address string, before []string) field.ErrorList {
	if plain, err := netip.ParseAddr(address); err == nil && plain.Zone() == "" && !plain.Is4In6() {
		return nil
	}
	return validation.IsValidIPForLegacyField(at.Upstream(), address, true, before)
}
