package oracle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/fake"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/testing"
	"k8s.io/client-go/util/retry"
	"k8s.io/kubernetes/pkg/controller"
	"k8s.io/kubernetes/pkg/controller/history"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	"k8s.io/kubernetes/pkg/controller/util/consistency"
	testclock "k8s.io/utils/clock/testing"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// upstream is the real StatefulSet controller: its control, Pod control, status updater and history, over a client and listers that
// end in a server. What is left out is the queue: a sync is what upstream's method sync does, put together from the same parts.
type upstream struct {
	server  *server // of this sync
	client  *fake.Clientset
	control statefulset.StatefulSetControlInterface
	pods    controller.RealPodControl
}

func init() { // do not sleep between tries
	for _, backoff := range []*wait.Backoff{&retry.DefaultRetry, &retry.DefaultBackoff} {
		backoff.Duration = 0
	}
}

func newUpstream() *upstream {
	u := &upstream{client: &fake.Clientset{}}
	u.client.AddReactor("*", "*", u.react)
	written := consistency.NewNoopConsistencyStore()
	u.control = statefulset.NewDefaultStatefulSetControl(
		statefulset.NewStatefulPodControl(u.client, podLister{u}, claimLister{u}, recorder{u}, written),
		statefulset.NewRealStatefulSetStatusUpdater(u.client, setLister{u}, written),
		history.NewHistory(u.client, revisionLister{u}, nil))
	u.pods = controller.RealPodControl{KubeClient: u.client, Recorder: recorder{u}}
	return u
}

var setKind = appsv1.SchemeGroupVersion.WithKind("StatefulSet")

// sync is upstream's sync and syncStatefulSet (pkg/controller/statefulset/stateful_set.go).
func (u *upstream) sync(s *server) (requeue time.Duration, err error) {
	u.server = s
	u.client.ClearActions()
	ctx := context.Background()
	stored, found := store.Get[*appsv1.StatefulSet](s.cache(), namespace, setName)
	if !found {
		return 0, nil
	}
	set := stored.DeepCopy()
	selector, err := metav1.LabelSelectorAsSelector(set.Spec.Selector)
	if err != nil {
		return 0, nil
	}
	if err := u.adoptRevisions(ctx, set); err != nil {
		return 0, err
	}
	manager := controller.NewPodControllerRefManager(u.pods, set, selector, setKind, u.canAdopt(set))
	pods, err := manager.ClaimPods(ctx, u.podsOrOrphans(set), func(pod *corev1.Pod) bool { return isMember(set, pod) })
	if err != nil {
		return 0, err
	}
	now := s.tx.Now()
	status, err := u.control.UpdateStatefulSet(ctx, set, pods, now)
	if err != nil {
		return 0, err
	}
	if set.Spec.MinReadySeconds > 0 && status != nil && status.ReadyReplicas != status.AvailableReplicas {
		requeue = time.Duration(set.Spec.MinReadySeconds) * time.Second
		if next := controller.FindMinNextPodAvailabilityCheck(pods, set.Spec.MinReadySeconds, now, testclock.NewFakePassiveClock(now)); next != nil {
			requeue = *next
		}
	}
	return requeue, nil
}

func (u *upstream) adoptRevisions(ctx context.Context, set *appsv1.StatefulSet) error {
	revisions, err := u.control.ListRevisions(set)
	if err != nil {
		return err
	}
	orphans := slices.DeleteFunc(revisions, func(revision *appsv1.ControllerRevision) bool { return metav1.GetControllerOf(revision) != nil })
	if len(orphans) == 0 {
		return nil
	}
	if err := u.canAdopt(set)(ctx); err != nil {
		return fmt.Errorf("can't adopt ControllerRevisions: %w", err)
	}
	return u.control.AdoptOrphanRevisions(set, orphans)
}

func (u *upstream) canAdopt(set *appsv1.StatefulSet) func(context.Context) error {
	return controller.RecheckDeletionTimestamp(func(context.Context) (metav1.Object, error) { return set, nil })
}

func (u *upstream) podsOrOrphans(set *appsv1.StatefulSet) (pods []*corev1.Pod) {
	for pod := range store.List[*corev1.Pod](u.server.cache(), namespace) {
		if owner := metav1.GetControllerOf(pod); owner == nil || owner.UID == set.UID {
			pods = append(pods, pod.DeepCopy())
		}
	}
	return pods
}

// react is the client's other end.
func (u *upstream) react(action testing.Action) (bool, runtime.Object, error) {
	s := u.server
	s.Lock()
	defer s.Unlock()
	switch action.GetVerb() {
	case "create":
		object := action.(testing.CreateAction).GetObject().DeepCopyObject().(api.Object)
		object.SetNamespace(action.GetNamespace())
		return answer(s.createObject(object, 0, 0))
	case "update":
		object := action.(testing.UpdateAction).GetObject().DeepCopyObject().(api.Object)
		if object.GetName() == "" {
			// What upstream's history makes of a ControllerRevision that it could not update. A real client sends no such request.
			return true, nil, errors.New("resource name may not be empty")
		}
		return answer(s.updateObject(object, action.GetSubresource(), 0, 0))
	}
	kind := kindsByResource[action.GetResource().Resource]
	name := action.(interface{ GetName() string }).GetName()
	object, found := s.tx.Object(kind, action.GetNamespace(), name)
	if !found {
		object = newObject(kind.Kind)
		object.SetNamespace(action.GetNamespace())
		object.SetName(name)
	}
	switch verb := action.GetVerb(); verb {
	case "delete":
		return true, nil, s.deleteObject(object, action.(testing.DeleteActionImpl).DeleteOptions, 0, 0)
	case "get":
		if !found {
			return true, nil, kind.NotFound(name)
		}
		return true, api.Copy(object), nil
	case "patch":
		s.adopts = true
		return answer(s.updateObject(patched(object, action.(testing.PatchAction).GetPatch()), "", 0, 0))
	default:
		panic("unexpected request: " + verb)
	}
}

