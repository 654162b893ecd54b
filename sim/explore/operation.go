package explore

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Action is an operation at an instant.
type Action struct {
	At time.Duration `json:"at"` // of virtual time, since the cluster began
	Operation
}

// Operation is something that a person does, or that befalls the cluster, as data.
type Operation struct {
	Verb   string `json:"verb"`             // one of Verbs
	Name   string `json:"name"`             // what it is done to: namespace/name, or the name of a node; of a fault all that follows the verb in its text
	Number int    `json:"number,omitempty"` // how many replicas
}

// String is the operation as words, e.g. "scale default/web 2".
func (o Operation) String() string {
	text := strings.TrimSpace(o.Verb + " " + o.Name)
	if o.Verb == "scale" {
		text += " " + strconv.Itoa(o.Number)
	}
	return text
}

// String is when, and the operation as words.
func (a Action) String() string { return fmt.Sprintf("%8.3fs %s", a.At.Seconds(), a.Operation) }

// verb is one kind of operation.
type verb struct {
	name  string
	fault bool // it befalls the cluster; otherwise somebody does it
	// choices lists what could be done now.
	choices func(w *World, view store.View) []Operation
	do      func(w *World, c *sim.Cluster, o Operation) error
	// shell is what a person types for it; empty for a fault, which a page says in a comment.
	shell func(w *World, o Operation) string
}

// Verbs lists the kinds of operations there are, in order.
func Verbs() []string {
	names := make([]string, len(verbs))
	for i, verb := range verbs {
		names[i] = verb.name
	}
	return names
}

// CheckVerbs gives an error for a name that no verb has, with the one that may have been meant.
func CheckVerbs(names []string) error {
	for _, name := range names {
		if verbNamed(name) != nil {
			continue
		}
		problem := fmt.Errorf("expected what may happen to be some of %s, found %q", strings.Join(Verbs(), ", "), name)
		if near, found := api.Nearest(name, Verbs()); found {
			problem = fmt.Errorf("%w\nhint: did you mean %q?", problem, near)
		}
		return problem
	}
	return nil
}

func verbNamed(name string) *verb {
	for i := range verbs {
		if verbs[i].name == name {
			return &verbs[i]
		}
	}
	return nil
}

var verbs = []verb{
	{name: "scale", choices: scalings, do: scale, shell: func(_ *World, o Operation) string {
		return fmt.Sprintf("kubectl scale statefulset %s --replicas=%d", argument(o.Name), o.Number)
	}},
	{name: "restart", choices: eachSet, do: restart, shell: func(_ *World, o Operation) string {
		return "kubectl rollout restart statefulset " + argument(o.Name)
	}},
	{name: "delete-pod", choices: eachPod, do: deletePod(nil), shell: func(_ *World, o Operation) string {
		return "kubectl delete pod " + argument(o.Name) + " --wait=false"
	}},
	{name: "force-delete-pod", choices: eachPod, do: deletePod(new(int64)), shell: func(_ *World, o Operation) string {
		return "kubectl delete pod " + argument(o.Name) + " --force --grace-period=0 --wait=false"
	}},
	{name: "drain", choices: eachNode(schedulable), do: drain, shell: func(_ *World, o Operation) string {
		return "kubectl drain " + o.Name + " --ignore-daemonsets --delete-emptydir-data --force"
	}},
	{name: "uncordon", choices: eachNode(cordoned), do: cordon(false), shell: func(_ *World, o Operation) string {
		return "kubectl uncordon " + o.Name
	}},
	{name: "delete-set", choices: eachSet, do: deleteSet(metav1.DeletePropagationBackground), shell: func(_ *World, o Operation) string {
		return "kubectl delete statefulset " + argument(o.Name) + " --wait=false"
	}},
	{name: "orphan-set", choices: eachSet, do: deleteSet(metav1.DeletePropagationOrphan), shell: func(_ *World, o Operation) string {
		return "kubectl delete statefulset " + argument(o.Name) + " --cascade=orphan --wait=false"
	}},
	{name: "apply", choices: missing, do: apply, shell: func(_ *World, o Operation) string { return "kubectl apply -f " + fileOf(o) }},
}

// argument is namespace/name as kubectl takes it.
func argument(name string) string {
	namespace, name, _ := strings.Cut(name, "/")
	if namespace == metav1.NamespaceDefault {
		return name
	}
	return name + " -n " + namespace
}

func nameOf(o Operation) api.Name {
	namespace, name, _ := strings.Cut(o.Name, "/")
	return api.Name{Namespace: namespace, Name: name}
}

// eachSet are the sets of the manifests that are there.
func eachSet(w *World, view store.View) (all []Operation) {
	for _, name := range w.sets {
		if set, found := store.Get[*appsv1.StatefulSet](view, name.Namespace, name.Name); found && set.DeletionTimestamp == nil {
			all = append(all, Operation{Name: name.String()})
		}
	}
	return all
}

// missing are the sets of the manifests that are gone.
func missing(w *World, view store.View) (all []Operation) {
	for _, name := range w.sets {
		if _, found := store.Get[*appsv1.StatefulSet](view, name.Namespace, name.Name); !found {
			all = append(all, Operation{Name: name.String()})
		}
	}
	return all
}

