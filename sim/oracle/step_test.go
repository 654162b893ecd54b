package oracle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// step is something that happens before both controllers look, and the requests that fail when they do.
type step struct {
	Op      int  // index in ops; zero is nothing
	A, B, C int  // what these mean is the op's
	Unseen  bool // the controllers' caches lag behind: they look at what was before
	Faults  []fault
}

// newStep draws one: ops come as often as their weights say.
func newStep(chance *rand.Rand) (drawn step) {
	total := 0
	for _, op := range ops {
		total += op.weight
	}
	at := chance.IntN(total)
	for at >= ops[drawn.Op].weight {
		at -= ops[drawn.Op].weight
		drawn.Op++
	}
	drawn.A, drawn.B, drawn.C = chance.IntN(1000), chance.IntN(1000), chance.IntN(1000)
	if chance.IntN(5) == 0 {
		for range 1 + chance.IntN(3) {
			drawn.Faults = append(drawn.Faults, newFault(chance))
		}
	}
	drawn.Unseen = chance.IntN(20) == 0
	return drawn
}

func newFault(chance *rand.Rand) fault {
	drawn := []fault{
		{Verb: "create", Kind: "Pod"}, {Verb: "update", Kind: "Pod"}, {Verb: "delete", Kind: "Pod"},
		{Verb: "create", Kind: "PersistentVolumeClaim"}, {Verb: "update", Kind: "PersistentVolumeClaim"},
		{Verb: "create", Kind: "ControllerRevision"}, {Verb: "update", Kind: "ControllerRevision"}, {Verb: "delete", Kind: "ControllerRevision"},
		{Verb: "update status", Kind: "StatefulSet"}, {Verb: "delete", Kind: "ControllerRevision"}, {Verb: "delete", Kind: "Pod"}, {Verb: "update", Kind: "PersistentVolumeClaim"},
	}[chance.IntN(12)]
	drawn.Error = chance.IntN(errorCount)
	switch verb := drawn.Verb; {
	case drawn.Error == alreadyExists && verb != "create", drawn.Error == notFound && (verb == "create" || verb == "update" && drawn.Kind == "Pod"),
		drawn.Error == conflict && (verb == "create" || verb == "delete"):
		drawn.Error = internalError // no API answers like that
	case drawn.Error == alreadyExists && drawn.Kind == "ControllerRevision":
		drawn.Error = internalError // upstream would try other names for ever
	}
	if chance.IntN(2) == 0 {
		switch n := chance.IntN(6); drawn.Kind {
		case "Pod":
			drawn.Name = fmt.Sprintf("%s-%d", setName, n)
		case "PersistentVolumeClaim":
			drawn.Name = fmt.Sprintf("%s-%s-%d", []string{"www", "data"}[chance.IntN(2)], setName, n)
		}
	}
	// Which of several Pods or claims comes first is not the same every time upstream.
	several := drawn.Name == "" && (drawn.Kind == "Pod" || drawn.Kind == "PersistentVolumeClaim")
	drawn.Once = !several && chance.IntN(2) == 0
	return drawn
}

// take lets it happen, as far as the API allows, and says what happened.
func (s step) take(w *world) string {
	op := ops[s.Op]
	what, err := op.take(w, s.A, s.B, s.C)
	if err != nil {
		return fmt.Sprintf("%s %s: %v", op.name, what, err)
	}
	return op.name + " " + what
}

// op is a kind of step. It gets three numbers below 1000, and says what it did.
type op struct {
	name   string
	weight int
	take   func(w *world, a, b, c int) (what string, err error)
}

