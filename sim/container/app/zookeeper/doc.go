// Package zookeeper is a model of Apache ZooKeeper 3.4: servers that agree on a small tree of nodes, its command line, and the scripts of the images with which it is run in a StatefulSet.
//
// The servers are members of package quorum. Their names come from zoo.cfg, so adding a Pod does not add a server: every configuration must name it, and every server
// must be started anew to read that. The newest data leads, among equals the highest id (myid), and within an epoch transactions are counted: the first node that
// a client makes in a new ensemble is 0x100000002, since opening the session was 0x100000001. Only what a majority has written is shown. A server that has no leader answers ruok, and
// serves nobody.
//
// Clients speak JSON instead of ZooKeeper's own encoding, so real client libraries cannot connect; zkCli.sh and the four-letter words can. Sessions, ephemeral and sequential nodes and watches are there; ACLs,
// multi, quotas, dynamic reconfiguration, TLS and authentication are not. A session belongs to the server at which it was opened and ends with it. The transaction log lies in dataLogDir/version-2/log.1,
// as lines of text; there are no snapshots.
package zookeeper
