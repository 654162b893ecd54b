package why

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

const lifecycle = "pkg/controller/nodelifecycle/node_lifecycle_controller.go"

// node is about a node that takes no Pods, or does not answer.
func (a *asker) node(node *corev1.Node) {
	condition := nodeCondition(node)
	if !nodeReady(node) {
		rule := fmt.Sprintf("%s is not Ready", of(node))
		if condition != nil {
			rule += fmt.Sprintf(" (%s) for %s", condition.Reason, a.now().Sub(condition.LastTransitionTime.Time).Round(time.Second))
		}
		rule += ": its kubelet does not answer. Its Pods are no endpoints, are marked for deletion when their toleration is over, and are replaced only when it is certain that they have ended"
		text := "event NodeNotReady \"Node " + node.Name + " status is now: NodeNotReady\""
		a.say(rule, of(node), told(a.event(node, "NodeNotReady"), text, lifecycle),
			fmt.Sprintf("bring the machine back; if it is off for certain: %s", a.outOfService(node)))
		a.madeSilent(node)
	}
	if node.DeletionTimestamp != nil {
		a.finalizers(node, node.Finalizers)
	}
	if node.Spec.Unschedulable {
		a.say(fmt.Sprintf("%s is cordoned: it keeps its Pods and gets no new ones", of(node)), of(node), "node(s) were unschedulable (pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go)",
			a.kubectl("", "uncordon %s", node.Name))
		a.drained(node)
	}
	for _, taint := range node.Spec.Taints {
		switch taint.Key {
		case corev1.TaintNodeUnschedulable, corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable:
			continue // told above
		}
		if taint.Effect != corev1.TaintEffectPreferNoSchedule {
			a.say(fmt.Sprintf("%s has the taint %s: only Pods that tolerate it come to it", of(node), taint.ToString()), of(node),
				"node(s) had untolerated taint(s) (pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go)", a.kubectl("", "taint node %s %s:%s-", node.Name, taint.Key, taint.Effect))
		}
	}
	if nodeReady(node) {
		return
	}
	for pod := range store.OnNode(a.view, node.Name) {
		if pod.DeletionTimestamp != nil {
			a.object(pod)
		}
	}
}

// drained is about the budgets that keep Pods on a node that is being drained.
func (a *asker) drained(node *corev1.Node) {
	for pod := range store.OnNode(a.view, node.Name) {
		for budget := range store.List[*policyv1.PodDisruptionBudget](a.view, pod.Namespace) {
			selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
			if err == nil && selector.Matches(labels.Set(pod.Labels)) && budget.Status.DisruptionsAllowed == 0 && pod.DeletionTimestamp == nil {
				a.object(budget)
			}
		}
	}
}

func nodeCondition(node *corev1.Node) *corev1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == corev1.NodeReady {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}

func nodeReady(node *corev1.Node) bool {
	condition := nodeCondition(node)
	return condition != nil && condition.Status == corev1.ConditionTrue
}