// eachPod are the Pods of the sets.
func eachPod(w *World, view store.View) (all []Operation) {
	for _, name := range w.sets {
		for pod := range store.List[*corev1.Pod](view, name.Namespace) {
			if owner := metav1.GetControllerOf(pod); owner != nil && owner.Kind == "StatefulSet" && owner.Name == name.Name {
				all = append(all, Operation{Name: api.NameOf(pod).String()})
			}
		}
	}
	return all
}

func eachNode(holds func(*corev1.Node) bool) func(*World, store.View) []Operation {
	return func(_ *World, view store.View) (all []Operation) {
		for node := range store.List[*corev1.Node](view, "") {
			if holds(node) {
				all = append(all, Operation{Name: node.Name})
			}
		}
		return all
	}
}

func schedulable(node *corev1.Node) bool { return !node.Spec.Unschedulable }
func cordoned(node *corev1.Node) bool    { return node.Spec.Unschedulable }

// scalings are from one replica fewer to one more than the manifest has, and none.
func scalings(w *World, view store.View) (all []Operation) {
	for _, o := range eachSet(w, view) {
		wanted := w.replicas[o.Name]
		set, _ := store.Get[*appsv1.StatefulSet](view, nameOf(o).Namespace, nameOf(o).Name)
		for _, number := range []int{0, wanted - 1, wanted, wanted + 1} {
			if number >= 0 && number != int(*set.Spec.Replicas) {
				all = append(all, Operation{Name: o.Name, Number: number})
			}
		}
	}
	return all
}

func scale(_ *World, c *sim.Cluster, o Operation) error {
	_, err := c.UpdateScale(api.KindNamed("StatefulSet"), nameOf(o), false, func(scale *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
		scale.Spec.Replicas = int32(o.Number)
		return scale, nil
	})
	return err
}

// restart changes the template as `kubectl rollout restart` does.
func restart(_ *World, c *sim.Cluster, o Operation) error {
	_, _, err := c.Mutate(api.KindNamed("StatefulSet"), nameOf(o), "", false, false, func(current api.Object) (api.Object, error) {
		set := current.(*appsv1.StatefulSet).DeepCopy()
		if set.Spec.Template.Annotations == nil {
			set.Spec.Template.Annotations = map[string]string{}
		}
		set.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = c.Now().UTC().Format(time.RFC3339)
		return set, nil
	})
	return err
}

func deletePod(grace *int64) func(*World, *sim.Cluster, Operation) error {
	return func(_ *World, c *sim.Cluster, o Operation) error {
		_, _, err := c.Delete(api.KindNamed("Pod"), nameOf(o), metav1.DeleteOptions{GracePeriodSeconds: grace})
		return err
	}
}

func deleteSet(propagation metav1.DeletionPropagation) func(*World, *sim.Cluster, Operation) error {
	return func(_ *World, c *sim.Cluster, o Operation) error {
		_, _, err := c.Delete(api.KindNamed("StatefulSet"), nameOf(o), metav1.DeleteOptions{PropagationPolicy: &propagation})
		return err
	}
}

// apply makes a set again that is gone.
func apply(w *World, c *sim.Cluster, o Operation) error {
	_, err := c.Create(w.manifestOf(o), false)
	return err
}

// manifestOf is a set as the manifests have it: a copy.
func (w *World) manifestOf(o Operation) *appsv1.StatefulSet {
	for _, object := range w.objects {
		if set, is := object.(*appsv1.StatefulSet); is && cmp.Or(set.Namespace, metav1.NamespaceDefault)+"/"+set.Name == o.Name {
			set = set.DeepCopy()
			set.Namespace = nameOf(o).Namespace
			return set
		}
	}
	panic("explore: not in the manifests: " + o.Name)
}

// fileOf is the name of a file with that manifest.
func fileOf(o Operation) string { return strings.ReplaceAll(o.Name, "/", "-") + ".yaml" }

func cordon(unschedulable bool) func(*World, *sim.Cluster, Operation) error {
	return func(_ *World, c *sim.Cluster, o Operation) error {
		_, _, err := c.Mutate(api.KindNamed("Node"), api.Name{Name: o.Name}, "", false, false, func(current api.Object) (api.Object, error) {
			node := current.(*corev1.Node).DeepCopy()
			node.Spec.Unschedulable = unschedulable
			return node, nil
		})
		return err
	}
}

// drain cordons a node and asks once for the eviction of each of its Pods, as `kubectl drain` does before it begins to wait. What a disruption budget
// refuses stays.
func drain(w *World, c *sim.Cluster, o Operation) error {
	if err := cordon(true)(w, c, o); err != nil {
		return err
	}
	var pods []api.Name
	for pod := range store.OnNode(c.View(), o.Name) {
		pods = append(pods, api.NameOf(pod))
	}
	for _, pod := range pods {
		_ = c.Evict(pod, metav1.DeleteOptions{}) // refused by a budget: the Pod stays, which is what budgets are for
	}
	return nil
}
