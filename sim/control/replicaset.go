package control

import (
	"iter"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	// replicaSetLatency lets the changes of one instant be seen together.
	replicaSetLatency = 10 * time.Millisecond
	// burstReplicas is how many Pods one look at a set creates or deletes at most (upstream: BurstReplicas).
	burstReplicas = 500
)

var replicaSetKind = appsv1.SchemeGroupVersion.WithKind("ReplicaSet")

// replicaSetLoop and replicationControllerLoop keep so many Pods of a kind, whichever they are (upstream: pkg/controller/replicaset,
// which works for both kinds, too, and pkg/controller/replication):
//
//	replicaset.go             what wakes them, which Pods are the set's, adoption and release
//	replicaset_scale.go       creating and deleting Pods
//	replicaset_rank.go        which Pod is deleted first
//	replicaset_status.go      the counters, and that creation or deletion failed
//	replicationcontroller.go  a ReplicationController seen as a ReplicaSet
func replicaSetLoop() Loop { return replicaSets.loop("replicaset") }

// replicaKind is what differs between the two kinds.
type replicaKind struct {
	kind    schema.GroupVersionKind
	source  string // of events
	leaving bool   // the status counts terminating Pods
	get     func(view store.View, namespace, name string) (object api.Object, set *appsv1.ReplicaSet, found bool)
	list    func(view store.View, namespace string) iter.Seq[*appsv1.ReplicaSet]
	// withStatus is a copy of the object with another status.
	withStatus func(object api.Object, status appsv1.ReplicaSetStatus) api.Object
}

var replicaSets = &replicaKind{
	kind: replicaSetKind, source: "replicaset-controller", leaving: true,
	get: func(view store.View, namespace, name string) (api.Object, *appsv1.ReplicaSet, bool) {
		set, found := store.Get[*appsv1.ReplicaSet](view, namespace, name)
		return set, set, found
	},
	list: func(view store.View, namespace string) iter.Seq[*appsv1.ReplicaSet] {
		return store.List[*appsv1.ReplicaSet](view, namespace)
	},
	withStatus: func(object api.Object, status appsv1.ReplicaSetStatus) api.Object {
		changed := object.(*appsv1.ReplicaSet).DeepCopy()
		changed.Status = status
		return changed
	},
}

func (k *replicaKind) loop(name string) Loop {
	return Loop{Name: name, Latency: replicaSetLatency, Wakes: k.wake, Sync: k.sync}
}

func (k *replicaKind) wake(view store.View, change store.Change, wake func(Key)) {
	object := change.Object()
	if pod, ok := object.(*corev1.Pod); ok {
		k.wakeForPod(view, change, pod, wake)
	} else if change.Kind.Kind == k.kind.Kind && change.New != nil {
		wake(api.NameOf(object))
	}
}

// wakeForPod wakes the set that controls the Pod, the one that did before, and for an orphan those that might adopt it.
func (k *replicaKind) wakeForPod(view store.View, change store.Change, pod *corev1.Pod, wake func(Key)) {
	current := metav1.GetControllerOfNoCopy(pod)
	before, updated := change.Old.(*corev1.Pod)
	if updated {
		if old := metav1.GetControllerOfNoCopy(before); old != nil && (current == nil || old.UID != current.UID) {
			k.wakeController(view, pod.Namespace, old, wake)
		}
	}
	if current != nil {
		k.wakeController(view, pod.Namespace, current, wake)
		return
	}
	if change.New == nil || len(pod.Labels) == 0 || updated && metav1.GetControllerOfNoCopy(before) == nil && maps.Equal(before.Labels, pod.Labels) {
		return
	}
	for set := range k.list(view, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			wake(Key{Namespace: set.Namespace, Name: set.Name})
		}
	}
}

func (k *replicaKind) wakeController(view store.View, namespace string, reference *metav1.OwnerReference, wake func(Key)) {
	if reference.Kind != k.kind.Kind {
		return
	}
	if _, set, found := k.get(view, namespace, reference.Name); found && set.UID == reference.UID {
		wake(Key{Namespace: namespace, Name: reference.Name})
	}
}

// replicaSync is one look at one set.
type replicaSync struct {
	Input
	*replicaKind
	object      api.Object
	set         *appsv1.ReplicaSet // the object, seen as a ReplicaSet
	active      []*corev1.Pod      // the Pods that count
	terminating int32
	plan        Plan
}

func (k *replicaKind) sync(in Input) Plan {
	object, set, found := k.get(in.View, in.Key.Namespace, in.Key.Name)
	if !found {
		return Plan{}
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return Plan{} // validation lets no such set in; trying again would not help
	}
	s := &replicaSync{Input: in, replicaKind: k, object: object, set: set}
	s.claimPods(selector)
	failure := ""
	if set.DeletionTimestamp == nil && !namespaceEnds(in.View, set.Namespace) {
		failure = s.scale()
	}
	s.writeStatus(failure)
	return s.plan
}

// claimPods finds the set's Pods, adopts orphans that its selector matches and releases active Pods that it no longer matches
// (upstream: pkg/controller/controller_ref_manager.go).
func (s *replicaSync) claimPods(selector labels.Selector) {
	for pod := range store.List[*corev1.Pod](s.View, s.set.Namespace) {
		owner := metav1.GetControllerOfNoCopy(pod)
		if owner != nil && owner.UID != s.set.UID {
			continue
		}
		matches := selector.Matches(labels.Set(pod.Labels))
		switch {
		case podEnded(pod):
		case pod.DeletionTimestamp != nil:
			if owner != nil && matches {
				s.terminating++
			}
		case owner != nil && matches:
			s.active = append(s.active, pod)
		case owner != nil && s.set.DeletionTimestamp == nil:
			released := pod.DeepCopy()
			released.OwnerReferences = slices.DeleteFunc(released.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == s.set.UID })
			s.plan.Writes = append(s.plan.Writes, Write{Verb: Update, Object: released, Tolerate: []string{"NotFound", "Invalid"}})
		case owner == nil && matches && s.set.DeletionTimestamp == nil:
			adopted := pod.DeepCopy()
			adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.set, s.kind))
			s.plan.Writes = append(s.plan.Writes, Write{Verb: Update, Object: adopted})
			s.active = append(s.active, adopted)
		}
	}
}

func (s *replicaSync) event(kind, reason, message string) Event {
	return Event{Regarding: s.object, Type: kind, Reason: reason, Message: message, Source: s.source}
}

// namespaceEnds says whether nothing can be created in the namespace any more, so that trying is no use.
func namespaceEnds(view store.View, name string) bool {
	namespace, found := store.Get[*corev1.Namespace](view, "", name)
	return !found || namespace.DeletionTimestamp != nil || namespace.Status.Phase == corev1.NamespaceTerminating
}

// podFromTemplate is a new Pod for its controller (upstream: GetPodFromTemplate). The API completes the name.
func podFromTemplate(template *corev1.PodTemplateSpec, owner api.Object, kind schema.GroupVersionKind) *corev1.Pod {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: owner.GetNamespace(), GenerateName: podNamePrefix(owner.GetName()),
			Labels: maps.Clone(template.Labels), Annotations: maps.Clone(template.Annotations), Finalizers: slices.Clone(template.Finalizers),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kind)},
		},
		Spec: api.PodSpecFrom(&template.Spec),
	}
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	return pod
}

// podNamePrefix is the controller's name and a dash, unless that could begin no Pod's name (upstream: getPodsPrefix).
func podNamePrefix(controller string) string {
	if len(controller) >= 253 {
		return controller
	}
	return controller + "-"
}
