package control

import (
	"maps"
	"slices"
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
	deploymentController = "deployment-controller"
	// deploymentLatency lets the changes of one instant be seen together.
	deploymentLatency = 10 * time.Millisecond
)

var deploymentKind = appsv1.SchemeGroupVersion.WithKind("Deployment")

// deploymentLoop replaces the Pods of a template by those of another, through ReplicaSets (upstream: pkg/controller/deployment):
//
//	deployment.go           what wakes it, which ReplicaSets are the Deployment's, and what is to be done with them
//	deployment_template.go  the ReplicaSet of the wanted template: its hash, revision and annotations
//	deployment_scale.go     scaling ReplicaSets, in proportion when there are several, and cleaning up old ones
//	deployment_rollout.go   the strategies RollingUpdate and Recreate
//	deployment_rollback.go  going back to a revision, for clients of old versions
//	deployment_status.go    the counters, whether there is progress, and pauses
func deploymentLoop() Loop {
	return Loop{Name: "deployment", Latency: deploymentLatency, Wakes: wakeDeployment, Sync: syncDeployment}
}

func wakeDeployment(view store.View, change store.Change, wake func(Key)) {
	switch object := change.Object().(type) {
	case *appsv1.Deployment:
		if change.New != nil {
			wake(Key{Namespace: object.Namespace, Name: object.Name})
		}
	case *appsv1.ReplicaSet:
		wakeDeploymentOfSet(view, change, object, wake)
	case *corev1.Pod:
		if change.New == nil {
			wakeRecreation(view, object, wake)
		}
	}
}

// wakeDeploymentOfSet wakes the Deployment that controls the set, the one that did before, and for an orphan those that might adopt it.
func wakeDeploymentOfSet(view store.View, change store.Change, set *appsv1.ReplicaSet, wake func(Key)) {
	current := metav1.GetControllerOfNoCopy(set)
	before, updated := change.Old.(*appsv1.ReplicaSet)
	if updated {
		if old := metav1.GetControllerOfNoCopy(before); old != nil && (current == nil || old.UID != current.UID) {
			wakeDeploymentController(view, set.Namespace, old, wake)
		}
	}
	if current != nil {
		wakeDeploymentController(view, set.Namespace, current, wake)
		return
	}
	if change.New == nil || len(set.Labels) == 0 || updated && metav1.GetControllerOfNoCopy(before) == nil && maps.Equal(before.Labels, set.Labels) {
		return
	}
	for deployment := range store.List[*appsv1.Deployment](view, set.Namespace) {
		selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
		if err == nil && !selector.Empty() && selector.Matches(labels.Set(set.Labels)) {
			wake(Key{Namespace: deployment.Namespace, Name: deployment.Name})
		}
	}
}

func wakeDeploymentController(view store.View, namespace string, reference *metav1.OwnerReference, wake func(Key)) {
	if deployment, found := deploymentOf(view, namespace, reference); found {
		wake(Key{Namespace: namespace, Name: deployment.Name})
	}
}

func deploymentOf(view store.View, namespace string, reference *metav1.OwnerReference) (*appsv1.Deployment, bool) {
	if reference == nil || reference.Kind != deploymentKind.Kind {
		return nil, false
	}
	deployment, found := store.Get[*appsv1.Deployment](view, namespace, reference.Name)
	return deployment, found && deployment.UID == reference.UID
}

// wakeRecreation wakes a Deployment that waits for the last of its Pods to go before it creates new ones.
func wakeRecreation(view store.View, pod *corev1.Pod, wake func(Key)) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != replicaSetKind.Kind {
		return
	}
	set, found := store.Get[*appsv1.ReplicaSet](view, pod.Namespace, owner.Name)
	if !found || set.UID != owner.UID {
		return
	}
	deployment, found := deploymentOf(view, pod.Namespace, metav1.GetControllerOfNoCopy(set))
	if found && deployment.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		wake(Key{Namespace: deployment.Namespace, Name: deployment.Name})
	}
}