var ops = []op{
	{"look", 2, func(*world, int, int, int) (string, error) { return "", nil }},
	{"edit", 14, func(w *world, a, b, _ int) (string, error) {
		edit := edits[a%len(edits)]
		return edit.name, w.editSet(func(set *appsv1.StatefulSet) { edit.apply(set, b) })
	}},
	{"edit twice", 3, func(w *world, a, b, c int) (string, error) {
		first, second := edits[a%len(edits)], edits[b%len(edits)]
		return first.name + ", " + second.name, w.editSet(func(set *appsv1.StatefulSet) { first.apply(set, c); second.apply(set, c/7) })
	}},
	{"advance", 30, func(w *world, a, _, _ int) (string, error) { return onPod(w, a, w.advance) }},
	{"advance all", 14, func(w *world, _, _, _ int) (what string, err error) {
		for _, pod := range w.pods() {
			if err = w.advance(pod); err != nil {
				what += pod.Name + ": " + err.Error() + " "
			}
		}
		return what, nil
	}},
	{"wait", 5, func(w *world, a, _, _ int) (string, error) {
		w.wait(time.Duration(1+a%12) * time.Second)
		return fmt.Sprintf("%d s", 1+a%12), nil
	}},
	{"become", 10, func(w *world, a, b, _ int) (string, error) {
		kinds := []struct {
			phase corev1.PodPhase
			ready bool
		}{{corev1.PodRunning, false}, {corev1.PodRunning, true}, {corev1.PodFailed, false}, {corev1.PodSucceeded, false}, {corev1.PodPending, false}, {corev1.PodUnknown, false},
			{corev1.PodRunning, false}, {corev1.PodPending, true}}
		kind := kinds[b%len(kinds)]
		return onPod(w, a, func(pod *corev1.Pod) error { return w.become(pod, kind.phase, kind.ready) }, fmt.Sprintf("%s %v", kind.phase, kind.ready))
	}},
	{"delete", 8, func(w *world, a, _, _ int) (string, error) {
		return onPod(w, a, func(pod *corev1.Pod) error { return w.remove("Pod", pod.Name, metav1.DeleteOptions{}) })
	}},
	{"delete by force", 3, func(w *world, a, _, _ int) (string, error) { return onPod(w, a, w.end) }},
	{"hold", 1, func(w *world, a, b, _ int) (string, error) {
		return onPod(w, a, w.editPod(func(pod *corev1.Pod) {
			if pod.Finalizers = nil; b%2 == 0 && pod.DeletionTimestamp == nil {
				pod.Finalizers = []string{"example.com/hold"}
			}
		}))
	}},
	{"label", 4, func(w *world, a, b, c int) (string, error) {
		key := []string{appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel, appsv1.StatefulSetRevisionLabel, "app", appsv1.StatefulSetPodNameLabel}[b%5]
		value := []string{"", "other", "web", setName + "-0"}[c%4]
		return onPod(w, a, w.editPod(func(pod *corev1.Pod) {
			if delete(pod.Labels, key); value != "" {
				if pod.Labels == nil {
					pod.Labels = map[string]string{}
				}
				pod.Labels[key] = value
			}
		}), key+"="+value)
	}},
	{"orphan", 2, func(w *world, a, b, _ int) (string, error) {
		return onPod(w, a, w.editPod(func(pod *corev1.Pod) {
			if pod.OwnerReferences = nil; b%4 == 0 {
				pod.OwnerReferences = []metav1.OwnerReference{foreignOwner}
			}
		}))
	}},
	{"make Pod", 5, makePod},
	{"delete claim", 3, func(w *world, a, b, _ int) (string, error) {
		return onClaim(w, a, func(claim *corev1.PersistentVolumeClaim) error {
			if err := w.remove("PersistentVolumeClaim", claim.Name, metav1.DeleteOptions{}); err != nil || b%2 == 0 {
				return err
			}
			return w.editClaim(claim.Name, func(claim *corev1.PersistentVolumeClaim) { claim.Finalizers = nil })
		})
	}},
	{"free claim", 2, func(w *world, a, _, _ int) (string, error) {
		return onClaim(w, a, func(claim *corev1.PersistentVolumeClaim) error {
			return w.editClaim(claim.Name, func(claim *corev1.PersistentVolumeClaim) { claim.Finalizers = nil })
		})
	}},
	{"own claim", 4, func(w *world, a, b, c int) (string, error) {
		return onClaim(w, a, func(claim *corev1.PersistentVolumeClaim) error {
			return w.editClaim(claim.Name, func(claim *corev1.PersistentVolumeClaim) { claim.OwnerReferences = w.someOwners(claim.Name, b, c) })
		}, fmt.Sprint("variant ", b%ownerVariants, ", ", c%ownerVariants))
	}},
	{"make claim", 2, func(w *world, a, b, c int) (string, error) {
		name := fmt.Sprintf("%s-%s-%d", []string{"www", "data"}[a%2], setName, a%7)
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, OwnerReferences: w.someOwners(name, b, c)}}
		if set := w.set(); set != nil && len(set.Spec.VolumeClaimTemplates) > 0 {
			claim.Spec = set.Spec.VolumeClaimTemplates[0].Spec
		}
		return name, w.create(claim)
	}},
	{"revision", 6, disturbRevisions},
	{"status", 1, func(w *world, a, b, c int) (string, error) {
		set := w.set()
		if set == nil {
			return "", nil
		}
		set = set.DeepCopy()
		switch a % 4 {
		case 0:
			set.Status.CurrentRevision = "web-lost"
		case 1:
			set.Status.CollisionCount = ptr.To(int32(b % 3))
		case 2:
			set.Status.CurrentReplicas = int32(c % 4)
		case 3:
			set.Status.CurrentRevision = set.Status.UpdateRevision
		}
		return fmt.Sprint("variant ", a%4), w.update(set, "status")
	}},
	{"delete set", 1, func(w *world, a, _, _ int) (string, error) {
		if a%3 > 0 {
			return "not", nil // one in three: little happens afterwards
		}
		return "", w.remove("StatefulSet", setName, metav1.DeleteOptions{PropagationPolicy: ptr.To(metav1.DeletePropagationForeground)})
	}},
}

