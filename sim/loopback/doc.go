// Package loopback puts a simulated cluster on loopback addresses of this machine, so that what the cluster's DNS answers can be reached with any
// program: curl, a browser, a database driver.
//
// # Addresses
//
// [Claim] takes three ranges of 127.0.0.0/8 that no other cluster on this machine has: one for Pods, one for Services, one for nodes. A cluster that is made with
// them (sim.Options) shows these addresses wherever it shows addresses. On systems where only 127.0.0.1 exists (macOS) a cluster has the usual
// ranges, which nothing outside of it reaches; node ports at 127.0.0.1 work everywhere.
//
// # Sockets
//
// [Listen] opens what the cluster offers, and follows it, before any client of the cluster can learn of the change:
//
//	a Pod's address, or its node's with hostNetwork    the TCP ports at which its programs listen
//	the cluster IPs of a Service                       its TCP ports, while it has an endpoint that takes connections
//	a node's addresses and 127.0.0.1                   the node ports of Services, likewise; 127.0.0.1 stands for the first node that is up
//
// Where nothing listens the system refuses a connection, as the cluster would. A node that is out of reach, and a Service all of whose endpoints
// are there, do not answer at all: the packets are dropped (on Linux; elsewhere the connection is accepted and never answered). An address that nobody
// has is refused, where a real network would say "No route to host".
//
// A connection enters the simulated network as one from outside of the cluster: network.Route chooses its endpoint, once, by the cluster's
// Chooser and its session affinity; the server answers through package wire.
//
// # Bounds
//
// At most [MaxListeners] ports are open at a time, and [MaxConnections] connections. What is beyond that is left out: first node ports at the addresses of
// nodes, then Pods, then Services. [Report] hears of it once, and of ports that cannot be opened: those below 1024 may be
// reserved for the administrator, and another program may have a port of 127.0.0.1.
//
// Not simulated: UDP, which no simulated server speaks; the cluster's DNS has its own sockets.
package loopback
