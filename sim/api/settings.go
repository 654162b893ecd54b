package api

import (
	"net/netip"
	"time"
)

// Settings are what is fixed for the life of a simulated cluster. They are shared and never changed once it runs.
type Settings struct {
	Release       Release
	Zone          string // of the cluster's DNS, without a dot at the end, e.g. "cluster.local"
	ServiceCIDR   netip.Prefix
	PodCIDR       netip.Prefix
	NodeCIDR      netip.Prefix // zero when the nodes' addresses are of no one range
	DNSAddress    netip.Addr   // cluster IP of kube-dns: the tenth address of ServiceCIDR, as kubeadm chooses it
	DNS           DNS
	NodePortFirst int32 // 30000
	NodePortLast  int32 // 32767
	Timings       Timings
}

// Owns says whether an address is of a range of the cluster: of its Pods, Services or nodes. These may lie within the loopback range, so that they can be
// reached from the machine that the simulator runs on.
func (s *Settings) Owns(address netip.Addr) bool {
	return s.PodCIDR.Contains(address) || s.ServiceCIDR.Contains(address) || s.NodeCIDR.Contains(address)
}

// DNS is how the cluster's DNS server is set up beyond its zone and address. The zero value is what kubeadm installs today.
type DNS struct {
	// TTL is the time to live of records, in whole seconds; 0 means 30 seconds, anything negative means none.
	TTL time.Duration
	// Pods says which names below pod.ZONE are answered: disabled, insecure or verified; empty means insecure.
	Pods string
	// Cache is for how long replies are remembered at most, positive and negative ones, in whole seconds; 0 means not at all. kubeadm
	// before 1.32 installed 30 seconds.
	Cache time.Duration
}

// Timings are how long the things take that take time on a real cluster. All are virtual time and may be zero.
type Timings struct {
	ControllerLatency time.Duration // from a change to the controllers' look at it
	Provision         time.Duration // dynamic provisioning of a volume
	ImagePull         time.Duration // of an image that is not on the node
	ContainerStart    time.Duration // creating and starting one container
	PodSandbox        time.Duration // network and mounts of a Pod, before its first container
	PreStopAndExit    time.Duration // for a well-behaved process to end after SIGTERM
}

// DefaultTimings are those of a small idle cluster with a registry nearby.
func DefaultTimings() Timings {
	return Timings{
		ControllerLatency: 10 * time.Millisecond,
		Provision:         time.Second,
		ImagePull:         2 * time.Second,
		ContainerStart:    500 * time.Millisecond,
		PodSandbox:        500 * time.Millisecond,
		PreStopAndExit:    500 * time.Millisecond,
	}
}
