package apiserver

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// warnDeprecated warns of a kind that the simulated release has deprecated, in upstream's words
// (apiserver/pkg/endpoints/deprecation). Releases before 1.19 have no warnings.
func (r *request) warnDeprecated() {
	const firstWarnings = 19
	release := r.server.settings.Release
	object, err := scheme.Scheme.New(r.gvk())
	if err != nil || !release.AtLeast(firstWarnings) {
		return
	}
	deprecated, ok := object.(interface{ APILifecycleDeprecated() (int, int) })
	if !ok {
		return
	}
	major, minor := deprecated.APILifecycleDeprecated()
	if major == 0 || !release.AtLeast(minor) {
		return
	}
	text := fmt.Sprintf("%s %s is deprecated in v%d.%d+", r.version, r.kind.Kind, major, minor)
	if removed, ok := object.(interface{ APILifecycleRemoved() (int, int) }); ok {
		if major, minor := removed.APILifecycleRemoved(); major != 0 {
			text += fmt.Sprintf(", unavailable in v%d.%d+", major, minor)
		}
	}
	if replaced, ok := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		if by := replaced.APILifecycleReplacement(); !by.Empty() {
			text += fmt.Sprintf("; use %s %s", by.GroupVersion(), by.Kind)
		}
	}
	r.warn(text)
}
