package control

import (
	"cmp"
	"math/bits"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// rankPods orders Pods so that those whose loss is least come first (upstream: ActivePodsWithRanks):
//
//  1. Pods without a node
//  2. Pods in an earlier phase: Pending, Unknown, Running
//  3. Pods that are not Ready
//  4. Pods with a lower controller.kubernetes.io/pod-deletion-cost
//  5. Pods on nodes with more of the related ones
//  6. Pods that have been Ready for a shorter time, roughly
//  7. Pods whose containers have restarted more often
//  8. Pods that are younger, roughly
//
// Roughly: times whose numbers of nanoseconds have as many binary digits are the same, and then the uid decides.
func rankPods(pods, related []*corev1.Pod, now time.Time) []*corev1.Pod {
	onNode := map[string]int{}
	for _, pod := range related {
		if pod.DeletionTimestamp == nil && !podEnded(pod) {
			onNode[pod.Spec.NodeName]++
		}
	}
	ranked := slices.Clone(pods)
	slices.SortStableFunc(ranked, func(a, b *corev1.Pod) int {
		return cmp.Or(
			compareFalseFirst(a.Spec.NodeName != "", b.Spec.NodeName != ""),
			cmp.Compare(phaseRank(a), phaseRank(b)),
			compareFalseFirst(podReady(a), podReady(b)),
			cmp.Compare(deletionCost(a), deletionCost(b)),
			cmp.Compare(onNode[b.Spec.NodeName], onNode[a.Spec.NodeName]),
			compareAges(readySince(a), readySince(b), a, b, now),
			compareRestarts(a, b),
			compareAges(a.CreationTimestamp.Time, b.CreationTimestamp.Time, a, b, now),
		)
	})
	return ranked
}

func compareFalseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func phaseRank(pod *corev1.Pod) int {
	switch pod.Status.Phase {
	case corev1.PodUnknown:
		return 1
	case corev1.PodRunning:
		return 2
	}
	return 0
}

// deletionCost is what the Pod's annotation says; 0 for none and for one that is no number of 32 bits, or has a sign or zeros in front
// that it need not have (upstream: GetDeletionCostFromPodAnnotations).
func deletionCost(pod *corev1.Pod) int64 {
	text := pod.Annotations[corev1.PodDeletionCost]
	cost, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(cost, 10) != text {
		return 0
	}
	return cost
}

// readySince is when the Pod became Ready; zero for one that is not.
func readySince(pod *corev1.Pod) time.Time {
	if condition := podCondition(pod, corev1.PodReady); condition != nil && condition.Status == corev1.ConditionTrue {
		return condition.LastTransitionTime.Time
	}
	return time.Time{}
}

// compareAges puts what has no time first, then what is younger, as far as the logarithm of the age tells.
func compareAges(since, other time.Time, a, b *corev1.Pod, now time.Time) int {
	switch {
	case since.Equal(other):
		return 0
	case since.IsZero() || other.IsZero():
		return compareFalseFirst(!since.IsZero(), !other.IsZero())
	}
	return cmp.Or(cmp.Compare(magnitude(now.Sub(since)), magnitude(now.Sub(other))), cmp.Compare(a.UID, b.UID))
}

// magnitude is the whole part of the duration's binary logarithm, and -1 for none.
func magnitude(duration time.Duration) int {
	if duration <= 0 {
		return -1
	}
	return bits.Len64(uint64(duration)) - 1
}

// compareRestarts puts first what has restarted more often: the container that has, then the sidecar.
func compareRestarts(a, b *corev1.Pod) int {
	containersA, sidecarsA := mostRestarts(a)
	containersB, sidecarsB := mostRestarts(b)
	return cmp.Or(cmp.Compare(containersB, containersA), cmp.Compare(sidecarsB, sidecarsA))
}

func mostRestarts(pod *corev1.Pod) (containers, sidecars int32) {
	for _, status := range pod.Status.ContainerStatuses {
		containers = max(containers, status.RestartCount)
	}
	for _, status := range pod.Status.InitContainerStatuses {
		for i := range pod.Spec.InitContainers {
			spec := &pod.Spec.InitContainers[i]
			if spec.Name == status.Name && isSidecar(spec) {
				sidecars = max(sidecars, status.RestartCount)
			}
		}
	}
	return containers, sidecars
}
