package control

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// garbageLatency is how long the garbage collector takes to notice; upstream's graph is about as far behind.
const garbageLatency = 20 * time.Millisecond

// garbageCollectorLoop deletes objects whose owners are gone, and carries out foreground and orphan deletion
// (upstream: pkg/controller/garbagecollector). Its keys name the kind too: "Pod/web-0".
func garbageCollectorLoop() Loop {
	return Loop{Name: "garbagecollector", Latency: garbageLatency, Wakes: wakeGarbageCollector, Sync: syncGarbageCollector}
}

func wakeGarbageCollector(view store.View, change store.Change, wake func(Key)) {
	object := change.Object()
	if change.New == nil {
		for dependent := range view.Dependents(object.GetUID()) {
			wake(garbageKey(api.KindOf(dependent), dependent))
		}
	} else if waitsForDependents(object) || hasFinalizer(object, metav1.FinalizerOrphanDependents) && object.GetDeletionTimestamp() != nil {
		wake(garbageKey(change.Kind, object))
	}
	for _, reference := range object.GetOwnerReferences() {
		owner, found := findOwner(view, object, reference)
		if change.New != nil && (!found || waitsForDependents(owner)) {
			wake(garbageKey(change.Kind, object))
		}
	}
	if change.Old == nil {
		return
	}
	for _, reference := range change.Old.GetOwnerReferences() { // whose owner may no longer have to wait
		if owner, found := findOwner(view, object, reference); found && waitsForDependents(owner) {
			wake(garbageKey(api.KindOf(owner), owner))
		}
	}
}

func garbageKey(kind *api.Kind, object api.Object) Key {
	return Key{Namespace: object.GetNamespace(), Name: kind.Kind + "/" + object.GetName()}
}

func syncGarbageCollector(in Input) Plan {
	kindName, name, _ := strings.Cut(in.Key.Name, "/")
	kind := api.KindNamed(kindName)
	if kind == nil {
		return Plan{}
	}
	object, found := in.View.Object(kind, in.Key.Namespace, name)
	switch {
	case !found:
		return Plan{}
	case object.GetDeletionTimestamp() != nil && hasFinalizer(object, metav1.FinalizerOrphanDependents):
		return orphanDependents(in.View, object)
	case waitsForDependents(object):
		return deleteDependents(in.View, object)
	case object.GetDeletionTimestamp() != nil:
		return Plan{}
	}
	return collect(in.View, object)
}

// collect deletes an object none of whose owners is left, or drops the references to those that are gone.
func collect(view store.View, object api.Object) Plan {
	references := object.GetOwnerReferences()
	if len(references) == 0 {
		return Plan{}
	}
	var solid []metav1.OwnerReference
	waiting := false
	for _, reference := range references {
		owner, found := findOwner(view, object, reference)
		switch {
		case found && owner == nil:
			return Plan{}
		case found && waitsForDependents(owner):
			waiting = true
		case found:
			solid = append(solid, reference)
		}
	}
	if len(solid) == len(references) {
		return Plan{}
	}
	if len(solid) > 0 {
		changed := api.Copy(object)
		changed.SetOwnerReferences(solid)
		return Plan{Writes: []Write{{Verb: Update, Object: changed}}}
	}
	var plan Plan
	options := &DeleteOptions{UID: object.GetUID(), Propagation: metav1.DeletePropagationBackground}
	switch {
	case waiting && hasDependents(view, object):
		options.Propagation = metav1.DeletePropagationForeground
		if inCycle(view, object) {
			plan.Writes = append(plan.Writes, unblocked(object))
		}
	case hasFinalizer(object, metav1.FinalizerOrphanDependents):
		options.Propagation = metav1.DeletePropagationOrphan
	case hasFinalizer(object, metav1.FinalizerDeleteDependents):
		options.Propagation = metav1.DeletePropagationForeground
	}
	plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: object, DeleteOptions: options, Tolerate: []string{"NotFound"}})
	return plan
}

