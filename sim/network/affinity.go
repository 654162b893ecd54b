package network

import (
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
)

// Affinities holds one row for every client of a service with session affinity ClientIP: *Affinity.
const Affinities store.Table = "affinity"

// Tables lists the tables of this package for the store.
func Tables() []store.Table { return []store.Table{Affinities, Replies, Generations} }

// defaultAffinity is how long a client stays with its endpoint after its last connection (kube-proxy, 3 hours).
const defaultAffinity = 10800 * time.Second

// Affinity is what kube-proxy remembers of a client of a service.
type Affinity struct {
	Service string // namespace/name, then the port's name
	Client  netip.Addr
	Target  netip.AddrPort
	Used    time.Time // virtual time of the newest connection
}

// RowKey implements [store.Row].
func (a *Affinity) RowKey() string { return a.Service + "/" + a.Client.String() }

// affinityTimeout is zero for a service without session affinity.
func affinityTimeout(service *corev1.Service) time.Duration {
	if service.Spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return 0
	}
	if config := service.Spec.SessionAffinityConfig; config != nil && config.ClientIP != nil && config.ClientIP.TimeoutSeconds != nil {
		return time.Duration(*config.ClientIP.TimeoutSeconds) * time.Second
	}
	return defaultAffinity
}

// remembered is the endpoint a client is pinned to, when it is still one of the candidates.
func (r *router) remembered(key string, timeout time.Duration, candidates []candidate) (candidate, bool) {
	row, found := store.GetRow[*Affinity](r.tx.View, Affinities, key+"/"+r.source.String())
	if !found || r.tx.Now().Sub(row.Used) > timeout {
		return candidate{}, false
	}
	for _, c := range candidates {
		if c.target == row.Target {
			return c, true
		}
	}
	return candidate{}, false
}

func (r *router) remember(key string, target netip.AddrPort) {
	r.tx.PutRow(Affinities, &Affinity{Service: key, Client: r.source, Target: target, Used: r.tx.Now()})
}
