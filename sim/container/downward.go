package container

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// field is the value of a fieldRef. Labels and annotations are those of the object now, if it is still there.
//
// Upstream: podFieldSelectorRuntimeValue in pkg/kubelet/kubelet_pods.go and pkg/fieldpath/fieldpath.go.
func (w *World) field(sandbox *Sandbox, path string) (string, error) {
	pod := sandbox.Pod
	if now, found := store.Get[*corev1.Pod](w.Tx.View, pod.Namespace, pod.Name); found && now.UID == pod.UID {
		pod = now
	}
	if base, key, found := strings.Cut(strings.TrimSuffix(path, "']"), "['"); found && strings.HasSuffix(path, "']") {
		switch base {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
		return "", fmt.Errorf("fieldPath %q does not support subscript", path)
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return formatMap(pod.Labels), nil
	case "metadata.annotations":
		return formatMap(pod.Annotations), nil
	case "spec.nodeName":
		return sandbox.Node, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP":
		return firstOf(nodeAddresses(w.Tx.View, sandbox.Node)), nil
	case "status.hostIPs":
		return joined(nodeAddresses(w.Tx.View, sandbox.Node)), nil
	case "status.podIP":
		return firstOf(sandbox.IPs), nil
	case "status.podIPs":
		return joined(sandbox.IPs), nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %s", path)
}

func firstOf[T fmt.Stringer](list []T) string {
	if len(list) == 0 {
		return ""
	}
	return list[0].String()
}

func joined[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = item.String()
	}
	return strings.Join(texts, ",")
}

// formatMap is one line NAME="value" for each key, in order.
func formatMap(values map[string]string) string {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, key+"="+strconv.Quote(values[key]))
	}
	return strings.Join(lines, "\n")
}

// resourceField is the value of a resourceFieldRef, in whole divisors rounded up. A limit that is not set is what the node can
// give; a request that is not set is 0.
//
// Upstream: pkg/api/v1/resource/helpers.go.
func (w *World) resourceField(sandbox *Sandbox, spec *corev1.Container, ref *corev1.ResourceFieldSelector) (string, error) {
	if ref.ContainerName != "" {
		named, found := specOf(sandbox.Pod, ref.ContainerName)
		if !found {
			return "", fmt.Errorf("container %s not found", ref.ContainerName)
		}
		spec = named
	}
	if spec == nil {
		return "", fmt.Errorf("resourceFieldRef %q: expected a containerName, found none", ref.Resource)
	}
	which, name, found := strings.Cut(ref.Resource, ".")
	if !found || (which != "limits" && which != "requests") {
		return "", fmt.Errorf("unsupported container resource : %v", ref.Resource)
	}
	list := spec.Resources.Requests
	if which == "limits" {
		list = spec.Resources.Limits
	}
	quantity, set := list[corev1.ResourceName(name)]
	if !set && which == "limits" {
		if node, found := store.Get[*corev1.Node](w.Tx.View, "", sandbox.Node); found {
			quantity = node.Status.Allocatable[corev1.ResourceName(name)]
		}
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == "cpu" {
		return strconv.FormatInt(int64(math.Ceil(float64(quantity.MilliValue())/float64(divisor.MilliValue()))), 10), nil
	}
	return strconv.FormatInt(int64(math.Ceil(float64(quantity.Value())/float64(divisor.Value()))), 10), nil
}

// claimOf is the PersistentVolumeClaim behind a volume of a Pod, "" for other volumes.
func claimOf(pod *corev1.Pod, volume *corev1.Volume) string {
	switch {
	case volume.PersistentVolumeClaim != nil:
		return volume.PersistentVolumeClaim.ClaimName
	case volume.Ephemeral != nil:
		return pod.Name + "-" + volume.Name
	}
	return ""
}

func podVolume(uid api.UID, name string) string { return "pod/" + string(uid) + "/" + name }
