package api

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api/field"
)

// Release is the Kubernetes release that a cluster simulates. It is a small comparable value; the zero Release
// is the newest known one.
type Release struct {
	minor   uint8 // of 1.minor; zero stands for the newest
	on, off gateSet
}

// patches are the known releases and the patch of each whose behaviour is simulated.
var patches = map[uint8]uint8{9: 11, 27: 16, 28: 15, 29: 15, 30: 14, 31: 14, 32: 10, 33: 6, 34: 2, 35: 4, 36: 3}

const newestMinor = 36

// ParseRelease reads "1.36"; "v1.36" and a patch as in "1.36.2" are read too, but every patch of a minor
// release is the same to the simulator. An unknown release is an error that lists the known ones.
func ParseRelease(text string) (Release, error) {
	parts := strings.Split(strings.TrimPrefix(text, "v"), ".")
	if (len(parts) == 2 || len(parts) == 3) && parts[0] == "1" {
		minor, err := strconv.ParseUint(parts[1], 10, 8)
		_, known := patches[uint8(minor)]
		if len(parts) == 3 && err == nil {
			_, err = strconv.ParseUint(parts[2], 10, 8)
		}
		if err == nil && known && strconv.FormatUint(minor, 10) == parts[1] {
			return Release{minor: uint8(minor)}, nil
		}
	}
	names := make([]string, 0, len(patches))
	for _, release := range Releases() {
		names = append(names, release.String())
	}
	return Release{}, fmt.Errorf("expected a Kubernetes release, one of %s, found %q", strings.Join(names, ", "), text)
}

// Releases are the known ones, oldest first.
func Releases() []Release {
	releases := make([]Release, 0, len(patches))
	for minor := uint8(0); minor <= newestMinor; minor++ {
		if _, known := patches[minor]; known {
			releases = append(releases, Release{minor: minor})
		}
	}
	return releases
}

// Minor is the second number of the release, e.g. 36.
func (r Release) Minor() int {
	if r.minor == 0 {
		return newestMinor
	}
	return int(r.minor)
}

// String is what ParseRelease reads, e.g. "1.36". Feature gates that were changed are not part of it.
func (r Release) String() string { return "1." + strconv.Itoa(r.Minor()) }

// Version is the gitVersion at /version, e.g. "v1.36.3".
func (r Release) Version() string {
	return "v" + r.String() + "." + strconv.Itoa(int(patches[uint8(r.Minor())]))
}

// AtLeast says whether the release is 1.minor or newer.
func (r Release) AtLeast(minor int) bool { return r.Minor() >= minor }

// EventVerb is a verb as the StatefulSet controller's events print it at the beginning of a message: "create"
// until 1.34, "Create" since 1.35. Upstream: pkg/controller/statefulset/stateful_pod_control.go.
func (r Release) EventVerb(verb string) string {
	if verb == "" {
		return ""
	}
	if r.AtLeast(35) {
		return strings.ToUpper(verb[:1]) + verb[1:]
	}
	return strings.ToLower(verb)
}

// Default is the kind's Default plus what this release's feature gates add. Object must be of a kind in the table.
func (r Release) Default(object Object) {
	KindOf(object).Default(object)
	if set, ok := object.(*appsv1.StatefulSet); ok {
		rolling := set.Spec.UpdateStrategy.RollingUpdate
		if r.Enabled(MaxUnavailableStatefulSet) && set.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType &&
			rolling != nil && rolling.MaxUnavailable == nil {
			rolling.MaxUnavailable = ptr.To(intstr.FromInt32(1))
		}
	}
}

// PrepareForCreate is the kind's PrepareForCreate, and drops the fields whose feature gate is off.
func (r Release) PrepareForCreate(object Object) {
	KindOf(object).PrepareForCreate(object)
	r.dropDisabled(object, nil)
	dropAlpha(object, nil)
}

// PrepareForUpdate is the kind's PrepareForUpdate, and drops the fields whose feature gate is off unless the
// old object has them already. Object and old must be of the same kind.
func (r Release) PrepareForUpdate(object, old Object, subresource string) {
	r.dropDisabled(object, old)
	if subresource != "status" {
		dropAlpha(object, old)
	}
	KindOf(object).PrepareForUpdate(object, old, subresource)
}

// dropDisabled is upstream's dropStatefulSetDisabledFields (pkg/registry/apps/statefulset/strategy.go of each release).
func (r Release) dropDisabled(object, old Object) {
	set, ok := object.(*appsv1.StatefulSet)
	if !ok {
		return
	}
	before, _ := old.(*appsv1.StatefulSet)
	if before == nil {
		before = &appsv1.StatefulSet{}
	}
	if rolling := set.Spec.UpdateStrategy.RollingUpdate; rolling != nil && rolling.MaxUnavailable != nil && !r.Enabled(MaxUnavailableStatefulSet) {
		if inUse := before.Spec.UpdateStrategy.RollingUpdate; inUse == nil || inUse.MaxUnavailable == nil {
			rolling.MaxUnavailable = nil
		}
	}
	if !r.Enabled(StatefulSetAutoDeletePVC) && before.Spec.PersistentVolumeClaimRetentionPolicy == nil {
		set.Spec.PersistentVolumeClaimRetentionPolicy = nil
	}
	if !r.Enabled(StatefulSetStartOrdinal) && before.Spec.Ordinals == nil {
		set.Spec.Ordinals = nil
	}
	if !r.Enabled(StatefulSetMinReadySeconds) && before.Spec.MinReadySeconds == 0 {
		set.Spec.MinReadySeconds = 0
	}
}

// Validate is the kind's Validate with the rules this release has.
func (r Release) Validate(object Object) field.ErrorList {
	errs := r.validate(object)
	if len(errs) == 0 {
		return commonMeta(object)
	}
	return errs
}

func (r Release) validate(object Object) field.ErrorList {
	if set, ok := object.(*appsv1.StatefulSet); ok {
		return inOrder(validateStatefulSet(set, r))
	}
	if service, ok := object.(*corev1.Service); ok {
		return inOrder(validateService(service, r))
	}
	return KindOf(object).Validate(object)
}

// ValidateUpdate is the kind's ValidateUpdate with the rules and texts this release has.
func (r Release) ValidateUpdate(object, old Object, subresource string) field.ErrorList {
	if set, ok := object.(*appsv1.StatefulSet); ok {
		return append(commonMetaUpdate(object, old), inOrder(validateStatefulSetUpdate(set, old.(*appsv1.StatefulSet), subresource, r))...)
	}
	return append(commonMetaUpdate(object, old), KindOf(object).ValidateUpdate(object, old, subresource)...)
}
