package why

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// pod follows a Pod on its way: deletion, end, node, volumes, containers, readiness.
func (a *asker) pod(pod *corev1.Pod) {
	switch {
	case pod.DeletionTimestamp != nil:
		a.terminating(pod)
		return
	case ended(pod):
		a.hasEnded(pod)
		return
	case pod.Spec.NodeName == "":
		a.unscheduled(pod)
		return
	}
	if node, found := store.Get[*corev1.Node](a.view, "", pod.Spec.NodeName); !found {
		a.say(fmt.Sprintf("Node %s of %s does not exist", pod.Spec.NodeName, of(pod)), "Node "+pod.Spec.NodeName,
			"orphaned Pods are deleted after 40 s of quarantine (pkg/controller/podgc/gc_controller.go)", a.kubectl(pod.Namespace, "delete pod %s --force", pod.Name))
		return
	} else if !nodeReady(node) {
		a.unreachable(pod, node)
		a.object(node)
		return
	}
	if a.volumes(pod) || a.containers(pod) {
		return
	}
	if !ready(pod) {
		a.gates(pod)
		return
	}
	a.stillNotAvailable(pod)
	a.doomed(pod)
}

// unreachable is about a Pod whose node does not answer: nobody knows whether it runs.
func (a *asker) unreachable(pod *corev1.Pod, node *corev1.Node) {
	a.say(fmt.Sprintf("Node %s is not Ready: nobody knows whether %s runs, and it counts as not Ready; after its toleration (300 s if it names none) it is marked for deletion", node.Name, of(pod)),
		of(node), told(a.event(pod, "NodeNotReady", "TaintManagerEviction"), "event NodeNotReady \"Node is not ready\"", "pkg/controller/nodelifecycle/node_lifecycle_controller.go"),
		a.kubectl("", "describe node %s", node.Name))
}

// terminating is about a Pod that is to go: finalizers, its node, its grace period.
func (a *asker) terminating(pod *corev1.Pod) {
	node, found := store.Get[*corev1.Node](a.view, "", pod.Spec.NodeName)
	left := pod.DeletionTimestamp.Sub(a.now())
	switch {
	case pod.Spec.NodeName != "" && found && !nodeReady(node):
		a.say(fmt.Sprintf("%s is Terminating on Node %s, which does not answer: nobody can say that its processes have ended, and at most one Pod may have its name", of(pod), node.Name),
			of(node), told(a.event(pod, "TaintManagerEviction"), "", "pkg/controller/tainteviction/taint_eviction.go"),
			fmt.Sprintf("bring the node back; if its machine is off for certain: %s, or %s", a.outOfService(node), a.kubectl(pod.Namespace, "delete pod %s --force", pod.Name)))
		a.object(node)
		return
	case left > 0:
		a.say(fmt.Sprintf("%s is Terminating: its containers have %s left of their grace period", of(pod), left.Round(time.Second)), of(pod),
			told(a.event(pod, "Killing"), "", "pkg/kubelet/kuberuntime/kuberuntime_container.go"), a.kubectl(pod.Namespace, "delete pod %s --grace-period=1", pod.Name))
	}
	a.finalizers(pod, pod.Finalizers)
}

// finalizers are what an object that is being deleted waits for.
func (a *asker) finalizers(object api.Object, finalizers []string) {
	if len(finalizers) == 0 {
		return
	}
	a.say(fmt.Sprintf("%s is deleted when its finalizers %s are gone: whoever put them there has not taken them away", of(object), strings.Join(finalizers, ", ")), of(object),
		"metadata.finalizers (apiserver/pkg/registry/generic/registry/store.go)",
		a.kubectl(object.GetNamespace(), `patch %s %s --type=merge -p '{"metadata":{"finalizers":null}}'`, strings.ToLower(api.KindOf(object).Kind), object.GetName()))
}

// hasEnded is about a Pod that will never run again.
func (a *asker) hasEnded(pod *corev1.Pod) {
	rule := fmt.Sprintf("%s has %s", of(pod), strings.ToLower(string(pod.Status.Phase)))
	if pod.Status.Reason != "" {
		rule += fmt.Sprintf(": %s: %s", pod.Status.Reason, pod.Status.Message)
	}
	for i := range pod.Status.ContainerStatuses {
		if done := pod.Status.ContainerStatuses[i].State.Terminated; done != nil {
			rule += fmt.Sprintf(", container %s with exit code %d (%s)", pod.Status.ContainerStatuses[i].Name, done.ExitCode, done.Reason)
		}
	}
	a.say(rule+"; a Pod that has ended never runs again", of(pod), told(a.event(pod, pod.Status.Reason), "", "pkg/kubelet/lifecycle/predicate.go"),
		a.kubectl(pod.Namespace, "delete pod %s", pod.Name))
	a.finalizers(pod, pod.Finalizers)
}

