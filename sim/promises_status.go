package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

func statusAddsUp(e *evidence) string {
	for _, set := range e.sets {
		if set.new == nil {
			continue
		}
		status := &set.new.Status
		for _, one := range []struct {
			what        string
			count, most int32
		}{
			{"replicas", status.Replicas, status.Replicas},
			{"readyReplicas", status.ReadyReplicas, status.Replicas},
			{"availableReplicas", status.AvailableReplicas, status.ReadyReplicas},
			{"currentReplicas", status.CurrentReplicas, status.Replicas},
			{"updatedReplicas", status.UpdatedReplicas, status.Replicas},
		} {
			if one.count < 0 || one.count > one.most {
				return fmt.Sprintf("%s of %s is %d of %d", one.what, set.new.Name, one.count, one.most)
			}
		}
		if status.CurrentRevision != status.UpdateRevision && status.CurrentReplicas+status.UpdatedReplicas > status.Replicas {
			return fmt.Sprintf("%s has %d current and %d updated Pods of %d", set.new.Name, status.CurrentReplicas, status.UpdatedReplicas, status.Replicas)
		}
	}
	return ""
}

// statusTells counts what the controller saw. A look at an older set, whose status could not be written, tells nothing.
func statusTells(e *evidence) string {
	if !e.bySet() || e.record.Error != nil || slices.ContainsFunc(e.record.Writes, func(w Written) bool { return w.Error != nil }) {
		return ""
	}
	key := parseKey(e.record.Key)
	seen, found := store.Get[*appsv1.StatefulSet](e.before, key.Namespace, key.Name)
	is, there := store.Get[*appsv1.StatefulSet](e.view, key.Namespace, key.Name)
	if !found || !there || seen.DeletionTimestamp != nil {
		return ""
	}
	was := is
	for _, set := range e.sets {
		was = set.old
	}
	if was == nil || was.ResourceVersion != seen.ResourceVersion {
		return ""
	}
	var all, ready, available, updated int32
	for pod := range store.List[*corev1.Pod](e.before, key.Namespace) {
		if !counted(seen, pod) {
			continue
		}
		if pod.Name != podNamed(seen, ordinalOf(seen, pod)) {
			return "" // web-01 beside web-1: one of them stands for both
		}
		all++
		if pod.Status.Phase == corev1.PodRunning && podReady(pod) {
			ready++
			if e.available(pod, seen.Spec.MinReadySeconds) {
				available++
			}
		}
		if pod.DeletionTimestamp == nil && revisionOf(pod) == is.Status.UpdateRevision {
			updated++
		}
	}
	for _, one := range []struct {
		what    string
		is, saw int32
	}{
		{"replicas", is.Status.Replicas, all}, {"readyReplicas", is.Status.ReadyReplicas, ready},
		{"availableReplicas", is.Status.AvailableReplicas, available}, {"updatedReplicas", is.Status.UpdatedReplicas, updated},
	} {
		if one.is != one.saw {
			return fmt.Sprintf("%s of %s is %d, and the controller saw %d", one.what, seen.Name, one.is, one.saw)
		}
	}
	return ""
}

// counted says whether a Pod was the set's when its controller looked, or was made so.
func counted(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	if !strings.HasPrefix(pod.Name, set.Name+"-") || ordinalOf(set, pod) < 0 || !matches(set.Spec.Selector, pod.Labels) {
		return false
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return owner.UID == set.UID
	}
	return pod.DeletionTimestamp == nil
}

// matches is upstream's way to ask only where a selector has expressions: it is asked at every look of a controller.
func matches(selector *metav1.LabelSelector, has map[string]string) bool {
	if len(selector.MatchExpressions) > 0 {
		whole, err := metav1.LabelSelectorAsSelector(selector)
		return err == nil && whole.Matches(labels.Set(has))
	}
	for key, value := range selector.MatchLabels { // in any order: all must match
		if is, found := has[key]; !found || is != value {
			return false
		}
	}
	return true
}

func observedGrows(e *evidence) string {
	for _, set := range e.sets {
		if set.old == nil || set.new == nil {
			continue
		}
		was, is := set.old.Status.ObservedGeneration, set.new.Status.ObservedGeneration
		switch {
		case is < was:
			return fmt.Sprintf("observedGeneration of %s fell from %d to %d", set.new.Name, was, is)
		case is > set.new.Generation:
			return fmt.Sprintf("observedGeneration of %s is %d, and its generation %d", set.new.Name, is, set.new.Generation)
		case set.new.Generation < set.old.Generation:
			return fmt.Sprintf("generation of %s fell from %d to %d", set.new.Name, set.old.Generation, set.new.Generation)
		}
	}
	return ""
}

// revisionsNamed looks at the statuses that the StatefulSet controller wrote.
func revisionsNamed(e *evidence) string {
	if !e.bySet() {
		return ""
	}
	for _, set := range e.sets {
		if set.new == nil {
			continue
		}
		for _, name := range []string{set.new.Status.CurrentRevision, set.new.Status.UpdateRevision} {
			if _, found := store.Get[*appsv1.ControllerRevision](e.view, set.new.Namespace, name); !found {
				return fmt.Sprintf("%s is said to be at revision %q, which there is not", set.new.Name, name)
			}
		}
	}
	return ""
}

func revisionNumbersGrow(e *evidence) string {
	for _, change := range e.record.Changes {
		fresh, ok := change.New.(*appsv1.ControllerRevision)
		if !ok {
			continue
		}
		if old, ok := change.Old.(*appsv1.ControllerRevision); ok {
			switch {
			case fresh.Revision < old.Revision:
				return fmt.Sprintf("the number of %s fell from %d to %d", api.NameOf(fresh), old.Revision, fresh.Revision)
			case !bytes.Equal(fresh.Data.Raw, old.Data.Raw):
				return fmt.Sprintf("the data of %s changed", api.NameOf(fresh))
			}
			continue
		}
		if !e.bySet() || len(fresh.OwnerReferences) == 0 {
			continue
		}
		// Of those that the controller saw: it may create two in a row before its cache has the first (upstream's consistency store minds Pods, claims
		// and sets alone).
		for other := range store.Owned[*appsv1.ControllerRevision](e.before, fresh.OwnerReferences[0].UID) {
			if other.Name != fresh.Name && other.Revision >= fresh.Revision {
				return fmt.Sprintf("the new revision %s has number %d, and %s has %d", fresh.Name, fresh.Revision, other.Name, other.Revision)
			}
		}
	}
	return ""
}
