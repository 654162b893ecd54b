package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/loopback"
	"github.com/stsim/stsim/sim/store"
)

// addressSetup are the ranges of a served cluster; an empty one is the usual one, which nothing outside of the cluster reaches.
type addressSetup struct {
	pods, services string // as the flags say, at first
	nodes          string
	claimed        *loopback.Claimed // nil for none
	elsewhere      bool              // they lead to another cluster that is being served
}

func (a *addressSetup) register(flags *pflag.FlagSet) {
	flags.StringVar(&a.pods, "pod-cidr", "", "addresses of Pods (default: a free loopback range such as 127.64.0.0/16, on Linux)")
	flags.StringVar(&a.services, "service-cidr", "", "addresses of Services (default: a free loopback range, on Linux)")
}

func (a *addressSetup) close() {
	if a.claimed != nil {
		a.claimed.Close()
	}
}

// choose takes what was asked for, and free loopback ranges for the rest.
func (a *addressSetup) choose() error {
	for flag, text := range map[string]string{"--pod-cidr": a.pods, "--service-cidr": a.services} {
		if prefix, err := netip.ParsePrefix(text); text != "" && (err != nil || prefix.Contains(netip.AddrFrom4([4]byte{127, 0, 0, 1}))) {
			return fmt.Errorf("%s: expected a range of addresses without 127.0.0.1, found %q\nhint: %s 127.100.0.0/16", flag, text, flag)
		}
	}
	claimed, err := loopback.Claim()
	switch {
	case errors.Is(err, loopback.ErrNoAddresses):
		return nil
	case err != nil:
		return failure{err.Error() + "\nhint: --pod-cidr 10.244.0.0/16 --service-cidr 10.96.0.0/12 takes none of them"}
	}
	a.claimed, a.nodes = claimed, claimed.Nodes.String()
	if a.pods == "" {
		a.pods = claimed.Pods.String()
	}
	if a.services == "" {
		a.services = claimed.Services.String()
	}
	return nil
}

// again takes the ranges that a cluster has already.
func (a *addressSetup) again(cluster sim.Options) error {
	a.pods, a.services, a.nodes = cluster.PodCIDR, cluster.ServiceCIDR, cluster.NodeCIDR
	nodes, err := netip.ParsePrefix(a.nodes)
	if err != nil || !nodes.Addr().IsLoopback() {
		return nil // nobody else can have them
	}
	claimed, err := loopback.Reclaim(nodes)
	switch {
	case errors.Is(err, loopback.ErrNoAddresses):
		return nil
	case err != nil:
		a.elsewhere = true
		return nil
	}
	a.claimed = claimed
	return nil
}

// shownAt is where the cluster shows its API server, as far as that is on this machine: at the address of the Service kubernetes, and at its endpoint.
func shownAt(cluster *sim.Cluster) (at []netip.AddrPort) {
	if service, found := store.Get[*corev1.Service](cluster.View(), "default", "kubernetes"); found {
		if address, err := netip.ParseAddr(service.Spec.ClusterIP); err == nil {
			at = append(at, netip.AddrPortFrom(address, 443))
		}
	}
	if slice, found := store.Get[*discoveryv1.EndpointSlice](cluster.View(), "default", "kubernetes"); found {
		for _, endpoint := range slice.Endpoints {
			if address, err := netip.ParseAddr(endpoint.Addresses[0]); err == nil {
				at = append(at, netip.AddrPortFrom(address, 6443))
			}
		}
	}
	return slices.DeleteFunc(at, func(place netip.AddrPort) bool { return !place.Addr().IsLoopback() })
}

// listenInside listens at the places that may be had.
func listenInside(places []netip.AddrPort) (listeners []net.Listener) {
	for _, place := range places {
		if listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(place)); err == nil {
			listeners = append(listeners, listener)
		}
	}
	return listeners
}

// reachability says what programs of this machine can reach.
func (a *addressSetup) reachability(settings *api.Settings) string {
	if a.elsewhere {
		return "hidden      Pods, Services and nodes, whose addresses lead to another cluster that is being served: kubectl port-forward leads into this one\n"
	}
	var reached, hidden []string
	for what, where := range map[string]netip.Prefix{"Pods": settings.PodCIDR, "Services": settings.ServiceCIDR, "nodes": settings.NodeCIDR} {
		switch {
		case !where.IsValid():
			hidden = append(hidden, what)
		case where.Addr().IsLoopback():
			reached = append(reached, what+" "+where.String())
		default:
			hidden = append(hidden, what+" "+where.String())
		}
	}
	slices.Sort(reached)
	slices.Sort(hidden)
	text := ""
	if len(reached) > 0 {
		text = "reachable   " + strings.Join(reached, ", ") + "\n"
	}
	if len(hidden) > 0 {
		text += "hidden      " + strings.Join(hidden, ", ") + ": kubectl port-forward and node ports at 127.0.0.1 lead into the cluster\n"
	}
	return text
}
