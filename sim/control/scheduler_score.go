package control

import (
	"math"
	"math/bits"

	corev1 "k8s.io/api/core/v1"
)

// best is the most points a plugin gives to a node.
const best = 100

// The weights of upstream's default profile (pkg/scheduler/apis/config/v1/default_plugins.go).
const (
	taintWeight        = 3
	nodeAffinityWeight = 2
	spreadWeight       = 2
	podAffinityWeight  = 2
	resourcesWeight    = 1
)

// choose takes the node with the most points, and of several the one that the Chooser picks.
func (s *scheduling) choose(n *needs, nodes []*nodeInfo) *nodeInfo {
	if len(nodes) == 1 {
		return nodes[0]
	}
	points := make([]int64, len(nodes))
	s.scoreResources(points, n, nodes)
	scoreNodeAffinity(points, n.pod, nodes)
	scoreTaints(points, n.pod, nodes)
	s.scoreSpread(points, n.pod, nodes)
	s.scorePodAffinity(points, n.pod, nodes)
	most, ties := int64(math.MinInt64), nodes[:0:0]
	for i, info := range nodes {
		if points[i] > most {
			most, ties = points[i], ties[:0]
		}
		if points[i] == most {
			ties = append(ties, info)
		}
	}
	if len(ties) == 1 {
		return ties[0]
	}
	return ties[s.Choose("node", len(ties))]
}

// scoreResources favours nodes with much left (upstream: plugins/noderesources/least_allocated.go).
func (s *scheduling) scoreResources(points []int64, n *needs, nodes []*nodeInfo) {
	left := func(has, used int64) int64 {
		if has <= 0 || used > has {
			return 0
		}
		return (has - used) * best / has
	}
	for i, info := range nodes {
		cpu := left(info.allocatable.cpu, info.assumed.cpu+n.assumed.cpu)
		memory := left(info.allocatable.memory, info.assumed.memory+n.assumed.memory)
		points[i] += resourcesWeight * (cpu + memory) / 2
	}
}

// scoreNodeAffinity favours nodes that the Pod prefers.
func scoreNodeAffinity(points []int64, pod *corev1.Pod, nodes []*nodeInfo) {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return
	}
	preferred := pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	if len(preferred) == 0 {
		return
	}
	raw, most := make([]int64, len(nodes)), int64(0)
	for i, info := range nodes {
		for j := range preferred {
			if termSelects(&preferred[j].Preference, info.node) {
				raw[i] += int64(preferred[j].Weight)
			}
		}
		most = max(most, raw[i])
	}
	for i := range nodes {
		if most > 0 {
			points[i] += nodeAffinityWeight * (best * raw[i] / most)
		}
	}
}

// scoreTaints favours nodes whose PreferNoSchedule taints the Pod tolerates.
func scoreTaints(points []int64, pod *corev1.Pod, nodes []*nodeInfo) {
	var raw []int64
	most := int64(0)
	for i, info := range nodes {
		for j := range info.node.Spec.Taints {
			taint := &info.node.Spec.Taints[j]
			if taint.Effect != corev1.TaintEffectPreferNoSchedule || tolerates(pod.Spec.Tolerations, taint) {
				continue
			}
			if raw == nil {
				raw = make([]int64, len(nodes))
			}
			raw[i]++
			most = max(most, raw[i])
		}
	}
	for i := range raw {
		points[i] += taintWeight * (best - best*raw[i]/most)
	}
}

// softRule is something a Pod should be spread over.
type softRule struct {
	topology *topology
	counter  *counter
	maxSkew  int64
	sums     []int32
	weight   int64 // in thousandths
}

// hostname and zone are what the Pods of a controller are spread over when nothing else is said (upstream: systemDefaultConstraints).
const hostnameSkew, zoneSkew = 3, 5

