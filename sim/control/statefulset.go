package control

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

const (
	statefulSetController = "statefulset-controller"
	// statefulSetLatency lets the changes of one instant be seen together: a thousand Pods that become ready wake the loop once.
	statefulSetLatency = 10 * time.Millisecond
	// podTries and statusTries are how often upstream writes a Pod and the status as long as somebody else is faster (client-go util/retry).
	podTries, statusTries = 4, 5
)

var statefulSetKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

// statefulSetLoop is the StatefulSet controller (upstream: pkg/controller/statefulset):
//
//	statefulset.go           what wakes it, which Pods are the set's, adoption and release
//	statefulset_revision.go  ControllerRevisions: current, update, history
//	statefulset_pod.go       a Pod's identity and storage
//	statefulset_claim.go     claims and their retention
//	statefulset_scale.go     creating, repairing and condemning Pods
//	statefulset_rollout.go   replacing Pods by those of the update revision
//	statefulset_status.go    the counters
func statefulSetLoop() Loop {
	return Loop{Name: "statefulset", Latency: statefulSetLatency, Wakes: wakeStatefulSet, Sync: syncStatefulSet}
}

func wakeStatefulSet(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *appsv1.StatefulSet:
		wake(Key{Namespace: object.Namespace, Name: object.Name})
	case *corev1.Pod:
		wakeSetOfPod(view, change, object, wake)
	}
}

// wakeSetOfPod wakes the set that controls the Pod, the one that did before, and for an orphan those that might adopt it.
func wakeSetOfPod(view store.View, change store.Change, pod *corev1.Pod, wake func(Key)) {
	current := metav1.GetControllerOfNoCopy(pod)
	if before, ok := change.Old.(*corev1.Pod); ok {
		if old := metav1.GetControllerOfNoCopy(before); old != nil && (current == nil || old.UID != current.UID) {
			wakeController(view, pod.Namespace, old, wake)
		}
	}
	if current != nil {
		wakeController(view, pod.Namespace, current, wake)
		return
	}
	before, updated := change.Old.(*corev1.Pod)
	if change.New == nil || updated && metav1.GetControllerOfNoCopy(before) == nil && maps.Equal(before.Labels, pod.Labels) {
		return
	}
	for set := range store.List[*appsv1.StatefulSet](view, pod.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(pod.Labels)) {
			wake(Key{Namespace: set.Namespace, Name: set.Name})
		}
	}
}

func wakeController(view store.View, namespace string, reference *metav1.OwnerReference, wake func(Key)) {
	if reference.Kind != statefulSetKind.Kind {
		return
	}
	if set, found := store.Get[*appsv1.StatefulSet](view, namespace, reference.Name); found && set.UID == reference.UID {
		wake(Key{Namespace: namespace, Name: reference.Name})
	}
}

// setSync is one look at one StatefulSet.
type setSync struct {
	Input
	set  *appsv1.StatefulSet
	plan Plan
	// pods are those the set controls, in the order of their names.
	pods      []*corev1.Pod
	orphans   map[string]*corev1.Pod // those that this Plan adopts, as they are before
	monotonic bool
	claims    map[string]*corev1.PersistentVolumeClaim // of the namespace, once they are needed; see claim
	planned   map[string]*corev1.PersistentVolumeClaim // as they will be after the writes of this Plan
	// batch and part are those of the next write.
	batch, part int
}

func syncStatefulSet(in Input) Plan {
	set, found := store.Get[*appsv1.StatefulSet](in.View, in.Key.Namespace, in.Key.Name)
	if !found {
		return Plan{}
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return Plan{} // validation lets no such set in; trying again would not help
	}
	s := &setSync{Input: in, set: set, monotonic: set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement}
	revisions, err := s.ownRevisions(selector)
	if err != nil {
		s.plan.Error = err
		return s.plan
	}
	s.nextBatch()
	s.claimPods(selector)
	s.nextBatch()
	claimed := len(s.plan.Writes)
	current, update, collisions, err := s.chooseRevisions(revisions)
	if err != nil {
		s.plan.Error = err
		return s.plan
	}
	status := s.converge(current, update, collisions)
	s.truncateHistory(claimed, revisions, current, update)
	if status == nil {
		return s.plan
	}
	if set.Spec.MinReadySeconds > 0 && status.ReadyReplicas != status.AvailableReplicas {
		s.plan.Requeue = s.nextAvailability()
	}
	return s.plan
}

