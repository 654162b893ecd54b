package sim

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// leastCritical is the priority from which on a Pod is not evicted (upstream: pkg/apis/scheduling/types.go SystemCriticalPriority).
const leastCritical = 2_000_000_000

// pressNode lets a node's memory run short. Its kubelet evicts the Pod that it ranks first: one that uses more than it asked for before one that does
// not, and among these one of the lowest priority (upstream: pkg/kubelet/eviction/helpers.go rankMemoryPressure). Memory is not simulated: a Pod
// without a request counts as using more, and which of several is the largest is chosen.
func pressNode(c *Cluster, tx *store.Tx, f Fault) error {
	if err := knowsNode(tx.View, f.Node); err != nil {
		return err
	}
	machine, found := store.GetRow[*container.Machine](tx.View, container.Machines, f.Node)
	if found && !machine.Runs() {
		return &FaultError{Expected: "a node whose machine runs", Found: shown(f.Node) + ", which does not", Hint: (Fault{Verb: NodeUp, Node: f.Node}).String() + " brings it back"}
	}
	var first []*corev1.Pod
	for pod := range store.OnNode(tx.View, f.Node) {
		ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
		if ended || pod.DeletionTimestamp != nil || pod.Status.StartTime == nil || ptr.Deref(pod.Spec.Priority, 0) >= leastCritical {
			continue
		}
		switch {
		case len(first) == 0 || evictedBefore(pod, first[0]):
			first = []*corev1.Pod{pod}
		case !evictedBefore(first[0], pod):
			first = append(first, pod)
		}
	}
	if len(first) == 0 {
		container.Press(c.world(tx), f.Node, "", "")
		return nil
	}
	pod := first[c.chooser.Choose("evicted from "+f.Node, len(first))]
	container.Press(c.world(tx), f.Node, pod.UID, c.evictionMessage(pod))
	return nil
}

func evictedBefore(x, y *corev1.Pod) bool {
	if exceeds(x) != exceeds(y) {
		return exceeds(x)
	}
	return ptr.Deref(x.Spec.Priority, 0) < ptr.Deref(y.Spec.Priority, 0)
}

// exceeds says whether a Pod counts as using more memory than it asked for.
func exceeds(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Containers, func(spec corev1.Container) bool { return spec.Resources.Requests.Memory().IsZero() })
}

// The figures of eviction messages: the kubelet's threshold, and what somebody saw who does not simulate memory.
var (
	evictionThreshold = resource.MustParse("100Mi")
	leftOver          = resource.MustParse("95Mi")
	usedByContainer   = resource.MustParse("200Mi")
)

// evictionMessage says why a Pod is evicted, as upstream does.
func (c *Cluster) evictionMessage(pod *corev1.Pod) string {
	text := "The node was low on resource: memory. "
	newer := c.settings.Release.AtLeast(27)
	if newer {
		text += fmt.Sprintf("Threshold quantity: %s, available: %s. ", evictionThreshold.String(), leftOver.String())
	}
	for i := range pod.Spec.Containers {
		spec := &pod.Spec.Containers[i]
		request, used := spec.Resources.Requests.Memory().DeepCopy(), usedByContainer.DeepCopy()
		used.Add(request)
		if newer {
			text += fmt.Sprintf("Container %s was using %s, request is %s, has larger consumption of memory. ", spec.Name, used.String(), request.String())
		} else {
			text += fmt.Sprintf("Container %s was using %s, which exceeds its request of %s. ", spec.Name, used.String(), request.String())
		}
	}
	return text
}

func easeNode(c *Cluster, tx *store.Tx, f Fault) error {
	if !container.Ease(c.world(tx), f.Node) {
		return nothingWrong(tx.View, "a node "+f.Node+" that is short of memory")
	}
	return nil
}