// softRules are the Pod's constraints with ScheduleAnyway, or without any constraint those of the system.
func (s *scheduling) softRules(pod *corev1.Pod) (rules []softRule, strict []*corev1.TopologySpreadConstraint) {
	if len(pod.Spec.TopologySpreadConstraints) > 0 {
		strict = constraintsOf(pod, corev1.ScheduleAnyway)
		for _, constraint := range strict {
			counter, _ := s.spreadCounter(pod, constraint)
			rules = append(rules, softRule{topology: s.topology(constraint.TopologyKey), counter: counter, maxSkew: int64(constraint.MaxSkew)})
		}
		return rules, strict
	}
	if siblings := s.siblingCounter(pod); siblings != nil {
		rules = append(rules, softRule{topology: s.topology(corev1.LabelHostname), counter: siblings, maxSkew: hostnameSkew})
		if zones := s.topology(corev1.LabelTopologyZone); zones.count > 0 {
			rules = append(rules, softRule{topology: zones, counter: siblings, maxSkew: zoneSkew})
		}
	}
	return rules, nil
}

// scoreSpread favours nodes, and other domains, with few Pods of the same kind (upstream: plugins/podtopologyspread/scoring.go). Upstream weighs a
// constraint by the logarithm of the number of domains; here that is the number's length in bits, so that every machine gets the same.
func (s *scheduling) scoreSpread(points []int64, pod *corev1.Pod, nodes []*nodeInfo) {
	rules, strict := s.softRules(pod)
	if len(rules) == 0 {
		return
	}
	for i := range rules {
		rules[i].sums = rules[i].topology.sums(rules[i].counter.perNode)
		rules[i].weight = int64(bits.Len(uint(rules[i].topology.count+2))) * 700
	}
	raw, most, least := make([]int64, len(nodes)), int64(0), int64(math.MaxInt64)
	for i, info := range nodes {
		if !s.inAll(strict, info.index) {
			raw[i] = -1
			continue
		}
		for j := range rules {
			if domain := rules[j].topology.domain[info.index]; domain >= 0 {
				raw[i] += int64(rules[j].sums[domain])*rules[j].weight + (rules[j].maxSkew-1)*1000
			}
		}
		most, least = max(most, raw[i]), min(least, raw[i])
	}
	for i := range nodes {
		switch {
		case raw[i] < 0:
		case most == 0:
			points[i] += spreadWeight * best
		default:
			points[i] += spreadWeight * (best * (most + least - raw[i]) / most)
		}
	}
}

// scorePodAffinity favours nodes near Pods that the Pod, or that the others, prefer to be near, and far from those it had rather avoid
// (upstream: plugins/interpodaffinity/scoring.go).
func (s *scheduling) scorePodAffinity(points []int64, pod *corev1.Pod, nodes []*nodeInfo) {
	var raw []int64
	add := func(topologyKey string, perNode []int32, weight int32) {
		t := s.topology(topologyKey)
		sums := t.sums(perNode)
		if raw == nil {
			raw = make([]int64, len(nodes))
		}
		for i, info := range nodes {
			if domain := t.domain[info.index]; domain >= 0 {
				raw[i] += int64(weight) * int64(sums[domain])
			}
		}
	}
	prefer := func(terms []corev1.WeightedPodAffinityTerm, sign int32) {
		for i := range terms {
			term := s.termOf(pod, &terms[i].PodAffinityTerm)
			add(term.topologyKey, s.counter("term|"+term.key, term.matches).perNode, sign*terms[i].Weight)
		}
	}
	if affinity := pod.Spec.Affinity; affinity != nil {
		if affinity.PodAffinity != nil {
			prefer(affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution, 1)
		}
		if affinity.PodAntiAffinity != nil {
			prefer(affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution, -1)
		}
	}
	for _, group := range s.terms {
		if group.weight != 0 && group.matches(pod) {
			add(group.topologyKey, group.perNode, group.weight)
		}
	}
	if raw == nil {
		return
	}
	most, least := int64(math.MinInt64), int64(math.MaxInt64)
	for _, value := range raw {
		most, least = max(most, value), min(least, value)
	}
	if most == least {
		return
	}
	for i := range raw {
		points[i] += podAffinityWeight * (best * (raw[i] - least) / (most - least))
	}
}