var foreignOwner = metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "other", UID: "0f0f", Controller: ptr.To(true)}

func (w *world) set() *appsv1.StatefulSet {
	set, _ := store.Get[*appsv1.StatefulSet](w.db.View(), namespace, setName)
	return set
}

func (w *world) editSet(edit func(set *appsv1.StatefulSet)) error {
	set := w.set()
	if set == nil {
		return nil
	}
	set = set.DeepCopy()
	edit(set)
	return w.update(set, "")
}

func (w *world) pods() []*corev1.Pod {
	return slices.Collect(store.List[*corev1.Pod](w.db.View(), namespace))
}

func onPod(w *world, a int, do func(pod *corev1.Pod) error, words ...string) (string, error) {
	pods := w.pods()
	if len(pods) == 0 {
		return "no Pod", nil
	}
	pod := pods[a%len(pods)]
	return fmt.Sprint(pod.Name, " ", words), do(pod)
}

func (w *world) editPod(edit func(pod *corev1.Pod)) func(pod *corev1.Pod) error {
	return func(pod *corev1.Pod) error {
		pod = pod.DeepCopy()
		edit(pod)
		return w.update(pod, "")
	}
}

// advance is what scheduler and kubelet do next: a new Pod runs, one that runs gets ready, a terminating one goes.
func (w *world) advance(pod *corev1.Pod) error {
	switch {
	case pod.DeletionTimestamp != nil:
		return w.end(pod)
	case pod.Status.Phase == corev1.PodPending && len(pod.Name)%2 == 0:
		return w.become(pod, corev1.PodRunning, false)
	case pod.Status.Phase == corev1.PodPending, pod.Status.Phase == corev1.PodRunning:
		return w.become(pod, corev1.PodRunning, true)
	}
	return nil
}

func (w *world) end(pod *corev1.Pod) error {
	if len(pod.Finalizers) > 0 {
		if err := w.editPod(func(pod *corev1.Pod) { pod.Finalizers = nil })(pod); err != nil {
			return err
		}
	}
	return w.remove("Pod", pod.Name, metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
}

func (w *world) become(pod *corev1.Pod, phase corev1.PodPhase, ready bool) error {
	if pod.Spec.NodeName == "" {
		if err := w.ask(func(r *registry.Registry) error { _, err := r.Bind(api.NameOf(pod), "node-1"); return err }); err != nil {
			return err
		}
	}
	bound, _ := store.Get[*corev1.Pod](w.db.View(), namespace, pod.Name)
	pod = bound.DeepCopy()
	status, since := corev1.ConditionFalse, api.Timestamp(w.now())
	if ready {
		status = corev1.ConditionTrue
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == status {
			since = condition.LastTransitionTime
		}
	}
	pod.Status.Phase = phase
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: since}}
	return w.update(pod, "status")
}

// makePod makes a Pod by hand whose name is in the set's way, or looks like it.
func makePod(w *world, a, b, c int) (string, error) {
	name := fmt.Sprintf("%s-%d", setName, a%8)
	if b%15 == 0 {
		name = []string{setName + "-x", setName + "-99999999999", setName + "-" + setName + "-0"}[c%3]
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "other"}}
	if b%3 > 0 {
		pod.Labels = map[string]string{"app": "web"}
	}
	if c%4 == 0 {
		pod.OwnerReferences = []metav1.OwnerReference{foreignOwner}
	}
	return name, w.create(pod)
}

func (w *world) claims() []*corev1.PersistentVolumeClaim {
	return slices.Collect(store.List[*corev1.PersistentVolumeClaim](w.db.View(), namespace))
}

func onClaim(w *world, a int, do func(claim *corev1.PersistentVolumeClaim) error, words ...string) (string, error) {
	claims := w.claims()
	if len(claims) == 0 {
		return "no claim", nil
	}
	claim := claims[a%len(claims)]
	return fmt.Sprint(claim.Name, " ", words), do(claim)
}

