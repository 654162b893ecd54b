package api

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Served is one group and version that a release serves.
type Served struct {
	schema.GroupVersion
	Kinds []string // by their names in the table of kinds, in the table's order
}

// served lists the groups in the order discovery lists them, the preferred version of each first. Until is the
// last minor release that serves it; both bounds are inclusive. Groups and versions that hold only kinds the
// simulator does not keep are left out.
var served = []struct {
	group, version string
	from, until    int
	kinds          []string // nil: all kinds of the group in the table
}{
	{"", "v1", 0, never, nil},
	{"extensions", "v1beta1", 0, 15, []string{"DaemonSet", "Deployment", "ReplicaSet", "NetworkPolicy"}},
	{"apps", "v1", 9, never, nil},
	{"apps", "v1beta2", 8, 15, nil},
	{"apps", "v1beta1", 0, 15, []string{"ControllerRevision", "Deployment", "StatefulSet"}},
	{"events.k8s.io", "v1", 19, never, []string{"Event"}},
	{"autoscaling", "v2", 23, never, nil},
	{"batch", "v1", 21, never, nil},
	{"batch", "v1", 0, 20, []string{"Job"}},
	{"batch", "v1beta1", 8, 24, []string{"CronJob"}},
	{"networking.k8s.io", "v1", 19, never, nil},
	{"networking.k8s.io", "v1", 7, 18, []string{"NetworkPolicy"}},
	{"policy", "v1", 21, never, nil},
	{"policy", "v1beta1", 0, 24, nil},
	{"rbac.authorization.k8s.io", "v1", 8, never, nil},
	{"rbac.authorization.k8s.io", "v1beta1", 0, 21, nil},
	{"storage.k8s.io", "v1", 17, never, nil},
	{"storage.k8s.io", "v1", 6, 16, []string{"StorageClass"}},
	{"storage.k8s.io", "v1beta1", 0, 21, []string{"StorageClass"}},
	{"scheduling.k8s.io", "v1", 14, never, nil},
	{"coordination.k8s.io", "v1", 14, never, nil},
	{"discovery.k8s.io", "v1", 21, never, nil},
}

// Served lists what the release serves, in the order of discovery: groups by priority, the preferred version of
// a group first.
func (r Release) Served() []Served {
	var all []Served
	for _, entry := range served {
		if !r.AtLeast(entry.from) || r.Minor() > entry.until {
			continue
		}
		one := Served{GroupVersion: schema.GroupVersion{Group: entry.group, Version: entry.version}, Kinds: entry.kinds}
		if one.Kinds == nil {
			for _, kind := range kinds {
				if kind.Group == entry.group {
					one.Kinds = append(one.Kinds, kind.Kind)
				}
			}
		}
		all = append(all, one)
	}
	return all
}

// KindFor is the row for a group, version and kind that the release serves, e.g. apps/v1beta1 StatefulSet in
// 1.9; nil when it does not serve it.
func (r Release) KindFor(gvk schema.GroupVersionKind) *Kind {
	for _, entry := range served {
		if entry.group != gvk.Group || entry.version != gvk.Version || !r.AtLeast(entry.from) || r.Minor() > entry.until {
			continue
		}
		kind := KindNamed(gvk.Kind)
		if kind == nil || entry.kinds == nil && kind.Group != gvk.Group || entry.kinds != nil && !slices.Contains(entry.kinds, gvk.Kind) {
			return nil
		}
		return kind
	}
	return nil
}

// KindForResource is KindFor by resource name, e.g. apps/v1beta1 statefulsets in 1.9.
func (r Release) KindForResource(gvr schema.GroupVersionResource) *Kind {
	for _, kind := range kinds {
		if kind.Resource == gvr.Resource {
			if found := r.KindFor(gvr.GroupVersion().WithKind(kind.Kind)); found != nil {
				return found
			}
		}
	}
	return nil
}
