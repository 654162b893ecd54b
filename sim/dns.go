package sim

import (
	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/network"
)

// RememberedReply is what the cluster's DNS remembers under a key of [dnsserver.Cache].
func (c *Cluster) RememberedReply(key string) (dnsserver.CachedReply, bool) {
	return network.RememberedReply(c.View(), key)
}

// RememberReply makes the cluster's DNS remember what it has told somebody outside of the cluster. What it tells Pods it remembers by itself.
func (c *Cluster) RememberReply(key string, reply dnsserver.CachedReply) {
	_, _ = c.take(Input{Do: DoRemember, Target: key, Reply: &reply}, false) // one that cannot be written down is not remembered
}
