// Package galera is a MySQL or MariaDB server with Galera replication: every member takes writes, and a write is committed when all members of the component have it.
//
// # Components
//
// Members that reach each other are a component with a common view. The one that has more than half of the view before it is Primary and works; any other
// refuses queries with error 1047. Who says that it leaves does not count: so a cluster can be stopped member by member down to the last. Components that meet again become one. When none of them is
// Primary, all members of the last Primary view must be there, or somebody says SET GLOBAL wsrep_provider_options='pc.bootstrap=YES'.
//
// # Position
//
// Every committed write has a number, the seqno. While a member runs its grastate.dat says seqno -1 and safe_to_bootstrap 0; when it stops in good order it writes the number, and who was the last of all also
// safe_to_bootstrap 1. After a crash --wsrep-recover reads the number from the data. A cluster must be begun anew (gcomm://, or --wsrep-new-cluster) with the member that has
// the highest; one that says safe_to_bootstrap 0 refuses.
//
// A member that joins gets what it lacks from a donor: the missing writes (IST) if it knows its number and the donor still has them, else everything (SST).
//
// After a crash of all, gvwstate.dat tells each who was in the view: when all of these are back, they go on by themselves (pc.recovery).
//
// # In this simulation
//
// Members find each other by the names in wsrep_cluster_address, and then speak to the addresses they had in the view. All traffic is on port 4567. Each member looks after the next one in the view every few seconds, and
// after all before it writes, so a write does not wait for a lost member: it finds out at once. Certification is by rows: of two transactions that changed the same row, the second to commit gets error 1213.
// Not simulated: flow control, weights, arbitrators, segments, streaming replication, and SST methods (the password of the SST user is not asked for).
package galera
