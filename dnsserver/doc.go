// Package dnsserver answers DNS questions about a Kubernetes cluster the way a real cluster does.
//
// The heart is one pure function:
//
//	Answer(source, config, question, transport) -> message
//
// The source is a view of a cluster as plain values, the question is one DNS message, and the result is one
// complete message, sized for UDP or TCP, ready to be packed. There is no cache, no clock, no randomness, and
// no socket in it: the same inputs give the same bytes. AnswerPacket is the same for a packet: it drops what is no
// question (QR=1) and says FORMERR to what cannot be read.
//
// Around it there are four things, and each can be used without the others:
//
//   - Server puts AnswerPacket on a UDP and a TCP socket. Replies go out as they were packed once, keyed by the octets
//     of the question, until the source changes: a usual question then costs no more than an echo over a net.UDPConn
//     (see BenchmarkSpeed) and allocates nothing.
//   - Index is a Source that follows a cluster change by change, in the time of the change: one Pod of a headless
//     service with 10,000 endpoints is as cheap as one of three.
//   - Cache models CoreDNS's cache on a given clock, for whoever wants to teach that a name asked for too early
//     stays unknown for 30 seconds.
//   - Resolver asks as client tools do: search list, ndots, and the retry over TCP.
//
// # What is answered
//
// Names follow the Kubernetes DNS specification 1.1.0; where it is silent, CoreDNS 1.14 and its kubernetes
// plugin decide. With Z for the zone ("cluster.local."):
//
//	<service>.<namespace>.svc.Z                   A/AAAA: cluster IPs; headless: addresses of ready endpoints
//	<hostname>.<service>.<namespace>.svc.Z        A/AAAA: ready endpoints with that hostname
//	1-2-3-4.<service>.<namespace>.svc.Z           the same for an endpoint that has no hostname
//	_<port>._<protocol>.<service>.<namespace>.svc.Z  SRV, addresses of the targets in the additional section
//	1-2-3-4.<namespace>.pod.Z                     A/AAAA as Config.Pods says
//	4.3.2.1.in-addr.arpa., ip6.arpa. names        PTR of cluster IPs and of ready endpoints
//	Z                                             SOA and NS; dns-version.Z: TXT "1.1.0"; ns.dns.Z: this server
//
// A service of type ExternalName gives a CNAME, followed inside the zone, and outside of it only when
// Config.Forward is set. An existing name without records of the type asked for is NODATA (NOERROR, no answer,
// SOA in the authority section); an unknown name is NXDOMAIN with the same SOA. A headless service none of
// whose endpoints is ready does not exist (NXDOMAIN): that is what a client sees while a StatefulSet starts.
//
// # Where this server differs from CoreDNS on purpose
//
//   - RA is set, so that nslookup does not print a "recursion not available" warning for every reply.
//   - A name outside of all zones is NXDOMAIN with the SOA of the root, not REFUSED or SERVFAIL: a resolver's
//     search list ends with the bare name, and its status is what the user gets to read.
//   - A TXT question for a name that exists is NODATA throughout (CoreDNS: NXDOMAIN for svc.Z, for a namespace
//     and for the apex), and so is a question other than PTR for a reverse name that has a PTR record.
//   - A SOA question below the apex is NODATA or NXDOMAIN as one of any other type is (CoreDNS: always NODATA).
//   - The server's own address has a PTR record even if no service holds it (old nslookup asks for it).
//   - Opcodes other than QUERY are NOTIMP, also NOTIFY.
//   - A CNAME or SRV target that cannot be packed (a label of more than 63 octets is possible in
//     spec.externalName) is SERVFAIL; CoreDNS sends nothing at all.
//   - Records keep the order of the source; Config.Choose stands in for CoreDNS's loadbalance plugin. A Server with
//     ServerOptions.Shuffle shuffles the addresses in the answer of every reply, but those that do not fit into a
//     truncated reply are always the same, and additional records stay.
//   - The serial of SOA records is the revision of the cluster, and so every change has another one. CoreDNS takes
//     the second in which it saw the last change.
//
// Not simulated: zone transfer, multicluster services, zone-scoped names, DNSSEC; of the cache prefetching and stale
// replies.
//
// # The files
//
// answer.go is the entry and shows the order of the checks; form.go says what a well-formed question is;
// parse.go turns a name into what it denotes; lookup.go finds that in the source; endpointname.go knows how
// endpoints and Pods are named; collect.go gathers what is found, no more than a reply can hold; records.go turns the find into resource records; chase.go follows ExternalName
// services; reverse.go, apex.go, negative.go, order.go and edns.go hold the rules of their names; names.go and
// set.go are the two helpers. resolver.go is the client side, for tools that run inside a simulated Pod or shell.
// cache.go is the cache model; index.go and indexslice.go are the index.
//
// packet.go reads packets; packed.go remembers packed replies; shuffle.go shuffles them; responder.go joins them, and must reply as AnswerPacket
// does, octet for octet (FuzzResponder). server.go, server_udp.go, server_tcp.go and server_forward.go are the sockets, server_datagrams*.go many packets in one system call:
// only files named server*.go may start goroutines and read the wall clock. resolvconf.go gives the text of the resolv.conf that the
// kubelet hands to a Pod. The rules themselves can be read as questions and replies in testdata/questions.
package dnsserver
