package door

import (
	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
)

// NameCache is what the cluster's DNS remembers, for whoever asks it from outside of the cluster. Each use is a turn.
type NameCache struct{ Door *Door }

var _ dnsserver.CacheStore = NameCache{}

// Load implements [dnsserver.CacheStore].
func (c NameCache) Load(key string) (reply dnsserver.CachedReply, found bool) {
	c.Door.Pass(func(cluster *sim.Cluster) { reply, found = cluster.RememberedReply(key) })
	return reply, found
}

// Save implements [dnsserver.CacheStore].
func (c NameCache) Save(key string, reply dnsserver.CachedReply) {
	c.Door.Pass(func(cluster *sim.Cluster) { cluster.RememberReply(key, reply) })
}
