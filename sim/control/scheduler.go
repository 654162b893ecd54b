package control

import (
	"cmp"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

const (
	scheduler = "default-scheduler"
	// schedulerLatency lets the Pods of one instant be placed together.
	schedulerLatency = 5 * time.Millisecond
)

// schedulingQueue is the one key of the loop: all Pods that wait for a node are placed in one pass, which looks at the nodes once.
var schedulingQueue = Key{Name: "queue"}

// schedulerLoop puts Pods on nodes (upstream: pkg/scheduler):
//
//	scheduler.go          what wakes it, the queue, and what is written about a Pod
//	scheduler_node.go     what the nodes have and what is taken of it
//	scheduler_filter.go   which nodes a Pod may run on, and the sentence that says why it may not
//	scheduler_labels.go   tolerations, node selectors and node affinity
//	scheduler_affinity.go affinity between Pods
//	scheduler_spread.go   topology spread constraints
//	scheduler_volumes.go  claims, and the volumes that are chosen with the node
//	scheduler_score.go    which of the possible nodes it is
//
// Not simulated: preemption, other profiles and extenders, volume limits and zones of volumes, in-use disks, image locality and balanced
// allocation among the scores, resource claims, Pod groups.
func schedulerLoop() Loop {
	return Loop{Name: "scheduler", Latency: schedulerLatency, Wakes: wakeScheduler, Sync: syncScheduler}
}

func wakeScheduler(_ store.View, change store.Change, wake func(Key)) {
	if relevant(change) {
		wake(schedulingQueue)
	}
}

// relevant says whether a change can make a Pod schedulable, or is a new one. The loop's own writes are not.
func relevant(change store.Change) bool {
	gone, fresh := change.New == nil, change.Old == nil
	switch object := change.Object().(type) {
	case *corev1.Pod:
		old, _ := change.Old.(*corev1.Pod)
		switch {
		case gone:
			return object.Spec.NodeName != ""
		case fresh:
			return true
		case queued(object):
			return !queued(old) || !maps.Equal(old.Labels, object.Labels) || len(old.Spec.Tolerations) != len(object.Spec.Tolerations)
		}
		return old.Spec.NodeName != "" && (podEnded(object) && !podEnded(old) || !maps.Equal(old.Labels, object.Labels))
	case *corev1.Node:
		old, _ := change.Old.(*corev1.Node)
		return gone || fresh || !maps.Equal(old.Labels, object.Labels) || !api.Equal(old.Spec, object.Spec) ||
			!api.Equal(old.Status.Allocatable, object.Status.Allocatable)
	case *corev1.PersistentVolumeClaim:
		old, _ := change.Old.(*corev1.PersistentVolumeClaim)
		return gone || fresh || bindingCompleted(old) != bindingCompleted(object) || old.Status.Phase != object.Status.Phase ||
			(old.DeletionTimestamp == nil) != (object.DeletionTimestamp == nil) || storage.SelectedNode(old) != "" && storage.SelectedNode(object) == ""
	case *corev1.PersistentVolume:
		old, _ := change.Old.(*corev1.PersistentVolume)
		return !gone && object.Spec.ClaimRef == nil && object.Status.Phase == corev1.VolumeAvailable &&
			(fresh || old.Status.Phase != corev1.VolumeAvailable || old.Spec.ClaimRef != nil)
	case *storagev1.StorageClass:
		return !gone
	}
	return false
}

// queued says whether the Pod waits for this scheduler.
func queued(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil && len(pod.Spec.SchedulingGates) == 0 && !podEnded(pod) &&
		(pod.Spec.SchedulerName == scheduler || pod.Spec.SchedulerName == "")
}

// scheduling is one pass over the queue. What it places counts for the Pods that come after.
type scheduling struct {
	Input
	plan       Plan
	nodes      []*nodeInfo
	counters   counters
	terms      []*termGroup // the affinity of Pods that have a node
	termsByKey map[string]*termGroup
	topologies map[string]*topology
	volumes    volumeChoices
	tally      tally
	candidates []*nodeInfo // scratch
}

func syncScheduler(in Input) Plan {
	var queue, placed []*corev1.Pod
	for pod := range store.List[*corev1.Pod](in.View, "") {
		switch {
		case pod.Spec.NodeName != "" && !podEnded(pod):
			placed = append(placed, pod)
		case queued(pod):
			queue = append(queue, pod)
		}
	}
	if len(queue) == 0 {
		return Plan{}
	}
	slices.SortFunc(queue, byAge)
	s := &scheduling{Input: in, topologies: map[string]*topology{}, termsByKey: map[string]*termGroup{}}
	s.volumes.init()
	s.gatherNodes(placed)
	s.place(queue)
	return s.plan
}

// byAge orders the queue: higher priority first, then older, then by name with ordinals as numbers.
func byAge(a, b *corev1.Pod) int {
	if order := cmp.Or(cmp.Compare(priorityOf(b), priorityOf(a)), a.CreationTimestamp.Compare(b.CreationTimestamp.Time)); order != 0 {
		return order
	}
	parentA, ordinalA := parentAndOrdinal(a.Name)
	parentB, ordinalB := parentAndOrdinal(b.Name)
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(parentA, parentB), cmp.Compare(ordinalA, ordinalB), cmp.Compare(a.Name, b.Name))
}

