// Package network says where a packet goes in the simulated cluster, and what its names mean.
//
// # Names
//
// [Names] shows the cluster to package dnsserver as plain values: Services, EndpointSlices, Namespaces and Pods. [DNSConfig] is
// how the cluster's DNS is set up, and [Resolver] is what a program in a Pod asks it with. [NameCache] is what it remembers, if it is set up
// to. [Index] follows the names of a cluster for a server that is asked often; [Objects] makes one of the objects in files, without a cluster.
//
// # Routes
//
// [Route] does what kube-proxy's rules do on the node a connection starts on. It takes the first that fits:
//
//	loopback                      the machine it started on (not the cluster's own ranges, which may be loopback addresses too)
//	cluster IP and service port   one ready endpoint, picked by the world's Chooser
//	external IP, load balancer    the same
//	node address and node port    the same; with externalTrafficPolicy Local only endpoints on that node
//	address of a Pod or a node    that Pod or node
//	anything else                 a failure, see below
//
// Session affinity ClientIP pins a client to an endpoint for its timeout; the pins are rows of the table [Affinities].
// A service without ready endpoints refuses the connection, as kube-proxy's REJECT rule does; with the policy Local and ready endpoints
// only on other nodes the packet is dropped and the connection times out. When no endpoint is ready, endpoints that
// are still serving although they terminate are used (upstream: ProxyTerminatingEndpoints).
//
// An address of the cluster's own ranges that nobody has gives "No route to host"; one outside of them times out,
// because nothing beyond the cluster is simulated. What listens at the target is not decided here: package container knows.
//
// Headless services have no address, so nothing routes to them. Not simulated: UDP and SCTP, network policies, hairpin corner cases, topology hints
// (trafficDistribution), load balancer source ranges, internalTrafficPolicy of clients outside of the cluster.
package network
