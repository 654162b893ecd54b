package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stsim/stsim/sim/api"
)

// fields are an object as paths and values: what somebody has asked for, without identity, versions, times and status.
type fields map[string]string

// fieldsOf takes an object apart.
func fieldsOf(object api.Object) fields {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return fields{} // no object that was stored gets here
	}
	if spec, is := content["spec"].(map[string]any); is && api.KindOf(object).Kind == "Node" {
		spec["taints"] = slices.DeleteFunc(list(spec["taints"]), ownTaint)
	}
	all := fields{}
	for _, key := range slices.Sorted(maps.Keys(content)) {
		switch key {
		case "apiVersion", "kind", "metadata", "status":
		case "spec":
			all.add("", content[key])
		default:
			all.add(key, content[key])
		}
	}
	for name, value := range object.GetLabels() {
		all["label "+name] = value
	}
	for name, value := range object.GetAnnotations() {
		if !bookkeeping(name) {
			all["annotation "+name] = value
		}
	}
	return all
}

func list(value any) []any {
	elements, _ := value.([]any)
	return elements
}

// ownTaint says whether a taint follows from the state of its node.
func ownTaint(taint any) bool {
	content, _ := taint.(map[string]any)
	key, _ := content["key"].(string)
	return strings.HasPrefix(key, "node.kubernetes.io/")
}

// bookkeeping says whether an annotation is one that clients and loops write for themselves.
func bookkeeping(annotation string) bool {
	return annotation == "kubectl.kubernetes.io/last-applied-configuration" || annotation == "kubernetes.io/change-cause" ||
		strings.HasPrefix(annotation, "deployment.kubernetes.io/") || strings.HasPrefix(annotation, "pv.kubernetes.io/") ||
		strings.HasPrefix(annotation, "volume.kubernetes.io/") || strings.HasPrefix(annotation, "volume.beta.kubernetes.io/storage-provisioner")
}

// add takes a value apart. The elements of a list are known by their names if they have any.
func (f fields) add(path string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value { // in any order: paths are different
			f.add(strings.TrimPrefix(path+"."+key, "."), inner)
		}
	case []any:
		for i, inner := range value {
			name := fmt.Sprint(i)
			if element, is := inner.(map[string]any); is && element["name"] != nil {
				name = fmt.Sprint(element["name"])
			}
			f.add(path+"["+name+"]", inner)
		}
	case nil:
	default:
		f[path] = fmt.Sprint(value)
	}
}

// differing are the paths at which two objects have different values, in order.
func differing(before, after fields) (paths []string) {
	for path, value := range before { // in any order: they are sorted below
		if other, found := after[path]; !found || other != value {
			paths = append(paths, path)
		}
	}
	for path := range after {
		if _, found := before[path]; !found {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// longestValue is how many characters of a value are told.
const longestValue = 40

// told is a value as it is told: nothing of what is long or has lines.
func told(value string, set bool) string {
	switch {
	case !set:
		return "none"
	case value == "":
		return `""`
	case len(value) > longestValue || strings.ContainsAny(value, "\n\t"):
		return "..."
	}
	return value
}
