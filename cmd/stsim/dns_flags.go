package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
)

const (
	// maxDNSTTL is the largest --ttl in seconds, CoreDNS's cap.
	maxDNSTTL = 3600
	// hostResolvers stands for the servers in the host's resolv.conf.
	hostResolvers  = "host"
	hostResolvConf = "/etc/resolv.conf"
)

// dnsSetup is what the flags say about the cluster's DNS, the same for all commands that have one.
type dnsSetup struct {
	address string
	ttl     int
	pods    string
	zone    string
	cache   time.Duration
	forward string
}

// register adds the flags. The usual address is where the server listens if nothing is said.
func (d *dnsSetup) register(flags *pflag.FlagSet, usualAddress string) {
	defaults := dnsserver.DefaultConfig()
	flags.StringVar(&d.address, "dns-addr", usualAddress, "loopback address and port for DNS, UDP and TCP; port 0 is any free one")
	flags.IntVar(&d.ttl, "ttl", int(defaults.TTL), fmt.Sprintf("time to live of DNS records in seconds, 0 to %d", maxDNSTTL))
	flags.StringVar(&d.pods, "pods", string(defaults.Pods), "DNS names below pod.ZONE: disabled, insecure (any address) or verified (only a live Pod's)")
	flags.StringVar(&d.zone, "zone", strings.TrimSuffix(defaults.Zone, "."), "domain of the cluster")
	flags.StringVar(&d.forward, "dns-forward", "", "ask other servers for names beyond the cluster: those of /etc/resolv.conf, or =ADDRESS:PORT[,...]")
	flags.Lookup("dns-forward").NoOptDefVal = hostResolvers
	registerDNSCache(flags, &d.cache)
}

func registerDNSCache(flags *pflag.FlagSet, cache *time.Duration) {
	flags.DurationVar(cache, "dns-cache", 0, "remember DNS replies, also negative ones, for so long, as CoreDNS of kubeadm before 1.32 does (e.g. 30s)")
}

func checkDNSCache(cache time.Duration) error {
	if cache < 0 || cache > dnsserver.MaxCacheTTL || cache%time.Second != 0 {
		return fmt.Errorf("--dns-cache: expected whole seconds up to %s, found %s\nhint: --dns-cache 30s", dnsserver.MaxCacheTTL, cache)
	}
	return nil
}

// options are those of a server, without its source. Errors are about the command line.
func (d *dnsSetup) options() (options dnsserver.ServerOptions, address netip.AddrPort, err error) {
	if d.ttl < 0 || d.ttl > maxDNSTTL {
		return options, address, fmt.Errorf("--ttl: expected 0 to %d seconds, found %d", maxDNSTTL, d.ttl)
	}
	if err := checkDNSCache(d.cache); err != nil {
		return options, address, err
	}
	options.CacheTTL, options.Shuffle = d.cache, true
	options.Config = dnsserver.Config{Zone: d.zone, TTL: uint32(d.ttl), NoTTL: d.ttl == 0, Pods: dnsserver.PodMode(d.pods)}
	if d.zone == "" || d.pods == "" {
		return options, address, fmt.Errorf("--zone and --pods: expected a value, found none")
	}
	if err := options.Config.Validate(); err != nil {
		return options, address, err
	}
	if address, err = parseAddress(d.address, ""); err != nil || !address.Addr().IsLoopback() {
		return options, address, fmt.Errorf("--dns-addr: expected a loopback address and a port, found %q\nhint: --dns-addr 127.0.0.1:15353", d.address)
	}
	options.Upstream, err = d.upstream()
	return options, address, err
}

// upstream are the servers for names beyond the cluster.
func (d *dnsSetup) upstream() (servers []netip.AddrPort, err error) {
	switch d.forward {
	case "":
		return nil, nil
	case hostResolvers:
		if servers, err = dnsserver.HostResolvers(hostResolvConf); err != nil {
			return nil, fmt.Errorf("--dns-forward: %w\nhint: --dns-forward=ADDRESS:PORT names a server", err)
		}
		return servers, nil
	}
	for _, text := range strings.Split(d.forward, ",") {
		server, err := parseAddress(text, "53")
		if err != nil {
			return nil, fmt.Errorf("--dns-forward: expected ADDRESS:PORT, found %q", text)
		}
		servers = append(servers, server)
	}
	return servers, nil
}

// simulated is how the DNS of a simulated cluster is set up, for what runs in it.
func (d *dnsSetup) simulated() api.DNS {
	ttl := time.Duration(d.ttl) * time.Second
	if ttl == 0 {
		ttl = -1
	}
	return api.DNS{TTL: ttl, Pods: d.pods, Cache: d.cache}
}

// parseAddress reads an address and a port, which may be left out if there is a usual one. "localhost" is 127.0.0.1.
func parseAddress(text, usualPort string) (netip.AddrPort, error) {
	if address, err := netip.ParseAddr(text); err == nil && usualPort != "" {
		text = net.JoinHostPort(address.String(), usualPort)
	}
	if port, is := strings.CutPrefix(text, "localhost:"); is {
		text = "127.0.0.1:" + port
	}
	return netip.ParseAddrPort(text)
}