// deploymentSync is one look at one Deployment.
type deploymentSync struct {
	Input
	d    *appsv1.Deployment // a copy, which changes as the Deployment does
	plan Plan
	// sets are the Deployment's, oldest first; fresh is the one of the wanted template, nil when there is none, old are the others.
	sets  []*appsv1.ReplicaSet
	fresh *appsv1.ReplicaSet
	old   []*appsv1.ReplicaSet
	// told says that the status has been written. Upstream's second write in one sync would find that its object is out of date, and
	// the sync would be made again: here the change wakes the loop.
	told bool
	// noted says that annotations of the fresh set have been written, after which upstream's sync finds the set out of date.
	noted bool
}

func syncDeployment(in Input) Plan {
	deployment, found := store.Get[*appsv1.Deployment](in.View, in.Key.Namespace, in.Key.Name)
	if !found {
		return Plan{}
	}
	s := &deploymentSync{Input: in, d: deployment.DeepCopy()}
	selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
	if err != nil {
		return Plan{} // validation lets no such Deployment in; trying again would not help
	}
	if selector.Empty() {
		s.event(corev1.EventTypeWarning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
		if s.d.Status.ObservedGeneration < s.d.Generation {
			s.d.Status.ObservedGeneration = s.d.Generation
			s.tell()
		}
		return s.plan
	}
	s.claimSets(selector)
	s.reconcile()
	return s.plan
}

// reconcile decides what this look is about (upstream: syncDeployment).
func (s *deploymentSync) reconcile() {
	if s.d.DeletionTimestamp != nil {
		s.findFresh()
		s.writeStatus(s.count())
		return
	}
	s.notePause()
	if s.d.Spec.Paused {
		s.findFresh()
		s.rescale()
		return
	}
	s.findFresh()
	if _, asked := rollbackAsked(s.d); asked {
		s.rollback()
		return
	}
	if s.noted {
		return // the set's change wakes the loop again
	}
	if s.scaled() {
		s.rescale()
		return
	}
	if s.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		s.rolloutRecreate()
	} else {
		s.rolloutRolling()
	}
}

// claimSets finds the Deployment's ReplicaSets, adopts orphans that its selector matches and releases those that it no longer
// matches (upstream: getReplicaSetsForDeployment).
func (s *deploymentSync) claimSets(selector labels.Selector) {
	for set := range store.List[*appsv1.ReplicaSet](s.View, s.d.Namespace) {
		owner := metav1.GetControllerOfNoCopy(set)
		matches := selector.Matches(labels.Set(set.Labels))
		switch {
		case owner != nil && owner.UID != s.d.UID:
		case owner != nil && matches:
			s.sets = append(s.sets, set)
		case owner != nil && s.d.DeletionTimestamp == nil:
			released := set.DeepCopy()
			released.OwnerReferences = slices.DeleteFunc(released.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == s.d.UID })
			s.write(Write{Verb: Update, Object: released, Tolerate: []string{"NotFound", "Invalid"}})
		case owner == nil && matches && s.d.DeletionTimestamp == nil && set.DeletionTimestamp == nil:
			adopted := set.DeepCopy()
			adopted.OwnerReferences = append(adopted.OwnerReferences, *metav1.NewControllerRef(s.d, deploymentKind))
			s.write(Write{Verb: Update, Object: adopted})
			s.sets = append(s.sets, afterWrite(adopted))
		}
	}
	slices.SortFunc(s.sets, compareSetAges)
}

// compareSetAges puts what is older first, for slices.SortFunc.
func compareSetAges(a, b *appsv1.ReplicaSet) int {
	if byAge := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); byAge != 0 {
		return byAge
	}
	return strings.Compare(a.Name, b.Name)
}

func (s *deploymentSync) write(write Write) { s.plan.Writes = append(s.plan.Writes, write) }

func (s *deploymentSync) event(kind, reason, message string) {
	s.plan.Events = append(s.plan.Events, s.newEvent(kind, reason, message))
}

func (s *deploymentSync) newEvent(kind, reason, message string) Event {
	return Event{Regarding: s.d, Type: kind, Reason: reason, Message: message, Source: deploymentController}
}

// tell writes the Deployment's status, and its annotations, as they now are, in the midst of a look.
func (s *deploymentSync) tell() {
	var object api.Object = s.d.DeepCopy()
	if s.told {
		object.SetResourceVersion("")
	}
	s.write(Write{Verb: UpdateStatus, Object: object})
	s.told = true
}
