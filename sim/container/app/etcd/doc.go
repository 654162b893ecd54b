// Package etcd is etcd with its second API, as the examples of its time use it: members that agree through package quorum, keys with a time to live, and etcdctl.
//
// Every member answers /v2/keys, /v2/members, /health and /version on its client port. Reading is from what the member has, writing goes through the leader and needs a majority. A key with a TTL is
// gone when its time is over, without an event: who reads finds it missing.
//
// A member is told the others by --initial-cluster. With --initial-cluster-state existing it asks those of them that it finds which number it has, so it must have been added before (etcdctl member
// add). Data lie in --data-dir; without a volume a member that starts anew has forgotten everything.
//
// Not simulated: API version 3, watches (wait=true), TLS, users, in-order keys, and snapshots.
package etcd
