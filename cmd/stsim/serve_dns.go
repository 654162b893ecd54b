package main

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/network"
)

// clusterNames is what the DNS server of a served cluster answers from. It is the server's guard: who takes it sees the cluster as it is
// at that moment, for the price of what has changed since.
type clusterNames struct {
	mutex sync.Mutex
	door  *door.Door
	index *network.Index
	now   time.Time // virtual
	look  func(cluster *sim.Cluster)
}

func newClusterNames(d *door.Door) *clusterNames {
	n := &clusterNames{door: d, index: network.NewIndex()}
	n.look = func(cluster *sim.Cluster) {
		n.index.Advance(cluster)
		n.now = cluster.Now()
	}
	return n
}

// Lock implements [sync.Locker].
func (n *clusterNames) Lock() {
	n.mutex.Lock()
	n.door.Pass(n.look)
}

// Unlock implements [sync.Locker].
func (n *clusterNames) Unlock() { n.mutex.Unlock() }

// listen serves the names of the cluster.
func (n *clusterNames) listen(address netip.AddrPort, options dnsserver.ServerOptions) (*dnsserver.Server, error) {
	n.door.Do(func(cluster *sim.Cluster) { options.Config = network.DNSConfig(cluster.Settings(), nil) })
	options.Source, options.Guard = n.index, n
	options.CacheStore, options.Now = door.NameCache{Door: n.door}, func() time.Time { return n.now }
	return listenDNS(address, options)
}

// listenInside serves the names also where the cluster shows its DNS, if that is an address of this machine and its port may be had; nil otherwise.
func (n *clusterNames) listenInside(settings *api.Settings, options dnsserver.ServerOptions) *dnsserver.Server {
	if !settings.DNSAddress.IsLoopback() {
		return nil
	}
	server, err := n.listen(netip.AddrPortFrom(settings.DNSAddress, dnsPort), options)
	if err != nil {
		return nil
	}
	return server
}

const dnsPort = 53

// followEvery is how often the index is brought up to the cluster although nobody asks, so that the cluster's log of changes goes back far enough.
const followEvery = 100 * time.Millisecond

// follow keeps the index near to the cluster until the context ends.
func (n *clusterNames) follow(ctx context.Context) {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			n.mutex.Lock()
			n.door.Pass(n.look)
			n.mutex.Unlock()
		}
	}
}