// claimPods finds the set's Pods, adopts orphans that belong to it and releases Pods that no longer match
// (upstream: pkg/controller/controller_ref_manager.go).
func (s *setSync) claimPods(selector labels.Selector) {
	for pod := range store.List[*corev1.Pod](s.View, s.set.Namespace) {
		matches := selector.Matches(labels.Set(pod.Labels)) && s.memberName(pod)
		switch owner := metav1.GetControllerOfNoCopy(pod); {
		case owner != nil && owner.UID != s.set.UID:
		case owner != nil && matches:
			s.pods = append(s.pods, pod)
		case owner != nil && s.set.DeletionTimestamp == nil:
			s.write(Write{Verb: Update, Object: withoutOwner(pod, s.set), Tolerate: []string{"NotFound", "Invalid"}})
			s.part++
		case owner == nil && matches && s.set.DeletionTimestamp == nil && pod.DeletionTimestamp == nil:
			adopted := pod.DeepCopy()
			adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.set, statefulSetKind))
			s.write(Write{Verb: Update, Object: adopted})
			s.part++
			s.pods = append(s.pods, afterWrite(adopted))
			if s.orphans == nil {
				s.orphans = map[string]*corev1.Pod{}
			}
			s.orphans[pod.Name] = pod
		}
	}
}

// memberName says whether the Pod's name is one the set would give.
func (s *setSync) memberName(pod *corev1.Pod) bool {
	parent, _ := parentAndOrdinal(pod.Name)
	return parent == s.set.Name
}

func withoutOwner(pod *corev1.Pod, set *appsv1.StatefulSet) *corev1.Pod {
	released := pod.DeepCopy()
	released.OwnerReferences = slices.DeleteFunc(released.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == set.UID })
	return released
}

// afterWrite is an object as it will be when a write of this Plan has been made, for further writes: of whatever version it is then.
func afterWrite[T api.Object](written T) T {
	after := api.Copy(written)
	after.SetResourceVersion("")
	return after
}

func (s *setSync) write(writes ...Write) {
	for _, write := range writes {
		write.Batch, write.Part = s.batch, s.part
		s.plan.Writes = append(s.plan.Writes, write)
	}
}

// nextBatch makes the writes from here on wait for those before.
func (s *setSync) nextBatch() { s.batch, s.part = s.batch+1, 0 }

// event makes an Event about the set, in the words of the release that is simulated.
func (s *setSync) event(kind, reason, message string) Event {
	return Event{Regarding: s.set, Type: kind, Reason: reason, Message: message, Source: statefulSetController}
}

// What is asked of the API about a Pod, and the reasons of the events that tell of it.
var (
	creating = request{"create", "SuccessfulCreate", "FailedCreate"}
	updating = request{"update", "SuccessfulUpdate", "FailedUpdate"}
	deleting = request{"delete", "SuccessfulDelete", "FailedDelete"}
)

type request struct{ verb, done, failed string }

// done is what is recorded when a request concerning a Pod was granted, and failed when it was not (upstream: recordPodEvent).
func (s *setSync) done(what request, pod *corev1.Pod) *Event {
	event := s.event(corev1.EventTypeNormal, what.done, s.about(what, pod)+" successful")
	return &event
}

func (s *setSync) failed(what request, pod *corev1.Pod) func() []Event {
	return func() []Event {
		return []Event{s.event(corev1.EventTypeWarning, what.failed, s.about(what, pod)+" failed error: {error}")}
	}
}

func (s *setSync) about(what request, pod *corev1.Pod) string {
	return s.Settings.Release.EventVerb(what.verb) + " Pod " + pod.Name + " in StatefulSet " + s.set.Name
}

// parentAndOrdinal splits a Pod's name into that of its set and its ordinal, which is -1 for a name of another form.
func parentAndOrdinal(name string) (parent string, ordinal int) {
	at := strings.LastIndexByte(name, '-')
	if at < 0 || at == len(name)-1 {
		return "", -1
	}
	for _, digit := range name[at+1:] {
		if digit < '0' || digit > '9' {
			return "", -1
		}
	}
	number, err := strconv.ParseInt(name[at+1:], 10, 32)
	if err != nil {
		return name[:at], -1
	}
	return name[:at], int(number)
}

func ordinalOf(pod *corev1.Pod) int {
	_, ordinal := parentAndOrdinal(pod.Name)
	return ordinal
}

// firstOrdinal is the ordinal of the set's first Pod (spec.ordinals.start).
func firstOrdinal(set *appsv1.StatefulSet) int {
	if set.Spec.Ordinals == nil {
		return 0
	}
	return int(set.Spec.Ordinals.Start)
}

// replicasOf is how many Pods the set wants.
func replicasOf(set *appsv1.StatefulSet) int {
	if set.Spec.Replicas == nil {
		return 1
	}
	return int(*set.Spec.Replicas)
}

// inRange says whether the Pod's ordinal is one the set wants.
func inRange(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	ordinal := ordinalOf(pod)
	return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set)+replicasOf(set)
}
