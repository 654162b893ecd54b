package dnsserver

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

const (
	// ClusterNdots is the option ndots of every Pod with dnsPolicy ClusterFirst.
	ClusterNdots = 5

	// Bounds of the search list (pkg/apis/core/validation: MaxDNSSearchPaths and MaxDNSSearchListChars).
	maxSearchPaths      = 32
	maxSearchCharacters = 2048
	maxSearchPathLength = 253
)

// SearchList is the search list the kubelet gives to a Pod with dnsPolicy ClusterFirst: the namespace's services,
// all services, the zone, then the host's own list, without duplicates and cut to the limits of resolv.conf.
// An empty zone means cluster.local. (kubelet: pkg/kubelet/network/dns/dns.go.)
func SearchList(namespace, zone string, hostSearch []string) []string {
	if zone == "" {
		zone = defaultZone
	}
	zone = strings.TrimSuffix(zone, ".")
	var search []string
	considered, characters := 0, 0
	seen := newSet[string](0)
	for _, path := range append([]string{namespace + ".svc." + zone, "svc." + zone, zone}, hostSearch...) {
		if !seen.add(path) {
			continue
		}
		if considered++; considered > maxSearchPaths {
			break
		}
		if len(path) <= maxSearchPathLength {
			search = append(search, path)
		}
	}
	for i, path := range search {
		if characters += len(path); characters > maxSearchCharacters {
			return search[:i]
		}
		characters++ // the space after it
	}
	return search
}

// ResolvConf is the text of /etc/resolv.conf in a Pod with dnsPolicy ClusterFirst, as kubelet and container
// runtime write it.
func ResolvConf(namespace, zone string, server netip.Addr, hostSearch []string) string {
	return "search " + strings.Join(SearchList(namespace, zone, hostSearch), " ") + "\n" +
		"nameserver " + server.String() + "\n" +
		"options ndots:" + strconv.Itoa(ClusterNdots) + "\n"
}

// candidates are the fully qualified names a resolver tries for a name, in order: with fewer dots than ndots
// the search list and then the name as it is, else the name first. A final dot turns the search off. Names that
// are too long or otherwise not valid are left out.
func candidates(name string, search []string, ndots int, useSearch bool) []string {
	if dns.IsFqdn(name) || !useSearch {
		return validNames(name)
	}
	names := make([]string, 0, len(search)+1)
	for _, path := range search {
		if path = strings.TrimSuffix(path, "."); path != "" {
			names = append(names, name+"."+path)
		}
	}
	if strings.Count(name, ".") >= ndots {
		names = append([]string{name}, names...)
	} else {
		names = append(names, name)
	}
	return validNames(names...)
}

func validNames(names ...string) []string {
	valid := names[:0]
	for _, name := range names {
		if name == "" {
			continue
		}
		name = dns.Fqdn(name)
		if validName(name) {
			valid = append(valid, name)
		}
	}
	return valid
}
