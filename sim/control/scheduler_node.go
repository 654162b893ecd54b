package control

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
)

// nodeInfo is what a node has, and what the Pods on it take of it.
type nodeInfo struct {
	node        *corev1.Node
	index       int
	allocatable resources
	pods        []*corev1.Pod // on it, those placed in this pass among them
	used        resources
	assumed     resources // as used, with something for Pods that request nothing; for scoring
	ports       []hostPort
}

// resources are amounts: CPU in thousandths, the others in bytes or pieces.
type resources struct {
	cpu, memory, ephemeral int64
	others                 map[corev1.ResourceName]int64 // nil when there are none
	pods                   int64
}

// What a container that requests nothing counts for when nodes are compared (upstream: pkg/scheduler/util/pod_resources.go).
const (
	unrequestedCPU    = 100
	unrequestedMemory = 200 << 20
)

type hostPort struct {
	ip       string
	protocol corev1.Protocol
	port     int32
}

// gatherNodes makes the pass's picture of the nodes.
func (s *scheduling) gatherNodes(placed []*corev1.Pod) {
	byName := map[string]*nodeInfo{}
	for node := range store.List[*corev1.Node](s.View, "") {
		info := &nodeInfo{node: node, index: len(s.nodes), allocatable: amounts(node.Status.Allocatable)}
		byName[node.Name] = info
		s.nodes = append(s.nodes, info)
	}
	for _, pod := range placed {
		if info := byName[pod.Spec.NodeName]; info != nil {
			used, assumed := requestsOf(pod)
			s.occupy(info, pod, &used, &assumed)
		}
	}
}

// occupy counts a Pod on a node.
func (s *scheduling) occupy(info *nodeInfo, pod *corev1.Pod, used, assumed *resources) {
	info.pods = append(info.pods, pod)
	info.used.add(used)
	info.assumed.add(assumed)
	info.ports = hostPorts(pod, info.ports)
	s.noteTerms(pod, info.index)
}

// take puts a Pod on a node for the rest of the pass.
func (s *scheduling) take(info *nodeInfo, needs *needs) {
	s.occupy(info, needs.pod, &needs.request, &needs.assumed)
	s.counters.note(needs.pod, info.index)
}

func amounts(list corev1.ResourceList) (r resources) {
	// In any order: each goes to its own field.
	for name, quantity := range list {
		switch name {
		case corev1.ResourceCPU:
			r.cpu = quantity.MilliValue()
		case corev1.ResourceMemory:
			r.memory = quantity.Value()
		case corev1.ResourceEphemeralStorage:
			r.ephemeral = quantity.Value()
		case corev1.ResourcePods:
			r.pods = quantity.Value()
		default:
			if r.others == nil {
				r.others = map[corev1.ResourceName]int64{}
			}
			r.others[name] = quantity.Value()
		}
	}
	return r
}

// onlyPlace says whether nothing is asked for but a place among the Pods of a node.
func (r *resources) onlyPlace() bool {
	return r.cpu == 0 && r.memory == 0 && r.ephemeral == 0 && len(r.others) == 0
}

func (r *resources) add(o *resources) {
	r.cpu += o.cpu
	r.memory += o.memory
	r.ephemeral += o.ephemeral
	r.pods += o.pods
	// In any order: each is added to its own sum.
	for name, amount := range o.others {
		if r.others == nil {
			r.others = map[corev1.ResourceName]int64{}
		}
		r.others[name] += amount
	}
}

// raise makes every amount at least the other's.
func (r *resources) raise(o *resources) {
	r.cpu, r.memory, r.ephemeral = max(r.cpu, o.cpu), max(r.memory, o.memory), max(r.ephemeral, o.ephemeral)
	// In any order: each is raised by itself.
	for name, amount := range o.others {
		if r.others == nil {
			r.others = map[corev1.ResourceName]int64{}
		}
		r.others[name] = max(r.others[name], amount)
	}
}

// requestsOf is what a Pod takes: its containers and sidecars together, or more while an init container runs, and its overhead
// (upstream: component-helpers/resource/helpers.go PodRequests). assumed is the same with something for what requests nothing.
func requestsOf(pod *corev1.Pod) (request, assumed resources) {
	spec := &pod.Spec
	for i := range spec.Containers {
		one, guess := containerRequests(&spec.Containers[i])
		request.add(&one)
		assumed.add(&guess)
	}
	if len(spec.InitContainers) > 0 {
		addInitContainers(spec.InitContainers, &request, &assumed)
	}
	if spec.Resources != nil { // the Pod's own requests count instead of the containers'
		overrule(&request, spec.Resources.Requests)
		overrule(&assumed, spec.Resources.Requests)
	}
	if len(spec.Overhead) > 0 {
		overhead := amounts(spec.Overhead)
		request.add(&overhead)
		assumed.add(&overhead)
	}
	request.pods, assumed.pods = 1, 1
	return request, assumed
}

