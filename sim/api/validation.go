package api

import (
	"cmp"
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metavalidation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// The names of the rules for names, as upstream's kinds use them.
var (
	nameIsSubdomain = apivalidation.NameIsDNSSubdomain
	nameIsLabel     = apivalidation.NameIsDNSLabel
	nameIsLabel1035 = apivalidation.NameIsDNS1035Label
	nameIsSegment   = path.ValidatePathSegmentName
)

var (
	metaPath = field.NewPath("metadata")
	specPath = field.NewPath("spec")
)

const immutable = apivalidation.FieldImmutableErrorMsg

// validateMeta checks the metadata of a new object, upstream's ValidateObjectMeta
// (pkg/apis/core/validation/validation.go).
func validateMeta(meta *metav1.ObjectMeta, namespaced bool, name apivalidation.ValidateNameFunc) field.ErrorList {
	if plainMeta(meta, namespaced) {
		return nil
	}
	errs := apivalidation.ValidateObjectMetaAccessor(meta, namespaced, name, metaPath.Upstream())
	return append(errs, validateFinalizers(meta)...)
}

// validateMetaUpdate checks what may change of an object's metadata.
func validateMetaUpdate(meta, old *metav1.ObjectMeta) field.ErrorList {
	if plainMetaUpdate(meta, old) || Equal(meta, old) { // what is stored has been looked at; most writes are of the status
		return nil
	}
	errs := apivalidation.ValidateObjectMetaAccessorUpdate(meta, old, metaPath.Upstream())
	return append(errs, validateFinalizers(meta)...)
}

// commonMeta checks what is the same for the metadata of all kinds, and commonMetaUpdate what may change of it. Where a kind says the same of an
// update, its error comes twice, as upstream (apiserver pkg/registry/rest/create.go, update.go).
func commonMeta(object Object) field.ErrorList {
	meta, namespaced := metaOf(object), KindOf(object).Namespaced
	if plainMeta(meta, namespaced) {
		return nil
	}
	return apivalidation.ValidateObjectMetaAccessor(object, namespaced, nameIsSegment, metaPath.Upstream())
}

func commonMetaUpdate(object, old Object) field.ErrorList {
	meta, before := metaOf(object), metaOf(old)
	if plainMetaUpdate(meta, before) && plainMeta(meta, KindOf(object).Namespaced) || Equal(meta, before) {
		return nil
	}
	return append(commonMeta(object), apivalidation.ValidateObjectMetaAccessorUpdate(object, old, metaPath.Upstream())...)
}

func validateFinalizers(meta *metav1.ObjectMeta) (errs field.ErrorList) {
	for i, finalizer := range meta.Finalizers {
		if !knownFinalizer(finalizer) {
			errs = append(errs, unknownFinalizer(finalizer, metaPath.Child("finalizers").Index(i)))
		}
	}
	return errs
}

func unknownFinalizer(finalizer string, at field.Path) *field.Error {
	return field.Invalid(at, finalizer, "name is neither a standard finalizer name nor is it fully qualified")
}

// knownFinalizer says whether a finalizer is a standard one or has the name of whose it is.
func knownFinalizer(finalizer string) bool {
	switch finalizer {
	case "kubernetes", metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents:
		return true
	}
	return strings.Contains(finalizer, "/")
}

// checkMeta makes the Validate rule of a kind whose metadata is all that is checked.
func checkMeta[T Object](namespaced bool, name apivalidation.ValidateNameFunc) func(T) field.ErrorList {
	return func(object T) field.ErrorList { return validateMeta(metaOf(object), namespaced, name) }
}

// checkMetaUpdate makes the ValidateUpdate rule of such a kind.
func checkMetaUpdate[T Object](object, old T, _ string) field.ErrorList {
	return validateMetaUpdate(metaOf(object), metaOf(old))
}

func metaOf(object Object) *metav1.ObjectMeta {
	return object.(metav1.ObjectMetaAccessor).GetObjectMeta().(*metav1.ObjectMeta)
}

// invalids is one error for every message about a value.
func invalids(at field.Path, value any, messages []string) (errs field.ErrorList) {
	for _, message := range messages {
		errs = append(errs, field.Invalid(at, value, message))
	}
	return errs
}

func checkLabel(value string, at field.Path) field.ErrorList {
	if plainLabel(value) {
		return nil
	}
	return invalids(at, value, validation.IsDNS1123Label(value))
}

func checkSubdomain(value string, at field.Path) field.ErrorList {
	return invalids(at, value, validation.IsDNS1123Subdomain(value))
}

func checkQualifiedName(value string, at field.Path) field.ErrorList {
	return invalids(at, value, validation.IsQualifiedName(value))
}

func checkSelector(selector *metav1.LabelSelector, at field.Path) field.ErrorList {
	return metavalidation.ValidateLabelSelector(selector, metavalidation.LabelSelectorValidationOptions{}, at.Upstream())
}

func checkNotNegative[N int32 | int64](value N, at field.Path, name string) field.ErrorList {
	if value >= 0 {
		return nil
	}
	return apivalidation.ValidateNonnegativeField(int64(value), at.Child(name).Upstream())
}

// count is a field that must not be negative.
type count struct {
	name  string
	value int64
}

func checkCounts(at field.Path, counts ...count) (errs field.ErrorList) {
	for _, one := range counts {
		errs = append(errs, checkNotNegative(one.value, at, one.name)...)
	}
	return errs
}

func countOf[N int32 | int64](name string, value *N) count {
	if value == nil {
		return count{name: name}
	}
	return count{name, int64(*value)}
}

func checkImmutable(value, old any, at field.Path) field.ErrorList {
	if sameMeaning(value, old) {
		return nil
	}
	return apivalidation.ValidateImmutableField(value, old, at.Upstream())
}

func sameMeaning(a, b any) bool { return Equal(a, b) }

// checkOneOf reports a value that is not among the supported ones; an absent one is required.
func checkOneOf[T ~string](value T, at field.Path, supported ...T) field.ErrorList {
	switch {
	case slices.Contains(supported, value):
		return nil
	case value == "":
		return field.ErrorList{field.Required(at, "")}
	}
	return field.ErrorList{field.NotSupported(at, value, supported)}
}

// checkAmong is checkOneOf for a value that may not be absent either, and says so in the same words.
func checkAmong[T ~string](value T, at field.Path, supported ...T) field.ErrorList {
	if slices.Contains(supported, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(at, value, supported)}
}

// inOrder makes the order of errors independent of the order of maps: runs of errors about one map are sorted.
func inOrder(errs field.ErrorList) field.ErrorList {
	for start := 0; start < len(errs); {
		end := start + 1
		for end < len(errs) && errs[end].Field == errs[start].Field {
			end++
		}
		if end-start > 1 && isMap(errs[start].Field) {
			slices.SortStableFunc(errs[start:end], func(a, b *field.Error) int { return cmp.Compare(a.Error(), b.Error()) })
		}
		start = end
	}
	return errs
}

func isMap(path string) bool {
	switch path[strings.LastIndexByte(path, '.')+1:] {
	case "labels", "annotations", "matchLabels", "nodeSelector", "selector", "parameters":
		return true
	}
	return false
}

// sortedKeys of a map, for checks whose errors must come in one order.
func sortedKeys[M ~map[K]V, K cmp.Ordered, V any](m M) []K {
	if len(m) == 0 {
		return nil
	}
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
