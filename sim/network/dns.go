package network

import (
	"fmt"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// maxTTL is the longest time to live of records, CoreDNS's cap.
const maxTTL = time.Hour

// DNSConfig is how the cluster's DNS server is set up: kubeadm's Corefile with the cluster's zone and address. choose, which
// may be nil, orders the addresses of an answer, as CoreDNS's loadbalance plugin does.
func DNSConfig(settings *api.Settings, choose func(label string, n int) int) dnsserver.Config {
	config := dnsserver.DefaultConfig()
	config.Zone = settings.Zone
	config.ServerAddress = settings.DNSAddress
	if settings.DNS.TTL != 0 {
		config.TTL, config.NoTTL = uint32(max(settings.DNS.TTL, 0)/time.Second), settings.DNS.TTL < 0
	}
	if settings.DNS.Pods != "" {
		config.Pods = dnsserver.PodMode(settings.DNS.Pods)
	}
	if choose != nil {
		config.Choose = func(n int) int { return choose("dns order", n) }
	}
	return config
}

// CheckDNS returns an error that says which of the settings of the cluster's DNS cannot be used and why.
func CheckDNS(settings *api.Settings) error {
	for _, field := range []struct {
		what  string
		value time.Duration
		most  time.Duration
	}{{"time to live", max(settings.DNS.TTL, 0), maxTTL}, {"cache", settings.DNS.Cache, dnsserver.MaxCacheTTL}} {
		if field.value < 0 || field.value > field.most || field.value%time.Second != 0 {
			return fmt.Errorf("DNS %s: expected whole seconds up to %s, found %s", field.what, field.most, field.value)
		}
	}
	return DNSConfig(settings, nil).Validate()
}

// Resolver asks the cluster's DNS with a search list, as a program in a Pod does. It remembers what it was told as the settings say, and may
// be used as long as the transaction goes on.
func Resolver(tx *store.Tx, settings *api.Settings, choose func(label string, n int) int, search []string, ndots int) dnsserver.Resolver {
	return ResolverWith(tx.View, NameCache{tx}, settings, choose, search, ndots)
}

// ResolverWith is [Resolver] for who has no transaction, and puts what is to be remembered elsewhere.
func ResolverWith(view store.View, cache dnsserver.CacheStore, settings *api.Settings, choose func(label string, n int) int, search []string, ndots int) dnsserver.Resolver {
	resolver := dnsserver.Resolver{Source: Names{View: view}, Config: DNSConfig(settings, choose), Search: search, Ndots: ndots}
	if settings.DNS.Cache > 0 {
		resolver.Cache, resolver.Now = &dnsserver.Cache{TTL: settings.DNS.Cache, Store: cache}, view.Meta().Now
	}
	return resolver
}