// addInitContainers adds sidecars for good and raises to the peak of the others, each of which runs beside the sidecars before it.
func addInitContainers(containers []corev1.Container, request, assumed *resources) {
	var sidecars, sidecarsAssumed, peak, peakAssumed resources
	for i := range containers {
		one, guess := containerRequests(&containers[i])
		if isSidecar(&containers[i]) {
			sidecars.add(&one)
			sidecarsAssumed.add(&guess)
		} else {
			one.add(&sidecars)
			guess.add(&sidecarsAssumed)
			peak.raise(&one)
			peakAssumed.raise(&guess)
		}
	}
	request.add(&sidecars)
	assumed.add(&sidecarsAssumed)
	request.raise(&peak)
	assumed.raise(&peakAssumed)
}

func isSidecar(container *corev1.Container) bool {
	return container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func containerRequests(container *corev1.Container) (request, assumed resources) {
	if len(container.Resources.Requests) > 0 {
		request = amounts(container.Resources.Requests)
	}
	assumed.cpu, assumed.memory = request.cpu, request.memory
	if _, given := container.Resources.Requests[corev1.ResourceCPU]; !given {
		assumed.cpu = unrequestedCPU
	}
	if _, given := container.Resources.Requests[corev1.ResourceMemory]; !given {
		assumed.memory = unrequestedMemory
	}
	return request, assumed
}

func overrule(r *resources, by corev1.ResourceList) {
	if cpu, given := by[corev1.ResourceCPU]; given {
		r.cpu = cpu.MilliValue()
	}
	if memory, given := by[corev1.ResourceMemory]; given {
		r.memory = memory.Value()
	}
}

// lacking lists what a node has too little of for a request, in upstream's words, and whether even an empty node would
// (upstream: plugins/noderesources/fit.go fitsRequest).
func (n *nodeInfo) lacking(request *resources) (reasons []string, hopeless bool) {
	if int64(len(n.pods))+1 > n.allocatable.pods {
		reasons = append(reasons, "Too many pods")
	}
	check := func(wanted, used, has int64, reason string) {
		if wanted > 0 && wanted > has-used {
			reasons = append(reasons, reason)
			hopeless = hopeless || wanted > has
		}
	}
	check(request.cpu, n.used.cpu, n.allocatable.cpu, "Insufficient cpu")
	check(request.memory, n.used.memory, n.allocatable.memory, "Insufficient memory")
	check(request.ephemeral, n.used.ephemeral, n.allocatable.ephemeral, "Insufficient ephemeral-storage")
	if len(request.others) > 0 {
		names := make([]corev1.ResourceName, 0, len(request.others))
		for name := range request.others {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			check(request.others[name], n.used.others[name], n.allocatable.others[name], "Insufficient "+string(name))
		}
	}
	return reasons, hopeless
}

// hostPorts appends the ports of the node that a Pod takes.
func hostPorts(pod *corev1.Pod, ports []hostPort) []hostPort {
	for i := range pod.Spec.Containers {
		ports = containerHostPorts(&pod.Spec.Containers[i], ports)
	}
	for i := range pod.Spec.InitContainers {
		if isSidecar(&pod.Spec.InitContainers[i]) {
			ports = containerHostPorts(&pod.Spec.InitContainers[i], ports)
		}
	}
	return ports
}

func containerHostPorts(container *corev1.Container, ports []hostPort) []hostPort {
	for i := range container.Ports {
		port := &container.Ports[i]
		if port.HostPort == 0 {
			continue
		}
		taken := hostPort{ip: port.HostIP, protocol: port.Protocol, port: port.HostPort}
		if taken.ip == "" {
			taken.ip = "0.0.0.0"
		}
		if taken.protocol == "" {
			taken.protocol = corev1.ProtocolTCP
		}
		ports = append(ports, taken)
	}
	return ports
}

// collides says whether one of the wanted ports is taken. The address 0.0.0.0 stands for all.
func (n *nodeInfo) collides(wanted []hostPort) bool {
	for _, want := range wanted {
		for _, has := range n.ports {
			if want.port == has.port && want.protocol == has.protocol && (want.ip == has.ip || want.ip == "0.0.0.0" || has.ip == "0.0.0.0") {
				return true
			}
		}
	}
	return false
}