func priorityOf(pod *corev1.Pod) int32 {
	if pod.Spec.Priority == nil {
		return 0
	}
	return *pod.Spec.Priority
}

// place goes through the queue, and once more through the Pods that follow others, as long as there are others that were placed.
func (s *scheduling) place(queue []*corev1.Pod) {
	type refusal struct {
		pod *corev1.Pod
		why string
	}
	var refused []refusal
	for len(queue) > 0 {
		var followers []*corev1.Pod
		progress := false
		for _, pod := range queue {
			why := s.schedule(pod)
			switch {
			case why == "":
				progress = true
			case followsOthers(pod):
				followers = append(followers, pod)
				refused = append(refused, refusal{pod, why})
			default:
				s.refuse(pod, why)
			}
		}
		if !progress || len(followers) == 0 {
			break
		}
		queue, refused = followers, nil
	}
	for _, one := range refused {
		s.refuse(one.pod, one.why)
	}
}

// followsOthers says whether the Pod may fit once another Pod has a node.
func followsOthers(pod *corev1.Pod) bool {
	return pod.Spec.Affinity != nil && pod.Spec.Affinity.PodAffinity != nil || len(pod.Spec.TopologySpreadConstraints) > 0
}

// schedule finds a node for the Pod and takes it, or says why there is none.
func (s *scheduling) schedule(pod *corev1.Pod) (why string) {
	if len(s.nodes) == 0 {
		return "no nodes available to schedule pods"
	}
	needs, problem := s.needsOf(pod)
	if problem != "" {
		return s.refusedBeforehand(problem)
	}
	s.tally.reset()
	s.candidates = s.candidates[:0]
	for _, node := range s.nodes {
		if s.admits(node, needs) {
			s.candidates = append(s.candidates, node)
		}
	}
	if len(s.candidates) == 0 {
		return s.refusedByNodes(pod)
	}
	chosen := s.choose(needs, s.candidates)
	s.take(chosen, needs)
	if s.chooseVolumes(needs, chosen) {
		s.bind(pod, chosen.node.Name)
	}
	return ""
}

func (s *scheduling) bind(pod *corev1.Pod, node string) {
	s.write(Write{
		Verb:    Bind,
		Object:  &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name}, Spec: corev1.PodSpec{NodeName: node}},
		Success: s.event(pod, corev1.EventTypeNormal, "Scheduled", "Successfully assigned "+pod.Namespace+"/"+pod.Name+" to "+node),
		Failure: func() []Event {
			return []Event{*s.event(pod, corev1.EventTypeWarning, "FailedScheduling", `binding rejected: running Bind plugin "DefaultBinder": {error}`)}
		},
	})
}

// refuse says on the Pod and in an event why it waits, unless that was said already.
func (s *scheduling) refuse(pod *corev1.Pod, why string) {
	known := podCondition(pod, corev1.PodScheduled)
	if known != nil && known.Status == corev1.ConditionFalse && known.Reason == corev1.PodReasonUnschedulable && known.Message == why {
		return
	}
	condition := corev1.PodCondition{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: why,
		LastTransitionTime: api.Timestamp(s.Now),
	}
	changed := *pod // the rest is shared: rows never change
	changed.Status.Conditions = slices.Clone(pod.Status.Conditions)
	if at := slices.IndexFunc(changed.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodScheduled }); at >= 0 {
		if known.Status == corev1.ConditionFalse {
			condition.LastTransitionTime = known.LastTransitionTime
		}
		changed.Status.Conditions[at] = condition
	} else {
		changed.Status.Conditions = append(changed.Status.Conditions, condition)
	}
	s.write(Write{Verb: UpdateStatus, Object: &changed, Success: s.event(pod, corev1.EventTypeWarning, "FailedScheduling", truncated(why))})
}

// write adds a write that is made whatever becomes of those about other Pods. A Pod that is gone by then needs none.
func (s *scheduling) write(write Write) {
	write.Always, write.Tolerate = true, []string{"NotFound"}
	s.plan.Writes = append(s.plan.Writes, write)
}

func (s *scheduling) event(pod *corev1.Pod, kind, reason, message string) *Event {
	return &Event{Regarding: pod, Type: kind, Reason: reason, Message: message, Source: scheduler}
}

// truncated cuts a message to what an event can hold.
func truncated(message string) string {
	const most, suffix = 1024, " ..."
	if len(message) <= most {
		return message
	}
	return message[:most-len(suffix)] + suffix
}
