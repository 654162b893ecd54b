package sim

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/network"
)

// Options say what cluster to make. The zero value is a good one: three nodes, the newest release, a default storage class.
type Options struct {
	Seed       uint64         // every draw of chance follows from it
	Chooser    kernel.Chooser `json:"-"` // decides instead of the generator made from Seed, for replay and exploration
	Kubernetes string         // release to simulate, e.g. "1.36" (the default) or "1.9"
	Gates      []string       // feature gates to set, e.g. "MaxUnavailableStatefulSet=true"; the others are as the release has them
	Start      time.Time      // virtual time at which the cluster begins; 2026-01-01 00:00 UTC by default

	Nodes     int                 // how many nodes; 3 by default. NodeNames go before it
	NodeSpecs []NodeSpec          // nodes with names or addresses of their own
	Capacity  corev1.ResourceList // of every node; 4 CPUs, 16Gi of memory, 110 Pods by default

	ServiceCIDR    string                    // 10.96.0.0/12 by default
	PodCIDR        string                    // 10.244.0.0/16 by default
	NodeCIDR       string                    // addresses of nodes that have none of their own; from 192.168.49.2 on by default
	Zone           string                    // domain of the cluster's DNS; cluster.local by default
	DNS            api.DNS                   // the cluster's DNS server otherwise
	StorageClasses []*storagev1.StorageClass // nil means one default class named "standard"; an empty slice means none

	Timings *api.Timings   // how long things take; api.DefaultTimings by default
	Loops   []control.Loop `json:"-"` // control loops to run; nil means all of control.Loops
	Without []string       // names of loops to leave out
	With    []string       // names of OptionalLoops to run as well
	Apps    []app.Model    `json:"-"` // models of images, which count before the built-in ones

	Disorder Disorder       // what may come otherwise than on a quiet day; nothing by default
	Patience time.Duration  // how long RunUntil waits, of virtual time; an hour by default
	History  int            // how many past instants can be gone back to exactly; 1024 by default, negative for none
	Check    bool           // check the promises after every event
	Trace    func(Record)   `json:"-"` // called for every event, in order
	Record   func(Recorded) `json:"-"` // called for every input that was accepted, in order, when it has been taken
}

// NodeSpec is a node with a name and an address of its own.
type NodeSpec struct {
	Name    string
	Address string // empty: chosen
	Labels  map[string]string
	Taints  []corev1.Taint
}

// OptionalLoops are the names of the control loops that run only when [Options.With] names them: controllers that people add to a cluster.
func OptionalLoops() []string { return namesOf(control.OptionalLoops()) }

func defaultStart() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

const (
	defaultNodes       = 3
	defaultZone        = "cluster.local"
	defaultServiceCIDR = "10.96.0.0/12"
	defaultPodCIDR     = "10.244.0.0/16"
	defaultNodeCIDR    = "192.168.49.0/24"
	defaultHistory     = 1024
	defaultPatience    = time.Hour
	dnsServiceOffset   = 10 // kube-dns has the tenth address of the service range
)

// settings turns the options into what loops and runtime read.
func (o Options) settings() (*api.Settings, error) {
	var release api.Release
	if o.Kubernetes != "" {
		parsed, err := api.ParseRelease(o.Kubernetes)
		if err != nil {
			return nil, err
		}
		release = parsed
	}
	release, err := setGates(release, o.Gates)
	if err != nil {
		return nil, err
	}
	services, err := parseRange("service-cidr", o.ServiceCIDR, defaultServiceCIDR, 24)
	if err != nil {
		return nil, err
	}
	pods, err := parseRange("pod-cidr", o.PodCIDR, defaultPodCIDR, 24)
	if err != nil {
		return nil, err
	}
	nodes, err := o.nodeRange()
	if err != nil {
		return nil, err
	}
	if pods.Overlaps(services) || nodes.IsValid() && (nodes.Overlaps(pods) || nodes.Overlaps(services)) {
		return nil, fmt.Errorf("expected address ranges that do not overlap, found %s for Pods, %s for Services%s", pods, services, andNodes(nodes))
	}
	timings := api.DefaultTimings()
	if o.Timings != nil {
		timings = *o.Timings
	}
	dns := services.Addr()
	for range dnsServiceOffset {
		dns = dns.Next()
	}
	settings := &api.Settings{
		Release: release, Zone: defaultZone, ServiceCIDR: services, PodCIDR: pods, NodeCIDR: nodes, DNSAddress: dns, DNS: o.DNS,
		NodePortFirst: 30000, NodePortLast: 32767, Timings: timings,
	}
	if o.Zone != "" {
		settings.Zone = strings.ToLower(strings.TrimSuffix(o.Zone, "."))
	}
	return settings, network.CheckDNS(settings)
}

// nodeRange is the range that was named for nodes; it must have room for them.
func (o Options) nodeRange() (netip.Prefix, error) {
	if o.NodeCIDR == "" {
		return netip.Prefix{}, nil
	}
	nodes, err := parseRange("node-cidr", o.NodeCIDR, defaultNodeCIDR, 24)
	if err != nil {
		return nodes, err
	}
	specs := o.nodes()
	if last := nodeAddress(nodes.Addr(), len(specs)-1); !nodes.Contains(last) {
		return nodes, fmt.Errorf("node-cidr: %s has no room for %d nodes", nodes, len(specs))
	}
	return nodes, nil
}

func andNodes(nodes netip.Prefix) string {
	if !nodes.IsValid() {
		return ""
	}
	return fmt.Sprintf(" and %s for nodes", nodes)
}

// nodesPerByte is how many addresses are used of each 256.
const nodesPerByte = 250

// nodeAddress is the address of a node by its place. The first two of the range are left out.
func nodeAddress(base netip.Addr, index int) netip.Addr {
	bytes := base.As4()
	number := uint32(bytes[1])<<16 | uint32(bytes[2])<<8
	number += uint32(index+2) / nodesPerByte << 8
	return netip.AddrFrom4([4]byte{bytes[0], byte(number >> 16), byte(number >> 8), byte((index + 2) % nodesPerByte)})
}

// parseRange reads an IPv4 range that is at least as wide as a /narrowest.
func parseRange(what, text, otherwise string, narrowest int) (netip.Prefix, error) {
	if text == "" {
		text = otherwise
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4() || prefix.Bits() > narrowest || prefix.Bits() < 8 {
		return netip.Prefix{}, fmt.Errorf("%s: expected an IPv4 range from /8 to /%d such as %s, found %q", what, narrowest, otherwise, text)
	}
	return prefix.Masked(), nil
}

// setGates reads feature gates as a command line of Kubernetes has them: NAME=true or NAME=false.
func setGates(release api.Release, gates []string) (api.Release, error) {
	for _, text := range gates {
		name, value, _ := strings.Cut(text, "=")
		gate, err := api.ParseGate(name)
		if err != nil {
			return release, err
		}
		if value != "true" && value != "false" {
			return release, fmt.Errorf("expected %s=true or %s=false, found %q", name, name, text)
		}
		release = release.WithGate(gate, value == "true")
	}
	return release, nil
}
