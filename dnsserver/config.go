package dnsserver

import (
	"fmt"
	"net/netip"

	"github.com/miekg/dns"
)

// PodMode says which names below pod.<zone> are answered. The zero value means PodsDisabled.
type PodMode string

// The three modes of CoreDNS's option "pods" (plugin/kubernetes/kubernetes.go).
const (
	// PodsDisabled answers none of them.
	PodsDisabled PodMode = "disabled"
	// PodsInsecure answers any well-formed address in an existing namespace, whether a Pod has it or not.
	PodsInsecure PodMode = "insecure"
	// PodsVerified answers the addresses of live Pods of that namespace.
	PodsVerified PodMode = "verified"
)

const (
	defaultZone = "cluster.local."
	defaultTTL  = 30
	// maxZoneLength leaves room for "hostmaster." before the zone.
	maxZoneLength = maxPlainName - len("hostmaster.")
)

// defaultReverseZones are the reverse zones of kubeadm's Corefile. Read only.
var defaultReverseZones = []string{"in-addr.arpa.", "ip6.arpa."}

// Config is how the server is set up. The zero value is usable: zone cluster.local., TTL 30, Pods disabled.
type Config struct {
	// Zone is the cluster domain, with or without the final dot; empty means cluster.local.
	Zone string
	// TTL is the time to live of all records in seconds, and of negative answers; 0 means 30.
	TTL uint32
	// NoTTL makes the time to live 0, whatever TTL says: nobody may remember an answer.
	NoTTL bool
	// Pods says which Pod names are answered.
	Pods PodMode
	// ServerAddress is the address clients reach this server by, usually the cluster IP of kube-dns. It is the
	// glue of the NS record and has a PTR record. The zero value means that there is no NS record.
	ServerAddress netip.Addr
	// ListenAddress is an address that clients beyond the cluster reach this server by, if it is not
	// ServerAddress. It has the same PTR record.
	ListenAddress netip.Addr
	// ReverseZones are the zones PTR questions are answered in; nil means in-addr.arpa. and ip6.arpa.
	ReverseZones []string
	// MaxUDPSize bounds replies over UDP in octets below what the client offers with EDNS; 0 means no bound
	// of our own. Less than 512 counts as 512.
	MaxUDPSize uint16
	// IgnoreEmptyService makes a service that has a cluster IP but no ready endpoint NXDOMAIN.
	IgnoreEmptyService bool
	// HINFOForAny answers type ANY with the HINFO record of RFC 8482 (CoreDNS's plugin "any").
	// Without it, ANY is NODATA or NXDOMAIN.
	HINFOForAny bool
	// Unsynced turns NXDOMAIN in a zone into SERVFAIL: the server has not yet read all of the cluster.
	Unsynced bool
	// Forward answers questions outside of the zones, reverse names the cluster does not know, and targets of
	// ExternalName services. It must be pure; nil as a function or as its result means that nobody knows.
	Forward func(question dns.Question) *dns.Msg
	// Choose returns a number from 0 to n-1 and decides the order of A and AAAA records within a section, as
	// CoreDNS's plugin "loadbalance" does at random. Nil keeps the order of the source.
	Choose func(n int) int
}

// DefaultConfig is what kubeadm installs: zone cluster.local., TTL 30, pods insecure.
func DefaultConfig() Config {
	return Config{Zone: defaultZone, TTL: defaultTTL, Pods: PodsInsecure}
}

// Validate returns an error that says which field of the configuration cannot be used and why.
// With such a configuration Answer replies SERVFAIL.
func (c Config) Validate() error {
	zones := c.zones()
	if !validZone(zones.forward) {
		return fmt.Errorf("DNS zone: expected a domain name of at most %d characters such as %q, found %q", maxZoneLength, defaultZone, c.Zone)
	}
	for _, zone := range zones.reverse {
		if !validZone(canonical(zone)) {
			return fmt.Errorf("DNS reverse zone: expected a domain name such as %q, found %q", "10.in-addr.arpa.", zone)
		}
	}
	switch c.Pods {
	case "", PodsDisabled, PodsInsecure, PodsVerified:
	default:
		return fmt.Errorf("DNS pod mode: expected %s, %s or %s, found %q", PodsDisabled, PodsInsecure, PodsVerified, c.Pods)
	}
	return nil
}

func validZone(zone string) bool {
	return zone != "." && len(zone) <= maxZoneLength && validName(zone)
}

func (c Config) ttl() uint32 {
	if c.NoTTL {
		return 0
	}
	if c.TTL == 0 {
		return defaultTTL
	}
	return c.TTL
}

// zoneSet is the zones of a configuration; forward is canonical, reverse is as configured.
type zoneSet struct {
	forward string
	reverse []string
}

func (c Config) zones() zoneSet {
	zones := zoneSet{forward: defaultZone, reverse: c.ReverseZones}
	if c.Zone != "" {
		zones.forward = canonical(c.Zone)
	}
	if c.ReverseZones == nil {
		zones.reverse = defaultReverseZones
	}
	return zones
}
