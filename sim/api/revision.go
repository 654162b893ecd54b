package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// RevisionHashLabel is the label of a ControllerRevision that holds its hash.
const RevisionHashLabel = "controller.kubernetes.io/hash"

// maxRevisionPrefix is how much of the parent's name goes into the name of a revision.
const maxRevisionPrefix = 223

// NewRevision is the ControllerRevision that records the set's template: its bytes, hash and name are upstream's.
// A collision count that is not nil is hashed along, so that another name comes out. The revision has no
// namespace yet, which upstream sets on creation. Upstream: newRevision in
// pkg/controller/statefulset/stateful_set_utils.go and NewControllerRevision in pkg/controller/history.
func NewRevision(set *appsv1.StatefulSet, number int64, collisions *int32) (*appsv1.ControllerRevision, error) {
	return Release{}.NewRevision(set, number, collisions)
}

// NewRevision is NewRevision as this release writes the bytes: until 1.33 the template has a creationTimestamp of
// null, and so another hash.
func (r Release) NewRevision(set *appsv1.StatefulSet, number int64, collisions *int32) (*appsv1.ControllerRevision, error) {
	data, err := r.revisionData(set)
	if err != nil {
		return nil, err
	}
	revision := Stamp(&appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       set.Namespace,
			Labels:          maps.Clone(set.Spec.Template.Labels),
			Annotations:     maps.Clone(set.Annotations),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, KindOf(set).GroupVersionKind())},
		},
		Data:     runtime.RawExtension{Raw: data},
		Revision: number,
	})
	hash := HashRevision(revision, collisions)
	if revision.Labels == nil {
		revision.Labels = map[string]string{}
	}
	revision.Name, revision.Labels[RevisionHashLabel] = RevisionName(set.Name, hash), hash
	return revision, nil
}

// revisionData is the patch that puts the set's template back: spec.template with the directive to replace, in
// the order of keys that encoding/json gives to maps.
func (r Release) revisionData(set *appsv1.StatefulSet) ([]byte, error) {
	text, err := json.Marshal(&set.Spec.Template)
	if err != nil {
		return nil, fmt.Errorf("encoding the template of StatefulSet %s: %w", NameOf(set), err)
	}
	var template map[string]any
	if err := json.Unmarshal(text, &template); err != nil {
		return nil, fmt.Errorf("encoding the template of StatefulSet %s: %w", NameOf(set), err)
	}
	template["$patch"] = "replace"
	if !r.AtLeast(34) {
		meta, _ := template["metadata"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
			template["metadata"] = meta
		}
		if _, exists := meta["creationTimestamp"]; !exists {
			meta["creationTimestamp"] = nil
		}
	}
	return json.Marshal(map[string]any{"spec": map[string]any{"template": template}})
}

// ApplyRevision is a copy of the set with the template of the revision. A revision whose data is not such a patch
// as NewRevision makes is an error.
func ApplyRevision(set *appsv1.StatefulSet, revision *appsv1.ControllerRevision) (*appsv1.StatefulSet, error) {
	restored := *set
	var patch struct {
		Spec struct {
			Template json.RawMessage `json:"template"`
		} `json:"spec"`
	}
	var directive struct {
		Patch string `json:"$patch"`
	}
	if err := json.Unmarshal(revision.Data.Raw, &patch); err != nil {
		return nil, fmt.Errorf("reading the data of ControllerRevision %s: %w", NameOf(revision), err)
	}
	if err := json.Unmarshal(patch.Spec.Template, &directive); err != nil {
		return nil, fmt.Errorf("reading the data of ControllerRevision %s: %w", NameOf(revision), err)
	}
	if directive.Patch != "replace" {
		return nil, fmt.Errorf(`reading the data of ControllerRevision %s: expected spec.template with "$patch":"replace", found %q`, NameOf(revision), directive.Patch)
	}
	restored.Spec.Template = corev1.PodTemplateSpec{}
	if err := json.Unmarshal(patch.Spec.Template, &restored.Spec.Template); err != nil {
		return nil, fmt.Errorf("reading the template of ControllerRevision %s: %w", NameOf(revision), err)
	}
	return restored.DeepCopy(), nil
}

// HashRevision is the hash of a revision's data, in an alphabet that makes no words.
// Upstream: HashControllerRevision in pkg/controller/history/controller_history.go.
func HashRevision(revision *appsv1.ControllerRevision, collisions *int32) string {
	hash := fnv.New32()
	hash.Write(revision.Data.Raw)
	if collisions != nil {
		hash.Write([]byte(strconv.Itoa(int(*collisions))))
	}
	return safeText(strconv.FormatUint(uint64(hash.Sum32()), 10))
}

// safeText maps every byte to a letter or digit that cannot form bad words. Upstream: SafeEncodeString in
// apimachinery pkg/util/rand.
func safeText(text string) string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	safe := make([]byte, len(text))
	for i := range len(text) {
		safe[i] = alphabet[int(text[i])%len(alphabet)]
	}
	return string(safe)
}

// RevisionName is the name of a revision: the parent's, cut to 223 characters, and the hash.
func RevisionName(parent, hash string) string {
	return parent[:min(len(parent), maxRevisionPrefix)] + "-" + hash
}

// EqualRevision says whether two revisions record the same data.
func EqualRevision(a, b *appsv1.ControllerRevision) bool {
	if a == nil || b == nil {
		return a == b
	}
	return bytes.Equal(a.Data.Raw, b.Data.Raw) && apiequality.Semantic.DeepEqual(a.Data.Object, b.Data.Object)
}

// CompareRevisions orders revisions by number, then age, then name, for slices.SortStableFunc.
func CompareRevisions(a, b *appsv1.ControllerRevision) int {
	switch {
	case a.Revision != b.Revision:
		return sign(a.Revision < b.Revision)
	case !a.CreationTimestamp.Equal(&b.CreationTimestamp):
		return sign(a.CreationTimestamp.Before(&b.CreationTimestamp))
	case a.Name != b.Name:
		return sign(a.Name < b.Name)
	}
	return 0
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// NextRevision is the number after the highest; revisions are sorted by CompareRevisions.
func NextRevision(revisions []*appsv1.ControllerRevision) int64 {
	if len(revisions) == 0 {
		return 1
	}
	return revisions[len(revisions)-1].Revision + 1
}
