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
	"github.com/stsim/stsim/storage/ordered"
)

// oneProcessPerIdentity looks at the containers that the event started. What was found says which of those that run are ghosts: then
// it was not the cluster that broke the promise, but a forced deletion or a partition.
func oneProcessPerIdentity(e *evidence) string {
	for _, change := range e.record.Rows {
		run, started := starts(change)
		if !started {
			continue
		}
		where, _ := e.running.places.Get(run.RowKey())
		who := where.identity
		same := keys(e.running.identities, who)
		if len(same) <= 1 {
			continue
		}
		found := fmt.Sprintf("%s runs %d times", who, len(same))
		for _, key := range same {
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

// running knows which containers run, by what they must not share. It is derived from the rows, and follows them event by event. It is a value, so
// that a fork has its own for nothing.
type running struct {
	known      bool                  // false before it was looked for
	places     ordered.Map[place]    // by the key of the container's row
	identities ordered.Map[[]string] // "namespace/pod container": keys of rows
	volumes    ordered.Map[[]string] // keys of volumes: keys of rows
}

// place is what one container is in the way of.
type place struct {
	identity string
	volumes  []string
}

func runningIn(view store.View) running {
	r := running{known: true}
	for run := range store.Rows[*container.Container](view, container.Containers, "") {
		r.add(view, run)
	}
	return r
}

// keys lists what is kept under a name. It must not be changed.
func keys(lists ordered.Map[[]string], name string) []string {
	list, _ := lists.Get(name)
	return list
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
	r.places = r.places.With(key, where)
	r.identities = join(r.identities, where.identity, key)
	for _, volume := range where.volumes {
		r.volumes = join(r.volumes, volume, key)
	}
}

func (r *running) remove(key string) {
	where, found := r.places.Get(key)
	if !found {
		return
	}
	r.places = r.places.Without(key)
	r.identities = leave(r.identities, where.identity, key)
	for _, volume := range where.volumes {
		r.volumes = leave(r.volumes, volume, key)
	}
}

func join(lists ordered.Map[[]string], name, key string) ordered.Map[[]string] {
	return lists.With(name, append(slices.Clone(keys(lists, name)), key))
}

func leave(lists ordered.Map[[]string], name, key string) ordered.Map[[]string] {
	left := slices.DeleteFunc(slices.Clone(keys(lists, name)), func(other string) bool { return other == key })
	if len(left) == 0 {
		return lists.Without(name)
	}
	return lists.With(name, left)
}

// identityOf is whose container a row is, if it runs.
func (e *evidence) identityOf(key string) string {
	where, _ := e.running.places.Get(key)
	return where.identity
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
