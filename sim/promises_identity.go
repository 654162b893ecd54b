package sim

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// oneProcessPerIdentity looks at the containers that the event started. What was found says which of those that run are ghosts: then
// it was not the cluster that broke the promise, but a forced deletion or a partition.
func oneProcessPerIdentity(e *evidence) string {
	for _, change := range e.record.Rows {
		run, started := starts(change)
		if !started {
			continue
		}
		who := e.running.places[run.RowKey()].identity
		keys := e.running.identities[who]
		if len(keys) <= 1 {
			continue
		}
		found := fmt.Sprintf("%s runs %d times", who, len(keys))
		for _, key := range keys {
			other, _ := store.GetRow[*container.Container](e.view, container.Containers, key)
			if ghost, is := asGhost(e.view, other); is {
				found += fmt.Sprintf("; the one on %s is a ghost (%s)", ghost.Node, ghost.Why())
			}
		}
		return found
	}
	return ""
}

// nameFreeWhenEnded looks at the Pods that their kubelets deleted.
func nameFreeWhenEnded(e *evidence) string {
	if e.record.Who != "kubelet" {
		return ""
	}
	for _, pod := range e.pods {
		if pod.new != nil {
			continue
		}
		for run := range store.Rows[*container.Container](e.view, container.Containers, string(pod.old.UID)+"/") {
			if run.State == container.Running {
				return fmt.Sprintf("%s is gone while its container %s runs on %s", api.NameOf(pod.old), run.Name, run.Node)
			}
		}
	}
	return ""
}

// identityRight looks at the Pods that the StatefulSet controller created.
func identityRight(e *evidence) string {
	for pod, set := range e.born() {
		ordinal := ordinalOf(set, pod)
		name := api.NameOf(pod)
		switch owner := metav1.GetControllerOfNoCopy(pod); {
		case ordinal < startOf(set) || ordinal >= startOf(set)+replicasOf(set):
			return fmt.Sprintf("%s is none of the ordinals %d to %d", name, startOf(set), startOf(set)+replicasOf(set)-1)
		case pod.Labels[appsv1.StatefulSetPodNameLabel] != pod.Name:
			return fmt.Sprintf("%s has the label %s=%s", name, appsv1.StatefulSetPodNameLabel, pod.Labels[appsv1.StatefulSetPodNameLabel])
		case e.settings.Release.Enabled(api.PodIndexLabel) && pod.Labels[appsv1.PodIndexLabel] != strconv.Itoa(ordinal):
			return fmt.Sprintf("%s has the label %s=%s", name, appsv1.PodIndexLabel, pod.Labels[appsv1.PodIndexLabel])
		case pod.Spec.Hostname != pod.Name:
			return fmt.Sprintf("%s has the hostname %q", name, pod.Spec.Hostname)
		case pod.Spec.Subdomain != set.Spec.ServiceName:
			return fmt.Sprintf("%s has the subdomain %q, and the Service of its StatefulSet is %q", name, pod.Spec.Subdomain, set.Spec.ServiceName)
		case owner == nil || owner.UID != set.UID || owner.BlockOwnerDeletion == nil || !*owner.BlockOwnerDeletion:
			return fmt.Sprintf("%s is not controlled by its StatefulSet", name)
		}
	}
	return ""
}

// starts says whether the change of a row is a container that begins to run.
func starts(change store.RowChange) (*container.Container, bool) {
	run, ok := change.New.(*container.Container)
	if !ok || run.State != container.Running {
		return nil, false
	}
	old, existed := change.Old.(*container.Container)
	return run, !existed || old.State != container.Running
}

// running knows which containers run, by what they must not share. It is derived from the rows, and follows them event by event.
type running struct {
	places     map[string]place    // by the key of the container's row
	identities map[string][]string // "namespace/pod container": keys of rows
	volumes    map[string][]string // keys of volumes: keys of rows
}

// place is what one container is in the way of.
type place struct {
	identity string
	volumes  []string
}

func runningIn(view store.View) *running {
	r := &running{places: map[string]place{}, identities: map[string][]string{}, volumes: map[string][]string{}}
	for run := range store.Rows[*container.Container](view, container.Containers, "") {
		r.add(view, run)
	}
	return r
}

// follow does what the changes of one event did.
func (r *running) follow(view store.View, changes []store.RowChange) {
	for _, change := range changes {
		if old, ok := change.Old.(*container.Container); ok {
			r.remove(old.RowKey())
		}
		if fresh, ok := change.New.(*container.Container); ok {
			r.add(view, fresh)
		}
	}
}

func (r *running) add(view store.View, run *container.Container) {
	sandbox, found := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(run.UID))
	if run.State != container.Running || !found {
		return
	}
	key := run.RowKey()
	where := place{identity: api.NameOf(sandbox.Pod).String() + " " + run.Name, volumes: mountedBy(run)}
	r.places[key] = where
	r.identities[where.identity] = append(r.identities[where.identity], key)
	for _, volume := range where.volumes {
		r.volumes[volume] = append(r.volumes[volume], key)
	}
}

func (r *running) remove(key string) {
	where, found := r.places[key]
	if !found {
		return
	}
	delete(r.places, key)
	leave(r.identities, where.identity, key)
	for _, volume := range where.volumes {
		leave(r.volumes, volume, key)
	}
}

func leave(lists map[string][]string, list, key string) {
	left := slices.DeleteFunc(lists[list], func(other string) bool { return other == key })
	if len(left) == 0 {
		delete(lists, list)
		return
	}
	lists[list] = left
}

// mountedBy lists the keys of the volumes that a container mounts, each once.
func mountedBy(run *container.Container) (volumes []string) {
	if run.Config == nil {
		return nil
	}
	for _, mount := range run.Config.Mounts {
		if mount.Volume != "" && !slices.Contains(volumes, mount.Volume) {
			volumes = append(volumes, mount.Volume)
		}
	}
	return volumes
}

// A few words about StatefulSets and their Pods, for all promises.

// setOf finds the StatefulSet that controls a Pod.
func setOf(view store.View, pod *corev1.Pod) (*appsv1.StatefulSet, bool) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "StatefulSet" {
		return nil, false
	}
	set, found := store.Get[*appsv1.StatefulSet](view, pod.Namespace, owner.Name)
	return set, found && set.UID == owner.UID
}