// inCycle says whether a dependent of the object waits for its own dependents: the object may be one of them, and they would wait for
// each other for ever.
func inCycle(view store.View, object api.Object) bool {
	for dependent := range view.Dependents(object.GetUID()) {
		if waitsForDependents(dependent) {
			return true
		}
	}
	return false
}

// unblocked lets the owners of an object go before it.
func unblocked(object api.Object) Write {
	changed := api.Copy(object)
	references := changed.GetOwnerReferences()
	for i := range references {
		references[i].BlockOwnerDeletion = nil
	}
	changed.SetOwnerReferences(references)
	return Write{Verb: Update, Object: changed}
}

// orphanDependents takes the references to an object out of its dependents, and then lets it go.
func orphanDependents(view store.View, owner api.Object) Plan {
	var plan Plan
	for dependent := range view.Dependents(owner.GetUID()) {
		changed := api.Copy(dependent)
		changed.SetOwnerReferences(slices.DeleteFunc(changed.GetOwnerReferences(), func(reference metav1.OwnerReference) bool {
			return reference.UID == owner.GetUID()
		}))
		plan.Writes = append(plan.Writes, Write{Verb: Update, Object: changed, Tolerate: []string{"NotFound"}})
	}
	plan.Writes = append(plan.Writes, withoutFinalizer(owner, metav1.FinalizerOrphanDependents))
	return plan
}

// deleteDependents deletes the dependents of an object that is deleted in the foreground; it goes when none is left that blocks it.
func deleteDependents(view store.View, owner api.Object) Plan {
	var plan Plan
	blocked := false
	for dependent := range view.Dependents(owner.GetUID()) {
		for _, reference := range dependent.GetOwnerReferences() {
			if reference.UID == owner.GetUID() && reference.BlockOwnerDeletion != nil && *reference.BlockOwnerDeletion {
				blocked = true
			}
		}
		if dependent.GetDeletionTimestamp() == nil {
			collected := collect(view, dependent)
			plan.Writes = append(plan.Writes, collected.Writes...)
		}
	}
	if !blocked {
		plan.Writes = append(plan.Writes, withoutFinalizer(owner, metav1.FinalizerDeleteDependents))
	}
	return plan
}

func withoutFinalizer(object api.Object, finalizer string) Write {
	changed := api.Copy(object)
	changed.SetFinalizers(slices.DeleteFunc(changed.GetFinalizers(), func(name string) bool { return name == finalizer }))
	return Write{Verb: Update, Object: changed}
}

func hasDependents(view store.View, owner api.Object) bool {
	for range view.Dependents(owner.GetUID()) {
		return true
	}
	return false
}

// findOwner finds the object a reference means: same kind, name and uid, in the dependent's namespace or cluster-scoped. The owner of a kind
// that the simulator does not know is found but nil: nothing is done then, so that nothing is deleted by mistake.
func findOwner(view store.View, dependent api.Object, reference metav1.OwnerReference) (owner api.Object, found bool) {
	kind := api.KindNamed(reference.Kind)
	group, err := schema.ParseGroupVersion(reference.APIVersion)
	if kind == nil || err != nil || group.Group != kind.Group {
		return nil, true
	}
	namespace := ""
	if kind.Namespaced {
		if namespace = dependent.GetNamespace(); namespace == "" {
			return nil, true // upstream leaves a cluster-scoped object that names a namespaced owner alone
		}
	}
	owner, found = view.Object(kind, namespace, reference.Name)
	return owner, found && owner.GetUID() == reference.UID
}

func waitsForDependents(object api.Object) bool {
	return object != nil && object.GetDeletionTimestamp() != nil && hasFinalizer(object, metav1.FinalizerDeleteDependents)
}

func hasFinalizer(object api.Object, finalizer string) bool {
	return slices.Contains(object.GetFinalizers(), finalizer)
}
