package control

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

// topology groups the nodes by the value of a label; a node without the label is in no domain (-1).
type topology struct {
	domain []int32 // by node index
	count  int
}

func (s *scheduling) topology(key string) *topology {
	if known := s.topologies[key]; known != nil {
		return known
	}
	t := &topology{domain: make([]int32, len(s.nodes))}
	values := map[string]int32{}
	for i, info := range s.nodes {
		value, found := info.node.Labels[key]
		if !found {
			t.domain[i] = -1
			continue
		}
		domain, known := values[value]
		if !known {
			domain = int32(t.count)
			values[value] = domain
			t.count++
		}
		t.domain[i] = domain
	}
	s.topologies[key] = t
	return t
}

// sums adds up by domain what there is on each node.
func (t *topology) sums(perNode []int32) []int32 {
	sums := make([]int32, t.count)
	for i, number := range perNode {
		if number != 0 && t.domain[i] >= 0 {
			sums[t.domain[i]] += number
		}
	}
	return sums
}

// counters count, per node, the Pods that match something. Pods of one set ask for the same count, which is made once in a pass.
type counters struct {
	byKey map[string]*counter
	all   []*counter
}

type counter struct {
	matches func(*corev1.Pod) bool
	perNode []int32
	total   int32
}

func (s *scheduling) counter(key string, matches func(*corev1.Pod) bool) *counter {
	if known := s.counters.byKey[key]; known != nil {
		return known
	}
	c := &counter{matches: matches, perNode: make([]int32, len(s.nodes))}
	for i, info := range s.nodes {
		for _, pod := range info.pods {
			if matches(pod) {
				c.perNode[i]++
				c.total++
			}
		}
	}
	if s.counters.byKey == nil {
		s.counters.byKey = map[string]*counter{}
	}
	s.counters.byKey[key] = c
	s.counters.all = append(s.counters.all, c)
	return c
}

// note counts a Pod that was placed just now.
func (c *counters) note(pod *corev1.Pod, node int) {
	for _, one := range c.all {
		if one.matches(pod) {
			one.perNode[node]++
			one.total++
		}
	}
}

// podTerm is a term of affinity between Pods, ready to be compared with them.
type podTerm struct {
	key         string // terms that select the same Pods have the same
	topologyKey string
	names       []string        // namespaces
	spaces      labels.Selector // of further namespaces; nil for none
	selector    labels.Selector
	view        store.View
}

// termOf reads a term of a Pod (upstream: kube-scheduler/framework AffinityTerm).
func (s *scheduling) termOf(owner *corev1.Pod, term *corev1.PodAffinityTerm) *podTerm {
	t := &podTerm{topologyKey: term.TopologyKey, names: term.Namespaces, view: s.View}
	t.selector = selectorWithKeys(term.LabelSelector, owner, term.MatchLabelKeys, term.MismatchLabelKeys)
	if term.NamespaceSelector != nil {
		if spaces, err := metav1.LabelSelectorAsSelector(term.NamespaceSelector); err == nil {
			t.spaces = spaces
		}
	} else if len(t.names) == 0 {
		t.names = []string{owner.Namespace}
	}
	t.key = strings.Join(t.names, ",") + "|" + t.selector.String()
	if t.spaces != nil {
		t.key += "|" + t.spaces.String()
	}
	return t
}

// selectorWithKeys is a label selector narrowed to Pods that have, or do not have, the same values of some labels as the owner.
func selectorWithKeys(selector *metav1.LabelSelector, owner *corev1.Pod, same, other []string) labels.Selector {
	result, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return labels.Nothing()
	}
	if selector == nil || len(same)+len(other) == 0 {
		return result
	}
	narrow := func(keys []string, not string) {
		for _, key := range keys {
			if value, found := owner.Labels[key]; found {
				if requirements, err := labels.ParseToRequirements(fmt.Sprintf("%s %sin (%s)", key, not, value)); err == nil {
					result = result.Add(requirements...)
				}
			}
		}
	}
	narrow(same, "")
	narrow(other, "not")
	return result
}

func (t *podTerm) matches(pod *corev1.Pod) bool {
	return (slices.Contains(t.names, pod.Namespace) || t.spaces != nil && t.matchesSpace(pod.Namespace)) && t.selector.Matches(labels.Set(pod.Labels))
}

func (t *podTerm) matchesSpace(name string) bool {
	if t.spaces.Empty() {
		return true
	}
	space, found := store.Get[*corev1.Namespace](t.view, "", name)
	return found && t.spaces.Matches(labels.Set(space.Labels))
}

// termGroup is a term that Pods on nodes have, with how many of them are on each node.
type termGroup struct {
	*podTerm
	weight  int32 // for scores: negative for anti-affinity; 0 for a required anti-affinity, which forbids
	perNode []int32
}

// requiredAffinityWeight is what the required affinity of Pods on nodes counts for (upstream: hardPodAffinityWeight).
const requiredAffinityWeight = 1