func answer(object api.Object, err error) (bool, runtime.Object, error) {
	if err != nil {
		return true, nil, err
	}
	return true, api.Copy(object), nil
}

// patched is the object after a strategic merge patch.
func patched(object api.Object, patch []byte) api.Object {
	before, err := json.Marshal(object)
	must(err)
	after, err := strategicpatch.StrategicMergePatch(before, patch, object)
	must(err)
	changed := newObject(api.KindOf(object).Kind)
	must(json.Unmarshal(after, changed))
	return changed
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

var kindsByResource = map[string]*api.Kind{
	"pods": api.KindNamed("Pod"), "persistentvolumeclaims": api.KindNamed("PersistentVolumeClaim"),
	"controllerrevisions": api.KindNamed("ControllerRevision"), "statefulsets": api.KindNamed("StatefulSet"),
}

func newObject(kind string) api.Object {
	switch kind {
	case "Pod":
		return &corev1.Pod{}
	case "PersistentVolumeClaim":
		return &corev1.PersistentVolumeClaim{}
	case "ControllerRevision":
		return &appsv1.ControllerRevision{}
	default:
		return &appsv1.StatefulSet{}
	}
}

// recorder notes events.
type recorder struct{ u *upstream }

func (r recorder) Event(_ runtime.Object, kind, reason, message string) {
	r.u.server.Lock()
	defer r.u.server.Unlock()
	r.u.server.events = append(r.u.server.events, eventText(kind, reason, message))
}

func (r recorder) Eventf(object runtime.Object, kind, reason, format string, args ...any) {
	r.Event(object, kind, reason, fmt.Sprintf(format, args...))
}

func (r recorder) AnnotatedEventf(object runtime.Object, _ map[string]string, kind, reason, format string, args ...any) {
	r.Event(object, kind, reason, fmt.Sprintf(format, args...))
}

// The listers read a cache that never lags behind the controller's own writes.

type podLister struct{ u *upstream }

func (l podLister) List(selector labels.Selector) ([]*corev1.Pod, error) {
	return list[*corev1.Pod](l.u, selector)
}
func (l podLister) Pods(string) corelisters.PodNamespaceLister { return l }
func (l podLister) Get(name string) (*corev1.Pod, error)       { return get[*corev1.Pod](l.u, name) }

type claimLister struct{ u *upstream }

func (l claimLister) List(selector labels.Selector) ([]*corev1.PersistentVolumeClaim, error) {
	return list[*corev1.PersistentVolumeClaim](l.u, selector)
}
func (l claimLister) PersistentVolumeClaims(string) corelisters.PersistentVolumeClaimNamespaceLister {
	return l
}
func (l claimLister) Get(name string) (*corev1.PersistentVolumeClaim, error) {
	return get[*corev1.PersistentVolumeClaim](l.u, name)
}

type revisionLister struct{ u *upstream }

func (l revisionLister) List(selector labels.Selector) ([]*appsv1.ControllerRevision, error) {
	return list[*appsv1.ControllerRevision](l.u, selector)
}
func (l revisionLister) ControllerRevisions(string) appslisters.ControllerRevisionNamespaceLister {
	return l
}
func (l revisionLister) Get(name string) (*appsv1.ControllerRevision, error) {
	return get[*appsv1.ControllerRevision](l.u, name)
}

type setLister struct{ u *upstream }

func (l setLister) List(selector labels.Selector) ([]*appsv1.StatefulSet, error) {
	return list[*appsv1.StatefulSet](l.u, selector)
}
func (l setLister) StatefulSets(string) appslisters.StatefulSetNamespaceLister { return l }
func (l setLister) Get(name string) (*appsv1.StatefulSet, error) {
	return get[*appsv1.StatefulSet](l.u, name)
}
func (l setLister) GetPodStatefulSets(*corev1.Pod) ([]*appsv1.StatefulSet, error) {
	return l.List(labels.Everything())
}

func list[T api.Object](u *upstream, selector labels.Selector) (objects []T, err error) {
	u.server.Lock()
	defer u.server.Unlock()
	known := map[string]bool{}
	add := func(object T) {
		known[object.GetName()] = true
		if now, changed := u.server.written[nameOf(object)]; changed {
			if now == nil {
				return
			}
			object = now.(T)
		}
		if selector.Matches(labels.Set(object.GetLabels())) {
			objects = append(objects, api.Copy(object))
		}
	}
	for object := range store.List[T](u.server.cache(), namespace) {
		add(object)
	}
	for _, object := range u.server.written {
		if object, fits := object.(T); fits && !known[object.GetName()] {
			add(object)
		}
	}
	return objects, nil
}

func nameOf(object api.Object) written { return written{api.KindOf(object).Kind, object.GetName()} }

func get[T api.Object](u *upstream, name string) (T, error) {
	u.server.Lock()
	defer u.server.Unlock()
	var none T
	object, found := store.Get[T](u.server.cache(), namespace, name)
	if now, changed := u.server.written[written{api.KindOf(none).Kind, name}]; changed {
		object, found = now.(T)
	}
	if !found {
		return none, api.KindOf(none).NotFound(name)
	}
	return api.Copy(object), nil
}
