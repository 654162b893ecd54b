package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
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

// ApplyRevision is the set with the template of the revision; both may be shared, and must not be changed. A revision whose data is another patch than those that NewRevision makes
// is applied as a strategic merge patch, as upstream does with all; data that is none is an error.
// Upstream: ApplyRevision in pkg/controller/statefulset/stateful_set_utils.go.
func ApplyRevision(set *appsv1.StatefulSet, revision *appsv1.ControllerRevision) (*appsv1.StatefulSet, error) {
	restored := *set
	if known := readTemplates.get(revision.Data.Raw); known != nil {
		restored.Spec.Template = *known
		return &restored, nil
	}
	data, replaces := replacedTemplate(revision.Data.Raw)
	if !replaces {
		return patchSet(set, revision)
	}
	var template corev1.PodTemplateSpec
	if err := json.Unmarshal(data, &template); err != nil {
		return nil, fmt.Errorf("reading the template of ControllerRevision %s: %w", NameOf(revision), err)
	}
	readTemplates.put(revision.Data.Raw, &template)
	restored.Spec.Template = template
	return &restored, nil
}

// readTemplates are the templates of revisions that were read last: during a rollout a set is looked at many times.
var readTemplates templates

// templates remembers what data means. It may be used from several goroutines.
type templates struct {
	mutex sync.Mutex
	known map[string]*corev1.PodTemplateSpec // by the data; never changed
}

func (t *templates) get(data []byte) *corev1.PodTemplateSpec {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.known[string(data)]
}

func (t *templates) put(data []byte, template *corev1.PodTemplateSpec) {
	const most = 64
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.known == nil || len(t.known) >= most {
		t.known = map[string]*corev1.PodTemplateSpec{}
	}
	t.known[string(data)] = template
}

// replacedTemplate finds the template in data that does nothing but replace it.
func replacedTemplate(data []byte) (template json.RawMessage, replaces bool) {
	var patch, spec, fields map[string]json.RawMessage
	if json.Unmarshal(data, &patch) != nil || len(patch) != 1 || json.Unmarshal(patch["spec"], &spec) != nil || len(spec) != 1 {
		return nil, false
	}
	template = spec["template"]
	return template, json.Unmarshal(template, &fields) == nil && string(fields["$patch"]) == `"replace"`
}

func patchSet(set *appsv1.StatefulSet, revision *appsv1.ControllerRevision) (*appsv1.StatefulSet, error) {
	text, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("encoding StatefulSet %s: %w", NameOf(set), err)
	}
	patched, err := strategicpatch.StrategicMergePatch(text, revision.Data.Raw, set)
	if err != nil {
		return nil, fmt.Errorf("applying the data of ControllerRevision %s: %w", NameOf(revision), err)
	}
	restored := &appsv1.StatefulSet{}
	if err := json.Unmarshal(patched, restored); err != nil {
		return nil, fmt.Errorf("applying the data of ControllerRevision %s: %w", NameOf(revision), err)
	}
	return restored, nil
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