func (w *world) editClaim(name string, edit func(claim *corev1.PersistentVolumeClaim)) error {
	claim, found := store.Get[*corev1.PersistentVolumeClaim](w.db.View(), namespace, name)
	if !found {
		return nil
	}
	claim = claim.DeepCopy()
	edit(claim)
	return w.update(claim, "")
}

const ownerVariants = 9

// someOwners are up to two references, right and wrong ones.
func (w *world) someOwners(claim string, variants ...int) (owners []metav1.OwnerReference) {
	controllers := 0
	for _, variant := range variants {
		pod := fmt.Sprintf("%s-%d", setName, ordinal(claim))
		byPod := metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: pod, UID: "stale-pod", Controller: ptr.To(true)}
		bySet := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "StatefulSet", Name: setName, UID: "stale-set", Controller: ptr.To(true)}
		if set := w.set(); set != nil && variant%ownerVariants < 6 {
			bySet.UID = set.UID
		}
		if pod, found := store.Get[*corev1.Pod](w.db.View(), namespace, pod); found && variant%ownerVariants < 6 {
			byPod.UID = pod.UID
		}
		var owner metav1.OwnerReference
		switch variant % ownerVariants {
		case 0:
			continue
		case 1, 6:
			owner = bySet
		case 2, 7:
			owner = byPod
		case 3:
			owner = bySet
			owner.Controller = nil
		case 4:
			owner = byPod
			owner.Controller = ptr.To(false)
		case 5:
			owner = foreignOwner
			owner.Controller = nil
		case 8:
			owner = foreignOwner
		}
		if owner.Controller != nil && *owner.Controller {
			if controllers++; controllers > 1 { // the API allows one
				owner.Controller = nil
			}
		}
		if !slices.ContainsFunc(owners, func(other metav1.OwnerReference) bool { return other.UID == owner.UID }) {
			owners = append(owners, owner)
		}
	}
	return owners
}

// disturbRevisions deletes, orphans, hides or adds ControllerRevisions.
func disturbRevisions(w *world, a, b, c int) (string, error) {
	set := w.set()
	revisions := slices.Collect(store.List[*appsv1.ControllerRevision](w.db.View(), namespace))
	if set == nil || len(revisions) == 0 {
		return "none", nil
	}
	chosen := revisions[b%len(revisions)].DeepCopy()
	switch a % 7 {
	case 0:
		return "delete " + chosen.Name, w.remove("ControllerRevision", chosen.Name, metav1.DeleteOptions{})
	case 1:
		chosen.OwnerReferences = nil
		return "orphan " + chosen.Name, w.update(chosen, "")
	case 2:
		chosen.Labels = map[string]string{"app": "hidden"}
		return "hide " + chosen.Name, w.update(chosen, "")
	case 3: // one whose name the next template would get, with other content or the same
		next := set.DeepCopy()
		next.Spec.Template.Spec.Containers[0].Image = images[c%len(images)]
		count := ptr.Deref(set.Status.CollisionCount, 0)
		revision, err := w.settings.Release.NewRevision(next, int64(c%5), &count)
		must(err)
		if c%3 > 0 {
			revision.Data.Raw = chosen.Data.Raw
		}
		if revision.OwnerReferences = nil; b%2 == 0 {
			revision.Labels = nil
		}
		return "take the name " + revision.Name, w.create(revision)
	case 4: // as an older release would have written it
		older, err := api.ParseRelease("1.33")
		must(err)
		revision, err := older.NewRevision(set, revisions[len(revisions)-1].Revision+1, nil)
		must(err)
		return "of 1.33 " + revision.Name, w.create(revision)
	case 5: // by hand: another patch, or none
		data := []string{`{}`, `{"spec":{"template":5}}`, `{"spec":{"replicas":"x"}}`, `{"spec":{"template":{"spec":{"containers":[{"image":"nginx:9","name":"nginx"}]}}}}`}[b%4]
		chosen.ObjectMeta = metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("by-hand-%d", c), Labels: map[string]string{"app": "web"}}
		chosen.Revision, chosen.Data.Raw = int64(c%30), []byte(data)
		if err := w.create(chosen); err != nil || c%2 == 0 {
			return "make " + data, err
		}
		set = set.DeepCopy()
		set.Status.CurrentRevision = chosen.Name
		return "go back to " + data, w.update(set, "status")
	default:
		chosen.Revision = int64(c % 6)
		return fmt.Sprintf("number %s %d", chosen.Name, chosen.Revision), w.update(chosen, "")
	}
}