const scheduleOne = "pkg/scheduler/schedule_one.go"

// unscheduled is about a Pod without a node.
func (a *asker) unscheduled(pod *corev1.Pod) {
	if len(pod.Spec.SchedulingGates) > 0 {
		var gates []string
		for _, gate := range pod.Spec.SchedulingGates {
			gates = append(gates, gate.Name)
		}
		a.say(fmt.Sprintf("the scheduler leaves %s alone while it has scheduling gates: %s", of(pod), list(gates)), of(pod), "Scheduling is blocked due to non-empty scheduling gates (pkg/scheduler/framework/plugins/schedulinggates/scheduling_gates.go)",
			a.kubectl(pod.Namespace, "describe pod %s", pod.Name))
		return
	}
	if name := pod.Spec.SchedulerName; name != "" && name != corev1.DefaultSchedulerName {
		a.say(fmt.Sprintf("%s waits for the scheduler %s, which does not run here", of(pod), name), of(pod), "", a.kubectl(pod.Namespace, "delete pod %s", pod.Name))
		return
	}
	scheduled := conditionOf(pod, corev1.PodScheduled)
	if scheduled == nil || scheduled.Status != corev1.ConditionFalse {
		a.say(fmt.Sprintf("%s is about to get a node", of(pod)), "", "", "")
		return
	}
	holds, command := a.whatFits(pod, scheduled.Message)
	a.say(fmt.Sprintf("%s is Pending: no node is possible for it", of(pod)), holds,
		told(a.event(pod, "FailedScheduling"), scheduled.Reason+" "+fmt.Sprintf("%q", scheduled.Message), scheduleOne), command)
	if strings.Contains(scheduled.Message, "untolerated taint") {
		a.deadNodes()
	}
	for i := range pod.Spec.Volumes {
		name := store.ClaimName(pod, &pod.Spec.Volumes[i])
		claim, found := store.Get[*corev1.PersistentVolumeClaim](a.view, pod.Namespace, name)
		switch {
		case name == "":
		case !found:
			a.say(fmt.Sprintf("volume %s of %s is the claim %s, which does not exist", pod.Spec.Volumes[i].Name, of(pod), name), "PersistentVolumeClaim "+pod.Namespace+"/"+name,
				fmt.Sprintf("persistentvolumeclaim %q not found (pkg/scheduler/framework/plugins/volumebinding/volume_binding.go)", name), a.kubectl(pod.Namespace, "get pvc"))
		case claim.Status.Phase != corev1.ClaimBound || claim.DeletionTimestamp != nil:
			a.object(claim)
		}
	}
}

// deadNodes are told of when they are among those that a Pod cannot go to.
func (a *asker) deadNodes() {
	for node := range store.List[*corev1.Node](a.view, "") {
		if !nodeReady(node) {
			a.object(node)
		}
	}
}

// whatFits reads the scheduler's sentence for what would have to change.
func (a *asker) whatFits(pod *corev1.Pod, sentence string) (holds, command string) {
	has := func(text string) bool { return strings.Contains(sentence, text) }
	switch {
	case has("already in-use by another pod"):
		if user := a.otherUser(pod); user != nil {
			return of(user), a.kubectl(user.Namespace, "delete pod %s", user.Name) + ": a ReadWriteOncePod claim serves one Pod at a time"
		}
	case has("PersistentVolumeClaim") || has("persistentvolumeclaim") || has("persistent volumes to bind"):
		return a.firstUnbound(pod), a.kubectl(pod.Namespace, "get pvc")
	case has("were unschedulable"):
		for node := range store.List[*corev1.Node](a.view, "") {
			if node.Spec.Unschedulable {
				return of(node), a.kubectl("", "uncordon %s", node.Name)
			}
		}
	case has("untolerated taint"):
		for node := range store.List[*corev1.Node](a.view, "") {
			for _, taint := range node.Spec.Taints {
				switch {
				case taint.Effect == corev1.TaintEffectPreferNoSchedule:
				case taint.Key == corev1.TaintNodeUnreachable || taint.Key == corev1.TaintNodeNotReady:
					return of(node), a.kubectl("", "describe node %s", node.Name)
				default:
					return of(node), a.kubectl("", "taint node %s %s:%s-", node.Name, taint.Key, taint.Effect) + ", or give the Pod a toleration"
				}
			}
		}
	case has("Insufficient") || has("Too many pods"):
		return of(pod), "lower resources.requests in the Pod's template, or add a node; " + a.kubectl("", "describe nodes")
	case has("node affinity/selector"):
		return of(pod), "label a node as the Pod's nodeSelector or node affinity asks: " + a.kubectl("", "label node NODE KEY=VALUE")
	case has("anti-affinity"):
		return of(pod), "add a node, or soften the Pod's anti-affinity to preferredDuringSchedulingIgnoredDuringExecution"
	case has("pod affinity rules"):
		return of(pod), "start a Pod that the affinity asks for, or soften the affinity"
	case has("topology spread"):
		return of(pod), "add nodes in the missing topology, or set whenUnsatisfiable: ScheduleAnyway"
	case has("free ports"):
		return of(pod), "add a node, or drop hostPort: two Pods of a node cannot have the same"
	case has("no nodes available"):
		return "Node", "add a node"
	}
	return of(pod), a.kubectl(pod.Namespace, "describe pod %s", pod.Name)
}