// noteTerms notes the terms of a Pod that has a node: they hold for Pods to come.
func (s *scheduling) noteTerms(pod *corev1.Pod, node int) {
	affinity := pod.Spec.Affinity
	if affinity == nil {
		return
	}
	if near := affinity.PodAffinity; near != nil {
		for i := range near.RequiredDuringSchedulingIgnoredDuringExecution {
			s.noteTerm(pod, &near.RequiredDuringSchedulingIgnoredDuringExecution[i], requiredAffinityWeight, node)
		}
		for i := range near.PreferredDuringSchedulingIgnoredDuringExecution {
			term := &near.PreferredDuringSchedulingIgnoredDuringExecution[i]
			s.noteTerm(pod, &term.PodAffinityTerm, term.Weight, node)
		}
	}
	if apart := affinity.PodAntiAffinity; apart != nil {
		for i := range apart.RequiredDuringSchedulingIgnoredDuringExecution {
			s.noteTerm(pod, &apart.RequiredDuringSchedulingIgnoredDuringExecution[i], 0, node)
		}
		for i := range apart.PreferredDuringSchedulingIgnoredDuringExecution {
			term := &apart.PreferredDuringSchedulingIgnoredDuringExecution[i]
			s.noteTerm(pod, &term.PodAffinityTerm, -term.Weight, node)
		}
	}
}

func (s *scheduling) noteTerm(owner *corev1.Pod, term *corev1.PodAffinityTerm, weight int32, node int) {
	t := s.termOf(owner, term)
	key := fmt.Sprint(weight, "|", t.topologyKey, "|", t.key)
	group := s.termsByKey[key]
	if group == nil {
		group = &termGroup{podTerm: t, weight: weight, perNode: make([]int32, len(s.nodes))}
		s.termsByKey[key] = group
		s.terms = append(s.terms, group)
	}
	group.perNode[node]++
}

// affinityRules are the required terms, of the Pod and of those on nodes, by the domains that they admit.
type affinityRules struct {
	near, apart []domainRule
	forbidden   []domainRule // by Pods on nodes
	first       bool         // no Pod matches, but the Pod itself: it may be the first of those that want to be together
}

type domainRule struct {
	topology *topology
	sums     []int32
}

// at is how many Pods there are in the node's domain; found is false for a node in no domain.
func (r *domainRule) at(node int) (number int32, found bool) {
	domain := r.topology.domain[node]
	if domain < 0 {
		return 0, false
	}
	return r.sums[domain], true
}

func (s *scheduling) affinityRules(pod *corev1.Pod) (rules affinityRules) {
	for _, group := range s.terms {
		if group.weight == 0 && group.matches(pod) {
			t := s.topology(group.topologyKey)
			rules.forbidden = append(rules.forbidden, domainRule{t, t.sums(group.perNode)})
		}
	}
	if pod.Spec.Affinity == nil {
		return rules
	}
	if near := pod.Spec.Affinity.PodAffinity; near != nil && len(near.RequiredDuringSchedulingIgnoredDuringExecution) > 0 {
		terms := make([]*podTerm, len(near.RequiredDuringSchedulingIgnoredDuringExecution))
		key := "near"
		for i := range terms {
			terms[i] = s.termOf(pod, &near.RequiredDuringSchedulingIgnoredDuringExecution[i])
			key += "|" + terms[i].key
		}
		all := func(other *corev1.Pod) bool { // a Pod counts only when it matches every term
			return !slices.ContainsFunc(terms, func(term *podTerm) bool { return !term.matches(other) })
		}
		c := s.counter(key, all)
		for _, term := range terms {
			t := s.topology(term.topologyKey)
			rules.near = append(rules.near, domainRule{t, t.sums(c.perNode)})
		}
		rules.first = c.total == 0 && all(pod)
	}
	if apart := pod.Spec.Affinity.PodAntiAffinity; apart != nil {
		for i := range apart.RequiredDuringSchedulingIgnoredDuringExecution {
			term := s.termOf(pod, &apart.RequiredDuringSchedulingIgnoredDuringExecution[i])
			t := s.topology(term.topologyKey)
			rules.apart = append(rules.apart, domainRule{t, t.sums(s.counter("term|"+term.key, term.matches).perNode)})
		}
	}
	return rules
}

// refuses says why the rules keep the Pod off a node (upstream: plugins/interpodaffinity/filtering.go).
func (a *affinityRules) refuses(node int) (reason string, hopeless bool) {
	for i := range a.near {
		if number, found := a.near[i].at(node); !found || number == 0 && !a.first {
			return "node(s) didn't match pod affinity rules", true
		}
	}
	for i := range a.apart {
		if number, _ := a.apart[i].at(node); number > 0 {
			return "node(s) didn't match pod anti-affinity rules", false
		}
	}
	for i := range a.forbidden {
		if number, _ := a.forbidden[i].at(node); number > 0 {
			return "node(s) didn't satisfy existing pods anti-affinity rules", false
		}
	}
	return "", false
}
