package why

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

const attachReconciler = "pkg/controller/volume/attachdetach/reconciler/reconciler.go"

// attachment is about a Pod whose volume another node has: a volume of mode ReadWriteOnce goes to one node at a time.
func (a *asker) attachment(pod *corev1.Pod, event *corev1.Event) {
	found := false
	for i := range pod.Spec.Volumes {
		name := store.ClaimName(pod, &pod.Spec.Volumes[i])
		if name == "" {
			continue
		}
		for _, holder := range a.holders(pod, name) {
			found = true
			a.attachedTo(pod, name, holder, event)
		}
	}
	if !found {
		a.say(fmt.Sprintf("the volumes of %s are being attached to its node", of(pod)), "", told(event, "", attachReconciler), "")
	}
}

// holders are the sandboxes on other nodes that have the volume of a claim mounted.
func (a *asker) holders(pod *corev1.Pod, claim string) (holders []*container.Sandbox) {
	for sandbox := range store.Rows[*container.Sandbox](a.view, container.Sandboxes, "") {
		if sandbox.UID == pod.UID || sandbox.Node == pod.Spec.NodeName || sandbox.Detached || sandbox.Pod.Namespace != pod.Namespace {
			continue
		}
		for i := range sandbox.Pod.Spec.Volumes {
			if store.ClaimName(sandbox.Pod, &sandbox.Pod.Spec.Volumes[i]) == claim {
				holders = append(holders, sandbox)
				break
			}
		}
	}
	return holders
}

func (a *asker) attachedTo(pod *corev1.Pod, claim string, holder *container.Sandbox, event *corev1.Event) {
	node, known := store.Get[*corev1.Node](a.view, "", holder.Node)
	user, exists := store.Get[*corev1.Pod](a.view, holder.Pod.Namespace, holder.Pod.Name)
	exists = exists && user.UID == holder.UID
	rule := fmt.Sprintf("the volume of claim %s, which %s needs on Node %s, is attached to Node %s", claim, of(pod), pod.Spec.NodeName, holder.Node)
	switch {
	case exists && (!known || nodeReady(node)):
		a.say(fmt.Sprintf("%s for Pod %s: a ReadWriteOnce volume is attached to one node at a time", rule, user.Name), of(user), told(event, "", attachReconciler),
			a.kubectl(user.Namespace, "delete pod %s", user.Name)+", or run both Pods on one node, or use a volume of mode ReadWriteMany")
	case known && !nodeReady(node):
		a.say(rule+", which does not answer and cannot give it back: it is taken from there 6 minutes after the Pod was deleted, or at once when the node is marked as out of service", of(node),
			told(event, "", attachReconciler), fmt.Sprintf("bring the machine back; if it is off for certain: %s", a.outOfService(node)))
		a.object(node)
	default:
		a.say(fmt.Sprintf("%s for a Pod %s that was deleted without waiting for its end", rule, holder.Pod.Name), "Node "+holder.Node, told(event, "", attachReconciler), "")
	}
}

func (a *asker) outOfService(node *corev1.Node) string {
	return a.kubectl("", "taint node %s node.kubernetes.io/out-of-service=nodeshutdown:NoExecute", node.Name)
}

// unmounted is about a Pod whose volumes do not come to be mounted, or that gets no network.
func (a *asker) unmounted(pod *corev1.Pod, event *corev1.Event) {
	file := "pkg/volume/util/operationexecutor/operation_generator.go"
	if event.Reason == "FailedCreatePodSandBox" {
		file = "pkg/kubelet/kuberuntime/kuberuntime_manager.go"
	}
	holds, command, hint := a.named(pod.Namespace, event.Message)
	if holds == "" {
		a.say(fmt.Sprintf("the volumes and the network of %s are not there yet", of(pod)), of(pod), told(event, "", file), a.kubectl(pod.Namespace, "describe pod %s", pod.Name))
		return
	}
	a.say(fmt.Sprintf("%s mounts %s, which does not exist%s", of(pod), holds, hint), holds, told(event, "", file), command)
}