// otherUser is another Pod that uses a claim of a Pod; nil when there is none.
func (a *asker) otherUser(pod *corev1.Pod) *corev1.Pod {
	for i := range pod.Spec.Volumes {
		for user := range store.UsingClaim(a.view, pod.Namespace, store.ClaimName(pod, &pod.Spec.Volumes[i])) {
			if user.UID != pod.UID && user.Spec.NodeName != "" && !ended(user) {
				return user
			}
		}
	}
	return nil
}

func (a *asker) firstUnbound(pod *corev1.Pod) string {
	for i := range pod.Spec.Volumes {
		name := store.ClaimName(pod, &pod.Spec.Volumes[i])
		if claim, found := store.Get[*corev1.PersistentVolumeClaim](a.view, pod.Namespace, name); name != "" && (!found || claim.Status.Phase != corev1.ClaimBound) {
			return "PersistentVolumeClaim " + pod.Namespace + "/" + name
		}
	}
	return of(pod)
}

// volumes is about a Pod that has a node and no sandbox, since its volumes cannot be mounted.
func (a *asker) volumes(pod *corev1.Pod) (held bool) {
	started := slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses), func(status corev1.ContainerStatus) bool { return status.ContainerID != "" })
	if started {
		return false
	}
	event := a.event(pod, "FailedAttachVolume", "FailedMount", "FailedCreatePodSandBox")
	switch {
	case event == nil:
		return false
	case event.Reason == "FailedAttachVolume":
		a.attachment(pod, event)
	default:
		a.unmounted(pod, event)
	}
	return true
}

// gates is about readiness gates that nobody has opened.
func (a *asker) gates(pod *corev1.Pod) {
	for _, gate := range pod.Spec.ReadinessGates {
		if condition := conditionOf(pod, gate.ConditionType); condition == nil || condition.Status != corev1.ConditionTrue {
			a.say(fmt.Sprintf("%s has the readiness gate %s, and nobody has set that condition to True", of(pod), gate.ConditionType), of(pod),
				"ReadinessGatesNotReady (pkg/kubelet/status/generate.go)", a.kubectl(pod.Namespace, "describe pod %s", pod.Name))
			return
		}
	}
	a.say(fmt.Sprintf("%s is about to become Ready", of(pod)), "", "", "")
}

// stillNotAvailable is about a Ready Pod whose StatefulSet waits some time before it counts.
func (a *asker) stillNotAvailable(pod *corev1.Pod) {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "StatefulSet" {
		return
	}
	if set, found := store.Get[*appsv1.StatefulSet](a.view, pod.Namespace, owner.Name); found && set.UID == owner.UID && !a.available(set, pod) {
		a.minReady(set, pod)
	}
}

// What the parts of a Pod's status mean.

func (a *asker) now() time.Time { return a.view.Meta().Now }

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func conditionOf(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

func ready(pod *corev1.Pod) bool {
	condition := conditionOf(pod, corev1.PodReady)
	return condition != nil && condition.Status == corev1.ConditionTrue
}

func runningAndReady(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && ready(pod)
}

func readySince(pod *corev1.Pod) time.Time {
	if condition := conditionOf(pod, corev1.PodReady); condition != nil {
		return condition.LastTransitionTime.Time
	}
	return time.Time{}
}

// available says whether the Pod has been Ready for the set's minReadySeconds.
func (a *asker) available(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	return ready(pod) && !readySince(pod).Add(time.Duration(set.Spec.MinReadySeconds)*time.Second).After(a.now())
}
