package api

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestParseRelease(t *testing.T) {
	for text, version := range map[string]string{"1.36": "v1.36.3", "v1.36": "v1.36.3", "1.9": "v1.9.11", "1.36.0": "v1.36.3", "1.27": "v1.27.16"} {
		if got := release(t, text).Version(); got != version {
			t.Errorf("%s is %s, expected %s", text, got, version)
		}
	}
	for _, text := range []string{"", "1", "1.10", "2.36", "1.036", "1.36.x", "1.36.1.1", "1.-9", "1.99999999999999999999"} {
		_, err := ParseRelease(text)
		if err == nil || !strings.Contains(err.Error(), "one of 1.9, 1.27, 1.28") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if (Release{}).String() != "1.36" || (Release{}).Version() != "v1.36.3" {
		t.Error("the zero release is not the newest")
	}
}

func TestWhatIsServed(t *testing.T) {
	for _, c := range []struct {
		gvk    string
		served []string // by 1.9, by 1.36
	}{
		{"apps/v1 StatefulSet", []string{"1.9", "1.27", "1.36"}}, {"apps/v1beta1 StatefulSet", []string{"1.9"}},
		{"apps/v1beta2 StatefulSet", []string{"1.9"}}, {"extensions/v1beta1 Deployment", []string{"1.9"}},
		{"extensions/v1beta1 StatefulSet", nil}, {"policy/v1beta1 PodDisruptionBudget", []string{"1.9"}},
		{"policy/v1 PodDisruptionBudget", []string{"1.27", "1.36"}}, {"storage.k8s.io/v1 StorageClass", []string{"1.9", "1.27", "1.36"}},
		{"storage.k8s.io/v1beta1 StorageClass", []string{"1.9"}}, {"v1 Pod", []string{"1.9", "1.27", "1.36"}},
		{"discovery.k8s.io/v1 EndpointSlice", []string{"1.27", "1.36"}}, {"events.k8s.io/v1 Event", []string{"1.27", "1.36"}},
		{"apps/v1 Pod", nil}, {"v1 StatefulSet", nil}, {"batch/v1 CronJob", []string{"1.27", "1.36"}}, {"batch/v1beta1 CronJob", []string{"1.9"}},
		{"example.com/v1 Widget", nil},
	} {
		version, kind, _ := strings.Cut(c.gvk, " ")
		for _, text := range []string{"1.9", "1.27", "1.36"} {
			got := release(t, text).KindFor(schema.FromAPIVersionAndKind(version, kind)) != nil
			if want := slices.Contains(c.served, text); got != want {
				t.Errorf("%s served by %s: %v, expected %v", c.gvk, text, got, want)
			}
		}
	}
	first := (Release{}).Served()[0]
	if first.GroupVersion.String() != "v1" || !slices.Contains(first.Kinds, "Pod") {
		t.Errorf("the first served is %v", first)
	}
	gvr := schema.GroupVersionResource{Group: "apps", Version: "v1beta1", Resource: "statefulsets"}
	if release(t, "1.9").KindForResource(gvr) != KindNamed("StatefulSet") || (Release{}).KindForResource(gvr) != nil {
		t.Error("apps/v1beta1 statefulsets are for 1.9 only")
	}
}

func TestGates(t *testing.T) {
	newest, oldest := Release{}, release(t, "1.9")
	if newest.Enabled(MaxUnavailableStatefulSet) || !newest.WithGate(MaxUnavailableStatefulSet, true).Enabled(MaxUnavailableStatefulSet) {
		t.Error("maxUnavailable is off in 1.36 unless asked for")
	}
	if oldest.Enabled(StatefulSetAutoDeletePVC) || !newest.Enabled(StatefulSetAutoDeletePVC) || newest.WithGate(StatefulSetAutoDeletePVC, false).Enabled(StatefulSetAutoDeletePVC) {
		t.Error("claims are deleted with the set since 1.27 unless the gate is set off")
	}
	for gate := range gateCount {
		if parsed, err := ParseGate(gate.String()); err != nil || parsed != gate {
			t.Errorf("%v parsed as %v: %v", gate, parsed, err)
		}
	}
	if _, err := ParseGate("Nonsense"); err == nil || !strings.Contains(err.Error(), "MaxUnavailableStatefulSet") {
		t.Errorf("unknown gate: %v", err)
	}
}

func TestEventCapitals(t *testing.T) {
	if got := release(t, "1.34").EventVerb("Create") + release(t, "1.35").EventVerb("create"); got != "createCreate" {
		t.Error(got)
	}
}

// What a release does not know yet is dropped when a set is created, and does not appear by default.
func TestOldReleasesDropNewFields(t *testing.T) {
	manifest := strings.Replace(revisionManifest, "spec:\n", "spec:\n  minReadySeconds: 5\n  ordinals: {start: 3}\n  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 2}}\n", 1)
	for text, want := range map[string]string{"1.9": "", "1.27": "policy ordinals ready", "1.36": "policy ordinals ready"} {
		r := release(t, text)
		set := statefulSetFrom(t, manifest)
		r.Default(set)
		r.PrepareForCreate(set)
		var found []string
		for name, present := range map[string]bool{
			"policy": set.Spec.PersistentVolumeClaimRetentionPolicy != nil, "ordinals": set.Spec.Ordinals != nil,
			"ready": set.Spec.MinReadySeconds != 0, "unavailable": set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable != nil,
		} {
			if present {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != strings.Join(sorted(strings.Fields(want)), " ") {
			t.Errorf("%s keeps %q, expected %q", text, got, want)
		}
	}
	set := statefulSetFrom(t, revisionManifest)
	(Release{}).WithGate(MaxUnavailableStatefulSet, true).Default(set)
	if most := set.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable; most == nil || most.IntValue() != 1 {
		t.Errorf("with the gate on maxUnavailable is %v, expected 1", most)
	}
}

func sorted(words []string) []string { slices.Sort(words); return words }
