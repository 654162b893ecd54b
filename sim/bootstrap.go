package sim

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// bootstrap fills a new cluster with what every cluster has.
func (c *Cluster) bootstrap(tx *store.Tx) error {
	registry := c.registry(tx)
	registry.Manager = "kubelet" // which registers the nodes; what else is here tells who makes it
	var objects []api.Object
	for _, name := range []string{"default", "kube-node-lease", "kube-public", "kube-system"} {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	classes := c.options.StorageClasses
	if classes == nil {
		classes = []*storagev1.StorageClass{storage.StandardClass()}
	}
	for _, class := range classes {
		objects = append(objects, class.DeepCopy())
	}
	objects = append(objects, c.systemServices()...)
	for i, spec := range c.options.nodes() {
		node := c.node(i, spec)
		objects = append(objects, node)
		tx.PutRow(container.Machines, &container.Machine{Node: node.Name, Powered: true, Connected: true, Registers: node.DeepCopy()})
	}
	for _, object := range objects {
		status := api.Copy(object)
		created, err := registry.Create(object)
		if err != nil {
			return fmt.Errorf("%s %s: %w", api.KindOf(object).Kind, api.NameOf(object), err)
		}
		if node, ok := status.(*corev1.Node); ok { // a create drops the status: the kubelet reports it afterwards
			ready := api.Copy(created).(*corev1.Node)
			ready.Status = node.Status
			if _, err := registry.Update(ready, "status"); err != nil {
				return fmt.Errorf("node %s: %w", node.Name, err)
			}
		}
	}
	return nil
}

// systemServices are the Service of the API server and that of the cluster's DNS, each with endpoints of its own.
func (c *Cluster) systemServices() []api.Object {
	apiAddress := c.settings.ServiceCIDR.Addr().Next().String()
	kubernetes := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: map[string]string{"component": "apiserver", "provider": "kubernetes"}},
		Spec: corev1.ServiceSpec{ClusterIP: apiAddress, Ports: []corev1.ServicePort{
			{Name: "https", Protocol: corev1.ProtocolTCP, Port: 443, TargetPort: intstr.FromInt32(6443)}}},
	}
	dns := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "kube-dns", Labels: map[string]string{
			"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}},
		Spec: corev1.ServiceSpec{ClusterIP: c.settings.DNSAddress.String(), Ports: []corev1.ServicePort{
			{Name: "dns", Protocol: corev1.ProtocolUDP, Port: 53, TargetPort: intstr.FromInt32(53)},
			{Name: "dns-tcp", Protocol: corev1.ProtocolTCP, Port: 53, TargetPort: intstr.FromInt32(53)}}},
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{c.options.nodes()[0].Address}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("https"), Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(int32(6443))}},
	}
	return []api.Object{kubernetes, dns, slice}
}

// nodes are the nodes asked for, with the names and addresses that were left open filled in.
func (o Options) nodes() []NodeSpec {
	specs := append([]NodeSpec(nil), o.NodeSpecs...)
	if len(specs) == 0 {
		count := o.Nodes
		if count == 0 {
			count = defaultNodes
		}
		specs = make([]NodeSpec, count)
	}
	base := netip.MustParsePrefix(defaultNodeCIDR).Addr()
	if own, err := netip.ParsePrefix(o.NodeCIDR); err == nil {
		base = own.Masked().Addr()
	}
	for i := range specs {
		if specs[i].Name == "" {
			specs[i].Name = fmt.Sprintf("node-%d", i+1)
		}
		if specs[i].Address == "" {
			specs[i].Address = nodeAddress(base, i).String()
		}
	}
	return specs
}

// node is a Node as its kubelet registers it, ready from the start.
func (c *Cluster) node(index int, spec NodeSpec) *corev1.Node {
	now := api.Timestamp(c.options.Start)
	labels := map[string]string{
		corev1.LabelHostname: spec.Name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		"beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
	}
	for key, value := range spec.Labels {
		labels[key] = value
	}
	capacity := c.options.Capacity
	if capacity == nil {
		capacity = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"), corev1.ResourcePods: resource.MustParse("110"),
		}
	}
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	version := c.settings.Release.Version()
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: spec.Name, Labels: labels},
		Spec:       corev1.NodeSpec{PodCIDR: c.podRange(index), PodCIDRs: []string{c.podRange(index)}, Taints: spec.Taints},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				condition(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"),
			},
			Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: spec.Address}, {Type: corev1.NodeHostName, Address: spec.Name}},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: version, KubeProxyVersion: version, OperatingSystem: "linux", Architecture: "amd64",
				OSImage: "stsim", KernelVersion: "simulated", ContainerRuntimeVersion: "stsim://" + version,
			},
		},
	}
}

// podRange is the node's share of the Pod range: as many equal shares as there is room for, at most a /24 each.
func (c *Cluster) podRange(index int) string {
	share := c.settings.PodCIDR
	bits := share.Bits()
	for size := 1; size < len(c.options.nodes()) && bits < 24; size *= 2 {
		bits++
	}
	bits = max(bits, 16)
	base := share.Addr().As4()
	number := uint32(base[0])<<24 | uint32(base[1])<<16 | uint32(base[2])<<8 | uint32(base[3])
	number += uint32(index) << (32 - bits)
	return fmt.Sprintf("%d.%d.%d.%d/%d", byte(number>>24), byte(number>>16), byte(number>>8), byte(number), bits)
}
